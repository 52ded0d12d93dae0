/* Plays pods on the real core over the fake kernel. Reads requests from stdin, one after the other; each is run in a
 * child of its own, so that no run knows of another, and answered with lines; the last is "end STATUS".
 *
 *     plan HEX                                     the plan's bytes; "unit" and "start" lines follow it
 *     until NS                                     look no further
 *     unit U STOP_AFTER STOP_CODE REST STUCK REST_STUCK      -1 for never, for the signal itself, for "until killed"
 *     start U AFTER CODE STARVED                   one attempt to start each; AFTER -1: hangs
 *     answer U ERRAND REPLY AFTER                  how its errand of that kind is answered, until it turns
 *     ready U AFTER                                each instance says that it is ready
 *     stray REACTION                               a child from before our time: 0 heeds 1 ignores 2 forks 3 stuck
 *     sink K TYPE REOPENS HAS_NOWAIT ROOM MOST     ROOM and MOST -1: any
 *     terminal K                                   that sink is one
 *     quiet, grace NS, init 0|1, ties              ties: timers of one moment fire as timer.c has them
 *     files N                                      how many descriptors a process may have; 512, if nothing is said
 *     fail CALL FIRST COUNT ERRNO                  calls FIRST, FIRST+1 … of that name fail
 *     at NS ended U BY_SIGNAL CODE | stray REACTION | said MACHINE U EVENT | signal N CODE | write U STREAM HEX
 *     at NS oom U | turned U ERRAND REPLY AFTER | notified U NOTICE
 *     at NS file K stuck | goes | kill SIGNAL | news LINES ERROR STAGE     the writer of that log file
 *     at NS fetch …                                        what the child that reads a plan's sources says: fake_fetch.c
 *     at NS volume holds PATH | warns TEXT | done | failed TEXT | over | ends     what the child for volumes says
 *     at NS client K comes | says HEX | reads N | ends | leaves      of the control server; reads N: no more for now
 *     at NS room K N | process REACTION ENVIRONMENT_HEX KEY PARENT SESSION NAME_HEX
 *     records, metrics ROOM, events FD              shown at the end (sight.c); written to
 *     run
 */
#include "fake.h"
#include "sight.h"
#include "trace.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST = 16 << 20, CHILD_SECONDS = 20 };

static struct core core;
static uint32_t peak;

void log_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%lu ", (unsigned long)(fake.now - BEGIN));
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

_Noreturn void broken(const char *what)
{
    log_line("broken %s", what);
    fflush(stdout);
    _exit(3);
}

int child_run(void *start)
{
    (void)start;
    abort();
}

static struct { uint8_t started, ready; char name[PLAN_MAX_NAME + 1]; } *shown;  /* by slot */

/* Another plan may give a slot to another unit. */
static void tell_who(const struct core *c, const struct unit *u)
{
    if (!c->held || strcmp(shown[u->slot].name, u->name) == 0)
        return;
    snprintf(shown[u->slot].name, sizeof shown->name, "%s", u->name);
    log_line("who %u %s", u->slot, u->name);
}

void trace_step(struct core *c, int machine, const struct unit *u, int from, int event, int kind, int next)
{
    int unit = u ? (int)u->slot : -1;
    if (u)
        tell_who(c, u);
    if (c->queue.fill + 1 > peak)
        peak = c->queue.fill + 1;
    if (machine == MACHINE_WATCHDOG && from == PROBE_REST && event == PROBE_EVENT_DUE)
        net_watchdog_waits((uint32_t)unit);
    log_line("step %lu %d %d %d %d %d %d", (unsigned long)(c->now - BEGIN), machine, unit, from, event, kind, next);
}

/* --- what is shown --- */

/* A pod's phase and what its probes say, when they have changed. */
void turn_ends(void)
{
    static int shown_phase = -1;
    int phase = core_phase(&core);
    fake.fired = 0;
    if (phase != shown_phase)
        log_line("phase %d", phase);
    shown_phase = phase;
    for (uint32_t i = 0; i < core.slot_count; i++) {
        const struct unit *u = core.slots[i];
        if (u->started != shown[u->slot].started || u->ready != shown[u->slot].ready)
            log_line("flags %u %d %d", u->slot, u->started, u->ready);
        shown[u->slot].started = u->started;
        shown[u->slot].ready = u->ready;
    }
}

/* --- timers --- */

/* One timer a wake-up, after all else of its moment, and of those of one moment the one that was armed first: so that
 * what must not matter to anybody, and is timer.c's to choose, is as the simulator has it. */
void __real_timer_arm(struct core *, uint32_t id, uint64_t when);
void __wrap_timer_arm(struct core *, uint32_t id, uint64_t when);
int __real_timer_pop_due(struct core *, uint32_t *id);
int __wrap_timer_pop_due(struct core *, uint32_t *id);

static struct { uint64_t at, order; } *armed;

void __wrap_timer_arm(struct core *c, uint32_t id, uint64_t when)
{
    static uint64_t orders;
    armed[id].at = c->now;
    armed[id].order = ++orders;
    __real_timer_arm(c, id, when);
}

static uint64_t moment_of(uint32_t id)
{
    uint64_t when = timer_when(&core, id);
    return when > armed[id].at ? when : armed[id].at;
}

int __wrap_timer_pop_due(struct core *c, uint32_t *id)
{
    const struct timers *t = &c->timers;
    int found = 0;
    if (fake.has_ties)
        return __real_timer_pop_due(c, id);
    if (kernel_next() <= c->now)
        return 0;
    for (uint32_t i = 0; i < t->count && !fake.fired; i++) {
        uint32_t other = t->heap[i];
        if (moment_of(other) > c->now)
            continue;
        if (!found || moment_of(other) < moment_of(*id)
            || (moment_of(other) == moment_of(*id) && armed[other].order < armed[*id].order))
            *id = other;
        found = 1;
    }
    if (found)
        timer_disarm(c, *id);
    fake.fired |= (uint8_t)found;
    return found;
}

/* --- playing --- */

static void report_units(void)
{
    for (uint32_t i = 0; i < core.unit_count; i++) {
        const struct unit *u = core.units[i];
        log_line("unit %u %d %d %d %u %u %d %s", i, u->life, u->outcome, u->has_run ? u->code : -1, u->restarts,
                 u->streak, u->pid, u->has_run || u->blamed_dependency ? step_reason(u) : "-");
    }
}

static void report_cells(void)
{
    uint32_t rows, columns;
    for (int m = 0; m < MACHINE_COUNT; m++) {
        uint32_t first = step_cell_count((enum machine)m, &rows, &columns);
        for (uint32_t i = 0; i < rows * columns; i++)
            if (core.cell_counts[first + i])
                log_line("cell %d %u %u %u", m, i / columns, i % columns, core.cell_counts[first + i]);
    }
}

static void put_hex(const char *bytes, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        putchar(hex[bytes[i] >> 4 & 15]);
        putchar(hex[bytes[i] & 15]);
    }
}

static void report_sinks(void)
{
    for (int k = 0; k < 2; k++) {
        printf("0 sink %d ", k);
        put_hex(sinks[k].data, sinks[k].size);
        putchar('\n');
    }
    files_report(put_hex);
    knockers_report(put_hex);
}

/* What a reader finds who comes now. */
static void report_logs(void)
{
    for (uint32_t i = 0; i < core.unit_count; i++) {
        const struct unit *u = core.units[i];
        log_line("log %u %lu %lu %lu", i, (unsigned long)u->log_lines, (unsigned long)u->log_bytes,
                 (unsigned long)u->log_dropped);
        for (int previous = 0; previous < 2; previous++) {
            const struct ring *ring = log_ring(&core, u, previous);
            uint64_t position = 0;
            for (struct line line; ring && ring_read(ring, &position, &line);) {
                printf("0 line %u %d %lu %u %u ", i, previous, (unsigned long)(line.at % 1000000000000), line.stream, line.flags);
                put_hex(line.text, line.size);
                putchar('\n');
            }
        }
    }
}

static void report(int was_over)
{
    const struct unit *decider = NULL;
    int code = was_over ? core_exit_code(&core, &decider) : -1;
    const char *phase = was_over ? core_phase_name(code) : "-";
    log_line("pod %d %d %s %s", core.state, code, phase, decider ? decider->name : "-");
    log_line("books %u %u %u %lu %u %u %u", core.impossible, core.lost_events, core.orphans_reaped, core.dropped_lines,
             fake.lost, peak, core.queue.room);
    report_units();
    report_cells();
    report_sinks();
    report_logs();
    sight_report(&core);
    descriptors_report();
    calls_report();
}

static void play(char *request)
{
    core.self = core.is_init = 1;
    core.grace_override = UINT64_MAX;
    memcpy(core.mark, "7001", 5);
    fake = (struct fake){.core = &core, .now = BEGIN, .until = NEVER, .last_pid = 100};
    fake.processes = calloc(4096, sizeof *fake.processes);
    script_read(request);
    shown = calloc(core.unit_count + SPARE, sizeof *shown);
    armed = calloc(2 * core.unit_count + POD_TIMERS + core.plan.errand_count + CONTROL_TIMERS + 3 * SPARE,
                   sizeof *armed);
    core_set_up(&core);
    sight_begin(&core);
    loop_run(&core);
    turn_ends();
    int was_over = core.state == POD_OVER;
    control_close(&core);
    log_finish(&core);
    report(was_over);
}

static int play_in_child(char *request)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CPU, &(struct rlimit){CHILD_SECONDS, CHILD_SECONDS});  /* nothing in it waits */
        play(request);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
    static char request[REQUEST];
    char *line = NULL;
    size_t room = 0, size = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        if (strcmp(line, "run\n") == 0) {
            request[size] = 0;
            printf("\nend %d\n", play_in_child(request));  /* behind a run that was cut off in a line, too */
            fflush(stdout);
            size = 0;
        } else {
            memcpy(request + size, line, (size_t)length);
            size += (size_t)length;
        }
    }
    free(line);
    return 0;
}
