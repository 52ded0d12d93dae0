/* The floor with logs captured: `floor_log N PROGRAM` starts N services, each with stdout in a pipe of its own, and puts a
 * prefix before every line that comes: read, prefix, write. It assumes that lines end where reads end. */
#include "bare.h"
#include <linux/eventpoll.h>

#define ROOM 65536
#define PREFIX "s0 | "
#define PREFIX_SIZE 5

static char in[ROOM], out[2 * ROOM];

static inline __attribute__((always_inline)) void start(int poll, char **argv, char **env)
{
    int ends[2];
    CALL2(pipe2, ends, O_CLOEXEC);
    long pid = VFORK();
    if (pid == 0) {
        CALL2(dup2, ends[1], 1);
        CALL3(execve, argv[0], argv, env);
        leave(127);
    }
    CALL1(close, ends[1]);
    struct epoll_event event = {EPOLLIN, (uint64_t)ends[0]};
    CALL4(epoll_ctl, poll, EPOLL_CTL_ADD, ends[0], &event);
}

static long number(const char *digits)
{
    long value = 0;
    while (*digits)
        value = value * 10 + (*digits++ - '0');
    return value;
}

static long add_prefixes(long size)
{
    long to = 0;
    for (long i = 0; i < size; i++) {
        if (i == 0 || in[i - 1] == '\n')
            for (int j = 0; j < PREFIX_SIZE; j++)
                out[to++] = PREFIX[j];
        out[to++] = in[i];
    }
    return to;
}

static void write_all(const char *bytes, long size)
{
    while (size > 0) {
        long done = CALL3(write, 1, bytes, size);
        if (done <= 0)
            leave(1);
        bytes += done, size -= done;
    }
}

void main_bare(long *stack)
{
    char **argv = arguments(stack), **env = environment(stack);
    long count = number(argv[1]), poll = CALL1(epoll_create1, EPOLL_CLOEXEC);
    struct epoll_event event;
    for (int i = 0; i < count; i++)
        start((int)poll, argv + 2, env);
    for (;;) {
        if (CALL4(epoll_wait, poll, &event, 1, -1) != 1)
            continue;
        long size = CALL3(read, event.data, in, ROOM);
        if (size > 0)
            write_all(out, add_prefixes(size));
        else
            CALL1(close, event.data);
    }
}
