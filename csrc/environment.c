/* See environment.h. Cost: linear in units x variables; names are found by hash. It must never look at minipod's own
 * environment by itself: what was given is handed in.
 */
#include "environment.h"

#include <string.h>

#include "gather.h"
#include "message.h"
#include "policy_tables.h"

#define OWN_PREFIX "MINIPOD_"
#define MESSAGE_NAME "TERMINATION_MESSAGE_PATH"
#define OWN_COUNT 7                             /* MINIPOD_UNIT, _POD, _INSTANCE; NOTIFY_SOCKET, _FD; WATCHDOG_USEC;
                                                 * TERMINATION_MESSAGE_PATH */
#define NUMBER_ROOM 20                          /* digits of a uint64_t */
#define NS_PER_US 1000

struct number { char digits[NUMBER_ROOM + 1]; };

#define TEXT(literal) ((struct text){literal, sizeof literal - 1})
static const struct text nothing = {"", 0};

static const struct text identity[LOAD_SPARE] = {{"HOME", 4}, {"USER", 4}, {"LOGNAME", 7}};

/* --- what was given --------------------------------------------------------------------------------------------- */

static int is_hidden(const struct environment *env, const struct entry *inherited)
{
    return inherited->hidden_from == env->visit;
}

static void hide_inherited(struct environment *env, struct text name)
{
    struct entry *entry = table_find(&env->inherited, name);
    if (entry == NULL || is_hidden(env, entry))
        return;
    entry->hidden_from = env->visit;
    env->hidden++;
}

static int has_own_prefix(struct text name)
{
    return name.size >= strlen(OWN_PREFIX) && memcmp(name.at, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
}

static void inherit(struct environment *env, const char *whole)
{
    const char *equals = strchr(whole, '=');
    struct text name = {whole, equals == NULL ? 0 : (uint64_t)(equals - whole)};
    struct entry entry = {name, whole, equals == NULL ? 0 : strlen(equals + 1), 0};
    if (has_own_prefix(name) && !env->plan->pod->exact_env)
        return;
    if (name.size == 0)
        table_append(&env->inherited, entry);
    else
        table_put(&env->inherited, entry);
}

/* --- what is configured ----------------------------------------------------------------------------------------- */

static void configure(struct environment *env, struct entry entry)
{
    table_put(&env->configured, entry);
    hide_inherited(env, entry.name);
}

int environment_find(const void *where, const char *name, uint64_t size, struct expand_value *value)
{
    const struct environment *env = where;
    struct text text = {name, size};
    const struct entry *entry = table_find(&env->configured, text);
    if (entry == NULL)
        entry = table_find(&env->inherited, text);
    if (entry == NULL || is_hidden(env, entry))
        return 0;
    *value = (struct expand_value){entry->whole == NULL ? NULL : entry->whole + size + 1, entry->value_size};
    return 1;
}

static void set_variable(struct environment *env, struct text name, const char *value, uint64_t size)
{
    uint64_t expanded = expand_with(value, size, environment_find, env, NULL, 0);
    uint64_t whole = expanded > ARENA_MOST ? expanded : name.size + 1 + expanded + 1;
    char *to = arena_take(env->arena, whole);
    if (to != NULL) {
        memcpy(to, name.at, name.size);
        to[name.size] = '=';
        expand_with(value, size, environment_find, env, to + name.size + 1, expanded);
    }
    configure(env, (struct entry){name, to, expanded, 0});
}

static void set_run(struct environment *env, struct plan_run run)
{
    const struct plan *plan = env->plan;
    for (uint32_t i = run.first; i < run.first + run.count && env->arena->used <= ARENA_MOST; i++) {
        const struct plan_variable *variable = &plan->variables[i];
        struct text name = {plan_text(plan, variable->name), variable->name.size};
        set_variable(env, name, plan_text(plan, variable->value), variable->value.size);
    }
}

/* --- what is ours ----------------------------------------------------------------------------------------------- */

static struct text text_of(const char *text)
{
    return (struct text){text, strlen(text)};
}

static struct text write_number(struct number *room, uint64_t number)
{
    char *end = room->digits + NUMBER_ROOM, *at = end;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return (struct text){at, (uint64_t)(end - at)};
}

static char *put(char *to, struct text text)
{
    memcpy(to, text.at, text.size);
    return to + text.size;
}

/* NAME=beginbetweenend. Their text is not the user's, so nothing in it is expanded. */
static const char *set_own(struct environment *env, struct text name, struct text begin, struct text between,
                           struct text end)
{
    uint64_t size = begin.size + between.size + end.size;
    char *whole = arena_take(env->arena, name.size + 1 + size + 1);
    if (whole != NULL) {
        char *to = put(whole, name);
        *to++ = '=';
        to = put(to, begin);
        to = put(to, between);
        put(to, end);
    }
    configure(env, (struct entry){name, whole, size, 0});
    return whole;
}

static uint64_t watchdog_of(const struct plan *plan, const struct plan_unit *unit)
{
    for (uint32_t i = 0; i < unit->errands.count; i++) {
        const struct plan_errand *errand = &plan->errands[unit->errands.first + i];
        if (errand->kind == ERRAND_WATCHDOG)
            return errand->timeout_ns;
    }
    return 0;
}

/* The watchdog of whoever started minipod is not the unit's. WATCHDOG_PID is never set: a library that finds one takes
 * the watchdog for somebody else's, and a shell in front of the program makes it somebody else's. */
static void set_notify_socket(struct environment *env, uint32_t index, struct text number)
{
    struct number room;
    uint64_t watchdog = watchdog_of(env->plan, &env->plan->units[index]);
    char begin[sizeof "@minipod/" + LOAD_MAX_MARK] = "@minipod/";
    strcat(begin, env->mark);
    hide_inherited(env, TEXT("WATCHDOG_PID"));
    hide_inherited(env, TEXT("WATCHDOG_USEC"));
    set_own(env, TEXT("NOTIFY_SOCKET"), text_of(begin), TEXT("/"), number);
    if (watchdog > 0)
        set_own(env, TEXT("WATCHDOG_USEC"), write_number(&room, watchdog / NS_PER_US), nothing, nothing);
}

static void set_owns(struct environment *env, uint32_t index)
{
    const struct plan *plan = env->plan;
    const struct plan_unit *unit = &plan->units[index];
    struct number room, fd;
    struct text number = write_number(&room, env->numbers ? env->numbers[index] : index);
    set_own(env, TEXT(OWN_PREFIX "UNIT"), text_of(plan_text(plan, unit->name)), nothing, nothing);
    set_own(env, TEXT(OWN_PREFIX "POD"), text_of(plan_text(plan, plan->pod->name)), nothing, nothing);
    set_own(env, TEXT(OWN_PREFIX "INSTANCE"), text_of(env->mark), TEXT("."), number);
    if (unit->notify_socket)
        set_notify_socket(env, index, number);
    if (unit->notify_fd != PLAN_NONE)
        set_own(env, TEXT("NOTIFY_FD"), write_number(&fd, unit->notify_fd), nothing, nothing);
    if (unit->message_own)
        set_own(env, TEXT(MESSAGE_NAME), TEXT("/proc/self/fd/"), write_number(&fd, MESSAGE_FD), nothing);
    else if (unit->message_path.size)
        set_own(env, TEXT(MESSAGE_NAME), text_of(plan_text(plan, unit->message_path)), nothing, nothing);
}

/* --- what sources say ---------------------------------------------------------------------------------------- */

static void set_verbatim(struct environment *env, struct text name, struct text value)
{
    char *to = arena_take(env->arena, name.size + 1 + value.size + 1);
    if (to != NULL) {
        memcpy(to, name.at, name.size);
        to[name.size] = '=';
        memcpy(to + name.size + 1, value.at, value.size);
    }
    configure(env, (struct entry){name, to, value.size, 0});
}

/* Its child fills it. Nothing can refer to its value. */
static void set_late(struct environment *env, const struct gathered_record *record)
{
    struct text name = gathered_name(record);
    struct late *late = &env->late[env->late_next++];
    late->source = record->source;
    memcpy(late->text, name.at, name.size);
    late->text[name.size] = '=';
    configure(env, (struct entry){name, late->text, 0, 0});
}

static void set_held(struct environment *env, const struct gathered_record *record)
{
    struct number number;
    struct text digits = write_number(&number, (uint64_t)(record->fd < 0 ? 0 : record->fd));
    const char *text = set_own(env, gathered_name(record), TEXT("/proc/self/fd/"), digits, nothing);
    struct text value = gathered_value(record);
    if (env->held != NULL)
        env->held[env->held_next] = (struct handed){text, plan_mix(PLAN_HASH, value.at, value.size), record->fd, 0};
    env->held_next++;
}

static void set_gathered(struct environment *env, const struct gathered_record *record)
{
    switch ((enum gathered_state)record->state) {
    case GATHERED_VALUE: set_verbatim(env, gathered_name(record), gathered_value(record)); break;
    case GATHERED_ABSENT: hide_inherited(env, gathered_name(record)); break;
    case GATHERED_HELD: set_held(env, record); break;
    case GATHERED_LATE: set_late(env, record); break;
    }
}

static int is_of(const struct gathered_record *record, struct plan_run run)
{
    return record->source >= run.first && record->source - run.first < run.count;
}

static void set_sources(struct environment *env, struct plan_run run)
{
    const struct gathered_record *record = NULL;
    while (run.count > 0 && env->arena->used <= ARENA_MOST && (record = gathered_next(env->gathered, record)))
        if (is_of(record, run))
            set_gathered(env, record);
}

/* Besides the pod's own. */
static uint64_t count_variables(const struct environment *env, const struct plan_unit *unit)
{
    const struct gathered_record *record = NULL;
    uint64_t count = (uint64_t)unit->env.count + OWN_COUNT;
    while (unit->sources.count > 0 && (record = gathered_next(env->gathered, record)))
        count += is_of(record, unit->sources) ? 1 : 0;
    return count;
}

/* --- one unit --------------------------------------------------------------------------------------------------- */

/* Whoever runs as somebody else must not see whose environment it was. */
void environment_set(struct environment *env, uint32_t index)
{
    const struct plan *plan = env->plan;
    const struct plan_unit *unit = &plan->units[index];
    env->visit++;
    env->hidden = 0;
    for (int i = 0; i < LOAD_SPARE && unit->user.size > 0; i++)
        hide_inherited(env, identity[i]);
    table_reset(&env->configured, plan->pod->env.count + count_variables(env, unit));
    set_run(env, plan->pod->env);
    set_sources(env, unit->sources);
    set_run(env, unit->env);
    set_owns(env, index);
}

uint32_t environment_count(const struct environment *env)
{
    return env->inherited.count - env->hidden + env->configured.count;
}

void environment_list(const struct environment *env, char **to)
{
    const struct table *inherited = &env->inherited, *configured = &env->configured;
    for (uint32_t i = 0; i < inherited->count; i++)
        if (!is_hidden(env, &inherited->entries[i]))
            *to++ = (char *)inherited->entries[i].whole;
    for (uint32_t i = 0; i < configured->count; i++)
        *to++ = (char *)configured->entries[i].whole;
}

int environment_lacks(const struct environment *env, uint32_t index, int spare)
{
    return env->plan->units[index].user.size > 0 && table_find(&env->configured, identity[spare]) == NULL;
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static uint64_t most_variables(const struct environment *env)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < env->plan->unit_count; i++) {
        const struct plan_unit *unit = &env->plan->units[i];
        uint64_t count = count_variables(env, unit);
        most = count > most ? count : most;
    }
    return env->plan->pod->env.count + most;
}

void environment_make(struct environment *env, struct arena *scratch, uint64_t given_count)
{
    table_make(scratch, &env->inherited, given_count);
    table_make(scratch, &env->configured, most_variables(env));
}

void environment_open(struct environment *env, char *const *given, uint64_t given_count)
{
    env->visit = 1;
    table_reset(&env->inherited, given_count);
    table_reset(&env->configured, 0);
    for (uint64_t i = 0; i < given_count; i++)
        inherit(env, given[i]);
}
