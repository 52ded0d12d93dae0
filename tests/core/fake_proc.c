/* The part of csrc/sys.h that is about processes, over the fake kernel: fork, signals, reaping, pidfds, and the files
 * of /proc that tell of them. A signal to everybody, or to a number that was given back, ends the run.
 */
#include "fake.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- processes --- */

/* The one pipe whose other end waits for news of a start says for whom the child is. */
int32_t sys_fork(void)
{
    uint32_t index;
    int error = fails(FORK);
    for (int fd = 3; !error && fd < DESCRIPTORS; fd++) {
        if (table[fd].kind != PIPE_WRITE)
            continue;
        if (watched_as(WATCH_HANDSHAKE, table[fd].pipe, &index))
            return kernel_fork(index, table[fd].pipe);
        if (watched_as(WATCH_ERRAND_HANDSHAKE, table[fd].pipe, &index))
            return errand_fork(index, table[fd].pipe);
    }
    if (!error && terminal_is_hung())
        return terminal_fork();
    return error ? error : -ENOSYS;
}

/* The child never runs here; what is checked is that no two of them have one stack. */
int32_t sys_share(int (*run)(void *), void *stack_end, void *argument)
{
    (void)run;
    const uint8_t *stacks = fake.core->stacks, *end = stack_end;
    size_t slot = (size_t)(end - stacks) / STACK_ROOM;
    if (end != argument || slot >= STACKS || end + sizeof(struct child_start) > stacks + (slot + 1) * STACK_ROOM)
        broken("a child's stack and its start lie apart");
    if (fake.core->stack_of[slot])
        broken("a child was given a stack that is another's");
    return sys_fork();
}

/* And whether it finds a unit's leader alive. */
static void log_signal(int32_t pid, int sig)
{
    const struct process *p = kernel_find(pid < 0 ? -pid : pid);
    log_line("kill %d %d %d", pid, sig, p && p->state == 'S' && p->unit >= 0);
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
        log_signal(pid, sig);
    if (pid == fake.core->self || file_killed(pid, sig) || fetch_killed(pid, sig))
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

int sys_has_child_in(int32_t group)
{
    for (uint32_t i = 0; i < fake.process_count; i++) {
        const struct process *p = &fake.processes[i];
        if (p->state && p->parent == fake.core->self && p->group == group)
            return 1;
    }
    return 0;
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
    log_signal(held(pidfd)->pid, sig);
    if (p)
        kernel_signal(p, sig);
    return p ? 0 : -ESRCH;
}

int32_t sys_group_of(int32_t pid)
{
    const struct process *p = kernel_find(pid);
    return p ? p->group : -ESRCH;
}

/* --- files --- */

static int open_text(char *text, size_t size)
{
    return open_as((struct descriptor){.kind = TEXT, .text = text, .size = size});
}

static int open_children(int32_t parent)
{
    char *text = calloc(16, fake.process_count + 1);
    size_t size = 0;
    for (uint32_t i = 0; i < fake.process_count; i++)
        if (fake.processes[i].state && fake.processes[i].parent == parent)
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

/* A process's directory is as good as a pidfd of it. */
static int open_directory(int32_t pid)
{
    return kernel_find(pid) ? open_as((struct descriptor){.kind = PIDFD, .pid = pid}) : -ENOENT;
}

static int open_environment(const struct process *p)
{
    if (p->environment_size == 1 && *p->environment == '-')
        return -EACCES;
    char *text = malloc(p->environment_size + 1);
    memcpy(text, p->environment, p->environment_size);
    return open_text(text, p->environment_size);
}

static int open_sink_anew(int sink)
{
    return sinks[sink].reopens ? open_as((struct descriptor){.kind = SINK, .sink = sink, .nonblocking = 1}) : -EACCES;
}

static int open_proc(const char *path)
{
    char file[32];
    int pid, again;
    if (strcmp(path, "/proc") == 0)
        return open_as((struct descriptor){.kind = PROC});
    if (strcmp(path, "/proc/self/cgroup") == 0)
        return open_text(strdup("1:cpu:/\n0::/pod\n"), 15);
    if (sscanf(path, "/proc/self/fd/%d", &pid) == 1)
        return pid == 0 ? -ENXIO : open_sink_anew(pid - 1);
    if (sscanf(path, "/proc/%d/task/%d/%31s", &pid, &again, file) == 3 && again == pid)
        return open_children(pid);
    if (sscanf(path, "/proc/%d/%31s", &pid, file) == 1 && path[strlen(path) - 1] == '/')
        return open_directory(pid);
    const struct process *p = sscanf(path, "/proc/%d/%31s", &pid, file) == 2 ? kernel_find(pid) : NULL;
    if (!p)
        return -ENOENT;
    return strcmp(file, "stat") == 0 ? open_stat(p) : open_environment(p);
}

int64_t sys_read_link(const char *path, char *to, size_t room)
{
    char text[16];
    size_t size = (size_t)sprintf(text, "%d", fake.core->self);
    if (strcmp(path, "/proc/self") != 0 || size > room)
        return -EINVAL;
    memcpy(to, text, size);
    return (int64_t)size;
}

int sys_open(const char *path, int flags, unsigned mode)
{
    int error = fails(OPEN);
    (void)mode;
    if (error)
        return error;
    if (strcmp(path, "/sys/fs/cgroup/pod/memory.events") == 0 || strcmp(path, "/sys/fs/cgroup/memory.events") == 0)
        return open_as((struct descriptor){.kind = OOM});
    if (strcmp(path, "/dev/ptmx") == 0)
        return terminal_open_new(flags);
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
