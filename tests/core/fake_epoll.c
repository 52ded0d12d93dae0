/* csrc/sys.h over the fake kernel: signals held, and epoll, which moves the clock to whatever is next. Who turns round and
 * round while it stands still, or watches what is not there, ends the run with a clear word.
 */
#include "fake.h"
#include "sight.h"

enum { WATCHES = 2048, MOST_TURNS = 3000 };

static struct watch { int fd; uint32_t events; uint64_t key; } watches[WATCHES];
static uint32_t watch_count, turns;

int sys_signals(uint64_t set)
{
    int error = fails(SIGNALFD);
    (void)set;
    return error ? error : open_as((struct descriptor){.kind = SIGNALS});
}

uint64_t sys_pending(void) { return fake.signals; }

int sys_hold(int how, uint64_t set, uint64_t *before)
{
    (void)how;
    (void)set;
    (void)before;
    return 0;
}

int sys_epoll(void)
{
    int error = fails(EPOLL_CREATE);
    return error ? error : open_as((struct descriptor){.kind = EPOLL});
}

static struct watch *watch_of(int fd)
{
    for (uint32_t i = 0; i < watch_count; i++)
        if (watches[i].fd == fd)
            return &watches[i];
    return NULL;
}

int is_watched(int fd) { return watch_of(fd) != NULL; }

int sys_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t key)
{
    struct watch *w = watch_of(fd);
    int error = operation == EPOLL_CTL_ADD ? fails(EPOLL_ADD) : 0;
    if (held(epoll)->kind != EPOLL || !held(fd))
        broken("that is no epoll");
    if (error)
        return error;
    if ((operation == EPOLL_CTL_ADD) != !w)
        broken(w ? "a descriptor was watched twice" : "a watch was changed that is not there");
    if (operation == EPOLL_CTL_DEL)
        *w = watches[--watch_count];
    else if (w)
        *w = (struct watch){fd, events, key};
    else
        watches[watch_count++] = (struct watch){fd, events, key};
    return 0;
}

int watched_as(enum watch_kind kind, const struct pipe *p, uint32_t *index)
{
    for (uint32_t i = 0; i < watch_count; i++)
        if (watches[i].key >> 32 == kind && table[watches[i].fd].pipe == p) {
            *index = (uint32_t)watches[i].key;
            return 1;
        }
    return 0;
}

static int is_ready(const struct watch *w)
{
    const struct descriptor *d = held(w->fd);
    if (!w->events && d->kind != PIPE_READ && d->kind != CLIENT)
        return 0;
    switch (d->kind) {
    case SIGNALS: return fake.signals != 0;
    case PIPE_READ: return (w->events && d->pipe->size > d->pipe->head) || d->pipe->writers == 0;
    case SOCKET: return message_next(d->pipe) != 0;
    case CONNECTION: return net_is_ready(d, w->events);
    case PIDFD: return !kernel_find(d->pid) || kernel_find(d->pid)->state == 'Z';
    case SINK: case PIPE_WRITE: return is_writable(d);
    case DOOR: return door_is_ready();
    case CLIENT: return knocker_events(d, w->events) != 0;
    case FREE: case PLAIN: case EPOLL: case PROC: case TEXT: case OOM: case MEMORY: break;
    }
    return 0;
}

static uint32_t events_of(const struct watch *w)
{
    return held(w->fd)->kind == CLIENT ? knocker_events(held(w->fd), w->events) : w->events;
}

static int gather(struct epoll_event *out, int room)
{
    int count = 0;
    for (uint32_t i = 0; i < watch_count && count < room; i++)
        if (is_ready(&watches[i]))
            out[count++] = (struct epoll_event){.events = events_of(&watches[i]), .data.u64 = watches[i].key};
    return count;
}

/* Moves the clock; 0 when the script has nothing more to say and no timer runs, or the test looks no further. */
static int sleep_until(uint64_t wake)
{
    uint64_t next = kernel_next(), moment = next < wake ? next : wake;
    if (moment == NEVER || moment > fake.until) {
        fake.core->left = 1;
        fake.core->limits.leave = 0;
        return 0;
    }
    if (moment > fake.now)
        turns = 0;
    fake.now = moment > fake.now ? moment : fake.now;
    return 1;
}

static int wait_until(int epoll, struct epoll_event *out, int room, uint64_t wake)
{
    int error = fails(EPOLL_WAIT), count;
    turn_ends();
    if (held(epoll)->kind != EPOLL)
        broken("that is no epoll");
    if (++turns > MOST_TURNS)
        broken("it turns round and round while the clock stands still");
    if (error)
        return error;
    do {
        kernel_happen();
        files_happen();
        count = gather(out, room);
    } while (!count && !fake.said && fake.now < wake && sleep_until(wake));
    fake.said = 0;
    return count;
}

int sys_epoll_wait(int epoll, struct epoll_event *out, int room, int timeout_ms)
{
    return wait_until(epoll, out, room, timeout_ms < 0 ? NEVER : fake.now + (uint64_t)timeout_ms * 1000000);
}

int sys_epoll_pause(int epoll, struct epoll_event *out, int room, uint64_t ns)
{
    return wait_until(epoll, out, room, fake.now + ns);
}
