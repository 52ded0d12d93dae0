/* Memory for units that the plan of the start did not have: see change.h. Slots that somebody left are taken first;
 * then every table is made anew, half as large again, so that not each plan makes them anew. It must never give back
 * what anybody may still name: slots are for good.
 */

#include <string.h>

#include "arena.h"
#include "change.h"
#include "core.h"

enum { LEAST = 8 };             /* slots, or errands, that are made at once */

/* --- vacant slots --- */

static const struct plan_unit nobody;

int grow_is_vacant(const struct unit *u) { return u->number == PLAN_NONE; }

/* Some lines of whoever had it are on their way still; a file's writer has its name. */
static int is_idle(const struct unit *u)
{
    int is_read = (u->notes && u->notes->helper) || (u->message && u->message->reader);
    return u->plan == &nobody && u->streams[0].sink < SINK_FILES && !is_read;
}

struct unit *grow_vacant(const struct core *c, uint32_t *at)
{
    while (*at < c->slot_count) {
        struct unit *u = c->slots[(*at)++];
        if (grow_is_vacant(u) && is_idle(u))
            return u;
    }
    return NULL;
}

/* Records still tell of it by its name, which must not lie in a plan. */
static void keep_name(struct unit *u)
{
    char *to = u->streams[0].buffer;
    size_t size = strlen(u->name);
    if (u->name != to)
        memcpy(to, u->name, size + 1);
    u->name = to;
}

void grow_vacate(struct core *c, struct unit *u)
{
    u->number = PLAN_NONE;
    mailbox_close(c, u);
    if (u->plan == &nobody || u->streams[0].stalled || u->streams[1].stalled)
        return;
    log_close_unit(c, u);
    keep_name(u);
    u->plan = &nobody;
    u->program = NULL;
}

/* --- what is needed --- */

static uint32_t larger(uint32_t have, uint32_t need)
{
    uint32_t least = have + have / 2 > have + LEAST ? have + have / 2 : have + LEAST;
    return need <= have ? have : need > least ? need : least;
}

/* Units that begin to say something of themselves. */
static int needs_notes(const struct draft *d, uint32_t i)
{
    const struct plan_unit *plan = &d->plan.units[i];
    return (plan->notify_socket || plan->notify_fd != PLAN_NONE) && !(d->units[i] && d->units[i]->notes);
}

static int needs_message(const struct draft *d, uint32_t i)
{
    return core_has_message(&d->plan.units[i]) && !(d->units[i] && d->units[i]->message);
}

int grow_measure(const struct core *c, const struct draft *d, struct growth *need)
{
    uint32_t slots = c->slot_count, errands = 0;
    for (uint32_t i = 0; i < d->plan.unit_count; i++) {
        slots += d->units[i] == NULL;
        errands += d->plan.units[i].errands.count;  /* no more at any time: whoever leaves gives back his */
        need->note_count += (uint32_t)needs_notes(d, i);
        need->message_count += (uint32_t)needs_message(d, i);
    }
    need->slot_count = larger(c->slot_count, slots);
    need->errand_count = larger(c->errand_count, errands);
    need->queue_room = core_queue_room(need->slot_count, d->plan.edge_count);
    if (need->queue_room < c->queue.room)
        need->queue_room = c->queue.room;
    return need->slot_count > c->slot_count || need->errand_count > c->errand_count || need->note_count > 0
        || need->message_count > 0 || need->queue_room > c->queue.room;
}

/* --- tables --- */

/* After the tables, the memory of each unit that is new in them. */
static void lay_out_units(const struct core *c, struct arena *a, const struct growth *g)
{
    uint32_t count = g->slot_count - c->slot_count;
    struct unit *units = arena_take(a, count * sizeof *units);
    for (uint32_t i = 0; i < count; i++) {
        char *room[4];
        for (int k = 0; k < 4; k++)
            room[k] = arena_take(a, k < 2 ? STREAM_ROOM : RING_ROOM);
        if (!units)
            continue;
        units[i] = (struct unit){.slot = c->slot_count + i, .number = PLAN_NONE, .plan = &nobody, .name = ""};
        for (int k = 0; k < 2; k++) {
            units[i].streams[k] = (struct stream){.read_end = -1, .write_end = -1, .buffer = room[k]};
            ring_open(&units[i].log.rings[k], room[2 + k]);
        }
        g->slots[c->slot_count + i] = &units[i];
    }
}

static void lay_out_errands(const struct core *c, struct arena *a, const struct growth *g)
{
    uint32_t count = g->errand_count - c->errand_count;
    struct errand *errands = arena_take(a, count * sizeof *errands);
    for (uint32_t i = 0; i < count; i++) {
        char *location = arena_take(a, ERRAND_LOCATION);
        if (!errands)
            continue;
        errands[i] = (struct errand){.slot = c->errand_count + i, .location = location};
        g->errands[c->errand_count + i] = &errands[i];
    }
}

static uint64_t count_timers(const struct growth *g)
{
    return 2 * (uint64_t)g->slot_count + POD_TIMERS + g->errand_count + CONTROL_TIMERS;
}

static void lay_out(const struct core *c, struct arena *a, struct growth *g)
{
    arena_take(a, sizeof *g);
    g->slots = arena_take(a, g->slot_count * sizeof *g->slots);
    g->errands = arena_take(a, g->errand_count * sizeof *g->errands);
    g->when = arena_take(a, count_timers(g) * sizeof *g->when);
    g->heap = arena_take(a, count_timers(g) * sizeof *g->heap);
    g->place = arena_take(a, count_timers(g) * sizeof *g->place);
    g->queue = arena_take(a, g->queue_room * sizeof *g->queue);
    g->notes = arena_take(a, g->note_count * sizeof *g->notes);
    g->messages = arena_take(a, g->message_count * sizeof *g->messages);
    if (c->control.clients)
        g->bookmarks = arena_take(a, (uint64_t)CLIENTS_LOCAL * g->slot_count * sizeof *g->bookmarks);
    lay_out_units(c, a, g);
    lay_out_errands(c, a, g);
}

struct growth *grow_map(const struct core *c, const struct growth *need)
{
    struct growth first = *need, *g;
    struct arena arena = {NULL, 0};
    lay_out(c, &arena, &first);
    first.size = (size_t)arena.used;
    if (arena.used > ARENA_MOST || !(g = sys_map(first.size)))
        return NULL;
    *g = first;
    arena = (struct arena){(char *)g, 0};
    lay_out(c, &arena, g);
    return g;
}

void grow_drop(struct growth *g) { sys_unmap(g, g->size); }

/* --- from the one to the other --- */

/* Timers of errands and of clients stand behind those of units. */
static uint32_t new_timer(const struct core *c, const struct growth *g, uint32_t id)
{
    uint32_t units = 2 * c->slot_count, clients = units + POD_TIMERS + c->errand_count;
    uint32_t more = 2 * (g->slot_count - c->slot_count);
    if (id < units)
        return id;
    return id < clients ? id + more : id + more + g->errand_count - c->errand_count;
}

/* Their order stays, and so the heap one. */
static void move_timers(struct core *c, const struct growth *g)
{
    struct timers *t = &c->timers;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t id = new_timer(c, g, t->heap[i]);
        g->when[id] = t->when[t->heap[i]];
        g->heap[i] = id;
        g->place[id] = i + 1;
    }
    *t = (struct timers){g->when, g->heap, g->place, t->count};
}

static void move_bookmarks(struct core *c, const struct growth *g)
{
    for (uint32_t i = 0; g->bookmarks && i < CLIENTS_LOCAL; i++)
        memcpy(g->bookmarks + (size_t)i * g->slot_count, c->control.bookmarks + (size_t)i * c->slot_count,
               c->slot_count * sizeof *g->bookmarks);
    if (g->bookmarks)
        c->control.bookmarks = g->bookmarks;
}

/* The queue is empty. */
void grow_adopt(struct core *c, struct growth *g)
{
    memcpy(g->slots, c->slots, c->slot_count * sizeof *g->slots);
    if (c->errand_count)
        memcpy(g->errands, c->errands, c->errand_count * sizeof *g->errands);
    move_timers(c, g);
    move_bookmarks(c, g);
    c->queue = (struct queue){g->queue, g->queue_room, 0, 0};
    c->slots = g->slots;
    c->errands = g->errands;
    c->slot_count = g->slot_count;
    c->errand_count = g->errand_count;
}
