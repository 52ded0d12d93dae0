/* What units write, as whole lines: from their pipes into a ring of last lines and to a sink. */
#ifndef LOG_H
#define LOG_H

#include <stdint.h>

#include "ring.h"
#include "sink.h"

struct core;
struct unit;

enum { LINE_ROOM = 16384 };     /* bytes of a line that are held together; a longer one comes in pieces */
enum { READ_MOST = 65536 };     /* what a pipe holds */
enum { STREAM_ROOM = LINE_ROOM + 2 * READ_MOST };       /* a read, and of one that waits what its pipe holds */

/* One of a unit's two log pipes. Both ends stay ours for the pod's life, so that a restart costs nothing and a
 * straggler never writes into a closed pipe. Or both sides of a terminal: then the other stream is nothing. */
struct stream {
    int read_end, write_end;    /* -1: this unit's lines do not pass through us */
    int hung;                   /* 0, or our side of the terminal before this one, which is still to be closed */
    uint32_t fill;              /* bytes in buffer: the beginning of a line, or what the sink had no room for */
    uint32_t kept;              /* of these, bytes that are in the ring already */
    uint32_t sink;              /* position in core's sinks */
    uint8_t stalled;            /* not read until the sink has room */
    uint8_t continued;          /* the line's beginning has been written already */
    uint8_t torn;               /* and the rest of that line was dropped: what follows begins a new one */
    uint8_t paced;              /* not watched: read by the clock */
    uint8_t is_terminal;
    uint8_t busy;               /* how often in a row it was read for little */
    uint64_t read_at;
    char *buffer;               /* STREAM_ROOM bytes, the arena's */
};

/* How a unit's lines are kept. */
struct unit_log {
    struct ring rings[2];       /* of the current instance: rings[current] */
    uint8_t current;
    uint8_t has_previous;
    uint64_t unsaid;            /* lines dropped that nobody has been told of */
};

void log_open(struct core *);
void log_open_standard(struct core *);                          /* our stdout and stderr, before anything is written */
void log_open_for_units(struct core *);                         /* the same, if a unit's lines need them */
void log_aim(const struct core *, struct unit *);               /* where lines of one without a file go */
int log_passes_through_us(const struct unit *);
int log_open_unit(struct core *, struct unit *);                /* before each start: 0, or -errno */
int log_is_hopeless(const struct unit *, int error);            /* 1: that -errno will be no other next time */
void log_close_unit(struct core *, struct unit *);              /* what it wrote to; stalled it must not be */
void log_turned(struct core *, struct unit *);                  /* a new instance begins */
void log_read(struct core *, struct unit *, uint32_t which);
void log_take_last(struct core *, struct unit *);
void log_sink_ready(struct core *, struct sink *);
void log_flush(struct core *);                                  /* at the end of each turn */
uint64_t log_next(const struct core *);                         /* the moment at which it wants a turn; 0: none */
void log_tell_dropped(struct core *);
void log_finish(struct core *);                                 /* finish.c */
void log_own_line(struct core *, const char *text, uint32_t size);      /* "minipod: …\n" */
void log_count_dropped(struct core *, struct unit *, uint64_t lines);

/* For who reads. previous: of the instance before; NULL: there was none. */
const struct ring *log_ring(const struct core *, const struct unit *, int previous);

/* The next line behind position, of the instance before and then of the current one; begins with position 0. */
int log_next_line(const struct core *, const struct unit *, uint64_t *position, struct line *);

#endif
