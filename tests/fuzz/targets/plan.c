/* A plan: refused, or one that is opened, loaded and read to its last index. The digest is made right first, or none
 * would ever pass. What is read is in tests/plan/flip.c. */
#define main flip_main
#include "../../plan/flip.c"
#undef main

#include "fuzz.h"
#include "policy_tables.h"

const struct fuzz_word fuzz_words[] = {
    WORD("minipod\n"), WORD("127.0.0.1\0"), WORD("::1\0"), WORD("X: y\r\n\0"), WORD("$(PATH)\0"),
    WORD("\xff\xff\xff\xff"), {NULL, 0},
};
const size_t fuzz_most = 8192;

/* One of the arrays, one of its elements, one of that one's fields; or somewhere in the header. */
size_t fuzz_place(const uint8_t *bytes, size_t size, uint64_t number)
{
    static const size_t sizes[PLAN_ARRAYS] = {
        [PLAN_UNITS] = sizeof(struct plan_unit), [PLAN_EDGES] = sizeof(struct plan_edge),
        [PLAN_WORDS] = sizeof(struct plan_string), [PLAN_VARIABLES] = sizeof(struct plan_variable),
        [PLAN_EXITS] = sizeof(struct plan_exit), [PLAN_DELAYS] = sizeof(uint64_t), [PLAN_BLOB] = 1,
        [PLAN_RULES] = sizeof(struct plan_rule), [PLAN_TARGETS] = sizeof(uint32_t),
        [PLAN_ERRANDS] = sizeof(struct plan_errand),
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

/* What flip.c has no reason to look at: every number that the core takes as an index, or that tells it when. */
static void check_unit(const struct plan *plan, uint32_t index)
{
    const struct plan_unit *unit = &plan->units[index];
    CLAIM(unit->kind < KIND_COUNT && unit->rule < RULE_COUNT && unit->standing < STANDING_COUNT);
    CLAIM(unit->stop_signal > 0 && unit->stop_signal < PLAN_SIGNALS && unit->stdin_mode < STDIN_MODE_COUNT);
    CLAIM(unit->log.mode < LOG_MODE_COUNT && unit->log.overflow < OVERFLOW_COUNT);
    CLAIM(unit->name.size > 0 && unit->name.size <= PLAN_MAX_NAME);
    CLAIM(strlen(plan_text(plan, unit->name)) == unit->name.size);
    CLAIM(unit->delays.count > 0 && unit->command_count <= unit->argv.count);
    for (uint32_t i = 0; i < PLAN_EXIT_CODES; i++)
        CLAIM(plan->exits[unit->exit_map * PLAN_EXIT_CODES + i].exit_class < EXIT_CLASS_COUNT);
}

static void check_errand(const struct plan *plan, const struct plan_errand *errand)
{
    CLAIM(errand->unit < plan->unit_count && errand->kind < ERRAND_COUNT && errand->handler < HANDLER_COUNT);
    CLAIM(errand->timeout_ns < PLAN_MAX_NS && errand->period_ns < PLAN_MAX_NS);
    CLAIM(strchr(plan_text(plan, errand->path), '\n') == NULL);
    CLAIM(strchr(plan_text(plan, errand->authority), '\n') == NULL);
    CLAIM(strstr(plan_text(plan, errand->headers), "\r\n\r\n") == NULL);
}

/* A pod that could wait for itself would wait for ever. */
static void check_edge(const struct plan *plan, const struct plan_edge *edge)
{
    CLAIM(edge->first < plan->unit_count && edge->second < plan->unit_count && edge->first != edge->second);
    CLAIM(edge->milestone < MILESTONE_COUNT && edge->direction < DIRECTION_COUNT);
}

static void check_pod(const struct plan *plan)
{
    const struct plan_pod *pod = plan->pod;
    CLAIM(pod->main_unit < plan->unit_count || pod->main_unit == PLAN_NONE);
    CLAIM(pod->args_unit < plan->unit_count || pod->args_unit == PLAN_NONE);
    CLAIM(pod->budget_ns < PLAN_MAX_NS && pod->retry_ns > 0 && pod->margin.divisor > 1 && pod->turn.divisor > 1);
    CLAIM(pod->control_path.size < 108 && pod->control < CONTROL_COUNT);
    see_string(plan, pod->control_path);
    see_string(plan, pod->listen_host);
}

static void check(const uint8_t *bytes, uint64_t size)
{
    struct plan plan;
    plan_open(&plan, bytes);
    CLAIM((const uint8_t *)plan.blob + plan.blob_size == bytes + size && plan.unit_count > 0);
    check_pod(&plan);
    for (uint32_t i = 0; i < plan.unit_count; i++)
        check_unit(&plan, i);
    for (uint32_t i = 0; i < plan.edge_count; i++)
        check_edge(&plan, &plan.edges[i]);
    for (uint32_t i = 0; i < plan.target_count; i++)
        CLAIM(plan.targets[i] < plan.unit_count);
    for (uint32_t i = 0; i < plan.errand_count; i++)
        check_errand(&plan, &plan.errands[i]);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    uint8_t *plan = malloc(size + !size);
    memcpy(plan, bytes, size);
    if (size >= sizeof(struct plan_header)) {
        uint64_t digest = plan_digest(plan, size);
        memcpy(plan + offsetof(struct plan_header, digest), &digest, sizeof digest);
    }
    const char *why = plan_refuse(plan, size);
    CLAIM(why == NULL || (strlen(why) > 0 && strlen(why) < 100));
    if (why == NULL) {
        check(plan, size);
        use(plan);
    }
    free(plan);
}
