/* --events: every transition as a line of JSON. */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdint.h>

struct core;

struct events {
    const char *target;         /* what --events named */
    uint64_t written;           /* sequence number of the first record that is not in the sink */
    uint8_t number;             /* of the sink */
    uint8_t is_open, is_lost;
};

int events_open(const char *target);            /* a descriptor; target: a number, or a file. Dies when there is none */
void events_begin(struct core *, int fd, const char *target);      /* from the first record on */
void events_flush(struct core *);               /* at the end of each turn */
void events_keep_up(struct core *);             /* within one in which more happens than the record holds */

#endif
