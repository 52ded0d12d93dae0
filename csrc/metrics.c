/* OpenMetrics text: see metrics.h. A table of families; each is a head and then the samples of the pod, of each unit or
 * of each probe, because the format wants a family in one place. It must never count anything: the books do.
 */

#include "metrics.h"

#include <string.h>

#include "core.h"
#include "say.h"

#ifndef MINIPOD_VERSION
#define MINIPOD_VERSION "0"
#endif

/* --- text --- */

struct page { char *out; size_t room, size; };

/* Full is too full: what came last may be cut. */
static int is_full(const struct page *p) { return p->size == p->room; }

static void put(struct page *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    p->size += say_formatv(p->out + p->size, p->room - p->size, format, args);
    va_end(args);
}

static void put_escaped(struct page *p, const char *text)
{
    for (; *text; text++) {
        char one[2] = {*text, 0};
        put(p, "%s", *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : *text == '\\' ? "\\\\" : one);
    }
}

static void put_label(struct page *p, const char *before, const char *name, const char *value)
{
    put(p, "%s%s=\"", before, name);
    put_escaped(p, value);
    put(p, "\"");
}

static void put_count(struct page *p, uint64_t value) { put(p, " %lu\n", value); }

/* Nanoseconds, as seconds with all their digits. */
static void put_seconds(struct page *p, uint64_t ns)
{
    char digits[10] = "000000000";
    uint64_t rest = ns % 1000000000;
    for (int i = 8; i >= 0; i--, rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    put(p, " %lu.%s\n", ns / 1000000000, digits);
}

/* --- families --- */

enum scope { SCOPE_POD, SCOPE_UNIT, SCOPE_PROBE };

struct family;
struct subject { const struct core *core; const struct unit *unit; const struct errand *probe; };
typedef void teller(struct page *, const struct family *, const struct subject *);

struct family {
    const char *name, *type, *unit, *help;      /* unit "": it has none */
    enum scope scope;
    teller *tell;
};

/* The name and the labels of whom it is about, open for one more. */
static void begin(struct page *p, const struct family *f, const char *suffix, const struct subject *s)
{
    put(p, "%s%s{", f->name, suffix);
    put_label(p, "", "unit", s->unit->name);
    if (s->probe)
        put_label(p, ",", "probe", step_machine_word((enum machine)(MACHINE_STARTUP + s->probe->plan->kind)));
}

static void put_of_unit(struct page *p, const struct family *f, const char *suffix, const struct subject *s, uint64_t n)
{
    begin(p, f, suffix, s);
    put(p, "}");
    put_count(p, n);
}

static void put_seconds_of_unit(struct page *p, const struct family *f, const char *suffix, const struct subject *s,
                                uint64_t ns)
{
    begin(p, f, suffix, s);
    put(p, "}");
    put_seconds(p, ns);
}

/* --- the pod --- */

static void tell_build(struct page *p, const struct family *f, const struct subject *s)
{
    (void)s;
    put(p, "%s_info{version=\"" MINIPOD_VERSION "\"} 1\n", f->name);
}

static void tell_pod(struct page *p, const struct family *f, const struct subject *s)
{
    put(p, "%s_info{", f->name);
    put_label(p, "", "pod", plan_text(&s->core->plan, s->core->plan.pod->name));
    put(p, "} 1\n");
}

static void tell_phase(struct page *p, const struct family *f, const struct subject *s)
{
    uint8_t now = core_phase(s->core);
    for (uint8_t i = 0; i < PHASE_COUNT; i++)
        put(p, "%s{%s=\"%s\"} %d\n", f->name, f->name, phase_word(i), i == now);
}

static void tell_began(struct page *p, const struct family *f, const struct subject *s)
{
    put(p, "%s", f->name);
    put_seconds(p, s->core->began_wall);
}

static void tell_orphans(struct page *p, const struct family *f, const struct subject *s)
{
    put(p, "%s_total %u\n", f->name, s->core->orphans_reaped);
}

static void tell_dropped(struct page *p, const struct family *f, const struct subject *s)
{
    put(p, "%s_total %lu\n", f->name, s->core->dropped_lines);
}

static void tell_impossible(struct page *p, const struct family *f, const struct subject *s)
{
    put(p, "%s_total %u\n", f->name, s->core->impossible);
}

static void tell_transitions(struct page *p, const struct family *f, const struct subject *s)
{
    put(p, "%s_total", f->name);
    put_count(p, record_next(s->core));
}

/* --- units --- */

static void tell_unit(struct page *p, const struct family *f, const struct subject *s)
{
    begin(p, f, "_info", s);
    put_label(p, ",", "kind", kind_word(s->unit->plan->kind));
    put(p, "} 1\n");
}

static void tell_state(struct page *p, const struct family *f, const struct subject *s)
{
    for (uint8_t i = 0; i < LIFE_COUNT; i++) {
        begin(p, f, "", s);
        put(p, ",%s=\"%s\"} %d\n", f->name, life_word(i), i == s->unit->life);
    }
}

static void tell_started(struct page *p, const struct family *f, const struct subject *s)
{
    put_of_unit(p, f, "", s, s->unit->started);
}

static void tell_ready(struct page *p, const struct family *f, const struct subject *s)
{
    put_of_unit(p, f, "", s, s->unit->ready);
}

static void tell_starts(struct page *p, const struct family *f, const struct subject *s)
{
    put_of_unit(p, f, "_total", s, s->unit->book.instances);
}

static void tell_restarts(struct page *p, const struct family *f, const struct subject *s)
{
    for (enum restart_reason i = 0; i < RESTART_REASONS; i++) {
        begin(p, f, "_total", s);
        put(p, ",reason=\"%s\"}", book_restart_word(i));
        put_count(p, s->unit->book.restarts[i]);
    }
}

static void tell_start_time(struct page *p, const struct family *f, const struct subject *s)
{
    if (s->unit->book.instances)
        put_seconds_of_unit(p, f, "", s, s->unit->started_wall);
}

static void tell_exit_code(struct page *p, const struct family *f, const struct subject *s)
{
    if (s->unit->has_run)
        put_of_unit(p, f, "", s, s->unit->book.ends[0].code);
}

static void tell_left_behind(struct page *p, const struct family *f, const struct subject *s)
{
    if (s->unit->has_run)
        put_of_unit(p, f, "", s, s->unit->book.ends[0].left_behind);
}

static void tell_startup(struct page *p, const struct family *f, const struct subject *s)
{
    const struct unit *u = s->unit;
    if (u->book.started_up_at)
        put_seconds_of_unit(p, f, "", s, u->book.started_up_at - u->started_at);
}

static void tell_readiness(struct page *p, const struct family *f, const struct subject *s)
{
    const struct unit *u = s->unit;
    if (u->book.ready_at)
        put_seconds_of_unit(p, f, "", s, u->book.ready_at - u->started_at);
}

static void tell_bytes(struct page *p, const struct family *f, const struct subject *s)
{
    put_of_unit(p, f, "_total", s, s->unit->log_bytes);
}

static void tell_lines(struct page *p, const struct family *f, const struct subject *s)
{
    put_of_unit(p, f, "_total", s, s->unit->log_lines);
}

static void tell_lines_dropped(struct page *p, const struct family *f, const struct subject *s)
{
    put_of_unit(p, f, "_total", s, s->unit->log_dropped);
}

/* --- probes --- */

static void tell_attempts(struct page *p, const struct family *f, const struct subject *s)
{
    const struct errand_book *b = &s->probe->book;
    const struct { const char *result; uint32_t count; } parts[] = {
        {"success", b->answers - b->failures}, {"failure", b->failures}, {"error", b->errors},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        begin(p, f, "_total", s);
        put(p, ",result=\"%s\"} %u\n", parts[i].result, parts[i].count);
    }
}

static void tell_last(struct page *p, const struct family *f, const struct subject *s)
{
    if (s->probe->book.answers)
        put_of_unit(p, f, "", s, s->probe->last);
}

static void tell_latency(struct page *p, const struct family *f, const struct subject *s)
{
    put_of_unit(p, f, "_count", s, s->probe->book.answers);
    put_seconds_of_unit(p, f, "_sum", s, s->probe->book.latency_sum);
}

static void tell_last_latency(struct page *p, const struct family *f, const struct subject *s)
{
    if (s->probe->book.answers)
        put_seconds_of_unit(p, f, "", s, s->probe->book.latency);
}

static const struct family families[] = {
    {"minipod_build", "info", "", "The minipod that runs here.", SCOPE_POD, tell_build},
    {"minipod_pod", "info", "", "The pod that it runs.", SCOPE_POD, tell_pod},
    {"minipod_pod_phase", "stateset", "", "The pod's phase.", SCOPE_POD, tell_phase},
    {"minipod_start_time_seconds", "gauge", "seconds", "When the pod began, since 1970.", SCOPE_POD, tell_began},
    {"minipod_orphans_reaped", "counter", "", "Children that nobody but PID 1 waited for.", SCOPE_POD, tell_orphans},
    {"minipod_dropped_lines", "counter", "", "Lines that were not written, minipod's own among them.",
     SCOPE_POD, tell_dropped},
    {"minipod_impossible_events", "counter", "", "Events that cannot be, and were ignored.",
     SCOPE_POD, tell_impossible},
    {"minipod_transitions", "counter", "", "Transitions of all units, probes and the pod.",
     SCOPE_POD, tell_transitions},
    {"minipod_unit", "info", "", "A unit of the pod.", SCOPE_UNIT, tell_unit},
    {"minipod_unit_state", "stateset", "", "Where a unit is in its life.", SCOPE_UNIT, tell_state},
    {"minipod_unit_started", "gauge", "", "1: the unit's instance has started up.", SCOPE_UNIT, tell_started},
    {"minipod_unit_ready", "gauge", "", "1: the unit is ready for work.", SCOPE_UNIT, tell_ready},
    {"minipod_unit_starts", "counter", "", "Instances of the unit that were started.", SCOPE_UNIT, tell_starts},
    {"minipod_unit_restarts", "counter", "", "Instances after the first, by why the one before did not go on.",
     SCOPE_UNIT, tell_restarts},
    {"minipod_unit_start_time_seconds", "gauge", "seconds", "When the last instance was started, since 1970.",
     SCOPE_UNIT, tell_start_time},
    {"minipod_unit_last_exit_code", "gauge", "", "What the last instance that ended did so with; 128+N for signal N.",
     SCOPE_UNIT, tell_exit_code},
    {"minipod_unit_left_behind_processes", "gauge", "", "Processes that lived on when that instance had ended.",
     SCOPE_UNIT, tell_left_behind},
    {"minipod_unit_startup_duration_seconds", "gauge", "seconds", "From the last start until it had started up.",
     SCOPE_UNIT, tell_startup},
    {"minipod_unit_readiness_duration_seconds", "gauge", "seconds", "From the last start until it was ready.",
     SCOPE_UNIT, tell_readiness},
    {"minipod_unit_log_bytes", "counter", "bytes", "What the unit has written.", SCOPE_UNIT, tell_bytes},
    {"minipod_unit_log_lines", "counter", "", "Lines that the unit has written.", SCOPE_UNIT, tell_lines},
    {"minipod_unit_log_dropped_lines", "counter", "", "Of these, lines that came neither out nor into its file.",
     SCOPE_UNIT, tell_lines_dropped},
    {"minipod_probe_attempts", "counter", "", "Attempts of a probe; error: it could not be asked.",
     SCOPE_PROBE, tell_attempts},
    {"minipod_probe_success", "gauge", "", "1: the probe's last answer was well.", SCOPE_PROBE, tell_last},
    {"minipod_probe_duration_seconds", "summary", "seconds", "From a probe's question to its answer.",
     SCOPE_PROBE, tell_latency},
    {"minipod_probe_last_duration_seconds", "gauge", "seconds", "The same of the last attempt.",
     SCOPE_PROBE, tell_last_latency},
};
enum { FAMILIES = sizeof families / sizeof *families };

/* --- pieces --- */

static void put_head(struct page *p, const struct family *f)
{
    put(p, "# TYPE %s %s\n", f->name, f->type);
    if (*f->unit)
        put(p, "# UNIT %s %s\n", f->name, f->unit);
    put(p, "# HELP %s %s\n", f->name, f->help);
}

static uint32_t count_subjects(const struct core *c, enum scope scope)
{
    return scope == SCOPE_POD ? 1 : scope == SCOPE_UNIT ? c->unit_count : c->errand_count;
}

static void put_subject(struct page *p, const struct core *c, const struct family *f, uint32_t i)
{
    struct subject s = {c, NULL, NULL};
    if (f->scope == SCOPE_UNIT)
        s.unit = c->units[i];
    if (f->scope == SCOPE_PROBE) {
        s.probe = c->errands[i];
        s.unit = s.probe->unit;
        if (!s.unit || s.probe->plan->kind >= PROBES)
            return;
    }
    f->tell(p, f, &s);
}

/* One step: a head, the samples of one subject, or the end. 0: there is no such step. */
static int put_step(struct page *p, const struct core *c, uint32_t step)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        uint32_t count = count_subjects(c, families[i].scope);
        if (step == 0)
            put_head(p, &families[i]);
        else if (step <= count)
            put_subject(p, c, &families[i], step - 1);
        else {
            step -= count + 1;
            continue;
        }
        return 1;
    }
    if (step == 0)
        put(p, "# EOF\n");
    return step == 0;
}

size_t metrics_more(const struct core *c, uint32_t *cursor, char *out, size_t room)
{
    struct page p = {out, room, 0};
    size_t whole = 0;
    while (!is_full(&p) && put_step(&p, c, *cursor)) {
        if (is_full(&p))
            break;
        whole = p.size;
        ++*cursor;
    }
    return whole;
}
