/* What a plan says is read for environments: examined like the rest, before anything looks at it. It must never look at
 * a file.
 */

#include <string.h>

#include "policy_tables.h"
#include "refuse.h"

/* What a variable that is read at each start finds room in, with the rest of its file (load.h). */
enum { LATE_NAME_MOST = 1024 };

static int is_set(const struct plan_source *source)
{
    return source->origin == ORIGIN_DIRECTORY || source->origin == ORIGIN_ENV_FILE;
}

/* In a volume a path is below its directory. */
static int path_holds(const struct plan *plan, const struct plan_source *source)
{
    const char *path = plan_text(plan, source->path);
    switch ((enum origin)source->origin) {
    case ORIGIN_FILE:
    case ORIGIN_DIRECTORY:
    case ORIGIN_ENV_FILE:
        return *path != 0;
    case ORIGIN_KEY:
        return *path != 0 && *path != '/';
    case ORIGIN_SECRET:
    case ORIGIN_ADDRESS:
    case ORIGIN_ADDRESSES:
    case ORIGIN_HOST:
    case ORIGIN_CPU:
    case ORIGIN_MEMORY:
    case ORIGIN_STORAGE:
    case ORIGIN_COUNT:
        break;
    }
    return *path == 0;
}

static int divisor_holds(const struct plan_source *source)
{
    int divides = source->origin == ORIGIN_CPU || source->origin == ORIGIN_MEMORY || source->origin == ORIGIN_STORAGE;
    return divides == (source->divisor > 0);
}

static int name_holds(const struct plan *plan, const struct plan_source *source)
{
    int is_late = source->origin == ORIGIN_KEY;
    return (is_set(source) || source->name.size > 0) && (!is_late || source->name.size <= LATE_NAME_MOST)
        && strchr(plan_text(plan, source->name), '=') == NULL;
}

static int secret_holds(const struct plan *plan, const struct plan_source *source)
{
    struct plan_string secret = source->secret;
    if (source->origin != ORIGIN_SECRET && (secret.at || secret.size))
        return 0;
    return secret.at <= plan->secret_size && secret.size <= plan->secret_size - secret.at;
}

static int volume_holds(const struct plan *plan, const struct plan_source *source)
{
    return source->volume == PLAN_NONE || (source->origin == ORIGIN_KEY && source->volume < plan->volume_count);
}

static const char *refuse_texts(struct check *check, const struct plan_source *source)
{
    const struct claim claims[] = {
        {refuse_text_holds(check, source->name), "a source's name is no string of its blob"},
        {refuse_text_holds(check, source->path), "a source's path is no string of its blob"},
        {refuse_text_holds(check, source->key), "a source's key is no string of its blob"},
        {refuse_text_holds(check, source->fallback), "a source's fallback is no string of its blob"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_source(struct check *check, const struct plan_source *source)
{
    const struct plan *plan = &check->plan;
    if (source->origin >= ORIGIN_COUNT)
        return "a source has an unknown origin";
    const char *why = refuse_texts(check, source);
    if (why != NULL)
        return why;
    const struct claim claims[] = {
        {name_holds(plan, source), "a source has no name, or one that no variable has"},
        {path_holds(plan, source), "a source's path is none for its origin"},
        {secret_holds(plan, source), "a source's secret is not in it"},
        {divisor_holds(source), "a source's divisor is none for its origin"},
        {source->lack < LACK_COUNT, "a source has an unknown lack"},
        {source->lack != LACK_TEXT || !is_set(source), "a text stands for a whole set of variables"},
        {source->handing < HANDING_COUNT, "a source has an unknown handing"},
        {source->handing == HANDING_ENVIRONMENT || source->origin == ORIGIN_FILE, "no file is handed over"},
        {source->chomp <= 1, "a source's chomp is neither 0 nor 1"},
        {volume_holds(plan, source), "a source's volume is none for its origin"},
    };
    return REFUSE_FIRST(claims);
}

/* The units' runs follow each other and hold every source once. */
const char *refuse_sources(struct check *check)
{
    const struct plan *plan = &check->plan;
    const char *why = NULL;
    uint32_t next = 0;
    for (uint32_t i = 0; i < plan->source_count && why == NULL; i++)
        why = refuse_source(check, &plan->sources[i]);
    for (uint32_t i = 0; i < plan->unit_count && why == NULL; i++) {
        struct plan_run run = plan->units[i].sources;
        if (run.first != next || !refuse_run_holds(run, plan->source_count))
            why = "a unit's sources are not those that are its own";
        next += run.count;
    }
    if (why == NULL && next != plan->source_count)
        return "a source belongs to no unit";
    if (why == NULL && next > 0 && plan->pod->exact_env == 1)
        return "a unit that gets just what minipod was given has sources";
    return why;
}
