/* What each unit is executed with: argument lists and environments, worked out once from the plan and what minipod
 * itself was given. Must run before the loop; it must never start, open or print anything, and never change the plan.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"

#define LOAD_SPARE 3                            /* pointers of envp that are left for HOME, USER, LOGNAME */
#define LOAD_MAX_MARK 64                        /* of the mark, bytes */

/* One unit's program. lacks_*: the child must add it, after the user has been looked up: put the pointer at
 * envp[env_count], which is NULL until then as are the LOAD_SPARE after it. */
struct program {
    char **argv;
    char **envp;
    uint32_t env_count;
    uint8_t lacks_home;
    uint8_t lacks_user;
    uint8_t lacks_logname;
};

enum { LOADED_ROOM = 1024 };

struct loaded {
    struct program *programs;   /* one for each unit */
    struct program *errands;    /* one for each errand, empty unless its handler is EXEC; envp is its unit's own list */
    uint32_t *start_waits;      /* how many START edges hold back this unit */
    uint32_t *stop_waits;       /* the same for STOP edges */
    void *arena;                /* owns all of the above: one private mapping, or */
    size_t arena_size;
    _Alignas(16) char room[LOADED_ROOM];        /* this, if that is enough */
};

/* Fills out for all units, or returns why not: one clause without a full stop.
 *
 * given: minipod's own environment, NULL-terminated. words: those after "--", NULL-terminated; NULL or none at all: the
 * plan's args hold. mark: text that no other running minipod has, units get it as MINIPOD_INSTANCE=<mark>.<unit index>,
 * and those with a notify socket as NOTIFY_SOCKET=@minipod/<mark>/<unit index>: @ stands for the 0 of an abstract name.
 * In a pod with exact_env units get what was given and nothing else, and lacks_* are 0.
 *
 * plan's bytes, given and words must stay where they are, unchanged: the lists point into them. */
const char *load_programs(const struct plan *plan, char *const *given, char *const *words, const char *mark,
                          struct loaded *out);

/* Gives the arena back; for tests, PID 1 keeps it. */
void load_free(struct loaded *loaded);

#endif
