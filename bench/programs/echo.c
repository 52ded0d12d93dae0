/* A service that posts its first moment and then the moment of every USR1 and of a TERM, after which it ends with 0. */
#include "bare.h"
#include "board.h"

void main_bare(long *stack)
{
    signals heard = SIGNAL(SIGUSR1) | SIGNAL(SIGTERM);
    char **env = environment(stack);
    struct board *board = board_open(env);
    block(heard);
    board_post(board, env, now());
    for (;;) {
        long signal = await_signal(heard);
        uint64_t moment = now();
        if (signal > 0)
            board_post(board, env, moment);
        if (signal == SIGTERM)
            leave(0);
    }
}
