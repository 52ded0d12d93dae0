/* The fake kernel's processes: they start, obey, ignore and die as a script says, each at its moment. Moments of the
 * agenda keep the order in which they were planned. It must never look at the core's state.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;

/* --- the agenda --- */

void kernel_plan(struct fact f)
{
    fake.facts = realloc(fake.facts, (fake.fact_count + 1) * sizeof f);
    f.order = ++fake.orders;
    fake.facts[fake.fact_count++] = f;
}

static size_t earliest(void)
{
    size_t best = 0;
    for (size_t i = 1; i < fake.fact_count; i++) {
        const struct fact *a = &fake.facts[i], *b = &fake.facts[best];
        if (a->at < b->at || (a->at == b->at && a->order < b->order))
            best = i;
    }
    return best;
}

uint64_t kernel_next(void) { return fake.fact_count ? fake.facts[earliest()].at : NEVER; }

/* --- processes --- */

struct process *kernel_find(int32_t pid)
{
    for (uint32_t i = 0; i < fake.process_count; i++)
        if (fake.processes[i].pid == pid && fake.processes[i].state)
            return &fake.processes[i];
    return NULL;
}

/* The array has room for all from the beginning: pointers stay. */
struct process *kernel_add(int32_t parent, int32_t group)
{
    struct process *p = fake.processes;
    while (p->state)
        p++;
    if (p == fake.processes + fake.process_count && ++fake.process_count == 4096)
        broken("more than 4096 processes");
    *p = (struct process){.pid = ++fake.last_pid, .parent = parent, .group = group, .state = 'S', .unit = -1,
                            .errand = -1};
    p->start = 1000 + (uint64_t)fake.last_pid;
    if (group < 0)
        p->group = p->pid;
    kernel_set_name(p, "program");
    kernel_set_environment(p, "", 0);
    return p;
}

void kernel_set_name(struct process *p, const char *name) { p->name = strdup(name); }

void kernel_set_environment(struct process *p, const char *bytes, size_t size)
{
    p->environment = malloc(size + 1);
    p->environment_size = size;
    memcpy(p->environment, bytes, size);
}

struct process *kernel_living(const struct fact *f)
{
    int32_t pid = f->pid ? f->pid : fake.behaviours[f->unit].leader;
    struct process *p = kernel_find(pid);
    return p && p->state == 'S' ? p : NULL;
}

/* --- deaths --- */

static void die_now(struct process *p, uint8_t by_signal, uint8_t code)
{
    if (p->state != 'S')
        return;
    p->state = 'Z';
    p->end = (struct sys_exit){p->pid, by_signal, code};
    p->died = ++fake.deaths;
    if (p->handshake)
        pipe_unref_writer(p->handshake);
    if (p->line)
        pipe_unref_writer(p->line);
    p->handshake = p->line = NULL;
    for (uint32_t i = 0; i < fake.process_count; i++)
        if (fake.processes[i].parent == p->pid)
            fake.processes[i].parent = fake.core->self;
    if (p->parent == fake.core->self)
        fake.signals |= SYS_SIGNAL_BIT(SIGCHLD);
    else
        p->state = 0;  /* its own parent reaps it */
}

static void plan_end(const struct process *p, uint64_t at, uint8_t by_signal, int code)
{
    kernel_plan((struct fact){.at = at, .kind = FACT_PROCESS_ENDED, .pid = p->pid, .a = by_signal, .b = code});
}

/* What the leader leaves behind: one process of its session. */
static void leave_rest(const struct process *leader)
{
    const struct behaviour *how = &fake.behaviours[leader->unit];
    if (how->rest == 0 || !leader->executed)
        return;
    struct process *p = kernel_add(fake.core->self, leader->pid);
    p->reaction = how->rest_stuck ? STUCK : IGNORES;
    if (how->rest != NEVER)
        plan_end(p, fake.now + how->rest, 0, 0);
}

void kernel_end(struct process *p, uint8_t by_signal, uint8_t code)
{
    if (p->unit >= 0)
        leave_rest(p);
    die_now(p, by_signal, code);
    if (p->reaction == FORKS && by_signal && code == SIGKILL) {
        struct process *child = kernel_add(fake.core->self, -1);
        child->reaction = IGNORES;
        child->is_stray = 1;
    }
}

/* --- signals --- */

static void obey(const struct process *p)
{
    const struct behaviour *how = &fake.behaviours[p->unit];
    if (how->stop_after != NEVER)
        plan_end(p, fake.now + how->stop_after, how->stop_code < 0, how->stop_code < 0 ? p->asked : how->stop_code);
}

static int is_deaf(const struct process *p)
{
    return p->unit >= 0 ? fake.behaviours[p->unit].stuck : p->reaction == STUCK;
}

/* Leaders answer to their stop signal, everybody else to TERM. */
void kernel_signal(struct process *p, int sig)
{
    if (p->state != 'S' || sig == 0 || sig == SIGCONT || sig == SIGSTOP)
        return;
    if (sig == SIGKILL) {
        if (!is_deaf(p))
            plan_end(p, fake.now, 1, SIGKILL);
    } else if (p->unit >= 0 && sig == fake.core->slots[p->unit]->plan->stop_signal) {
        p->asked = sig;
        if (p->executed)
            obey(p);
    } else if (p->unit < 0 && sig == SIGTERM && p->reaction == HEEDS) {
        plan_end(p, fake.now, 1, SIGTERM);
    }
}

struct process *kernel_dead_child(int *has_children)
{
    struct process *first = NULL;
    *has_children = 0;
    for (uint32_t i = 0; i < fake.process_count; i++) {
        struct process *p = &fake.processes[i];
        if (!p->state || p->parent != fake.core->self)
            continue;
        *has_children = 1;
        if (p->state == 'Z' && (!first || p->died < first->died))
            first = p;
    }
    return first;
}

/* --- fork --- */

void kernel_mark(struct process *p, uint32_t number)
{
    char text[128];
    int size = snprintf(text, sizeof text, "A=1%cMINIPOD_INSTANCE=%s.%u", 0, fake.core->mark, number);
    kernel_set_environment(p, text, (size_t)size + 1);
}

/* What it may say goes on by itself: how it gets the other end is child.c's. */
static struct pipe *line_of(uint32_t unit)
{
    const struct notes *notes = fake.core->slots[unit]->notes;
    struct pipe *line = notes && notes->child_end >= 0 ? held(notes->child_end)->pipe : NULL;
    if (line)
        line->writers++;
    return line;
}

int32_t kernel_fork(uint32_t unit, struct pipe *handshake)
{
    struct behaviour *how = &fake.behaviours[unit];
    struct start start = how->attempts < how->start_count ? how->starts[how->attempts] : (struct start){0, 0, 0};
    how->attempts++;
    if (start.starved)
        return -EAGAIN;
    struct process *p = kernel_add(fake.core->self, 0);
    p->unit = (int)unit;
    p->handshake = handshake;
    handshake->writers++;
    p->line = line_of(unit);
    kernel_mark(p, fake.core->slots[unit]->number);
    how->leader = p->pid;
    if (fake.core->slots[unit]->no_terminal)
        start = (struct start){0, 126, 0};
    if (start.after != NEVER)
        kernel_plan((struct fact){.at = fake.now + start.after, .kind = start.code ? FACT_UNSTARTABLE : FACT_EXECUTED,
                                  .pid = p->pid, .a = start.code});
    log_line("fork %u %d", unit, p->pid);
    return p->pid;
}

/* --- what happens --- */

static void execute(const struct fact *f)
{
    struct process *p = kernel_living(f);
    if (!p)
        return;
    const struct behaviour *how = &fake.behaviours[p->unit];
    p->executed = 1;
    p->group = p->pid;
    pipe_unref_writer(p->handshake);
    p->handshake = NULL;
    if (p->asked)
        obey(p);
    if (how->ready_after != NEVER)
        kernel_plan((struct fact){.at = fake.now + how->ready_after, .kind = FACT_NOTIFIED, .unit = p->unit,
                                  .pid = p->pid, .a = NOTICE_READY});
}

static void fail_to_execute(const struct fact *f)
{
    struct process *p = kernel_living(f);
    int32_t no_terminal = p ? fake.core->slots[p->unit]->no_terminal : 0;
    struct child_failure why = {f->a == 127 ? ENOENT : EACCES, STAGE_EXEC, 0, 0};
    if (!p)
        return;
    if (no_terminal)
        why = (struct child_failure){no_terminal, STAGE_TERMINAL, 0, 0};
    p->group = p->pid;
    pipe_write(p->handshake, (const char *)&why, sizeof why);
    die_now(p, 0, (uint8_t)f->a);
}

static void end_leader(const struct fact *f)
{
    struct process *p = kernel_living(f);
    fake.lost += !p;
    fake.oom_kills += p && f->kind == FACT_OOM;
    if (p && f->kind == FACT_OOM)
        kernel_end(p, 1, SIGKILL);
    else if (p)
        kernel_end(p, (uint8_t)f->a, (uint8_t)f->b);
}

static void end_stray(const struct fact *f)
{
    for (uint32_t i = 0; i < fake.process_count; i++) {
        struct process *p = &fake.processes[i];
        if (p->is_stray && p->state == 'S' && p->reaction == (enum reaction)f->a) {
            kernel_end(p, 0, 0);
            return;
        }
    }
    fake.lost++;
}

static struct process *by_key(const char *key)
{
    for (uint32_t i = 0; i < fake.process_count; i++)
        if (fake.processes[i].state && strcmp(fake.processes[i].key, key) == 0)
            return &fake.processes[i];
    return NULL;
}

/* "u2": the leader of unit 2; "self"; else the key of one that was added before. */
static int32_t whom(const char *word)
{
    if (strcmp(word, "self") == 0)
        return fake.core->self;
    if (word[0] == 'u' && word[1] >= '0' && word[1] <= '9')
        return fake.behaviours[atoi(word + 1)].leader;
    return by_key(word)->pid;
}

/* KEY PARENT SESSION NAME; size bytes of environment follow the NUL. */
static void add_process(const struct fact *f)
{
    char key[16], parent[16], session[16];
    int used = 0;
    if (sscanf(f->text, "%15s %15s %15s %n", key, parent, session, &used) != 3)
        broken("a process needs a key, a parent and a session");
    struct process *p = kernel_add(whom(parent), strcmp(session, "own") == 0 ? -1 : whom(session));
    memcpy(p->key, key, sizeof key);
    p->reaction = (enum reaction)f->a;
    p->executed = 1;
    kernel_set_name(p, f->text + used);
    kernel_set_environment(p, f->text + strlen(f->text) + 1, f->size);
    log_line("process %s %d", key, p->pid);
}

static void happen(const struct fact *f)
{
    switch (f->kind) {
    case FACT_EXECUTED: execute(f); break;
    case FACT_UNSTARTABLE: fail_to_execute(f); break;
    case FACT_ENDED:
    case FACT_OOM: end_leader(f); break;
    case FACT_PROCESS_ENDED:
        if (kernel_find(f->pid) && kernel_find(f->pid)->state == 'S')
            kernel_end(kernel_find(f->pid), (uint8_t)f->a, (uint8_t)f->b);
        break;
    case FACT_STRAY_ENDED: end_stray(f); break;
    case FACT_SAID:
        step_post(fake.core, (enum machine)f->a, f->unit < 0 ? NULL : fake.core->slots[f->unit], (uint8_t)f->b);
        fake.said = 1;
        break;
    case FACT_SIGNAL:
        fake.signals |= SYS_SIGNAL_BIT(f->a);
        fake.signal_code = f->b;
        break;
    case FACT_WRITE:
        if (pipe_of_stream((uint32_t)f->unit, (uint32_t)f->a))
            pipe_write(pipe_of_stream((uint32_t)f->unit, (uint32_t)f->a), f->text, f->size);
        break;
    case FACT_ROOM: sinks[f->a].room += f->size; break;
    case FACT_FILE: file_turned(f); break;
    case FACT_VOLUME: volume_turned(f); break;
    case FACT_FETCH: fetch_turned(f); break;
    case FACT_PROCESS: add_process(f); break;
    case FACT_TURNED:
    case FACT_ERRAND_EXECUTED:
    case FACT_ERRAND_UNASKED: errand_happen(f); break;
    case FACT_NOTIFIED: net_notify(f); break;
    case FACT_PULSE: net_beat(f); break;
    case FACT_REPLIED: net_replied(f); break;
    case FACT_CLIENT: knocker_turned(f); break;
    }
}

void kernel_happen(void)
{
    uint64_t last = fake.orders;
    for (size_t i; fake.fact_count && fake.facts[i = earliest()].at <= fake.now && fake.facts[i].order <= last;) {
        struct fact f = fake.facts[i];
        fake.facts[i] = fake.facts[--fake.fact_count];
        happen(&f);
        free(f.text);
    }
}
