/* The head of an answer of the control server, for minipod's own words that ask it. Only bytes: whoever calls has the
 * socket. It must never trust a byte: whoever answers need not be minipod.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stddef.h>
#include <stdint.h>

enum { REPLY_HEAD = 4096, REPLY_POD = 254 };
enum reply_progress { REPLY_MORE, REPLY_DONE, REPLY_BROKEN };

#define REPLY_NO_LENGTH UINT64_MAX

struct reply {
    size_t head;                /* bytes, the empty line among them */
    uint64_t length;            /* of the body, or REPLY_NO_LENGTH: it ends where the connection does */
    uint16_t status;            /* 100 to 599 */
    char pod[REPLY_POD];        /* whose socket it is; "" where that is not said */
};

/* bytes: all that has come, from the beginning. */
enum reply_progress reply_read(struct reply *, const char *bytes, size_t size);

#endif
