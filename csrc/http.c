/* One reply, a byte at a time: every state is between two bytes, so that no split of them matters, and nothing is kept
 * but what a probe asks for: status, Location, and where the body ends. It is as tolerant as Go's client, whose word
 * Kubernetes takes: bare LF and folded lines in heads pass, chunk lines need their CR. It must never call anything.
 *
 * Cost: one switch for each byte of a head, one step for each piece of a body.
 */
#include "http.h"

#include <string.h>

enum state {
    WORD, MINOR, GAP, CODE, REASON, REASON_LF,              /* HTTP/1.1 200 OK */
    LINE, NAME, VALUE, VALUE_LF, END_LF,                    /* headers, and trailers */
    BODY, CHUNK,                                            /* bytes that are only counted */
    SIZE, EXTENSION, SIZE_LF, CHUNK_CR, CHUNK_LF,
    DONE, BROKEN
};

enum flag { OPEN = 1, HAS_LENGTH = 2, CHUNKED = 4, LOCATED = 8, BY_CLOSE = 16, TRAILERS = 32 };

enum header { HEADER_LOCATION, HEADER_LENGTH, HEADER_ENCODING, HEADER_COUNT, HEADER_OTHER = HEADER_COUNT };

/* Where in a value: blanks before it and after it are no part of it. */
enum value { BEFORE, WITHIN, AFTER };

enum { UNLIKE = 255 };          /* at: no longer the word it could have been */

static const char *const header_names[HEADER_COUNT] = {
    [HEADER_LOCATION] = "location", [HEADER_LENGTH] = "content-length", [HEADER_ENCODING] = "transfer-encoding",
};
static const char chunked[] = "chunked";

static int is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
static int is_blank(unsigned char c) { return c == ' ' || c == '\t'; }
static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : c; }
static int is_letter(unsigned char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

static int hex_value(unsigned char c)
{
    return is_digit(c) ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

/* --- asking --- */

struct writer { char *out; size_t room, size; };

static void put(struct writer *w, const char *text)
{
    size_t size = strlen(text), left = w->size < w->room ? w->room - w->size : 0;
    if (left)
        memcpy(w->out + w->size, text, size < left ? size : left);
    w->size += size;
}

size_t http_request(char *out, size_t room, const char *path, const char *host, const char *headers)
{
    struct writer w = {out, room, 0};
    put(&w, *path == '/' ? "GET " : "GET /");
    put(&w, path);
    put(&w, " HTTP/1.1\r\n");
    if (*host) {
        put(&w, "Host: ");
        put(&w, host);
        put(&w, "\r\n");
    }
    put(&w, headers);
    put(&w, "\r\n");
    return w.size;
}

/* --- the status line --- */

static enum state take_word(struct http_reply *r, unsigned char c)
{
    static const char word[] = "HTTP/1.";
    if (c != (unsigned char)word[r->at++])
        return BROKEN;
    return word[r->at] ? WORD : MINOR;
}

static enum state take_minor(struct http_reply *r, unsigned char c)
{
    r->minor = (uint8_t)(c - '0');
    r->at = 0;
    return is_digit(c) ? GAP : BROKEN;
}

static enum state take_code(struct http_reply *r, unsigned char c)
{
    if (r->at == 3)
        return c == ' ' ? REASON : c == '\r' ? REASON_LF : c == '\n' ? LINE : BROKEN;
    r->status = (uint16_t)(r->status * 10 + c - '0');
    r->at++;
    return is_digit(c) ? CODE : BROKEN;
}

static enum state take_gap(struct http_reply *r, unsigned char c)
{
    if (c == ' ')
        r->at = 1;
    if (c == ' ' || !r->at)
        return c == ' ' ? GAP : BROKEN;
    r->at = 0;
    return take_code(r, c);
}

/* --- headers --- */

static void begin_value(struct http_reply *r)
{
    r->header = HEADER_OTHER;
    for (uint8_t i = 0; i < HEADER_COUNT && !(r->flags & TRAILERS); i++)
        if (r->names >> i & 1 && header_names[i][r->at] == 0)
            r->header = i;
    if (r->header == HEADER_LOCATION && (r->flags & LOCATED || !http_is_redirect(r->status)))
        r->header = HEADER_OTHER;
    if (r->header == HEADER_LOCATION)
        r->flags |= LOCATED;
    if (r->header == HEADER_ENCODING && r->minor == 0)     /* HTTP/1.0 has none */
        r->header = HEADER_OTHER;
    r->value = BEFORE;
    r->number = r->at = 0;
    r->flags |= OPEN;
}

/* A blank is no part of a name, but Go's client lets it pass. */
static int fits_name(unsigned char c)
{
    return is_letter(c) || is_digit(c) || (c && strchr("!#$%&'*+-.^_`|~ ", c) != NULL);
}

static enum state take_name(struct http_reply *r, unsigned char c)
{
    if (c == ':' && r->at) {
        begin_value(r);
        return VALUE;
    }
    if (!fits_name(c))
        return BROKEN;
    for (unsigned i = 0; i < HEADER_COUNT; i++)
        if (r->names >> i & 1 && (unsigned char)header_names[i][r->at] != lower(c))
            r->names &= (uint8_t)~(1u << i);
    if (r->names || !r->at)                 /* so at stays within the longest of them */
        r->at++;
    return NAME;
}

static int take_length(struct http_reply *r, unsigned char c)
{
    if (!is_digit(c) || r->value == AFTER || r->number > (UINT64_MAX >> 1) / 10 - 1)
        return 0;
    r->number = r->number * 10 + c - '0';
    return 1;
}

static void take_encoding(struct http_reply *r, unsigned char c)
{
    if (r->at != UNLIKE && r->value != AFTER && lower(c) == (unsigned char)chunked[r->at])
        r->at++;
    else
        r->at = UNLIKE;
}

static void take_location(struct http_reply *r, unsigned char c)
{
    if (r->location_size < r->location_room)
        r->location[r->location_size] = (char)c;
    r->location_size++;                     /* HTTP_HEAD_MOST bounds it */
}

static enum state take_value(struct http_reply *r, unsigned char c)
{
    if (c == '\r' || c == '\n')
        return c == '\r' ? VALUE_LF : LINE;
    if (is_blank(c)) {
        if (r->header == HEADER_LOCATION && r->value != BEFORE)
            take_location(r, c);
        r->value = r->value == BEFORE ? BEFORE : AFTER;
        return VALUE;
    }
    if (c < ' ' || c == 127 || (r->header == HEADER_LENGTH && !take_length(r, c)))
        return BROKEN;
    if (r->header == HEADER_ENCODING)
        take_encoding(r, c);
    if (r->header == HEADER_LOCATION)
        take_location(r, c);
    r->value = WITHIN;
    return VALUE;
}

static int end_length(struct http_reply *r)
{
    if (r->value == BEFORE || (r->flags & HAS_LENGTH && r->length != r->number))
        return 0;
    r->length = r->number;
    r->flags |= HAS_LENGTH;
    return 1;
}

static int end_encoding(struct http_reply *r)
{
    if (r->at != sizeof chunked - 1 || r->flags & CHUNKED)
        return 0;
    r->flags |= CHUNKED;
    return 1;
}

static int end_location(struct http_reply *r)
{
    if (r->location_size > r->location_room)
        r->location_too_long = 1;
    while (!r->location_too_long && r->location_size && is_blank((unsigned char)r->location[r->location_size - 1]))
        r->location_size--;
    if (r->location_size && r->location_size == r->location_room)
        r->location_too_long = 1;
    if (r->location_size && !r->location_too_long) {
        r->location[r->location_size] = 0;
        r->has_location = 1;
    }
    return 1;
}

/* A header is over when the line after it does not go on with it; returns 0 when it made no sense. */
static int end_value(struct http_reply *r)
{
    if (!(r->flags & OPEN))
        return 1;
    r->flags &= (uint8_t)~OPEN;
    switch ((enum header)r->header) {
    case HEADER_LENGTH: return end_length(r);
    case HEADER_ENCODING: return end_encoding(r);
    case HEADER_LOCATION: return end_location(r);
    case HEADER_OTHER: break;
    }
    return 1;
}

static enum state begin_body(struct http_reply *r)
{
    r->at = 0;
    r->left = 0;
    if (r->flags & CHUNKED)
        return SIZE;
    if (!(r->flags & HAS_LENGTH))
        r->flags |= BY_CLOSE;
    r->left = r->flags & HAS_LENGTH && r->length < HTTP_BODY_MOST ? r->length : HTTP_BODY_MOST;
    return r->left ? BODY : DONE;
}

static enum state end_head(struct http_reply *r)
{
    if (r->flags & TRAILERS)
        return DONE;
    if (r->status / 100 == 1 && r->status != 101) {
        r->status = r->at = r->flags = 0;
        return WORD;
    }
    r->spent = 0;
    if (r->status == 101 || r->status == 204 || r->status == 304 || r->has_location || r->location_too_long)
        return DONE;
    return begin_body(r);
}

static enum state take_line(struct http_reply *r, unsigned char c)
{
    if (is_blank(c))
        return r->flags & OPEN ? take_value(r, ' ') : BROKEN;
    if (!end_value(r))
        return BROKEN;
    if (c == '\r' || c == '\n')
        return c == '\r' ? END_LF : end_head(r);
    r->names = (1u << HEADER_COUNT) - 1;
    r->at = 0;
    return take_name(r, c);
}

/* --- bodies --- */

/* at counts the digits; blanks may follow them. */
static enum state take_size(struct http_reply *r, unsigned char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        r->left = r->left << 4 | (unsigned)digit;
        return r->at++ < 16 ? SIZE : BROKEN;
    }
    if (!r->at)
        return BROKEN;
    if (is_blank(c))
        r->at = 16;
    return c == '\r' ? SIZE_LF : c == ';' ? EXTENSION : is_blank(c) ? SIZE : BROKEN;
}

static enum state end_size(struct http_reply *r)
{
    if (r->left)
        return CHUNK;
    r->flags |= TRAILERS;
    return LINE;
}

static enum state end_chunk(struct http_reply *r)
{
    r->left = r->at = 0;
    return SIZE;
}

/* Bytes of a body that were not looked at; returns how many. */
static size_t skip_body(struct http_reply *r, size_t size)
{
    size_t taken = size < r->left ? size : (size_t)r->left;
    taken = taken < r->body ? taken : r->body;
    r->left -= taken;
    r->body -= (uint32_t)taken;
    if (r->body == 0 || (r->left == 0 && r->state == BODY))
        r->state = DONE;
    else if (r->left == 0)
        r->state = CHUNK_CR;
    return taken;
}

static enum state take(struct http_reply *r, unsigned char c)
{
    switch ((enum state)r->state) {
    case WORD: return take_word(r, c);
    case MINOR: return take_minor(r, c);
    case GAP: return take_gap(r, c);
    case CODE: return take_code(r, c);
    case REASON: return c == '\n' ? LINE : REASON;
    case REASON_LF:
    case VALUE_LF: return c == '\n' ? LINE : BROKEN;
    case LINE: return take_line(r, c);
    case NAME: return take_name(r, c);
    case VALUE: return take_value(r, c);
    case END_LF: return c == '\n' ? end_head(r) : BROKEN;
    case SIZE: return take_size(r, c);
    case EXTENSION: return c == '\r' ? SIZE_LF : c == '\n' ? BROKEN : EXTENSION;
    case SIZE_LF: return c == '\n' ? end_size(r) : BROKEN;
    case CHUNK_CR: return c == '\r' ? CHUNK_LF : BROKEN;
    case CHUNK_LF: return c == '\n' ? end_chunk(r) : BROKEN;
    case BODY:
    case CHUNK:
    case DONE:
    case BROKEN: break;
    }
    return BROKEN;
}

static enum http_progress progress(const struct http_reply *r)
{
    return r->state == DONE ? HTTP_DONE : r->state == BROKEN ? HTTP_BROKEN : HTTP_MORE;
}

void http_begin(struct http_reply *r, char *location, uint32_t location_room)
{
    *r = (struct http_reply){.location = location, .location_room = location_room, .body = HTTP_BODY_MOST};
}

enum http_progress http_feed(struct http_reply *r, const char *bytes, size_t size)
{
    while (size && progress(r) == HTTP_MORE) {
        size_t taken = 1;
        if (r->state == BODY || r->state == CHUNK)
            taken = skip_body(r, size);
        else
            r->state = r->spent++ < HTTP_HEAD_MOST ? (uint8_t)take(r, (unsigned char)*bytes) : BROKEN;
        bytes += taken;
        size -= taken;
    }
    return progress(r);
}

enum http_progress http_end(struct http_reply *r)
{
    if (r->state != DONE)
        r->state = r->state == BODY && r->flags & BY_CLOSE ? DONE : BROKEN;
    return progress(r);
}
