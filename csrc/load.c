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
#include "gather.h"
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

/* first_*: where its begin. */
static const struct own *load_own(struct loader *loader, struct own own, uint32_t first_held, uint32_t first_late)
{
    struct own *to = own.held_count + own.late_count ? arena_take(&loader->arena, sizeof *to) : NULL;
    if (to == NULL)
        return NULL;
    own.held = own.held == NULL ? NULL : own.held + first_held;
    own.late = own.late == NULL ? NULL : own.late + first_late;
    *to = own;
    return to;
}

static void load_environment(struct loader *loader, uint32_t index, struct program *program)
{
    struct own own = {.held = loader->env.held, .late = loader->env.late};
    uint32_t held = loader->env.held_next, late = loader->env.late_next;
    environment_set(&loader->env, index);
    own.held_count = loader->env.held_next - held;
    own.late_count = loader->env.late_next - late;
    program->own = load_own(loader, own, held, late);
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

/* Kubernetes takes only variables that are set, and not empty. */
static int find_filled(const void *where, const char *name, uint64_t size, struct expand_value *value)
{
    struct loader *loader = (struct loader *)(uintptr_t)where;
    int is_found = environment_find(&loader->env, name, size, value);
    if (!is_found || value->size == 0)
        loader->why = "the part of a volume is named by a variable that is not set, or empty";
    return is_found;
}

static char *load_sub_path(struct loader *loader, const struct plan_mount *mount)
{
    const char *text = plan_text(loader->plan, mount->sub_path);
    if (!mount->expands)
        return (char *)text;
    uint64_t size = expand_with(text, mount->sub_path.size, find_filled, loader, NULL, 0);
    char *to = arena_take(&loader->arena, size > ARENA_MOST ? size : size + 1);
    if (to != NULL)
        expand_with(text, mount->sub_path.size, find_filled, loader, to, size);
    return to;
}

static void load_mounts(struct loader *loader, struct plan_run run, struct loaded *out)
{
    for (uint32_t i = run.first; i < run.first + run.count && loader->arena.used <= ARENA_MOST; i++) {
        char *path = load_sub_path(loader, &loader->plan->mounts[i]);
        if (out->sub_paths != NULL)
            out->sub_paths[i] = path;
    }
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
    load_mounts(loader, loader->plan->units[index].mounts, out);
}

static uint32_t count_gathered(const struct gathered *all, enum gathered_state state)
{
    uint32_t count = 0;
    for (const struct gathered_record *record = NULL; (record = gathered_next(all, record));)
        count += record->state == state;
    return count;
}

const char load_no_memory[] = "there is not enough memory for its command lines and environments";

/* Pages that nobody has touched cost nothing. */
static const char *make_late(struct loader *loader, struct loaded *out)
{
    out->late_count = count_gathered(loader->env.gathered, GATHERED_LATE);
    if (out->late_count == 0)
        return NULL;
    size_t size = out->late_count * sizeof *out->late;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return load_no_memory;
    loader->env.late = out->late = at;
    return NULL;
}

/* One pass; the arena says whether it measures. */
static void load_units(struct loader *loader, struct loaded *out)
{
    const struct plan *plan = loader->plan;
    out->programs = arena_take(&loader->arena, plan->unit_count * sizeof *out->programs);
    out->errands = arena_take(&loader->arena, plan->errand_count * sizeof *out->errands);
    out->sub_paths = arena_take(&loader->arena, plan->mount_count * sizeof *out->sub_paths);
    out->start_waits = arena_take(&loader->arena, plan->unit_count * sizeof *out->start_waits);
    out->stop_waits = arena_take(&loader->arena, plan->unit_count * sizeof *out->stop_waits);
    out->held_count = count_gathered(loader->env.gathered, GATHERED_HELD);
    out->held = out->held_count ? arena_take(&loader->arena, out->held_count * sizeof *out->held) : NULL;
    loader->env.held = out->held;
    loader->env.held_next = loader->env.late_next = 0;
    for (uint32_t i = 0; i < plan->unit_count && loader->arena.used <= ARENA_MOST && loader->why == NULL; i++)
        load_unit(loader, i, out);
    if (loader->arena.used > ARENA_MOST)
        loader->why = "its command lines and environments add up to more than 1 GiB";
}

/* room: SCRATCH_ROOM bytes of the stack, which are enough for most. */
static const char *prepare(struct loader *loader, void *room)
{
    environment_make(&loader->env, &loader->scratch, loader->given_count);
    if (loader->scratch.used > ARENA_MOST)
        return load_no_memory;
    int is_enough = loader->scratch.used <= SCRATCH_ROOM;
    if (is_enough)
        memset(room, 0, (size_t)loader->scratch.used);
    loader->scratch = (struct arena){.base = is_enough ? room : arena_map(loader->scratch.used)};
    if (loader->scratch.base == NULL)
        return load_no_memory;
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
        return load_no_memory;
    loader->arena = (struct arena){.base = out->arena};
    load_units(loader, out);
    count_waits(loader->plan, out);
    return NULL;
}

const char *load_programs(const struct plan *plan, char *const *given, char *const *words, const char *mark,
                          const struct gathered *gathered, struct loaded *out)
{
    return load_programs_as(plan, given, words, mark, gathered, NULL, out);
}

const char *load_programs_as(const struct plan *plan, char *const *given, char *const *words, const char *mark,
                             const struct gathered *gathered, const uint32_t *numbers, struct loaded *out)
{
    _Alignas(16) char room[SCRATCH_ROOM];
    struct loader loader = {.plan = plan, .given = given, .words = words};
    loader.env = (struct environment){.plan = plan, .mark = mark, .arena = &loader.arena, .gathered = gathered};
    loader.env.numbers = numbers;
    loader.given_count = count_pointers(given);
    loader.word_count = count_pointers(words);
    *out = (struct loaded){0};
    if (loader.word_count > 0 && plan->pod->args_unit == PLAN_NONE)
        return "words follow --, but no unit takes them: the pod has several services and no main";
    if (strlen(mark) > LOAD_MAX_MARK)
        return "the mark of its units is too long";
    const char *why = prepare(&loader, room);
    if (why == NULL)
        why = make_late(&loader, out);
    if (why == NULL)
        why = fill(&loader, out);
    if (loader.scratch.base != NULL && loader.scratch.base != room)
        munmap(loader.scratch.base, (size_t)loader.scratch.used);
    return why;
}

/* --- afterwards --- */

struct late *load_late_of(const struct program *program, const char *variable)
{
    const struct own *own = program->own;
    const char *begin = own ? (const char *)own->late : NULL;
    if (!begin || variable < begin || variable >= begin + own->late_count * sizeof(struct late))
        return NULL;
    return &own->late[(size_t)(variable - begin) / sizeof(struct late)];
}

/* Of the descriptors that are handed over the one whose path stands there, NULL: none does. */
static const struct handed *held_at(const struct program *program, const char *at, size_t *size)
{
    const struct handed *found = NULL;
    *size = 0;
    for (uint32_t i = 0; *at == '/' && program->own && i < program->own->held_count; i++) {
        const struct handed *held = &program->own->held[i];
        const char *path = strchr(held->text, '=') + 1;
        size_t length = strlen(path);
        if (length > *size && strncmp(at, path, length) == 0) {
            found = held;
            *size = length;
        }
    }
    return found;
}

static int names_the_child(const char *variable)
{
    return strncmp(variable, "LISTEN_PID=", sizeof "LISTEN_PID") == 0
        || strncmp(variable, "WATCHDOG_PID=", sizeof "WATCHDOG_PID") == 0;
}

/* A word may be made of the paths of descriptors: what can be read there is compared, not their numbers. */
static int is_same_text(const struct program *program, const char *a, const struct program *other, const char *b)
{
    while (*a || *b) {
        size_t size, other_size;
        const struct handed *p = held_at(program, a, &size), *q = held_at(other, b, &other_size);
        if (p && q ? p->hash != q->hash : *a != *b)
            return 0;
        a += p && q ? size : 1;
        b += p && q ? other_size : 1;
    }
    return 1;
}

/* What a child reads is its instance's own. */
static int is_same_word(const struct program *program, const char *a, const struct program *other, const char *b)
{
    if (load_late_of(program, a) && load_late_of(other, b))
        return strncmp(a, b, strcspn(a, "=") + 1) == 0;
    return (names_the_child(a) && names_the_child(b)) || is_same_text(program, a, other, b);
}

int load_is_same(const struct program *program, const struct program *other)
{
    char *const *const lists[] = {program->argv, other->argv, program->envp, other->envp};
    for (int i = 0; i < 4; i += 2) {
        char *const *a = lists[i], *const *b = lists[i + 1];
        while (a && b && *a && *b && is_same_word(program, *a, other, *b))
            a++, b++;
        if (a && b ? *a != *b : a != b)
            return 0;
    }
    return 1;
}

void load_free(struct loaded *loaded)
{
    if (loaded->arena != NULL)
        explicit_bzero(loaded->arena, loaded->arena_size);
    if (loaded->arena != NULL && loaded->arena != loaded->room)
        munmap(loaded->arena, loaded->arena_size);
    if (loaded->late != NULL)
        explicit_bzero(loaded->late, loaded->late_count * sizeof *loaded->late);
    if (loaded->late != NULL)
        munmap(loaded->late, loaded->late_count * sizeof *loaded->late);
    loaded->arena = NULL;
    loaded->late = NULL;
    loaded->held = NULL;
    loaded->held_count = 0;
}
