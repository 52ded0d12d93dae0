/* Where bytes of ours go: stdout, stderr, a file's writer, the events. Each is written without blocking, whatever it
 * is, and holds back in memory what does not go out at once.
 */
#ifndef SINK_H
#define SINK_H

#include <stdint.h>

struct core;

enum {
    SINK_ROOM = 131072,     /* for what streams bring: a line of JSON may be six times as long as its text */
    SINK_LINES = 16384,     /* beyond it, for lines of our own: units that flood a sink take nothing of that */
};
enum sink_number { SINK_OUT, SINK_ERR, SINK_EVENTS, SINK_FILES };   /* the files' own follow */

struct sink {
    int fd;             /* -1: not opened, or closed */
    uint8_t way;        /* how to write without blocking: enum in sink.c */
    uint8_t watched;    /* EPOLLOUT is asked for */
    uint8_t stuck;      /* it could not be asked for: no memory; tried again by the clock */
    uint8_t dead;       /* nobody reads it any more, or it was never opened: all is dropped, nobody waits */
    uint8_t full;       /* a disk without room: what comes is dropped until there is some */
    uint8_t is_told;    /* and that has been said */
    uint8_t is_cut;     /* what went in last ended in the middle of a line */
    uint8_t awaited;    /* streams wait for it: it is watched even if it holds nothing */
    uint8_t coloured;   /* a terminal, and nobody minds colours */
    uint32_t unended;   /* 1 + the number of the stream whose line has no newline yet, 0: none */
    uint32_t turn;      /* the stream that is first when it has room again */
    uint32_t fill;
    uint64_t lost;      /* lines that a full disk did not take, and nobody has been told of */
    char *buffer;       /* the arena's */
};

struct sink *sink_err(struct core *);       /* stderr's: stdout's, where both are the same */
void sink_open(struct sink *, int fd);      /* does not watch, does not write */
void sink_flush(struct core *, struct sink *);
int sink_make_room(struct core *, struct sink *, uint32_t size);        /* 1: that much may be put */
int sink_is_full(const struct sink *);      /* its reader has enough to read for now */
void sink_put(struct sink *, const char *, uint32_t size);              /* there is room */
void sink_pass(struct core *, struct sink *, const char *, uint32_t size);  /* the same, at once if that saves a copy */

/* All of a line, or nothing: 1 it is put, 0 there is no room for it now. */
int sink_put_line(struct core *, struct sink *, const char *, uint32_t size);

void sink_tell(struct core *, struct sink *);   /* what has been dropped, and that it is */

#endif
