/* Children of the core that are no unit's, and are asked for one by one: who prepares volumes, who reads another plan's
 * sources, who writes a log file. What they share on our side; on theirs it is tell.h.
 */
#ifndef APART_H
#define APART_H

#include <stdint.h>

#include "core.h"

enum { APART_LOOK_NS = 1000000 };       /* from the end of its news to the end of the process */

/* Begins one that tells. 0: this is the child, and tells by its. Below 0: -errno, and nothing is open. */
int32_t apart_begin(struct core *, enum watch_kind, int32_t *news, int *its);
void apart_deaf(struct core *, int32_t *news);          /* nobody hears it any more; news is -1 then */

/* The moment for the next look at one that has not ended; the wait until the one after that is twice as long. */
uint64_t apart_next_look(const struct core *, uint64_t *wait);

#endif
