/* From options to numbers of the plan of one command. It must never look at who asked for them: a name is nothing but
 * other numbers.
 */

#include <signal.h>
#include <stddef.h>

#include "one.h"
#include "policy_tables.h"

struct amended {
    struct plan_pod *pod;
    struct plan_unit *unit;
    struct plan_rule *rules;
    struct plan_exit *exits;
};

static struct amended open_plan(uint8_t *plan)
{
    struct plan_header *header = (void *)plan;
    const struct plan_array_at *arrays = header->arrays;
    struct plan_unit *unit = (void *)(plan + arrays[PLAN_UNITS].at);
    struct plan_exit *exits = (void *)(plan + arrays[PLAN_EXITS].at);
    return (struct amended){
        .pod = &header->pod, .unit = unit, .rules = (void *)(plan + arrays[PLAN_RULES].at),
        .exits = exits + (size_t)unit->exit_map * PLAN_EXIT_CODES,
    };
}

static void amend_scope(const struct one *one, const struct amended *plan)
{
    uint8_t scope = one->to_leader ? STOP_SCOPE_MAIN : STOP_SCOPE_GROUP;
    plan->unit->stop_scope = plan->unit->forward_scope = scope;
    plan->unit->keep_session = !one->own_session;
    plan->unit->ask_rest = one->asks_rest;
}

/* What is sent for a signal that stops us is the stop signal: the grace runs all the same. */
static void amend_rule(const struct amended *plan, uint8_t number, uint8_t sent)
{
    struct plan_rule *rule = &plan->rules[number];
    if (sent == ONE_DROPPED)
        *rule = (struct plan_rule){.verb = SIGNAL_VERB_IGNORE};
    else if (rule->verb == SIGNAL_VERB_STOP)
        plan->unit->stop_signal = sent;
    else
        *rule = (struct plan_rule){.verb = SIGNAL_VERB_FORWARD, .send = sent};
}

/* In a session of its own the program's group has nobody who could resume it: there only STOP stops it. */
static void amend_stops(const struct amended *plan)
{
    static const uint8_t stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
    for (size_t i = 0; i < sizeof stops; i++)
        plan->rules[stops[i]] = (struct plan_rule){.verb = SIGNAL_VERB_FREEZE};
}

static void amend_signals(const struct one *one, const struct amended *plan)
{
    if (one->own_session)
        amend_stops(plan);
    if (one->ends_alone)
        plan->rules[SIGTERM] = (struct plan_rule){.verb = SIGNAL_VERB_FORWARD, .send = SIGTERM};
    for (uint8_t i = 1; i < PLAN_SIGNALS; i++)
        if (one->sent[i] != ONE_AS_IT_IS)
            amend_rule(plan, i, one->sent[i]);
}

static void amend_codes(const struct one *one, const struct amended *plan)
{
    for (uint32_t i = 0; i < PLAN_EXIT_CODES; i++)
        if (one->codes[i] != ONE_CODE_AS_IT_IS) {
            plan->exits[i].code = (uint8_t)one->codes[i];
            plan->exits[i].exit_class = one->codes[i] ? EXIT_CLASS_FAIL : EXIT_CLASS_OK;
        }
}

void one_amend(const struct one *one, uint8_t *bytes)
{
    struct amended plan = open_plan(bytes);
    plan.pod->leave_others = one->ends_alone;
    if (one->grace != UINT64_MAX)
        plan.pod->budget_ns = one->grace;
    amend_scope(one, &plan);
    amend_signals(one, &plan);
    amend_codes(one, &plan);
}
