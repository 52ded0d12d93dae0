/* Lines of a stream, in the unit's form, into the stream's sink. */
#ifndef EMIT_H
#define EMIT_H

#include <stdint.h>

struct core;
struct unit;
struct stream;

/* What a stream brought, and when. ends: none will come, so that what has no newline is a line as well. */
struct text { const char *at; uint32_t size; uint8_t ends; uint64_t wall; };

/* Takes whole lines, and pieces of those that are too long; what is left may become a line. 1; 0: the sink has no room,
 * and the unit is one that waits. */
int emit_lines(struct core *, struct unit *, struct stream *, const struct text *, uint32_t *taken);

#endif
