/* The ring of last lines: see ring.h. A record is a head and text; both may go over the end of the memory. A position
 * is a record's place in all bytes ever kept, and a place in its text. It must never touch memory that no line has come
 * to.
 */

#include "ring.h"

#include <string.h>

#include "block.h"
#include "line.h"

struct head { uint64_t at; uint32_t size; uint8_t stream, flags; uint16_t zero; };

enum { IN_TEXT = 16 };      /* bits of a position that say where in the text */

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* --- bytes --- */

static void copy_in(struct ring *r, uint64_t at, const void *from, uint32_t size)
{
    uint32_t place = (uint32_t)(at % RING_ROOM), first = least(size, RING_ROOM - place);
    memcpy(r->data + place, from, first);
    memcpy(r->data, (const char *)from + first, size - first);
}

static void copy_out(const struct ring *r, uint64_t at, void *to, uint32_t size)
{
    uint32_t place = (uint32_t)(at % RING_ROOM), first = least(size, RING_ROOM - place);
    memcpy(to, r->data + place, first);
    memcpy((char *)to + first, r->data, size - first);
}

static struct head head_at(const struct ring *r, uint64_t at)
{
    struct head head;
    copy_out(r, at, &head, sizeof head);
    return head;
}

static uint64_t after(const struct ring *r, uint64_t at) { return at + sizeof(struct head) + head_at(r, at).size; }

/* Position 0 is before the first line: whoever has been there has missed nothing. */
void ring_open(struct ring *r, char *data) { *r = (struct ring){RING_ROOM, RING_ROOM, data}; }

/* --- in --- */

static void put_record(struct ring *r, const struct head *head, const char *text)
{
    while (r->end + sizeof *head + head->size - r->begin > RING_ROOM)
        r->begin = after(r, r->begin);
    copy_in(r, r->end, head, sizeof *head);
    copy_in(r, r->end + sizeof *head, text, head->size);
    r->end += sizeof *head + head->size;
}

/* The size of the next record: as many whole lines as go into one, or one line, or the beginning of a long one. */
static uint32_t cut(const char *text, uint32_t size)
{
    const char *end = size > RING_RECORD ? memrchr(text, '\n', RING_RECORD) : text + size - 1;
    if (!end)
        end = memchr(text + RING_RECORD, '\n', least(size, RING_LINE + 1) - RING_RECORD);
    return end ? (uint32_t)(end - text) + 1 : size > RING_LINE ? line_cut(text, RING_LINE) : size;
}

/* What would be overwritten before anybody can read it; a reader sees that it is gone. */
static uint32_t skip(struct ring *r, const char *text, uint32_t size)
{
    if (size <= RING_ROOM)
        return 0;
    const char *end = memchr(text + size - RING_ROOM, '\n', RING_RECORD);
    uint32_t skipped = end ? (uint32_t)(end - text) + 1 : size - RING_ROOM;
    r->begin = r->end += skipped;
    return skipped;
}

void ring_put(struct ring *r, uint64_t at, uint8_t stream, const char *text, uint32_t size, int ends)
{
    uint32_t skipped = skip(r, text, size);
    text += skipped;
    size -= skipped;
    while (size) {
        uint32_t length = cut(text, size);
        struct head head = {at, length, stream, 0, 0};
        if (text[length - 1] != '\n' && (length < size || !ends))
            head.flags = LINE_PARTIAL;
        put_record(r, &head, text);
        text += length;
        size -= length;
    }
}

void ring_follow(struct ring *r, const struct ring *before) { r->begin = r->end = before->end; }

/* --- out --- */

static uint64_t position_of(uint64_t record, uint32_t in) { return record << IN_TEXT | in; }

uint64_t ring_end(const struct ring *r) { return position_of(r->end, 0); }

/* Text in one piece; what goes over the end of the memory is put together elsewhere. */
static const char *text_at(const struct ring *r, uint64_t at, uint32_t size)
{
    static char whole[RING_LINE + 1];
    uint32_t place = (uint32_t)(at % RING_ROOM);
    if (place + size <= RING_ROOM)
        return r->data + place;
    copy_out(r, at, whole, size);
    return whole;
}

/* Bytes until the newline, its own included, or all there are. */
static uint32_t measure(const struct ring *r, uint64_t at, uint32_t size)
{
    uint32_t place = (uint32_t)(at % RING_ROOM), first = least(size, RING_ROOM - place);
    const char *end = memchr(r->data + place, '\n', first);
    if (end)
        return (uint32_t)(end - r->data) + 1 - place;
    end = first < size ? memchr(r->data, '\n', size - first) : NULL;
    return end ? first + (uint32_t)(end - r->data) + 1 : size;
}

int ring_read(const struct ring *r, uint64_t *position, struct line *line)
{
    uint64_t record = *position >> IN_TEXT;
    uint32_t in = (uint32_t)(*position & ((1u << IN_TEXT) - 1));
    uint8_t gap = 0;
    if (record < r->begin) {
        gap = *position ? LINE_AFTER_GAP : 0;
        record = r->begin;
        in = 0;
    }
    if (record >= r->end)
        return 0;
    struct head head = head_at(r, record);
    uint64_t at = record + sizeof head + in;
    uint32_t size = measure(r, at, head.size - in), last = in + size == head.size;
    const char *text = text_at(r, at, size);
    int ends = text[size - 1] == '\n';
    *line = (struct line){head.at, text, size - (uint32_t)ends, head.stream, gap, 0};
    if (!ends)
        line->flags |= head.flags & LINE_PARTIAL;
    *position = last ? position_of(record + sizeof head + head.size, 0) : position_of(record, in + size);
    return 1;
}

/* --- lines, without a look at each --- */

/* A record that has lines: where its text begins, and how much there is. */
struct text { uint64_t at; uint32_t size; struct head head; };

/* 0: there is none from position on. */
static int text_behind(const struct ring *r, uint64_t position, struct text *out)
{
    uint64_t record = position >> IN_TEXT;
    uint32_t in = (uint32_t)(position & ((1u << IN_TEXT) - 1));
    if (record < r->begin) {
        record = r->begin;
        in = 0;
    }
    if (record >= r->end)
        return 0;
    out->head = head_at(r, record);
    out->at = record + sizeof out->head + in;
    out->size = out->head.size - in;
    return 1;
}

static uint32_t count_in(const struct ring *r, const struct text *t)
{
    uint32_t place = (uint32_t)(t->at % RING_ROOM), first = least(t->size, RING_ROOM - place);
    char last = r->data[(t->at + t->size - 1) % RING_ROOM];
    return block_count_newlines(r->data + place, first) + block_count_newlines(r->data, t->size - first)
           + (last != '\n' && !(t->head.flags & LINE_PARTIAL));
}

uint32_t ring_count(const struct ring *r, uint64_t position)
{
    uint32_t count = 0;
    for (struct text t; text_behind(r, position, &t); position = position_of(t.at + t.size, 0))
        count += count_in(r, &t);
    return count;
}

uint64_t ring_since(const struct ring *r, uint64_t position, uint64_t wall)
{
    for (struct text t; text_behind(r, position, &t) && t.head.at < wall;)
        position = position_of(t.at + t.size, 0);
    return position;
}

uint64_t ring_tail(const struct ring *r, uint32_t lines)
{
    uint64_t position = position_of(r->begin, 0);
    uint32_t count = ring_count(r, position), skip = count > lines ? count - lines : 0, some;
    for (struct text t; skip && text_behind(r, position, &t) && (some = count_in(r, &t)) <= skip; skip -= some)
        position = position_of(t.at + t.size, 0);
    for (struct line line; skip && ring_read(r, &position, &line);)
        skip -= !(line.flags & LINE_PARTIAL);
    return lines ? position : ring_end(r);
}
