/* What a probe over HTTP is answered: a reply however it is split, and its end. */
#include "http.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("HTTP/1.1 200 OK\r\n"), WORD("HTTP/1.0 302 \r\n"), WORD("HTTP/1.1 100 C\r\n\r\n"), WORD("HTTP/1.1 101"),
    WORD("Location: /next\r\n"), WORD("Content-Length: 5\r\n"), WORD("Transfer-Encoding: chunked\r\n"),
    WORD("\r\n\r\n"), WORD("\n\n"), WORD("5\r\nhello\r\n"), WORD("0\r\n\r\n"), WORD("ffffffff"), WORD(";x=y"),
    WORD("\r\n "), WORD("18446744073709551616"), {NULL, 0},
};
const size_t fuzz_most = 4096;

enum { LOCATION = 48, SELDOM = 64 };

struct reading { struct http_reply reply; enum http_progress progress; char *location; };

static int feed(void *context, const char *bytes, size_t size)
{
    struct reading *r = context;
    r->progress = http_feed(&r->reply, bytes, size);
    return r->progress == HTTP_MORE;
}

static struct reading read_all(const uint8_t *bytes, size_t size, enum fuzz_split split)
{
    struct reading r = {.progress = HTTP_MORE, .location = malloc(LOCATION)};
    http_begin(&r.reply, r.location, LOCATION);
    fuzz_pieces(bytes, size, split, feed, &r);
    return r;
}

static void claim_same(const struct reading *a, const struct reading *b)
{
    CLAIM(a->progress == b->progress);
    if (a->progress != HTTP_DONE)
        return;
    CLAIM(a->reply.status == b->reply.status && a->reply.has_location == b->reply.has_location);
    CLAIM(a->reply.location_too_long == b->reply.location_too_long);
    CLAIM(!a->reply.has_location || strcmp(a->location, b->location) == 0);
}

static void check(const struct reading *r)
{
    const struct http_reply *reply = &r->reply;
    CLAIM(reply->status >= 101 || reply->status < 100);
    CLAIM(reply->status <= 999);
    CLAIM(!reply->has_location || (http_is_redirect(reply->status) && !reply->location_too_long));
    if (!reply->has_location)
        return;
    CLAIM(strnlen(r->location, LOCATION) < LOCATION && r->location[0] != 0);
    CLAIM(strpbrk(r->location, "\n") == NULL);
}

/* A peer that goes on for ever is not listened to for ever. */
static void check_bounds(struct reading *r)
{
    static char more[HTTP_HEAD_MOST + HTTP_BODY_MOST + 1];
    memset(more, 'x', sizeof more);
    CLAIM(http_feed(&r->reply, more, sizeof more) != HTTP_MORE);
}

/* What was well or broken before the peer closed stays so. */
static void check_end(struct reading *r)
{
    enum http_progress before = r->progress, after = http_end(&r->reply);
    CLAIM(after != HTTP_MORE && (before == HTTP_MORE || before == after));
    CLAIM(http_feed(&r->reply, "x", 1) == after);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    struct reading whole = read_all(bytes, size, SPLIT_NOT), single = read_all(bytes, size, SPLIT_BYTES),
                   pieces = read_all(bytes, size, SPLIT_PIECES);
    claim_same(&whole, &single);
    claim_same(&whole, &pieces);
    if (whole.progress == HTTP_DONE)
        check(&whole);
    if (fuzz_hash(bytes, size) % SELDOM == 0)
        check_bounds(&single);
    check_end(&pieces);
    free(whole.location);
    free(single.location);
    free(pieces.location);
}
