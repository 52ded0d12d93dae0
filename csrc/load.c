/* Works out argument lists and environments. Two passes of the same code: the first without memory, only to measure,
 * the second into one mapping of exactly that size. It must never keep its scratch memory or grow anything later.
 *
 * A unit's environment is what minipod was given, less its own MINIPOD_ names, then the pod's env, then the unit's,
 * then MINIPOD_UNIT, MINIPOD_POD and MINIPOD_INSTANCE; a later entry takes the place of an earlier one of its name.
 * $(VAR) in a value sees what is set so far, so an entry may build on its own predecessor, then what minipod was
 * given: a plan that was compiled at build time sees variables of run time. Inherited bytes pass through whatever
 * they are.
 *
 * Cost: linear in units x variables; names are found by hash. Text that needs no expansion is not copied.
 */
#include "load.h"

#include <string.h>
#include <sys/mman.h>

#include "expand.h"
#include "policy_tables.h"

#define OWN_PREFIX "MINIPOD_"
#define OWN_COUNT 3                             /* MINIPOD_UNIT, _POD, _INSTANCE */
#define NUMBER_ROOM 11                          /* a uint32_t and its NUL */

struct text { const char *at; uint64_t size; };

/* One variable. whole: "NAME=value", NULL while measuring. hidden_from: the visit to a unit that must not see it. */
struct entry { struct text name; const char *whole; uint64_t value_size; uint32_t hidden_from; };

/* Entries in order of their first appearance, found by name; a slot holds an entry's index + 1, or 0. */
struct table { struct entry *entries; uint32_t *slots; uint32_t count; uint32_t mask; };

struct arena { char *base; uint64_t used; };    /* base NULL: measuring */

struct loader {
    const struct plan *plan;
    char *const *given;
    char *const *words;
    const char *mark;
    struct table inherited;
    struct table configured;                    /* of the unit at hand */
    struct arena arena;
    struct arena scratch;
    uint64_t given_count;
    uint64_t word_count;
    uint32_t visit;                             /* counts units, in both passes */
    uint32_t hidden;                            /* how many inherited entries the unit at hand must not see */
    const char *why;
};

static const struct text identity[LOAD_SPARE] = {{"HOME", 4}, {"USER", 4}, {"LOGNAME", 7}};

static uint64_t count_pointers(char *const *list)
{
    uint64_t count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

static int same(struct text a, struct text b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

/* --- memory ----------------------------------------------------------------------------------------------------- */

/* Pages of zeros, or NULL. */
static void *map(uint64_t size)
{
    void *pages = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* The next size bytes of the arena at a multiple of 8; NULL while measuring. used stops growing above LOAD_MAX_SIZE. */
static void *take(struct arena *arena, uint64_t size)
{
    char *taken = arena->base == NULL ? NULL : arena->base + arena->used;
    if (arena->used <= LOAD_MAX_SIZE)
        arena->used += size > LOAD_MAX_SIZE ? LOAD_MAX_SIZE + 1 : (size + 7) & ~UINT64_C(7);
    return taken;
}

/* --- names ------------------------------------------------------------------------------------------------------ */

static uint32_t hash_name(struct text name)
{
    uint32_t hash = UINT32_C(0x811c9dc5);
    for (uint64_t i = 0; i < name.size; i++)
        hash = (hash ^ (uint8_t)name.at[i]) * UINT32_C(0x01000193);
    return hash ^ hash >> 15;
}

/* The smallest power of two that leaves half of the slots free for so many entries. */
static uint64_t slots_for(uint64_t entries)
{
    uint64_t slots = 2;
    while (slots < 2 * entries)
        slots *= 2;
    return slots;
}

/* The name's slot, or the free one where it would be. */
static uint32_t *slot_of(const struct table *table, struct text name)
{
    uint32_t at = hash_name(name) & table->mask;
    while (table->slots[at] != 0 && !same(table->entries[table->slots[at] - 1].name, name))
        at = (at + 1) & table->mask;
    return &table->slots[at];
}

static struct entry *find_entry(const struct table *table, struct text name)
{
    uint32_t index = *slot_of(table, name);
    return index == 0 ? NULL : &table->entries[index - 1];
}

static void put_entry(struct table *table, struct entry entry)
{
    uint32_t *slot = slot_of(table, entry.name);
    if (*slot == 0)
        *slot = ++table->count;
    table->entries[*slot - 1] = entry;
}

static void reset_table(struct table *table, uint64_t entries)
{
    uint64_t slots = slots_for(entries);
    table->count = 0;
    table->mask = (uint32_t)(slots - 1);
    memset(table->slots, 0, slots * sizeof *table->slots);
}

static void make_table(struct arena *scratch, struct table *table, uint64_t entries)
{
    table->entries = take(scratch, entries * sizeof *table->entries);
    table->slots = take(scratch, slots_for(entries) * sizeof *table->slots);
}

/* --- variables -------------------------------------------------------------------------------------------------- */

static int is_hidden(const struct loader *loader, const struct entry *inherited)
{
    return inherited->hidden_from == loader->visit;
}

static void hide_inherited(struct loader *loader, struct text name)
{
    struct entry *entry = find_entry(&loader->inherited, name);
    if (entry == NULL || is_hidden(loader, entry))
        return;
    entry->hidden_from = loader->visit;
    loader->hidden++;
}

static void configure(struct loader *loader, struct entry entry)
{
    put_entry(&loader->configured, entry);
    hide_inherited(loader, entry.name);
}

static int find_variable(const void *where, const char *name, uint64_t size, struct expand_value *value)
{
    const struct loader *loader = where;
    struct text text = {name, size};
    const struct entry *entry = find_entry(&loader->configured, text);
    if (entry == NULL)
        entry = find_entry(&loader->inherited, text);
    if (entry == NULL || is_hidden(loader, entry))
        return 0;
    *value = (struct expand_value){entry->whole == NULL ? NULL : entry->whole + size + 1, entry->value_size};
    return 1;
}

static int has_own_prefix(struct text name)
{
    return name.size >= strlen(OWN_PREFIX) && memcmp(name.at, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
}

/* What has no name cannot be found or replaced, but is handed on: it gets an entry and no slot. */
static void inherit(struct loader *loader, const char *whole)
{
    const char *equals = strchr(whole, '=');
    struct text name = {whole, equals == NULL ? 0 : (uint64_t)(equals - whole)};
    struct entry entry = {name, whole, equals == NULL ? 0 : strlen(equals + 1), 0};
    if (has_own_prefix(name) && !loader->plan->pod->exact_env)
        return;
    if (name.size == 0)
        loader->inherited.entries[loader->inherited.count++] = entry;
    else
        put_entry(&loader->inherited, entry);
}

static void set_variable(struct loader *loader, struct text name, const char *value, uint64_t size)
{
    uint64_t expanded = expand_with(value, size, find_variable, loader, NULL, 0);
    uint64_t whole = expanded > LOAD_MAX_SIZE ? expanded : name.size + 1 + expanded + 1;
    char *to = take(&loader->arena, whole);
    if (to != NULL) {
        memcpy(to, name.at, name.size);
        to[name.size] = '=';
        expand_with(value, size, find_variable, loader, to + name.size + 1, expanded);
    }
    configure(loader, (struct entry){name, to, expanded, 0});
}

static void set_run(struct loader *loader, struct plan_run run)
{
    const struct plan *plan = loader->plan;
    for (uint32_t i = run.first; i < run.first + run.count && loader->arena.used <= LOAD_MAX_SIZE; i++) {
        const struct plan_variable *variable = &plan->variables[i];
        struct text name = {plan_text(plan, variable->name), variable->name.size};
        set_variable(loader, name, plan_text(plan, variable->value), variable->value.size);
    }
}

/* Its text is not the user's, so nothing in it is expanded. */
static void set_own(struct loader *loader, const char *name, const char *value, const char *number)
{
    uint64_t sizes[] = {strlen(name), strlen(value), strlen(number)};
    char *to = take(&loader->arena, sizes[0] + 1 + sizes[1] + sizes[2] + 1);
    if (to != NULL) {
        memcpy(to, name, sizes[0]);
        to[sizes[0]] = '=';
        memcpy(to + sizes[0] + 1, value, sizes[1]);
        memcpy(to + sizes[0] + 1 + sizes[1], number, sizes[2]);
    }
    configure(loader, (struct entry){{name, sizes[0]}, to, sizes[1] + sizes[2], 0});
}

static void set_owns(struct loader *loader, uint32_t index)
{
    const struct plan *plan = loader->plan;
    char room[NUMBER_ROOM + 1] = "", *number = room + NUMBER_ROOM;
    uint32_t rest = index;
    do
        *--number = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    *--number = '.';
    set_own(loader, OWN_PREFIX "UNIT", plan_text(plan, plan->units[index].name), "");
    set_own(loader, OWN_PREFIX "POD", plan_text(plan, plan->pod->name), "");
    set_own(loader, OWN_PREFIX "INSTANCE", loader->mark, number);
}

/* --- one unit --------------------------------------------------------------------------------------------------- */

/* Inherited ones first, in their order. */
static void list_variables(const struct loader *loader, char **to)
{
    const struct table *inherited = &loader->inherited, *configured = &loader->configured;
    for (uint32_t i = 0; i < inherited->count; i++)
        if (!is_hidden(loader, &inherited->entries[i]))
            *to++ = (char *)inherited->entries[i].whole;
    for (uint32_t i = 0; i < configured->count; i++)
        *to++ = (char *)configured->entries[i].whole;
}

static char **take_list(struct loader *loader, uint64_t count)
{
    return take(&loader->arena, count * sizeof(char *));
}

static void load_exact_environment(struct loader *loader, struct program *program)
{
    program->env_count = (uint32_t)loader->given_count;
    program->envp = take_list(loader, loader->given_count + LOAD_SPARE + 1);
    if (program->envp != NULL && loader->given_count > 0)
        memcpy(program->envp, loader->given, loader->given_count * sizeof(char *));
}

/* Whoever runs as somebody else must not see whose environment it was. */
static void set_variables(struct loader *loader, uint32_t index)
{
    const struct plan *plan = loader->plan;
    const struct plan_unit *unit = &plan->units[index];
    loader->visit++;
    loader->hidden = 0;
    for (int i = 0; i < LOAD_SPARE && unit->user.size > 0; i++)
        hide_inherited(loader, identity[i]);
    reset_table(&loader->configured, (uint64_t)plan->pod->env.count + unit->env.count + OWN_COUNT);
    set_run(loader, plan->pod->env);
    set_run(loader, unit->env);
    set_owns(loader, index);
}

static void load_environment(struct loader *loader, uint32_t index, struct program *program)
{
    set_variables(loader, index);
    program->env_count = loader->inherited.count - loader->hidden + loader->configured.count;
    program->envp = take_list(loader, (uint64_t)program->env_count + LOAD_SPARE + 1);
    if (program->envp != NULL)
        list_variables(loader, program->envp);
    uint8_t *const lacks[LOAD_SPARE] = {&program->lacks_home, &program->lacks_user, &program->lacks_logname};
    for (int i = 0; i < LOAD_SPARE; i++)
        *lacks[i] = loader->plan->units[index].user.size > 0
            && find_entry(&loader->configured, identity[i]) == NULL;
}

static char *load_word(struct loader *loader, struct plan_string word)
{
    const char *text = plan_text(loader->plan, word);
    if (memchr(text, '$', word.size) == NULL)
        return (char *)text;
    uint64_t size = expand_with(text, word.size, find_variable, loader, NULL, 0);
    char *to = take(&loader->arena, size > LOAD_MAX_SIZE ? size : size + 1);
    if (to != NULL)
        expand_with(text, word.size, find_variable, loader, to, size);
    return to;
}

static void load_command_line(struct loader *loader, uint32_t index, struct program *program)
{
    const struct plan *plan = loader->plan;
    const struct plan_unit *unit = &plan->units[index];
    uint64_t added = plan->pod->args_unit == index ? loader->word_count : 0;
    uint32_t kept = added > 0 ? unit->command_count : unit->argv.count;
    if (kept + added == 0)
        loader->why = "no program is named";
    program->argv = take_list(loader, kept + added + 1);
    for (uint32_t i = 0; i < kept && loader->arena.used <= LOAD_MAX_SIZE; i++) {
        char *word = load_word(loader, plan->words[unit->argv.first + i]);
        if (program->argv != NULL)
            program->argv[i] = word;
    }
    if (program->argv != NULL && added > 0)
        memcpy(program->argv + kept, loader->words, added * sizeof(char *));
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static void count_waits(const struct plan *plan, struct loaded *out)
{
    for (uint32_t i = 0; i < plan->edge_count; i++) {
        const struct plan_edge *edge = &plan->edges[i];
        (edge->direction == DIRECTION_START ? out->start_waits : out->stop_waits)[edge->second]++;
    }
}

/* One pass; the arena says whether it measures. */
static void load_units(struct loader *loader, struct loaded *out)
{
    const struct plan *plan = loader->plan;
    out->programs = take(&loader->arena, plan->unit_count * sizeof *out->programs);
    out->start_waits = take(&loader->arena, plan->unit_count * sizeof *out->start_waits);
    out->stop_waits = take(&loader->arena, plan->unit_count * sizeof *out->stop_waits);
    for (uint32_t i = 0; i < plan->unit_count && loader->arena.used <= LOAD_MAX_SIZE && loader->why == NULL; i++) {
        struct program nobody, *program = out->programs == NULL ? &nobody : &out->programs[i];
        if (plan->pod->exact_env)
            load_exact_environment(loader, program);
        else
            load_environment(loader, i, program);
        load_command_line(loader, i, program);
    }
    if (loader->arena.used > LOAD_MAX_SIZE)
        loader->why = "its command lines and environments add up to more than 1 GiB";
}

static uint64_t most_variables(const struct plan *plan)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < plan->unit_count; i++)
        most = plan->units[i].env.count > most ? plan->units[i].env.count : most;
    return (uint64_t)plan->pod->env.count + most + OWN_COUNT;
}

/* In a first pass without memory, then with it: what make_table() takes is what there is. */
static void make_tables(struct loader *loader)
{
    loader->scratch.used = 0;
    make_table(&loader->scratch, &loader->inherited, loader->given_count);
    make_table(&loader->scratch, &loader->configured, most_variables(loader->plan));
}

static const char *const no_memory = "there is not enough memory for its command lines and environments";

static const char *prepare(struct loader *loader)
{
    make_tables(loader);
    if (loader->scratch.used > LOAD_MAX_SIZE)
        return no_memory;
    loader->scratch.base = map(loader->scratch.used);
    if (loader->scratch.base == NULL)
        return no_memory;
    make_tables(loader);
    reset_table(&loader->inherited, loader->given_count);
    reset_table(&loader->configured, 0);
    for (uint64_t i = 0; i < loader->given_count; i++)
        inherit(loader, loader->given[i]);
    return NULL;
}

static const char *fill(struct loader *loader, struct loaded *out)
{
    load_units(loader, out);
    if (loader->why != NULL)
        return loader->why;
    out->arena_size = (size_t)loader->arena.used;
    out->arena = map(loader->arena.used);
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
    struct loader loader = {.plan = plan, .given = given, .words = words, .mark = mark, .visit = 1};
    loader.given_count = count_pointers(given);
    loader.word_count = count_pointers(words);
    *out = (struct loaded){0};
    if (loader.word_count > 0 && plan->pod->args_unit == PLAN_NONE)
        return "words follow --, but no unit takes them: the pod has several services and no main";
    if (strlen(mark) > LOAD_MAX_MARK)
        return "the mark of its units is too long";
    const char *why = prepare(&loader);
    if (why == NULL)
        why = fill(&loader, out);
    if (loader.scratch.base != NULL)
        munmap(loader.scratch.base, (size_t)loader.scratch.used);
    return why;
}

void load_free(struct loaded *loaded)
{
    if (loaded->arena != NULL)
        munmap(loaded->arena, loaded->arena_size);
    *loaded = (struct loaded){0};
}
