/* The environment of one unit after the other. It must never outlive load.c's call: its tables lie in scratch memory,
 * only the texts that it writes lie in the arena.
 *
 * A unit's environment is what minipod was given, less its own MINIPOD_ names, then the pod's env, then what the unit's
 * sources say, then its env, then what minipod says itself: MINIPOD_UNIT, MINIPOD_POD, MINIPOD_INSTANCE, and where to
 * say that it is ready. A later entry takes the place of an earlier one of its name. $(VAR) in a value sees what is set
 * so far, so an entry may build on its own predecessor, then what minipod was given: a plan that was compiled at build
 * time sees variables of run time. Inherited bytes pass through whatever they are, and so do those of sources.
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "expand.h"
#include "load.h"
#include "table.h"

struct environment {
    const struct plan *plan;
    const char *mark;
    const struct gathered *gathered;            /* what sources say; NULL: nothing */
    struct late *late;                          /* room of variables that come late, one after the other */
    uint32_t late_next;
    struct handed *held;                        /* likewise, of secrets by descriptor; NULL while measuring */
    uint32_t held_next;
    const uint32_t *numbers;                    /* of units in their marks; NULL: their places */
    struct arena *arena;                        /* of the texts */
    struct table inherited;
    struct table configured;                    /* of the unit at hand */
    uint32_t visit;                             /* counts units, in both passes */
    uint32_t hidden;                            /* how many inherited entries the unit at hand must not see */
};

/* Takes the tables' room; twice, when the first time was for measuring. */
void environment_make(struct environment *, struct arena *scratch, uint64_t given_count);

/* Reads what minipod was given. */
void environment_open(struct environment *, char *const *given, uint64_t given_count);

/* Everything of the unit at index; what is looked up from here on is that unit's. */
void environment_set(struct environment *, uint32_t index);

/* The list of the unit at hand, which has so many entries: inherited ones first, in their order. */
uint32_t environment_count(const struct environment *);
void environment_list(const struct environment *, char **to);

/* What an entry of LOAD_SPARE is for, and whether the unit at hand has a user of its own and no such variable. */
int environment_lacks(const struct environment *, uint32_t index, int spare);

/* For expand_with(): where is a struct environment. */
int environment_find(const void *where, const char *name, uint64_t size, struct expand_value *value);

#endif
