/* Lines and transitions for whoever reads or follows them: one JSON object a line, or bare lines. What was
 * overwritten before it could be sent is counted or marked, never waited for. It must never touch what it reads.
 *
 * Cost: lines of all units are put in the order of their times by a look at each unit for each line: 1,000 units cost
 * 1 us a line. What a turn may cost is bounded, also where lines are only skipped.
 */

#include <string.h>

#include "control.h"
#include "core.h"

enum { NOT_READ = 0, AT_END = 1 };      /* bookmark.at, besides the time of the next line */
enum { CLOSING = 64 };
enum { LOOKS_MOST = 1000000 };          /* at units, in one turn */

/* --- where to begin --- */

static uint32_t first_of(const struct body *b) { return b->unit == EVERYBODY ? 0 : b->unit; }
static uint32_t last_of(const struct core *c, const struct body *b)
{
    return b->unit == EVERYBODY ? c->slot_count : b->unit + 1;
}

static int has_ring(const struct core *c, const struct body *b, uint32_t unit)
{
    return log_ring(c, c->slots[unit], b->previous) != NULL;
}

static struct bookmark *marks_of(const struct core *c, const struct client *cl)
{
    return c->control.bookmarks + (size_t)control_slot(c, cl) * c->slot_count;
}

/* The next line of one unit behind its bookmark; 0: none. */
static int look(const struct core *c, const struct body *b, uint32_t unit, uint64_t *position, struct line *line)
{
    const struct unit *u = c->slots[unit];
    if (b->previous)
        return ring_read(log_ring(c, u, 1), position, line);
    return log_next_line(c, u, position, line);
}

/* How many lines behind the bookmarks are no older than that. */
static uint64_t count_since(const struct core *c, const struct body *b, const struct bookmark *marks, uint64_t wall)
{
    uint64_t total = 0;
    for (uint32_t i = first_of(b); i < last_of(c, b); i++) {
        const struct ring *ring = log_ring(c, c->slots[i], b->previous);
        total += ring ? ring_count(ring, ring_since(ring, marks[i].position, wall)) : 0;
    }
    return total;
}

/* The last moment that has so many lines behind it: those before it are left out at once, because what is gone through
 * over several turns may be overwritten meanwhile. Returns how many lines are too many still: of that very moment. */
static uint64_t leave_out(const struct core *c, const struct body *b, struct bookmark *marks)
{
    uint64_t low = 0, high = sys_wall(), middle;
    while (low < high) {
        middle = high - (high - low) / 2;
        if (count_since(c, b, marks, middle) >= b->tail)
            low = middle;
        else
            high = middle - 1;
    }
    for (uint32_t i = first_of(b); i < last_of(c, b); i++)
        if (has_ring(c, b, i))
            marks[i].position = ring_since(log_ring(c, c->slots[i], b->previous), marks[i].position, low);
    return count_since(c, b, marks, low) - b->tail;
}

/* Of several units' last lines those that are the last of all: as many as there are too many are skipped. */
static void begin(const struct core *c, struct client *cl)
{
    struct body *b = &cl->body;
    struct bookmark *marks = marks_of(c, cl);
    uint64_t total = 0;
    for (uint32_t i = first_of(b); i < last_of(c, b); i++) {
        marks[i] = (struct bookmark){0, NOT_READ};
        if (!has_ring(c, b, i))
            continue;
        const struct ring *ring = log_ring(c, c->slots[i], b->previous);
        marks[i].position = ring_since(ring, ring_tail(ring, b->tail), b->since);
        if (b->tail != UINT32_MAX && b->unit == EVERYBODY)
            total += ring_count(ring, marks[i].position);
    }
    b->skip = b->tail != UINT32_MAX && total > b->tail ? total - b->tail : 0;
    if (b->skip * c->slot_count > LOOKS_MOST)
        b->skip = leave_out(c, b, marks);
    b->part = 1;
}

/* --- one line --- */

/* Who had come to an end may have written since. */
static void look_again(const struct core *c, const struct body *b, struct bookmark *marks)
{
    for (uint32_t i = first_of(b); i < last_of(c, b); i++)
        if (marks[i].at == AT_END)
            marks[i].at = NOT_READ;
}

/* The unit with the earliest line that has not been told; EVERYBODY: there is none. */
static uint32_t next_unit(const struct core *c, const struct body *b, struct bookmark *marks)
{
    uint32_t found = EVERYBODY;
    for (uint32_t i = first_of(b); i < last_of(c, b); i++) {
        struct line line;
        uint64_t position = marks[i].position;
        if (marks[i].at == NOT_READ)
            marks[i].at = has_ring(c, b, i) && look(c, b, i, &position, &line) ? line.at : AT_END;
        if (marks[i].at != AT_END && (found == EVERYBODY || marks[i].at < marks[found].at))
            found = i;
    }
    return found;
}

static void put_gap(const struct core *c, const struct body *b, struct json *j, const struct line *line)
{
    if (!(line->flags & LINE_AFTER_GAP) || b->as_text)
        return;
    json_object_begin(j, NULL);
    json_time(j, "time", line->at);
    json_word(j, "unit", c->slots[line->unit]->name);
    json_bool(j, "lost", 1);
    json_object_end(j);
    json_line_end(j);
}

static void put_object(const struct core *c, struct json *j, const struct line *line)
{
    json_object_begin(j, NULL);
    json_time(j, "time", line->at);
    json_word(j, "unit", c->slots[line->unit]->name);
    json_word(j, "stream", line->stream ? "stderr" : "stdout");
    json_text(j, "line", line->text, line->size);
    if (line->flags & LINE_PARTIAL)
        json_bool(j, "partial", 1);
    json_object_end(j);
    json_line_end(j);
}

/* Between the pieces of a line the other stream may have had its say, or the rest of it is not kept any more. */
static void put_text(const struct core *c, struct body *b, struct json *j, const struct line *line)
{
    answer_put(j, "\n", b->continued && (b->continued != 1 + line->stream || line->flags & LINE_AFTER_GAP));
    if (b->unit == EVERYBODY && !b->continued) {
        const char *name = c->slots[line->unit]->name;
        answer_put(j, name, strlen(name));
        for (size_t i = strlen(name); i < c->name_width; i++)
            answer_put(j, " ", 1);
        answer_put(j, " | ", 3);
    }
    b->continued = line->flags & LINE_PARTIAL && b->unit != EVERYBODY ? (uint8_t)(1 + line->stream) : 0;
    answer_put(j, line->text, line->size);
    answer_put(j, "\n", !b->continued);
}

/* 0: no room. */
static int put_line(const struct core *c, struct body *b, struct json *j, const struct line *line)
{
    struct json before = *j;
    uint8_t continued = b->continued;
    if (b->skip || line->at < b->since) {
        b->skip -= b->skip && !(line->flags & LINE_PARTIAL);
        return 1;
    }
    put_gap(c, b, j, line);
    if (b->as_text)
        put_text(c, b, j, line);
    else
        put_object(c, j, line);
    if (j->broken && before.size) {
        *j = before;
        b->continued = continued;
    }
    return j->size != before.size || j->broken;
}

enum flow answer_logs(struct core *c, struct client *cl, struct json *j)
{
    struct body *b = &cl->body;
    struct bookmark *marks = marks_of(c, cl);
    struct line line;
    uint32_t unit, looks = 0;
    if (!b->part)
        begin(c, cl);
    look_again(c, b, marks);
    while ((unit = next_unit(c, b, marks)) != EVERYBODY && !j->broken) {
        uint64_t position = marks[unit].position;
        look(c, b, unit, &position, &line);
        line.unit = unit;
        if (!put_line(c, b, j, &line))
            return FLOW_MORE;
        marks[unit] = (struct bookmark){position, NOT_READ};
        if ((looks += last_of(c, b) - first_of(b)) > LOOKS_MOST)
            return FLOW_MORE;
    }
    return b->follows && !c->control.closing ? FLOW_WAITS : FLOW_END;
}

/* --- transitions --- */

static void put_lost(const struct body *b, struct json *j, uint64_t lost)
{
    if (b->as_text) {
        answer_format(j, "(%lu more are not kept any more)\n", lost);
        return;
    }
    json_object_begin(j, NULL);
    json_number(j, "lost", lost);
    json_object_end(j);
    json_line_end(j);
}

static void put_record_text(const struct core *c, const struct record *r, struct json *j)
{
    enum machine m = (enum machine)r->machine;
    char time[JSON_TIME + 1] = "";
    json_format_time(time, r->at);
    answer_format(j, "%s %s %s: %s -> %s (%s)\n", time, r->unit == STEP_POD ? "pod" : record_name(c, r->unit),
                  step_machine_word(m), step_state_word(m, r->from), step_state_word(m, r->to),
                  step_event_word(m, r->event));
}

enum flow answer_events(struct core *c, struct client *cl, struct json *j)
{
    struct body *b = &cl->body;
    const struct record *r;
    uint64_t seq = b->at, lost;
    while (j->room - j->size >= RECORD_LINE + CLOSING && (r = record_read(c, &seq, &lost)) != NULL) {
        if (lost)
            put_lost(b, j, lost);
        if (b->as_text)
            put_record_text(c, r, j);
        else
            record_json(c, r, j);
        if (!b->as_text)
            json_line_end(j);
        b->at = seq;
    }
    if (b->at < record_next(c) && j->room - j->size < RECORD_LINE + CLOSING)
        return FLOW_MORE;
    return b->follows && !c->control.closing ? FLOW_WAITS : FLOW_END;
}
