/* Makes as many orphans as it is told: children of a child that is gone before they end. They end all at once, a
 * hundred at a time, by the end of a pipe. In C because ten thousand forks of an interpreter take half a minute. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 100 };

static void make_some(void)
{
    int ends[2];
    char byte;
    if (pipe(ends) < 0)
        _exit(1);
    for (int i = 0; i < AT_ONCE; i++)
        if (fork() == 0) {
            close(ends[1]);
            (void)!read(ends[0], &byte, 1);
            _exit(0);
        }
    _exit(0);
}

int main(int argc, char **argv)
{
    for (int left = argc > 1 ? atoi(argv[1]) : 0; left > 0; left -= AT_ONCE) {
        int status;
        if (fork() == 0)
            make_some();
        wait(&status);
    }
    puts("made");
    return 0;
}
