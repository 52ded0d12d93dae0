/* How little of us stays in memory while nothing happens. */
#ifndef FOOTPRINT_H
#define FOOTPRINT_H

struct core;

/* What a turn runs in which nothing happens lies together, at the begin of the code: once memory was given back, that
 * is all of our own that comes back. The section's name is one that linkers put first. */
#define EACH_TURN __attribute__((section(".text.hot.each_turn")))

/* All that were being started run: soon, if nothing else happens, what only the way there needed leaves memory. */
void footprint_settled(struct core *);

/* Code and constants: out of memory, until they are needed again. They are the page cache's. */
void footprint_forget(void);

/* Now, if it is time. Once in our life. */
void footprint_trim(struct core *);

#endif
