/* A service that does nothing: it posts the moment of its first instruction and rests. TERM ends it, as the kernel does. */
#include "bare.h"
#include "board.h"

void main_bare(long *stack)
{
    uint64_t moment = now();
    char **env = environment(stack);
    board_post(board_open(env), env, moment);
    rest();
}
