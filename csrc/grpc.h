/* grpc.health.v1.Health/Check over HTTP/2 without TLS, prior knowledge assumed: one fixed request, and a bounded reader
 * of the reply. Only bytes: whoever calls has the sockets, the clock and the memory. It must never trust a byte,
 * allocate, or answer a peer without end.
 */
#ifndef GRPC_H
#define GRPC_H

#include <stddef.h>
#include <stdint.h>

#include "hpack.h"

/* BROKEN: no answer of this protocol, or more of it than a health check has. */
enum grpc_progress { GRPC_MORE, GRPC_SERVING, GRPC_NOT_SERVING, GRPC_BROKEN };

/* Bytes that one reply may have; frames that we answer (17 bytes at most each); what all answers to one reply together
 * can be, so that a buffer of it never is too small. */
enum { GRPC_REPLY_MOST = 262144, GRPC_ANSWERS_MOST = 16, GRPC_ANSWER_ROOM = GRPC_ANSWERS_MOST * 17 };

/* All of it is grpc.c's own. */
struct grpc_reply {
    uint32_t spent;                     /* of GRPC_REPLY_MOST */
    uint32_t left;                      /* of the frame's payload */
    uint32_t message_left, varint, status;
    struct hpack headers;
    uint8_t head[9], kept[8];           /* the frame's; a PING's or GOAWAY's payload */
    uint8_t filled, kept_size;          /* of the two */
    uint8_t pad, unread;                /* of the frame's payload, at its end and at its beginning */
    uint8_t answers, progress, flags;
    uint8_t message, shift, skip, is_status;
};

/* Preface, SETTINGS, HEADERS and DATA that ends the stream. Returns the whole length, which may be more than room:
 * then it is cut; SIZE_MAX when the words are too long for a frame. user_agent may be "". */
size_t grpc_request(char *out, size_t room, const char *authority, const char *service, const char *user_agent);

void grpc_begin(struct grpc_reply *);

/* However the bytes are split, the result is the same; what is not GRPC_MORE stays so. answer[0..*answered) must be
 * sent to the peer while it is GRPC_MORE; an answer that does not fit room is GRPC_BROKEN. A peer that closes while
 * it is GRPC_MORE has not answered. */
enum grpc_progress grpc_feed(struct grpc_reply *, const char *bytes, size_t size, char *answer, size_t room,
                             size_t *answered);

#endif
