/* What the driver shows of the record and the books when it is asked to. */
#ifndef SIGHT_H
#define SIGHT_H

#include <stdint.h>

#include "core.h"

extern struct sight {
    uint8_t shows_records;
    uint32_t metrics_room;      /* of one piece; 0: they are not shown */
    int events;                 /* the descriptor they go to, 0: none */
} sight;

void sight_begin(struct core *);
void sight_report(const struct core *);

#endif
