/* From a request to what answers it: one table of paths. Orders are posted here and nowhere else; what they come to
 * is the policy's. It must never write an answer itself, and never wait.
 */

#include <string.h>

#include "asked.h"
#include "control.h"
#include "core.h"
#include "metrics.h"
#include "record.h"

typedef void handler(struct core *, struct client *, const struct asked *);

static const char json_type[] = "application/json", lines_type[] = "application/x-ndjson",
                  text_type[] = "text/plain; charset=utf-8", bytes_type[] = "application/octet-stream";

static const struct refusal
    no_path = {404, "there is no such path", "docs/openapi.json has them all; GET /v1/pod is a good begin"},
    no_unit = {404, "there is no unit of this name", "GET /v1/units lists them"},
    no_method = {405, "this path is not asked for by this method", "the Allow header has those that it takes"},
    bad_name = {400, "the unit's name is not well encoded", "a name is lower-case letters, digits and -"},
    no_signal = {400, "which signal?", "write signal=HUP"},
    no_previous = {404, "there was no instance before this one", "leave out previous"},
    no_lines = {404, "this unit's lines do not come to minipod", "its log is inherit or none"},
    both_ends = {400, "nothing follows what a previous instance wrote", "leave out follow or previous"},
    pod_ends = {409, "the pod is ending: no order is taken", "start it again when it has ended"},
    unit_over = {409, "the unit is over for good", "only a new beginning of the pod starts it again"},
    no_length = {411, "the request has no Content-Length, or one of 0", "say how long the plan is, and send it"},
    unit_leaves = {409, "the unit stops for another plan", "wait until that holds"},
    no_running = {409, "another plan is being taken over, the pod begins anew, or its volumes are not there yet",
                  "wait until that is done"},
    has_secrets = {409, "the plan has secrets until its volumes are there", "wait until that is done"},
    no_process = {409, "the unit has no process", "GET /v1/units/NAME says why; start it first"};

void route_refuse(struct client *cl, const struct refusal *refusal)
{
    struct body *b = &cl->body;
    *b = (struct body){.write = answer_refusal, .refusal = refusal, .status = refusal->status, .allow = b->allow};
    b->as_text = cl->request.wants_text;
    b->type = b->as_text ? text_type : json_type;
}

/* --- what is looked at --- */

static void set_body(struct client *cl, body_writer *write, const char *type)
{
    struct body *b = &cl->body;
    *b = (struct body){.write = write, .type = type, .status = 200, .unit = EVERYBODY};
}

static void set_either(struct client *cl, body_writer *as_json, body_writer *as_text)
{
    set_body(cl, cl->request.wants_text ? as_text : as_json, cl->request.wants_text ? text_type : json_type);
    cl->body.as_text = cl->request.wants_text;
}

static void get_pod(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)c;
    (void)asked;
    set_either(cl, answer_pod, answer_table);
}

static void get_units(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)c;
    (void)asked;
    set_either(cl, answer_units, answer_table);
}

static void get_unit(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)c;
    set_either(cl, answer_unit, answer_table);
    cl->body.unit = asked->unit->slot;
}

static void get_context(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)c;
    set_body(cl, answer_context, json_type);
    cl->body.unit = asked->unit->slot;
}

static void get_plan(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)asked;
    set_body(cl, answer_plan, bytes_type);
    if (volume_is_awaited(c) && volume_has_secrets(&c->plan))
        route_refuse(cl, &has_secrets);
}

static void get_metrics(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)c;
    (void)asked;
    set_body(cl, answer_metrics, METRICS_TYPE);
}

static const struct refusal *refuse_logs(const struct core *c, const struct asked *asked)
{
    const struct unit *u = asked->unit;
    if (asked->follow && asked->previous)
        return &both_ends;
    if (u && (u->plan->log.mode == LOG_MODE_INHERIT || u->plan->log.mode == LOG_MODE_NONE))
        return &no_lines;
    return u && asked->previous && !log_ring(c, u, 1) ? &no_previous : NULL;
}

static void get_logs(struct core *c, struct client *cl, const struct asked *asked)
{
    const struct refusal *refusal = refuse_logs(c, asked);
    if (refusal) {
        route_refuse(cl, refusal);
        return;
    }
    set_body(cl, answer_logs, cl->request.wants_text ? text_type : lines_type);
    cl->body.as_text = cl->request.wants_text;
    cl->body.unit = asked->unit ? asked->unit->slot : EVERYBODY;
    cl->body.follows = asked->follow;
    cl->body.previous = asked->previous;
    cl->body.since = asked->since;
    cl->body.tail = asked->given & ASKS_TAIL ? asked->tail : UINT32_MAX;
}

static void get_events(struct core *c, struct client *cl, const struct asked *asked)
{
    set_body(cl, answer_events, cl->request.wants_text ? text_type : lines_type);
    cl->body.as_text = cl->request.wants_text;
    cl->body.follows = asked->follow;
    cl->body.at = asked->given & ASKS_AFTER ? asked->after + 1 : 0;
    if (cl->body.at > record_next(c))  /* the number is one of a pod that ran here before */
        cl->body.at = 0;
}

static void get_health(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)asked;
    set_body(cl, answer_health, text_type);
    cl->body.status = answer_is_healthy(c) ? 200 : 503;
}

static void get_life(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)asked;
    set_body(cl, answer_life, text_type);
    cl->body.status = answer_is_alive(c) ? 200 : 503;
}

static void get_readiness(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)asked;
    set_body(cl, answer_readiness, text_type);
    cl->body.status = answer_is_ready(c) ? 200 : 503;
}

/* --- orders --- */

static int takes_orders(const struct core *c)
{
    return c->state == POD_RUNNING || c->state == POD_CHANGING || c->state == POD_RESETTING;
}

static void accept_order(struct core *c, struct client *cl, const struct unit *u, const char *order)
{
    set_body(cl, answer_order, cl->request.wants_text ? text_type : json_type);
    cl->body.as_text = cl->request.wants_text;
    cl->body.status = 202;
    cl->body.unit = u ? u->slot : EVERYBODY;
    cl->body.order = order;
    cl->body.at = record_next(c);
}

static void order(struct core *c, struct client *cl, const struct asked *asked, uint8_t event, const char *name)
{
    if (!takes_orders(c)) {
        route_refuse(cl, &pod_ends);
    } else if (change_refuses(c, asked->unit)) {
        route_refuse(cl, &unit_leaves);
    } else if (asked->unit->life == LIFE_ENDED && event != WANT_EVENT_ORDER_STOP) {
        route_refuse(cl, &unit_over);
    } else {
        accept_order(c, cl, asked->unit, name);
        step_post(c, MACHINE_WANT, asked->unit, event);
    }
}

static void post_start(struct core *c, struct client *cl, const struct asked *asked)
{
    order(c, cl, asked, WANT_EVENT_ORDER_START, "start");
}

static void post_stop(struct core *c, struct client *cl, const struct asked *asked)
{
    order(c, cl, asked, WANT_EVENT_ORDER_STOP, "stop");
}

static void post_restart(struct core *c, struct client *cl, const struct asked *asked)
{
    order(c, cl, asked, WANT_EVENT_ORDER_RESTART, "restart");
}

static void post_signal(struct core *c, struct client *cl, const struct asked *asked)
{
    if (!(asked->given & ASKS_SIGNAL)) {
        route_refuse(cl, &no_signal);
    } else if (asked->unit->pid == 0) {
        route_refuse(cl, &no_process);
    } else {
        accept_order(c, cl, asked->unit, "signal");
        signal_to_unit(c, asked->unit, asked->signal);
    }
}

/* Told twice, it has no grace left: as with TERM. */
static void post_pod_stop(struct core *c, struct client *cl, const struct asked *asked)
{
    (void)asked;
    accept_order(c, cl, NULL, "stop");
    signal_told(c, TOLD_BY_CONTROL);
}

static int is_busy(const struct core *c)
{
    return c->draft || !step_takes(c, POD_EVENT_PLAN) || volume_is_awaited(c);
}

static void take_plan(struct core *c, struct client *cl, const struct gathered *gathered, int is_trial)
{
    struct parcel *p = &c->control.parcel;
    const struct refusal *why = change_take(c, p->bytes, p->size, gathered, is_trial, &c->control.tally);
    if (why) {
        route_refuse(cl, why);
        return;
    }
    accept_order(c, cl, NULL, "apply");
    cl->body.write = answer_change;
    if (c->draft) {
        p->bytes = NULL;  /* they are the plan's now */
        step_all(c);  /* whoever has this answer, and asks in the same turn, finds that the pod changes */
    } else {
        cl->body.status = 200;
    }
}

/* Secrets are the child's from here on: it has a copy. */
static void post_plan(struct core *c, struct client *cl, const struct asked *asked)
{
    const struct parcel *p = &c->control.parcel;
    const struct refusal *why = !takes_orders(c) ? &pod_ends : is_busy(c) ? &no_running : NULL;
    struct plan plan = {0};
    if (!parcel_is_of(c, cl))
        why = &no_length;
    if (!why && !(why = change_refuse(c, p->bytes, p->size, &plan)) && plan.source_count)
        why = fetch_begin(c, &plan, asked->dry_run);
    if (why) {
        route_refuse(cl, why);
        return;
    }
    plan_forget(p->bytes);
    if (plan.source_count == 0)
        take_plan(c, cl, NULL, asked->dry_run);
}

void route_fetched(struct core *c, struct client *cl) { take_plan(c, cl, fetch_records(c), c->fetch.is_trial); }

void route_turn_away(const struct core *c, struct client *cl)
{
    route_refuse(cl, takes_orders(c) ? &no_running : &pod_ends);
}

/* --- the table --- */

/* local: not for the network. A * in the path is a unit's name. */
static const struct route {
    const char *path;
    handler *handler;
    uint8_t method, local, takes;
} routes[] = {
    {"/healthz", get_health, METHOD_GET, 0, 0},
    {"/livez", get_life, METHOD_GET, 0, 0},
    {"/readyz", get_readiness, METHOD_GET, 0, 0},
    {"/metrics", get_metrics, METHOD_GET, 0, 0},
    {"/v1/pod", get_pod, METHOD_GET, 1, 0},
    {"/v1/units", get_units, METHOD_GET, 1, 0},
    {"/v1/units/*", get_unit, METHOD_GET, 1, 0},
    {"/v1/units/*/start", post_start, METHOD_POST, 1, 0},
    {"/v1/units/*/stop", post_stop, METHOD_POST, 1, 0},
    {"/v1/units/*/restart", post_restart, METHOD_POST, 1, 0},
    {"/v1/units/*/signal", post_signal, METHOD_POST, 1, ASKS_SIGNAL},
    {"/v1/units/*/logs", get_logs, METHOD_GET, 1, ASKS_TAIL | ASKS_FOLLOW | ASKS_PREVIOUS | ASKS_SINCE},
    {"/v1/units/*/context", get_context, METHOD_GET, 1, 0},
    {"/v1/logs", get_logs, METHOD_GET, 1, ASKS_TAIL | ASKS_FOLLOW | ASKS_PREVIOUS | ASKS_SINCE},
    {"/v1/events", get_events, METHOD_GET, 1, ASKS_FOLLOW | ASKS_AFTER},
    {"/v1/plan", get_plan, METHOD_GET, 1, 0},
    {"/v1/plan", post_plan, METHOD_POST, 1, ASKS_DRY_RUN},
    {"/v1/stop", post_pod_stop, METHOD_POST, 1, 0},
};

/* name: the segment that stands at the *. */
static int matches(const char *path, const char *target, struct part *name)
{
    struct part wanted, given;
    while (request_segment(&path, &wanted)) {
        if (!request_segment(&target, &given))
            return 0;
        if (*wanted.at == '*')
            *name = given;
        else if (wanted.size != given.size || memcmp(wanted.at, given.at, wanted.size) != 0)
            return 0;
    }
    return !request_segment(&target, &given);
}

static struct unit *find_unit(struct core *c, const char *name)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (strcmp(c->units[i]->name, name) == 0)
            return c->units[i];
    return NULL;
}

/* --- a request --- */

static const struct refusal *fill(struct core *c, const struct route *r, const char *target, struct part name,
                                struct asked *asked)
{
    char text[REQUEST_TARGET];
    if (strchr(r->path, '*')) {
        if (!request_decode(name, text, sizeof text))
            return &bad_name;
        if (!(asked->unit = find_unit(c, text)))
            return &no_unit;
    }
    return asked_take(asked, r->takes, request_query(target));
}

static int fits(const struct route *r, uint8_t method)
{
    return r->method == method || (r->method == METHOD_GET && method == METHOD_HEAD);
}

/* Which methods a path takes: a bit for each. */
static const char *const allowed[] = {
    [1 << METHOD_GET] = "GET, HEAD", [1 << METHOD_POST] = "POST",
    [1 << METHOD_GET | 1 << METHOD_POST] = "GET, HEAD, POST",
};

void route_request(struct core *c, struct client *cl)
{
    const char *target = cl->request.target;
    int is_local = control_is_local(control_slot(c, cl));
    struct part name = {"", 0};
    struct asked asked = {0};
    unsigned methods = 0;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *r = &routes[i];
        if ((r->local && !is_local) || !matches(r->path, target, &name))
            continue;
        methods |= 1u << r->method;
        if (!fits(r, cl->request.method))
            continue;
        const struct refusal *refusal = fill(c, r, target, name, &asked);
        if (refusal)
            route_refuse(cl, refusal);
        else
            r->handler(c, cl, &asked);
        return;
    }
    cl->body.allow = allowed[methods];
    route_refuse(cl, methods ? &no_method : &no_path);
}
