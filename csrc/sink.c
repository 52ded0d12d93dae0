/* Sinks: see sink.h. A reader that does not read fills a sink's memory; who puts lines sees that there is no room and
 * decides what becomes of them. It must never wait, and never change the flags of a descriptor that others share.
 */

#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "block.h"
#include "core.h"
#include "say.h"

/* How to write without blocking to what we were given. */
enum sink_way {
    WAY_OWN,      /* a description of our own, non-blocking: made by us, or the pipe or terminal was opened anew */
    WAY_SOCKET,   /* send, with the flag that asks for it */
    WAY_FILE,     /* a regular file: a write never waits for a reader, and a second description would lose the offset */
    WAY_NOWAIT,   /* a pipe that may not be opened again: each write asks not to wait */
    WAY_POLLED,   /* the same on a kernel without that: small writes after a look */
    WAY_BYTES,    /* somebody else's terminal: a look says that there is room for a byte, and no more */
};

enum { PIPE_ATOM = 4096, PATH_ROOM = 32, WORTH_A_WRITE = 4096 };

/* --- how --- */

/* Opening anew keeps O_APPEND and leaves the terminal's ownership alone. Our session's own terminal has another name,
 * that may be opened even where the terminal itself belongs to another user. */
static int open_anew(int fd, int type, int flags)
{
    char path[PATH_ROOM];
    int mode = O_WRONLY | O_NONBLOCK | O_NOCTTY | (flags & O_APPEND);
    path[say_format(path, sizeof path - 1, "/proc/self/fd/%d", fd)] = 0;
    int own = sys_open(path, mode, 0);
    return own < 0 && type == S_IFCHR && sys_terminal_group(fd) >= 0 ? sys_open("/dev/tty", mode, 0) : own;
}

struct sink *sink_err(struct core *c) { return &c->sinks[c->err_is_out ? SINK_OUT : SINK_ERR]; }

void sink_open(struct sink *s, int fd)
{
    int type = sys_type(fd), flags = sys_flags(fd);
    s->fd = fd;
    s->way = WAY_FILE;
    s->dead = type < 0;
    if (type < 0 || type == S_IFREG)
        return;
    if (type == S_IFSOCK) {
        s->way = WAY_SOCKET;
    } else if (flags >= 0 && flags & O_NONBLOCK && fd > 2) {
        s->way = WAY_OWN;
    } else {
        int own = open_anew(fd, type, flags);
        s->way = own >= 0 ? WAY_OWN : type == S_IFIFO ? WAY_NOWAIT : sys_is_terminal(fd) ? WAY_BYTES : WAY_POLLED;
        s->fd = own >= 0 ? own : fd;
    }
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
    case WAY_POLLED:
        return sys_writable(s->fd) ? sys_write(s->fd, from, size < PIPE_ATOM ? size : PIPE_ATOM) : -EAGAIN;
    case WAY_BYTES: return sys_writable(s->fd) ? sys_write(s->fd, from, 1) : -EAGAIN;
    }
    return -EIO;
}

/* A file that may grow no more: whoever waited for it might wait for ever. The events say themselves what is lost. */
static int is_full(const struct core *c, const struct sink *s, int64_t error)
{
    return (error == -ENOSPC || error == -EDQUOT || error == -EFBIG) && s - c->sinks < SINK_EVENTS;
}

/* All of this is dropped; done: so much before it was written. */
static void drop(struct core *c, struct sink *s, const char *from, uint32_t size, uint32_t done)
{
    uint32_t lines = block_count_newlines(from, size);
    c->dropped_lines += lines;
    s->lost += lines;
    s->is_cut |= done > 0 && from[-1] != '\n';
    s->full = 1;
}

/* Returns how much was written, or dropped. A sink that fails for good swallows everything from then on: a closed
 * stdout must not stop the pod's work. */
static uint32_t write_all(struct core *c, struct sink *s, const char *from, uint32_t size)
{
    uint32_t done = 0;
    int64_t n = 1;
    if (s->is_cut && (n = write_some(s, "\n", 1)) == 1)
        s->is_cut = 0;
    while (n > 0 && done < size && (n = write_some(s, from + done, size - done)) > 0)
        done += (uint32_t)n;
    if (is_full(c, s, n)) {
        drop(c, s, from + done, size - done, done);
        return size;
    }
    s->full = 0;
    if (done < size && n != -EAGAIN && n != -EINTR)
        s->dead = 1;
    return done;
}

/* --- out --- */

void sink_flush(struct core *c, struct sink *s)
{
    uint32_t done = s->fill ? write_all(c, s, s->buffer, s->fill) : 0;
    s->fill = s->dead ? 0 : s->fill - done;
    memmove(s->buffer, s->buffer + done, s->fill);
    s->stuck = 0;
    int is_wanted = s->fill > 0 || (s->awaited && !s->dead);
    if (is_wanted == s->watched)
        return;
    if (s->watched)
        loop_forget(c, s->fd);
    else
        s->stuck = loop_watch(c, s->fd, EPOLLOUT, WATCH_SINK, (uint32_t)(s - c->sinks)) < 0;
    s->watched = is_wanted && !s->stuck;
}

/* --- in --- */

static int has_room(const struct sink *s, uint32_t size, uint32_t most) { return s->dead || s->fill + size <= most; }

int sink_is_full(const struct sink *s) { return s->watched && s->fill >= SINK_ROOM / 2; }

/* One that is watched is full: it says when it is not. */
static int make_room(struct core *c, struct sink *s, uint32_t size, uint32_t most)
{
    if (!has_room(s, size, most) && !s->watched)
        sink_flush(c, s);
    return has_room(s, size, most);
}

int sink_make_room(struct core *c, struct sink *s, uint32_t size) { return make_room(c, s, size, SINK_ROOM); }

void sink_put(struct sink *s, const char *from, uint32_t size)
{
    if (s->dead)
        return;
    memcpy(s->buffer + s->fill, from, size);
    s->fill += size;
}

void sink_pass(struct core *c, struct sink *s, const char *from, uint32_t size)
{
    if (size >= WORTH_A_WRITE && !s->watched && !s->dead) {
        sink_flush(c, s);
        uint32_t done = s->fill ? 0 : write_all(c, s, from, size);
        from += done;
        size -= done;
    }
    sink_put(s, from, size);
}

int sink_put_line(struct core *c, struct sink *s, const char *from, uint32_t size)
{
    uint32_t head = s->unended != 0;
    if (!make_room(c, s, size + head, SINK_ROOM + SINK_LINES))
        return 0;
    sink_put(s, "\n", head);
    sink_put(s, from, size);
    s->unended = 0;
    return 1;
}

/* Where stderr is what has no room, nothing can be said before it has some. */
void sink_tell(struct core *c, struct sink *s)
{
    const char *name = s == &c->sinks[SINK_OUT] ? "stdout" : "stderr";
    uint64_t lost = s->lost;
    if (s->full && !s->is_told && s != sink_err(c)) {
        s->is_told = 1;
        warn(c, "cannot write to %s: %s; lines are dropped until there is room", name, say_error(ENOSPC));
    } else if (!s->full && lost) {
        s->lost = s->is_told = 0;
        warn(c, "%s had no room for %lu line%s", name, lost, lost == 1 ? "" : "s");
    }
}
