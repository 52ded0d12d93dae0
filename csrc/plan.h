/* The plan in memory: typed pointers into checked bytes. It must never decide anything, and never write to a plan.
 *
 * Order of use: bytes at an address that is a multiple of 8 -> plan_refuse() == NULL -> plan_open() -> the arrays.
 * After that no index of the plan needs another check.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "plan_layout.h"
#include "core_api.h"

#define PLAN_MAX_SIZE (UINT64_C(64) << 20)      /* of a whole plan, bytes */
#define PLAN_MAX_UNITS 65535
#define PLAN_MAX_NAME 63                        /* of a unit, bytes: a label */
#define PLAN_MAX_SAID 4096                      /* of a unit's labels and image, bytes: an answer holds them */
#define PLAN_MAX_TEXT (UINT64_C(1) << 30)       /* all strings together, a shared one as often as it is named */
#define PLAN_MAX_NS (UINT64_C(1) << 62)         /* durations are below: a sum of two fits into an int64_t */

struct plan {
    const uint8_t *bytes;
    const struct plan_header *header;
    const struct plan_pod *pod;
    const struct plan_unit *units;
    const struct plan_edge *edges;
    const struct plan_string *words;
    const struct plan_variable *variables;
    const struct plan_exit *exits;
    const uint64_t *delays;
    const struct plan_rule *rules;              /* PLAN_SIGNALS of them */
    const uint32_t *targets;
    const struct plan_errand *errands;
    const struct plan_rights *rights;
    const struct plan_limit *limits;
    const struct plan_volume *volumes;
    const struct plan_file *files;
    const struct plan_mount *mounts;
    const struct plan_source *sources;
    const char *secrets;
    const char *blob;
    uint32_t unit_count;
    uint32_t edge_count;
    uint32_t word_count;
    uint32_t variable_count;
    uint32_t exit_count;
    uint32_t delay_count;
    uint32_t target_count;
    uint32_t errand_count;
    uint32_t rights_count;
    uint32_t limit_count;
    uint32_t volume_count;
    uint32_t file_count;
    uint32_t mount_count;
    uint32_t source_count;
    uint32_t secret_size;
    uint32_t blob_size;
};

#define PLAN_HASH UINT64_C(0xcbf29ce484222325)
/* FNV-1a, 64 bit, of more bytes; of the first ones hash is PLAN_HASH. */
uint64_t plan_mix(uint64_t hash, const void *bytes, uint64_t size);

/* The arrays of a plan that plan_refuse() had nothing against. bytes must stay where they are, unchanged. */
void plan_open(struct plan *plan, const uint8_t *bytes);

/* A string of the plan, NUL-terminated; "" if it is empty. It lives as long as the plan's bytes. */
static inline const char *plan_text(const struct plan *plan, struct plan_string string)
{
    return plan->blob + string.at;
}

#endif
