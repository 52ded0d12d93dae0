/* Logs: what units write, line by line, to our own stdout and stderr, and our own words to stderr. Lines never
 * interleave. When nobody reads us, units wait (their pipes fill), we never do: a sink is written without blocking, and
 * the flags of a descriptor that others share are never changed.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core.h"
#include "say.h"

/* How to write without blocking to what we were given. */
enum sink_way {
    WAY_OWN,      /* a description of our own, non-blocking: the pipe or terminal was opened anew */
    WAY_SOCKET,   /* send, with the flag that asks for it */
    WAY_FILE,     /* a regular file: a write never waits for a reader, and a second description would lose the offset */
    WAY_NOWAIT,   /* a pipe that may not be opened again: each write asks not to wait */
    WAY_POLLED,   /* the same on a kernel without that: small writes after a look */
};

enum { PIPE_ATOM = 4096, FD_ROOM = 32, HEAD_ROOM = PLAN_MAX_NAME + 3 };

/* --- sinks --- */

/* Opening anew keeps O_APPEND and leaves the terminal's ownership alone. */
static int open_anew(int fd, int flags)
{
    char path[FD_ROOM];
    path[say_format(path, sizeof path - 1, "/proc/self/fd/%d", fd)] = 0;
    return sys_open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | (flags & O_APPEND), 0);
}

static void open_sink(struct sink *s, int fd)
{
    int type = sys_type(fd);
    s->fd = fd;
    s->way = WAY_FILE;
    if (type < 0) {
        s->dead = 1;
    } else if (type == S_IFSOCK) {
        s->way = WAY_SOCKET;
    } else if (type != S_IFREG) {
        int own = open_anew(fd, sys_flags(fd));
        s->way = own >= 0 ? WAY_OWN : type == S_IFIFO ? WAY_NOWAIT : WAY_POLLED;
        s->fd = own >= 0 ? own : fd;
    }
}

void log_open(struct core *c)
{
    open_sink(&c->sinks[0], 1);
    open_sink(&c->sinks[1], 2);
}

static int64_t write_some(struct sink *s, const char *from, uint32_t size)
{
    switch ((enum sink_way)s->way) {
    case WAY_OWN:
    case WAY_FILE: return sys_write(s->fd, from, size);
    case WAY_SOCKET: return sys_send_nowait(s->fd, from, size);
    case WAY_NOWAIT: {
        int64_t n = sys_write_nowait(s->fd, from, size);
        if (n != -EOPNOTSUPP && n != -ENOSYS)
            return n;
        s->way = WAY_POLLED;
    }  /* fall through */
    case WAY_POLLED: return sys_writable(s->fd) ? sys_write(s->fd, from, size < PIPE_ATOM ? size : PIPE_ATOM) : -EAGAIN;
    }
    return -EIO;
}

/* A sink that fails for good swallows everything from then on: a closed stdout must not stop the pod's work. */
static void bury(struct sink *s)
{
    s->dead = 1;
    s->fill = 0;
}

static void flush_sink(struct core *c, struct sink *s)
{
    uint32_t done = 0, index = (uint32_t)(s - c->sinks);
    int64_t n = 0;
    while (done < s->fill && (n = write_some(s, s->buffer + done, s->fill - done)) > 0)
        done += (uint32_t)n;
    memmove(s->buffer, s->buffer + done, s->fill - done);
    s->fill -= done;
    if (s->fill && n != -EAGAIN && n != -EINTR)
        bury(s);
    s->stuck = 0;
    if ((s->fill > 0) == s->watched)
        return;
    if (s->watched)
        loop_forget(c, s->fd);
    else
        s->stuck = loop_watch(c, s->fd, EPOLLOUT, WATCH_SINK, index) < 0;
    s->watched = s->fill > 0 && !s->stuck;
}

static uint32_t room(const struct sink *s) { return s->dead ? SINK_ROOM : SINK_ROOM - s->fill; }

static void put(struct sink *s, const char *from, uint32_t size)
{
    if (s->dead)
        return;
    memcpy(s->buffer + s->fill, from, size);
    s->fill += size;
}

/* --- lines --- */

/* "name | " before a line, "name + " before what is left of one that was too long for us. */
static uint32_t prefix(struct core *c, const struct unit *u, const struct stream *st, char out[HEAD_ROOM])
{
    uint32_t size = (uint32_t)say_format(out, HEAD_ROOM, "%s", u->name);
    while (size < c->name_width)
        out[size++] = ' ';
    memcpy(out + size, st->continued ? " + " : " | ", 3);
    return size + 3;
}

/* One line, or a piece of one. ends_line: its newline is part of it; is_last: none will come. A raw piece in the
 * middle of a line gets no newline: its bytes stay what they were. 0 when the sink has no room. */
static int emit(struct core *c, const struct unit *u, struct stream *st, const char *from, uint32_t size, int ends_line,
                int is_last)
{
    struct sink *s = &c->sinks[st->sink];
    char head[HEAD_ROOM];
    uint32_t head_size = u->plan->log_mode == LOG_MODE_PREFIX ? prefix(c, u, st, head) : 0;
    int adds_newline = !ends_line && (head_size || is_last);
    if (room(s) < head_size + size + 1)
        flush_sink(c, s);
    if (room(s) < head_size + size + 1)
        return 0;
    put(s, head, head_size);
    put(s, from, size);
    if (adds_newline)
        put(s, "\n", 1);
    st->continued = !ends_line && !is_last;
    return 1;
}

/* As many whole lines of text[0..size) as the sink has room for; the rest is kept. 0 when it had too little. */
static int emit_lines(struct core *c, struct unit *u, struct stream *st, const char *text, uint32_t size)
{
    uint32_t done = 0;
    const char *end;
    int had_room = 1;
    while (had_room && (end = memchr(text + done, '\n', size - done))) {
        uint32_t length = (uint32_t)(end - text) + 1 - done;
        had_room = emit(c, u, st, text + done, length, 1, 0);
        done += had_room ? length : 0;
    }
    if (had_room && done == 0 && size == LINE_ROOM) {  /* longer than we hold */
        had_room = emit(c, u, st, text, size, 0, 0);
        done = had_room ? size : 0;
    }
    st->fill = size - done;
    memcpy(st->buffer, text + done, st->fill);
    return had_room;
}

static uint32_t index_of(const struct core *c, const struct unit *u, const struct stream *st)
{
    return 2 * unit_index(c, u) + (uint32_t)(st - u->streams);
}

/* Not read any more until the sink has room: the pipe fills, and then its writer waits. */
static void stall(struct core *c, struct unit *u, struct stream *st)
{
    st->stalled = 1;
    loop_change(c, st->read_end, 0, WATCH_STREAM, index_of(c, u, st));
}

/* One read goes into a buffer that all share: a stream's own holds only the beginning of a line, so that a unit that
 * writes whole lines costs no memory. Returns 0 when there is no more to read, or no room to put it. */
static int read_some(struct core *c, struct unit *u, struct stream *st)
{
    memcpy(c->scratch, st->buffer, st->fill);
    int64_t n = sys_read(st->read_end, c->scratch + st->fill, LINE_ROOM - st->fill);
    if (n <= 0)
        return 0;
    if (emit_lines(c, u, st, c->scratch, st->fill + (uint32_t)n))
        return 1;
    stall(c, u, st);
    return 0;
}

void log_read(struct core *c, struct unit *u, uint32_t which)
{
    if (!u->streams[which].stalled)
        read_some(c, u, &u->streams[which]);
}

static void resume(struct core *c, struct unit *u, struct stream *st)
{
    memcpy(c->scratch, st->buffer, st->fill);
    if (!emit_lines(c, u, st, c->scratch, st->fill))
        return;
    st->stalled = 0;
    loop_change(c, st->read_end, EPOLLIN, WATCH_STREAM, index_of(c, u, st));
}

/* How many streams still wait for this sink. */
static uint32_t resume_all(struct core *c, const struct sink *s)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < 2 * c->unit_count; i++) {
        struct stream *st = &c->units[i / 2].streams[i % 2];
        if (st->stalled && &c->sinks[st->sink] == s)
            resume(c, &c->units[i / 2], st);
        waiting += st->stalled && &c->sinks[st->sink] == s;
    }
    return waiting;
}

/* A stream that waits must leave something behind that the sink's watch is for: who empties the buffer asks again. */
void log_sink_ready(struct core *c, struct sink *s)
{
    uint32_t waiting;
    flush_sink(c, s);
    do {
        waiting = resume_all(c, s);
        flush_sink(c, s);
    } while (waiting && s->fill == 0);
}

/* --- a unit's pipes --- */

static int open_stream(struct core *c, struct unit *u, uint32_t which)
{
    struct stream *st = &u->streams[which];
    int ends[2], result = sys_pipe(ends);
    if (result < 0)
        return result;
    st->read_end = ends[0];
    st->write_end = ends[1];
    sys_nonblocking(st->read_end, O_RDONLY);
    result = loop_watch(c, st->read_end, EPOLLIN, WATCH_STREAM, index_of(c, u, st));
    if (result < 0) {
        sys_close(ends[0]);
        sys_close(ends[1]);
        st->read_end = st->write_end = -1;
    }
    return result;
}

/* Before each start; the pipes of the first one stay. 0, or -errno. */
int log_open_unit(struct core *c, struct unit *u)
{
    int result = 0, through_us = u->plan->log_mode == LOG_MODE_PREFIX || u->plan->log_mode == LOG_MODE_RAW;
    for (uint32_t i = 0; i < 2 && through_us && result >= 0; i++)
        if (u->streams[i].write_end < 0)
            result = open_stream(c, u, i);
    return result;
}

/* What a dead leader still had in its pipes, to the last byte; a pipe holds no more than these rounds read. */
void log_take_last(struct core *c, struct unit *u)
{
    enum { ROUNDS = 80 };
    for (uint32_t i = 0; i < 2; i++) {
        struct stream *st = &u->streams[i];
        if (st->read_end < 0 || st->stalled)
            continue;
        for (int round = 0; round < ROUNDS && read_some(c, u, st); round++) {
        }
        if (st->fill && !st->stalled && emit(c, u, st, st->buffer, st->fill, 0, 1))
            st->fill = 0;
    }
}

/* --- our own --- */

void log_own_line(struct core *c, const char *text, uint32_t size)
{
    struct sink *s = &c->sinks[1];
    if (room(s) < size)
        flush_sink(c, s);
    if (room(s) >= size)
        put(s, text, size);
    else
        c->dropped_lines++;
}

void log_flush(struct core *c)
{
    for (int i = 0; i < 2; i++)
        if (c->sinks[i].stuck)
            log_sink_ready(c, &c->sinks[i]);
        else if (c->sinks[i].fill && !c->sinks[i].watched)
            flush_sink(c, &c->sinks[i]);
}

int log_is_stuck(const struct core *c) { return c->sinks[0].stuck | c->sinks[1].stuck; }

static int pending(const struct core *c)
{
    int waiting = c->sinks[0].fill || c->sinks[1].fill;
    for (uint32_t i = 0; i < 2 * c->unit_count; i++)
        waiting |= c->units[i / 2].streams[i % 2].stalled;
    return waiting;
}

static void take_all(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        log_take_last(c, &c->units[i]);
    log_flush(c);
}

/* 0 when somebody hurries us. What a stream still has is read as soon as the sink has room again. */
static int finish_some(struct core *c, uint64_t what)
{
    if (what >> 32 == WATCH_SINK)
        log_sink_ready(c, &c->sinks[(uint32_t)what]);
    else if (what >> 32 == WATCH_SIGNALS)
        signal_read(c);
    else if (what >> 32 == WATCH_NOTIFY)
        notify_read(c, &c->units[(uint32_t)what]);  /* what stays unread would be told of for ever */
    else if (what >> 32 != WATCH_STREAM)
        return 0;
    take_all(c);
    return c->queue.fill == 0;
}

/* At the end: everything that was written is still written, as long as the stop budget lasts and nobody hurries us. */
void log_finish(struct core *c)
{
    struct epoll_event event;
    int more = 1;
    take_all(c);
    while (more && pending(c) && (c->now = sys_now()) < c->limits.leave) {
        uint64_t ms = (c->limits.leave - c->now) / 1000000 + 1;
        int count = sys_epoll_wait(c->epoll, &event, 1, ms > INT32_MAX ? INT32_MAX : (int)ms);
        more = count == 1 ? finish_some(c, event.data.u64) : count == -EINTR;
    }
}
