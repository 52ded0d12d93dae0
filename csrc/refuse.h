/* Claims about a plan, and the first that does not hold. For plan.c and refuse.c alone. */
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

/* Why what is in the arrays makes no plan, or NULL. plan_refuse() has seen to it that they lie inside the bytes. */
const char *refuse_content(const struct plan *plan);

#endif
