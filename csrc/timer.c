/* Timers: a binary heap of moments over a fixed set of ids, each armed at most once. Arm, disarm and pop cost O(log n).
 * It must never look at a clock: "now" is the caller's.
 */

#include "core.h"
#include "footprint.h"

static void place(struct timers *t, uint32_t slot, uint32_t id)
{
    t->heap[slot] = id;
    t->place[id] = slot + 1;  /* 0: not armed */
}

static uint32_t sift_up(struct timers *t, uint32_t slot)
{
    uint32_t id = t->heap[slot];
    for (; slot > 0 && t->when[t->heap[(slot - 1) / 2]] > t->when[id]; slot = (slot - 1) / 2)
        place(t, slot, t->heap[(slot - 1) / 2]);
    place(t, slot, id);
    return slot;
}

static void sift_down(struct timers *t, uint32_t slot)
{
    uint32_t id = t->heap[slot];
    for (uint32_t child; (child = 2 * slot + 1) < t->count; slot = child) {
        if (child + 1 < t->count && t->when[t->heap[child + 1]] < t->when[t->heap[child]])
            child++;
        if (t->when[t->heap[child]] >= t->when[id])
            break;
        place(t, slot, t->heap[child]);
    }
    place(t, slot, id);
}

/* For how long time has stood still by now. */
static uint64_t stood_still(const struct core *c) { return c->frozen_since ? c->now - c->frozen_since : 0; }

/* While time stands still what is armed counts from its begin: as time goes on all are put off by the whole of it. */
void timer_arm(struct core *c, uint32_t id, uint64_t when)
{
    struct timers *t = &c->timers;
    t->when[id] = when > stood_still(c) ? when - stood_still(c) : 0;
    if (t->place[id] == 0)
        place(t, t->count++, id);
    sift_down(t, sift_up(t, t->place[id] - 1));
}

void timer_disarm(struct core *c, uint32_t id)
{
    struct timers *t = &c->timers;
    if (t->place[id] == 0)
        return;
    uint32_t slot = t->place[id] - 1, last = t->heap[--t->count];
    t->place[id] = 0;
    if (last != id) {
        place(t, slot, last);
        sift_down(t, sift_up(t, slot));
    }
}

uint64_t timer_when(const struct core *c, uint32_t id)
{
    return c->timers.place[id] ? c->timers.when[id] + stood_still(c) : 0;
}

EACH_TURN uint64_t timer_next(const struct core *c)
{
    return c->timers.count ? c->timers.when[c->timers.heap[0]] : 0;
}

int timer_pop_due(struct core *c, uint32_t *id)
{
    if (c->timers.count == 0 || timer_next(c) > c->now)
        return 0;
    *id = c->timers.heap[0];
    timer_disarm(c, *id);
    return 1;
}

/* All by the same amount: the heap's order holds. */
void timer_shift_all(struct core *c, uint64_t by)
{
    for (uint32_t i = 0; i < c->timers.count; i++)
        c->timers.when[c->timers.heap[i]] += by;
}
