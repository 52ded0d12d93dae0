/* The floor of an init for one program: vfork, exec, wait for it, leave with its exit code. It reaps nobody else. */
#include "bare.h"

void main_bare(long *stack)
{
    char **argv = arguments(stack), **env = environment(stack);
    int status = 0;
    long pid = VFORK();
    if (pid == 0) {
        CALL3(execve, argv[1], argv + 1, env);
        leave(127);
    }
    CALL4(wait4, pid, &status, 0, 0);
    leave(status >> 8 & 255);
}
