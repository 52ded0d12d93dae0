/* A service that fills whatever its supervisor keeps of its output (64 KiB of lines), posts a moment and rests. */
#include "bare.h"
#include "board.h"

#define LINES 1024

void main_bare(long *stack)
{
    static const char line[] = "sixty-four bytes to a line, a thousand lines: more than any ring\n";
    char **env = environment(stack);
    for (int i = 0; i < LINES; i++)
        CALL3(write, 1, line, sizeof line - 1);
    board_post(board_open(env), env, now());
    rest();
}
