/* What a probe over gRPC is answered: frames however they are split, and what is answered to them. */
#include "grpc.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("\0\0\0\4\0\0\0\0\0"), WORD("\0\0\0\4\1\0\0\0\0"), WORD("\0\0\1\1\4\0\0\0\1\x88"),
    WORD("\0\0\1\1\5\0\0\0\1\x88"), WORD("\0\0\7\0\0\0\0\0\1\0\0\0\0\2\x08\1"),
    WORD("\0\0\x0e\1\5\0\0\0\1\0\x0bgrpc-status\1" "0"), WORD("\0\0\x08\6\0\0\0\0\0"), WORD("\0\0\x08\7\0\0\0\0\0"),
    WORD("\0\0\4\3\0\0\0\0\1"), WORD("\0\0\4\x08\0\0\0\0\0"), WORD("\0\0\1\x09\4\0\0\0\1"),
    WORD("\x40\x0bgrpc-status\1" "0"), WORD("\0\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\1" "0"), WORD("\x48\3" "200"),
    {NULL, 0},
};
const size_t fuzz_most = 1024;

enum { SELDOM = 256 };

struct reading {
    struct grpc_reply reply;
    enum grpc_progress progress;
    char answers[GRPC_ANSWER_ROOM];
    size_t answered;
};

static int feed(void *context, const char *bytes, size_t size)
{
    struct reading *r = context;
    static char *answer;
    size_t answered;
    answer = answer ? answer : malloc(GRPC_ANSWER_ROOM);
    r->progress = grpc_feed(&r->reply, bytes, size, answer, GRPC_ANSWER_ROOM, &answered);
    CLAIM(answered <= GRPC_ANSWER_ROOM - r->answered);
    CLAIM(answered == 0 || r->progress == GRPC_MORE);
    memcpy(r->answers + r->answered, answer, answered);
    r->answered += answered;
    return r->progress == GRPC_MORE;
}

static void read_all(struct reading *r, const uint8_t *bytes, size_t size, enum fuzz_split split)
{
    r->progress = GRPC_MORE;
    r->answered = 0;
    grpc_begin(&r->reply);
    fuzz_pieces(bytes, size, split, feed, r);
}

static void claim_same(const struct reading *a, const struct reading *b)
{
    CLAIM(a->progress == b->progress);
    CLAIM(a->progress != GRPC_MORE || (a->answered == b->answered && memcmp(a->answers, b->answers, a->answered) == 0));
}

/* Acknowledgements of SETTINGS and of PING, whole ones, and nothing else. */
static void check_answers(const struct reading *r)
{
    size_t at = 0;
    while (at < r->answered) {
        const char *frame = r->answers + at;
        CLAIM(r->answered - at >= 9 && frame[4] == 1);
        CLAIM((frame[3] == 4 && frame[2] == 0) || (frame[3] == 6 && frame[2] == 8));
        at += 9 + (size_t)frame[2];
    }
    CLAIM(at == r->answered);
}

static void check_bounds(struct reading *r)
{
    static char more[GRPC_REPLY_MOST + 1], answers[GRPC_ANSWER_ROOM];
    size_t answered;
    CLAIM(grpc_feed(&r->reply, more, sizeof more, answers, sizeof answers, &answered) != GRPC_MORE);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    static struct reading r[SPLITS];
    for (enum fuzz_split split = 0; split < SPLITS; split++)
        read_all(&r[split], bytes, size, split);
    claim_same(&r[SPLIT_NOT], &r[SPLIT_BYTES]);
    claim_same(&r[SPLIT_NOT], &r[SPLIT_PIECES]);
    check_answers(&r[SPLIT_BYTES]);
    if (fuzz_hash(bytes, size) % SELDOM == 0)
        check_bounds(&r[SPLIT_NOT]);
}
