/* A service that, once the harness sends it USR1, writes 200,000 lines of 100 bytes to stdout, one write each, and rests. */
#include "bare.h"
#include "board.h"

#ifndef LINES
#define LINES 200000
#endif
#define LINE_SIZE 100

static void fill(char *line)
{
    for (int i = 0; i < LINE_SIZE; i++)
        line[i] = (char)('a' + i % 26);
    line[LINE_SIZE - 1] = '\n';
}

void main_bare(long *stack)
{
    char line[LINE_SIZE];
    char **env = environment(stack);
    struct board *board = board_open(env);
    fill(line);
    block(SIGNAL(SIGUSR1));
    board_post(board, env, now());
    await_signal(SIGNAL(SIGUSR1));
    for (int i = 0; i < LINES; i++)
        CALL3(write, 1, line, LINE_SIZE);
    board_post(board, env, now());
    rest();
}
