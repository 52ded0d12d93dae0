/* What a request asks for besides its path: its unit, and the parameters of its query as values. */
#ifndef ASKED_H
#define ASKED_H

#include <stdint.h>

#include "request.h"

struct unit;

enum parameter_bit {
    ASKS_TAIL = 1, ASKS_FOLLOW = 2, ASKS_PREVIOUS = 4, ASKS_SINCE = 8, ASKS_AFTER = 16, ASKS_SIGNAL = 32,
    ASKS_DRY_RUN = 64
};

/* given: parameter_bit of each that was there. */
struct asked {
    struct unit *unit;
    uint64_t since, after;
    uint32_t tail;
    uint8_t given;
    uint8_t follow, previous, signal, dry_run;
};

/* Reads a query's parameters, each at most once and only those that are in takes. NULL, or what is wrong with it. */
const struct refusal *asked_take(struct asked *, uint8_t takes, const char *query);

#endif
