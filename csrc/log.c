/* Logs: what units write goes, line by line, into a ring each and to our own stdout and stderr or a file's writer; our
 * own words go to stderr. When nobody reads us, units wait (their pipes fill) or lose whole lines, which are counted;
 * we never wait.
 *
 * A stream that brings little and often would cost a turn of the loop for each line. It is not watched for a while
 * then, but read by the clock, so that many lines come at once; the first line after a silence never waits.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "block.h"
#include "core.h"
#include "emit.h"
#include "footprint.h"
#include "line.h"
#include "say.h"
#include "writer.h"

enum {
    BUSY_TURNS = 3,                 /* reads in a row until a stream is paced */
    BUSY_NS = 1000000,              /* what counts as in a row */
    LITTLE = LINE_ROOM / 2,         /* bytes of one read */
    PACE_LEAST = 62500, PACE_MOST = 2000000,    /* ns for which a paced stream is left alone */
    ROUNDS = 80,                    /* reads that empty any pipe */
};

/* --- set-up --- */

void log_open(struct core *c)
{
    for (uint32_t i = 0; i < c->sink_count; i++) {
        c->sinks[i].fd = -1;
        c->sinks[i].dead = 1;
    }
    writer_open_all(c);
}

/* --- lines --- */

static uint32_t index_of(const struct unit *u, const struct stream *st)
{
    return 2 * u->slot + (uint32_t)(st - u->streams);
}

static void watch_for(struct core *c, struct unit *u, struct stream *st, uint32_t events)
{
    loop_change(c, st->read_end, events, WATCH_STREAM, index_of(u, st));
}

/* Into the ring and the books, but for what is there already. */
static void keep(struct core *c, struct unit *u, struct stream *st, const struct text *t, uint32_t size)
{
    int is_all = t->ends && size == t->size;
    uint32_t before = st->kept < size ? st->kept : size;
    const char *at = t->at + before;
    st->kept -= before;
    size -= before;
    if (size == 0)
        return;
    ring_put(&u->log.rings[u->log.current], t->wall, (uint8_t)(st - u->streams), at, size, is_all);
    u->log_bytes += size;
    c->kept++;
    u->log_lines += block_count_newlines(at, size) + (is_all && at[size - 1] != '\n');
}

/* 1; 0 when the sink had too little room: what it did not take is kept. */
static int take(struct core *c, struct unit *u, struct stream *st, uint32_t size, int ends)
{
    const struct text text = {c->scratch, size, (uint8_t)ends, sys_wall()};
    uint32_t taken;
    int had_room = emit_lines(c, u, st, &text, &taken);
    keep(c, u, st, &text, taken);
    st->fill = size - taken;
    memcpy(st->buffer, c->scratch + taken, st->fill);
    return had_room;
}

static void unpace(struct core *c, struct stream *st)
{
    c->paced -= st->paced;
    st->paced = st->busy = 0;
}

/* Not read any more until the sink has room: the pipe fills, and then its writer waits. */
static void stall(struct core *c, struct unit *u, struct stream *st)
{
    if (!st->paced)
        watch_for(c, u, st, 0);
    unpace(c, st);
    st->stalled = 1;
}

/* What could not go on is better left in the pipe: it would only be copied, and again when there is room. */
static int must_wait(const struct core *c, const struct unit *u, const struct stream *st)
{
    return sink_is_full(&c->sinks[st->sink]) && u->plan->log.overflow == OVERFLOW_BLOCK;
}

/* A terminal puts a CR before each newline: one is taken out again, so that lines are what the program wrote. Of the
 * text what is new begins at from; before least nothing changes. Returns the new size. */
static uint32_t without_returns(char *text, uint32_t least, uint32_t from, uint32_t size)
{
    uint32_t to = from;
    for (uint32_t i = from; i < size; i++) {
        to -= text[i] == '\n' && to > least && text[to - 1] == '\r';
        text[to++] = text[i];
    }
    return to;
}

/* What came behind the first fill bytes. */
static uint32_t add(const struct stream *st, char *text, int64_t size)
{
    uint32_t all = st->fill + (uint32_t)size;
    return st->is_terminal ? without_returns(text, st->kept, st->fill, all) : all;
}

/* One read goes into memory that all share: a stream's own holds only the beginning of a line, so that a unit that
 * writes whole lines costs none; but for what finds no room, of which there should be little. Returns how much came; 0:
 * nothing more now; -1: no room to put it. */
static int64_t try_read(struct core *c, struct unit *u, struct stream *st)
{
    if (must_wait(c, u, st))
        return -1;
    memcpy(c->scratch, st->buffer, st->fill);
    uint32_t most = c->sinks[st->sink].watched ? LINE_ROOM : READ_MOST;
    int64_t n = sys_read(st->read_end, c->scratch + st->fill, most);
    if (n <= 0)
        return 0;
    return take(c, u, st, add(st, c->scratch, n), 0) ? n : -1;
}

/* The same; without room it waits, as if nothing had come. */
static uint32_t read_some(struct core *c, struct unit *u, struct stream *st)
{
    int64_t n = try_read(c, u, st);
    if (n < 0)
        stall(c, u, st);
    return n > 0 ? (uint32_t)n : 0;
}

/* --- when --- */

static void pace(struct core *c, struct unit *u, struct stream *st)
{
    if (c->paced++ == 0) {
        c->pace_ns = PACE_MOST / 4;
        c->pace_at = c->now + c->pace_ns;
    }
    st->paced = 1;
    watch_for(c, u, st, 0);
}

void log_read(struct core *c, struct unit *u, uint32_t which)
{
    struct stream *st = &u->streams[which];
    if (st->stalled || st->paced)
        return;
    uint32_t size = read_some(c, u, st);
    int is_busy = size && size < LITTLE && !st->is_terminal && c->now - st->read_at < BUSY_NS;
    st->busy = is_busy ? (uint8_t)(st->busy + 1) : 0;
    st->read_at = c->now;
    if (st->busy == BUSY_TURNS)
        pace(c, u, st);
}

/* All that its pipe holds; returns how much. A stream that brings nothing, a few times in a row, is watched again. */
static uint32_t read_paced(struct core *c, struct unit *u, struct stream *st)
{
    uint32_t size, all = 0;
    for (int round = 0; round < ROUNDS && (size = read_some(c, u, st)); round++) {
        all += size;
        if (size < READ_MOST)
            break;
    }
    if (!st->paced)
        return all;
    st->busy = all ? BUSY_TURNS : (uint8_t)(st->busy - 1);
    if (st->busy == 0) {
        unpace(c, st);
        watch_for(c, u, st, EPOLLIN);
    }
    return all;
}

/* So often that no pipe gets full, and no more often. */
static void read_all_paced(struct core *c)
{
    uint32_t most = 0;
    if (c->paced == 0 || c->now < c->pace_at)
        return;
    for (uint32_t i = 0; c->paced && i < 2 * c->slot_count; i++) {
        struct stream *st = &c->slots[i / 2]->streams[i % 2];
        uint32_t size = st->paced ? read_paced(c, c->slots[i / 2], st) : 0;
        most = size > most ? size : most;
    }
    if (most > READ_MOST / 4 * 3 && c->pace_ns > PACE_LEAST)
        c->pace_ns /= 2;
    if (most < READ_MOST / 8 * 3 && c->pace_ns < PACE_MOST)
        c->pace_ns *= 2;
    c->pace_at = c->now + c->pace_ns;
}

/* Its turn at the sink: what it was left with, and one read. 0: no room for all of that. */
static int resume(struct core *c, struct unit *u, struct stream *st)
{
    memcpy(c->scratch, st->buffer, st->fill);
    if (!take(c, u, st, st->fill, 0) || try_read(c, u, st) < 0)
        return 0;
    st->stalled = 0;
    watch_for(c, u, st, EPOLLIN);
    return 1;
}

/* One after the other, until the sink has no more room; whoever found none is the first next time. 1: some still
 * wait. */
static int resume_all(struct core *c, struct sink *s)
{
    uint32_t count = 2 * c->slot_count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (s->turn + i) % count;
        struct unit *u = c->slots[at / 2];
        struct stream *st = &u->streams[at % 2];
        if (!st->stalled || &c->sinks[st->sink] != s || resume(c, u, st))
            continue;
        s->turn = at;
        return 1;
    }
    return 0;
}

/* Once a turn, however fast who reads it is. Only what is empty is filled again: then nothing in it is ever moved. */
void log_sink_ready(struct core *c, struct sink *s)
{
    s->awaited = 0;
    sink_flush(c, s);
    if (s->fill)
        return;
    s->awaited = (uint8_t)resume_all(c, s);
    sink_flush(c, s);
}

/* --- an instance's end --- */

void log_turned(struct core *c, struct unit *u)
{
    struct unit_log *log = &u->log;
    (void)c;
    ring_follow(&log->rings[!log->current], &log->rings[log->current]);
    log->current = !log->current;
    log->has_previous = 1;
}

static void take_last(struct core *c, struct unit *u, struct stream *st)
{
    for (int round = 0; round < ROUNDS && !st->stalled && read_some(c, u, st); round++) {
    }
    if (st->stalled || !st->fill)
        return;
    memcpy(c->scratch, st->buffer, st->fill);
    if (!take(c, u, st, st->fill, 1))
        stall(c, u, st);
}

/* For it there is no room yet; but it is this instance's: its last line ends here, and the ring has it now. */
static void hold_last(struct core *c, struct unit *u, struct stream *st)
{
    int64_t n;
    uint32_t is_ours = 0;       /* the newline: nobody wrote it */
    while (st->fill < STREAM_ROOM && (n = sys_read(st->read_end, st->buffer + st->fill, STREAM_ROOM - st->fill)) > 0)
        st->fill = add(st, st->buffer, n);
    if (st->fill && st->fill < STREAM_ROOM && st->buffer[st->fill - 1] != '\n') {
        st->buffer[st->fill++] = '\n';
        is_ours = 1;
    }
    const struct text text = {st->buffer, st->fill, 0, sys_wall()};
    keep(c, u, st, &text, st->fill);
    u->log_bytes -= is_ours;
    st->kept = st->fill;
}

/* What a dead leader still had in its pipes, to the last byte; a pipe holds no more than is read here. */
void log_take_last(struct core *c, struct unit *u)
{
    for (struct stream *st = u->streams; st < u->streams + 2; st++) {
        if (st->read_end < 0)
            continue;
        take_last(c, u, st);
        if (st->stalled)
            hold_last(c, u, st);
    }
}

/* --- who reads --- */

const struct ring *log_ring(const struct core *c, const struct unit *u, int previous)
{
    (void)c;
    return previous && !u->log.has_previous ? NULL : &u->log.rings[u->log.current ^ (previous != 0)];
}

int log_next_line(const struct core *c, const struct unit *u, uint64_t *position, struct line *line)
{
    const struct ring *previous = log_ring(c, u, 1);
    int found = (previous && ring_read(previous, position, line)) || ring_read(log_ring(c, u, 0), position, line);
    line->unit = u->slot;
    return found;
}

/* --- our own --- */

static int put_own(struct core *c, const char *text, uint32_t size)
{
    return sink_put_line(c, sink_err(c), text, size);
}

/* Not inlined: room for an object would be on everybody's stack. */
static __attribute__((noinline)) int put_own_object(struct core *c, const char *text, uint32_t size)
{
    enum { NAME = sizeof "minipod: " - 1, OBJECT_ROOM = 8192 };
    const struct line_object about = {NULL, sys_wall(), 1, 0};
    char object[OBJECT_ROOM];
    return put_own(c, object, line_object(&about, text + NAME, size - NAME - 1, object, sizeof object));
}

void log_own_line(struct core *c, const char *text, uint32_t size)
{
    int is_object = c->plan.pod->own_log == LOG_MODE_JSON;
    log_open_standard(c);
    c->dropped_lines += is_object ? !put_own_object(c, text, size) : !put_own(c, text, size);
}

/* --- the turn's end --- */

EACH_TURN void log_flush(struct core *c)
{
    read_all_paced(c);
    writer_turn(c);
    if (c->tell_at && c->now >= c->tell_at)
        log_tell_dropped(c);
    for (uint32_t i = 0; i < c->sink_count; i++) {
        struct sink *s = &c->sinks[i];
        if (s->stuck)
            log_sink_ready(c, s);
        else if (s->fill && !s->watched)
            sink_flush(c, s);
        if (s->lost)
            sink_tell(c, s);
    }
}

EACH_TURN uint64_t log_next(const struct core *c)
{
    uint64_t next = timer_earlier(c->tell_at, writer_next(c));
    if (c->paced)
        next = timer_earlier(next, c->pace_at);
    for (uint32_t i = 0; i < c->sink_count; i++)
        if (c->sinks[i].stuck)
            next = timer_earlier(next, c->now + c->plan.pod->retry_ns);
    return next;
}
