/* What units write: put into the ring in pieces, read back, and made into JSON. The input: pieces, each after a byte
 * that says of which stream it is, whether it ends there and whether a new instance begins, and two for its size. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "line.h"
#include "ring.h"

const struct fuzz_word fuzz_words[] = {
    WORD("\2\x00\x10"), WORD("\1\xff\x03"), WORD("\n\n"), WORD("\xe2\x82\xac"), WORD("\xf0\x9f\x98"),
    WORD("\xff\xfe"), WORD("\"\\"), WORD("\x1b[0m"), WORD("\x04\x05\0hello"), {NULL, 0},
};
const size_t fuzz_most = 2048;

enum { PIECE = 3, ALL = 1 << 21, REPEAT = 16, OBJECTS = 8 };

static const uint64_t AT = UINT64_C(0x0707070707070707);

static char put[ALL], got[ALL];     /* newlines left out */
static size_t put_size, got_size;

static void add(char *all, size_t *size, const char *text, size_t length)
{
    for (const char *end = text + length, *stop; text < end; text = stop + 1) {
        stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        memcpy(all + *size, text, (size_t)(stop - text));
        *size += (size_t)(stop - text);
    }
}

static void check_object(const struct line *line)
{
    const struct line_object about = {"web", line->at, line->stream, line->flags & LINE_PARTIAL};
    uint32_t room = 6 * line->size + HEAD_ROOM, little = line->size;
    char *out = malloc(room), *cramped = malloc(little + !little);
    uint32_t size = line_object(&about, line->text, line->size, out, room);
    CLAIM(size > 0 && size <= room && out[0] == '{' && out[size - 1] == '\n' && out[size - 2] == '}');
    CLAIM(memchr(out, '\n', size) == out + size - 1 && memchr(out, 0, size) == NULL);
    CLAIM(line_object(&about, line->text, line->size, cramped, little) == 0);
    for (uint32_t most = 1; most < line->size && most < 8; most++)
        CLAIM(line_cut(line->text, most) >= 1 && line_cut(line->text, most) <= most);
    free(out);
    free(cramped);
}

/* Nothing is longer than a piece of a line may be, and nothing comes out that did not go in. */
static void read_back(const struct ring *r, uint64_t position)
{
    struct line line;
    int objects = 0;
    got_size = 0;
    for (uint64_t last = position; ring_read(r, &position, &line); last = position) {
        CLAIM(position > last && line.size <= RING_LINE && line.stream <= 1 && line.at == AT);
        CLAIM(memchr(line.text, '\n', line.size) == NULL);
        add(got, &got_size, line.text, line.size);
        if (objects++ < OBJECTS)
            check_object(&line);
    }
    CLAIM(position == ring_end(r));
    CLAIM(got_size <= put_size && memcmp(got, put + put_size - got_size, got_size) == 0);
}

static void check_tail(const struct ring *r, uint32_t lines)
{
    uint64_t position = ring_tail(r, lines);
    uint32_t whole = 0;
    for (struct line line; ring_read(r, &position, &line);)
        whole += !(line.flags & LINE_PARTIAL);
    CLAIM(whole <= lines);
}

/* A piece several times over but for its last byte, which comes once: a small input makes long lines and fills the
 * ring. */
static char *unfold(const uint8_t *bytes, size_t size, size_t times)
{
    char *text = malloc((size - 1) * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * (size - 1), bytes, size - 1);
    text[(size - 1) * times] = (char)bytes[size - 1];
    return text;
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    char *data[2] = {malloc(RING_ROOM), malloc(RING_ROOM)};
    struct ring rings[2] = {{.data = data[0]}, {.data = data[1]}};
    const uint8_t *end = bytes + size;
    int now = 0;
    put_size = 0;
    while (end - bytes > PIECE) {
        uint8_t how = bytes[0];
        size_t length = bytes[1] | (size_t)(bytes[2] & 15) << 8, times = how & 8 ? REPEAT : 1;
        bytes += PIECE;
        length = 1 + length % (size_t)(end - bytes);
        if (how & 4) {
            ring_follow(&rings[!now], &rings[now]);
            now = !now;
            put_size = 0;
        }
        char *text = unfold(bytes, length, times);
        ring_put(&rings[now], AT, how & 1, text, (uint32_t)((length - 1) * times + 1), how & 2);
        add(put, &put_size, text, (length - 1) * times + 1);
        free(text);
        bytes += length;
    }
    read_back(&rings[now], 0);
    check_tail(&rings[now], 3);
    free(data[0]);
    free(data[1]);
}
