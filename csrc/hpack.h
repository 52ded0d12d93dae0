/* What a health check wants to know of HTTP/2's header blocks (RFC 7541), a byte at a time: :status and grpc-status. It
 * must never keep a table: we ask peers for one of no size, and what they refer to in it all the same is nothing we
 * read.
 */
#ifndef HPACK_H
#define HPACK_H

#include <stdint.h>

/* is_ok: :status was 200; grpc_ok: grpc-status was 0. The last word counts. The rest is hpack.c's own. */
struct hpack {
    uint32_t number, left;
    uint8_t is_ok, grpc_ok;
    uint8_t phase, goal, shift, header, words, at;
};

/* Returns 0 when the block is broken: nothing of it counts then. */
int hpack_take(struct hpack *, unsigned char byte);

/* Whether a block may end here. */
int hpack_is_whole(const struct hpack *);

#endif
