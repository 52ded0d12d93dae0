/* The books: what the past of a unit and of its probes and hooks comes to, in numbers. Status, metrics and the report
 * read them; nothing that the core decides may depend on them.
 */
#ifndef BOOK_H
#define BOOK_H

#include <stdint.h>

struct core;
struct unit;
struct errand;

/* Why a new instance was started. */
enum restart_reason {
    RESTART_COMPLETED,      /* the one before ended with 0 */
    RESTART_ERROR,          /* with anything else */
    RESTART_START_ERROR,    /* it could not be executed */
    RESTART_OOM,            /* the kernel ended it for want of memory */
    RESTART_UNHEALTHY,      /* a probe or hook had it stopped */
    RESTART_ROUND,          /* the whole pod began anew */
    RESTART_ORDER,          /* somebody said so */
    RESTART_REASONS
};

/* The end of one instance. */
struct end {
    uint64_t started_wall, ended_wall;      /* ns since 1970 */
    uint32_t instance;                      /* 1: the unit's first; 0: there was no such end */
    uint32_t left_behind;                   /* its processes that lived when the leader had ended */
    uint8_t raw_code, code, signal;         /* as struct unit has them */
    uint8_t exit_class;
    uint8_t odd;                            /* its reason is not the usual one of its class */
};

struct unit_book {
    struct end ends[2];                     /* the last one, and the one before */
    uint64_t started_up_at, ready_at;       /* monotonic ns, of the last instance; 0: not yet */
    uint32_t instances;                     /* started so far */
    uint32_t restarts[RESTART_REASONS];
    uint8_t restart_reason;                 /* of the next restart, as the verdict on the last instance has it */
};

struct errand_book {
    uint64_t asked_at;                      /* monotonic ns: when the last attempt began; 0: never */
    uint64_t latency, latency_sum;          /* ns from there to the answer, or until nobody waited any more */
    uint32_t answers, failures;             /* failures are answers too */
    uint32_t errors;                        /* attempts that could not be made */
    uint8_t last_event, last_why;           /* what its machine heard last, but for its clock: see record.c */
};

void book_start(struct unit *);                                     /* an instance was started */
void book_end(struct core *, struct unit *);                        /* it ended, and its code is known */
void book_correct(struct unit *);                                   /* what the end means has changed since */
void book_judge(struct unit *);                                     /* the verdict is being spoken */
void book_answer(const struct core *, struct errand *, int well);

const struct end *book_last_end(const struct unit *);               /* of the last instance; NULL while it lives */
const char *book_restart_word(enum restart_reason);
uint64_t book_wall(uint64_t moment);                                /* a monotonic moment for people; 0 for 0 */

#endif
