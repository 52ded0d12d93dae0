/* A plan: refused, or one that is opened, loaded and read to its last index. The digest is made right first, or none
 * would ever pass. What is read is in tests/plan/flip.c. */
#define main flip_main
#include "../../plan/flip.c"
#undef main

#include "fuzz.h"
#include "plan_place.h"
#include "policy_tables.h"

const struct fuzz_word fuzz_words[] = {
    WORD("minipod\n"), WORD("127.0.0.1\0"), WORD("::1\0"), WORD("X: y\r\n\0"), WORD("$(PATH)\0"),
    WORD("\xff\xff\xff\xff"), {NULL, 0},
};
const size_t fuzz_most = 8192;

size_t fuzz_place(const uint8_t *bytes, size_t size, uint64_t number) { return plan_place(bytes, size, number); }

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

/* What is made for it and removed again must lie in it. */
static void check_inside(const struct plan *plan, struct plan_string path)
{
    const char *text = plan_text(plan, path);
    CLAIM(*text != '/' && strncmp(text, "../", 3) != 0 && strcmp(text, "..") != 0 && strstr(text, "/../") == NULL);
}

static void check_volumes(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->volume_count; i++) {
        const char *name = plan_text(plan, plan->volumes[i].name);
        CLAIM(*name && *name != '.' && strchr(name, '/') == NULL && plan->volumes[i].kind < VOLUME_KIND_COUNT);
        CLAIM(plan->volumes[i].check < PATH_CHECK_COUNT);
    }
    for (uint32_t i = 0; i < plan->file_count; i++)
        check_inside(plan, plan->files[i].path);
    for (uint32_t i = 0; i < plan->mount_count; i++) {
        CLAIM(plan->mounts[i].volume < plan->volume_count);
        CLAIM(*plan_text(plan, plan->mounts[i].path) == '/');
        check_inside(plan, plan->mounts[i].sub_path);
    }
}

static void check_source(const struct plan *plan, const struct plan_source *source)
{
    CLAIM(source->origin < ORIGIN_COUNT && source->lack < LACK_COUNT && source->handing < HANDING_COUNT);
    CLAIM(source->secret.at <= plan->secret_size && source->secret.size <= plan->secret_size - source->secret.at);
    CLAIM(source->divisor > 0 || (source->origin != ORIGIN_CPU && source->origin != ORIGIN_MEMORY));
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
    check_volumes(&plan);
    for (uint32_t i = 0; i < plan.unit_count; i++)
        check_unit(&plan, i);
    for (uint32_t i = 0; i < plan.edge_count; i++)
        check_edge(&plan, &plan.edges[i]);
    for (uint32_t i = 0; i < plan.target_count; i++)
        CLAIM(plan.targets[i] < plan.unit_count);
    for (uint32_t i = 0; i < plan.errand_count; i++)
        check_errand(&plan, &plan.errands[i]);
    for (uint32_t i = 0; i < plan.source_count; i++)
        check_source(&plan, &plan.sources[i]);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    uint8_t *plan = plan_signed(bytes, size);
    const char *why = plan_refuse(plan, size);
    CLAIM(why == NULL || (strlen(why) > 0 && strlen(why) < 100));
    if (why == NULL) {
        check(plan, size);
        use(plan);
    }
    free(plan);
}
