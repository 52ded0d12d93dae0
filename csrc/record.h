/* The record: every transition of every machine, in the order in which they were. Who wants to know what happened
 * reads it: events, status, a file. The last ones are kept in memory of a fixed size.
 *
 * Transitions that bring no news (a probe's next attempt, and the same answer as the last time) have a small ring of
 * their own, so that they never push out the others. All are numbered together: a number that is missing, where nobody
 * says that something is lost, was one of those.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>

struct core;
struct unit;
struct json;

enum { RECORDS = 1024, RECORDS_ROUTINE = 128 };
#define RECORD_GONE (UINT32_MAX - 1)    /* as unit: one that is in no plan any more, and whose slot another has */
enum { RECORD_NO_NUMBER = UINT16_MAX, RECORD_NO_WHY = UINT8_MAX };
enum { RECORD_LINE = 1024 };    /* room for any record as JSON */

/* A state that was left for another, or a unit's started or ready that changed; written when the actions have run. */
struct record {
    uint64_t seq;               /* 0 is the first */
    uint64_t at;                /* wall clock, ns */
    uint32_t unit;              /* STEP_POD: the pod's machine */
    uint32_t instance;          /* 1 the first, 0 none yet; of the pod: the unit that it is about, or STEP_POD */
    uint16_t number;            /* what goes with a probe's why, or the exit code, or RECORD_NO_NUMBER */
    uint8_t machine : 4, started : 1, ready : 1, routine : 1, odd : 1;
    uint8_t from, event, to;
    uint8_t signal;             /* what ended the instance, 0: none did */
    uint8_t why;                /* of a probe's answer: enum why; of the pod: its cause; else the exit class; or none */
};
_Static_assert(sizeof(struct record) == 32, "the ring is as large as it is said to be");

struct records {
    struct record *news, *routine;          /* the arena's */
    uint64_t next, news_count, routine_count;
    uint64_t kept;                          /* whoever has read all before this one has missed no news */
    uint64_t turn, wall;                    /* one look at the clock a turn */
};

/* Machine m went from one state to another because of event. by: of the pod: whose end it is about, or NULL. */
void record_step(struct core *, unsigned m, const struct unit *, const struct unit *by, uint8_t from, uint8_t event,
                 uint8_t to);

uint64_t record_next(const struct core *);                          /* the sequence number that the next one gets */
void record_forget(struct core *, uint32_t slot);       /* somebody else has it now: those before him have no name */
const struct record *record_at(const struct core *, uint64_t seq);  /* NULL: it is overwritten, or has not been yet */

/* The first one that is kept from *seq on, with *seq moved behind it; NULL when there is none. *lost: how many before
 * it are gone, news among them; 0 where only some without news are. */
const struct record *record_read(const struct core *, uint64_t *seq, uint64_t *lost);

const char *record_name(const struct core *, uint32_t unit);      /* NULL: the pod itself, or nobody */
void record_json(const struct core *, const struct record *, struct json *);    /* one object without a newline */

#endif
