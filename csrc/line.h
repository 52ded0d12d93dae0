/* What stands around a line: the unit's name, aligned and coloured, or the object that it is in. */
#ifndef LINE_H
#define LINE_H

#include <stdint.h>

struct core;
struct unit;
struct sink;

enum { HEAD_ROOM = 320 };       /* a name, and colours, and a block beyond */

/* "name | " before a line, "name + " before what is left of one that was too long for us; returns its length. */
uint32_t line_head(const struct core *, const struct unit *, const struct sink *, int continued, char out[HEAD_ROOM]);

struct line_object {
    const char *unit;           /* NULL: minipod itself */
    uint64_t at;                /* wall clock, ns */
    uint8_t stream;             /* 0 stdout, 1 stderr */
    uint8_t partial;            /* the line goes on in the next object of this stream */
};

/* One object and a newline into out; 0: there is no room for it. */
uint32_t line_object(const struct line_object *, const char *text, uint32_t size, char *out, uint32_t room);

/* How much of text[0..most) to take, so that no character of UTF-8 is cut in two. */
uint32_t line_cut(const char *text, uint32_t most);

int line_wants_colour(void);    /* what the environment says: NO_COLOR, TERM */

#endif
