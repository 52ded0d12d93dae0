/* Reads what the driver is asked to play into the fake kernel: one word and its numbers a line, as driver.c says. It
 * must never run anything of it.
 */
#include "fake.h"
#include "sight.h"

#include <stdlib.h>
#include <string.h>

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
        plan_open(&fake.core->plan, (uint8_t *)bytes);
        why = load_programs(&fake.core->plan, given, NULL, fake.core->mark, NULL, &fake.core->loaded);
        plan_forget(fake.core->plan.bytes);
        fake.core->given_files = (struct rlimit){512, 512};
    }
    if (why)
        broken(why);
    fake.core->unit_count = fake.core->plan.unit_count;
    fake.core->given = given;
    fake.behaviours = calloc(fake.core->unit_count + SPARE, sizeof *fake.behaviours);
    for (uint32_t i = 0; i < fake.core->unit_count + SPARE; i++)
        fake.behaviours[i].ready_after = NEVER;
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

static void read_answer(const char *words)
{
    unsigned u, errand, kind;
    unsigned long after;
    sscanf(words, "%u %u %u %lu", &u, &errand, &kind, &after);
    fake.behaviours[u].replies[errand] = (struct reply){(enum reply_kind)kind, after};
}

static void read_ready(const char *words)
{
    unsigned u;
    unsigned long after;
    sscanf(words, "%u %lu", &u, &after);
    fake.behaviours[u].ready_after = after;
}

static void read_stray(const char *words)
{
    struct process *p = kernel_add(fake.core->self, -1);
    p->reaction = (enum reaction)atoi(words);
    p->is_stray = p->executed = 1;
}

static void read_sink(const char *words)
{
    unsigned k, type, reopens, has_nowait;
    long room, most;
    sscanf(words, "%u %u %u %u %ld %ld", &k, &type, &reopens, &has_nowait, &room, &most);
    sinks[k] = (struct fake_sink){type, (uint8_t)reopens, (uint8_t)has_nowait, or_never(room), or_never(most), NULL, 0, 0};
}

static void read_terminal(const char *words) { sinks[atoi(words)].is_terminal = 1; }

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
    } else if (strcmp(kind, "oom") == 0) {
        f.kind = FACT_OOM;
        f.unit = atoi(rest);
    } else if (strcmp(kind, "turned") == 0) {
        f.kind = FACT_TURNED;
        sscanf(rest, "%d %d %d %lu", &f.unit, &f.a, &f.b, &f.size);
    } else if (strcmp(kind, "notified") == 0) {
        f.kind = FACT_NOTIFIED;
        sscanf(rest, "%d %d", &f.unit, &f.a);
    } else if (strcmp(kind, "file") == 0) {
        f.kind = FACT_FILE;
        sscanf(rest, "%d %n", &f.a, &used);
        f.text = strdup(rest + used);
    } else if (strcmp(kind, "volume") == 0) {
        f.kind = FACT_VOLUME;
        f.text = strdup(rest);
    } else if (strcmp(kind, "fetch") == 0) {
        f.kind = FACT_FETCH;
        f.text = strdup(rest);
    } else if (strcmp(kind, "client") == 0) {
        f.kind = FACT_CLIENT;
        fake.has_door = 1;
        sscanf(rest, "%d %n", &f.a, &used);
        int speaks = strncmp(rest + used, "says ", 5) == 0;
        f.text = speaks ? from_hex(rest + used + 5, &f.size) : strdup(rest + used);
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
        {"plan", open_plan}, {"unit", read_unit}, {"start", read_start}, {"answer", read_answer}, {"ready", read_ready},
        {"stray", read_stray}, {"sink", read_sink}, {"terminal", read_terminal}, {"fail", read_fault}, {"at", read_fact},
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
        fake.core->quiet = 1;
    else if (strcmp(line, "ties") == 0)
        fake.has_ties = 1;
    else if (strcmp(line, "grace") == 0)
        fake.core->grace_override = strtoul(words, NULL, 10);
    else if (strcmp(line, "files") == 0)
        fake.core->given_files = (struct rlimit){strtoul(words, NULL, 10), strtoul(words, NULL, 10)};
    else if (strcmp(line, "init") == 0)
        fake.core->is_init = (uint8_t)atoi(words);
    else if (strcmp(line, "records") == 0)
        sight.shows_records = 1;
    else if (strcmp(line, "metrics") == 0)
        sight.metrics_room = (uint32_t)atoi(words);
    else if (strcmp(line, "events") == 0)
        sight.events = atoi(words);
    else
        broken("the driver does not know a word of the request");
}

void script_read(char *request)
{
    for (char *save, *line = strtok_r(request, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        read_line(line);
}
