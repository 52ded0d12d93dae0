/* A request of HTTP/1.0 or 1.1, as far as the control server reads one. Only bytes: whoever calls has the socket, the
 * clock and the memory. It must never trust a byte, allocate, or take a request of more than a bounded size.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stddef.h>
#include <stdint.h>

enum { REQUEST_HEAD = 4096, REQUEST_TARGET = 1024, REQUEST_BODY = 4096, REQUEST_WORD = 32 };
enum { REQUEST_BULK_MOST = 64 << 20 };   /* bytes of the one body that is read: a plan's most */

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OTHER };
/* BULK: the head is there, and the body is the caller's to read: length bytes. */
enum request_progress { REQUEST_MORE, REQUEST_DONE, REQUEST_BROKEN, REQUEST_BULK };

/* What is wrong with a request: both are clauses without a full stop. */
struct refusal { uint16_t status; const char *error, *hint; };

/* method, minor, wants_text and target are for the caller once it is REQUEST_DONE, refusal once it is REQUEST_BROKEN;
 * the rest is request.c's own. */
struct request {
    const struct refusal *refusal;
    const char *bulk;               /* the path whose body the caller reads, NULL: none; set after request_begin() */
    uint32_t used;                  /* of what was fed last, bytes of the request without such a body */
    uint32_t spent;                 /* bytes of the head */
    uint32_t length;                /* of the body, still to come */
    uint16_t target_size;
    uint8_t method;
    uint8_t minor;                  /* 0: HTTP/1.0; 1: HTTP/1.1 and what may follow */
    uint8_t wants_text;             /* text/plain comes first in Accept */
    uint8_t state, header, value, flags, word_size;
    char word[REQUEST_WORD];
    char target[REQUEST_TARGET];    /* path and query as they came, with a NUL */
};

void request_begin(struct request *);

/* However the bytes are split, the result is the same; after REQUEST_DONE or REQUEST_BROKEN it stays so, and what
 * follows a request is nobody's. */
enum request_progress request_feed(struct request *, const char *bytes, size_t size);

/* The body that was the caller's to read is there; or why it is not. */
void request_settle(struct request *, const struct refusal *);
int request_expects(const struct request *);     /* he waits to be told: 100 Continue */

/* The peer will send no more. */
enum request_progress request_end(struct request *);

/* --- a target's parts --- */

struct part { const char *at; size_t size; };

/* The next segment of a path, which begins with "/" and ends at the query; 0: there is none. *at moves on. */
int request_segment(const char **at, struct part *segment);

/* Decodes %XX into out, with a NUL. 0: malformed, with a NUL inside, or longer than room - 1. A + stays one. */
int request_decode(struct part, char *out, size_t room);

/* The next "name=value" of a query; *at is its beginning, and moves on. A name without = has the value "". 1: here it
 * is; 0: there is none; -1: malformed, or too long for anything that is asked for. */
enum { PARAMETER_NAME = 16, PARAMETER_VALUE = 128 };
struct parameter { char name[PARAMETER_NAME], value[PARAMETER_VALUE]; };
int request_parameter(const char **at, struct parameter *);

/* What follows the "?" of a target; "" where there is none. */
const char *request_query(const char *target);

#endif
