/* What the engine's two files share: the inputs that are kept, what was compared, chance. No target sees it. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stddef.h>
#include <stdint.h>

enum { POOL = 1 << 14, HINTS = 512 };       /* inputs that are kept at most; comparisons that are remembered */

/* reach: how much of the core it goes through. */
struct input { uint8_t *bytes; size_t size; uint32_t reach; int is_file; };

/* Two numbers that were compared and were not the same; size in bytes, 0: none. */
struct hint { uint64_t seen, wanted; uint8_t size; };

/* An input that is being made: memory for fuzz_most bytes. */
struct draft { uint8_t *bytes; size_t size; };

extern struct input pool[POOL];
extern uint32_t pool_size;
extern struct hint hints[HINTS];

/* The next of a fixed sequence, below most; 0 when that is 0. */
size_t below(size_t most);

/* Some changes, one after the other. */
void change(struct draft *);

#endif
