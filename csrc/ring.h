/* The last lines of one instance of a unit, in 16 KiB: what `logs` and "last lines" show. Lines are kept as they came,
 * many to a record, and are taken apart only when somebody reads them.
 *
 * A position is a place between two lines. It grows for ever, also from one instance to the next; 0 is before all. What
 * is behind a position may be overwritten before it is read: the line that is given then is the oldest there is, and
 * says so.
 */
#ifndef RING_H
#define RING_H

#include <stdint.h>

enum {
    RING_ROOM = 16384,
    RING_RECORD = 1024,     /* bytes of whole lines in one record: what is lost at once */
    RING_LINE = 4096,       /* a longer line is kept, and given, in pieces */
};

struct ring { uint64_t begin, end; char *data; };   /* bytes since the first one; data is the arena's */

enum line_flag {
    LINE_PARTIAL = 1,       /* the line goes on with the next piece of the same stream */
    LINE_AFTER_GAP = 2,     /* lines before this one were overwritten unread */
};

struct line {
    uint64_t at;            /* wall clock, ns, when it was read */
    const char *text;       /* without its newline; good until the next ring_read() of any ring */
    uint32_t size;
    uint8_t stream;         /* 0 stdout, 1 stderr */
    uint8_t flags;
    uint32_t unit;          /* set by log_next_line() */
};

void ring_open(struct ring *, char *data);

/* Lines that were read at one moment, each with its newline. ends: the last one is over even if it has none. */
void ring_put(struct ring *, uint64_t at, uint8_t stream, const char *text, uint32_t size, int ends);

int ring_read(const struct ring *, uint64_t *position, struct line *);  /* 1: a line; position is behind it; 0: none */
uint64_t ring_tail(const struct ring *, uint32_t lines);                 /* from where that many whole lines follow */
uint64_t ring_since(const struct ring *, uint64_t position, uint64_t wall);  /* behind what was read before that */
uint32_t ring_count(const struct ring *, uint64_t position);                /* the whole lines that follow */
uint64_t ring_end(const struct ring *);                                     /* behind all lines */

/* The next instance's: empty, and its positions go on where those of the one before end. */
void ring_follow(struct ring *, const struct ring *before);

#endif
