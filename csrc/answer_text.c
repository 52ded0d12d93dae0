/* Answers for people: tables, and what health checks ask. Whether a unit is well is what its probes have said;
 * nothing here asks anybody.
 */

#include <stdarg.h>
#include <string.h>

#include "control.h"
#include "core.h"
#include "say.h"

/* --- plain text --- */

void answer_put(struct json *j, const char *text, size_t size)
{
    j->broken |= size > j->room - j->size;
    if (j->broken)
        return;
    memcpy(j->out + j->size, text, size);
    j->size += size;
}

void answer_format(struct json *j, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    answer_put(j, text, say_formatv(text, sizeof text, format, args));
    va_end(args);
}

/* A cell of a table, and two blanks. */
static void put_cell(struct json *j, const char *text, size_t width)
{
    answer_put(j, text, strlen(text));
    for (size_t i = strlen(text); i < width + 2; i++)
        answer_put(j, " ", 1);
}

/* Like kubectl's: 5s, 3m12s, 4h5m, 3d2h. */
static const char *age(uint64_t ns, char out[32])
{
    uint64_t s = ns / UINT64_C(1000000000);
    size_t size = s < 120          ? say_format(out, 31, "%lus", s)
                  : s < 600        ? say_format(out, 31, "%lum%lus", s / 60, s % 60)
                  : s < 3 * 3600   ? say_format(out, 31, "%lum", s / 60)
                  : s < 48 * 3600  ? say_format(out, 31, "%luh%lum", s / 3600, s / 60 % 60)
                                   : say_format(out, 31, "%lud%luh", s / 86400, s / 3600 % 24);
    out[size] = 0;
    return out;
}

/* --- the table --- */

static int program_runs(const struct unit *u) { return u->life >= LIFE_UP && u->life <= LIFE_KILL_SENT; }

static int is_well(const struct unit *u) { return program_runs(u) && u->started && u->ready; }

static const char *state_of(const struct core *c, const struct unit *u, char out[64])
{
    char rest[32];
    uint64_t due = timer_when(c, timer_of_unit(u));
    if (u->life == LIFE_ENDED)
        return outcome_word(u->outcome);
    if (u->life == LIFE_HELD && u->want == WANT_HOLD)
        return "stopped";
    if (u->life == LIFE_HELD)
        return u->start_waits ? "waiting" : "held";
    if (u->life != LIFE_BACKOFF || due <= c->now)
        return life_word(u->life);
    out[say_format(out, 63, "%s %s", life_word(u->life), age(due - c->now, rest))] = 0;
    return out;
}

static const char *last_end(const struct unit *u, char out[96])
{
    const struct end *e = &u->book.ends[0];
    if (e->instance == 0)
        return u->blamed_dependency ? step_reason(u) : "-";
    const char *reason = step_end_reason(e->exit_class, e->odd, e->code);
    if (e->signal)
        out[say_format(out, 95, "%s (%s)", reason, signal_word(e->signal))] = 0;
    else
        out[say_format(out, 95, "%s (%u)", reason, (unsigned)e->code)] = 0;
    return out;
}

enum { ROW_ROOM = 512 };        /* more than a row has */
enum { KIND = 7, STATE = 14, READY = 5, RESTARTS = 8, PID = 7, SINCE = 7 };

static uint32_t name_width(const struct core *c) { return c->name_width > 4 ? c->name_width : 4; }

static void put_titles(const struct core *c, struct json *j)
{
    put_cell(j, "UNIT", name_width(c));
    put_cell(j, "KIND", KIND);
    put_cell(j, "STATE", STATE);
    put_cell(j, "READY", READY);
    put_cell(j, "RESTARTS", RESTARTS);
    put_cell(j, "PID", PID);
    put_cell(j, "SINCE", SINCE);
    answer_format(j, "LAST END\n");
}

static void put_number(struct json *j, uint64_t number, size_t width)
{
    char text[24];
    text[say_format(text, sizeof text - 1, "%lu", number)] = 0;
    put_cell(j, text, width);
}

static void put_row(const struct core *c, struct json *j, const struct unit *u)
{
    char text[96];
    uint64_t since = program_runs(u) ? u->started_at : u->has_run ? u->ended_at : 0;
    put_cell(j, u->name, name_width(c));
    put_cell(j, kind_word(u->plan->kind), KIND);
    put_cell(j, state_of(c, u, text), STATE);
    put_cell(j, is_well(u) ? "yes" : "no", READY);
    put_number(j, u->restarts, RESTARTS);
    if (u->pid)
        put_number(j, (uint64_t)u->pid, PID);
    else
        put_cell(j, "-", PID);
    put_cell(j, since ? age(c->now - since, text) : "-", SINCE);
    answer_format(j, "%s\n", last_end(u, text));
}

/* "demo: Running for 5m3s, 2 of 3 ready", and why it ends when it does. */
static void put_pod(const struct core *c, struct json *j)
{
    char text[32];
    uint64_t now = sys_wall();
    uint32_t ready = 0, all = 0;
    for (uint32_t i = 0; i < c->unit_count; i++) {
        ready += c->units[i]->plan->kind != KIND_INIT && is_well(c->units[i]);
        all += c->units[i]->plan->kind != KIND_INIT;
    }
    answer_format(j, "%s: %s for %s, %u of %u ready", plan_text(&c->plan, c->plan.pod->name), phase_word(core_phase(c)),
                  age(now > c->began_wall ? now - c->began_wall : 0, text), ready, all);
    if (c->budget_running)
        answer_format(j, "; ending: %s", core_why(c, c->cause));
    answer_format(j, "\n");
}

enum flow answer_table(struct core *c, struct client *cl, struct json *j)
{
    struct body *b = &cl->body;
    uint32_t last = b->unit == EVERYBODY ? c->unit_count : 1;
    if (!b->part) {
        b->part = 1;
        put_pod(c, j);
        put_titles(c, j);
    }
    for (; b->at < last; b->at++) {
        if (j->room - j->size < ROW_ROOM)
            return FLOW_MORE;
        put_row(c, j, b->unit == EVERYBODY ? c->units[b->at] : c->slots[b->unit]);
    }
    return FLOW_END;
}

/* --- health --- */

int answer_is_alive(const struct core *c) { return !c->budget_running; }

static int has_failed(const struct unit *u)
{
    return u->life == LIFE_ENDED && u->outcome != OUTCOME_DONE && u->outcome != OUTCOME_STOPPED;
}

/* Somebody who stopped a unit wants it so, and one that has done its work is not missed. */
static int is_missing(const struct unit *u)
{
    if (u->plan->kind == KIND_INIT)
        return has_failed(u);
    if (u->life == LIFE_ENDED)
        return has_failed(u);
    return u->want != WANT_HOLD && !is_well(u);
}

static int all(const struct core *c, int (*is_bad)(const struct unit *))
{
    uint32_t i = 0;
    while (i < c->unit_count && !is_bad(c->units[i]))
        i++;
    return i == c->unit_count;
}

int answer_is_healthy(const struct core *c) { return answer_is_alive(c) && all(c, has_failed); }
int answer_is_ready(const struct core *c) { return answer_is_alive(c) && all(c, is_missing); }

/* "ok", or a line for everything that is not. */
static enum flow put_health(struct core *c, struct client *cl, struct json *j, int (*is_bad)(const struct unit *))
{
    struct body *b = &cl->body;
    char text[96];
    if (b->status == 200) {
        answer_format(j, "ok\n");
        return FLOW_END;
    }
    if (!b->part++ && c->budget_running)
        answer_format(j, "pod: ending: %s\n", core_why(c, c->cause));
    for (; is_bad && b->at < c->unit_count; b->at++) {
        const struct unit *u = c->units[b->at];
        if (j->room - j->size < ROW_ROOM)
            return FLOW_MORE;
        if (is_bad(u))
            answer_format(j, "%s: %s, %s\n", u->name, state_of(c, u, text),
                          !program_runs(u) ? "not running" : !u->started ? "not started up" : "not ready");
    }
    return FLOW_END;
}

enum flow answer_life(struct core *c, struct client *cl, struct json *j) { return put_health(c, cl, j, NULL); }
enum flow answer_health(struct core *c, struct client *cl, struct json *j) { return put_health(c, cl, j, has_failed); }
enum flow answer_readiness(struct core *c, struct client *cl, struct json *j)
{
    return put_health(c, cl, j, is_missing);
}
