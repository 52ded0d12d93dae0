/* One health check over HTTP/2: every state is between two bytes, so that no split of them matters, and nothing is kept
 * but what decides: the message's status, and what hpack.c reads. It must never call anything but that.
 *
 * Cost: one switch for each byte.
 */
#include "grpc.h"

#include <string.h>

enum frame_type {
    FRAME_DATA, FRAME_HEADERS, FRAME_PRIORITY, FRAME_RST_STREAM, FRAME_SETTINGS, FRAME_PUSH_PROMISE, FRAME_PING,
    FRAME_GOAWAY, FRAME_WINDOW_UPDATE, FRAME_CONTINUATION
};
enum { FRAME_HEAD = 9, FRAME_MOST = 16384, STREAM = 1, SERVING = 1 };
enum { MESSAGE_MOST = 64, MESSAGE_HEAD = 5, PRIORITY_SIZE = 5 };
enum { FLAG_ACK = 1, FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4, FLAG_PADDED = 8, FLAG_PRIORITY = 32 };

enum flag {
    SETTLED = 1,                /* the peer's SETTINGS came */
    IN_HEADERS = 2,             /* CONTINUATION must follow */
    ENDS = 4,                   /* the stream ends with the block of headers that is read */
    HAS_HEADERS = 8,
    PADDED = 16                 /* the next byte says how much padding there is */
};

/* The message: bytes of its head so far, then where in its protobuf fields. */
enum message { TAG = MESSAGE_HEAD, NUMBER, LENGTH, SKIP };

/* --- asking --- */

struct writer { char *out; size_t room, size; };

static void put(struct writer *w, const void *bytes, size_t size)
{
    size_t left = w->size < w->room ? w->room - w->size : 0;
    if (left)
        memcpy(w->out + w->size, bytes, size < left ? size : left);
    w->size += size;
}

static void put_byte(struct writer *w, size_t value)
{
    char byte = (char)(value & 255);
    put(w, &byte, 1);
}

static void put_varint(struct writer *w, size_t value)
{
    for (; value > 127; value >>= 7)
        put_byte(w, 128 | value);
    put_byte(w, value);
}

static size_t varint_size(size_t value)
{
    size_t size = 1;
    for (; value > 127; value >>= 7)
        size++;
    return size;
}

/* HPACK's integer: what does not fit the first byte's bits, which are all 1 in most, follows it. */
static void put_integer(struct writer *w, size_t most, size_t value)
{
    put_byte(w, value < most ? value : most);
    if (value >= most)
        put_varint(w, value - most);
}

/* A header that no table shall keep; name: its number in the static table. */
static void put_header(struct writer *w, size_t name, const char *value)
{
    put_integer(w, 15, name);
    put_integer(w, 127, strlen(value));
    put(w, value, strlen(value));
}

static void put_frame_head(struct writer *w, size_t size, enum frame_type type, unsigned flags, unsigned stream)
{
    put_byte(w, size >> 16);
    put_byte(w, size >> 8);
    put_byte(w, size);
    put_byte(w, type);
    put_byte(w, flags);
    put(w, "\0\0\0", 3);
    put_byte(w, stream);
}

static void put_headers(struct writer *w, const char *authority, const char *user_agent)
{
    static const char fixed[] = "\x83\x86"                          /* :method POST, :scheme http */
                                "\0\2te\x8trailers";
    put(w, fixed, 2);                                               /* names with a : come first */
    put_header(w, 4, "/grpc.health.v1.Health/Check");
    put_header(w, 1, authority);
    put(w, fixed + 2, sizeof fixed - 3);
    put_header(w, 31, "application/grpc");
    if (*user_agent)
        put_header(w, 58, user_agent);
}

static void put_message(struct writer *w, const char *service)
{
    size_t name = strlen(service), size = name ? 1 + varint_size(name) + name : 0;
    put_frame_head(w, MESSAGE_HEAD + size, FRAME_DATA, FLAG_END_STREAM, STREAM);
    put_byte(w, 0);                                                 /* not compressed; then a size of 4 bytes */
    put(w, "\0", 1);
    put_byte(w, size >> 16);
    put_byte(w, size >> 8);
    put_byte(w, size);
    if (name) {
        put_byte(w, 1 << 3 | 2);                                    /* field 1: text */
        put_varint(w, name);
        put(w, service, name);
    }
}

size_t grpc_request(char *out, size_t room, const char *authority, const char *service, const char *user_agent)
{
    static const char begin[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                "\0\0\x0c\4\0\0\0\0\0"              /* SETTINGS: */
                                "\0\1\0\0\0\0" "\0\2\0\0\0\0";      /* no table for HPACK, no pushes */
    struct writer block = {0}, w = {out, room, 0};
    put_headers(&block, authority, user_agent);
    if (block.size > FRAME_MOST || strlen(service) > FRAME_MOST - 16)
        return SIZE_MAX;
    put(&w, begin, sizeof begin - 1);
    put_frame_head(&w, block.size, FRAME_HEADERS, FLAG_END_HEADERS, STREAM);
    put_headers(&w, authority, user_agent);
    put_message(&w, service);
    return w.size;
}

/* --- the message --- */

static int fail(struct grpc_reply *r)
{
    r->progress = GRPC_BROKEN;
    return 0;
}

static void begin_field(struct grpc_reply *r, enum message next)
{
    r->message = (uint8_t)next;
    r->varint = r->shift = 0;
}

static int take_message_head(struct grpc_reply *r, unsigned char c)
{
    if (r->message == 0 && c != 0)          /* compressed, which we did not offer */
        return fail(r);
    r->message_left = r->message_left << 8 | c;
    if (++r->message < MESSAGE_HEAD)
        return 1;
    begin_field(r, TAG);
    return r->message_left <= MESSAGE_MOST ? 1 : fail(r);
}

static int begin_skip(struct grpc_reply *r, uint32_t size)
{
    begin_field(r, size ? SKIP : TAG);
    r->skip = (uint8_t)size;
    return size <= r->message_left ? 1 : fail(r);
}

static int end_tag(struct grpc_reply *r, uint32_t tag)
{
    enum { VARINT, FIXED64, TEXT, FIXED32 = 5 };
    if (tag >> 3 == 0)
        return fail(r);
    r->is_status = tag == (1 << 3 | VARINT);
    switch (tag & 7) {
    case VARINT: begin_field(r, NUMBER); return 1;
    case FIXED64: return begin_skip(r, 8);
    case FIXED32: return begin_skip(r, 4);
    case TEXT: begin_field(r, LENGTH); return 1;
    default: return fail(r);
    }
}

static int end_varint(struct grpc_reply *r)
{
    uint32_t value = r->varint;
    if (r->message == TAG)
        return end_tag(r, value);
    if (r->message == LENGTH)
        return begin_skip(r, value);
    if (r->is_status)
        r->status = value;
    begin_field(r, TAG);
    return 1;
}

/* Ten bytes at most; the high bits of a number go, as an enum's do. */
static int take_varint(struct grpc_reply *r, unsigned char c)
{
    if (r->shift > 63)
        return fail(r);
    if (r->shift < 32)
        r->varint |= (uint32_t)(c & 127) << r->shift;
    r->shift = (uint8_t)(r->shift + 7);
    return c & 128 ? 1 : end_varint(r);
}

static int message_is_whole(const struct grpc_reply *r)
{
    return r->message == TAG && r->shift == 0 && r->message_left == 0;
}

static int take_message(struct grpc_reply *r, unsigned char c)
{
    if (r->message < MESSAGE_HEAD)
        return take_message_head(r, c);
    if (r->message_left == 0)               /* a second message */
        return fail(r);
    r->message_left--;
    if (r->message != SKIP && !take_varint(r, c))
        return 0;
    if (r->message == SKIP && r->skip-- == 0)
        begin_field(r, TAG);
    return r->message_left || message_is_whole(r) ? 1 : fail(r);
}

/* --- frames (RFC 9113) --- */

static uint32_t frame_number(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint8_t frame_type(const struct grpc_reply *r) { return r->head[3]; }
static uint8_t frame_flags(const struct grpc_reply *r) { return r->head[4]; }
static uint32_t frame_stream(const struct grpc_reply *r) { return frame_number(r->head + 5) & INT32_MAX; }

/* Whether a frame of this type may be of this size, and here. */
static int frame_fits(const struct grpc_reply *r)
{
    uint32_t size = r->left, stream = frame_stream(r);
    switch (frame_type(r)) {
    case FRAME_DATA: return stream == STREAM && r->flags & HAS_HEADERS;
    case FRAME_HEADERS: return stream == STREAM && !(r->flags & HAS_HEADERS && !(frame_flags(r) & FLAG_END_STREAM));
    case FRAME_CONTINUATION: return stream == STREAM && r->flags & IN_HEADERS;
    case FRAME_PRIORITY: return size == PRIORITY_SIZE;
    case FRAME_RST_STREAM: return stream == STREAM && size == 4;
    case FRAME_SETTINGS: return stream == 0 && (frame_flags(r) & FLAG_ACK ? size == 0 : size % 6 == 0);
    case FRAME_PUSH_PROMISE: return 0;
    case FRAME_PING: return stream == 0 && size == 8;
    case FRAME_GOAWAY: return stream == 0 && size >= 8;
    case FRAME_WINDOW_UPDATE: return size == 4;
    default: return 1;
    }
}

static void begin_headers(struct grpc_reply *r)
{
    r->flags |= IN_HEADERS;
    if (frame_flags(r) & FLAG_END_STREAM)
        r->flags |= ENDS;
    r->headers.grpc_ok = 0;
    r->unread = frame_flags(r) & FLAG_PRIORITY ? PRIORITY_SIZE : 0;
}

static int begin_frame(struct grpc_reply *r)
{
    uint8_t type = frame_type(r);
    r->left = frame_number(r->head) >> 8;
    r->pad = r->unread = r->kept_size = 0;
    if (r->left > FRAME_MOST || !frame_fits(r))
        return fail(r);
    if (!(r->flags & SETTLED) && (type != FRAME_SETTINGS || frame_flags(r) & FLAG_ACK))
        return fail(r);
    if (r->flags & IN_HEADERS && type != FRAME_CONTINUATION)
        return fail(r);
    if (type == FRAME_HEADERS)
        begin_headers(r);
    if ((type == FRAME_HEADERS || type == FRAME_DATA) && frame_flags(r) & FLAG_PADDED)
        r->flags |= PADDED;
    return r->left >= r->unread + (r->flags & PADDED ? 1u : 0u) ? 1 : fail(r);
}

static int take_payload(struct grpc_reply *r, unsigned char c)
{
    switch (frame_type(r)) {
    case FRAME_DATA: return take_message(r, c);
    case FRAME_HEADERS:
    case FRAME_CONTINUATION: return hpack_take(&r->headers, c) ? 1 : fail(r);
    default:
        if (r->kept_size < sizeof r->kept)
            r->kept[r->kept_size++] = c;
        return 1;
    }
}

/* Padding goes, and the priority; left still counts the byte. */
static int take_inner(struct grpc_reply *r, unsigned char c)
{
    if (r->flags & PADDED) {
        r->flags &= (uint8_t)~PADDED;
        r->pad = c;
        return r->left - 1 >= (uint32_t)r->pad + r->unread ? 1 : fail(r);
    }
    if (r->unread) {
        r->unread--;
        return 1;
    }
    return r->left > r->pad ? take_payload(r, c) : 1;
}

static void answer(struct grpc_reply *r, struct writer *w, enum frame_type type, size_t size)
{
    if (frame_flags(r) & FLAG_ACK)
        return;
    put_frame_head(w, size, type, FLAG_ACK, 0);
    put(w, r->kept, size);
    if (++r->answers > GRPC_ANSWERS_MOST || w->size > w->room)
        fail(r);
}

/* The stream is over: without trailers that say so, nothing went well. */
static void finish(struct grpc_reply *r)
{
    int is_well = r->flags & ENDS && r->headers.is_ok && r->headers.grpc_ok;
    if (r->message != 0 && !message_is_whole(r))
        fail(r);
    else
        r->progress = is_well && r->message != 0 && r->status == SERVING ? GRPC_SERVING : GRPC_NOT_SERVING;
}

static void end_headers(struct grpc_reply *r)
{
    if (!(frame_flags(r) & FLAG_END_HEADERS))
        return;
    r->flags = (uint8_t)((r->flags & ~IN_HEADERS) | HAS_HEADERS);
    if (!hpack_is_whole(&r->headers))
        fail(r);
    else if (r->flags & ENDS)
        finish(r);
}

static void end_frame(struct grpc_reply *r, struct writer *w)
{
    r->filled = 0;
    switch (frame_type(r)) {
    case FRAME_DATA:
        if (frame_flags(r) & FLAG_END_STREAM)
            finish(r);
        break;
    case FRAME_HEADERS:
    case FRAME_CONTINUATION: end_headers(r); break;
    case FRAME_SETTINGS:
        r->flags |= SETTLED;
        answer(r, w, FRAME_SETTINGS, 0);
        break;
    case FRAME_PING: answer(r, w, FRAME_PING, sizeof r->kept); break;
    case FRAME_RST_STREAM: r->progress = GRPC_NOT_SERVING; break;
    case FRAME_GOAWAY:                      /* a peer that goes with grace still answers the streams it has seen */
        if ((frame_number(r->kept) & INT32_MAX) < STREAM || frame_number(r->kept + 4) != 0)
            r->progress = GRPC_NOT_SERVING;
        break;
    default: break;
    }
}

static void take(struct grpc_reply *r, unsigned char c, struct writer *w)
{
    if (r->spent++ >= GRPC_REPLY_MOST) {
        fail(r);
    } else if (r->filled < FRAME_HEAD) {
        r->head[r->filled++] = c;
        if (r->filled == FRAME_HEAD && begin_frame(r) && r->left == 0)
            end_frame(r, w);
    } else {
        int is_fine = take_inner(r, c);
        if (--r->left == 0 && is_fine)
            end_frame(r, w);
    }
}

void grpc_begin(struct grpc_reply *r) { *r = (struct grpc_reply){0}; }

enum grpc_progress grpc_feed(struct grpc_reply *r, const char *bytes, size_t size, char *answers, size_t room,
                             size_t *answered)
{
    struct writer w = {answers, room, 0};
    for (size_t i = 0; i < size && r->progress == GRPC_MORE; i++)
        take(r, (unsigned char)bytes[i], &w);
    *answered = r->progress == GRPC_MORE ? w.size : 0;
    return (enum grpc_progress)r->progress;
}
