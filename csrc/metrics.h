/* What the books say, as OpenMetrics text. */
#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

struct core;

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum { METRICS_ROOM = 4096 };   /* the least that one piece may ask for */

/* The next piece of the text into out[0..room), room at least METRICS_ROOM. *cursor is 0 at the begin; returns the size
 * of the piece, 0 when there is no more. Each piece is as things stand when it is asked for. */
size_t metrics_more(const struct core *, uint32_t *cursor, char *out, size_t room);

#endif
