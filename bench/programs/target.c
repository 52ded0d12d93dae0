/* `target PORT [http]`: what probes ask. It listens on every address of the loopback (PORT 0: one that is free), writes
 * the port as a line, answers each at once, and notes when it came. Which address was asked says whose probe it was. On
 * TERM it writes all notes and leaves. It must be quick: what it needs itself counts as the asker's lateness. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MOST (1 << 19)
#define BACKLOG 4096

/* moment: CLOCK_MONOTONIC ns; who: the lower three bytes of 127.x.x.x. */
struct note { uint64_t moment, who; };

static struct note notes[MOST];
static volatile size_t count;

static void need(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(111);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void leave(int sig)
{
    const char *at = (const char *)notes, *end = (const char *)(notes + count);
    (void)sig;
    while (at < end) {
        ssize_t written = write(1, at, (size_t)(end - at));
        if (written <= 0)
            _exit(111);
        at += written;
    }
    _exit(0);
}

static int open_listener(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof to;
    need(fd >= 0, "socket");
    need(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) == 0, "SO_BINDTODEVICE");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    need(bind(fd, (struct sockaddr *)&to, sizeof to) == 0, "bind");
    need(listen(fd, BACKLOG) == 0, "listen");
    getsockname(fd, (struct sockaddr *)&to, &size);
    printf("%u\n", ntohs(to.sin_port));
    fflush(stdout);
    return fd;
}

static void note(int fd, uint64_t moment)
{
    struct sockaddr_in asked;
    socklen_t size = sizeof asked;
    if (count < MOST && getsockname(fd, (struct sockaddr *)&asked, &size) == 0) {
        notes[count] = (struct note){moment, ntohl(asked.sin_addr.s_addr) & 0xffffff};
        count = count + 1;
    }
}

static void reply(int fd)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    static const struct timeval patience = {.tv_sec = 1};
    char request[4096];
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (recv(fd, request, sizeof request, 0) > 0)
        send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    int speaks = argc > 2 && strcmp(argv[2], "http") == 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, leave);
    need(argc > 1, "usage: target PORT [http]");
    int listener = open_listener((uint16_t)atoi(argv[1]));
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        note(fd, now());
        if (speaks)
            reply(fd);
        close(fd);
    }
}
