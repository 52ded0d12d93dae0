/* Another plan for a pod that runs, in three parts. Take: whatever may fail, and it changes nothing. Leave: who is
 * otherwise, or gone, stops in order, by the orders that there are and under the plan that holds. Switch: memory alone,
 * which cannot fail.
 *
 *     compare.c  what differs
 *     change.c   take, and leave
 *     draft.c    what was taken, until nobody needs it
 *     grow.c     memory for more units than there were
 *     switch.c   from the one plan to the other
 */
#ifndef CHANGE_H
#define CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "load.h"
#include "plan.h"
#include "request.h"

struct core;
struct unit;
struct event;
struct bookmark;
struct notes;
struct message;
struct errand;
struct gathered;
struct takeover;

/* Of a unit of the plan that holds, by its slot: it stops for the new one; it is not in it at all; it was
 * told to stop for it; somebody had stopped it before; whom it waits for in stopping is not away. */
enum leaving { LEAVES = 1, REMOVED = 2, TOLD = 4, HELD_BEFORE = 8, BLOCKED = 16 };

/* Larger tables, and room for units and errands that have none; for good. */
struct growth {
    size_t size;
    struct unit **slots;
    struct errand **errands;
    uint64_t *when;
    uint32_t *heap, *place;
    struct event *queue;
    struct bookmark *bookmarks;         /* NULL: there is no control */
    struct notes *notes;                /* one for each unit that begins to need some */
    struct message *messages;           /* the same */
    uint32_t slot_count, errand_count, queue_room, note_count, message_count;
};

/* stale: of those that are kept, who has another environment when it starts next. is_same: no byte of the plan differs,
 * and nobody is changed or stale. */
struct tally { uint32_t kept, stale, changed, begun, removed; uint8_t is_same; };

/* A plan that was taken; it stays for as long as it holds, and somebody may still look at it. */
struct draft {
    struct draft *before;               /* the one that held until this one did; NULL: the plan of the start */
    size_t room;                        /* bytes of the mapping that this lies in */
    uint8_t *bytes;                     /* the plan's, a mapping of their own */
    size_t size;
    struct plan plan;
    struct loaded loaded;
    struct unit **units;                /* as the core's will be */
    uint32_t *numbers;
    uint8_t *changes;                   /* enum change, by place in this plan */
    uint8_t *leaving;                   /* enum leaving, by slot */
    struct growth *growth;              /* NULL: there is room */
    struct tally tally;
};

/* Why these bytes are no plan for this pod; NULL: they are, and the plan is open. */
const struct refusal *change_refuse(const struct core *, const uint8_t *bytes, size_t size, struct plan *);

/* bytes: a mapping of that size, of which nothing was refused; gathered: what its sources say, or NULL. They and the
 * descriptors in it stay the caller's if there is a refusal, or nothing is to be done: is_trial, or it is_same. */
const struct refusal *change_take(struct core *, uint8_t *bytes, size_t size, const struct gathered *gathered,
                                  int is_trial, struct tally *);

const struct takeover *change_takeover(const struct draft *, const struct unit *, uint8_t change);
void change_turn(struct core *);                                /* at the end of each turn: who may go now goes */
int change_refuses(const struct core *, const struct unit *);   /* the unit leaves: it takes no orders */
void change_over(struct core *);                                /* switch.c */
void change_clear(struct core *);                       /* draft.c: memory of plans that nobody looks at any more */

/* draft.c. The table is made for the names of units, and empty. The plan's bytes and descriptors are the caller's to
 * give back, but for give_up. NULL: no memory. */
struct table;
struct draft *draft_make(const struct core *, uint8_t *bytes, size_t size, struct table *names);
void draft_forget(struct draft *);
void draft_give_up(struct draft *);

/* grow.c. A slot that is nobody's and can be somebody's, from *at on, NULL: there is none. */
struct unit *grow_vacant(const struct core *, uint32_t *at);
/* What those need who have no slot yet, and those who have; 0: there is room. */
int grow_measure(const struct core *, const struct draft *, struct growth *need);
struct growth *grow_map(const struct core *, const struct growth *need);               /* NULL: no memory */
void grow_adopt(struct core *, struct growth *);
void grow_drop(struct growth *);
void grow_vacate(struct core *, struct unit *);                 /* it is in no plan any more */
int grow_is_vacant(const struct unit *);

#endif
