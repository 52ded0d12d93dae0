/* Actions of probes and hooks: what the probe machines and a unit's lifecycle say of its errands. It must never look at
 * an answer: errand.c counts them.
 */

#include "action.h"
#include "core.h"
#include "say.h"

/* --- hooks, and the beginning and end of probes --- */

/* The probe machines hear an event in their order. */
static void tell_probes(struct core *c, struct unit *u, uint8_t event)
{
    for (int i = 0; i < PROBES; i++)
        step_post(c, (enum machine)(MACHINE_STARTUP + i), u, event);
}

static void begin_probe(struct core *c, struct unit *u, enum errand_kind kind)
{
    step_post(c, (enum machine)(MACHINE_STARTUP + kind), u, u->errands[kind] ? PROBE_EVENT_BEGIN : PROBE_EVENT_ABSENT);
}

/* What a hook comes to is heard before all that waits: after a stop it would be taken for the other hook's. */
static void run_hook(struct core *c, struct unit *u, struct errand *hook)
{
    if (hook)
        errand_begin(c, hook);
    else
        step_post_first(c, MACHINE_LIFE, u, LIFE_EVENT_HOOK_DONE);
}

void act_run_post_start(struct core *c, struct unit *u) { run_hook(c, u, u->errands[ERRAND_POST_START]); }

void act_mark_up(struct core *c, struct unit *u)
{
    u->begun = u->begun_in_round = 1;
    action_reach(c, u, MILESTONE_TRIED);
    begin_probe(c, u, ERRAND_STARTUP);
}

/* No grace, no hook. */
void act_run_pre_stop(struct core *c, struct unit *u)
{
    int has_time = timer_when(c, timer_of_unit(u)) > c->now;
    run_hook(c, u, has_time ? u->errands[ERRAND_PRE_STOP] : NULL);
}

void act_halt_probes(struct core *c, struct unit *u) { tell_probes(c, u, PROBE_EVENT_STOPPING); }

void act_end_errands(struct core *c, struct unit *u)
{
    for (int kind = PROBES; kind < ERRAND_COUNT; kind++)
        if (u->errands[kind])
            errand_end(c, u->errands[kind]);
    tell_probes(c, u, PROBE_EVENT_GONE);
}

/* --- probes: of the machine that is at work --- */

static void arm_errand(struct core *c, const struct errand *e, uint64_t when)
{
    timer_arm(c, timer_of_errand(c, e), when > c->now ? when : c->now);
}

void act_arm_first(struct core *c, struct unit *u)
{
    arm_errand(c, c->errand_at, u->started_at + c->errand_at->plan->delay_ns);
}

void act_arm_next(struct core *c, struct unit *u)
{
    (void)u;
    arm_errand(c, c->errand_at, c->errand_at->tried_at + c->errand_at->plan->period_ns);
}

void act_disarm_probe(struct core *c, struct unit *u)
{
    (void)u;
    timer_disarm(c, timer_of_errand(c, c->errand_at));
}

/* The next is due a period after this one was, not after we came to it, so that a probe keeps its step as a ticker
 * does. A step that was missed altogether is not made up for. */
void act_attempt(struct core *c, struct unit *u)
{
    struct errand *e = c->errand_at;
    uint64_t due = c->timers.when[timer_of_errand(c, e)];
    (void)u;
    if (e->timeout_ns)
        arm_errand(c, e, c->now + e->timeout_ns);
    errand_begin(c, e);
    if (c->now - due < e->plan->period_ns)
        e->tried_at = due;
}

void act_time_out(struct core *c, struct unit *u)
{
    (void)u;
    errand_end(c, c->errand_at);
    errand_count(c, c->errand_at, 0);
}

void act_abandon(struct core *c, struct unit *u)
{
    errand_end(c, c->errand_at);
    act_disarm_probe(c, u);
}

void act_forget_run(struct core *c, struct unit *u)
{
    (void)u;
    c->errand_at->run = 0;
}

void act_mark_started(struct core *c, struct unit *u)
{
    u->started = 1;
    u->book.started_up_at = c->now;
    if (u->errands[ERRAND_STARTUP])
        say(c, "%s: has started up", u->name);
    action_reach(c, u, MILESTONE_STARTED);
    for (enum errand_kind kind = ERRAND_LIVENESS; kind <= ERRAND_WATCHDOG; kind++)
        begin_probe(c, u, kind);
}

void act_mark_unstarted(struct core *c, struct unit *u)
{
    (void)c;
    u->started = 0;
}

void act_mark_ready(struct core *c, struct unit *u)
{
    if (!u->ready && u->errands[ERRAND_READINESS])
        say(c, "%s: ready", u->name);
    u->ready = 1;
    if (!u->book.ready_at)
        u->book.ready_at = c->now;
    action_reach(c, u, MILESTONE_READY);
}

void act_mark_unready(struct core *c, struct unit *u)
{
    if (u->ready && u->life != LIFE_DRAINING && u->errands[ERRAND_READINESS])
        say(c, "%s: not ready any more", u->name);
    u->ready = 0;
}

void act_tell_unhealthy(struct core *c, struct unit *u)
{
    const struct plan_errand *plan = c->errand_at->plan;
    char why[128];
    why[errand_why(c->errand_at, why, sizeof why - 1)] = 0;
    warn(c, "%s: unhealthy, is stopped: %s", u->name, why);
    if (!u->sick)
        u->sick_by = plan->kind;
    u->stop_grace = c->services_left <= 1 ? plan->last_grace_ns : plan->grace_ns;
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_UNHEALTHY);
}
