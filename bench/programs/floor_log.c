/* The floor with logs captured: `floor_log N PROGRAM` starts N services, each with stdout in a pipe of its own, and puts a
 * prefix before every line that comes: read, prefix, write. It assumes that lines end where reads end. */
#include "bare.h"
#include "number.h"
#include <linux/eventpoll.h>

#define ROOM 65536
#define PREFIX "s0 | "
#define PREFIX_SIZE 5

static char in[ROOM + 16];

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

#ifndef RAW
typedef char chars __attribute__((vector_size(16), aligned(1)));

static char out[2 * ROOM];

/* What a C library does for memchr and memcpy, so that the floor is no slower than a program with one. */
static long find_end(long from, long size)
{
    for (long i = from; i < size; i += 16) {
        int found = __builtin_ia32_pmovmskb128((chars)(*(const chars *)(in + i) == '\n'));
        if (found && i + __builtin_ctz(found) < size)
            return i + __builtin_ctz(found) + 1;
    }
    return size;
}

static char *copy(char *to, const char *from, long size)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return to;
}

static long add_prefixes(long size)
{
    char *to = out;
    for (long from = 0, end; from < size; from = end) {
        end = find_end(from, size);
        to = copy(to, PREFIX, PREFIX_SIZE);
        to = copy(to, in + from, end - from);
    }
    return to - out;
}
#endif

static void write_all(const char *bytes, long size)
{
    while (size > 0) {
        long done = CALL3(write, 1, bytes, size);
        if (done <= 0)
            leave(1);
        bytes += done, size -= done;
    }
}

#ifdef RAW
static void pass_on(long size) { write_all(in, size); }
#else
static void pass_on(long size) { write_all(out, add_prefixes(size)); }
#endif

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
            pass_on(size);
        else
            CALL1(close, event.data);
    }
}
