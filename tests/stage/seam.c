/* See stage.h: what the core does that the director hears of first, and may forbid. It must never do anything in the
 * core's place that he has not asked for.
 */

#include "stage.h"

#include <errno.h>

#include "core.h"
#include "seam.h"

enum { TIMERS = 4096, PIDFDS = 1024 };

static uint64_t armed[TIMERS], arms;
static int spawning, of_unit, of_errand;            /* whose fork the next one is */
static int32_t pidfds[PIDFDS];

/* --- cells --- */

void seam_step(struct core *c, int machine, const struct unit *u, int from, int event, int kind, int next)
{
    (void)c;
    tell("step %d %d %d %d %d %d\n", machine, u ? (int)u->slot : -1, from, event, kind, next);
}

/* --- timers: one when told, of those of one moment the one that was armed first --- */

WRAPPED(void, timer_arm, struct core *c, uint32_t id, uint64_t when)
{
    armed[id] = ++arms;
    __real_timer_arm(c, id, when);
}

static int is_before(const struct core *c, uint32_t a, uint32_t b)
{
    uint64_t first = timer_when(c, a), second = timer_when(c, b);
    return first < second || (first == second && armed[a] < armed[b]);
}

int __wrap_timer_pop_due(struct core *c, uint32_t *id);
int __wrap_timer_pop_due(struct core *c, uint32_t *id)
{
    uint32_t count = 2 * c->slot_count + POD_TIMERS + c->errand_count, best = count;
    for (uint32_t i = 0; i < count; i++)
        if (timer_when(c, i) && (best == count || is_before(c, i, best)))
            best = i;
    if (!may_fire || best == count || timer_when(c, best) > c->now)
        return 0;
    may_fire = 0;
    timer_disarm(c, *id = best);
    return 1;
}

/* --- processes --- */

WRAPPED(void, spawn_unit, struct core *c, struct unit *u)
{
    spawning = 1;
    of_unit = (int)u->slot;
    of_errand = -1;
    __real_spawn_unit(c, u);
    spawning = 0;
}

WRAPPED(int, spawn_errand, struct core *c, struct errand *e)
{
    spawning = 1;
    of_unit = (int)e->unit->slot;
    of_errand = e->plan->kind;
    int result = __real_spawn_errand(c, e);
    spawning = 0;
    return result;
}

WRAPPED(int32_t, sys_fork, void)
{
    int asked = spawning;
    if (asked && !may("fork", of_unit, of_errand))
        return -EAGAIN;
    int32_t pid = __real_sys_fork();
    if (asked && pid)
        tell("forked %d %d %d\n", of_unit, of_errand, pid);
    return pid;
}

WRAPPED(int32_t, sys_share, int (*run)(void *), void *stack_end, void *argument)
{
    if (!may("fork", of_unit, of_errand))
        return -EAGAIN;
    int32_t pid = __real_sys_share(run, stack_end, argument);
    tell("forked %d %d %d\n", of_unit, of_errand, pid);
    return pid;
}

WRAPPED(int, sys_reap, int32_t pid)
{
    int result = __real_sys_reap(pid);
    tell("reaped %d\n", pid);
    return result;
}

WRAPPED(int, sys_kill, int32_t pid, int sig)
{
    if (sig == 0)
        return __real_sys_kill(pid, sig);
    int result = __real_sys_kill(pid, may("kill", pid, sig) ? sig : 0);
    tell("killed %d %d %d\n", pid, sig, result);
    return result;
}

WRAPPED(int, sys_pidfd, int32_t pid)
{
    int fd = __real_sys_pidfd(pid);
    if (fd >= 0 && fd < PIDFDS)
        pidfds[fd] = pid;
    return fd;
}

WRAPPED(int, sys_pidfd_signal, int pidfd, int sig)
{
    int32_t pid = pidfds[pidfd];
    int result = __real_sys_pidfd_signal(pidfd, may("kill", pid, sig) ? sig : 0);
    tell("killed %d %d %d\n", pid, sig, result);
    return result;
}

WRAPPED(void, stray_sweep, struct core *c, int sig)
{
    tell("sweep %d\n", sig);
    __real_stray_sweep(c, sig);
}

/* --- what is asked, what programs say --- */

WRAPPED(void, dial_begin, struct core *c, struct errand *e)
{
    may("dial", e->unit->slot, e->plan->kind);
    __real_dial_begin(c, e);
}

WRAPPED(void, dial_end, struct core *c, struct errand *e)
{
    __real_dial_end(c, e);
    tell("over %u %d\n", e->unit->slot, e->plan->kind);
}

/* Those of other files: errand.c's own do not come by here. */
WRAPPED(void, errand_answer, struct core *c, struct errand *e, enum answer answer, enum why why, int32_t number)
{
    tell("over %u %d\n", e->unit->slot, e->plan->kind);
    __real_errand_answer(c, e, answer, why, number);
}

WRAPPED(void, notify_begin, struct core *c, struct errand *e)
{
    tell("watch %u %d\n", e->unit->slot, e->plan->kind);
    __real_notify_begin(c, e);
}

WRAPPED(void, notify_read, struct core *c, struct unit *u)
{
    __real_notify_read(c, u);
    tell("heard %u\n", u->slot);
}
