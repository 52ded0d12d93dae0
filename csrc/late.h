/* Variables that a unit's child reads from a file which an init has written: their room, and what is done with it. The
 * room is shared memory, so that a child with a copy of all else fills it for the unit's probes and hooks, too.
 */
#ifndef LATE_H
#define LATE_H

#include "core.h"

/* Whether it has any: its children need a copy of our memory. */
static inline int late_has(const struct program *program) { return program->own && program->own->late_count; }

/* It is one of these, and its file had no such key. */
int late_is_absent(const struct program *, const char *variable);

/* Before the exec, in a child with a copy of our memory: reads them; 0, or -errno, and *failed is which. */
int late_read(const struct core *, const struct program *, uint32_t *failed);

/* Takes those that are not there out of the list, which is the child's own. */
void late_apply(const struct program *);

/* Lets the program have the descriptors that hold its secrets. Also where our memory is shared. */
void late_hand_over(const struct program *);

#endif
