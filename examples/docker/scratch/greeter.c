/* A service that needs no file but itself: says its words, then waits to be stopped and says so. */
#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    sigset_t stop;
    int signal_number;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    printf("%s\n", argc > 1 ? argv[1] : "");
    fflush(stdout);
    sigwait(&stop, &signal_number);
    puts("goodbye");
    return 0;
}
