/* Works out argument lists and environments, of units and of the commands of their probes and hooks. Two passes of the
 * same code: the first without memory, only to measure, the second into one mapping of exactly that size. It must never
 * keep its scratch memory or grow anything later.
 *
 * Cost: linear in units x variables (environment.c). Text that needs no expansion is not copied.
 */
#include "load.h"

#include <string.h>
#include <sys/mman.h>

#include "environment.h"
#include "expand.h"
#include "policy_tables.h"

enum { SCRATCH_ROOM = 4096 };

struct loader {
    const struct plan *plan;
    char *const *given;
    char *const *words;
    struct environment env;
    struct arena arena;
    struct arena scratch;
    uint64_t given_count;
    uint64_t word_count;
    const char *why;
};

static uint64_t count_pointers(char *const *list)
{
    uint64_t count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

static char **take_list(struct loader *loader, uint64_t count)
{
    return arena_take(&loader->arena, count * sizeof(char *));
}

/* --- one unit --------------------------------------------------------------------------------------------------- */

static void load_exact_environment(struct loader *loader, struct program *program)
{
    program->env_count = (uint32_t)loader->given_count;
    program->envp = take_list(loader, loader->given_count + LOAD_SPARE + 1);
    if (program->envp != NULL && loader->given_count > 0)
        memcpy(program->envp, loader->given, loader->given_count * sizeof(char *));
}

static void load_environment(struct loader *loader, uint32_t index, struct program *program)
{
    environment_set(&loader->env, index);
    program->env_count = environment_count(&loader->env);
    program->envp = take_list(loader, (uint64_t)program->env_count + LOAD_SPARE + 1);
    if (program->envp != NULL)
        environment_list(&loader->env, program->envp);
    uint8_t *const lacks[LOAD_SPARE] = {&program->lacks_home, &program->lacks_user, &program->lacks_logname};
    for (int i = 0; i < LOAD_SPARE; i++)
        *lacks[i] = (uint8_t)environment_lacks(&loader->env, index, i);
}

static char *load_word(struct loader *loader, struct plan_string word)
{
    const char *text = plan_text(loader->plan, word);
    if (memchr(text, '$', word.size) == NULL)
        return (char *)text;
    uint64_t size = expand_with(text, word.size, environment_find, &loader->env, NULL, 0);
    char *to = arena_take(&loader->arena, size > ARENA_MOST ? size : size + 1);
    if (to != NULL)
        expand_with(text, word.size, environment_find, &loader->env, to, size);
    return to;
}

/* The first kept words of a run, with room for those added behind them. One command's have room for one in front, too:
 * the shell that may have to read it (child.c). */
static char **load_words(struct loader *loader, struct plan_run run, uint32_t kept, uint64_t added, int exact)
{
    uint64_t front = loader->plan->pod->exact_env;
    char **argv = take_list(loader, front + kept + added + 1);
    if (argv != NULL)
        argv += front;
    for (uint32_t i = 0; i < kept && loader->arena.used <= ARENA_MOST; i++) {
        struct plan_string text = loader->plan->words[run.first + i];
        char *word = exact ? (char *)plan_text(loader->plan, text) : load_word(loader, text);
        if (argv != NULL)
            argv[i] = word;
    }
    return argv;
}

static void load_command_line(struct loader *loader, uint32_t index, struct program *program)
{
    const struct plan *plan = loader->plan;
    const struct plan_unit *unit = &plan->units[index];
    uint64_t added = plan->pod->args_unit == index ? loader->word_count : 0;
    uint32_t kept = added > 0 ? unit->command_count : unit->argv.count;
    if (kept + added == 0)
        loader->why = "no program is named";
    program->argv = load_words(loader, unit->argv, kept, added, 0);
    if (program->argv != NULL && added > 0)
        memcpy(program->argv + kept, loader->words, added * sizeof(char *));
}

/* The list of variables is the unit's own: what its child adds when the user is known holds for all of them. */
static void load_errands(struct loader *loader, struct plan_run run, const struct program *units, struct loaded *out)
{
    for (uint32_t i = run.first; i < run.first + run.count && loader->arena.used <= ARENA_MOST; i++) {
        const struct plan_errand *errand = &loader->plan->errands[i];
        if (errand->handler != HANDLER_EXEC)
            continue;
        struct program program = *units;
        program.argv = load_words(loader, errand->argv, errand->argv.count, 0, errand->exact);
        if (out->errands != NULL)
            out->errands[i] = program;
    }
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static void count_waits(const struct plan *plan, struct loaded *out)
{
    for (uint32_t i = 0; i < plan->edge_count; i++) {
        const struct plan_edge *edge = &plan->edges[i];
        (edge->direction == DIRECTION_START ? out->start_waits : out->stop_waits)[edge->second]++;
    }
}

static void load_unit(struct loader *loader, uint32_t index, struct loaded *out)
{
    struct program nobody = {0}, *program = out->programs == NULL ? &nobody : &out->programs[index];
    if (loader->plan->pod->exact_env)
        load_exact_environment(loader, program);
    else
        load_environment(loader, index, program);
    load_command_line(loader, index, program);
    load_errands(loader, loader->plan->units[index].errands, program, out);
}

/* One pass; the arena says whether it measures. */
static void load_units(struct loader *loader, struct loaded *out)
{
    const struct plan *plan = loader->plan;
    out->programs = arena_take(&loader->arena, plan->unit_count * sizeof *out->programs);
    out->errands = arena_take(&loader->arena, plan->errand_count * sizeof *out->errands);
    out->start_waits = arena_take(&loader->arena, plan->unit_count * sizeof *out->start_waits);
    out->stop_waits = arena_take(&loader->arena, plan->unit_count * sizeof *out->stop_waits);
    for (uint32_t i = 0; i < plan->unit_count && loader->arena.used <= ARENA_MOST && loader->why == NULL; i++)
        load_unit(loader, i, out);
    if (loader->arena.used > ARENA_MOST)
        loader->why = "its command lines and environments add up to more than 1 GiB";
}

static const char *const no_memory = "there is not enough memory for its command lines and environments";

/* room: SCRATCH_ROOM bytes of the stack, which are enough for most. */
static const char *prepare(struct loader *loader, void *room)
{
    environment_make(&loader->env, &loader->scratch, loader->given_count);
    if (loader->scratch.used > ARENA_MOST)
        return no_memory;
    int is_enough = loader->scratch.used <= SCRATCH_ROOM;
    if (is_enough)
        memset(room, 0, (size_t)loader->scratch.used);
    loader->scratch = (struct arena){.base = is_enough ? room : arena_map(loader->scratch.used)};
    if (loader->scratch.base == NULL)
        return no_memory;
    environment_make(&loader->env, &loader->scratch, loader->given_count);
    environment_open(&loader->env, loader->given, loader->given_count);
    return NULL;
}

static const char *fill(struct loader *loader, struct loaded *out)
{
    load_units(loader, out);
    if (loader->why != NULL)
        return loader->why;
    out->arena_size = (size_t)loader->arena.used;
    out->arena = out->arena_size <= sizeof out->room ? out->room : arena_map(loader->arena.used);
    if (out->arena == NULL)
        return no_memory;
    loader->arena = (struct arena){.base = out->arena};
    load_units(loader, out);
    count_waits(loader->plan, out);
    return NULL;
}

const char *load_programs(const struct plan *plan, char *const *given, char *const *words, const char *mark,
                          struct loaded *out)
{
    _Alignas(16) char room[SCRATCH_ROOM];
    struct loader loader = {.plan = plan, .given = given, .words = words};
    loader.env = (struct environment){.plan = plan, .mark = mark, .arena = &loader.arena};
    loader.given_count = count_pointers(given);
    loader.word_count = count_pointers(words);
    *out = (struct loaded){0};
    if (loader.word_count > 0 && plan->pod->args_unit == PLAN_NONE)
        return "words follow --, but no unit takes them: the pod has several services and no main";
    if (strlen(mark) > LOAD_MAX_MARK)
        return "the mark of its units is too long";
    const char *why = prepare(&loader, room);
    if (why == NULL)
        why = fill(&loader, out);
    if (loader.scratch.base != NULL && loader.scratch.base != room)
        munmap(loader.scratch.base, (size_t)loader.scratch.used);
    return why;
}

void load_free(struct loaded *loaded)
{
    if (loaded->arena != NULL && loaded->arena != loaded->room)
        munmap(loaded->arena, loaded->arena_size);
    *loaded = (struct loaded){0};
}
