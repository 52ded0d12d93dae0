/* Claims about a plan, and the first that does not hold. For plan.c, refuse*.c alone. */
#ifndef REFUSE_H
#define REFUSE_H

#include <stddef.h>

#include "plan.h"

#define REFUSE_LENGTH(array) (sizeof(array) / sizeof *(array))
#define REFUSE_FIRST(claims) refuse_first(claims, REFUSE_LENGTH(claims))

/* One thing that must hold. The claims of one list are all worked out, so none may rely on another. */
struct claim { int holds; const char *why_not; };

static inline const char *refuse_first(const struct claim *claims, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!claims[i].holds)
            return claims[i].why_not;
    return NULL;
}

/* A plan under examination, and how much text has been seen so far. */
struct check { struct plan plan; uint64_t text; };

static inline int refuse_run_holds(struct plan_run run, uint32_t count)
{
    return run.first <= count && run.count <= count - run.first;
}

static inline int refuse_duration_holds(uint64_t ns)
{
    return ns < PLAN_MAX_NS;
}

/* Whether it lies inside the blob, ends there with a NUL, and has none before. */
int refuse_text_holds(struct check *check, struct plan_string string);

/* Whether it lies inside the blob; its bytes may be any. */
int refuse_bytes_hold(struct check *check, struct plan_string string);

/* Why the probes and hooks are none, or not their units'. The words of the plan have been examined. */
const char *refuse_errands(struct check *check);

/* Whether it is an IPv4 or IPv6 address in figures. */
int refuse_address_holds(const struct check *check, struct plan_string string);

/* Why what units write cannot go where it should; why the pod cannot be asked where it should. */
const char *refuse_logs(struct check *check);
const char *refuse_control(struct check *check);

/* Why what units may do and use is none of what the kernel knows. */
const char *refuse_rights(struct check *check);
/* Why the volumes, what is in them and where units see them make no sense. The units' runs have not been looked at. */
const char *refuse_volumes(struct check *check);

/* Why what is read for environments is nobody's, or nothing that could be read. */
const char *refuse_sources(struct check *check);

/* Why what is in the arrays makes no plan, or NULL. plan_refuse() has seen to it that they lie inside the bytes. */
const char *refuse_content(const struct plan *plan);

#endif
