/* The memory of plans that were taken: see change.h. It must never give back what anybody may still look at.
 */

#include <string.h>

#include "arena.h"
#include "change.h"
#include "core.h"
#include "table.h"

/* --- a draft --- */

/* names: the units of the plan that holds. */
static void lay_out(const struct core *c, struct arena *a, struct draft *d, struct table *names)
{
    uint32_t count = d->plan.unit_count;
    arena_take(a, sizeof *d);
    d->units = arena_take(a, count * sizeof *d->units);
    d->numbers = arena_take(a, count * sizeof *d->numbers);
    d->changes = arena_take(a, count);
    d->leaving = arena_take(a, c->slot_count);
    table_make(a, names, c->unit_count);
}

struct draft *draft_make(const struct core *c, uint8_t *bytes, size_t size, struct table *names)
{
    struct draft first = {.bytes = bytes, .size = size}, *d;
    struct arena arena = {NULL, 0};
    plan_open(&first.plan, bytes);
    lay_out(c, &arena, &first, names);
    size_t room = (size_t)arena.used;
    if (!(d = sys_map(room)))
        return NULL;
    *d = first;
    d->room = room;
    arena = (struct arena){(char *)d, 0};
    lay_out(c, &arena, d, names);
    table_reset(names, c->unit_count);
    return d;
}

/* The plan's bytes, and descriptors, are given back by who has them. */
void draft_forget(struct draft *d)
{
    if (d->growth)
        grow_drop(d->growth);
    load_free(&d->loaded);
    sys_unmap(d, d->room);
}

static void close_held(const struct loaded *loaded)
{
    for (uint32_t i = 0; i < loaded->held_count; i++)
        if (loaded->held[i].fd >= 0)
            sys_close(loaded->held[i].fd);
}

/* With all that it has. */
void draft_give_up(struct draft *d)
{
    close_held(&d->loaded);
    sys_unmap(d->bytes, d->size);
    draft_forget(d);
}

/* --- afterwards --- */

static int is_looked_at(const struct core *c, const struct draft *d)
{
    for (uint32_t i = 0; i < c->slot_count; i++) {
        const uint8_t *at = (const uint8_t *)c->slots[i]->plan;
        if (at >= d->bytes && at < d->bytes + d->size)
            return 1;
    }
    return 0;
}

/* Units that are kept have the environment that they were started with until they start again, and their probes and
 * hooks have it, too. */
static int is_executed(const struct core *c, const struct loaded *loaded)
{
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const char *at = (const char *)c->units[i]->program, *begin = loaded->arena;
        if (begin && at >= begin && at < begin + loaded->arena_size)
            return 1;
    }
    return 0;
}

/* A child that shares our memory reads what it was begun with: while there is one, plans stay. */
void change_clear(struct core *c)
{
    if (spawn_shares(c))
        return;
    c->may_clear = 0;
    if (c->held && !is_executed(c, &c->loaded)) {
        close_held(&c->loaded);
        load_free(&c->loaded);
    }
    for (uint32_t i = 0; i < c->slot_count; i++)
        if (grow_is_vacant(c->slots[i]))
            grow_vacate(c, c->slots[i]);
    for (struct draft **at = c->held ? &c->held->before : &c->held; *at;) {
        struct draft *d = *at;
        if (is_looked_at(c, d) || is_executed(c, &d->loaded)) {
            at = &d->before;
            continue;
        }
        *at = d->before;
        draft_give_up(d);
    }
}
