/* What holds a pod's namespaces elsewhere: handlers for TERM and INT, one for CHLD that reaps, and pause(). */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int number)
{
    (void)number;
    _exit(0);
}

static void reap(int number)
{
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int main(void)
{
    const struct sigaction leaving = {.sa_handler = leave}, reaping = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGTERM, &leaving, NULL);
    sigaction(SIGINT, &leaving, NULL);
    sigaction(SIGCHLD, &reaping, NULL);
    for (;;)
        pause();
}
