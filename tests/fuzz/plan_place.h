/* Where in a plan something stands, for targets that are given plans. It must never believe that it is one.
 */
#ifndef PLAN_PLACE_H
#define PLAN_PLACE_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* One of the arrays, one of its elements, one of that one's fields; or somewhere in the header. */
static size_t plan_place(const uint8_t *bytes, size_t size, uint64_t number)
{
    static const size_t sizes[PLAN_ARRAYS] = {
        [PLAN_UNITS] = sizeof(struct plan_unit), [PLAN_EDGES] = sizeof(struct plan_edge),
        [PLAN_WORDS] = sizeof(struct plan_string), [PLAN_VARIABLES] = sizeof(struct plan_variable),
        [PLAN_EXITS] = sizeof(struct plan_exit), [PLAN_DELAYS] = sizeof(uint64_t), [PLAN_BLOB] = 1,
        [PLAN_RULES] = sizeof(struct plan_rule), [PLAN_TARGETS] = sizeof(uint32_t),
        [PLAN_ERRANDS] = sizeof(struct plan_errand), [PLAN_VOLUMES] = sizeof(struct plan_volume),
        [PLAN_FILES] = sizeof(struct plan_file), [PLAN_MOUNTS] = sizeof(struct plan_mount),
        [PLAN_RIGHTS] = sizeof(struct plan_rights), [PLAN_LIMITS] = sizeof(struct plan_limit),
        [PLAN_SOURCES] = sizeof(struct plan_source), [PLAN_SECRETS] = 1,
    };
    struct plan_header header;
    size_t which = number % (PLAN_ARRAYS + 2);
    number /= PLAN_ARRAYS + 2;
    if (size < sizeof header)
        return 0;
    memcpy(&header, bytes, sizeof header);
    if (which >= PLAN_ARRAYS || header.arrays[which].count == 0 || header.arrays[which].at >= size)
        return number % sizeof header;
    uint64_t element = number % header.arrays[which].count, field = number / header.arrays[which].count % sizes[which];
    return (header.arrays[which].at + element % size * sizes[which] + field) % size;
}

/* A copy in memory of exactly its size, with the digest made right; the caller's to free. */
static uint8_t *plan_signed(const uint8_t *bytes, size_t size)
{
    uint8_t *plan = malloc(size + !size);
    memcpy(plan, bytes, size);
    if (size >= sizeof(struct plan_header)) {
        uint64_t digest = plan_digest(plan, size);
        memcpy(plan + offsetof(struct plan_header, digest), &digest, sizeof digest);
    }
    return plan;
}

#endif
