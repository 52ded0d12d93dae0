/* What units write to: two pipes each for the pod's life, or a terminal of its own, which each instance gets anew: its
 * settings, and who may still have the one before, are none of the next one's business.
 *
 * Of a terminal we keep both sides, as of a pipe: while ours is open nobody else's closing is an end of it, which epoll
 * would tell for ever. So our closing hangs it up, and it must never be closed before its instance is over. Nobody
 * types: who reads from it waits, as in Kubernetes where nobody is attached; and its size is 0 by 0, as there.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core.h"
#include "given.h"

struct ends { int read_end, write_end; };

/* --- what is opened --- */

static int open_pipe(struct ends *out)
{
    int ends[2], result = sys_pipe(ends);
    if (result < 0)
        return result;
    *out = (struct ends){ends[0], ends[1]};
    sys_nonblocking(ends[0], O_RDONLY);
    return 0;
}

/* Its other side has a name only where /dev/pts is mounted, and then maybe that of another one's: so it is asked for
 * without. */
static int open_terminal(struct ends *out)
{
    int ours = sys_open("/dev/ptmx", O_RDWR | O_NONBLOCK | O_NOCTTY, 0);
    if (ours < 0)
        return ours;
    int result = sys_terminal_lock(ours, 0);
    int its = result < 0 ? result : sys_terminal_other_side(ours);
    if (its < 0)
        sys_close(ours);
    *out = (struct ends){ours, its};
    return its < 0 ? its : 0;
}

/* --- what is closed --- */

/* Nobody but us had it any more, which reading tells. */
static int is_deserted(int ours)
{
    char byte;
    int64_t n = sys_read(ours, &byte, 1);
    return n == 0 || n == -EIO;
}

/* Until PID 1 has closed it: ours is the last, and may take its time. It must hold nothing else open. */
static _Noreturn void close_last(int ours, int told)
{
    char byte;
    for (int fd = 0; fd < 3; fd++)
        sys_close(fd);
    given_close_but(ours, told);
    sys_read(told, &byte, 1);
    sys_close(told);
    sys_close(ours);
    _exit(0);
}

/* To hang up waits for whoever is in the middle of a write there, and he for a page that may never come: that is for a
 * child. 0, or -errno: there is nothing to fork with. */
static int close_by_child(struct core *c, int ours)
{
    int ends[2], result = sys_pipe(ends);
    if (result < 0)
        return result;
    int32_t pid = sys_fork();
    if (pid == 0)
        close_last(ours, ends[0]);
    if (pid > 0) {
        sys_close(ours);
        c->forgotten++;
    }
    sys_close(ends[0]);
    sys_close(ends[1]);
    return pid < 0 ? pid : 0;
}

static int close_hung(struct core *c, struct stream *st)
{
    int result = 0;
    if (st->hung && is_deserted(st->hung))
        sys_close(st->hung);
    else if (st->hung)
        result = close_by_child(c, st->hung);
    st->hung = result < 0 ? st->hung : 0;
    return result;
}

/* What has been read of it stays; a terminal that cannot be closed now is when there is to be another. */
static void close_stream(struct core *c, struct stream *st)
{
    if (st->read_end < 0)
        return;
    loop_forget(c, st->read_end);
    if (st->is_terminal)
        sys_terminal_lock(st->read_end, 1);     /* whoever is not seen to have it does not come any more */
    sys_close(st->write_end);
    if (st->is_terminal) {
        st->hung = st->read_end;
        close_hung(c, st);
    } else {
        sys_close(st->read_end);
    }
    c->paced -= st->paced;
    st->paced = st->busy = st->is_terminal = 0;
    st->read_end = st->write_end = -1;
}

/* --- a unit's --- */

/* With it what is unread would be gone; a pipe stays, and its writer waits. */
static int holds_unread(const struct stream *st) { return st->is_terminal && st->stalled && st->fill == STREAM_ROOM; }

/* In the place of the one before, if there is one: who still has that says nothing more, and what he has said is read.
 * Where there is no room for it, the new one waits in its turn; and it is not even begun while the old one is not read
 * to its end. */
static int open_stream(struct core *c, struct unit *u, uint32_t which)
{
    struct stream *st = &u->streams[which];
    struct ends ends = {-1, -1};
    int result = holds_unread(st) ? -EPIPE : close_hung(c, st);
    if (result == 0)
        result = u->plan->own_terminal ? open_terminal(&ends) : open_pipe(&ends);
    if (result < 0)
        return result;
    if (st->read_end >= 0)
        log_take_last(c, u);
    result = loop_watch(c, ends.read_end, st->stalled ? 0 : EPOLLIN, WATCH_STREAM, 2 * u->slot + which);
    if (result < 0) {
        sys_close(ends.write_end);
        sys_close(ends.read_end);
        return result;
    }
    close_stream(c, st);
    st->read_end = ends.read_end;
    st->write_end = ends.write_end;
    st->is_terminal = u->plan->own_terminal;
    return 0;
}

/* The pipes of the first start stay; beside a terminal they may be another plan's, and nobody's. */
int log_open_unit(struct core *c, struct unit *u)
{
    int result = 0;
    if (!log_passes_through_us(u))
        return 0;
    if (u->plan->own_terminal)
        return open_stream(c, u, 0);
    for (uint32_t i = 0; i < 2 && result >= 0; i++)
        if (u->streams[i].write_end < 0 || u->streams[i].is_terminal)
            result = open_stream(c, u, i);
    return result;
}

void log_close_unit(struct core *c, struct unit *u)
{
    for (struct stream *st = u->streams; st < u->streams + 2; st++) {
        close_stream(c, st);
        *st = (struct stream){-1, -1, .hung = st->hung, .sink = st->sink, .buffer = st->buffer};
    }
}

/* What a machine lacks for a while comes back, and so may who reads the one before; that there are no terminals here,
 * or none for us, stays so. */
int log_is_hopeless(const struct unit *u, int error)
{
    int is_lack = error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOSPC || error == -EAGAIN;
    return u->plan->own_terminal && error < 0 && !is_lack && error != -EPIPE;
}
