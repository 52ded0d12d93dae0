/* A service that makes 5,000 orphans one after the other, each of which ends at once, and posts the largest number that
 * was seen waiting to be reaped. */
#include "bare.h"
#include "board.h"

#define ORPHANS 5000
#define LOOK_EVERY 128

static void leave_orphan(int32_t *pid)
{
    long middle = FORK();
    if (middle == 0) {
        long child = FORK();
        if (child == 0)
            leave(0);
        *pid = (int32_t)child;
        leave(0);
    }
    CALL4(wait4, middle, 0, 0, 0);
}

static uint64_t count_left(const int32_t *pids, int from, int to)
{
    uint64_t left = 0;
    for (int i = from; i < to; i++)
        left += CALL2(kill, pids[i], 0) == 0;
    return left;
}

void main_bare(long *stack)
{
    char **env = environment(stack);
    struct board *board = board_open(env);
    int32_t *pids = (int32_t *)CALL6(mmap, 0, ORPHANS * sizeof *pids, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t most = 0;
    int first_left = 0;
    for (int i = 0; i < ORPHANS; i++) {
        leave_orphan(&pids[i]);
        if (i % LOOK_EVERY)
            continue;
        while (first_left < i && CALL2(kill, pids[first_left], 0) != 0)
            first_left++;
        uint64_t left = count_left(pids, first_left, i + 1);
        if (left > most)
            most = left;
    }
    board_post(board, env, most);
    rest();
}
