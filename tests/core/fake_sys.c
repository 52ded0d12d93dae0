/* csrc/sys.h over the fake kernel: descriptors, pipes, epoll and /proc, as far as the core uses them. Every call is counted,
 * and fails where a script says so. What a correct core never does (close twice, wait where it must not, signal a number that
 * it has given back, turn round and round) ends the run with a clear word.
 */
#include "fake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

enum { DESCRIPTORS = 2048, WATCHES = 2048, MOST_TURNS = 3000, PIPE_SIZE = 65536 };

enum held { FREE, PLAIN, PIPE_READ, PIPE_WRITE, EPOLL, SIGNALS, PROC, TEXT, PIDFD, SINK };
struct descriptor { enum held kind; struct pipe *pipe; int32_t pid; int sink; uint8_t nonblocking; char *text; size_t size, at; };
struct watch { int fd; uint32_t events; uint64_t key; };

struct fake_sink sinks[2] = {
    {S_IFIFO, 1, 1, NEVER, NEVER, NULL, 0},
    {S_IFIFO, 1, 1, NEVER, NEVER, NULL, 0},
};
static struct descriptor table[DESCRIPTORS] = {[1] = {.kind = SINK, .sink = 0}, [2] = {.kind = SINK, .sink = 1}};
static struct watch watches[WATCHES];
static uint32_t watch_count, turns;

/* --- faults --- */

static const char *const calls[] = {
    "fork", "kill", "child_ended", "reap", "pidfd", "pidfd_signal", "pipe", "nonblocking", "signals", "epoll", "epoll_add",
    "epoll_wait", "open", "read", "write", "write_nowait", "send_nowait", "list", "rewind",
};
enum call {
    FORK, KILL, CHILD_ENDED, REAP, PIDFD_OPEN, PIDFD_SIGNAL, PIPE, NONBLOCKING, SIGNALFD, EPOLL_CREATE, EPOLL_ADD, EPOLL_WAIT,
    OPEN, READ, WRITE, WRITE_NOWAIT, SEND_NOWAIT, LIST, REWIND, CALLS
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

/* 0, or -errno. */
static int fails(enum call call)
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

static int open_as(struct descriptor d)
{
    for (int fd = 3; fd < DESCRIPTORS; fd++)
        if (table[fd].kind == FREE) {
            table[fd] = d;
            return fd;
        }
    broken("more descriptors than any pod needs: a leak");
}

static struct descriptor *held(int fd)
{
    if (fd < 0 || fd >= DESCRIPTORS || table[fd].kind == FREE)
        broken("a descriptor was used that is not open");
    return &table[fd];
}

/* What is still open and watched, by kind. */
void descriptors_report(void)
{
    static const char *const words[] = {"", "plain", "pipe_read", "pipe_write", "epoll", "signals", "proc", "text", "pidfd",
                                        "sink"};
    for (enum held k = PLAIN; k <= SINK; k++) {
        int open = 0, watched = 0;
        for (int fd = 3; fd < DESCRIPTORS; fd++)
            open += table[fd].kind == k;
        for (uint32_t i = 0; i < watch_count; i++)
            watched += table[watches[i].fd].kind == k;
        log_line("open %s %d %d", words[k], open, watched);
    }
}

int sys_close(int fd)
{
    struct descriptor *d = held(fd);
    if (d->kind == PIPE_READ)
        d->pipe->readers--;
    if (d->kind == PIPE_WRITE)
        pipe_unref_writer(d->pipe);
    for (uint32_t i = 0; i < watch_count; i++)
        if (watches[i].fd == fd)
            broken("a descriptor was closed that is still watched");
    *d = (struct descriptor){.kind = FREE};
    return 0;
}

/* --- time --- */

uint64_t sys_now(void) { return fake.now; }
uint64_t sys_wall(void) { return fake.now + UINT64_C(1700000000000000000); }

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
    int fd = fake.core->units[unit].streams[stream].read_end;
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

/* --- processes --- */

static int is_handshake(const struct descriptor *d)
{
    for (uint32_t i = 0; i < 2 * fake.core->unit_count; i++)
        if (fake.core->units[i / 2].streams[i % 2].write_end == (int)(d - table))
            return 0;
    return d->kind == PIPE_WRITE;
}

int32_t sys_fork(void)
{
    int error = fails(FORK);
    for (int fd = 3; !error && fd < DESCRIPTORS; fd++)
        if (is_handshake(&table[fd]))
            return kernel_fork(table[fd].pipe);
    return error ? error : -ENOSYS;
}

/* A number that was reaped may be anybody's by now; to ask (signal 0) is harmless. */
static void check_number(int32_t number, int sig)
{
    for (uint32_t i = 0; sig && i < fake.process_count; i++)
        if (fake.processes[i].pid == number && fake.processes[i].state)
            return;
    if (sig)
        broken("a signal went to a number that was given back");
}

int sys_kill(int32_t pid, int sig)
{
    int error = fails(KILL), hit = 0;
    if (error)
        return error;
    if (pid == -1 || pid == 0)
        broken("everybody was signalled");
    if (sig)
        log_line("kill %d %d", pid, sig);
    if (pid == fake.core->self)
        return 0;
    check_number(pid < 0 ? -pid : pid, sig);
    for (uint32_t i = 0, most = fake.process_count; i < most; i++) {
        struct process *p = &fake.processes[i];
        if (!p->state || (pid > 0 ? p->pid != pid : p->group != -pid))
            continue;
        hit = 1;
        kernel_signal(p, sig);
    }
    return hit ? 0 : -ESRCH;
}

int sys_child_ended(struct sys_exit *out)
{
    int error = fails(CHILD_ENDED), has_children;
    if (error)
        return error;
    const struct process *p = kernel_dead_child(&has_children);
    if (p)
        *out = p->end;
    return p ? 1 : has_children ? 0 : -ECHILD;
}

int sys_reap(int32_t pid)
{
    struct process *p = kernel_find(pid);
    int error = fails(REAP);
    if (error)
        return error;
    if (!p || p->state != 'Z')
        broken("a process was reaped that had not ended");
    p->state = 0;
    return 0;
}

int sys_pidfd(int32_t pid)
{
    int error = fails(PIDFD_OPEN);
    if (error)
        return error;
    return kernel_find(pid) ? open_as((struct descriptor){.kind = PIDFD, .pid = pid}) : -ESRCH;
}

int sys_pidfd_signal(int pidfd, int sig)
{
    struct process *p = kernel_find(held(pidfd)->pid);
    int error = fails(PIDFD_SIGNAL);
    if (error)
        return error;
    log_line("kill %d %d", held(pidfd)->pid, sig);
    if (p)
        kernel_signal(p, sig);
    return p ? 0 : -ESRCH;
}

/* --- files --- */

static int open_text(char *text, size_t size)
{
    return open_as((struct descriptor){.kind = TEXT, .text = text, .size = size});
}

static int open_children(void)
{
    char *text = calloc(16, fake.process_count + 1);
    size_t size = 0;
    for (uint32_t i = 0; i < fake.process_count; i++)
        if (fake.processes[i].state && fake.processes[i].parent == fake.core->self)
            size += (size_t)sprintf(text + size, "%d ", fake.processes[i].pid);
    return open_text(text, size);
}

static int open_stat(const struct process *p)
{
    char *text = malloc(strlen(p->name) + 256);
    int size = sprintf(text, "%d (%s) %c %d %d %d 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 %lu 9 9 9\n", p->pid, p->name,
                       p->state, p->parent, p->group, p->group ? p->group : fake.core->self, (unsigned long)p->start);
    return open_text(text, (size_t)size);
}

static int open_environment(const struct process *p)
{
    if (p->environment_size == 1 && *p->environment == '-')
        return -EACCES;
    char *text = malloc(p->environment_size + 1);
    memcpy(text, p->environment, p->environment_size);
    return open_text(text, p->environment_size);
}

static int open_proc(const char *path)
{
    char file[32];
    int pid, again;
    if (strcmp(path, "/proc") == 0)
        return open_as((struct descriptor){.kind = PROC});
    if (sscanf(path, "/proc/self/fd/%d", &pid) == 1)
        return sinks[pid - 1].reopens ? open_as((struct descriptor){.kind = SINK, .sink = pid - 1, .nonblocking = 1}) : -EACCES;
    if (sscanf(path, "/proc/%d/task/%d/%31s", &pid, &again, file) == 3 && pid == fake.core->self && again == pid)
        return open_children();
    const struct process *p = sscanf(path, "/proc/%d/%31s", &pid, file) == 2 ? kernel_find(pid) : NULL;
    if (!p)
        return -ENOENT;
    return strcmp(file, "stat") == 0 ? open_stat(p) : open_environment(p);
}

int sys_open(const char *path, int flags, unsigned mode)
{
    int error = fails(OPEN);
    (void)flags;
    (void)mode;
    if (error)
        return error;
    return strncmp(path, "/proc", 5) == 0 ? open_proc(path) : open_as((struct descriptor){.kind = PLAIN});
}

int sys_rewind(int dir)
{
    int error = fails(REWIND);
    if (!error)
        held(dir)->at = 0;
    return error;
}

/* Two entries that are no process stand before the processes. */
int64_t sys_list(int dir, void *to, size_t size)
{
    struct descriptor *d = held(dir);
    int64_t used = 0;
    int error = fails(LIST);
    if (error)
        return error;
    for (; d->at < fake.process_count + 2u; d->at++) {
        struct dirent64 *e = (void *)((char *)to + used);
        const struct process *p = d->at < 2 ? NULL : &fake.processes[d->at - 2];
        if (p && !p->state)
            continue;
        if ((size_t)used + 40 > size)
            break;
        snprintf(e->d_name, 16, "%d", p ? p->pid : 0);
        if (!p)
            strcpy(e->d_name, d->at ? "self" : "1x");
        e->d_reclen = (unsigned short)((offsetof(struct dirent64, d_name) + strlen(e->d_name) + 8) & ~7u);
        used += e->d_reclen;
    }
    return used;
}

/* --- reading and writing --- */

/* The lowest number first, as many as there is room for. */
static int64_t read_signals(struct signalfd_siginfo *to, size_t room)
{
    size_t count = 0;
    for (; count < room && fake.signals; count++) {
        to[count] = (struct signalfd_siginfo){.ssi_signo = (uint32_t)__builtin_ctzll(fake.signals), .ssi_code = fake.signal_code};
        fake.signals &= fake.signals - 1;
    }
    return count ? (int64_t)(count * sizeof *to) : -EAGAIN;
}

int64_t sys_read(int fd, void *to, size_t size)
{
    struct descriptor *d = held(fd);
    int error = fails(READ);
    if (error)
        return error;
    if (d->kind == SIGNALS)
        return read_signals(to, size / sizeof(struct signalfd_siginfo));
    if (d->kind == PIPE_READ)
        return read_pipe(d, to, size);
    size_t left = d->size - d->at;
    size = size < left ? size : left;
    memcpy(to, d->text + d->at, size);
    d->at += size;
    return (int64_t)size;
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

int64_t sys_write(int fd, const void *from, size_t size)
{
    const struct descriptor *d = held(fd);
    int error = fails(WRITE);
    if (error)
        return error;
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
    int error = fails(SEND_NOWAIT);
    return error ? error : write_sink(held(fd), from, size);
}

int sys_writable(int fd) { return sinks[held(fd)->sink].room >= 4096; }
int sys_type(int fd) { return (int)sinks[held(fd)->sink].type; }
int sys_flags(int fd) { return held(fd)->kind == SINK ? O_WRONLY : 0; }

/* --- epoll --- */

int sys_signals(uint64_t set)
{
    int error = fails(SIGNALFD);
    (void)set;
    return error ? error : open_as((struct descriptor){.kind = SIGNALS});
}

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

static int is_ready(const struct watch *w)
{
    const struct descriptor *d = held(w->fd);
    if (!w->events && d->kind != PIPE_READ)
        return 0;
    switch (d->kind) {
    case SIGNALS: return fake.signals != 0;
    case PIPE_READ: return (w->events && d->pipe->size > d->pipe->head) || d->pipe->writers == 0;
    case PIDFD: return !kernel_find(d->pid) || kernel_find(d->pid)->state == 'Z';
    case SINK: return sinks[d->sink].room > 0;
    case FREE: case PLAIN: case PIPE_WRITE: case EPOLL: case PROC: case TEXT: break;
    }
    return 0;
}

static int gather(struct epoll_event *out, int room)
{
    int count = 0;
    for (uint32_t i = 0; i < watch_count && count < room; i++)
        if (is_ready(&watches[i]))
            out[count++] = (struct epoll_event){.events = watches[i].events, .data.u64 = watches[i].key};
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

int sys_epoll_wait(int epoll, struct epoll_event *out, int room, int timeout_ms)
{
    int error = fails(EPOLL_WAIT), count;
    uint64_t wake = timeout_ms < 0 ? NEVER : fake.now + (uint64_t)timeout_ms * 1000000;
    if (held(epoll)->kind != EPOLL)
        broken("that is no epoll");
    if (++turns > MOST_TURNS)
        broken("it turns round and round while the clock stands still");
    if (error)
        return error;
    do {
        kernel_happen();
        count = gather(out, room);
    } while (!count && !fake.said && fake.now < wake && sleep_until(wake));
    fake.said = 0;
    return count;
}
