/* Header blocks, every state between two bytes. The few words that are looked for are compared as they are and in
 * Huffman's code, so nothing is decoded and nothing is stored. It must never call anything.
 */
#include "hpack.h"

enum phase { FIELD, SIZE, MORE, STRING };

/* What an integer is: an index of header or name, the table's size, the size of a name or value. */
enum goal { GOAL_HEADER, GOAL_NAME_INDEX, GOAL_TABLE, GOAL_NAME, GOAL_VALUE };

enum header { HEADER_OTHER, HEADER_STATUS, HEADER_GRPC_STATUS };

/* Which words a string could still be, a bit each, and beside them whether it is Huffman's. */
enum word { WORD_STATUS, WORD_GRPC_STATUS, WORD_200, WORD_0, WORD_COUNT };
enum { ALL_WORDS = (1 << WORD_COUNT) - 1, CODED = 128 };

static const struct { const char *plain, *coded; } words[WORD_COUNT] = {
    [WORD_STATUS] = {":status", "\xb8\x84\x8d\x36\xa3"},
    [WORD_GRPC_STATUS] = {"grpc-status", "\x9a\xca\xc8\xb2\x12\x34\xda\x8f"},
    [WORD_200] = {"200", "\x10\x01"},
    [WORD_0] = {"0", "\x07"},
};

/* The static table's entries of :status; the first of them is 200. */
enum { STATUS_200 = 8, STATUS_LAST = 14 };

static void end_header(struct hpack *h, int is_good)
{
    if (h->header == HEADER_STATUS)
        h->is_ok = is_good != 0;
    if (h->header == HEADER_GRPC_STATUS)
        h->grpc_ok = is_good != 0;
    h->phase = FIELD;
}

static const char *spelling(const struct hpack *h, unsigned word)
{
    return h->words & CODED ? words[word].coded : words[word].plain;
}

static void end_string(struct hpack *h)
{
    unsigned found = WORD_COUNT;
    for (unsigned i = 0; i < WORD_COUNT; i++)
        if (h->words >> i & 1 && spelling(h, i)[h->at] == 0)
            found = i;
    if (h->goal == GOAL_VALUE) {
        end_header(h, found == (h->header == HEADER_STATUS ? WORD_200 : WORD_0));
        return;
    }
    h->header = found == WORD_STATUS ? HEADER_STATUS : found == WORD_GRPC_STATUS ? HEADER_GRPC_STATUS : HEADER_OTHER;
    h->goal = GOAL_VALUE;
    h->phase = SIZE;
}

static void take_string(struct hpack *h, unsigned char c)
{
    for (unsigned i = 0; i < WORD_COUNT; i++)
        if (h->words >> i & 1 && (unsigned char)spelling(h, i)[h->at] != c)
            h->words &= (uint8_t)~(1u << i);
    if (c == 0)                             /* it is in no word, and must not pass for a word's end */
        h->words &= CODED;
    if (h->words & ALL_WORDS)               /* so at stays within the longest of them */
        h->at++;
    if (--h->left == 0)
        end_string(h);
}

static void begin_string(struct hpack *h)
{
    h->phase = STRING;
    h->left = h->number;
    h->at = 0;
    if (h->left == 0)
        end_string(h);
}

static int end_integer(struct hpack *h)
{
    int is_status = h->number >= STATUS_200 && h->number <= STATUS_LAST;
    switch ((enum goal)h->goal) {
    case GOAL_HEADER:
        h->header = is_status ? HEADER_STATUS : HEADER_OTHER;
        end_header(h, h->number == STATUS_200);
        return h->number != 0;
    case GOAL_NAME_INDEX:
        h->header = is_status ? HEADER_STATUS : HEADER_OTHER;
        h->goal = h->number ? GOAL_VALUE : GOAL_NAME;
        h->phase = SIZE;
        return 1;
    case GOAL_TABLE: h->phase = FIELD; return 1;
    case GOAL_NAME:
    case GOAL_VALUE: begin_string(h); return 1;
    }
    return 0;
}

/* What the low bits of a byte begin, and perhaps end. */
static int begin_integer(struct hpack *h, enum goal goal, unsigned char c, unsigned bits)
{
    unsigned most = (1u << bits) - 1;
    h->goal = (uint8_t)goal;
    h->number = c & most;
    h->shift = 0;
    h->phase = MORE;
    return h->number < most ? end_integer(h) : 1;
}

/* Four bytes go on with an integer at most: more than a whole reply may have. */
static int take_more(struct hpack *h, unsigned char c)
{
    if (h->shift > 21)
        return 0;
    h->number += (uint32_t)(c & 127) << h->shift;
    h->shift = (uint8_t)(h->shift + 7);
    return c & 128 ? 1 : end_integer(h);
}

static int take_field(struct hpack *h, unsigned char c)
{
    if (c & 128)
        return begin_integer(h, GOAL_HEADER, c, 7);
    if (c & 64)
        return begin_integer(h, GOAL_NAME_INDEX, c, 6);
    return c & 32 ? begin_integer(h, GOAL_TABLE, c, 5) : begin_integer(h, GOAL_NAME_INDEX, c, 4);
}

int hpack_take(struct hpack *h, unsigned char byte)
{
    switch ((enum phase)h->phase) {
    case FIELD: return take_field(h, byte);
    case SIZE:
        h->words = (uint8_t)(ALL_WORDS | (byte & CODED));
        return begin_integer(h, (enum goal)h->goal, byte, 7);
    case MORE: return take_more(h, byte);
    case STRING: take_string(h, byte); return 1;
    }
    return 0;
}

int hpack_is_whole(const struct hpack *h) { return h->phase == FIELD; }
