/* Actions: what the cells of the policy tables say, one function each. An action never steps a machine; it may post an
 * event. It must never ask what a unit is or what is wanted of it: that was decided by the cell that names the action.
 */

#include "action.h"
#include "core.h"
#include "say.h"

static void act_nothing(struct core *c, struct unit *u)
{
    (void)c;
    (void)u;
}

/* --- order --- */

/* Another plan may give predecessors to a unit that runs, or is about to run again: it has had its own. */
static int is_past_waiting(const struct unit *u) { return u->in_round && u->life != LIFE_HELD; }

/* first has reached a milestone: whoever waits for it waits for one thing less. */
void action_reach(struct core *c, struct unit *first, uint8_t milestone)
{
    const struct plan_edge *edges = c->plan.edges + first->plan->edges.first;
    if (first->reached & (1u << milestone))
        return;
    first->reached |= (uint8_t)(1u << milestone);
    for (uint32_t i = 0; i < first->plan->edges.count; i++) {
        struct unit *second = c->units[edges[i].second];
        if (edges[i].milestone != milestone)
            continue;
        if (edges[i].direction == DIRECTION_START && --second->start_waits == 0 && !is_past_waiting(second))
            step_post(c, MACHINE_WANT, second, WANT_EVENT_CLEAR);
        if (edges[i].direction == DIRECTION_STOP && --second->stop_waits == 0)
            step_post(c, MACHINE_LIFE, second, LIFE_EVENT_TURN_CAME);
    }
}

/* u is over: what it has not reached it never will. */
static void fail_dependents(struct core *c, const struct unit *u)
{
    const struct plan_edge *edges = c->plan.edges + u->plan->edges.first;
    for (uint32_t i = 0; i < u->plan->edges.count; i++)
        if (edges[i].direction == DIRECTION_START && !(u->reached & (1u << edges[i].milestone))
            && !is_past_waiting(c->units[edges[i].second]))
            step_post(c, MACHINE_WANT, c->units[edges[i].second], WANT_EVENT_STUCK);
}

static void act_settle(struct core *c, struct unit *u)
{
    timer_disarm(c, timer_of_deadline(u));
    step_settle(c, u);
    action_reach(c, u, MILESTONE_GONE);
    fail_dependents(c, u);
    if (--c->units_left == 0)
        step_post(c, MACHINE_POD, NULL, POD_EVENT_UNITS_OVER);
}

/* --- the instance --- */

static void act_spawn(struct core *c, struct unit *u) { spawn_unit(c, u); }

static void act_renew(struct core *c, struct unit *u) { step_post(c, MACHINE_WANT, u, WANT_EVENT_RENEWED); }

static void act_send_stop(struct core *c, struct unit *u)
{
    if (!c->budget_running)
        stray_note(c, u);
    signal_to_unit(c, u, u->plan->stop_signal);
    signal_to_unit(c, u, SIGCONT);  /* a stopped process would never see it */
    if (c->budget_running && u->plan->leave_rest && u->plan->stop_scope == STOP_SCOPE_GROUP)
        stray_ask_others(c, u);  /* nobody asks them before the last sweep, and then there may be no time left */
}

static void act_send_kill(struct core *c, struct unit *u)
{
    if (!c->budget_running)
        stray_note(c, u);
    say(c, "%s: did not end in time: killed", u->name);
    u->kill_rest = 1;
    signal_kill_unit(c, u);
}

static void act_ease_rest(struct core *c, struct unit *u)
{
    uint64_t until = c->now + u->plan->rest_grace_ns, when = timer_when(c, timer_of_unit(u));
    if (when == 0 || until < when)
        timer_arm(c, timer_of_unit(u), until);
}

static void act_kill_rest(struct core *c, struct unit *u)
{
    if (u->plan->ask_rest && u->pid)  /* a zombie: its number is still its group's */
        stray_signal_unit(c, u, SIGTERM);
    if (u->plan->leave_rest)
        return;
    u->kill_rest = 1;
    stray_signal_unit(c, u, SIGKILL);
}

/* Looked after when its leader is reaped; one that there was no process for has none. */
static void act_check_rest(struct core *c, struct unit *u)
{
    u->check_rest = 1;
    c->reap_more |= u->pid == 0;
}

/* --- what it means --- */

static void act_note_deadline(struct core *c, struct unit *u)
{
    warn(c, "%s: its deadline of %t ran out", u->name, u->plan->deadline_ns);
    u->deadline_hit = 1;
}

static void act_note_sick(struct core *c, struct unit *u)
{
    (void)c;
    u->sick = 1;
}

static void act_blame_dependency(struct core *c, struct unit *u)
{
    warn(c, "%s: cannot start: what it waits for will never be", u->name);
    u->blamed_dependency = 1;
}

static void act_judge(struct core *c, struct unit *u)
{
    action_reach(c, u, MILESTONE_TRIED);
    step_judge(c, u);
}


static void act_tell_rest(struct core *c, struct unit *u) { round_rest(c, u); }

static void act_revive(struct core *c, struct unit *u)
{
    (void)u;
    c->units_left++;
}

static void act_ask_round(struct core *c, struct unit *u)
{
    u->streak++;
    say(c, "%s: a restart rule wants the whole pod to begin anew", u->name);
    step_post(c, MACHINE_POD, u, POD_EVENT_RESTART_ALL);
}

static void act_ask_go(struct core *c, struct unit *u)
{
    if (u->start_waits == 0)
        step_post(c, MACHINE_LIFE, u, LIFE_EVENT_GO);
}

static void act_tell_stop(struct core *c, struct unit *u) { step_post(c, MACHINE_LIFE, u, LIFE_EVENT_STOP); }

static void act_tell_wind_down(struct core *c, struct unit *u) { step_post(c, MACHINE_LIFE, u, LIFE_EVENT_WIND_DOWN); }

static void act_tell_never(struct core *c, struct unit *u) { step_post(c, MACHINE_LIFE, u, LIFE_EVENT_NEVER); }

/* From here on its rest counts: one that was told to start a moment before has yet to end for the new beginning. */
static void act_tell_afresh(struct core *c, struct unit *u)
{
    u->awaits_round = 1;
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_AFRESH);
}

static void act_blame(struct core *c, struct unit *u)
{
    if (!c->blamed)
        c->blamed = u;
}

static void tally(struct core *c)
{
    if (--c->services_left == 0)
        step_post(c, MACHINE_POD, NULL, c->services_failed ? POD_EVENT_ALL_FAILED : POD_EVENT_ALL_DONE);
}

static void act_tally_done(struct core *c, struct unit *u)
{
    (void)u;
    tally(c);
}

static void act_tally_failed(struct core *c, struct unit *u)
{
    (void)u;
    c->services_failed++;
    tally(c);
}

/* --- the pod --- */

/* The event that brought us here is not the action's business: step.c keeps it, and whose end it was. */
static void act_fix_cause(struct core *c, struct unit *u)
{
    (void)u;
    c->cause = c->pod_event;
    c->culprit = c->pod_event_of;
    if (c->cause == POD_EVENT_TOLD)
        say(c, c->told_by == TOLD_BY_CONTROL ? "stopping: told by %s" : "stopping: got %s", signal_teller(c));
    else if (!c->sole)  /* one command ends with its program, of which that has been told */
        say(c, "ending: %s", core_why(c, c->cause));
}

static void act_reset_all(struct core *c, struct unit *u)
{
    (void)u;
    round_reset_all(c);
}

static void act_begin_round(struct core *c, struct unit *u)
{
    (void)u;
    round_begin(c);
}

static void act_wind_down_all(struct core *c, struct unit *u)
{
    (void)u;
    if (c->frozen_since)
        signal_thaw(c);
    for (uint32_t i = 0; i < c->unit_count; i++)
        step_post(c, MACHINE_WANT, c->units[i], WANT_EVENT_POD_STOP);
}

static void act_sweep_term(struct core *c, struct unit *u)
{
    (void)u;
    if (c->plan.pod->leave_others) {
        step_post(c, MACHINE_POD, NULL, POD_EVENT_NOTHING_LEFT);
        return;
    }
    c->sweeping = 1;
    timer_arm(c, timer_of_pod(c, TIMER_BUDGET), c->limits.sidecar_kill);
    stray_sweep(c, SIGTERM);
}

static void act_sweep_kill(struct core *c, struct unit *u)
{
    (void)u;
    stray_sweep(c, SIGKILL);
}

static void act_leave(struct core *c, struct unit *u)
{
    (void)u;
    c->left = 1;
}

static void act_take_over(struct core *c, struct unit *u)
{
    (void)u;
    change_over(c);
}

static deed *const deeds[] = {
    [ACTION_NOTHING] = act_nothing,
    [ACTION_SPAWN] = act_spawn,
    [ACTION_RENEW] = act_renew,
    [ACTION_RUN_POST_START] = act_run_post_start,
    [ACTION_MARK_UP] = act_mark_up,
    [ACTION_BEGIN_STOP] = act_begin_stop,
    [ACTION_RUN_PRE_STOP] = act_run_pre_stop,
    [ACTION_SPEND_GRACE] = act_spend_grace,
    [ACTION_HALT_PROBES] = act_halt_probes,
    [ACTION_END_ERRANDS] = act_end_errands,
    [ACTION_SEND_STOP] = act_send_stop,
    [ACTION_SEND_KILL] = act_send_kill,
    [ACTION_EASE_REST] = act_ease_rest,
    [ACTION_KILL_REST] = act_kill_rest,
    [ACTION_CHECK_REST] = act_check_rest,
    [ACTION_AWAIT_TURN] = act_await_turn,
    [ACTION_ARM_GRACE] = act_arm_grace,
    [ACTION_CLIP_GRACE] = act_clip_grace,
    [ACTION_CLIP_TURN] = act_clip_turn,
    [ACTION_NO_GRACE] = act_no_grace,
    [ACTION_ARM_BACKOFF] = act_arm_backoff,
    [ACTION_ARM_RETRY] = act_arm_retry,
    [ACTION_DISARM] = act_disarm,
    [ACTION_NOTE_DEADLINE] = act_note_deadline,
    [ACTION_NOTE_SICK] = act_note_sick,
    [ACTION_BLAME_DEPENDENCY] = act_blame_dependency,
    [ACTION_JUDGE] = act_judge,
    [ACTION_SETTLE] = act_settle,
    [ACTION_TELL_REST] = act_tell_rest,
    [ACTION_REVIVE] = act_revive,
    [ACTION_ASK_ROUND] = act_ask_round,
    [ACTION_ASK_GO] = act_ask_go,
    [ACTION_TELL_STOP] = act_tell_stop,
    [ACTION_TELL_WIND_DOWN] = act_tell_wind_down,
    [ACTION_TELL_NEVER] = act_tell_never,
    [ACTION_TELL_AFRESH] = act_tell_afresh,
    [ACTION_ARM_FIRST] = act_arm_first,
    [ACTION_ARM_NEXT] = act_arm_next,
    [ACTION_ATTEMPT] = act_attempt,
    [ACTION_TIME_OUT] = act_time_out,
    [ACTION_ABANDON] = act_abandon,
    [ACTION_DISARM_PROBE] = act_disarm_probe,
    [ACTION_FORGET_RUN] = act_forget_run,
    [ACTION_MARK_STARTED] = act_mark_started,
    [ACTION_MARK_UNSTARTED] = act_mark_unstarted,
    [ACTION_MARK_READY] = act_mark_ready,
    [ACTION_MARK_UNREADY] = act_mark_unready,
    [ACTION_TELL_UNHEALTHY] = act_tell_unhealthy,
    [ACTION_BLAME] = act_blame,
    [ACTION_TALLY_DONE] = act_tally_done,
    [ACTION_TALLY_FAILED] = act_tally_failed,
    [ACTION_FIX_CAUSE] = act_fix_cause,
    [ACTION_CURTAIL] = act_curtail,
    [ACTION_START_BUDGET] = act_start_budget,
    [ACTION_RESET_ALL] = act_reset_all,
    [ACTION_ARM_ROUND] = act_arm_round,
    [ACTION_TAKE_OVER] = act_take_over,
    [ACTION_BEGIN_ROUND] = act_begin_round,
    [ACTION_WIND_DOWN_ALL] = act_wind_down_all,
    [ACTION_CUT_ALL] = act_cut_all,
    [ACTION_SWEEP_TERM] = act_sweep_term,
    [ACTION_SWEEP_KILL] = act_sweep_kill,
    [ACTION_LEAVE] = act_leave,
};
_Static_assert(sizeof deeds / sizeof *deeds == ACTION_COUNT, "every action has its function");

void action_run(struct core *c, struct unit *u, uint8_t action) { deeds[action](c, u); }
