/* How an input is changed: by chance, by words of the target, by pieces of other inputs, and by what the core
 * compared. */
#include <string.h>

#include "engine.h"
#include "fuzz.h"

/* --- chance --- */

static uint64_t chance = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t draw(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

size_t below(size_t most) { return most ? (size_t)(draw() % most) : 0; }

/* --- changes --- */

static void cut_out(struct draft *d, size_t at, size_t size)
{
    memmove(d->bytes + at, d->bytes + at + size, d->size - at - size);
    d->size -= size;
}

static void put_in(struct draft *d, size_t at, const uint8_t *bytes, size_t size)
{
    if (size > fuzz_most - d->size)
        return;
    memmove(d->bytes + at + size, d->bytes + at, d->size - at);
    memcpy(d->bytes + at, bytes, size);
    d->size += size;
}

static void put_over(struct draft *d, size_t at, const uint8_t *bytes, size_t size)
{
    memcpy(d->bytes + at, bytes, size < d->size - at ? size : d->size - at);
}

static void change_bit(struct draft *d)
{
    if (d->size)
        d->bytes[below(d->size)] ^= (uint8_t)(1u << below(8));
}

static void change_byte(struct draft *d)
{
    if (d->size)
        d->bytes[below(d->size)] = (uint8_t)draw();
}

static void add_to_byte(struct draft *d)
{
    if (d->size)
        d->bytes[below(d->size)] += (uint8_t)(below(33) - 16);
}

/* Numbers where things end, in all widths. */
static void change_number(struct draft *d)
{
    static const uint64_t numbers[] = {0, 1, 2, 127, 128, 255, 256, 4095, 4096, 32767, 65535, 65536, INT32_MAX,
                                       UINT32_MAX, UINT64_C(1) << 32, INT64_MAX, UINT64_MAX};
    uint64_t number = numbers[below(sizeof numbers / sizeof *numbers)] + below(3) - 1;
    uint8_t bytes[8];
    size_t width = (size_t)1 << below(4);
    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    if (d->size)
        put_over(d, below(d->size), bytes, width);
}

static size_t aim(const struct draft *d)
{
    size_t at = fuzz_place ? fuzz_place(d->bytes, d->size, draw()) : below(d->size);
    return at < d->size ? at & ~(size_t)3 : 0;
}

/* A number where one stands: one more or less, a small one, none, or one from elsewhere. */
static void step_number(struct draft *d)
{
    enum { WIDTH = 4 };
    size_t at = aim(d), from = aim(d);
    uint32_t number, other;
    if (d->size < WIDTH || at > d->size - WIDTH || from > d->size - WIDTH)
        return;
    memcpy(&number, d->bytes + at, WIDTH);
    memcpy(&other, d->bytes + from, WIDTH);
    const uint32_t choices[] = {number + 1, number - 1, number + 1, (uint32_t)below(9), UINT32_MAX, other, other + 1};
    number = choices[below(sizeof choices / sizeof *choices)];
    memcpy(d->bytes + at, &number, below(4) ? WIDTH : 1);
}

static void drop_some(struct draft *d)
{
    size_t at = below(d->size);
    if (d->size)
        cut_out(d, at, 1 + below(below(4) ? 4 : d->size - at) % (d->size - at));
}

static void put_noise(struct draft *d)
{
    uint8_t bytes[16];
    size_t size = 1 + below(sizeof bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)draw();
    put_in(d, below(d->size + 1), bytes, size);
}

static void repeat_byte(struct draft *d)
{
    uint8_t bytes[256];
    size_t at = below(d->size);
    if (d->size)
        put_in(d, at, memset(bytes, d->bytes[at], sizeof bytes), below(sizeof bytes));
}

/* A piece of one that is kept, this one perhaps. */
static void put_piece(struct draft *d)
{
    const struct input *from = &pool[below(pool_size)];
    size_t at = below(from->size), size = from->size ? 1 + below(from->size - at) : 0;
    if (below(2))
        put_in(d, below(d->size + 1), from->bytes + at, size);
    else if (d->size)
        put_over(d, below(d->size), from->bytes + at, size);
}

static void put_word(struct draft *d)
{
    size_t count = 0;
    while (fuzz_words[count].size)
        count++;
    if (count == 0)
        return;
    const struct fuzz_word *word = &fuzz_words[below(count)];
    if (below(4) || !d->size)
        put_in(d, below(d->size + 1), (const uint8_t *)word->bytes, word->size);
    else
        put_over(d, below(d->size), (const uint8_t *)word->bytes, word->size);
}

/* Where a number stands that was compared, that which it was compared with; little-endian or not. */
static void follow_hint(struct draft *d)
{
    const struct hint *hint = &hints[below(HINTS)];
    uint8_t seen[8], wanted[8];
    size_t at, width = hint->size, is_big = below(2);
    if (width == 0 || d->size < width)
        return;
    width -= width > 4 && below(2) ? 4 : 0;
    for (size_t i = 0; i < width; i++) {
        size_t place = is_big ? width - 1 - i : i;
        seen[place] = (uint8_t)(hint->seen >> 8 * i);
        wanted[place] = (uint8_t)((hint->wanted + (draw() % 8 == 0) - (draw() % 8 == 0)) >> 8 * i);
    }
    size_t begin = below(d->size - width + 1);
    for (at = begin; at <= d->size - width; at++)
        if (memcmp(d->bytes + at, seen, width) == 0) {
            memcpy(d->bytes + at, wanted, width);
            return;
        }
}

void change(struct draft *d)
{
    static void (*const ways[])(struct draft *) = {
        change_bit, change_byte, add_to_byte, change_number, step_number, drop_some, put_noise, repeat_byte, put_piece,
        put_word, put_word, follow_hint, follow_hint, follow_hint,
    };
    if (fuzz_place && below(4)) {
        step_number(d);
        if (below(2))
            return;
    }
    for (size_t left = (size_t)1 << below(4); left; left--)
        ways[below(sizeof ways / sizeof *ways)](d);
}
