/* What the sources of another plan say, while the pod runs: a child reads them (fetcher.c), because PID 1 waits for no
 * file system then; fetch.c begins it, listens for as long as that may take, and believes nothing before it is checked.
 */
#ifndef FETCH_H
#define FETCH_H

#include <stdint.h>

#include "plan.h"
#include "request.h"

struct core;
struct gathered;
struct gathered_record;

/* What the child tells, a packet each, in this order. */
enum fetch_word {
    FETCH_SAYS,         /* bytes: a sentence; number: whether it is a mistake */
    FETCH_BEGINS,       /* bytes: the size of all records, a uint64_t */
    FETCH_PIECE,        /* bytes: of the records */
    FETCH_HOLDS,        /* with it comes what holds the next record's value that is handed over so */
    FETCH_DONE
};
enum { FETCH_NEWS_HEAD = 8, FETCH_PIECE_MOST = 8184, FETCH_CHILDREN = 4 };
struct fetch_news { uint32_t word, number; char bytes[FETCH_PIECE_MOST]; };

struct fetch {
    int32_t pids[FETCH_CHILDREN];       /* children that are not reaped, 0: none */
    uint64_t due, wait;                 /* when they are looked at again, 0: not; how long after that */
    char *records;                      /* a mapping of room bytes, of which so many have come */
    uint64_t size, room;
    struct gathered_record *held;       /* the last whose descriptor has come */
    char *said;                         /* mistakes, a line each */
    uint32_t said_size, mistakes, lines;
    int news;                           /* where the child tells, while is_on */
    uint8_t is_on, is_trial, has_begun, is_told;
    uint8_t is_stuck;                   /* one that was ended does not end */
};

/* The child has a copy of the plan, whose bytes may be overwritten then. NULL: it is there, and control_fetched() comes
 * later. */
const struct refusal *fetch_begin(struct core *, const struct plan *, int is_trial);
const struct refusal *fetch_late(struct core *);        /* it took too long */
void fetch_heard(struct core *);
const struct gathered *fetch_records(const struct core *);      /* all, once they have come */
void fetch_turn(struct core *);
uint64_t fetch_next(const struct core *);               /* the moment at which it wants a turn; 0: none */
void fetch_end(struct core *, int is_taken);            /* is_taken: the descriptors are the draft's */
int fetch_is(const struct core *, int32_t pid);         /* it is no stray */

/* fetcher.c: the child. */
_Noreturn void fetcher_run(const struct core *, const struct plan *, int news);

#endif
