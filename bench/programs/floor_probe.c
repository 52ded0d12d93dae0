/* The floor of probing: the least that a PID 1 can do that asks without ever waiting. `floor_probe N PROGRAM KIND PORT
 * PERIOD_US KNOCK` starts N services, asks once for each, and then twice each period; KIND is tcp, http or exec (which
 * runs KNOCK). It counts no answers, keeps no times but the next one, and knows nothing of units. */
#include "dial.h"
#include "number.h"
#include <linux/eventpoll.h>
#include <linux/signalfd.h>

#define MOST 2048
#define BATCH 64
#define REQUEST "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: floor\r\nAccept: */*\r\nConnection: close\r\n\r\n"

static uint64_t due[MOST];
static char **env, *knock[4];
static long epoll;
static uint16_t port;

static inline __attribute__((always_inline)) void start(char **argv)
{
    signals none = 0;
    if (VFORK() == 0) {
        CALL4(rt_sigprocmask, 2, &none, 0, sizeof none);
        CALL3(execve, argv[0], argv, env);
        leave(127);
    }
}

/* Whose probe it is: each service has three. */
static uint32_t number_of(long service, long which) { return (uint32_t)(4 * (service + 1) + which); }

static long dial(uint32_t who)
{
    struct sockaddr_in to = address_of(who, port);
    long fd = open_stream(O_NONBLOCK | O_CLOEXEC);
    CALL3(connect, fd, &to, sizeof to);
    return fd;
}

/* A second call tells how the first one went, as on the loopback is known by then. */
static void ask_tcp(uint32_t who)
{
    struct sockaddr_in to = address_of(who, port);
    long fd = dial(who);
    CALL3(connect, fd, &to, sizeof to);
    CALL1(close, fd);
}

static void ask_http(uint32_t who)
{
    long fd = dial(who);
    struct epoll_event event = {EPOLLIN, (uint64_t)fd};
    CALL3(write, fd, REQUEST, sizeof REQUEST - 1);
    CALL4(epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event);
}

static void ask_exec(uint32_t who)
{
    static char digits[16];
    char *at = digits + sizeof digits - 1;
    do
        *--at = (char)('0' + who % 10);
    while (who /= 10);
    knock[1] = at;
    start(knock);
}

static void ask(char kind, uint32_t who)
{
    if (kind == 't')
        ask_tcp(who);
    else if (kind == 'h')
        ask_http(who);
    else
        ask_exec(who);
}

static void take(long fd, long children)
{
    char reply[4096];
    CALL3(read, fd, reply, sizeof reply);
    if (fd == children)
        while (CALL4(wait4, -1, 0, WNOHANG, 0) > 0)
            ;
    else
        CALL1(close, fd);
}

static long open_children(void)
{
    signals set = SIGNAL(SIGCHLD);
    block(~0ULL);
    long fd = CALL4(signalfd4, -1, &set, sizeof set, O_CLOEXEC | O_NONBLOCK);
    struct epoll_event event = {EPOLLIN, (uint64_t)fd};
    CALL4(epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event);
    return fd;
}

/* The next is asked when it is due, and all that are due with it; milliseconds are rounded up. */
static __attribute__((noreturn)) void ask_for_ever(char kind, long probes, uint64_t period, long children)
{
    struct epoll_event events[BATCH];
    for (long next = 0;;) {
        uint64_t at = now();
        for (; due[next] <= at; next = (next + 1) % probes) {
            due[next] += period;
            ask(kind, number_of(next / 2, 1 + next % 2));
        }
        at = now();
        long wait = due[next] > at ? (long)((due[next] - at + 999999) / 1000000) : 0;
        long count = CALL4(epoll_wait, epoll, events, BATCH, wait);
        for (long i = 0; i < count; i++)
            take((long)events[i].data, children);
    }
}

void main_bare(long *stack)
{
    char **argv = arguments(stack);
    long count = number(argv[1]);
    env = environment(stack);
    port = (uint16_t)number(argv[4]);
    knock[0] = argv[6];
    knock[2] = argv[4];
    epoll = CALL1(epoll_create1, O_CLOEXEC);
    long children = open_children();
    for (long i = 0; i < count && i < MOST / 2; i++) {
        char *program[] = {argv[2], 0};
        start(program);
        ask(*argv[3], number_of(i, 0));
        due[2 * i] = due[2 * i + 1] = now();
    }
    ask_for_ever(*argv[3], 2 * count, (uint64_t)number(argv[5]) * 1000, children);
}
