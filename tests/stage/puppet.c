/* A process on stage: does what the director says, and tells him which signals it got. All signals are held from its
 * first instruction, so that none is lost and none does anything by itself.
 *
 *     puppet ROLE                      says "ROLE PID" to the director, then obeys
 *     puppet launch KIND… -- PROGRAM…  becomes PROGRAM, beside it a child "stray PID KIND" for each
 *
 * Commands: exit N | signal N (dies by it) | fork (leaves a child "rest PID PARENT") | notify TEXT | line FD
 * Tells: signal N
 */

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int wire, signals;
static void play(const char *hello);

static socklen_t set_address(struct sockaddr_un *to, const char *name, int is_abstract)
{
    size_t size = strlen(name);
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path + is_abstract, name, size);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)is_abstract + size);
}

static void tell(const char *text)
{
    if (send(wire, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(99);
}

static void enter(const char *hello)
{
    struct sockaddr_un at;
    socklen_t size = set_address(&at, getenv("STAGE_DOOR"), 1);
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGCHLD);
    signals = signalfd(-1, &all, SFD_CLOEXEC);
    wire = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (signals < 0 || wire < 0 || connect(wire, (struct sockaddr *)&at, size) < 0)
        _exit(97);
    tell(hello);
}

/* Of this signal, whichever else is pending. */
static void die_by(int number)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    signal(number, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    for (;;)
        kill(getpid(), number);
}

static void leave_child(void)
{
    char hello[64];
    int parent = getpid();
    if (fork() != 0)
        return;
    close(wire);
    close(signals);
    snprintf(hello, sizeof hello, "rest %d %d", getpid(), parent);
    play(hello);
}

static void notify(const char *text)
{
    struct sockaddr_un at;
    const char *name = getenv("NOTIFY_SOCKET");
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), is_abstract = *name == '@';
    socklen_t size = set_address(&at, name + is_abstract, is_abstract);
    if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&at, size) < 0)
        tell("cannot notify");
    close(fd);
}

static void obey(const char *command)
{
    const char *rest = strchr(command, ' ');
    int number = rest ? atoi(rest) : 0;
    if (strncmp(command, "exit", 4) == 0)
        _exit(number);
    else if (strncmp(command, "signal", 6) == 0)
        die_by(number);
    else if (strncmp(command, "fork", 4) == 0)
        leave_child();
    else if (strncmp(command, "notify", 6) == 0)
        notify(rest + 1);
    else if (write(number, "\n", 1) != 1)
        tell("cannot write its line");
}

static void hear(void)
{
    struct signalfd_siginfo info;
    char text[32];
    if (read(signals, &info, sizeof info) == sizeof info) {
        snprintf(text, sizeof text, "signal %u", info.ssi_signo);
        tell(text);
    }
}

static void play(const char *hello)
{
    enter(hello);
    for (;;) {
        struct pollfd both[2] = {{wire, POLLIN, 0}, {signals, POLLIN, 0}};
        char command[256];
        poll(both, 2, -1);
        if (both[1].revents)
            hear();
        if (both[0].revents) {
            ssize_t size = recv(wire, command, sizeof command - 1, 0);
            if (size <= 0)
                _exit(98);
            command[size] = 0;
            obey(command);
        }
    }
}

static void launch(char **words)
{
    char hello[64];
    for (; strcmp(*words, "--") != 0; words++)
        if (fork() == 0) {
            snprintf(hello, sizeof hello, "stray %d %s", getpid(), *words);
            play(hello);
        }
    execv(words[1], words + 1);
    _exit(96);
}

int main(int argc, char **argv)
{
    const struct rlimit no_dump = {0, 0};
    char hello[64];
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (argc < 2)
        return 64;
    if (strcmp(argv[1], "launch") == 0)
        launch(argv + 2);
    setrlimit(RLIMIT_CORE, &no_dump);
    snprintf(hello, sizeof hello, "%s %d", argv[1], getpid());
    play(hello);
}
