/* The pod's phase as things stand: facts of the books make a key, the policy's table has the answer. It must never
 * decide what a phase is.
 */

#include "core.h"

#define LIFE(state) (1u << LIFE_##state)
#define BIT(name) (1u << PHASE_BIT_##name)

static int is(const struct unit *u, unsigned states) { return (states >> u->life & 1) != 0; }

static int has_process(const struct unit *u)
{
    return is(u, LIFE(UP) | LIFE(PRE_STOP) | LIFE(TURN) | LIFE(TERM_SENT) | LIFE(KILL_SENT) | LIFE(DRAINING));
}

static int is_starting(const struct unit *u) { return is(u, LIFE(SPAWNING) | LIFE(POST_START)); }

/* Somebody stopped it: it counts as running. */
static int is_held(const struct unit *u) { return is(u, LIFE(HELD)) && u->want == WANT_HOLD && u->begun; }

static unsigned init_bits(const struct unit *u)
{
    if (is(u, LIFE(ENDED)))
        return u->reached & 1u << MILESTONE_COMPLETED || u->outcome == OUTCOME_STOPPED ? 0 : BIT(FAILED_INIT);
    return has_process(u) || is_starting(u) || !u->has_run ? BIT(PENDING) : 0;
}

static unsigned main_bits(const struct unit *u)
{
    int over = is(u, LIFE(ENDED)), stopped = over || (u->has_run && !has_process(u) && !is_held(u));
    unsigned bits = 0;
    if (!over && !u->begun && !u->has_run)
        bits |= BIT(PENDING);
    if ((u->begun && has_process(u)) || is_held(u))
        bits |= BIT(RUNNING);
    if (u->plan->kind != KIND_SERVICE)
        return bits;
    if (stopped)
        bits |= BIT(STOPPED);
    if (stopped && !over)
        bits |= BIT(RESTARTING);
    if (stopped && (!u->has_run || u->code))
        bits |= BIT(UNSUCCESSFUL);
    return bits;
}

/* One walk over the units: nobody asks more than a few times a second. */
uint8_t core_phase(const struct core *c)
{
    const struct unit *decider;
    unsigned bits = 0;
    int is_initialized = 0, has_unstarted = 0;
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const struct unit *u = c->units[i];
        bits |= u->plan->kind == KIND_INIT ? init_bits(u) : main_bits(u);
        is_initialized |= u->plan->kind == KIND_SERVICE && u->begun_in_round;
        has_unstarted |= u->plan->kind == KIND_SIDECAR && has_process(u) && !u->started;
    }
    if (has_unstarted && !is_initialized)
        bits |= BIT(PENDING);
    if (c->budget_running) {
        bits &= ~BIT(UNSUCCESSFUL);
        bits |= core_exit_code(c, &decider) ? BIT(UNSUCCESSFUL) : 0;
    }
    return step_phase(c->state == POD_OVER ? bits | BIT(OVER) : bits);
}
