/* What a unit's processes may do and use: limits, priority, capabilities, no new privileges. */
#ifndef RIGHTS_H
#define RIGHTS_H

#include "core.h"

/* What is refused before anything is started, and not by each start: capabilities that are not ours to give, or to take
 * away. 0, or 1 with a clause in out. */
int rights_refuse(const struct plan *, char *out, size_t room);

/* In a unit's child that has a copy of our memory, before and after it has taken on its user. 0, or an errno with
 * *stage and *which set. */
int rights_begin(const struct core *, const struct unit *, enum child_stage *stage, uint16_t *which);
int rights_end(const struct core *, const struct unit *, enum child_stage *stage);

static inline const struct plan_rights *rights_of(const struct plan *plan, const struct plan_unit *unit)
{
    return unit->rights == PLAN_NONE ? NULL : &plan->rights[unit->rights];
}

#endif
