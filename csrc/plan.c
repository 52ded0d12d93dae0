/* Checks the frame of a plan and opens it: what it is, how long, unharmed, and where its arrays lie. What is in them is
 * examined by refuse.c. It must never trust a byte: a plan may come from anywhere.
 */
#include "plan.h"

#include <string.h>

#include "refuse.h"

#define ALIGNED(at) (((at) + 7) & ~UINT64_C(7))
#define DIGEST_AT offsetof(struct plan_header, digest)
#define BLOCK_END(digest_at) ((digest_at) + sizeof(uint64_t))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a plan is read as it lies in memory");
_Static_assert(sizeof(struct plan_header) == 496 && sizeof(struct plan_unit) == 216, "no padding");
_Static_assert(sizeof(struct plan_errand) == 104 && sizeof(struct plan_source) == 56, "no padding");
_Static_assert(sizeof(struct plan_rights) == 56 && sizeof(struct plan_limit) == 32, "no padding");
_Static_assert(sizeof(struct plan_volume) == 48 && sizeof(struct plan_file) == 24, "no padding");
_Static_assert(sizeof(struct plan_mount) == 24, "no padding");

static const uint64_t element_sizes[] = {
    [PLAN_UNITS] = sizeof(struct plan_unit),
    [PLAN_EDGES] = sizeof(struct plan_edge),
    [PLAN_WORDS] = sizeof(struct plan_string),
    [PLAN_VARIABLES] = sizeof(struct plan_variable),
    [PLAN_EXITS] = sizeof(struct plan_exit),
    [PLAN_DELAYS] = sizeof(uint64_t),
    [PLAN_RULES] = sizeof(struct plan_rule),
    [PLAN_TARGETS] = sizeof(uint32_t),
    [PLAN_ERRANDS] = sizeof(struct plan_errand),
    [PLAN_RIGHTS] = sizeof(struct plan_rights),
    [PLAN_LIMITS] = sizeof(struct plan_limit),
    [PLAN_VOLUMES] = sizeof(struct plan_volume),
    [PLAN_FILES] = sizeof(struct plan_file),
    [PLAN_MOUNTS] = sizeof(struct plan_mount),
    [PLAN_SOURCES] = sizeof(struct plan_source),
    [PLAN_SECRETS] = 1,
    [PLAN_BLOB] = 1,
};
_Static_assert(REFUSE_LENGTH(element_sizes) == PLAN_ARRAYS, "every array has elements");

/* --- digest ----------------------------------------------------------------------------------------------------- */

uint64_t plan_mix(uint64_t hash, const void *bytes, uint64_t size)
{
    for (const uint8_t *at = bytes, *end = at + size; at < end; at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t plan_digest(const uint8_t *bytes, uint64_t size)
{
    static const uint8_t nothing[sizeof(uint64_t)];
    uint64_t hash = plan_mix(PLAN_HASH, bytes, DIGEST_AT);
    hash = plan_mix(hash, nothing, sizeof nothing);
    return plan_mix(hash, bytes + BLOCK_END(DIGEST_AT), size - BLOCK_END(DIGEST_AT));
}

/* --- the frame -------------------------------------------------------------------------------------------------- */

static char *put_number(char *end, uint32_t number)
{
    do
        *--end = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return end;
}

static char *put_text(char *end, const char *text)
{
    size_t size = strlen(text);
    return memcpy(end - size, text, size);
}

/* The one clause with numbers in it, written from its end. */
static const char *other_version(uint32_t version)
{
    static _Thread_local char clause[80];
    char *at = clause + sizeof clause - 1;
    at = put_number(at, PLAN_VERSION);
    at = put_text(at, ", this minipod runs format ");
    at = put_number(at, version);
    return put_text(at, "it is format ");
}

static const char *refuse_frame(const uint8_t *bytes, uint64_t size)
{
    const struct plan_header *header = (const void *)bytes;
    if ((uintptr_t)bytes % 8 != 0)
        return "it does not lie at a multiple of 8 in memory";
    if (size < sizeof header->magic || memcmp(header->magic, "minipod\n", sizeof header->magic) != 0)
        return "it is not a plan";
    if (size < offsetof(struct plan_header, size))
        return "it is cut short";
    if (header->version != PLAN_VERSION)
        return other_version(header->version);
    if (size < sizeof *header)
        return "it is cut short";
    const struct claim claims[] = {
        {header->header_size == sizeof *header, "its header has another size than this minipod knows"},
        {header->size <= size, "it is cut short"},
        {header->size == size, "something follows its end"},
        {size <= PLAN_MAX_SIZE, "it is larger than 64 MiB"},
    };
    return REFUSE_FIRST(claims);
}

/* Moves *end from the end of one array to the end of the next. */
static const char *refuse_array(const uint8_t *bytes, uint64_t size, int which, uint64_t *end)
{
    const struct plan_array_at *array = &((const struct plan_header *)(const void *)bytes)->arrays[which];
    uint64_t begin = which == 0 ? *end : ALIGNED(*end);
    if (array->at != begin || begin > size)
        return "an array does not begin where the one before it ends";
    if (array->count > (size - begin) / element_sizes[which])
        return "an array does not end inside it";
    for (uint64_t i = *end; i < begin; i++)
        if (bytes[i] != 0)
            return "bytes between its arrays are not 0";
    *end = begin + array->count * element_sizes[which];
    return NULL;
}

static const char *refuse_arrays(const uint8_t *bytes, uint64_t size)
{
    const struct plan_array_at *arrays = ((const struct plan_header *)(const void *)bytes)->arrays;
    const char *why = NULL;
    uint64_t end = sizeof(struct plan_header);
    for (int which = 0; which < PLAN_ARRAYS && why == NULL; which++)
        why = refuse_array(bytes, size, which, &end);
    if (why != NULL)
        return why;
    const struct claim claims[] = {
        {end == size, "its blob does not end it"},
        {arrays[PLAN_BLOB].count > 0, "it has no blob"},
        {arrays[PLAN_UNITS].count > 0, "it has no unit"},
        {arrays[PLAN_UNITS].count <= PLAN_MAX_UNITS, "it has more than 65,535 units"},
        {arrays[PLAN_EXITS].count % PLAN_EXIT_CODES == 0, "an exit map has not 256 codes"},
        {arrays[PLAN_RULES].count == PLAN_SIGNALS, "it has not one rule for each signal"},
    };
    return REFUSE_FIRST(claims);
}

void plan_open(struct plan *plan, const uint8_t *bytes)
{
    const struct plan_header *header = (const void *)bytes;
    const struct plan_array_at *arrays = header->arrays;
#define ARRAY(which) ((const void *)(bytes + arrays[which].at))
#define COUNT(which) ((uint32_t)arrays[which].count)
    *plan = (struct plan){
        .bytes = bytes, .header = header, .pod = &header->pod,
        .units = ARRAY(PLAN_UNITS), .unit_count = COUNT(PLAN_UNITS),
        .edges = ARRAY(PLAN_EDGES), .edge_count = COUNT(PLAN_EDGES),
        .words = ARRAY(PLAN_WORDS), .word_count = COUNT(PLAN_WORDS),
        .variables = ARRAY(PLAN_VARIABLES), .variable_count = COUNT(PLAN_VARIABLES),
        .exits = ARRAY(PLAN_EXITS), .exit_count = COUNT(PLAN_EXITS),
        .delays = ARRAY(PLAN_DELAYS), .delay_count = COUNT(PLAN_DELAYS),
        .rules = ARRAY(PLAN_RULES),
        .targets = ARRAY(PLAN_TARGETS), .target_count = COUNT(PLAN_TARGETS),
        .errands = ARRAY(PLAN_ERRANDS), .errand_count = COUNT(PLAN_ERRANDS),
        .rights = ARRAY(PLAN_RIGHTS), .rights_count = COUNT(PLAN_RIGHTS),
        .limits = ARRAY(PLAN_LIMITS), .limit_count = COUNT(PLAN_LIMITS),
        .volumes = ARRAY(PLAN_VOLUMES), .volume_count = COUNT(PLAN_VOLUMES),
        .files = ARRAY(PLAN_FILES), .file_count = COUNT(PLAN_FILES),
        .mounts = ARRAY(PLAN_MOUNTS), .mount_count = COUNT(PLAN_MOUNTS),
        .sources = ARRAY(PLAN_SOURCES), .source_count = COUNT(PLAN_SOURCES),
        .secrets = ARRAY(PLAN_SECRETS), .secret_size = COUNT(PLAN_SECRETS),
        .blob = ARRAY(PLAN_BLOB), .blob_size = COUNT(PLAN_BLOB),
    };
#undef ARRAY
#undef COUNT
}

void plan_forget(const uint8_t *bytes)
{
    struct plan_header *header = (void *)(uintptr_t)bytes;
    const struct plan_array_at *secrets = &header->arrays[PLAN_SECRETS];
    if (secrets->count == 0)
        return;
    explicit_bzero((uint8_t *)header + secrets->at, secrets->count);
    header->digest = plan_digest(bytes, header->size);
}

const char *plan_refuse(const uint8_t *bytes, uint64_t size)
{
    const char *why = refuse_frame(bytes, size);
    if (why != NULL)
        return why;
    if (((const struct plan_header *)(const void *)bytes)->digest != plan_digest(bytes, size))
        return "it is damaged: its digest is not that of its bytes";
    why = refuse_arrays(bytes, size);
    if (why != NULL)
        return why;
    struct plan plan;
    plan_open(&plan, bytes);
    return refuse_content(&plan);
}
