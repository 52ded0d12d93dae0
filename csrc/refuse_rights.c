/* What a plan says of its units' rights and limits: examined like the rest, before anything looks at it. It must never
 * ask the kernel: what may be had where the pod runs is rights.c's to see.
 */

#include <string.h>

#include "message.h"
#include "refuse.h"

enum { NICE_MOST = 39, OOM_MOST = 2000, RESOURCES = 16, GROUPS_MOST = 128 };

static const char *refuse_limit(struct check *check, const struct plan_limit *limit)
{
    static const uint8_t zeros[sizeof limit->zero];
    const struct claim claims[] = {
        {refuse_text_holds(check, limit->name) && limit->name.size > 0, "a limit has no name"},
        {limit->resource < RESOURCES, "a limit is none that the kernel has"},
        {limit->keeps_soft <= 1 && limit->keeps_hard <= 1, "a limit neither stays nor changes"},
        {limit->keeps_soft || limit->keeps_hard || limit->soft <= limit->hard, "a soft limit is above its hard one"},
        {memcmp(limit->zero, zeros, sizeof zeros) == 0, "a limit has something in an unused field"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_one(const struct plan *plan, const struct plan_rights *rights)
{
    static const uint8_t zeros[sizeof rights->zero];
    const struct claim claims[] = {
        {refuse_run_holds(rights->groups, plan->word_count) && rights->groups.count <= GROUPS_MOST,
         "a unit's groups are not in it"},
        {refuse_run_holds(rights->added_names, plan->word_count), "the names of added capabilities are not in it"},
        {(rights->added == 0) == (rights->added_names.count == 0), "a capability is added without a name"},
        {refuse_run_holds(rights->limits, plan->limit_count), "a unit's limits are not in it"},
        {rights->nice <= NICE_MOST || rights->nice == PLAN_NONE, "a unit has a nice that does not exist"},
        {rights->oom_score_adj <= OOM_MOST || rights->oom_score_adj == PLAN_NONE,
         "a unit has an oom_score_adj that does not exist"},
        {rights->member_groups <= 1, "a unit's member_groups is neither 0 nor 1"},
        {rights->no_new_privileges <= 1, "a unit's no_new_privileges is neither 0 nor 1"},
        {rights->not_root <= 1, "a unit's not_root is neither 0 nor 1"},
        {memcmp(rights->zero, zeros, sizeof zeros) == 0, "a unit's rights have something in an unused field"},
    };
    return REFUSE_FIRST(claims);
}

/* A program leaves its message in one place. */
static const char *refuse_message(const struct plan_unit *unit)
{
    const struct claim claims[] = {
        {unit->message_own <= 1, "a unit's message_own is neither 0 nor 1"},
        {unit->message_from_log <= 1, "a unit's message_from_log is neither 0 nor 1"},
        {!unit->message_own || unit->message_path.size == 0, "a unit leaves its message in two places"},
        {!unit->message_own || unit->notify_fd != MESSAGE_FD, "a unit's message is where it says that it is ready"},
    };
    return REFUSE_FIRST(claims);
}

const char *refuse_rights(struct check *check)
{
    const struct plan *plan = &check->plan;
    const char *why = NULL;
    for (uint32_t i = 0; i < plan->limit_count && why == NULL; i++)
        why = refuse_limit(check, &plan->limits[i]);
    for (uint32_t i = 0; i < plan->rights_count && why == NULL; i++)
        why = refuse_one(plan, &plan->rights[i]);
    for (uint32_t i = 0; i < plan->unit_count && why == NULL; i++)
        why = refuse_message(&plan->units[i]);
    for (uint32_t i = 0; i < plan->unit_count && why == NULL; i++)
        if (plan->units[i].rights != PLAN_NONE && plan->units[i].rights >= plan->rights_count)
            why = "a unit's rights are not in it";
    return why;
}
