/* From lines to bytes in a sink: behind a head, in an object, or as they are. Lines of different streams never mix:
 * each is put whole, or its pieces end with newlines, or (raw) a newline is put where somebody else's line begins.
 * Whoever may drop lines drops whole ones. It must never wait and never read.
 */

#include "emit.h"

#include <string.h>

#include "block.h"
#include "core.h"
#include "line.h"

_Static_assert(LINE_ROOM + READ_MOST + 2 <= SINK_ROOM, "a read finds room in an empty sink");

/* One line with its newline, or a piece of one that is too long, or the last words, which have none. */
struct piece { const char *at; uint32_t size; uint8_t ends_line, has_newline; };

/* Where it all goes. */
struct way {
    struct core *core;
    struct unit *unit;
    struct stream *stream;
    struct sink *sink;
    const struct text *text;
    uint32_t taken, head_size;
    char head[HEAD_ROOM];       /* and blocks beyond it */
};

static int next_piece(const struct text *t, uint32_t taken, struct piece *out)
{
    const char *at = t->at + taken;
    uint32_t left = t->size - taken;
    const char *end = memchr(at, '\n', left <= LINE_ROOM ? left : LINE_ROOM + 1);
    if (end)
        *out = (struct piece){at, (uint32_t)(end - at) + 1, 1, 1};
    else if (left > LINE_ROOM)
        *out = (struct piece){at, line_cut(at, LINE_ROOM), 0, 0};
    else if (t->ends && left)
        *out = (struct piece){at, left, 1, 0};
    else
        return 0;
    return 1;
}

/* --- forms --- */

static int put_prefixed(struct way *w, const struct piece *p)
{
    if (w->stream->continued || w->head_size == 0)
        w->head_size = line_head(w->core, w->unit, w->sink, w->stream->continued, w->head);
    if (!sink_make_room(w->core, w->sink, w->head_size + p->size + 2))
        return 0;
    sink_put(w->sink, "\n", w->sink->unended != 0);
    sink_put(w->sink, w->head, w->head_size);
    sink_put(w->sink, p->at, p->size);
    sink_put(w->sink, "\n", !p->has_newline);
    w->sink->unended = 0;
    if (w->stream->continued)
        w->head_size = 0;
    return 1;
}

/* As many whole lines as there are, without a look at each: nine of ten bytes that anybody logs come this way. */
static void put_plain(struct way *w)
{
    struct sink *s = w->sink;
    struct stream *st = w->stream;
    if (st->continued || st->torn || s->unended || s->dead)
        return;
    w->head_size = line_head(w->core, w->unit, s, 0, w->head);
    for (;;) {
        uint32_t left = w->text->size - w->taken, most = left <= LINE_ROOM ? left : LINE_ROOM + 1;
        if (!sink_make_room(w->core, s, w->head_size + most + 2 * BLOCK) || s->dead)
            return;  /* the dead have room without end */
        char *to = s->buffer + s->fill;
        block_copy(to, w->head, w->head_size);
        uint32_t size = block_copy_line(to + w->head_size, w->text->at + w->taken, most);
        if (size == 0)
            return;
        s->fill += w->head_size + size;
        w->taken += size;
    }
}

static int put_object(struct way *w, const struct piece *p)
{
    struct sink *s = w->sink;
    const uint8_t stream = (uint8_t)(w->stream - w->unit->streams);
    const struct line_object about = {w->unit->name, w->text->wall, stream, !p->ends_line};
    if (s->dead)
        return 1;
    for (uint32_t tries = 0; tries < 2 && sink_make_room(w->core, s, p->size + 1); tries++) {
        uint32_t start = s->fill + (s->unended != 0);
        uint32_t size = line_object(&about, p->at, p->size - p->has_newline, s->buffer + start, SINK_ROOM - start);
        if (size) {
            sink_put(s, "\n", s->unended != 0);
            s->fill += size;
            s->unended = 0;
            return 1;
        }
        if (s->watched)
            return 0;
        sink_flush(w->core, s);
    }
    return 0;
}

/* --- one after the other --- */

/* Whole lines are dropped: what is left of one whose beginning was, or of which a piece has been put, goes too. */
static void drop(struct way *w, const struct piece *p)
{
    w->stream->torn = !p->ends_line;
    if (p->ends_line)
        log_count_dropped(w->core, w->unit, 1);
}

static int is_dropping(const struct way *w) { return w->unit->plan->log.overflow == OVERFLOW_DROP; }

static int emit_each(struct way *w, int (*put)(struct way *, const struct piece *))
{
    struct piece p;
    while (next_piece(w->text, w->taken, &p)) {
        if (w->stream->torn || !put(w, &p)) {
            if (!w->stream->torn && !is_dropping(w))
                return 0;
            drop(w, &p);
        }
        w->stream->continued = !p.ends_line;
        w->taken += p.size;
    }
    return 1;
}

/* --- unchanged --- */

/* As many whole lines as there are, at once; but of what has long waited no more than an empty sink has room for: it
 * would wait for ever. */
static int next_run(const struct text *t, uint32_t taken, struct piece *out)
{
    enum { MOST = LINE_ROOM + READ_MOST };      /* what one read can bring */
    uint32_t left = t->size - taken;
    const char *at = t->at + taken, *end = left ? memrchr(at, '\n', left < MOST ? left : MOST) : NULL;
    if (!end)
        return next_piece(t, taken, out);
    *out = (struct piece){at, (uint32_t)(end - at) + 1, 1, 1};
    return 1;
}

static uint32_t number_of(const struct way *w)
{
    return 1 + 2 * w->unit->slot + (uint32_t)(w->stream - w->unit->streams);
}

static int put_run(struct way *w, const struct piece *p)
{
    struct sink *s = w->sink;
    int breaks = s->unended && (s->unended != number_of(w) || !w->stream->continued);
    if (!sink_make_room(w->core, s, p->size + 2))
        return 0;
    sink_put(s, "\n", breaks != 0);
    sink_pass(w->core, s, p->at, p->size);
    sink_put(s, "\n", p->ends_line && !p->has_newline);
    s->unended = p->ends_line ? 0 : number_of(w);
    return 1;
}

static uint32_t count_lines(const struct piece *p)
{
    return block_count_newlines(p->at, p->size) + (p->ends_line && !p->has_newline);
}

/* What is left of a line that was torn; 0: it is all of that line. */
static int skip_torn(struct way *w)
{
    struct piece p;
    while (w->stream->torn) {
        if (!next_piece(w->text, w->taken, &p))
            return 0;
        drop(w, &p);
        w->stream->continued = !p.ends_line;
        w->taken += p.size;
    }
    return 1;
}

static int emit_raw(struct way *w)
{
    struct piece p;
    while (skip_torn(w) && next_run(w->text, w->taken, &p)) {
        if (!put_run(w, &p)) {
            if (!is_dropping(w))
                return 0;
            log_count_dropped(w->core, w->unit, count_lines(&p));
            w->stream->torn = !p.ends_line;
        }
        w->stream->continued = !p.ends_line;
        w->taken += p.size;
    }
    return 1;
}

int emit_lines(struct core *c, struct unit *u, struct stream *st, const struct text *text, uint32_t *taken)
{
    struct way w = {.core = c, .unit = u, .stream = st, .sink = &c->sinks[st->sink], .text = text};
    uint8_t mode = u->plan->log.mode;
    if (mode == LOG_MODE_PREFIX)
        put_plain(&w);
    int had_room = mode == LOG_MODE_RAW    ? emit_raw(&w)
                   : mode == LOG_MODE_JSON ? emit_each(&w, put_object)
                                           : emit_each(&w, put_prefixed);
    *taken = w.taken;
    return had_room;
}
