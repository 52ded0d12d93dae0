/* The record of transitions: see record.h. One store for each; words are made when somebody reads. It must never be
 * what a decision depends on.
 */

#include "record.h"

#include "core.h"
#include "json.h"
#include "say.h"

/* --- writing --- */

/* One wall clock for all of a turn: they were at once, as far as we can tell. */
static uint64_t wall_of_turn(struct core *c)
{
    if (c->records.turn != c->now) {
        c->records.turn = c->now;
        c->records.wall = sys_wall();
    }
    return c->records.wall;
}

static int is_answer(uint8_t event)
{
    return event == PROBE_EVENT_PASSED || event == PROBE_EVENT_FAILED || event == PROBE_EVENT_COUNTED;
}

/* A probe's next attempt, or an answer like the one before of the same instance. */
static int is_routine(const struct record *r, struct errand *e)
{
    if (r->event == PROBE_EVENT_DUE)
        return 1;
    if (!e)
        return 0;
    int is_same = is_answer(r->event) && e->book.last_event == r->event && e->book.last_why == e->why;
    e->book.last_event = r->event;
    e->book.last_why = e->why;
    return is_same;
}

static void fill_probe(const struct core *c, struct record *r)
{
    if (!is_answer(r->event))
        return;
    r->why = c->errand_at->why;
    r->number = (uint16_t)c->errand_at->number;
}

static void fill_unit(struct record *r, const struct unit *u)
{
    const struct end *end = book_last_end(u);
    if (u->blamed_dependency)
        r->why = EXIT_CLASS_DEPENDENCY;
    if (!end)
        return;
    r->why = u->exit_class;
    r->number = u->code;
    r->signal = u->signal;
    r->odd = (u->oom | u->unfit) & 1u;
}

static void fill_pod(const struct core *c, struct record *r)
{
    const struct unit *decider;
    if (!c->budget_running)
        return;
    r->why = c->cause;
    r->signal = c->told_by == TOLD_BY_CONTROL ? 0 : c->told_by;
    if (c->state == POD_OVER)
        r->number = (uint16_t)core_exit_code(c, &decider);
}

static void store(struct records *rs, const struct record *r)
{
    struct record *place = &rs->news[rs->news_count % RECORDS];
    if (r->routine) {
        rs->routine[rs->routine_count++ % RECORDS_ROUTINE] = *r;
        return;
    }
    if (rs->news_count++ >= RECORDS)
        rs->kept = place->seq + 1;
    *place = *r;
}

void record_step(struct core *c, unsigned m, const struct unit *u, const struct unit *by, uint8_t from, uint8_t event,
                 uint8_t to)
{
    struct record r = {
        .seq = c->records.next++, .at = wall_of_turn(c), .machine = m & 15, .from = from, .event = event, .to = to,
        .unit = u ? u->slot : STEP_POD, .instance = u ? u->book.instances : by ? by->slot : STEP_POD,
        .started = u && u->started, .ready = u && u->ready, .number = RECORD_NO_NUMBER, .why = RECORD_NO_WHY,
    };
    if (m >= MACHINE_STARTUP) {
        fill_probe(c, &r);
        r.routine = is_routine(&r, c->errand_at) ? 1 : 0;
    } else if (u) {
        fill_unit(&r, u);
    } else {
        fill_pod(c, &r);
    }
    store(&c->records, &r);
    events_keep_up(c);
}

/* --- reading --- */

uint64_t record_next(const struct core *c) { return c->records.next; }

static uint64_t oldest(uint64_t count, uint64_t room) { return count > room ? count - room : 0; }

/* The first from seq on in a ring of which the last records of count are kept, or NULL. */
static const struct record *find(const struct record *ring, uint64_t room, uint64_t count, uint64_t seq)
{
    uint64_t low = oldest(count, room), high = count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (ring[middle % room].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count ? &ring[low % room] : NULL;
}

static const struct record *find_any(const struct core *c, uint64_t seq)
{
    const struct records *rs = &c->records;
    const struct record *news = find(rs->news, RECORDS, rs->news_count, seq);
    const struct record *routine = find(rs->routine, RECORDS_ROUTINE, rs->routine_count, seq);
    return !news || (routine && routine->seq < news->seq) ? routine : news;
}

const struct record *record_at(const struct core *c, uint64_t seq)
{
    const struct record *r = find_any(c, seq);
    return r && r->seq == seq ? r : NULL;
}

const struct record *record_read(const struct core *c, uint64_t *seq, uint64_t *lost)
{
    const struct records *rs = &c->records;
    *lost = *seq < rs->kept ? rs->kept - *seq : 0;
    if (*lost)
        *seq = rs->kept;
    const struct record *r = find_any(c, *seq);
    *seq = r ? r->seq + 1 : rs->next;
    return r;
}

static void forget_in(struct record *ring, uint64_t count, uint64_t room, uint32_t slot)
{
    for (uint64_t i = 0; i < count && i < room; i++) {
        if (ring[i].unit == slot)
            ring[i].unit = RECORD_GONE;
        if (ring[i].unit == STEP_POD && ring[i].instance == slot)
            ring[i].instance = RECORD_GONE;
    }
}

void record_forget(struct core *c, uint32_t slot)
{
    forget_in(c->records.news, c->records.news_count, RECORDS, slot);
    forget_in(c->records.routine, c->records.routine_count, RECORDS_ROUTINE, slot);
}

/* --- words --- */

const char *record_name(const struct core *c, uint32_t unit)
{
    return unit == STEP_POD ? NULL : unit == RECORD_GONE ? "(removed)" : c->slots[unit]->name;
}


static void put_answer(const struct core *c, const struct record *r, struct json *j)
{
    char why[128];
    const struct unit *u = r->unit == RECORD_GONE ? NULL : c->slots[r->unit];
    const struct errand *e = u ? u->errands[r->machine - MACHINE_STARTUP] : NULL;
    size_t size = 0;
    if (e && r->why != RECORD_NO_WHY)
        size = errand_format_why(e, (enum why)r->why, r->number, why, sizeof why);
    json_null(j, "reason");
    json_null(j, "exitCode");
    json_null(j, "signal");
    if (size)
        json_text(j, "message", why, size);
    else
        json_null(j, "message");
}

static const char *reason_of(const struct record *r)
{
    if (r->why == RECORD_NO_WHY)
        return NULL;
    if (r->unit == STEP_POD)
        return step_cause(r->why)->reason;
    return step_end_reason(r->why, r->odd, r->number != 0);
}

static void put_end(const struct core *c, const struct record *r, struct json *j)
{
    json_word(j, "reason", reason_of(r));
    if (r->number == RECORD_NO_NUMBER) {
        json_null(j, "exitCode");
        json_null(j, "signal");
    } else {
        json_number(j, "exitCode", r->number);
        json_number(j, "signal", r->signal);
    }
    json_word(j, "message", r->unit == STEP_POD && r->why != RECORD_NO_WHY ? core_why(c, r->why) : NULL);
}

static void put_subject(const struct core *c, const struct record *r, struct json *j)
{
    int is_pod = r->unit == STEP_POD;
    json_word(j, "unit", record_name(c, r->unit));
    json_word(j, "machine", step_machine_word((enum machine)r->machine));
    json_word(j, "from", step_state_word((enum machine)r->machine, r->from));
    json_word(j, "event", step_event_word((enum machine)r->machine, r->event));
    json_word(j, "to", step_state_word((enum machine)r->machine, r->to));
    if (is_pod)
        json_word(j, "by", record_name(c, r->instance));
    else
        json_number(j, "instance", r->instance);
}

void record_json(const struct core *c, const struct record *r, struct json *j)
{
    json_object_begin(j, NULL);
    json_number(j, "seq", r->seq);
    json_time(j, "time", r->at);
    put_subject(c, r, j);
    if (r->machine >= MACHINE_STARTUP)
        put_answer(c, r, j);
    else
        put_end(c, r, j);
    if (r->unit != STEP_POD) {
        json_bool(j, "started", r->started);
        json_bool(j, "ready", r->ready);
    }
    if (r->routine)
        json_bool(j, "routine", 1);
    json_object_end(j);
}
