/* Memory that is measured first and taken then: two passes of the same code, the first without a base. It must never
 * give anything back but the whole.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdint.h>

/* base NULL: measuring. */
struct arena { char *base; uint64_t used; };

#define ARENA_MOST (UINT64_C(1) << 30)          /* bytes; used stops growing above */

/* The next size bytes at a multiple of 8; NULL while measuring. */
void *arena_take(struct arena *, uint64_t size);

/* Pages of zeros, or NULL. */
void *arena_map(uint64_t size);

#endif
