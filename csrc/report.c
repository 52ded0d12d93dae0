/* The end as JSON for machines (--report) and as a sentence for the outer runtime (termination_message_path). Runs in a
 * short-lived child: the files may lie on a disk that hangs, and PID 1 leaves in time whatever they do.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "json.h"
#include "say.h"

enum { MESSAGE_MOST = 4096 };

struct out { int fd; struct json json; char buffer[32768]; };  /* room for several units */

static void flush(struct out *o)
{
    struct json *j = &o->json;
    for (size_t done = 0; done < j->size;) {
        ssize_t n = write(o->fd, o->buffer + done, j->size - done);
        if (n < 0 && errno != EINTR)
            _exit(errno);
        done += n > 0 ? (size_t)n : 0;
    }
    if (j->broken)
        _exit(EMSGSIZE);
    j->size = 0;
}

static void put_code(struct json *j, const struct unit *u)
{
    static const char *const keys[] = {"exitCode", "rawExitCode", "signal"};
    const uint8_t codes[] = {u->code, u->raw_code, u->signal};
    for (size_t i = 0; i < sizeof codes; i++)
        if (u->has_run)
            json_number(j, keys[i], codes[i]);
        else
            json_null(j, keys[i]);
    json_word(j, "reason", u->has_run || u->blamed_dependency ? step_reason(u) : NULL);
}

/* What the last instance said of itself. */
static void put_notes(struct json *j, const struct notes *n)
{
    json_word(j, "statusText", n && *n->status ? n->status : NULL);
    json_signed(j, "errno", n ? n->error : 0);
    json_signed(j, "mainPid", n ? n->main_pid : 0);
    json_number(j, "refusedMessages", n ? n->refused : 0);
}

static void put_message(struct json *j, const struct unit *u)
{
    const char *message;
    size_t size = message_of(u, u->book.instances, &message);
    if (size)
        json_text(j, "message", message, size);
    else
        json_null(j, "message");
}

static void put_unit(struct json *j, const struct plan *plan, const struct unit *u)
{
    json_gap(j, "\n    ");
    json_object_begin(j, NULL);
    json_word(j, "name", plan_text(plan, u->plan->name));
    json_word(j, "kind", kind_word(u->plan->kind));
    json_word(j, "state", life_word(u->life));
    json_word(j, "outcome", u->life == LIFE_ENDED ? outcome_word(u->outcome) : NULL);
    put_code(j, u);
    json_number(j, "restartCount", u->restarts);
    json_time(j, "startedAt", u->started_wall);
    json_time(j, "finishedAt", u->ended_wall);
    json_number(j, "leftBehind", u->book.ends[0].left_behind);
    put_message(j, u);
    put_notes(j, u->notes);
    json_object_end(j);
}

static void put_pod(struct json *j, const struct core *c, int code, const struct unit *decider)
{
    const struct cause *cause = step_cause(c->cause);
    json_number(j, "version", 1);
    json_word(j, "pod", plan_text(&c->plan, c->plan.pod->name));
    json_gap(j, "\n  ");
    json_word(j, "phase", core_phase_name(code));
    json_signed(j, "exitCode", code);
    json_word(j, "reason", cause->reason);
    json_word(j, "message", core_why(c, c->cause));
    json_word(j, "decidedBy", decider ? plan_text(&c->plan, decider->plan->name) : NULL);
    json_word(j, "toldBy", signal_teller(c));
    json_gap(j, "\n  ");
    json_time(j, "startedAt", c->began_wall);
    json_time(j, "finishedAt", sys_wall());
    json_gap(j, "\n  ");
    json_number(j, "orphansReaped", c->orphans_reaped);
    json_number(j, "droppedLines", c->dropped_lines);
    json_number(j, "impossibleEvents", c->impossible);
}

static void put_report(struct out *o, const struct core *c, int code, const struct unit *decider)
{
    struct json *j = &o->json;
    json_start(j, o->buffer, sizeof o->buffer);
    json_object_begin(j, NULL);
    put_pod(j, c, code, decider);
    json_gap(j, "\n  ");
    json_list_begin(j, "units");
    for (uint32_t i = 0; i < c->unit_count; i++) {
        message_read_path(c, c->units[i]);  /* whoever was to tell of it may have been ended with all others */
        if (j->size > sizeof o->buffer / 2)
            flush(o);
        put_unit(j, &c->plan, c->units[i]);
    }
    json_gap(j, "\n  ");
    json_list_end(j);
    json_gap(j, "\n");
    json_object_end(j);
    json_line_end(j);
    flush(o);
}

/* "pod demo Failed: every service has ended and one failed (web ended with 3); exit code 3"
 * "pod demo Succeeded: it was told to stop by SIGTERM; exit code 0" */
size_t report_sentence(const struct core *c, int code, const struct unit *decider, char *out, size_t room)
{
    const char *name = plan_text(&c->plan, c->plan.pod->name);
    size_t size = say_format(out, room, "pod %s %s: %s", name, core_phase_name(code), core_why(c, c->cause));
    if (c->cause == POD_EVENT_TOLD && signal_teller(c))
        size += say_format(out + size, room - size, " by %s", signal_teller(c));
    if (decider && decider->has_run && decider->signal)
        size += say_format(out + size, room - size, " (%s was ended by %s)", decider->name,
                           signal_word(decider->signal));
    else if (decider && decider->has_run && decider->start_stage && decider->plan->unstartable_code)
        size += say_format(out + size, room - size, " (%s could not be executed)", decider->name);
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
    fcntl(report, F_SETFL, O_WRONLY);  /* opened without waiting; here it may */
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

/* Where a filter lets nobody have a pidfd, the end of its pipe tells nearly the same. */
void report_write(struct core *c, int report, int code, const struct unit *decider)
{
    int ends[2] = {-1, -1};
    if (report < 0 && c->plan.pod->termination_message.size == 0)
        return;
    sys_pipe(ends);
    int32_t pid = sys_fork_apart();
    if (pid == 0)
        write_all(c, report, code, decider);
    int pidfd = pid > 0 ? sys_pidfd(pid) : -1;
    sys_close(ends[1]);
    struct pollfd ended = {pidfd >= 0 ? pidfd : ends[0], POLLIN, 0};
    struct sys_exit end = {0};
    if (pid < 0 || poll(&ended, 1, patience(c)) != 1)
        warn(c, "cannot write the report or the termination message in time");
    else if (sys_reap_apart(pid, &end) == 1 && end.code)
        warn(c, "cannot write the report: %s", end.by_signal ? signal_word(end.code) : say_error(end.code));
}
