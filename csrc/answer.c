/* Facts as JSON: the pod, its units, and short answers. Words and numbers are those of the books; nothing here decides
 * or remembers anything. Each function writes what there is room for, whole units at a time.
 *
 * Cost: a unit that waits for others is found by a walk over all edges: 1,000 such units among 10,000 edges take 10 ms,
 * some dozens a turn.
 */

#include <string.h>

#include "control.h"
#include "core.h"

#ifndef MINIPOD_VERSION
#define MINIPOD_VERSION "0"
#endif

enum { WAITS_MOST = 64 };       /* of those that a unit waits for, as many are named */
enum { AT_BEGIN, IN_LABELS, IN_VOLUMES, IN_UNITS };
enum { CLOSING = 64 };          /* bytes, more than enough for brackets */

static void put_some(struct json *j, const char *key, int64_t number, int is_there)
{
    if (is_there)
        json_signed(j, key, number);
    else
        json_null(j, key);
}

/* --- a unit --- */

static void put_end(struct json *j, const struct unit *u, const struct end *e)
{
    const char *message;
    size_t size = message_of(u, e->instance, &message);
    if (e->instance == 0)
        return;
    json_object_begin(j, NULL);
    json_number(j, "instance", e->instance);
    json_number(j, "exitCode", e->code);
    json_number(j, "rawExitCode", e->raw_code);
    json_number(j, "signal", e->signal);
    json_word(j, "reason", step_end_reason(e->exit_class, e->odd, e->code));
    json_time(j, "startedAt", e->started_wall);
    json_time(j, "finishedAt", e->ended_wall);
    json_number(j, "leftBehind", e->left_behind);
    if (size)
        json_text(j, "message", message, size);
    else
        json_null(j, "message");
    json_object_end(j);
}

/* The direction in which it waits now, or DIRECTION_COUNT. One that could not be started for somebody else's end has
 * waited in vain. */
static uint8_t waits_in(const struct unit *u)
{
    if (u->blamed_dependency || (u->life == LIFE_HELD && u->start_waits))
        return DIRECTION_START;
    return u->life == LIFE_TURN && u->stop_waits ? DIRECTION_STOP : DIRECTION_COUNT;
}

static void put_waits(struct json *j, const struct core *c, const struct unit *u)
{
    uint8_t direction = waits_in(u);
    uint32_t left = WAITS_MOST;
    json_list_begin(j, "waitsFor");
    for (uint32_t i = 0; direction != DIRECTION_COUNT && left && i < c->plan.edge_count; i++) {
        const struct plan_edge *e = &c->plan.edges[i];
        const struct unit *first = c->units[e->first];
        if (c->units[e->second] != u || e->direction != direction || first->reached >> e->milestone & 1)
            continue;
        if (u->blamed_dependency && first->life != LIFE_ENDED)
            continue;
        json_object_begin(j, NULL);
        json_word(j, "unit", first->name);
        json_word(j, "milestone", milestone_word(e->milestone));
        json_object_end(j);
        left--;
    }
    json_list_end(j);
}

static void put_probe(struct json *j, const struct unit *u, enum errand_kind kind, const char *name)
{
    const struct errand *e = u->errands[kind];
    char why[160];
    json_object_begin(j, name);
    json_word(j, "state", step_state_word((enum machine)(MACHINE_STARTUP + kind), u->probes[kind]));
    if (e->run)
        json_word(j, "last", e->last ? "success" : "failure");
    else
        json_null(j, "last");
    json_number(j, "run", e->run);
    if (e->why)
        json_text(j, "why", why, errand_why(e, why, sizeof why));
    else
        json_null(j, "why");
    json_time(j, "askedAt", book_wall(e->book.asked_at));
    json_number(j, "answers", e->book.answers);
    json_number(j, "failures", e->book.failures);
    json_number(j, "errors", e->book.errors);
    put_some(j, "latencyNs", (int64_t)e->book.latency, e->book.answers != 0);
    json_object_end(j);
}

static void put_probes(struct json *j, const struct unit *u)
{
    static const char *const names[PROBES] = {
        [ERRAND_STARTUP] = "startup", [ERRAND_LIVENESS] = "liveness", [ERRAND_READINESS] = "readiness",
        [ERRAND_WATCHDOG] = "watchdog",
    };
    json_object_begin(j, "probes");
    for (enum errand_kind kind = ERRAND_STARTUP; kind <= ERRAND_WATCHDOG; kind++)
        if (u->errands[kind])
            put_probe(j, u, kind, names[kind]);
    json_object_end(j);
}

/* Why the instance that runs is being stopped, or the last one was, if a probe or hook of it said so. Its numbers are
 * those of then: no other attempt was made since. */
static void put_unhealthy(struct json *j, const struct unit *u)
{
    const struct errand *e = u->sick ? u->errands[u->sick_by] : NULL;
    char why[160];
    if (!e) {
        json_null(j, "unhealthy");
        return;
    }
    json_object_begin(j, "unhealthy");
    json_word(j, "by", errand_kind_word(u->sick_by));
    json_number(j, "failures", e->plan->failure_threshold ? e->plan->failure_threshold : 1);
    json_text(j, "why", why, errand_why(e, why, sizeof why));
    json_object_end(j);
}

/* What the last instance said of itself. */
static void put_notes(struct json *j, const struct notes *n)
{
    json_word(j, "statusText", n && *n->status ? n->status : NULL);
    put_some(j, "errno", n ? n->error : 0, n && n->error);
    put_some(j, "mainPid", n ? n->main_pid : 0, n && n->main_pid);
}

static void put_log(struct json *j, const struct core *c, const struct unit *u)
{
    const char *file = plan_text(&c->plan, u->plan->log.file);
    json_object_begin(j, "log");
    json_word(j, "mode", log_mode_word(u->plan->log.mode));
    json_word(j, "file", *file ? file : NULL);
    json_number(j, "bytes", u->log_bytes);
    json_number(j, "lines", u->log_lines);
    json_number(j, "dropped", u->log_dropped);
    json_object_end(j);
}

/* What the pod file calls it; for people. */
static void put_said(struct json *j, const struct plan *plan, const struct plan_unit *u)
{
    const struct plan_variable *label = plan->variables + u->labels.first;
    const char *image = plan_text(plan, u->image);
    json_word(j, "image", *image ? image : NULL);
    json_object_begin(j, "labels");
    for (uint32_t i = 0; i < u->labels.count; i++)
        json_word(j, plan_text(plan, label[i].name), plan_text(plan, label[i].value));
    json_object_end(j);
}

static void put_times(struct json *j, const struct core *c, const struct unit *u)
{
    json_time(j, "startedAt", u->started_wall);
    json_time(j, "dueAt", book_wall(timer_when(c, timer_of_unit(u))));
    json_time(j, "deadlineAt", book_wall(timer_when(c, timer_of_deadline(u))));
}

static void put_unit(struct json *j, const struct core *c, const struct unit *u)
{
    json_object_begin(j, NULL);
    json_word(j, "name", u->name);
    json_word(j, "kind", kind_word(u->plan->kind));
    json_word(j, "life", life_word(u->life));
    json_word(j, "want", step_state_word(MACHINE_WANT, u->want));
    json_word(j, "outcome", u->life == LIFE_ENDED ? outcome_word(u->outcome) : NULL);
    json_bool(j, "begun", u->begun);
    json_bool(j, "begunInRound", u->begun_in_round);
    json_bool(j, "started", u->started);
    json_bool(j, "ready", u->ready);
    json_number(j, "instances", u->book.instances);
    json_number(j, "restartCount", u->restarts);
    json_number(j, "streak", u->streak);
    put_some(j, "pid", u->pid, u->pid);
    put_times(j, c, u);
    json_list_begin(j, "ends");
    put_end(j, u, &u->book.ends[1]);
    put_end(j, u, &u->book.ends[0]);
    json_list_end(j);
    put_waits(j, c, u);
    put_probes(j, u);
    put_unhealthy(j, u);
    put_notes(j, u->notes);
    put_log(j, c, u);
    put_said(j, &c->plan, u->plan);
    json_object_end(j);
}

/* --- the pod --- */

/* A part of a body: 1 it is written, 0 there is no room for it in this piece. What finds no room in an empty one has
 * none at all: j stays broken. */
static int fits(struct json *j, const struct json *before)
{
    if (j->broken && before->size)
        *j = *before;
    return j->size != before->size || j->broken;
}

/* From body.at on. */
static int put_labels(struct body *b, struct json *j, const struct plan *plan)
{
    const struct plan_variable *labels = plan->variables + plan->pod->labels.first;
    for (; b->at < plan->pod->labels.count; b->at++) {
        struct json before = *j;
        json_word(j, plan_text(plan, labels[b->at].name), plan_text(plan, labels[b->at].value));
        if (!fits(j, &before))
            return 0;
    }
    return 1;
}

static void put_volume(struct json *j, const struct core *c, uint32_t index)
{
    const struct plan_volume *plan = &c->plan.volumes[index];
    char room[VOLUME_BASE + PLAN_MAX_NAME + 2];
    const char *path = volume_path(c, index, room, sizeof room);
    json_object_begin(j, NULL);
    json_word(j, "name", plan_text(&c->plan, plan->name));
    json_word(j, "kind", volume_kind_word(plan->kind));
    json_word(j, "path", *path ? path : NULL);
    json_object_end(j);
}

/* From body.at on. */
static int put_volumes(struct body *b, struct json *j, const struct core *c)
{
    for (; b->at < c->plan.volume_count; b->at++) {
        struct json before = *j;
        put_volume(j, c, (uint32_t)b->at);
        if (!fits(j, &before))
            return 0;
    }
    return 1;
}

static int can_begin_anew(const struct plan *plan)
{
    uint32_t i = 0;
    while (i < plan->exit_count && plan->exits[i].exit_class != EXIT_CLASS_RULE_RESTART_ALL)
        i++;
    return i < plan->exit_count;
}

/* What the end is for; nothing of it is fixed before. */
static void put_cause(struct json *j, const struct core *c)
{
    const struct cause *cause = c->budget_running ? step_cause(c->cause) : NULL;
    const struct unit *decider = NULL;
    int code = core_exit_code(c, &decider);
    json_word(j, "cause", cause ? step_event_word(MACHINE_POD, c->cause) : NULL);
    json_word(j, "reason", cause ? cause->reason : NULL);
    json_word(j, "message", cause ? core_why(c, c->cause) : NULL);
    json_word(j, "toldBy", signal_teller(c));
    json_word(j, "decidedBy", cause && decider ? decider->name : NULL);
    put_some(j, "exitCode", code, cause != NULL);
    json_time(j, "stopBy", cause ? book_wall(c->limits.leave) : 0);
}

static void put_digest(struct json *j, uint64_t digest)
{
    char text[16];
    for (int i = 0; i < 16; i++)
        text[i] = "0123456789abcdef"[digest >> (60 - 4 * i) & 15];
    json_text(j, "planDigest", text, sizeof text);
}

static void put_pod(struct json *j, const struct core *c)
{
    const struct plan_pod *pod = c->plan.pod;
    json_object_begin(j, "pod");
    json_word(j, "name", plan_text(&c->plan, pod->name));
    json_word(j, "state", step_state_word(MACHINE_POD, c->state));
    json_word(j, "phase", phase_word(core_phase(c)));
    put_cause(j, c);
    json_word(j, "main", pod->main_unit == PLAN_NONE ? NULL : c->units[pod->main_unit]->name);
    put_some(j, "pid", c->self, 1);
    json_time(j, "startedAt", c->began_wall);
    json_time(j, "now", sys_wall());
    json_bool(j, "frozen", c->frozen_since != 0);
    json_bool(j, "canBeginAnew", can_begin_anew(&c->plan));
    json_bool(j, "prepared", !volume_is_awaited(c) && c->volumes.stage != VOLUMES_FAILED);
    json_bool(j, "mounted", c->volumes.has_mounts);
    json_number(j, "orphansReaped", c->orphans_reaped);
    json_number(j, "droppedLines", c->dropped_lines);
    json_number(j, "impossibleEvents", c->impossible);
    json_number(j, "nextEvent", record_next(c));
    json_word(j, "version", MINIPOD_VERSION);
    put_digest(j, c->plan.header->digest);
    json_object_begin(j, "labels");
}

/* --- bodies --- */

/* The units from body.at on, and what closes their list. */
static enum flow put_units(struct core *c, struct body *b, struct json *j)
{
    for (; b->at < c->unit_count; b->at++) {
        struct json before = *j;
        put_unit(j, c, c->units[b->at]);
        if (!fits(j, &before))
            return FLOW_MORE;
    }
    if (j->room - j->size < CLOSING)
        return FLOW_MORE;
    json_list_end(j);
    json_object_end(j);
    json_line_end(j);
    return FLOW_END;
}

static void begin_units(struct body *b, struct json *j)
{
    json_list_begin(j, "units");
    b->part = IN_UNITS;
    b->at = 0;
}

enum flow answer_pod(struct core *c, struct client *cl, struct json *j)
{
    struct body *b = &cl->body;
    if (b->part == AT_BEGIN) {
        json_object_begin(j, NULL);
        json_number(j, "version", 1);
        put_pod(j, c);
        b->part = IN_LABELS;
    }
    if (b->part == IN_LABELS) {
        if (!put_labels(b, j, &c->plan) || j->room - j->size < CLOSING)
            return FLOW_MORE;
        json_object_end(j);
        json_list_begin(j, "volumes");
        b->part = IN_VOLUMES;
        b->at = 0;
    }
    if (b->part == IN_VOLUMES) {
        if (!put_volumes(b, j, c) || j->room - j->size < CLOSING)
            return FLOW_MORE;
        json_list_end(j);
        json_object_end(j);
        begin_units(b, j);
    }
    return put_units(c, b, j);
}

enum flow answer_units(struct core *c, struct client *cl, struct json *j)
{
    if (cl->body.part == AT_BEGIN) {
        json_object_begin(j, NULL);
        json_number(j, "version", 1);
        begin_units(&cl->body, j);
    }
    return put_units(c, &cl->body, j);
}

enum flow answer_unit(struct core *c, struct client *cl, struct json *j)
{
    put_unit(j, c, c->slots[cl->body.unit]);
    json_line_end(j);
    return FLOW_END;
}
