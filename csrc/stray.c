/* Strays: what units leave behind, found by walks over /proc. A process is attributed to a unit by its session, by
 * having been seen below the unit's leader, or by the mark in its environment; who has none of these is left to the
 * pod's end. It must never signal a number: a direct child cannot be reused before we reap it, anybody else is held by
 * a pidfd and looked at again before the signal.
 *
 * One walk reads one small file per process of the namespace and as many again up to us: about 10 us each. It runs only
 * when something is left, or a single unit is stopped.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core.h"
#include "say.h"

enum { DEPTH = 64 };

struct process { int32_t pid, parent, group, session; uint64_t threads, start; char state; };

/* What a walk does with one it found: for whom, and with which signal. */
struct mission { struct unit *unit; int sig; };
typedef void visitor(struct core *, const struct process *, const struct mission *);

/* --- /proc --- */

static int64_t read_file(const char *path, char *to, size_t room)
{
    int fd = sys_open(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    int64_t size = sys_read(fd, to, room);
    sys_close(fd);
    return size;
}

static void proc_path(char out[32], int32_t pid, const char *file)
{
    out[say_format(out, 31, "/proc/%d/%s", (int)pid, file)] = 0;
}

static const char *skip_fields(const char *at, int count)
{
    for (; count > 0 && *at; at++)
        count -= *at == ' ';
    return at;
}

static uint64_t number(const char **at)
{
    uint64_t n = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        n = n * 10 + (uint64_t)(**at - '0');
    return n;
}

/* Fields 1, 3 to 6, 20 and 22 of /proc/PID/stat; the name, field 2, may hold anything but ends at the last ')'. */
static int process_read(int32_t pid, struct process *out)
{
    char path[32], text[1024];
    proc_path(path, pid, "stat");
    int64_t size = read_file(path, text, sizeof text - 1);
    if (size <= 0)
        return 0;
    text[size] = 0;
    const char *at = text + size;
    while (at > text && *at != ')')
        at--;
    at = skip_fields(at, 1);
    out->pid = pid;
    out->state = *at;
    at = skip_fields(at, 1);
    out->parent = (int32_t)number(&at);
    at = skip_fields(at, 1);
    out->group = (int32_t)number(&at);
    at = skip_fields(at, 1);
    out->session = (int32_t)number(&at);
    at = skip_fields(at, 14);
    out->threads = number(&at);
    at = skip_fields(at, 2);
    out->start = number(&at);
    return 1;
}

static int is_below(const struct process *p, int32_t ancestor)
{
    struct process at = *p;
    for (int depth = 0; depth < DEPTH && at.parent > 0; depth++) {
        if (at.parent == ancestor)
            return 1;
        if (!process_read(at.parent, &at))
            return 0;
    }
    return 0;
}

/* --- whose --- */

/* Who has the terminal shares our session: its group is what it does not share. */
static int is_of_session(const struct core *c, const struct unit *u, const struct process *p)
{
    int32_t its = terminal_is_of(c, u) ? p->group : p->session;
    return its != 0 && its == u->group;
}

static struct unit *of_number(struct core *c, uint32_t number)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (c->units[i]->number == number)
            return c->units[i];
    return NULL;
}

static struct unit *owner(struct core *c, const struct process *p)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (is_of_session(c, c->units[i], p))
            return c->units[i];
    for (uint32_t i = 0; i < c->noted_count; i++)
        if (c->noted[i].pid == p->pid && c->noted[i].start == p->start)
            return c->slots[c->noted[i].unit];
    return of_number(c, mark_find(c, p->pid));
}

/* By any of its four uids; 0 where /proc does not say. */
int stray_runs_as(int32_t pid, uint32_t uid)
{
    char path[32], text[4096];
    const char *at;
    proc_path(path, pid, "status");
    int64_t size = read_file(path, text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    if ((at = strstr(text, "\nUid:")) == NULL)
        return 0;
    for (at += strlen("\nUid:"); *at == '\t';) {
        at++;
        if (number(&at) == uid)
            return 1;
    }
    return 0;
}

/* --- walks --- */

static int is_wanted(struct core *c, int32_t pid, struct unit *wanted, struct process *p)
{
    return c->proc >= 0 && process_read(pid, p) && p->state != 'Z' && pid != c->self && !writer_is(c, pid)
           && !volume_is(c, pid) && !message_is(c, pid) && !fetch_is(c, pid)
           && is_below(p, c->self) && (!wanted || owner(c, p) == wanted);
}

int stray_is_of(struct core *c, struct unit *u, int32_t pid)
{
    struct process p;
    return is_wanted(c, pid, u, &p);
}

char stray_state(int32_t pid)
{
    struct process p;
    return process_read(pid, &p) ? p.state : 0;
}

/* Visits the living descendants of ours, or only those that are attributed to unit wanted; returns how many. */
static uint32_t walk(struct core *c, struct unit *wanted, visitor *visit, const struct mission *mission)
{
    _Alignas(8) char entries[4096];
    uint32_t visited = 0;
    int64_t size;
    if (c->proc < 0 || sys_rewind(c->proc) < 0)
        return 0;
    while ((size = sys_list(c->proc, entries, sizeof entries)) > 0)
        for (int64_t at = 0; at < size; at += sys_entry_at(entries + at)->length) {
            const char *digits = sys_entry_at(entries + at)->name;
            struct process p;
            if (*digits < '1' || *digits > '9' || !is_wanted(c, (int32_t)number(&digits), wanted, &p))
                continue;
            visited++;
            visit(c, &p, mission);
        }
    return visited;
}

/* Where the kernel or a filter has no pidfd_open(), the process's directory is as good. */
static int hold(int32_t pid)
{
    char path[32];
    int fd = sys_pidfd(pid);
    if (fd >= 0 || fd == -ESRCH)
        return fd;
    proc_path(path, pid, "");
    return sys_open(path, O_RDONLY | O_DIRECTORY, 0);
}

static void signal_one(struct core *c, const struct process *p, const struct mission *mission)
{
    struct process again;
    int fd = p->parent == c->self ? -1 : hold(p->pid), result = 0;
    if (p->parent == c->self)
        result = sys_kill(p->pid, mission->sig);
    else if (fd >= 0 && process_read(p->pid, &again) && again.start == p->start)
        result = sys_pidfd_signal(fd, mission->sig);
    if (fd >= 0)
        sys_close(fd);
    if (result == -EPERM && mission->sig == SIGTERM)    /* once; KILL is repeated until all have gone */
        warn(c, "process %d: cannot send SIGTERM: %s", (int)p->pid, say_error(EPERM));
}

/* One pidfd is enough: when it ends, the look that follows finds the next. It matters for those whose end the kernel
 * tells somebody else. */
static void watch_one(struct core *c, const struct process *p, const struct mission *mission)
{
    struct unit *u = mission->unit;
    if (u->kill_rest)
        signal_one(c, p, &(struct mission){u, SIGKILL});
    if (u->watch >= 0)
        return;
    u->watch = sys_pidfd(p->pid);
    if (u->watch >= 0 && loop_watch(c, u->watch, EPOLLIN, WATCH_STRAGGLER, u->slot) < 0) {
        sys_close(u->watch);
        u->watch = -1;
    }
}

static void note_one(struct core *c, const struct process *p, const struct mission *mission)
{
    struct unit *u = mission->unit;
    if (is_of_session(c, u, p) || c->noted_count == NOTED_MOST || !is_below(p, u->pid))
        return;
    c->noted[c->noted_count++] = (struct noted){p->pid, u->slot, p->start};
}

void stray_forget(struct core *c, const struct unit *u)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->noted_count; i++)
        if (c->noted[i].unit != u->slot)
            c->noted[kept++] = c->noted[i];
    c->noted_count = kept;
}

/* Before a single unit is stopped: who lives below its leader but has left its session. */
void stray_note(struct core *c, struct unit *u)
{
    stray_forget(c, u);
    if (u->pid)
        walk(c, NULL, note_one, &(struct mission){u, 0});
}

void stray_signal_unit(struct core *c, struct unit *u, int sig)
{
    if (u->pid)
        sys_kill(-u->pid, sig);  /* alive or a zombie: the number is its own */
    else
        walk(c, u, signal_one, &(struct mission){u, sig});
}

static void ask_one(struct core *c, const struct process *p, const struct mission *mission)
{
    if (p->group == mission->unit->group)
        return;
    signal_one(c, p, &(struct mission){mission->unit, SIGTERM});
    signal_one(c, p, &(struct mission){mission->unit, SIGCONT});
}

/* As text; negative: nobody can tell. */
static int64_t read_children(int32_t pid, char *to, size_t room)
{
    char path[64];
    path[say_format(path, sizeof path - 1, "/proc/%d/task/%d/children", (int)pid, (int)pid)] = 0;
    return read_file(path, to, room);
}

/* 1 when a child of ours is no unit's leader, or nobody can tell. */
static int has_unknown_child(struct core *c)
{
    char text[4096];
    int64_t size = c->is_alone ? 0 : c->proc < 0 ? -1 : read_children(c->self, text, sizeof text - 1);
    if (size < 0 || size == sizeof text - 1)
        return 1;
    text[size] = 0;
    for (const char *at = text; *at;) {
        int32_t pid = (int32_t)number(&at);
        if (!reap_unit_of(c, pid) && !reap_errand_of(c, pid) && !writer_is(c, pid) && !volume_is(c, pid)
            && !message_is(c, pid) && !fetch_is(c, pid))
            return 1;
        at += *at == ' ';
    }
    return 0;
}

/* 1: one thread without a child. It costs a few calls to know, where a walk costs some for each process there is. */
static int is_childless(int32_t pid)
{
    struct process p;
    char first;
    return process_read(pid, &p) && p.threads == 1 && read_children(pid, &first, 1) == 0;
}

void stray_ask_others(struct core *c, struct unit *u)
{
    if (!is_childless(u->pid) || has_unknown_child(c))      /* in this order: when it ends its children become ours */
        walk(c, NULL, ask_one, &(struct mission){u, SIGTERM});
}

/* --- what is left --- */

static void ignore_one(struct core *c, const struct process *p, const struct mission *mission)
{
    (void)c;
    (void)p;
    (void)mission;
}

/* Where nobody will look for them: 0. */
uint32_t stray_count(struct core *c, struct unit *u)
{
    if (u->plan->leave_rest || c->budget_running || !has_unknown_child(c))
        return 0;
    return walk(c, u, ignore_one, &(struct mission){u, 0});
}

/* While the pod ends, only the group holds a unit back: the last sweep takes everybody else. */
static int has_rest(struct core *c, struct unit *u)
{
    if (u->plan->leave_rest || u->group == 0)
        return 0;
    int group_gone = sys_kill(-u->group, 0) == -ESRCH;
    if (group_gone && (c->budget_running || !has_unknown_child(c)))
        return 0;
    return walk(c, u, watch_one, &(struct mission){u, 0}) > 0;
}

static void end_watch(struct core *c, struct unit *u)
{
    if (u->watch < 0)
        return;
    loop_forget(c, u->watch);
    sys_close(u->watch);
    u->watch = -1;
}

void stray_check_all(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++) {
        struct unit *u = c->units[i];
        if (!u->check_rest || u->pid)
            continue;
        end_watch(c, u);
        if (has_rest(c, u))
            continue;
        u->check_rest = 0;
        u->group = c->proc < 0 ? u->group : 0;  /* without /proc it is all that the last sweep will know */
        stray_forget(c, u);
        step_post(c, MACHINE_LIFE, u, LIFE_EVENT_DRAINED);
    }
}

static uint32_t signal_all(struct core *c, int sig)
{
    return c->proc < 0 ? proc_signal_groups(c, sig) : walk(c, NULL, signal_one, &(struct mission){NULL, sig});
}

/* At the pod's end: everybody below us, whoever they belong to. */
void stray_sweep(struct core *c, int sig)
{
    struct sys_exit end;
    int found = sys_child_ended(&end);
    if (found == -ECHILD) {
        step_post(c, MACHINE_POD, NULL, POD_EVENT_NOTHING_LEFT);
        return;
    }
    c->reap_more |= found == 1;  /* whoever it is, the reaping that follows tells how many are left */
    uint32_t left = signal_all(c, sig);
    if (sig == SIGTERM) {
        signal_all(c, SIGCONT);
        if (left)
            say(c, left == 1 ? "%u process is left behind: asked to end" : "%u processes are left behind: asked to end",
                left);
    }
}
