/* Steps: an event meets a state, one cell is looked up, the state is set, the actions run. The only file that sees the
 * policy tables, and the only place where a state changes. It must never make a system call.
 */

#define POLICY_TABLES
#include "core.h"
#include "footprint.h"
#include "say.h"

/* Tests put a witness here: it sees every cell that is looked up, before anything is done. */
#ifndef STEP_TRACE
#define STEP_TRACE(core, machine, unit, from, event, cell) ((void)0)
#endif

struct sheet { const struct cell *cells; uint32_t rows, columns; };

static const struct sheet sheets[MACHINE_COUNT] = {
    [MACHINE_LIFE] = {&lifecycle_cells[0][0], LIFE_COUNT, LIFE_EVENT_COUNT},
    [MACHINE_WANT] = {&want_cells[0][0], WANT_COUNT, WANT_EVENT_COUNT},
    [MACHINE_POD] = {&pod_cells[0][0], POD_COUNT, POD_EVENT_COUNT},
    [MACHINE_STARTUP] = {&startup_cells[0][0], PROBE_COUNT, PROBE_EVENT_COUNT},
    [MACHINE_LIVENESS] = {&liveness_cells[0][0], PROBE_COUNT, PROBE_EVENT_COUNT},
    [MACHINE_READINESS] = {&readiness_cells[0][0], PROBE_COUNT, PROBE_EVENT_COUNT},
    [MACHINE_WATCHDOG] = {&liveness_cells[0][0], PROBE_COUNT, PROBE_EVENT_COUNT},
};

/* Its name in a sentence, and as a word; its states, its events. */
static const struct { const char *name, *word; const char *const *states, *const *events; } words[MACHINE_COUNT] = {
    [MACHINE_LIFE] = {"lifecycle", "lifecycle", life_words, life_event_words},
    [MACHINE_WANT] = {"want", "want", want_words, want_event_words},
    [MACHINE_POD] = {"lifecycle", "pod", pod_words, pod_event_words},
    [MACHINE_STARTUP] = {"startup probe", "startup", probe_words, probe_event_words},
    [MACHINE_LIVENESS] = {"liveness probe", "liveness", probe_words, probe_event_words},
    [MACHINE_READINESS] = {"readiness probe", "readiness", probe_words, probe_event_words},
    [MACHINE_WATCHDOG] = {"watchdog", "watchdog", probe_words, probe_event_words},
};

/* Cells of all machines are counted one after the other. */
uint32_t step_cell_count(enum machine m, uint32_t *rows, uint32_t *columns)
{
    uint32_t before = 0;
    for (int i = 0; i < (int)m; i++)
        before += sheets[i].rows * sheets[i].columns;
    if (m < MACHINE_COUNT) {
        *rows = sheets[m].rows;
        *columns = sheets[m].columns;
    }
    return before;
}

static struct event event_of(enum machine m, const struct unit *u, uint8_t event)
{
    return (struct event){u ? u->slot : STEP_POD, (uint8_t)m, event, 0};
}

/* The queue is sized so that it cannot be full: core.c. */
static int has_room(struct core *c)
{
    int has = c->queue.fill < c->queue.room;
    c->lost_events += !has;
    return has;
}

void step_post(struct core *c, enum machine m, const struct unit *u, uint8_t event)
{
    struct queue *q = &c->queue;
    if (has_room(c))
        q->ring[(q->head + q->fill++) % q->room] = event_of(m, u, event);
}

void step_post_first(struct core *c, enum machine m, const struct unit *u, uint8_t event)
{
    struct queue *q = &c->queue;
    if (!has_room(c))
        return;
    q->head = (q->head + q->room - 1) % q->room;
    q->fill++;
    q->ring[q->head] = event_of(m, u, event);
}

static uint8_t *state_of(struct core *c, enum machine m, struct unit *u)
{
    return m == MACHINE_LIFE   ? &u->life
           : m == MACHINE_WANT ? &u->want
           : m == MACHINE_POD  ? &c->state
                               : &u->probes[m - MACHINE_STARTUP];
}

static void run(struct core *c, struct unit *u, const struct cell *cell)
{
    for (size_t i = 0; i < sizeof cell->actions && cell->actions[i] != ACTION_NOTHING; i++)
        action_run(c, u, cell->actions[i]);
}

/* What its probes say of a unit changes in cells that keep the state, too. */
static unsigned flags_of(const struct unit *u) { return u ? u->started | (unsigned)u->ready << 1 : 0; }

static void step(struct core *c, const struct event *e)
{
    enum machine m = (enum machine)e->machine;
    struct unit *by = e->unit == STEP_POD ? NULL : c->slots[e->unit], *u = m == MACHINE_POD ? NULL : by;
    uint8_t *state = state_of(c, m, u);
    const struct sheet *sheet = &sheets[m];
    uint32_t rows, columns, at = (uint32_t)*state * sheet->columns + e->event;
    c->cell_counts[step_cell_count(m, &rows, &columns) + at]++;
    const struct cell *cell = &sheet->cells[at];
    STEP_TRACE(c, m, u, *state, e->event, cell);
    if (cell->kind == CELL_IMPOSSIBLE) {
        c->impossible++;
        warn(c, "%s: %s in state %s of its %s cannot be: ignored", u ? u->name : "pod", words[m].events[e->event],
             words[m].states[*state], words[m].name);
    } else if (cell->kind == CELL_ACTS) {
        uint8_t from = *state;
        unsigned shown = flags_of(u);
        *state = cell->next;
        c->errand_at = m >= MACHINE_STARTUP ? u->errands[m - MACHINE_STARTUP] : NULL;
        if (m == MACHINE_POD) {
            c->pod_event = e->event;
            c->pod_event_of = by;
        }
        run(c, u, cell);
        if (*state != from || flags_of(u) != shown)
            record_step(c, m, u, by, from, e->event, *state);
    }
}

EACH_TURN void step_all(struct core *c)
{
    struct queue *q = &c->queue;
    while (q->fill) {
        struct event e = q->ring[q->head];
        q->head = (q->head + 1) % q->room;
        q->fill--;
        step(c, &e);
    }
}

/* The verdict on the unit's last instance, as an event for its lifecycle. */
void step_judge(struct core *c, struct unit *u)
{
    int is_spent = u->plan->max_restarts != PLAN_NONE && u->streak >= u->plan->max_restarts;
    if (u->deadline_hit)
        u->exit_class = EXIT_CLASS_DEADLINE;
    else if (u->blamed_dependency)
        u->exit_class = EXIT_CLASS_DEPENDENCY;
    book_judge(u);
    uint8_t judged = u->exit_class == EXIT_CLASS_UNSTARTABLE ? u->plan->unstartable_class : u->exit_class;
    u->outcome = verdict_cells[u->plan->rule][u->want][judged][is_spent ? BUDGET_SPENT : BUDGET_LEFT];
    step_post(c, MACHINE_LIFE, u, outcome_cells[u->outcome].event);
}

/* What the end of a unit means to the pod. */
void step_settle(struct core *c, struct unit *u)
{
    const struct cell *cell = &fate_cells[u->plan->standing][u->outcome];
    if (cell->kind == CELL_IMPOSSIBLE) {
        c->impossible++;
        warn(c, "%s: %s is no end", u->name, outcome_words[u->outcome]);
        return;
    }
    if (outcome_cells[u->outcome].milestone != MILESTONE_COUNT)
        action_reach(c, u, outcome_cells[u->outcome].milestone);
    run(c, u, cell);
    if (cell->next != POD_EVENT_COUNT)
        step_post(c, MACHINE_POD, u, cell->next);
}

int step_is_failed(const struct unit *u)
{
    const struct cell *cell = &fate_cells[u->plan->standing][u->outcome];
    for (size_t i = 0; i < sizeof cell->actions; i++)
        if (cell->actions[i] == ACTION_TALLY_FAILED)
            return 1;
    return 0;
}

const struct cause *step_cause(uint8_t cause) { return &cause_cells[cause]; }
const struct takeover *step_takeover(uint8_t change, uint8_t before) { return &takeover_cells[change][before]; }
int step_takes(const struct core *c, uint8_t pod_event) { return pod_cells[c->state][pod_event].kind == CELL_ACTS; }
uint8_t step_phase(uint32_t bits) { return phase_cells[bits]; }
const char *step_end_reason(uint8_t exit_class, int odd, int failed)
{
    return odd ? exit_class_odd_reasons[exit_class] : exit_class_reasons[exit_class][failed != 0];
}

const char *step_reason(const struct unit *u) { return step_end_reason(u->exit_class, u->oom | u->unfit, u->code); }

const char *step_machine_word(enum machine m) { return words[m].word; }
const char *step_state_word(enum machine m, uint8_t state) { return words[m].states[state]; }
const char *step_event_word(enum machine m, uint8_t event) { return words[m].events[event]; }

const char *life_word(uint8_t n) { return life_words[n]; }
const char *outcome_word(uint8_t n) { return outcome_words[n]; }
const char *kind_word(uint8_t n) { return kind_words[n]; }
const char *phase_word(uint8_t n) { return phase_words[n]; }
const char *volume_kind_word(uint8_t n) { return volume_kind_words[n]; }
const char *milestone_word(uint8_t n) { return milestone_words[n]; }
const char *log_mode_word(uint8_t n) { return log_mode_words[n]; }
const char *signal_word(uint8_t n) { return n < 65 && signal_words[n] ? signal_words[n] : "signal 0"; }
