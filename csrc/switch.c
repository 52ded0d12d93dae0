/* From one plan to the other, once nobody who leaves has a process: see change.h. Whoever is kept goes on as he is;
 * all others are as at the start. It must never fail, and never start or stop anybody: those who may start are told
 * that nothing holds them back, as always.
 */

#include "change.h"
#include "core.h"
#include "say.h"

/* --- who leaves --- */

static void end_errands(struct core *c, struct unit *u)
{
    for (uint32_t k = 0; k < ERRAND_COUNT; k++) {
        struct errand *e = u->errands[k];
        if (!e)
            continue;
        errand_end(c, e);
        errand_hush(c, e);
        timer_disarm(c, timer_of_errand(c, e));
        e->unit = NULL;
        u->errands[k] = NULL;
    }
}

static void see_off(struct core *c, struct unit *u, uint8_t leaving)
{
    if (!leaving)
        return;
    end_errands(c, u);
    timer_disarm(c, timer_of_unit(u));
    timer_disarm(c, timer_of_deadline(u));
    log_take_last(c, u);
    message_close(u);
    if (c->blamed == u)
        c->blamed = NULL;
    if (leaving & REMOVED) {
        message_end(c, u);
        control_leave(c, u);
        stray_forget(c, u);
        grow_vacate(c, u);
    }
}

/* --- who is there now --- */

/* As nobody has been there; what is the slot's stays. */
static void empty(struct unit *u)
{
    const struct unit old = *u;
    *u = (struct unit){
        .slot = old.slot, .notes = old.notes, .message = old.message, .log = old.log,
        .streams = {old.streams[0], old.streams[1]},
        .group = old.group, .handshake = -1, .watch = -1,
    };
}

/* What it wrote is what its instance before wrote; and it has had instances. */
static void renew(struct unit *u)
{
    const struct unit old = *u;
    empty(u);
    u->book = old.book;
    u->book.restart_reason = RESTART_ORDER;
    u->restarts = old.restarts;
    u->started_at = old.started_at;
    u->started_wall = old.started_wall;
    u->log_lines = old.log_lines;
    u->log_bytes = old.log_bytes;
    u->log_dropped = old.log_dropped;
}

/* Positions in its rings go on, so that who follows misses nothing. */
static void settle_in(struct core *c, struct unit *u)
{
    record_forget(c, u->slot);
    log_turned(c, u);
    log_turned(c, u);
    empty(u);
    if (u->notes)
        *u->notes = (struct notes){.socket = -1, .line = -1, .child_end = -1, .main = -1};
    if (u->message)
        u->message->instance = 0;
    u->log.has_previous = 0;
    u->group = 0;
    log_aim(c, u);
}

static struct notes *next_notes(struct draft *d)
{
    struct notes *n = &d->growth->notes[--d->growth->note_count];
    *n = (struct notes){.socket = -1, .line = -1, .child_end = -1, .main = -1};
    return n;
}

static struct message *next_message(struct draft *d)
{
    struct message *m = &d->growth->messages[--d->growth->message_count];
    m->file = m->line = -1;
    return m;
}

static void take_errands(struct core *c, struct plan_run run, uint32_t *at)
{
    for (uint32_t k = run.first; k < run.first + run.count; k++) {
        while (c->errands[*at]->unit)
            ++*at;
        struct errand *e = c->errands[*at];
        *e = (struct errand){.slot = e->slot, .location = e->location, .handshake = -1, .fd = -1};
        core_bind_errand(c, e, k);
    }
}

static void begin(struct core *c, struct draft *d, uint32_t i, uint32_t *errand)
{
    struct unit *u = d->units[i];
    const struct plan_unit *plan = &d->plan.units[i];
    if (d->changes[i] == CHANGE_NEW) {
        settle_in(c, u);
        u->want = step_takeover(CHANGE_NEW, BEFORE_WANTED)->want;
    } else {
        uint8_t begun = u->begun;
        renew(u);
        u->want = change_takeover(d, u, d->changes[i])->want;
        u->begun = begun && u->want == WANT_HOLD;  /* somebody stopped it: the pod waits for no first run of it */
    }
    u->number = d->numbers[i];
    if (!plan->notify_socket)
        mailbox_close(c, u);
    if (!u->notes && (plan->notify_socket || plan->notify_fd != PLAN_NONE))
        u->notes = next_notes(d);
    if (!u->message && core_has_message(plan))
        u->message = next_message(d);
    core_bind_unit(c, u, i);
    take_errands(c, plan->errands, errand);
}

/* Its program may have asked for another time. */
static void keep_errand(struct core *c, struct errand *e, uint32_t k)
{
    uint64_t timeout_ns = e->timeout_ns;
    const struct program *program = e->program;
    core_bind_errand(c, e, k);
    e->timeout_ns = timeout_ns;
    if (e->unit->renews)
        e->program = program;
}

/* What sources say is for the next start. */
static void keep(struct core *c, struct unit *u, uint32_t i)
{
    const struct plan_run run = c->plan.units[i].errands;
    const struct program *program = u->program;
    u->renews = u->plan->sources.count > 0;
    core_bind_unit(c, u, i);
    if (u->renews)
        u->program = program;
    for (uint32_t k = run.first; k < run.first + run.count; k++)
        keep_errand(c, u->errands[c->plan.errands[k].kind], k);
}

static void place_all(struct core *c, struct draft *d)
{
    uint32_t errand = 0;
    c->units = d->units;
    c->unit_count = d->plan.unit_count;
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (d->changes[i] == CHANGE_KEPT)
            keep(c, c->units[i], i);
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (d->changes[i] != CHANGE_KEPT)
            begin(c, d, i, &errand);
}

/* --- the books --- */

static void count(struct core *c)
{
    c->services_left = c->services_failed = c->units_left = 0;
    c->has_sidecars = 0;
    c->name_width = 0;
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const struct unit *u = c->units[i];
        int is_over = u->life == LIFE_ENDED;
        core_see_unit(c, u);
        c->units_left += !is_over;
        c->services_left -= u->plan->kind == KIND_SERVICE && is_over;
        c->services_failed += is_over && step_is_failed(u);
    }
}

/* What was reached before is reached; what never will be never will. */
static void order(struct core *c)
{
    for (uint32_t i = 0; i < c->plan.edge_count; i++) {
        const struct plan_edge *e = &c->plan.edges[i];
        const struct unit *first = c->units[e->first];
        struct unit *second = c->units[e->second];
        if (first->reached >> e->milestone & 1)
            --*(e->direction == DIRECTION_START ? &second->start_waits : &second->stop_waits);
        else if (e->direction == DIRECTION_START && first->life == LIFE_ENDED && second->life == LIFE_HELD)
            step_post(c, MACHINE_WANT, second, WANT_EVENT_STUCK);
    }
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (c->units[i]->life == LIFE_HELD && c->units[i]->start_waits == 0)
            step_post(c, MACHINE_WANT, c->units[i], WANT_EVENT_CLEAR);
}

/* The programs, but not the room that the first ones may lie in. */
static void hold(struct core *c, struct draft *d)
{
    c->plan = d->plan;
    c->loaded.programs = d->loaded.programs;
    c->loaded.errands = d->loaded.errands;
    c->loaded.sub_paths = d->loaded.sub_paths;
    c->loaded.start_waits = d->loaded.start_waits;
    c->loaded.stop_waits = d->loaded.stop_waits;
    d->before = c->held;
    c->held = d;
    c->may_clear = 1;
}

void change_over(struct core *c)
{
    struct draft *d = c->draft;
    c->draft = NULL;
    if (!d)
        return;
    for (uint32_t i = 0; i < c->unit_count; i++)
        see_off(c, c->units[i], d->leaving[c->units[i]->slot]);
    if (d->growth)
        grow_adopt(c, d->growth);
    hold(c, d);
    place_all(c, d);
    d->growth = NULL;
    control_turned(c);
    count(c);
    log_open_for_units(c);
    order(c);
    say(c, "the new plan holds");
    if (c->services_left == 0)
        step_post(c, MACHINE_POD, NULL, c->services_failed ? POD_EVENT_ALL_FAILED : POD_EVENT_ALL_DONE);
    if (c->units_left == 0)
        step_post(c, MACHINE_POD, NULL, POD_EVENT_UNITS_OVER);  /* nobody is left whose end would say so */
}
