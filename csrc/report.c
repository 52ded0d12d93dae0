/* The end as JSON for machines (--report) and as a sentence for the outer runtime (termination_message_path). Runs in a
 * short-lived child: the files may lie on a disk that hangs, and PID 1 leaves in time whatever they do.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "say.h"

enum { MESSAGE_MOST = 4096 };

struct out { int fd; size_t fill; char buffer[4096]; };

static void flush(struct out *o)
{
    for (size_t done = 0; done < o->fill;) {
        ssize_t n = write(o->fd, o->buffer + done, o->fill - done);
        if (n < 0 && errno != EINTR)
            _exit(1);
        done += n > 0 ? (size_t)n : 0;
    }
    o->fill = 0;
}

static void put(struct out *o, const char *format, ...)
{
    va_list args;
    if (o->fill > sizeof o->buffer / 2)
        flush(o);
    va_start(args, format);
    o->fill += say_formatv(o->buffer + o->fill, sizeof o->buffer - o->fill, format, args);
    va_end(args);
}

static void put_string(struct out *o, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    put(o, "\"");
    for (; text && *text; text++) {
        char one[2] = {*text, 0}, code[3] = {hex[*text >> 4 & 15], hex[*text & 15], 0};
        if (*text == '"' || *text == '\\')
            put(o, "\\%s", one);
        else if ((unsigned char)*text < ' ')
            put(o, "\\u00%s", code);
        else
            put(o, "%s", one);
    }
    put(o, "\"");
}

/* --- time --- */

/* Days since 1970 to a date of the Gregorian calendar, counted in years that begin in March. */
static void date_of(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    uint64_t since = days + 719468, era = since / 146097, of_era = since % 146097;
    uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t from_march = (5 * of_year + 2) / 153;
    *day = (unsigned)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (unsigned)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (unsigned)(year_of_era + era * 400 + (*month <= 2));
}

static void put_padded(struct out *o, unsigned number, unsigned width)
{
    for (unsigned limit = 10; width > 1; width--, limit *= 10)
        if (number < limit)
            put(o, "0");
    put(o, "%u", number);
}

/* RFC 3339 with microseconds, as Kubernetes' MicroTime; null for a moment that never was. */
static void put_time(struct out *o, uint64_t wall)
{
    unsigned year, month, day, second = (unsigned)(wall / 1000000000 % 86400);
    if (wall == 0) {
        put(o, "null");
        return;
    }
    date_of(wall / 1000000000 / 86400, &year, &month, &day);
    const struct { unsigned number, width; const char *after; } parts[] = {
        {year, 4, "-"}, {month, 2, "-"}, {day, 2, "T"}, {second / 3600, 2, ":"}, {second / 60 % 60, 2, ":"},
        {second % 60, 2, "."}, {(unsigned)(wall / 1000 % 1000000), 6, "Z\""},
    };
    put(o, "\"");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        put_padded(o, parts[i].number, parts[i].width);
        put(o, "%s", parts[i].after);
    }
}

/* --- the report --- */

static void put_code(struct out *o, const struct unit *u)
{
    if (u->has_run)
        put(o, "\"exitCode\": %u, \"rawExitCode\": %u, \"signal\": %u", (unsigned)u->code, (unsigned)u->raw_code,
            (unsigned)u->signal);
    else
        put(o, "\"exitCode\": null, \"rawExitCode\": null, \"signal\": null");
    put(o, ", \"reason\": ");
    if (u->has_run || u->blamed_dependency)
        put_string(o, step_reason(u));
    else
        put(o, "null");
}

/* What the last instance said of itself. */
static void put_notes(struct out *o, const struct notes *n)
{
    put(o, ", \"statusText\": ");
    if (n && *n->status)
        put_string(o, n->status);
    else
        put(o, "null");
    put(o, ", \"errno\": %d, \"mainPid\": %d, \"refusedMessages\": %u", n ? (int)n->error : 0,
        n ? (int)n->main_pid : 0, n ? n->refused : 0);
}

static void put_unit(struct out *o, const struct unit *u)
{
    put(o, "    {\"name\": ");
    put_string(o, u->name);
    put(o, ", \"kind\": \"%s\", \"state\": \"%s\", \"outcome\": ", kind_word(u->plan->kind), life_word(u->life));
    if (u->life == LIFE_ENDED)
        put_string(o, outcome_word(u->outcome));
    else
        put(o, "null");
    put(o, ", ");
    put_code(o, u);
    put(o, ", \"restartCount\": %u, \"startedAt\": ", u->restarts);
    put_time(o, u->started_wall);
    put(o, ", \"finishedAt\": ");
    put_time(o, u->ended_wall);
    put_notes(o, u->notes);
    put(o, "}");
}

static void put_report(struct out *o, const struct core *c, int code, const struct unit *decider)
{
    const struct cause *cause = step_cause(c->cause);
    put(o, "{\n  \"version\": 1,\n  \"pod\": ");
    put_string(o, plan_text(&c->plan, c->plan.pod->name));
    put(o, ",\n  \"phase\": \"%s\",\n  \"exitCode\": %d,\n  \"reason\": \"%s\",\n  \"message\": \"%s\"",
        core_phase_name(code), code, cause->reason, cause->sentence);
    put(o, ",\n  \"decidedBy\": ");
    if (decider)
        put_string(o, decider->name);
    else
        put(o, "null");
    put(o, ",\n  \"toldBy\": ");
    if (c->told_by)
        put_string(o, signal_word(c->told_by));
    else
        put(o, "null");
    put(o, ",\n  \"startedAt\": ");
    put_time(o, c->began_wall);
    put(o, ",\n  \"finishedAt\": ");
    put_time(o, sys_wall());
    put(o, ",\n  \"orphansReaped\": %u,\n  \"droppedLines\": %u,\n  \"impossibleEvents\": %u,\n  \"units\": [\n",
        c->orphans_reaped, c->dropped_lines, c->impossible);
    for (uint32_t i = 0; i < c->unit_count; i++) {
        put_unit(o, &c->units[i]);
        put(o, i + 1 < c->unit_count ? ",\n" : "\n");
    }
    put(o, "  ]\n}\n");
    flush(o);
}

/* "pod demo Failed: every service has ended and one failed (web ended with 3); exit code 3" */
size_t report_sentence(const struct core *c, int code, const struct unit *decider, char *out, size_t room)
{
    const char *name = plan_text(&c->plan, c->plan.pod->name);
    size_t size = say_format(out, room, "pod %s %s: %s", name, core_phase_name(code), step_cause(c->cause)->sentence);
    if (decider && decider->has_run && decider->signal)
        size += say_format(out + size, room - size, " (%s was ended by %s)", decider->name,
                           signal_word(decider->signal));
    else if (decider && decider->has_run)
        size += say_format(out + size, room - size, " (%s ended with %u)", decider->name, (unsigned)decider->code);
    return size + say_format(out + size, room - size, "; exit code %d", code);
}

static void write_message(const struct core *c, int code, const struct unit *decider)
{
    char text[MESSAGE_MOST];
    const char *path = plan_text(&c->plan, c->plan.pod->termination_message);
    int fd = *path ? sys_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    if (fd >= 0)
        sys_write(fd, text, report_sentence(c, code, decider, text, sizeof text));
}

static _Noreturn void write_all(const struct core *c, int report, int code, const struct unit *decider)
{
    struct out o = {.fd = report};
    write_message(c, code, decider);
    if (report >= 0)
        put_report(&o, c, code, decider);
    _exit(0);
}

/* How long the end waits for its own record. What is left of the stop budget is its to use, but no disk that hangs gets
 * more than the most; the least is half of the default margin before the outer runtime kills us. A machine that stands
 * still for a quarter of a second, as busy ones do, is no reason to lose it. */
enum { LEAST_MS = 250, MOST_MS = 2000 };

static int patience(const struct core *c)
{
    uint64_t now = sys_now(), leave = c->limits.leave, least = now + LEAST_MS * 1000000ULL;
    if (!c->budget_running || leave > now + MOST_MS * 1000000ULL)
        return MOST_MS;
    return leave > least ? (int)((leave - now) / 1000000) : LEAST_MS;
}

void report_write(struct core *c, int report, int code, const struct unit *decider)
{
    if (report < 0 && c->plan.pod->termination_message.size == 0)
        return;
    int32_t pid = sys_fork();
    if (pid == 0)
        write_all(c, report, code, decider);
    int pidfd = pid > 0 ? sys_pidfd(pid) : -1;
    struct pollfd ended = {pidfd, POLLIN, 0};
    if (pid < 0 || poll(&ended, 1, patience(c)) != 1)
        warn(c, "cannot write the report or the termination message in time");
}
