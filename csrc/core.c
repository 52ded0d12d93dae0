/* The pod as a whole: memory before the start, books at the end. All memory that the running core needs is taken here,
 * in one mapping whose size follows from the plan; after core_set_up() nothing is allocated any more.
 */

#include "block.h"
#include "core.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "footprint.h"
#include "say.h"

/* --- memory --- */

/* Two passes over the same calls: the first, without memory, measures. */
struct arena { uint8_t *at; size_t size; };

static void *take(struct arena *a, size_t count, size_t each)
{
    size_t size = (count * each + 15) & ~(size_t)15;
    uint8_t *at = a->at ? a->at + a->size : NULL;
    a->size += size;
    return at;
}

/* An event is queued at most once by each edge, and a dozen times by each unit before the queue is empty again: the
 * largest burst is the end of all, one event for the life and one for each probe's machine. Room that nobody
 * reaches. */
uint32_t core_queue_room(uint32_t units, uint32_t edges) { return 32 * units + 2 * edges + 64; }

static int can_say(const struct plan_unit *plan) { return plan->notify_socket || plan->notify_fd != PLAN_NONE; }

int core_has_message(const struct plan_unit *plan)
{
    return plan->message_own || plan->message_from_log || plan->message_path.size;
}

/* One region, given back as a whole: nothing of anybody else's may lie in it. */
static void lay_out_clients(struct core *c, struct arena *a)
{
    struct server *ct = &c->control;
    if (c->plan.pod->control == CONTROL_OFF && c->plan.pod->listen_port == 0)
        return;
    ct->clients = take(a, CLIENTS, sizeof *ct->clients);
    ct->pieces = take(a, CLIENTS, ANSWER_ROOM);
    ct->bookmarks = take(a, (size_t)CLIENTS_LOCAL * c->slot_count, sizeof *ct->bookmarks);
}

/* Touched only by what is written: a full sink, a unit that writes half a line, an instance that writes at all. */
static void lay_out_lines(struct core *c, struct arena *a)
{
    for (uint32_t i = 0; i < c->sink_count; i++) {
        char *buffer = take(a, SINK_ROOM + SINK_LINES, 1);
        if (a->at)
            c->sinks[i].buffer = buffer;
    }
    for (uint32_t i = 0; i < 2 * c->slot_count; i++) {
        char *buffer = take(a, STREAM_ROOM, 1), *ring = take(a, RING_ROOM, 1);
        if (a->at) {
            c->slots[i / 2]->streams[i % 2].buffer = buffer;
            ring_open(&c->slots[i / 2]->log.rings[i % 2], ring);
        }
    }
}

/* At first a unit's slot, its number and its place in the plan are one. */
static void lay_out_units(struct core *c, struct arena *a)
{
    struct unit *units = take(a, c->slot_count, sizeof *units);
    c->units = c->slots = take(a, c->slot_count, sizeof *c->slots);
    for (uint32_t i = 0; a->at && i < c->slot_count; i++) {
        c->slots[i] = &units[i];
        units[i].slot = units[i].number = i;
    }
}

static void lay_out_errands(struct core *c, struct arena *a)
{
    struct errand *errands = take(a, c->errand_count, sizeof *errands);
    c->errands = take(a, c->errand_count, sizeof *c->errands);
    for (uint32_t i = 0; a->at && i < c->errand_count; i++) {
        c->errands[i] = &errands[i];
        errands[i].slot = i;
    }
}

/* What every turn writes to comes first, and so lies together: a page that is touched is a fault, and stays ours. */
static void lay_out(struct core *c, struct arena *a)
{
    uint32_t timers = 2 * c->slot_count + POD_TIMERS + c->errand_count + CONTROL_TIMERS, rows, columns;
    c->sink_count = SINK_FILES + writer_count(c) - 1;  /* one of the events' own */
    lay_out_units(c, a);
    c->sinks = take(a, c->sink_count, sizeof *c->sinks);
    c->writers = take(a, writer_count(c), sizeof *c->writers);
    lay_out_errands(c, a);
    c->timers.when = take(a, timers, sizeof *c->timers.when);
    c->timers.heap = take(a, timers, sizeof *c->timers.heap);
    c->timers.place = take(a, timers, sizeof *c->timers.place);
    c->cell_counts = take(a, step_cell_count(MACHINE_COUNT, &rows, &columns), sizeof *c->cell_counts);
    c->queue.room = core_queue_room(c->slot_count, c->plan.edge_count);
    c->queue.ring = take(a, c->queue.room, sizeof *c->queue.ring);
    c->records.routine = take(a, RECORDS_ROUTINE, sizeof *c->records.routine);
    c->records.news = take(a, RECORDS, sizeof *c->records.news);
    c->scratch = take(a, STREAM_ROOM + 2 * BLOCK, 1);
    c->stacks = take(a, STACKS, STACK_ROOM);
    lay_out_lines(c, a);
    lay_out_clients(c, a);
    for (uint32_t i = 0; i < c->unit_count; i++) {
        struct notes *notes = can_say(&c->plan.units[i]) ? take(a, 1, sizeof *notes) : NULL;
        if (a->at)
            c->units[i]->notes = notes;
    }
    for (uint32_t i = 0; i < c->unit_count; i++) {
        struct message *message = core_has_message(&c->plan.units[i]) ? take(a, 1, sizeof *message) : NULL;
        if (a->at)
            c->units[i]->message = message;
    }
    for (uint32_t i = 0; i < c->errand_count; i++) {
        char *location = take(a, ERRAND_LOCATION, 1);
        if (a->at)
            c->errands[i]->location = location;
    }
}

static void take_memory(struct core *c)
{
    struct arena arena = {NULL, 0};
    lay_out(c, &arena);
    void *at = mmap(NULL, arena.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        die(EXIT_SET_UP, "cannot get %lu bytes of memory", (uint64_t)arena.size);
    arena = (struct arena){at, 0};
    lay_out(c, &arena);
}

/* --- set-up --- */

static uint32_t text_width(const char *text)
{
    uint32_t width = 0;
    while (text[width])
        width++;
    return width;
}

void core_bind_unit(struct core *c, struct unit *u, uint32_t i)
{
    u->plan = &c->plan.units[i];
    u->program = &c->loaded.programs[i];
    u->name = c->sole ? c->sole : plan_text(&c->plan, u->plan->name);
    u->start_waits = c->loaded.start_waits[i];
    u->stop_waits = c->loaded.stop_waits[i];
}

void core_see_unit(struct core *c, const struct unit *u)
{
    uint32_t width = text_width(u->name);
    c->name_width = width > c->name_width ? width : c->name_width;
    c->services_left += u->plan->kind == KIND_SERVICE;
    c->has_sidecars |= u->plan->kind == KIND_SIDECAR;
}

static void set_up_unit(struct core *c, uint32_t i)
{
    struct unit *u = c->units[i];
    core_bind_unit(c, u, i);
    u->handshake = u->watch = -1;
    if (u->message)
        u->message->file = u->message->line = -1;
    if (u->notes)
        u->notes->socket = u->notes->line = u->notes->child_end = u->notes->main = -1;
    for (uint32_t j = 0; j < 2; j++) {
        u->streams[j].read_end = u->streams[j].write_end = -1;
    }
    core_see_unit(c, u);
}

void core_bind_errand(struct core *c, struct errand *e, uint32_t i)
{
    e->plan = &c->plan.errands[i];
    e->program = &c->loaded.errands[i];
    e->unit = c->units[e->plan->unit];
    e->unit->errands[e->plan->kind] = e;
    e->timeout_ns = e->plan->timeout_ns;
}

/* Who hears of its environment would go on in another. */
void core_renew(struct core *c, struct unit *u)
{
    uint32_t place = unit_place(c, u);
    u->renews = 0;
    u->program = &c->loaded.programs[place];
    for (uint32_t k = 0; k < ERRAND_COUNT; k++)
        if (u->errands[k])
            u->errands[k]->program = &c->loaded.errands[u->errands[k]->plan - c->plan.errands];
    control_turned(c);
    c->may_clear = 1;
}

static void set_up_errand(struct core *c, uint32_t i)
{
    core_bind_errand(c, c->errands[i], i);
    c->errands[i]->handshake = c->errands[i]->fd = -1;
}

/* Units with log pipes need four descriptors each; the limit we were given is the children's again. */
void core_raise_files(struct core *c)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_NOFILE, &c->given_files) < 0)
        c->given_files = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    if (c->given_files.rlim_cur == c->given_files.rlim_max)
        return;
    most = c->given_files;
    most.rlim_cur = most.rlim_max;
    c->has_raised_files = setrlimit(RLIMIT_NOFILE, &most) == 0;
}

rlim_t core_most_files(const struct core *c)
{
    return c->has_raised_files ? c->given_files.rlim_max : c->given_files.rlim_cur;
}

static int must(const char *what, int result)
{
    if (result < 0)
        die(EXIT_SET_UP, "cannot set up %s: %s", what, say_error(-result));
    return result;
}

/* One command may run where there is none. */
static int needs_null(const struct core *c)
{
    int is_needed = c->errand_count > 0 || writer_count(c) > 1;
    for (uint32_t i = 0; i < c->unit_count; i++)
        is_needed |= c->plan.units[i].stdin_mode == STDIN_MODE_NULL || c->plan.units[i].log.mode == LOG_MODE_NONE;
    return is_needed;
}

static void open_all(struct core *c)
{
    c->epoll = must("epoll", sys_epoll());
    c->signals = must("a signalfd", sys_signals(~UINT64_C(0)));
    if (c->null < 3)
        c->null = sys_open("/dev/null", O_RDWR, 0);
    if (needs_null(c))
        must("/dev/null", c->null);
    c->proc = c->oom = -1;
    must("the signalfd's watch", loop_watch(c, c->signals, EPOLLIN, WATCH_SIGNALS, 0));
    log_open(c);
    terminal_open(c);
    notify_open(c);
    if (!c->is_untold)
        oom_open(c);  /* what it has counted so far: a program may be killed as soon as it has begun */
    control_open(c);
}

/* c->plan is open, c->loaded is filled, the rest is as main left it. Posts the events that start the pod. */
void core_set_up(struct core *c)
{
    c->unit_count = c->slot_count = c->units_left = c->plan.unit_count;
    c->next_number = c->unit_count;
    c->errand_count = c->plan.errand_count;
    take_memory(c);
    for (uint32_t i = 0; i < c->unit_count; i++)
        set_up_unit(c, i);
    for (uint32_t i = 0; i < c->errand_count; i++)
        set_up_errand(c, i);
    open_all(c);
    c->now = c->round_began = sys_now();
    c->began_wall = sys_wall();
    if (c->plan.pod->deadline_ns)
        timer_arm(c, timer_of_pod(c, TIMER_POD_DEADLINE), c->now + c->plan.pod->deadline_ns);
    volume_begin(c);
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (c->units[i]->start_waits == 0)
            step_post(c, MACHINE_WANT, c->units[i], WANT_EVENT_CLEAR);
}

/* What nobody needs in order to start waits until the first has: where there is one processor, a program would wait for
 * it. Whoever ends sooner is heard of only behind this. */
EACH_TURN void core_set_up_rest(struct core *c)
{
    if (c->is_set_up)
        return;
    c->is_set_up = 1;
    c->reap_more = 1;  /* children from before our time may have ended unheard */
    c->proc = proc_open(c);
    log_open_for_units(c);
}

/* --- the end --- */

/* KILL was the last word to a leader that still lives. absent: for a unit that never ran. */
/* Of a start that failed the pod tells the truth, whatever code its unit was given for it. */
static int code_of(const struct unit *u, int absent)
{
    if (u->pid)
        return 128 + SIGKILL;
    if (!u->has_run)
        return absent;
    return u->exit_class == EXIT_CLASS_UNSTARTABLE ? reap_start_failure(u) : u->code;
}

/* The first service in file order that did not end with 0; one that never ran has no code of its own. */
static const struct unit *truth(const struct core *c, int *code)
{
    *code = 0;
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const struct unit *u = c->units[i];
        int its = u->plan->kind == KIND_SERVICE ? code_of(u, -1) : 0;
        if (its > 0) {
            *code = its;
            return u;
        }
        if (its < 0)
            *code = UNDECIDED_CODE;
    }
    return NULL;
}

static const struct unit *main_unit(const struct core *c)
{
    return c->plan.pod->main_unit == PLAN_NONE ? NULL : c->units[c->plan.pod->main_unit];
}

/* The contract's row for the cause (minipod/supervisor/pod.py). decider: whose code it is, or NULL. */
int core_exit_code(const struct core *c, const struct unit **decider)
{
    const struct cause *cause = step_cause(c->cause);
    int code = 0, absent = UNDECIDED_CODE;
    *decider = NULL;
    switch ((enum source)cause->source) {
    case SOURCE_NOBODY: break;
    case SOURCE_MAIN:  /* a main that never ran has no code: that of the first to blame stands for it */
        *decider = main_unit(c);
        if (*decider && code_of(*decider, -1) < 0 && c->blamed)
            *decider = c->blamed;
        break;
    case SOURCE_BLAMED:
        *decider = c->blamed;
        absent = 0;
        break;
    case SOURCE_CULPRIT:
        *decider = c->culprit;
        absent = 0;
        break;
    case SOURCE_TRUTH:
        *decider = main_unit(c);
        if (!*decider)
            *decider = truth(c, &code);
        break;
    case SOURCE_COUNT: break;
    }
    if (*decider)
        code = code_of(*decider, absent);
    return code ? code : cause->if_zero;
}

const char *core_why(const struct core *c, uint8_t cause)
{
    int is_volumes = cause == POD_EVENT_UNPREPARED || cause == POD_EVENT_EVICTED;
    return is_volumes && *c->volumes.why ? c->volumes.why : step_cause(cause)->sentence;
}

/* The phase that the pod ends in: Succeeded is what exits with 0. */
const char *core_phase_name(int exit_code)
{
    return phase_word(step_phase(1u << PHASE_BIT_OVER | (exit_code ? 1u << PHASE_BIT_UNSUCCESSFUL : 0)));
}
