/* What units' sources say, read once, before anything is started: files, secrets of the plan, facts of this machine. It
 * opens and reads as it likes, and may wait for a disk; it must never be called while the pod runs, and never tell
 * what it has read.
 *
 * One record behind the other, in one block without pointers: who reads may be another process than who uses it.
 */
#ifndef GATHER_H
#define GATHER_H

#include <stdint.h>

#include "plan.h"
#include "table.h"

#define GATHER_FILE_MOST (UINT64_C(1) << 20)    /* bytes of one file */
#define GATHER_ENTRIES_MOST 4096                /* of one directory */
#define GATHER_MOST (UINT64_C(1) << 26)         /* bytes of all records */

enum gathered_state {
    GATHERED_VALUE,     /* a variable and its value */
    GATHERED_ABSENT,    /* optional, and not there: nobody else's of its name stands for it */
    GATHERED_HELD,      /* to be read from fd; the value is its content until that holds it */
    GATHERED_LATE,      /* its child reads it */
};

/* The name follows, then the value; the next record begins at the next multiple of 8. */
struct gathered_record { uint32_t source; int32_t fd; uint32_t name_size; uint32_t state; uint64_t value_size; };

struct gathered { char *at; uint64_t size, room; };

/* NULL behind the last. before: the record before it, or NULL. */
static inline struct gathered_record *gathered_next(const struct gathered *all, const struct gathered_record *before)
{
    uint64_t at = 0;
    if (before)
        at = (uint64_t)((const char *)before - all->at)
            + ((sizeof *before + before->name_size + before->value_size + 7) & ~UINT64_C(7));
    return all && at < all->size ? (void *)(all->at + at) : NULL;
}
static inline struct text gathered_name(const struct gathered_record *record)
{
    return (struct text){(const char *)(record + 1), record->name_size};
}
static inline struct text gathered_value(const struct gathered_record *record)
{
    return (struct text){(const char *)(record + 1) + record->name_size, record->value_size};
}

/* line: one sentence about a unit, without a full stop; is_mistake: the pod cannot be started with it. */
typedef void gather_tell(void *to, const char *line, int is_mistake);

/* Reads all. Returns how many mistakes there were, each told; all is the caller's to forget whatever comes of it. */
uint32_t gather_sources(const struct plan *, struct gathered *all, gather_tell *, void *to);

/* Overwrites and gives back. */
void gather_forget(struct gathered *);

/* Puts what is handed over by descriptor into files without a name, and notes their descriptors: close-on-exec, above
 * any that a unit has asked for. 0, or -errno. */
int gather_hold(const struct plan *, struct gathered *);
int gather_least(const struct plan *);           /* the lowest such number */

/* One more than the highest descriptor that the plan's programs are given by its number; 0: none is. */
uint32_t gather_numbers(const struct plan *);

#endif
