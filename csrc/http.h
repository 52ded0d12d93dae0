/* HTTP/1.1 as a probe speaks it: one GET, one reply, and where a redirect leads. Only bytes: whoever calls has the
 * sockets, the clock and the memory. It must never trust a byte, allocate, or read more than a bounded reply.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>
#include <stdint.h>

/* Of a body as many bytes are waited for as Kubernetes reads; of all heads of a reply together, and again of a chunked
 * body's own lines and trailers, HTTP_HEAD_MOST at most. */
enum { HTTP_BODY_MOST = 10240, HTTP_HEAD_MOST = 65536 };

enum http_progress { HTTP_MORE, HTTP_DONE, HTTP_BROKEN };

/* status, has_location and location_too_long are for the caller, once it is HTTP_DONE; the rest is http.c's own. */
struct http_reply {
    char *location;             /* the caller's; text with a NUL when has_location, untouched otherwise */
    uint32_t location_room, location_size;
    uint64_t left;              /* bytes of the body, or of its chunk, still to come */
    uint64_t length, number;    /* Content-Length, and one that is being read */
    uint32_t spent;             /* of HTTP_HEAD_MOST */
    uint32_t body;              /* of HTTP_BODY_MOST, still wanted */
    uint16_t status;            /* 0 until there is one */
    uint8_t has_location;       /* a status to be followed, and a Location that is not empty */
    uint8_t location_too_long;  /* it did not fit: has_location is 0 then */
    uint8_t state, minor, at, names, header, value, flags, zero;    /* at: bytes of the word that is being read */
};

/* Writes GET path with Host (none when host is "") and headers: lines that end in \r\n each, or "". A path that does
 * not begin with / gets one. Returns the whole length, which may be more than room: then it is cut. No NUL is
 * written. */
size_t http_request(char *out, size_t room, const char *path, const char *host, const char *headers);

/* location[0..location_room) may be NULL with room 0, and is the reply's until it is done. */
void http_begin(struct http_reply *, char *location, uint32_t location_room);

/* However the bytes are split, the result is the same; after HTTP_DONE or HTTP_BROKEN it stays so. Replies 1xx before
 * the last one are skipped (101 is a last one). A reply to be followed is done without its body. */
enum http_progress http_feed(struct http_reply *, const char *bytes, size_t size);

/* The peer closed: HTTP_DONE if that is how the reply may end, else HTTP_BROKEN. */
enum http_progress http_end(struct http_reply *);

/* Whether a Location is followed with GET: 301 302 303 307 308. */
int http_is_redirect(unsigned status);

/* path[0..path_room) is the caller's, and must not overlap what goes in. */
struct http_target {
    char *path;                 /* path and query, fit for a request, with a NUL */
    uint32_t path_room;
    uint16_t port;              /* 0: as it was asked before; 80 or 443 when a host is named without one */
    uint8_t same_host;          /* 0: it leads elsewhere, is not followed, and nothing else here is set */
    uint8_t is_https;           /* 0: plain, as it was asked before */
};

/* Where location leads, when path (with its query) was asked of host (no port; brackets around IPv6 or not; equal
 * without regard to case). Returns 0 when it cannot be used: malformed, longer than the room, or no HTTP. */
int http_redirect(const char *location, const char *path, const char *host, struct http_target *out);

#endif
