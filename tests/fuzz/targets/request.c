/* What the control server takes: a request however it is split, its target's parts, and a moment in it. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "request.h"

const struct fuzz_word fuzz_words[] = {
    WORD("GET "), WORD("POST "), WORD("HEAD "), WORD("/v1/units/web/logs?tail=1&follow=1"), WORD(" HTTP/1.1\r\n"),
    WORD(" HTTP/1.0\r\n"), WORD("Host: a\r\n"), WORD("Content-Length: 10\r\n"),
    WORD("Transfer-Encoding: chunked\r\n"), WORD("Accept: text/plain, */*;q=0.1\r\n"), WORD("application/json"),
    WORD("\r\n\r\n"), WORD("%2f"), WORD("&=?"), {NULL, 0},
};
const size_t fuzz_most = 9000;

enum { FAR = 2 * (REQUEST_HEAD + REQUEST_BODY), DECODED = 64, SELDOM = 64 };

static int feed(void *r, const char *bytes, size_t size)
{
    enum request_progress progress = request_feed(r, bytes, size);
    return progress == REQUEST_MORE;
}

static void read_all(struct request *r, const uint8_t *bytes, size_t size, enum fuzz_split split)
{
    request_begin(r);
    fuzz_pieces(bytes, size, split, feed, r);
}

static void claim_same(const struct request *a, const struct request *b)
{
    CLAIM(request_feed((struct request *)a, "", 0) == request_feed((struct request *)b, "", 0));
    CLAIM(a->refusal == b->refusal);
    CLAIM(a->method == b->method && a->minor == b->minor && a->wants_text == b->wants_text);
    CLAIM(a->target_size == b->target_size && memcmp(a->target, b->target, a->target_size) == 0);
}

/* It is small enough for whoever asks, and says the same again when it is quoted. */
static void check_part(struct part part)
{
    char *text = malloc(DECODED), again[3 * DECODED], second[DECODED];
    size_t size = 0;
    if (request_decode(part, text, DECODED)) {
        CLAIM(strlen(text) < DECODED && strlen(text) <= part.size);
        for (const char *at = text; *at; at++, size += 3)
            memcpy(again + size, (char[]){'%', "0123456789abcdef"[(uint8_t)*at >> 4], "0123456789ABCDEF"[*at & 15]}, 3);
        CLAIM(request_decode((struct part){again, size}, second, sizeof second) && strcmp(text, second) == 0);
    }
    free(text);
}

static void check_query(const char *query)
{
    struct parameter *p = malloc(sizeof *p);
    const char *at = query;
    size_t count = 0;
    while (request_parameter(&at, p) > 0) {
        CLAIM(++count <= strlen(query));
        CLAIM(strlen(p->name) < PARAMETER_NAME && strlen(p->value) < PARAMETER_VALUE);
    }
    CLAIM(at <= query + strlen(query));
    free(p);
}

static void check_target(const struct request *r)
{
    char *target = fuzz_text((const uint8_t *)r->target, r->target_size);
    const char *at = target;
    struct part part;
    CLAIM(r->target_size < REQUEST_TARGET && strlen(r->target) == r->target_size && target[0] == '/');
    for (const char *byte = target; *byte; byte++)
        CLAIM(*byte > ' ' && *byte < 127);
    while (request_segment(&at, &part)) {
        CLAIM(part.at > target && part.at + part.size <= target + r->target_size);
        CLAIM(memchr(part.at, '/', part.size) == NULL);
        check_part(part);
    }
    CLAIM(*at == 0 || *at == '?');
    check_query(request_query(target));
    free(target);
}

/* Nobody can send without an end. */
static void check_bounds(struct request *r)
{
    static const char more[FAR] = "x";
    CLAIM(request_feed(r, more, sizeof more) != REQUEST_MORE);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    struct request *r[SPLITS];
    for (enum fuzz_split split = 0; split < SPLITS; split++)
        read_all(r[split] = malloc(sizeof **r), bytes, size, split);
    claim_same(r[SPLIT_NOT], r[SPLIT_BYTES]);
    claim_same(r[SPLIT_NOT], r[SPLIT_PIECES]);
    enum request_progress progress = request_feed(r[0], "", 0);
    CLAIM(request_feed(r[1], "x", 1) == progress || progress == REQUEST_MORE);
    CLAIM((progress == REQUEST_BROKEN) == (r[0]->refusal != NULL));
    if (progress == REQUEST_DONE)
        check_target(r[0]);
    if (fuzz_hash(bytes, size) % SELDOM == 0)
        check_bounds(r[1]);
    CLAIM(request_end(r[2]) == (progress == REQUEST_DONE ? REQUEST_DONE : REQUEST_BROKEN));
    for (enum fuzz_split split = 0; split < SPLITS; split++)
        free(r[split]);
}
