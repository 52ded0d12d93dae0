/* Texts that went wrong on their way, thousands of them: bytes turned, lost, said twice. Each is read in one piece and
 * in pieces of any size, every piece in memory of exactly its size, and has to mean the same both times. Every run of a
 * seed is the same. It must never judge what a text means.
 */
#include "noise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grpc.h"
#include "http.h"
#include "notice.h"

enum { OUTCOME = 1024, LOCATION = 64, EDITS = 4 };

struct text { char *bytes; size_t size; };

static uint64_t state;

/* xorshift64*; below a number that is not 0. */
static size_t draw(size_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * 0x2545f4914f6cdd1d) >> 33) % below;
}

static struct text copy(const char *bytes, size_t size)
{
    struct text text = {malloc(size), size};
    if (size)
        memcpy(text.bytes, bytes, size);
    return text;
}

/* --- what goes wrong --- */

static void turn(struct text *text)
{
    static const unsigned char telling[] = {0, 1, ' ', '\r', '\n', ':', '%', '0', 127, 128, 255};
    text->bytes[draw(text->size)] = (char)(draw(2) ? draw(256) : telling[draw(sizeof telling)]);
}

static void lose(struct text *text)
{
    size_t at = draw(text->size), size = 1 + draw(text->size - at);
    size = size > 8 && draw(4) ? 1 + size % 8 : size;
    memmove(text->bytes + at, text->bytes + at + size, text->size - at - size);
    text->size -= size;
}

static void say_twice(struct text *text)
{
    size_t at = draw(text->size), size = 1 + draw(text->size - at);
    text->bytes = realloc(text->bytes, text->size + size);
    memmove(text->bytes + at + size, text->bytes + at, text->size - at);
    text->size += size;
}

static struct text spoil(struct text sample)
{
    struct text text = copy(sample.bytes, sample.size);
    for (size_t edits = draw(EDITS); edits && text.size; edits--) {
        switch (draw(4)) {
        case 0: lose(&text); break;
        case 1: say_twice(&text); break;
        default: turn(&text); break;
        }
    }
    text.bytes = realloc(text.bytes, text.size ? text.size : 1);
    return text;
}

/* --- what is made of it --- */

typedef int reader(struct text, int in_pieces, char *outcome);

static struct text next_piece(struct text text, size_t at, int in_pieces)
{
    size_t left = text.size - at, size = in_pieces && left ? 1 + draw(draw(3) ? left : 1) : left;
    return copy(text.bytes + at, size);
}

static int read_http(struct text text, int in_pieces, char *outcome)
{
    enum http_progress progress = HTTP_MORE;
    struct http_reply reply;
    char *location = malloc(LOCATION);
    http_begin(&reply, location, LOCATION);
    for (size_t at = 0; at < text.size;) {
        struct text piece = next_piece(text, at, in_pieces);
        progress = http_feed(&reply, piece.bytes, piece.size);
        at += piece.size;
        free(piece.bytes);
    }
    snprintf(outcome, OUTCOME, "%d %d %d %d %s", progress, progress == HTTP_DONE ? reply.status : 0, reply.has_location,
             reply.location_too_long, reply.has_location ? location : "");
    if (http_end(&reply) == HTTP_MORE)
        abort();
    free(location);
    return progress;
}

static int read_grpc(struct text text, int in_pieces, char *outcome)
{
    enum grpc_progress progress = GRPC_MORE;
    struct grpc_reply reply;
    char *answer = malloc(GRPC_ANSWER_ROOM);
    size_t all = 0, answered;
    grpc_begin(&reply);
    for (size_t at = 0; at < text.size && progress == GRPC_MORE;) {
        struct text piece = next_piece(text, at, in_pieces);
        progress = grpc_feed(&reply, piece.bytes, piece.size, answer, GRPC_ANSWER_ROOM, &answered);
        memcpy(outcome + 1 + all, answer, answered);
        all += answered;
        at += piece.size;
        free(piece.bytes);
    }
    if (progress != GRPC_MORE)
        memset(outcome + 1, 0, all);
    *outcome = (char)('0' + progress);
    free(answer);
    return progress;
}

/* How the text is split means nothing here; that it ends in a NUL does. */
static int read_redirect(struct text text, int in_pieces, char *outcome)
{
    struct http_target target = {.path = malloc(LOCATION), .path_room = LOCATION};
    char *location = calloc(text.size + 1, 1);
    memcpy(location, text.bytes, text.size);
    int result = http_redirect(location, in_pieces ? location : "/a/b?c", "w", &target);
    result += result && target.same_host;
    for (const char *c = result == 2 ? target.path : ""; *c; c++)
        if (*c <= ' ' || *c > '~' || *target.path != '/')
            abort();
    snprintf(outcome, OUTCOME, "%d", in_pieces ? 0 : result > 2);
    free(location);
    free(target.path);
    return result;
}

static int read_notice(struct text text, int in_pieces, char *outcome)
{
    struct notice n;
    int understood = notice_parse(text.bytes, text.size, &n);
    snprintf(outcome, OUTCOME, "%d", understood);
    if (n.has_status && (n.status < text.bytes || n.status + n.status_size > text.bytes + text.size))
        abort();
    (void)in_pieces;
    return understood;
}

void noise_try(const char *protocol, uint64_t seed, size_t count, const char *bytes, size_t size)
{
    static const struct { const char *word; reader *read; } known[] = {
        {"http", read_http}, {"grpc", read_grpc}, {"redirect", read_redirect}, {"notice", read_notice},
    };
    size_t differ = 0, ends[4] = {0};
    reader *read = NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        read = strcmp(known[i].word, protocol) == 0 ? known[i].read : read;
    for (state = seed * 2 + 1; count; count--) {
        char whole[OUTCOME] = {0}, pieces[OUTCOME] = {0};
        struct text text = spoil((struct text){(char *)(uintptr_t)bytes, size});
        ends[read(text, 0, whole)]++;
        read(text, 1, pieces);
        differ += memcmp(whole, pieces, OUTCOME) != 0;
        free(text.bytes);
    }
    printf("%zu %zu %zu %zu %zu", differ, ends[0], ends[1], ends[2], ends[3]);
}
