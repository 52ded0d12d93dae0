/* One request, a byte at a time: every state is between two bytes, so that no split of them matters. It is as strict as
 * RFC 9112 lets a server be, and takes a path alone for a target: whoever speaks to PID 1 shall mean it. It must never
 * call anything.
 *
 * Cost: one switch for each byte.
 */
#include "request.h"

#include <string.h>

enum state {
    METHOD, TARGET, VERSION, LINE_LF,       /* GET /v1/pod HTTP/1.1 */
    LINE, NAME, VALUE, VALUE_LF, END_LF,    /* headers */
    BODY,
    BULK,                                   /* a body that is not read here */
    DONE, BROKEN
};

enum flag { HAS_HOST = 1, HAS_LENGTH = 2, HAS_ACCEPT = 4, EXPECTS = 8 };

enum header {
    HEADER_HOST, HEADER_LENGTH, HEADER_ENCODING, HEADER_ACCEPT, HEADER_EXPECT, HEADER_COUNT,
    HEADER_OTHER = HEADER_COUNT
};

/* Where in a value: blanks before it and after it are no part of it. */
enum value { BEFORE, WITHIN, AFTER };

enum { UNLIKE = 255 };      /* word_size: longer than any word that is looked for */

static const char *const header_names[HEADER_COUNT] = {
    [HEADER_HOST] = "host", [HEADER_LENGTH] = "content-length", [HEADER_ENCODING] = "transfer-encoding",
    [HEADER_ACCEPT] = "accept", [HEADER_EXPECT] = "expect",
};

static const struct refusal
    bad_line = {400, "the first line is none of HTTP/1.1", "ask as curl --unix-socket PATH http://minipod/v1/pod does"},
    long_target = {414, "the request's target has more than 1023 bytes", "no path here needs as many"},
    long_head = {431, "the request's head has more than 4096 bytes", "leave out headers: none but Host is needed"},
    bad_header = {400, "a header's line is none of HTTP/1.1", "each is a name, a colon, a value, and ends with CR LF"},
    bad_host = {400, "the request has no Host header, or more than one", "HTTP/1.1 asks for one: Host: minipod"},
    bad_length = {400, "the request's Content-Length is no number, or is there twice", "send no body: none is needed"},
    in_chunks = {400, "the request's body comes in chunks", "send no body: none is needed"},
    long_bulk = {413, "the request's body has more than 64 MiB", "no plan has as many"},
    long_body = {413, "the request's body has more than 4096 bytes", "send no body: none is needed"},
    cut_off = {400, "the request ends in the middle", "an empty line with CR LF ends it"};

static int is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
static int is_blank(unsigned char c) { return c == ' ' || c == '\t'; }
static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : c; }

static int is_token(unsigned char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static enum state fail(struct request *r, const struct refusal *refusal)
{
    r->refusal = refusal;
    return BROKEN;
}

/* --- words --- */

static void add(struct request *r, unsigned char c)
{
    if (r->word_size < REQUEST_WORD)
        r->word[r->word_size++] = (char)c;
    else
        r->word_size = UNLIKE;
}

static int is(const struct request *r, const char *word)
{
    return r->word_size == strlen(word) && memcmp(r->word, word, r->word_size) == 0;
}

/* --- the first line --- */

static enum state take_method(struct request *r, unsigned char c)
{
    if (is_token(c) && r->word_size < REQUEST_WORD) {
        add(r, c);
        return METHOD;
    }
    if (c != ' ' || r->word_size == 0)
        return fail(r, &bad_line);
    r->method = is(r, "GET") ? METHOD_GET : is(r, "HEAD") ? METHOD_HEAD : is(r, "POST") ? METHOD_POST : METHOD_OTHER;
    return TARGET;
}

static enum state take_target(struct request *r, unsigned char c)
{
    r->target[r->target_size] = 0;
    if (c == ' ' && r->target_size) {
        r->word_size = 0;
        return VERSION;
    }
    if (c <= ' ' || c >= 127 || c == '#' || (r->target_size == 0 && c != '/'))
        return fail(r, &bad_line);
    if (r->target_size == REQUEST_TARGET - 1)
        return fail(r, &long_target);
    r->target[r->target_size++] = (char)c;
    return TARGET;
}

static enum state take_version(struct request *r, unsigned char c)
{
    static const char word[] = "HTTP/1.";
    if (r->word_size == sizeof word)
        return c == '\r' ? LINE_LF : fail(r, &bad_line);
    if (r->word_size < sizeof word - 1 ? c != (unsigned char)word[r->word_size] : !is_digit(c))
        return fail(r, &bad_line);
    r->minor = c != '0';
    add(r, c);
    return VERSION;
}

/* --- headers --- */

static enum state take_line(struct request *r, unsigned char c)
{
    r->word_size = 0;
    if (c == '\r')
        return END_LF;
    if (!is_token(c))
        return fail(r, &bad_header);
    add(r, lower(c));
    return NAME;
}

/* A second Host or Content-Length may be somebody's attempt to be two requests. */
static enum state begin_value(struct request *r)
{
    r->header = 0;
    while (r->header < HEADER_COUNT && !is(r, header_names[r->header]))
        r->header++;
    r->word_size = 0;
    r->value = BEFORE;
    if (r->header == HEADER_ENCODING)
        return fail(r, &in_chunks);
    if (r->header == HEADER_HOST && r->flags & HAS_HOST)
        return fail(r, &bad_host);
    if (r->header == HEADER_LENGTH && r->flags & HAS_LENGTH)
        return fail(r, &bad_length);
    r->flags |= r->header == HEADER_HOST     ? HAS_HOST
                : r->header == HEADER_LENGTH ? HAS_LENGTH
                : r->header == HEADER_EXPECT ? EXPECTS
                                             : 0;
    return VALUE;
}

static enum state take_name(struct request *r, unsigned char c)
{
    if (c == ':')
        return begin_value(r);
    if (!is_token(c))
        return fail(r, &bad_header);
    add(r, lower(c));
    return NAME;
}

/* The first of the two kinds that is named decides, whatever weights say. */
static void end_kind(struct request *r)
{
    int is_text = is(r, "text/plain") || is(r, "text/*");
    int is_json = is(r, "*/*") || is(r, "application/json") || is(r, "application/x-ndjson");
    if (!(r->flags & HAS_ACCEPT) && (is_text || is_json)) {
        r->wants_text = (uint8_t)is_text;
        r->flags |= HAS_ACCEPT;
    }
}

static enum state end_value(struct request *r)
{
    if (r->header == HEADER_ACCEPT)
        end_kind(r);
    if (r->header == HEADER_LENGTH && r->word_size == 0)
        return fail(r, &bad_length);
    return VALUE_LF;
}

static int is_bulk(const struct request *r)
{
    size_t size = strcspn(r->target, "?");
    return r->bulk && r->method == METHOD_POST && size == strlen(r->bulk) && memcmp(r->target, r->bulk, size) == 0;
}

static enum state take_length(struct request *r, unsigned char c)
{
    if (!is_digit(c) || r->value == AFTER)
        return fail(r, &bad_length);
    r->word_size = 1;
    r->length = r->length * 10 + c - '0';
    if (is_bulk(r))
        return r->length > REQUEST_BULK_MOST ? fail(r, &long_bulk) : VALUE;
    return r->length > REQUEST_BODY ? fail(r, &long_body) : VALUE;
}

static enum state take_kind(struct request *r, unsigned char c)
{
    if (c == ',') {
        end_kind(r);
        r->word_size = 0;
        r->value = BEFORE;
    } else if (c == ';' || r->value == AFTER) {
        r->value = AFTER;
    } else {
        add(r, lower(c));
    }
    return VALUE;
}

static enum state take_value(struct request *r, unsigned char c)
{
    if (c == '\r')
        return end_value(r);
    if ((c < ' ' && c != '\t') || c == 127)
        return fail(r, &bad_header);
    if (is_blank(c)) {
        r->value = r->value == BEFORE ? BEFORE : AFTER;
        return VALUE;
    }
    if (r->value == BEFORE)
        r->value = WITHIN;
    return r->header == HEADER_LENGTH ? take_length(r, c) : r->header == HEADER_ACCEPT ? take_kind(r, c) : VALUE;
}

/* Who expects to be told to go on waits with his body until then; as none is needed, he gets his answer at once. */
static enum state end_head(struct request *r)
{
    if (r->minor && !(r->flags & HAS_HOST))
        return fail(r, &bad_host);
    if (is_bulk(r) && r->length)
        return BULK;
    return r->length && !(r->minor && r->flags & EXPECTS) ? BODY : DONE;
}

/* --- all of it --- */

static enum state take(struct request *r, unsigned char c)
{
    switch ((enum state)r->state) {
    case METHOD: return take_method(r, c);
    case TARGET: return take_target(r, c);
    case VERSION: return take_version(r, c);
    case LINE_LF: return c == '\n' ? LINE : fail(r, &bad_line);
    case LINE: return take_line(r, c);
    case NAME: return take_name(r, c);
    case VALUE: return take_value(r, c);
    case VALUE_LF: return c == '\n' ? LINE : fail(r, &bad_header);
    case END_LF: return c == '\n' ? end_head(r) : fail(r, &bad_header);
    case BODY: return --r->length ? BODY : DONE;
    case BULK: return BULK;
    case DONE: return DONE;
    case BROKEN: return BROKEN;
    }
    return BROKEN;
}

void request_begin(struct request *r)
{
    memset(r, 0, offsetof(struct request, target));     /* a target is touched by who sends one */
}

static enum request_progress progress(const struct request *r)
{
    return r->state == DONE     ? REQUEST_DONE
           : r->state == BROKEN ? REQUEST_BROKEN
           : r->state == BULK   ? REQUEST_BULK
                                : REQUEST_MORE;
}

int request_expects(const struct request *r) { return r->minor && r->flags & EXPECTS; }

void request_settle(struct request *r, const struct refusal *refusal)
{
    r->state = (uint8_t)(refusal ? fail(r, refusal) : DONE);
}

enum request_progress request_feed(struct request *r, const char *bytes, size_t size)
{
    r->used = 0;
    for (size_t i = 0; i < size && r->state < BULK; i++) {
        r->used++;
        if (r->state < BODY && r->spent++ == REQUEST_HEAD)
            r->state = (uint8_t)fail(r, &long_head);
        else
            r->state = (uint8_t)take(r, (unsigned char)bytes[i]);
    }
    return progress(r);
}

enum request_progress request_end(struct request *r)
{
    if (r->state < DONE)
        r->state = (uint8_t)fail(r, &cut_off);
    return progress(r);
}

/* --- a target's parts --- */

int request_segment(const char **at, struct part *segment)
{
    if (**at != '/')
        return 0;
    segment->at = *at + 1;
    segment->size = strcspn(segment->at, "/?");
    *at = segment->at + segment->size;
    return 1;
}

static int hex_value(char c)
{
    unsigned char small = lower((unsigned char)c);
    return is_digit(small) ? small - '0' : small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

int request_decode(struct part from, char *out, size_t room)
{
    size_t size = 0;
    for (size_t i = 0; i < from.size; i++) {
        int high, low = 0, byte = from.at[i];
        if (byte == '%') {
            if (from.size - i < 3 || (high = hex_value(from.at[i + 1])) < 0 || (low = hex_value(from.at[i + 2])) < 0)
                return 0;
            byte = high << 4 | low;
            i += 2;
        }
        if (byte == 0 || size + 1 >= room)
            return 0;
        out[size++] = (char)byte;
    }
    out[size] = 0;
    return 1;
}

int request_parameter(const char **at, struct parameter *p)
{
    if (**at == 0)
        return 0;
    struct part name = {*at, strcspn(*at, "=&")}, value = {*at + name.size, 0};
    if (*value.at == '=') {
        value.at++;
        value.size = strcspn(value.at, "&");
    }
    *at = value.at + value.size;
    *at += **at == '&';
    return request_decode(name, p->name, sizeof p->name) && request_decode(value, p->value, sizeof p->value) ? 1 : -1;
}

const char *request_query(const char *target)
{
    const char *mark = strchr(target, '?');
    return mark ? mark + 1 : "";
}
