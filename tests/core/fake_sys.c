/* csrc/sys.h over the fake kernel: descriptors and pipes, as far as the core uses them. Every call is counted, and
 * fails where a script says so. What a correct core never does (close twice, write where it must not) ends the run with a
 * clear word.
 */
#include "fake.h"
#include "footprint.h"
#include "given.h"
#include "rights.h"
#include "sight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

enum { PIPE_SIZE = 65536 };

struct fake_sink sinks[2] = {
    {S_IFIFO, 1, 1, NEVER, NEVER, NULL, 0, 0},
    {S_IFIFO, 1, 1, NEVER, NEVER, NULL, 0, 0},
};
struct descriptor table[DESCRIPTORS] = {
    [0] = {.kind = PLAIN}, [1] = {.kind = SINK, .sink = 0}, [2] = {.kind = SINK, .sink = 1},
};

/* --- faults --- */

static const char *const calls[] = {
    "fork", "kill", "child_ended", "reap", "pidfd", "pidfd_signal", "pipe", "nonblocking", "signals", "epoll",
    "epoll_add", "epoll_wait", "open", "read", "write", "write_nowait", "send_nowait", "list", "rewind", "datagrams",
    "credentials", "bind", "peek", "read_at", "stream", "connect", "fork_apart", "reap_apart",
    "accept", "peer", "hear", "tell", "shut", "give_back", "memory_file", "map", "pass", "raise",
    "arena", "lock", "other_side",
};
_Static_assert(sizeof calls / sizeof *calls == CALLS, "every call has its name");

static struct fault { uint32_t first, count; int error; } faults[CALLS][8];
static uint32_t called[CALLS], fault_count[CALLS];

void faults_add(const char *call, uint32_t first, uint32_t count, int error)
{
    for (int i = 0; i < CALLS; i++)
        if (strcmp(calls[i], call) == 0)
            faults[i][fault_count[i]++] = (struct fault){first, count, error};
}

int fails(enum call call)
{
    uint32_t n = ++called[call];
    for (uint32_t i = 0; i < fault_count[call]; i++)
        if (n >= faults[call][i].first && n - faults[call][i].first < faults[call][i].count)
            return -faults[call][i].error;
    return 0;
}

void calls_report(void)
{
    for (int i = 0; i < CALLS; i++)
        log_line("called %s %u", calls[i], called[i]);
}

/* --- descriptors --- */

int open_as(struct descriptor d)
{
    static uint64_t serials;
    d.serial = ++serials;
    for (int fd = 3; fd < DESCRIPTORS; fd++)
        if (table[fd].kind == FREE) {
            table[fd] = d;
            return fd;
        }
    broken("more descriptors than any pod needs: a leak");
}

struct descriptor *held(int fd)
{
    if (fd < 0 || fd >= DESCRIPTORS || table[fd].kind == FREE)
        broken("a descriptor was used that is not open");
    return &table[fd];
}

/* What is still open and watched, by kind. */
void descriptors_report(void)
{
    static const char *const words[] = {
        "", "plain", "pipe_read", "pipe_write", "epoll", "signals", "proc", "text", "pidfd", "sink",
        "socket", "oom", "memory", "connection", "door", "client",
    };
    for (enum held k = PLAIN; k <= CLIENT; k++) {
        int open = 0, watched = 0;
        for (int fd = 3; fd < DESCRIPTORS; fd++) {
            open += table[fd].kind == k;
            watched += table[fd].kind == k && is_watched(fd);
        }
        log_line("open %s %d %d", words[k], open, watched);
    }
    log_line("open map %d 0", fake.maps);
}

int sys_close(int fd)
{
    struct descriptor *d = held(fd);
    if (d->kind == PIPE_READ)
        d->pipe->readers--;
    if (d->kind == PIPE_WRITE)
        pipe_unref_writer(d->pipe);
    if (d->kind == CLIENT)
        knocker_closed(d);
    if (d->kind == SOCKET)
        net_closed(fd);
    if (is_watched(fd))
        broken("a descriptor was closed that is still watched");
    *d = (struct descriptor){.kind = FREE};
    return 0;
}

/* --- time --- */

uint64_t sys_now(void) { return fake.now; }

/* The clock of the wall is set again and again, a century forward and back: nothing that is done depends on it. Only
 * where it is shown it goes on as the other one does. */
uint64_t sys_wall(void)
{
    static int late;
    late = !late && !sight.shows_records;
    return fake.now + (late ? UINT64_C(4855680000000000000) : UINT64_C(1700000000000000000));
}

/* --- pipes --- */

/* The writer's words wait beyond PIPE_SIZE as a blocked writer would. */
void pipe_write(struct pipe *p, const char *bytes, size_t size)
{
    p->data = realloc(p->data, p->size + size + 1);
    memcpy(p->data + p->size, bytes, size);
    p->size += size;
}

void pipe_unref_writer(struct pipe *p) { p->writers--; }

/* NULL: the unit has none, or has none yet. */
struct pipe *pipe_of_stream(uint32_t unit, uint32_t stream)
{
    int fd = fake.core->slots[unit]->streams[stream].read_end;
    return fd < 0 ? NULL : held(fd)->pipe;
}

int sys_pipe(int ends[2])
{
    int error = fails(PIPE);
    if (error)
        return error;
    struct pipe *p = calloc(1, sizeof *p);
    p->readers = p->writers = 1;
    ends[0] = open_as((struct descriptor){.kind = PIPE_READ, .pipe = p});
    ends[1] = open_as((struct descriptor){.kind = PIPE_WRITE, .pipe = p});
    return 0;
}

int sys_pipe_nonblocking(int ends[2])
{
    int error = sys_pipe(ends);
    if (!error)
        held(ends[0])->nonblocking = held(ends[1])->nonblocking = 1;
    return error;
}

int sys_nonblocking(int fd, int mode)
{
    int error = fails(NONBLOCKING);
    (void)mode;
    if (!error)
        held(fd)->nonblocking = 1;
    return error;
}

static int64_t read_pipe(const struct descriptor *d, char *to, size_t size)
{
    struct pipe *p = d->pipe;
    size_t there = p->size - p->head < PIPE_SIZE ? p->size - p->head : PIPE_SIZE;
    if (there == 0 && p->writers == 0)
        return 0;
    if (there == 0 && !d->nonblocking)
        broken("PID 1 would wait for a pipe");
    if (there == 0)
        return -EAGAIN;
    size = size < there ? size : there;
    memcpy(to, p->data + p->head, size);
    p->head += size;
    return (int64_t)size;
}

/* --- reading and writing --- */

/* The lowest number first, as many as there is room for. */
static int64_t read_signals(struct signalfd_siginfo *to, size_t room)
{
    size_t count = 0;
    for (; count < room && fake.signals; count++) {
        uint32_t number = 1 + (uint32_t)__builtin_ctzll(fake.signals);
        to[count] = (struct signalfd_siginfo){.ssi_signo = number, .ssi_code = fake.signal_code};
        fake.signals &= fake.signals - 1;
    }
    return count ? (int64_t)(count * sizeof *to) : -EAGAIN;
}

int64_t sys_read(int fd, void *to, size_t size)
{
    struct descriptor *d = held(fd);
    if (d->kind == CLIENT)
        return knocker_read(d, to, size);
    int error = fails(READ);
    if (error)
        return error;
    if (d->kind == SIGNALS)
        return read_signals(to, size / sizeof(struct signalfd_siginfo));
    if (d->kind == PIPE_READ)
        return read_pipe(d, to, size);
    if (d->kind == CONNECTION)
        return net_read(d, to, size);
    size_t left = d->size - d->at;
    size = size < left ? size : left;
    memcpy(to, d->text + d->at, size);
    d->at += size;
    return (int64_t)size;
}

/* What a program leaves in its file of memory: the same for each instance. */
int sys_memory_file(const char *name)
{
    int error = fails(MEMORY_FILE);
    (void)name;
    return error ? error : open_as((struct descriptor){.kind = MEMORY});
}

static int64_t read_memory(const struct descriptor *d, char *to, size_t size)
{
    static const char text[] = "last\x01words\n";
    size_t length = sizeof text - 1 < size ? sizeof text - 1 : size;
    (void)d;
    memcpy(to, text, length);
    return (int64_t)length;
}

/* The cgroup's book of this moment. */
int64_t sys_read_at(int fd, void *to, size_t size, int64_t at)
{
    char text[64];
    int error = fails(READ_AT);
    int length = snprintf(text, sizeof text, "oom 9\noom_kill %lu\n", (unsigned long)fake.oom_kills);
    if (held(fd)->kind == MEMORY)
        return error ? error : read_memory(held(fd), to, size);
    if (held(fd)->kind != OOM || at != 0)
        broken("what counts OOM kills was not read from its begin");
    if (error)
        return error;
    memcpy(to, text, (size_t)length < size ? (size_t)length : size);
    return length;
}

static int64_t write_sink(const struct descriptor *d, const char *from, size_t size)
{
    struct fake_sink *s = &sinks[d->sink];
    size = size < s->room ? size : s->room;
    size = size < s->most_at_once ? size : s->most_at_once;
    if (size == 0)
        return -EAGAIN;
    s->data = realloc(s->data, s->size + size);
    memcpy(s->data + s->size, from, size);
    s->size += size;
    s->room -= s->room == NEVER ? 0 : size;
    return (int64_t)size;
}

static size_t pipe_room(const struct pipe *p) { return p->size - p->head < PIPE_SIZE ? PIPE_SIZE - (p->size - p->head) : 0; }

static int64_t write_pipe(const struct descriptor *d, const char *from, size_t size)
{
    size_t room = pipe_room(d->pipe);
    if (!d->nonblocking && room < size)
        broken("PID 1 would wait for who reads a pipe");
    if (room == 0)
        return -EAGAIN;
    size = size < room ? size : room;
    pipe_write(d->pipe, from, size);
    return (int64_t)size;
}

int64_t sys_write(int fd, const void *from, size_t size)
{
    const struct descriptor *d = held(fd);
    int error = fails(WRITE);
    if (error)
        return error;
    if (d->kind == PIPE_WRITE)
        return write_pipe(d, from, size);
    if (d->kind != SINK)
        broken("something was written that is no sink");
    if (!d->nonblocking && sinks[d->sink].type != S_IFREG && sinks[d->sink].room < size)
        broken("PID 1 would wait for a reader");
    return write_sink(d, from, size);
}

int64_t sys_write_nowait(int fd, const void *from, size_t size)
{
    int error = fails(WRITE_NOWAIT);
    if (error)
        return error;
    return sinks[held(fd)->sink].has_nowait ? write_sink(held(fd), from, size) : -EOPNOTSUPP;
}

int64_t sys_send_nowait(int fd, const void *from, size_t size)
{
    if (held(fd)->kind == CLIENT)
        return knocker_send(held(fd), from, size);
    int error = fails(SEND_NOWAIT);
    if (error)
        return error;
    return held(fd)->kind == CONNECTION ? (int64_t)size : write_sink(held(fd), from, size);
}

/* poll and epoll ask the kernel the same question; a description that may block is ready for a whole page or not at
 * all. */
int is_writable(const struct descriptor *d)
{
    if (d->kind == PIPE_WRITE)
        return pipe_room(d->pipe) > 0;
    return sinks[d->sink].room >= (d->nonblocking ? 1 : 4096);
}

int sys_writable(int fd) { return is_writable(held(fd)); }
int sys_type(int fd) { return held(fd)->kind == SINK ? (int)sinks[table[fd].sink].type : S_IFIFO; }
int sys_are_same(int fd, int other) { return fd == other; }
int sys_flags(int fd) { return O_WRONLY | (held(fd)->nonblocking ? O_NONBLOCK : 0); }
int sys_is_terminal(int fd) { return held(fd)->kind == SINK && sinks[table[fd].sink].is_terminal; }

/* --- what one command was given: there is none of it here --- */

static void check_given(void)
{
    if (!fake.core->plan.pod->exact_env)
        broken("a pod was given nothing");
}

int given_point_at_child(const struct core *c, const struct program *program)
{
    (void)c;
    (void)program;
    check_given();
    return 0;
}

void given_let_go(void) { check_given(); }

void given_close_but(int fd, int other)
{
    (void)fd;
    (void)other;
    broken("PID 1 closed what it has");
}

/* --- footprint.c: there is no memory of ours to give back to a kernel that is none --- */

void footprint_settled(struct core *c) { (void)c; }
void footprint_forget(void) {}
void footprint_trim(struct core *c) { (void)c; }

/* --- rights --- */

int rights_refuse(const struct plan *plan, char *out, size_t room)
{
    (void)plan;
    (void)out;
    (void)room;
    return 0;
}
