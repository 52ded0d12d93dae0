/* How little of us stays in memory while nothing happens. */
#ifndef FOOTPRINT_H
#define FOOTPRINT_H

struct core;

/* All that were being started run: soon, if nothing else happens, what only the way there needed leaves memory. */
void footprint_settled(struct core *);

/* Code and constants: out of memory, until they are needed again. They are the page cache's. */
void footprint_forget(void);

/* Now, if it is time. Once in our life. */
void footprint_trim(struct core *);

#endif
