/* What each unit is executed with: argument lists and environments, worked out once from the plan and what minipod
 * itself was given. Must run before the loop; it must never start, open or print anything, and never change the plan.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"

struct gathered;
struct late;

#define LOAD_SPARE 3                            /* pointers of envp that are left for HOME, USER, LOGNAME */
#define LOAD_MAX_MARK 64                        /* of the mark, bytes */

/* One unit's program. lacks_*: the child must add it, after the user has been looked up: put the pointer at
 * envp[env_count], which is NULL until then as are the LOAD_SPARE after it. */
struct program {
    char **argv;
    char **envp;
    const struct own *own;      /* NULL: none of its variables is one of those below */
    uint32_t env_count;
    uint8_t lacks_home;
    uint8_t lacks_user;
    uint8_t lacks_logname;
};

/* A secret that is handed over by descriptor. text: NAME_FILE=PATH; hash: of what is in it. */
struct handed { const char *text; uint64_t hash; int32_t fd; uint32_t zero; };

/* Of a unit's variables those whose values are no texts of its environment. */
struct own { const struct handed *held; struct late *late; uint32_t held_count, late_count; };

enum { LOADED_ROOM = 1024, LATE_FILE_MOST = 65536, LATE_ROOM = LATE_FILE_MOST + 2048 };

/* A variable that each instance's child reads; envp names it by text. It has no value until then. */
struct late { uint32_t source; uint32_t is_there; char text[LATE_ROOM - 8]; };   /* text: NAME=VALUE */

struct loaded {
    struct program *programs;   /* one for each unit */
    struct program *errands;    /* one for each errand, empty unless its handler is EXEC; envp is its unit's own list */
    char **sub_paths;           /* one for each mount */
    uint32_t *start_waits;      /* how many START edges hold back this unit */
    uint32_t *stop_waits;       /* the same for STOP edges */
    struct handed *held;          /* unit after unit; their descriptors are closed by who gave them */
    uint32_t held_count;
    struct late *late;          /* shared memory of our own; NULL: there are none */
    uint32_t late_count;
    void *arena;                /* owns all of the above: one private mapping, or */
    size_t arena_size;
    _Alignas(16) char room[LOADED_ROOM];        /* this, if that is enough */
};

/* Fills out for all units, or returns why not: one clause without a full stop.
 *
 * given: minipod's own environment, NULL-terminated. words: those after "--", NULL-terminated; NULL or none at all: the
 * plan's args hold. mark: text that no other running minipod has, units get it as MINIPOD_INSTANCE=<mark>.<unit index>,
 * and those with a notify socket as NOTIFY_SOCKET=@minipod/<mark>/<unit index>: @ stands for the 0 of an abstract name.
 * In a pod with exact_env units get what was given and nothing else, and lacks_* are 0. gathered: what the plan's
 * sources say, NULL for nothing; it is copied.
 *
 * plan's bytes, given and words must stay where they are, unchanged: the lists point into them. */
const char *load_programs(const struct plan *plan, char *const *given, char *const *words, const char *mark,
                          const struct gathered *gathered, struct loaded *out);

extern const char load_no_memory[];     /* the one reason that is not the plan's fault */

/* The same for a plan whose units are not numbered by their places: numbers has one for each. */
const char *load_programs_as(const struct plan *plan, char *const *given, char *const *words, const char *mark,
                             const struct gathered *gathered, const uint32_t *numbers, struct loaded *out);

/* NULL: it is none of these. */
struct late *load_late_of(const struct program *, const char *variable);

/* Whether what one has is what the other would have, whatever the numbers of descriptors and children, also in words
 * that are made of them; what each instance's child reads is left aside. */
int load_is_same(const struct program *, const struct program *other);

/* Overwrites what is owned, and gives it back; what others own stays named. */
void load_free(struct loaded *loaded);

#endif
