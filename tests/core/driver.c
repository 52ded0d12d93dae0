/* Plays pods on the real core over the fake kernel. Reads requests from stdin, one after the other; each is run in a
 * child of its own, so that no run knows of another, and answered with lines; the last is "end STATUS".
 *
 *     plan HEX                                     the plan's bytes; "unit" and "start" lines follow it
 *     until NS                                     look no further
 *     unit U STOP_AFTER STOP_CODE REST STUCK REST_STUCK      -1 for never, for the signal itself, for "until killed"
 *     start U AFTER CODE STARVED                   one attempt to start each; AFTER -1: hangs
 *     stray REACTION                               a child from before our time: 0 heeds 1 ignores 2 forks 3 stuck
 *     sink K TYPE REOPENS HAS_NOWAIT ROOM MOST     ROOM and MOST -1: any
 *     quiet, grace NS, init 0|1
 *     fail CALL FIRST COUNT ERRNO                  calls FIRST, FIRST+1 … of that name fail
 *     at NS ended U BY_SIGNAL CODE | stray REACTION | said MACHINE U EVENT | signal N CODE | write U STREAM HEX
 *     at NS room K N | process REACTION ENVIRONMENT_HEX KEY PARENT SESSION NAME_HEX
 *     run
 */
#include "fake.h"
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

void trace_step(struct core *c, int machine, const struct unit *u, int from, int event, int kind, int next)
{
    int unit = u ? (int)unit_index(c, u) : -1;
    if (c->queue.fill + 1 > peak)
        peak = c->queue.fill + 1;
    if (u && machine == MACHINE_LIFE)
        fake.current_unit = (uint32_t)unit;
    log_line("step %lu %d %d %d %d %d %d", (unsigned long)(c->now - BEGIN), machine, unit, from, event, kind, next);
}

/* --- reading a request --- */

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static char *from_hex(const char *hex, size_t *size)
{
    char *bytes = malloc(strlen(hex) / 2 + 8);
    for (*size = 0; digit(*hex) >= 0; hex += 2)
        bytes[(*size)++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
    return bytes;
}

static uint64_t or_never(long number) { return number < 0 ? NEVER : (uint64_t)number; }

static void open_plan(const char *hex)
{
    static char *const given[] = {"PATH=/bin", NULL};
    size_t size;
    char *bytes = from_hex(hex, &size);
    const char *why = plan_refuse((uint8_t *)bytes, size);
    if (!why) {
        plan_open(&core.plan, (uint8_t *)bytes);
        why = load_programs(&core.plan, given, NULL, core.mark, &core.loaded);
    }
    if (why)
        broken(why);
    core.unit_count = core.plan.unit_count;
    fake.behaviours = calloc(core.unit_count, sizeof *fake.behaviours);
}

static void read_unit(const char *words)
{
    unsigned u;
    long after, rest;
    int code, stuck, rest_stuck;
    sscanf(words, "%u %ld %d %ld %d %d", &u, &after, &code, &rest, &stuck, &rest_stuck);
    struct behaviour *b = &fake.behaviours[u];
    b->stop_after = or_never(after);
    b->rest = or_never(rest);
    b->stop_code = code;
    b->stuck = (uint8_t)stuck;
    b->rest_stuck = (uint8_t)rest_stuck;
}

static void read_start(const char *words)
{
    unsigned u;
    long after;
    int code, starved;
    sscanf(words, "%u %ld %d %d", &u, &after, &code, &starved);
    struct behaviour *b = &fake.behaviours[u];
    b->starts = realloc(b->starts, (b->start_count + 1) * sizeof *b->starts);
    b->starts[b->start_count++] = (struct start){or_never(after), code, (uint8_t)starved};
}

static void read_stray(const char *words)
{
    struct process *p = kernel_add(core.self, -1);
    p->reaction = (enum reaction)atoi(words);
    p->is_stray = p->executed = 1;
}

static void read_sink(const char *words)
{
    unsigned k, type, reopens, has_nowait;
    long room, most;
    sscanf(words, "%u %u %u %u %ld %ld", &k, &type, &reopens, &has_nowait, &room, &most);
    sinks[k] = (struct fake_sink){type, (uint8_t)reopens, (uint8_t)has_nowait, or_never(room), or_never(most), NULL, 0};
}

static void read_fault(const char *words)
{
    char call[32];
    unsigned first, count;
    int error;
    sscanf(words, "%31s %u %u %d", call, &first, &count, &error);
    faults_add(call, first, count, error);
}

/* "KEY PARENT SESSION NAME\0ENVIRONMENT" from "ENVIRONMENT_HEX KEY PARENT SESSION NAME_HEX". */
static char *process_text(const char *words, size_t *environment_size)
{
    char *environment_hex = malloc(strlen(words) + 1), head[64];
    int used = 0;
    size_t name_size;
    sscanf(words, "%s %n", environment_hex, &used);
    const char *last = strrchr(words, ' ');
    snprintf(head, sizeof head, "%.*s", (int)(last - words - used), words + used);
    char *name = from_hex(last + 1, &name_size), *environment = from_hex(environment_hex, environment_size);
    name[name_size] = 0;
    char *text = malloc(sizeof head + name_size + *environment_size + 8);
    int size = sprintf(text, "%s %s", head, name);
    memcpy(text + size + 1, environment, *environment_size);
    return text;
}

static void read_fact(const char *words)
{
    long at;
    char kind[16];
    int used = 0;
    struct fact f = {.unit = -1};
    sscanf(words, "%ld %15s %n", &at, kind, &used);
    const char *rest = words + used;
    f.at = BEGIN + (uint64_t)at;
    if (strcmp(kind, "ended") == 0) {
        f.kind = FACT_ENDED;
        sscanf(rest, "%d %d %d", &f.unit, &f.a, &f.b);
    } else if (strcmp(kind, "stray") == 0) {
        f.kind = FACT_STRAY_ENDED;
        f.a = atoi(rest);
    } else if (strcmp(kind, "said") == 0) {
        f.kind = FACT_SAID;
        sscanf(rest, "%d %d %d", &f.a, &f.unit, &f.b);
    } else if (strcmp(kind, "signal") == 0) {
        f.kind = FACT_SIGNAL;
        sscanf(rest, "%d %d", &f.a, &f.b);
    } else if (strcmp(kind, "write") == 0) {
        f.kind = FACT_WRITE;
        sscanf(rest, "%d %d %n", &f.unit, &f.a, &used);
        f.text = from_hex(rest + used, &f.size);
    } else if (strcmp(kind, "room") == 0) {
        f.kind = FACT_ROOM;
        sscanf(rest, "%d %lu", &f.a, &f.size);
    } else {
        f.kind = FACT_PROCESS;
        sscanf(rest, "%d %n", &f.a, &used);
        f.text = process_text(rest + used, &f.size);
    }
    kernel_plan(f);
}

static void read_line(char *line)
{
    static const struct { const char *word; void (*read)(const char *); } known[] = {
        {"plan", open_plan}, {"unit", read_unit}, {"start", read_start}, {"stray", read_stray}, {"sink", read_sink},
        {"fail", read_fault}, {"at", read_fact},
    };
    char *words = strchr(line, ' ');
    if (words)
        *words++ = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(line, known[i].word) == 0) {
            known[i].read(words);
            return;
        }
    if (strcmp(line, "until") == 0)
        fake.until = BEGIN + strtoul(words, NULL, 10);
    else if (strcmp(line, "quiet") == 0)
        core.quiet = 1;
    else if (strcmp(line, "grace") == 0)
        core.grace_override = strtoul(words, NULL, 10);
    else if (strcmp(line, "init") == 0)
        core.is_init = (uint8_t)atoi(words);
    else
        broken("the driver does not know a word of the request");
}

/* --- playing --- */

static void report_units(void)
{
    for (uint32_t i = 0; i < core.unit_count; i++) {
        const struct unit *u = &core.units[i];
        log_line("unit %u %d %d %d %d %u %u %d", i, u->life, u->outcome, u->has_run ? u->code : -1, u->exit_class,
                 u->restarts, u->streak, u->pid);
    }
}

static void report_cells(void)
{
    static const enum machine machines[] = {MACHINE_LIFE, MACHINE_WANT, MACHINE_POD};
    uint32_t rows, columns;
    for (int m = 0; m < 3; m++) {
        uint32_t first = step_cell_count(machines[m], &rows, &columns);
        for (uint32_t i = 0; i < rows * columns; i++)
            if (core.cell_counts[first + i])
                log_line("cell %d %u %u %u", m, i / columns, i % columns, core.cell_counts[first + i]);
    }
}

static void report_sinks(void)
{
    static const char hex[] = "0123456789abcdef";
    for (int k = 0; k < 2; k++) {
        printf("0 sink %d ", k);
        for (size_t i = 0; i < sinks[k].size; i++) {
            putchar(hex[sinks[k].data[i] >> 4 & 15]);
            putchar(hex[sinks[k].data[i] & 15]);
        }
        putchar('\n');
    }
}

static void report(int was_over)
{
    const struct unit *decider = NULL;
    int code = was_over ? core_exit_code(&core, &decider) : -1;
    const char *phase = was_over ? core_phase_name(code) : "-";
    log_line("pod %d %d %s %s", core.state, code, phase, decider ? decider->name : "-");
    log_line("books %u %u %u %u %u %u %u", core.impossible, core.lost_events, core.orphans_reaped, core.dropped_lines,
             fake.lost, peak, core.queue.room);
    report_units();
    report_cells();
    report_sinks();
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
    for (char *save, *line = strtok_r(request, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        read_line(line);
    core_set_up(&core);
    loop_run(&core);
    int was_over = core.state == POD_OVER;
    log_finish(&core);
    report(was_over);
}

static int play_in_child(char *request)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS);
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
            printf("end %d\n", play_in_child(request));
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
