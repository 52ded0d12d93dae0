/* `enter BOARD [-b SOURCE TARGET]... -- PID1 WORDS...`: what `unshare -pf --mount-proc --kill-child` does, with two moments
 * on the board: just before exec of PID 1, and when PID 1 is reaped and with it all of its namespace. */
#define _GNU_SOURCE
#include "board.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void need(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(111);
}

static struct board *open_board(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    need(fd >= 0, path);
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    need(board != MAP_FAILED, path);
    close(fd);
    return board;
}

static char **mount_all(char **word)
{
    need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount /");
    need(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0, "mount /proc");
    for (; *word && strcmp(*word, "-b") == 0; word += 3)
        need(mount(word[1], word[2], NULL, MS_BIND, NULL) == 0, word[2]);
    need(*word && strcmp(*word, "--") == 0, "usage: enter BOARD [-b SOURCE TARGET]... -- PID1 WORDS...");
    return word + 1;
}

static void become_pid1(struct board *board, char **words)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char **argv = mount_all(words);
    while (!__atomic_load_n(&board->pid1, __ATOMIC_SEQ_CST))
        sched_yield();
    board->begun = now();
    execv(argv[0], argv);
    need(0, argv[0]);
}

int main(int argc, char **argv)
{
    int status = 0;
    need(argc > 3, "enter");
    struct board *board = open_board(argv[1]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    need(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0, "unshare");
    pid_t pid = fork();
    need(pid >= 0, "fork");
    if (pid == 0)
        become_pid1(board, argv + 2);
    __atomic_store_n(&board->pid1, (uint64_t)pid, __ATOMIC_SEQ_CST);
    waitpid(pid, &status, 0);
    board->ended = now();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
