/* A service that makes 20,000 dead processes orphans in one moment (their parent ends) and posts how long, in ns, it took
 * until the last of them was reaped. */
#include "bare.h"
#include "board.h"

#define ORPHANS 20000

struct shared { uint64_t released; int32_t pids[ORPHANS]; };

static void breed(struct shared *shared)
{
    char info[128];
    for (int i = 0; i < ORPHANS; i++) {
        long pid = FORK();
        if (pid == 0)
            leave(0);
        if (pid < 0)
            leave(111);
        shared->pids[i] = (int32_t)pid;
    }
    for (int i = 0; i < ORPHANS; i++)
        CALL5(waitid, P_PID, shared->pids[i], info, WEXITED | WNOWAIT, 0);
    shared->released = now();
    leave(0);
}

void main_bare(long *stack)
{
    char **env = environment(stack);
    struct board *board = board_open(env);
    struct shared *shared = (struct shared *)CALL6(mmap, 0, sizeof *shared, PROT_READ | PROT_WRITE,
                                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long parent = FORK();
    if (parent == 0)
        breed(shared);
    CALL4(wait4, parent, 0, 0, 0);
    for (int i = 0; i < ORPHANS; i++)
        while (CALL2(kill, shared->pids[i], 0) == 0)
            doze(100000);
    board_post(board, env, now() - shared->released);
    rest();
}
