/* See change.h: taking a plan, and whoever leaves for it. A refusal leaves all as it was. It must never believe what a
 * client says of a plan, and never stop a unit but by the order that anybody could give.
 *
 * Cost: linear in units and text, but for a look at each edge for each turn in which somebody still has to leave.
 */

#include "change.h"

#include <string.h>

#include "arena.h"
#include "compare.h"
#include "core.h"
#include "footprint.h"
#include "gather.h"
#include "rights.h"
#include "say.h"
#include "table.h"

/* --- refusals --- */

static char sentence[512];
static struct refusal refusal;

static const struct refusal *refuse(uint16_t status, const char *hint)
{
    refusal = (struct refusal){status, sentence, hint};
    return &refusal;
}

#define SENTENCE(...) (sentence[say_format(sentence, sizeof sentence - 1, __VA_ARGS__)] = 0)

static const struct refusal *refuse_bytes(const char *why)
{
    SENTENCE("the plan cannot be run: %s", why);
    return refuse(422, "minipod check says more of a pod file, minipod plan of a plan");
}

static const struct refusal *refuse_key(const char *name, const char *key)
{
    if (name)
        SENTENCE(SETTLED_OF_UNIT, name, key);
    else
        SENTENCE(SETTLED_OF_POD, key);
    return refuse(422, SETTLED_HINT);
}

static const struct refusal *refuse_memory(void)
{
    SENTENCE("there is not enough memory for another plan");
    return refuse(503, "ask again later");
}

/* --- who is who --- */

static struct text name_of(const struct plan *p, const struct plan_unit *u)
{
    return (struct text){plan_text(p, u->name), u->name.size};
}

/* As if all left, until they are found. */
static void enter_all(struct core *c, struct draft *d, struct table *names)
{
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const struct unit *u = c->units[i];
        table_put(names, (struct entry){name_of(&c->plan, u->plan), NULL, i, 0});
        d->leaving[u->slot] = (uint8_t)(LEAVES | REMOVED | (u->want == WANT_HOLD ? HELD_BEFORE : 0));
    }
}

/* NULL, or the name of a unit with a key that is settled. */
static const char *match(struct core *c, struct draft *d, const struct table *names, const char **key)
{
    for (uint32_t i = 0; i < d->plan.unit_count; i++) {
        const struct plan_unit *new = &d->plan.units[i];
        const struct entry *found = table_find(names, name_of(&d->plan, new));
        struct unit *u = found ? c->units[found->value_size] : NULL;
        d->units[i] = u;
        d->numbers[i] = u ? u->number : c->next_number++;
        int is_same = u && compare_units(&c->plan, (uint32_t)found->value_size, &d->plan, i);
        d->changes[i] = !u ? CHANGE_NEW : is_same ? CHANGE_KEPT : CHANGE_CHANGED;
        if (u)
            d->leaving[u->slot] &= (uint8_t)~REMOVED;
        if ((*key = compare_fixed(&c->plan, u ? u->plan : NULL, &d->plan, new)))
            return plan_text(&d->plan, new->name);
    }
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (d->leaving[c->units[i]->slot] & REMOVED
            && (*key = compare_fixed(&c->plan, c->units[i]->plan, &d->plan, NULL)))
            return c->units[i]->name;
    return NULL;
}

const struct takeover *change_takeover(const struct draft *d, const struct unit *u, uint8_t change)
{
    return step_takeover(change, d->leaving[u->slot] & HELD_BEFORE ? BEFORE_HELD : BEFORE_WANTED);
}

/* By the policy's table. */
static void tell_who_leaves(const struct core *c, struct draft *d)
{
    for (uint32_t i = 0; i < d->plan.unit_count; i++)
        if (d->units[i] && !change_takeover(d, d->units[i], d->changes[i])->leaves)
            d->leaving[d->units[i]->slot] = 0;
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (d->leaving[c->units[i]->slot] & REMOVED && !change_takeover(d, c->units[i], CHANGE_REMOVED)->leaves)
            d->leaving[c->units[i]->slot] = 0;
}

/* The words behind -- are in no plan. */
static int takes_words(const struct core *c, const struct plan *plan, uint32_t place)
{
    return c->words && *c->words && plan->pod->args_unit == place;
}

/* What it was executed with is no matter: the next start's is. */
static int is_loaded_same(const struct core *c, const struct unit *u, const struct draft *d, uint32_t i)
{
    const struct plan_run run = d->plan.units[i].errands;
    int is_same = load_is_same(&c->loaded.programs[unit_place(c, u)], &d->loaded.programs[i]);
    for (uint32_t k = run.first; is_same && k < run.first + run.count; k++) {
        const struct errand *e = u->errands[d->plan.errands[k].kind];
        is_same = load_is_same(&c->loaded.errands[e->plan - c->plan.errands], &d->loaded.errands[k]);
    }
    return is_same;
}

/* What sources say may be another where the plan is not: who runs is not restarted for it. */
static void look_at_kept(const struct core *c, struct draft *d, uint32_t i)
{
    const struct unit *u = d->units[i];
    if (takes_words(c, &c->plan, unit_place(c, u)) != takes_words(c, &d->plan, i))
        d->changes[i] = CHANGE_CHANGED;
    else
        d->tally.stale += !is_loaded_same(c, u, d, i);
}

static void count(const struct core *c, struct draft *d)
{
    struct tally *t = &d->tally;
    for (uint32_t i = 0; i < d->plan.unit_count; i++) {
        if (d->changes[i] == CHANGE_KEPT)
            look_at_kept(c, d, i);
        t->kept += d->changes[i] == CHANGE_KEPT;
        t->changed += d->changes[i] == CHANGE_CHANGED;
        t->begun += d->changes[i] == CHANGE_NEW;
    }
    t->removed = c->unit_count - t->kept - t->changed;
    t->is_same = t->kept == d->plan.unit_count && !t->stale && d->plan.header->digest == c->plan.header->digest;
}

/* --- take --- */

static int needs_null(const struct plan *p)
{
    int is_needed = p->errand_count > 0;
    for (uint32_t i = 0; i < p->unit_count; i++)
        is_needed |= p->units[i].stdin_mode == STDIN_MODE_NULL || p->units[i].log.mode == LOG_MODE_NONE;
    return is_needed;
}

/* Slots that were vacant before: records tell of who leaves now. What they have need not be made again. */
static void place_in_vacant(const struct core *c, struct draft *d)
{
    uint32_t slot = 0;
    for (uint32_t i = 0; i < d->plan.unit_count; i++)
        if (d->changes[i] == CHANGE_NEW)
            d->units[i] = grow_vacant(c, &slot);
}

static void place_in_grown(const struct core *c, struct draft *d)
{
    uint32_t grown = c->slot_count;
    for (uint32_t i = 0; i < d->plan.unit_count; i++)
        if (!d->units[i])
            d->units[i] = d->growth->slots[grown++];
}

static const struct refusal *fill(struct core *c, struct draft *d, struct table *names, const struct gathered *gathered)
{
    struct growth need = {0};
    const char *key, *name, *why;
    enter_all(c, d, names);
    if ((name = match(c, d, names, &key)))
        return refuse_key(name, key);
    if (c->null < 0 && needs_null(&d->plan))
        return refuse_bytes("its programs need /dev/null, which is not there");
    if ((why = load_programs_as(&d->plan, c->given, c->words, c->mark, gathered, d->numbers, &d->loaded)))
        return why == load_no_memory ? refuse_memory() : refuse_bytes(why);
    if ((name = compare_shown(&c->plan, c->loaded.sub_paths, &d->plan, d->loaded.sub_paths)))
        return refuse_key(name, SETTLED_VOLUMES);
    count(c, d);
    tell_who_leaves(c, d);
    place_in_vacant(c, d);
    if (grow_measure(c, d, &need) && !(d->growth = grow_map(c, &need)))
        return refuse_memory();
    place_in_grown(c, d);
    return NULL;
}

/* As at the start. */
static const struct refusal *refuse_numbers(const struct core *c, const struct plan *plan)
{
    rlim_t most = core_most_files(c);
    uint32_t needed = gather_numbers(plan);
    if (most >= needed)
        return NULL;
    SENTENCE("a process may have %lu descriptors here, and its programs are given one by the number %u", (uint64_t)most,
             needed - 1);
    return refuse(422, "restart the container with a higher limit of open files");
}

const struct refusal *change_refuse(const struct core *c, const uint8_t *bytes, size_t size, struct plan *plan)
{
    const char *why = plan_refuse(bytes, size);
    if (why)
        return refuse_bytes(why);
    plan_open(plan, bytes);
    if (plan->rights_count && rights_refuse(plan, sentence, sizeof sentence))
        return refuse(422, "leave it out, or start the container with more rights");
    return (why = compare_pods(&c->plan, plan)) ? refuse_key(NULL, why) : refuse_numbers(c, plan);
}

static void tell(struct core *c, const struct tally *t)
{
    say(c, "a new plan: %u unchanged, %u changed, %u new, %u removed", t->kept, t->changed, t->begun, t->removed);
    if (t->stale)
        say(c, "%u of those unchanged have other variables from their next start on", t->stale);
}

const struct refusal *change_take(struct core *c, uint8_t *bytes, size_t size, const struct gathered *gathered,
                                  int is_trial, struct tally *tally)
{
    struct table names;
    const struct refusal *why;
    uint32_t next_number = c->next_number;
    struct draft *d;
    change_clear(c);
    if (!(d = draft_make(c, bytes, size, &names)))
        return refuse_memory();
    why = fill(c, d, &names, gathered);
    *tally = d->tally;
    if (why || is_trial || tally->is_same) {
        draft_forget(d);
        c->next_number = next_number;
        return why;
    }
    tell(c, &d->tally);
    c->draft = d;
    step_post(c, MACHINE_POD, NULL, POD_EVENT_PLAN);
    return NULL;
}

/* --- leave --- */

int change_refuses(const struct core *c, const struct unit *u) { return c->draft && c->draft->leaving[u->slot]; }

static int is_away(const struct unit *u) { return u->life == LIFE_HELD || u->life == LIFE_ENDED; }

/* Who goes has nobody before it who has still to go. */
static void block(struct core *c, uint8_t *leaving)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        leaving[c->units[i]->slot] &= (uint8_t)~BLOCKED;
    for (uint32_t i = 0; i < c->plan.edge_count; i++) {
        const struct plan_edge *e = &c->plan.edges[i];
        const struct unit *first = c->units[e->first], *second = c->units[e->second];
        int is_there = leaving[first->slot] && !(leaving[first->slot] & TOLD && is_away(first));
        if (e->direction == DIRECTION_STOP && is_there && leaving[second->slot])
            leaving[second->slot] |= BLOCKED;
    }
}

/* How many were told to go; *left: how many are not away, those among them. */
static uint32_t tell_next(struct core *c, uint8_t *leaving, uint32_t *left)
{
    uint32_t told = 0;
    *left = 0;
    block(c, leaving);
    for (uint32_t i = 0; i < c->unit_count; i++) {
        struct unit *u = c->units[i];
        uint8_t *its = &leaving[u->slot];
        if (*its && !(*its & (TOLD | BLOCKED))) {
            *its |= TOLD;
            told++;
            step_post(c, MACHINE_WANT, u, WANT_EVENT_ORDER_STOP);
        }
        *left += *its && !(*its & TOLD && is_away(u));
    }
    return told;
}

static void drop(struct core *c)
{
    struct draft *d = c->draft;
    c->draft = NULL;
    warn(c, "the new plan is not taken over: something came between");
    draft_give_up(d);
}

/* With an empty queue: a unit that looks held may have been told to go on. Whatever else the pod turned to came
 * between: then the plan is forgotten, and who was stopped for it stays held. Nobody waits for a child on its way to
 * its exec, which may hang as long as a mount does: it has its own copy of what it reads (struct child_start). */
static void lead(struct core *c)
{
    uint32_t left;
    if (c->draft && c->state != POD_CHANGING)
        drop(c);
    while (c->draft && c->state == POD_CHANGING) {
        uint32_t told = tell_next(c, c->draft->leaving, &left);
        if (told == 0 && left)
            return;
        if (told == 0)
            step_post(c, MACHINE_POD, NULL, POD_EVENT_ALL_AWAY);
        step_all(c);
    }
}

EACH_TURN void change_turn(struct core *c)
{
    if (c->draft)
        lead(c);
    if (c->may_clear)
        change_clear(c);
}
