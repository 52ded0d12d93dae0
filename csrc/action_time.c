/* Actions that arm timers: graces, turns, back-off and the stop budget. Every number is the plan's. It must never
 * shorten or prolong anything by a number of its own.
 */

#include "action.h"
#include "core.h"
#include "say.h"

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t kill_limit(const struct core *c, const struct unit *u)
{
    return u->plan->kind == KIND_SIDECAR ? c->limits.sidecar_kill : c->limits.service_kill;
}

static uint64_t turn_limit(const struct core *c, const struct unit *u)
{
    return u->plan->kind == KIND_SIDECAR ? c->limits.sidecar_turn : c->limits.service_turn;
}

void act_begin_stop(struct core *c, struct unit *u)
{
    uint64_t until = c->now + u->stop_grace;
    u->stop_began = c->now;
    u->grace_left = u->stop_grace;
    timer_arm(c, timer_of_unit(u), c->budget_running ? earlier(until, turn_limit(c, u)) : until);
}

void act_spend_grace(struct core *c, struct unit *u)
{
    u->grace_left -= earlier(u->grace_left, c->now - u->stop_began);
}

void act_no_grace(struct core *c, struct unit *u)
{
    (void)c;
    u->grace_left = 0;
}

/* While the pod goes on nobody must go first. */
void act_await_turn(struct core *c, struct unit *u)
{
    if (c->budget_running)
        timer_arm(c, timer_of_unit(u), turn_limit(c, u));
    if (!c->budget_running || u->stop_waits == 0)
        step_post(c, MACHINE_LIFE, u, LIFE_EVENT_TURN_CAME);
}

/* A hook may have taken all of the grace: TERM without any time to heed it would be KILL. The pod's budget goes before
 * that, and there a grace that was short by itself stays so. */
void act_arm_grace(struct core *c, struct unit *u)
{
    uint64_t least = c->plan.pod->term_floor_ns, until;
    if (c->budget_running)
        least = earlier(least, u->stop_grace);
    until = c->now + (u->grace_left > least ? u->grace_left : least);
    timer_arm(c, timer_of_unit(u), c->budget_running ? earlier(until, kill_limit(c, u)) : until);
}

void act_clip_turn(struct core *c, struct unit *u)
{
    uint64_t when = timer_when(c, timer_of_unit(u));
    if (when > turn_limit(c, u))
        timer_arm(c, timer_of_unit(u), turn_limit(c, u));
}

void act_clip_grace(struct core *c, struct unit *u)
{
    uint64_t when = timer_when(c, timer_of_unit(u));
    if (when > kill_limit(c, u))
        timer_arm(c, timer_of_unit(u), kill_limit(c, u));
}

void act_arm_backoff(struct core *c, struct unit *u)
{
    const struct plan_run *ladder = &u->plan->delays;
    uint32_t rung = u->streak < ladder->count ? u->streak : ladder->count - 1;
    uint64_t delay = c->plan.delays[ladder->first + rung];
    u->streak++;
    timer_arm(c, timer_of_unit(u), u->ended_at + delay);
    say(c, "%s: restart %u in %t", u->name, u->restarts + 1, delay);
}

void act_arm_retry(struct core *c, struct unit *u)
{
    timer_arm(c, timer_of_unit(u), c->now + c->plan.pod->retry_ns);
}

void act_disarm(struct core *c, struct unit *u) { timer_disarm(c, timer_of_unit(u)); }

/* --- the pod --- */

void act_arm_round(struct core *c, struct unit *u)
{
    uint64_t when = c->round_began + c->plan.pod->round_floor_ns;
    (void)u;
    timer_arm(c, timer_of_pod(c, TIMER_ROUND), when > c->now ? when : c->now);
}

static uint64_t slice(const struct plan_slice *s, uint64_t of) { return earlier(s->cap_ns, of / s->divisor); }

static void set_limits(struct core *c, uint64_t budget)
{
    const struct plan_pod *pod = c->plan.pod;
    uint64_t end = budget - slice(&pod->margin, budget);
    uint64_t share = c->has_sidecars ? slice(&pod->sidecars, budget) : 0;
    c->limits = (struct stop_limits){
        .service_turn = c->now + end - share - slice(&pod->turn, end - share),
        .service_kill = c->now + end - share,
        .sidecar_turn = c->now + end - slice(&pod->turn, share),
        .sidecar_kill = c->now + end,
        .leave = c->now + budget,
    };
}

static uint64_t budget_of(const struct core *c)
{
    return c->grace_override != UINT64_MAX ? c->grace_override : c->plan.pod->budget_ns;
}

void act_curtail(struct core *c, struct unit *u)
{
    (void)u;
    c->grace_override = earlier(budget_of(c), c->plan.pod->eviction_ns);
}

void act_start_budget(struct core *c, struct unit *u)
{
    (void)u;
    set_limits(c, budget_of(c));
    c->budget_running = 1;
    timer_arm(c, timer_of_pod(c, TIMER_OVERDUE), c->limits.leave);
}

/* The moment to leave stays: what KILL cannot end may still take a while to go. */
void act_cut_all(struct core *c, struct unit *u)
{
    uint64_t leave = c->limits.leave;
    (void)u;
    say(c, "told again: no grace is left");
    set_limits(c, 0);
    c->limits.leave = leave;
    for (uint32_t i = 0; i < c->unit_count; i++)
        step_post(c, MACHINE_LIFE, c->units[i], LIFE_EVENT_CUT);
}
