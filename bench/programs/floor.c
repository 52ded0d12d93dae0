/* The floor: the least that a PID 1 with N services can do. `floor N PROGRAM` starts them by vfork and exec, reaps all,
 * starts again what ended, and on TERM tells everybody and leaves when nobody is left. It checks nothing and knows nothing. */
#include "bare.h"
#include "number.h"

#define MOST 1000

static int32_t services[MOST];

static inline __attribute__((always_inline)) void start(int slot, char **argv, char **env)
{
    signals none = 0;
    long pid = VFORK();
    if (pid == 0) {
        CALL4(rt_sigprocmask, 2, &none, 0, sizeof none);
        CALL3(execve, argv[0], argv, env);
        leave(127);
    }
    services[slot] = (int32_t)pid;
}

static int find(long count, long pid)
{
    for (int i = 0; i < count; i++)
        if (services[i] == pid)
            return i;
    return -1;
}

void main_bare(long *stack)
{
    char **argv = arguments(stack), **env = environment(stack);
    long count = number(argv[1]), stopping = 0, pid = 0;
    if (CALL0(getpid) != 1)
        leave(111);  /* what it tells everybody on TERM is meant for its own namespace */
    block(~0ULL);
    for (int i = 0; i < count && i < MOST; i++)
        start(i, argv + 2, env);
    for (;;) {
        if (await_signal(SIGNAL(SIGCHLD) | SIGNAL(SIGTERM)) == SIGTERM) {
            stopping = 1;
            CALL2(kill, -1, SIGTERM);
        }
        while ((pid = CALL4(wait4, -1, 0, WNOHANG, 0)) > 0) {
            int slot = find(count, pid);
            if (slot >= 0 && !stopping)
                start(slot, argv + 2, env);
        }
        if (pid < 0)
            leave(0);
    }
}
