/* A service, a probe and a hook for an image that holds nothing but static files. Built for tests alone.
 *
 *     program serve [PORT]     says what it gets; TERM ends it with 0, HUP with 42, USR1 turns its readiness over, USR2
 *                              makes it ill; with NOTIFY_SOCKET says READY=1, and nothing more; answers HTTP and gRPC
 *     program ask PORT PATH    ends with 0 when the answer is 200
 *     program say WORDS        says them
 *     program eat              takes memory until somebody minds
 *
 * It must never need a file, a library or a user's name, nor wait for time to pass.
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int is_ready = 1, is_well = 1;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_at(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 16))
        fail("listen");
    return fd;
}

static int read_exactly(int fd, void *buffer, size_t size)
{
    char *at = buffer;
    while (size) {
        ssize_t n = read(fd, at, size);
        if (n <= 0)
            return 0;
        at += n;
        size -= (size_t)n;
    }
    return 1;
}

static void write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += n;
        size -= (size_t)n;
    }
}

/* --- HTTP: /ready and /live tell how it is, any other path is said aloud and well --- */

static int is_good(const char *path)
{
    if (!strcmp(path, "/ready"))
        return is_ready;
    if (!strcmp(path, "/live"))
        return is_well;
    printf("asked for %s\n", path);
    return 1;
}

static void answer_http(int fd)
{
    char head[4096], path[256] = "", reply[128];
    size_t size = 0;
    while (size < sizeof head - 1 && read_exactly(fd, head + size, 1)) {
        head[++size] = 0;
        if (size >= 4 && !memcmp(head + size - 4, "\r\n\r\n", 4))
            break;
    }
    if (sscanf(head, "GET %255s", path) == 1) {
        const char *status = is_good(path) ? "200 Well" : "503 Unwell";
        int n = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
        write_all(fd, reply, (size_t)n);
    }
}

/* --- gRPC: frames of HTTP/2 (RFC 9113), the same answer to every check --- */

enum { DATA, HEADERS, SETTINGS = 4, ACK = 1, END_STREAM = 1, END_HEADERS = 4, FRAME_HEAD = 9 };

static void send_frame(int fd, unsigned char kind, unsigned char flags, unsigned char stream, const void *payload,
                       unsigned char size)
{
    unsigned char head[FRAME_HEAD] = {[2] = size, [3] = kind, [4] = flags, [8] = stream};
    write_all(fd, head, sizeof head);
    write_all(fd, payload, size);
}

static void send_health(int fd)
{
    /* HPACK: ":status: 200" of the static table, then literals that no table keeps. */
    static const char fields[] = "\x88\0\x0c" "content-type\x10" "application/grpc";
    static const char trailers[] = "\0\x0b" "grpc-status\x01" "0";
    const char message[] = {0, 0, 0, 0, 2, 8, is_ready ? 1 : 2};
    send_frame(fd, HEADERS, END_HEADERS, 1, fields, sizeof fields - 1);
    send_frame(fd, DATA, 0, 1, message, sizeof message);
    send_frame(fd, HEADERS, END_HEADERS | END_STREAM, 1, trailers, sizeof trailers - 1);
}

static void answer_grpc(int fd)
{
    unsigned char preface[24], head[FRAME_HEAD], payload[1 << 16];
    if (!read_exactly(fd, preface, sizeof preface))
        return;
    send_frame(fd, SETTINGS, 0, 0, "", 0);
    while (read_exactly(fd, head, sizeof head) && read_exactly(fd, payload, (size_t)head[1] << 8 | head[2])) {
        if (head[3] == SETTINGS && !(head[4] & ACK))
            send_frame(fd, SETTINGS, ACK, 0, "", 0);
        if (head[3] == DATA && head[4] & END_STREAM)
            send_health(fd);
    }
}

static void answer(int listener)
{
    char first = 0;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (recv(fd, &first, 1, MSG_PEEK) == 1)
        (first == 'P' ? answer_grpc : answer_http)(fd);
    close(fd);
}

/* --- signals, and what it says of itself --- */

static int hold_signals(void)
{
    static const int ours[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(&set, ours[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void obey(int signals)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info)
        fail("signalfd");
    printf("got %s\n", strsignal((int)info.ssi_signo));
    switch (info.ssi_signo) {
    case SIGTERM: exit(0);
    case SIGHUP: exit(42);
    case SIGUSR1: is_ready = !is_ready; break;
    default: is_well = 0;
    }
}

static void tell_ready(void)
{
    static const char text[] = "READY=1\nSTATUS=as well as can be";
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!name)
        return;
    memcpy(address.sun_path, name, strnlen(name, sizeof address.sun_path));
    if (*name == '@')
        *address.sun_path = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sendto(fd, text, sizeof text - 1, 0, (struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) < 0)
        fail("NOTIFY_SOCKET");
    close(fd);
}

/* --- words --- */

static _Noreturn void serve(const char *port)
{
    struct pollfd waiting[] = {{.fd = hold_signals(), .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    if (port)
        waiting[1].fd = listen_at(port);
    tell_ready();
    puts("serving");
    for (;;) {
        if (poll(waiting, 2, -1) < 0)
            fail("poll");
        if (waiting[0].revents)
            obey(waiting[0].fd);
        if (waiting[1].revents)
            answer(waiting[1].fd);
    }
}

static int ask(const char *port, const char *path)
{
    char request[300], reply[64] = "";
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: here\r\n\r\n", path);
    write_all(fd, request, (size_t)n);
    return !(read_exactly(fd, reply, strlen("HTTP/1.1 200")) && strstr(reply, " 200"));
}

static _Noreturn void eat(void)
{
    puts("eats");
    for (;;) {
        volatile char *page = malloc(4096);
        if (!page)
            fail("malloc");
        *page = 1;
    }
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!strcmp(word, "serve"))
        serve(argv[2]);
    if (!strcmp(word, "ask") && argc == 4)
        return ask(argv[2], argv[3]);
    if (!strcmp(word, "eat"))
        eat();
    return puts(argc > 2 ? argv[2] : "") < 0;
}
