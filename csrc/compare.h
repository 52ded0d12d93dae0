/* What differs between two plans, as far as a pod that runs feels it. Only bytes; both plans have been checked and
 * opened.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "plan.h"

/* Whether an instance of the one unit is an instance of the other: whom it waits for it does not feel. */
int compare_units(const struct plan *, uint32_t at, const struct plan *other, uint32_t other_at);

/* Of the pod's own keys one that is settled at the pod's start, and differs; NULL: there is none. */
const char *compare_pods(const struct plan *, const struct plan *other);

/* The same of a unit's. NULL in the place of a unit: it is in one plan alone. */
const char *compare_fixed(const struct plan *, const struct plan_unit *, const struct plan *other,
                          const struct plan_unit *other_unit);

/* A mount is shown before anybody starts: NULL, or the name of a unit with one that is not. sub_paths: of each
 * mount. */
const char *compare_shown(const struct plan *, char *const *sub_paths, const struct plan *other,
                          char *const *other_sub_paths);

#endif
