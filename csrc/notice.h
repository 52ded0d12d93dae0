/* What a program says of itself in one sd_notify datagram. Only bytes: who may say it, and what it means, is the
 * caller's. It must never trust a byte.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include <stddef.h>
#include <stdint.h>

/* A number counts when its has_… is 1. */
struct notice {
    uint64_t watchdog_usec, extend_timeout_usec;
    const char *status;             /* status[0..status_size) lies in the message: UTF-8 without control characters */
    uint32_t status_size;           /* 0 with has_status: nothing any more */
    int32_t mainpid;                /* 2 or more */
    int32_t errno_value;            /* 0..4095 */
    uint8_t ready, reloading, stopping, barrier;    /* KEY=1 */
    uint8_t watchdog;               /* WATCHDOG=1 */
    uint8_t watchdog_trigger;       /* WATCHDOG=trigger */
    uint8_t has_watchdog_usec, has_extend_timeout_usec, has_mainpid, has_errno, has_status;
    uint8_t zero;
};

/* One message of KEY=VALUE lines. Unknown keys and lines without sense are skipped; of a key said twice the first
 * counts. Returns 0 when nothing in it was understood, or a NUL is in it anywhere but at its end. */
int notice_parse(const char *text, size_t size, struct notice *out);

#endif
