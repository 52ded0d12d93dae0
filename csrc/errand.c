/* Errands: what the core does for a unit besides running it: probes and hooks. An attempt is begun, and answered once
 * or ended before; how it is made is spawn.c's, dial.c's and notify.c's business, what an answer means that of the
 * tables. It must never wait for an answer.
 */

#include <errno.h>

#include "core.h"
#include "say.h"

static const char *const kind_words[ERRAND_COUNT] = {
    [ERRAND_STARTUP] = "startup probe",   [ERRAND_LIVENESS] = "liveness probe", [ERRAND_READINESS] = "readiness probe",
    [ERRAND_WATCHDOG] = "watchdog",       [ERRAND_POST_START] = "post_start",   [ERRAND_PRE_STOP] = "pre_stop",
};

enum { HEARD_AT_ONCE = 4096 };

static int is_probe(const struct errand *e) { return e->plan->kind < PROBES; }

static enum machine machine_of(const struct errand *e) { return (enum machine)(MACHINE_STARTUP + e->plan->kind); }

/* --- words --- */

static const char *lateness(const struct errand *e)
{
    if (e->plan->kind == ERRAND_WATCHDOG)
        return "said nothing for";
    return e->plan->handler == HANDLER_NOTIFY ? "did not say that it is ready within" : "no answer within";
}

const char *errand_kind_word(uint8_t kind) { return kind_words[kind]; }

size_t errand_format_why(const struct errand *e, enum why why, int32_t number, char *out, size_t room)
{
    switch (why) {
    case WHY_NOTHING: return 0;
    case WHY_TIME: return say_format(out, room, "%s %t", lateness(e), e->timeout_ns);
    case WHY_STATUS: return say_format(out, room, "HTTP status %d", (int)number);
    case WHY_SYSTEM: return say_format(out, room, "%s", say_error(number));
    case WHY_EXIT: return say_format(out, room, "exit code %d", (int)number);
    case WHY_SIGNAL: return say_format(out, room, "ended by %s", signal_word((uint8_t)number));
    case WHY_GARBAGE: return say_format(out, room, "the answer is none of its protocol");
    case WHY_CLOSED: return say_format(out, room, "the connection was closed");
    case WHY_REDIRECTS: return say_format(out, room, "too many redirects");
    case WHY_SERVING: return say_format(out, room, "it is not serving");
    case WHY_SAID: return say_format(out, room, "it says so itself");
    }
    return 0;
}

/* With what its command said, of a probe that is one. */
size_t errand_why(const struct errand *e, char *out, size_t room)
{
    const struct heard *heard = &e->reply.heard;
    size_t size = errand_format_why(e, (enum why)e->why, e->number, out, room);
    if (e->plan->handler != HANDLER_EXEC || e->why == WHY_NOTHING || e->why == WHY_SYSTEM || !heard->size)
        return size;
    return size + say_format(out + size, room - size, ": %s", heard->text);
}

static void tell(struct core *c, const struct errand *e, const char *what)
{
    char why[128];
    why[errand_why(e, why, sizeof why - 1)] = 0;
    say(c, "%s: %s %s: %s", e->unit->name, kind_words[e->plan->kind], what, why);
}

/* --- what a probe's command writes --- */

static void hear_byte(struct heard *h, char byte)
{
    if (h->is_old)
        *h = (struct heard){0};
    if (byte == '\n')
        h->is_over = h->size != 0;
    else if (!h->is_over && h->size < sizeof h->text - 1)
        h->text[h->size++] = byte >= 0 && (byte < ' ' || byte == 0x7f) ? ' ' : byte;
}

/* All there is, a piece a turn: it must not wait for us because nobody wants more than a line. */
static void hear(struct core *c, struct errand *e)
{
    int64_t size = sys_read(e->fd, c->scratch, HEARD_AT_ONCE);
    for (int64_t i = 0; i < size; i++)
        hear_byte(&e->reply.heard, c->scratch[i]);
    if (size == 0)
        errand_hush(c, e);
}

void errand_hush(struct core *c, struct errand *e)
{
    if (e->fd < 0)
        return;
    loop_forget(c, e->fd);
    sys_close(e->fd);
    e->fd = -1;
}

void errand_ready(struct core *c, struct errand *e)
{
    if (e->plan->handler != HANDLER_EXEC)
        dial_ready(c, e);
    else if (e->fd >= 0)
        hear(c, e);
}

/* What it wrote last is in the pipe still. */
static void hear_last(struct core *c, struct errand *e)
{
    if (e->fd >= 0)
        hear(c, e);
    errand_hush(c, e);
    if (e->plan->handler == HANDLER_EXEC && e->reply.heard.is_old)
        e->reply.heard = (struct heard){0};
}

/* --- attempts --- */

static void ask(struct core *c, struct errand *e)
{
    int result;
    e->busy = 1;
    e->doubtful = 0;
    switch ((enum handler)e->plan->handler) {
    case HANDLER_EXEC:
        if ((result = spawn_errand(c, e)) < 0)
            errand_answer(c, e, ANSWER_ERROR, WHY_SYSTEM, -result);
        break;
    case HANDLER_HTTP_GET:
    case HANDLER_TCP_SOCKET:
    case HANDLER_GRPC: dial_begin(c, e); break;
    case HANDLER_SLEEP: timer_arm(c, timer_of_errand(c, e), c->now + e->plan->timeout_ns); break;
    case HANDLER_NOTIFY: notify_begin(c, e); break;
    case HANDLER_COUNT: break;
    }
}

/* What could not be asked is asked again at once, a few times; then it means nothing. */
static void try(struct core *c, struct errand *e)
{
    e->asking = 1;
    while (e->tries == 0 || (e->errored && e->tries < ERROR_TRIES)) {
        e->errored = 0;
        e->tries++;
        ask(c, e);
    }
    e->asking = 0;
    if (e->errored) {
        e->errored = 0;
        e->book.errors++;
        tell(c, e, "could not be asked");
        step_post(c, machine_of(e), e->unit, PROBE_EVENT_COUNTED);
    }
}

void errand_begin(struct core *c, struct errand *e)
{
    e->tries = 0;
    e->tried_at = e->book.asked_at = c->now;
    if (is_probe(e))
        try(c, e);
    else
        ask(c, e);
}

/* Answers in a row, and whether they are enough. */
void errand_count(struct core *c, struct errand *e, int well)
{
    const struct plan_errand *plan = e->plan;
    e->run = e->run && e->last == well ? e->run + 1 : 1;
    e->last = (uint8_t)well;
    book_answer(c, e, well);
    if (!well && e->run == 1)
        tell(c, e, "failed");
    uint8_t event = well && e->run >= plan->success_threshold    ? PROBE_EVENT_PASSED
                    : !well && e->run >= plan->failure_threshold ? PROBE_EVENT_FAILED
                                                                 : PROBE_EVENT_COUNTED;
    step_post(c, machine_of(e), e->unit, event);
}

static void end_hook(struct core *c, struct errand *e, int well)
{
    timer_disarm(c, timer_of_errand(c, e));
    book_answer(c, e, well);
    if (!well)
        tell(c, e, "failed");
    step_post_first(c, MACHINE_LIFE, e->unit, well ? LIFE_EVENT_HOOK_DONE : LIFE_EVENT_HOOK_FAILED);
}

void errand_answer(struct core *c, struct errand *e, enum answer answer, enum why why, int32_t number)
{
    if (!e->busy)
        return;
    e->busy = 0;
    e->why = (uint8_t)why;
    e->number = number;
    if (!is_probe(e)) {
        end_hook(c, e, answer == ANSWER_WELL);
    } else if (answer == ANSWER_ERROR) {
        e->errored = 1;
        if (!e->asking)
            try(c, e);
    } else {
        errand_count(c, e, answer == ANSWER_WELL);
    }
}

/* A child that is not reaped yet is forgotten: the next attempt may have one of its own. */
static void end_exec(struct core *c, struct errand *e)
{
    hear_last(c, e);
    if (e->handshake >= 0) {
        loop_forget(c, e->handshake);
        sys_close(e->handshake);
        e->handshake = -1;
    }
    if (e->pid == 0)
        return;
    if (sys_kill(-e->pid, SIGKILL) == -ESRCH)
        sys_kill(e->pid, SIGKILL);
    e->pid = 0;
    c->execs--;
    c->forgotten++;
}

void errand_end(struct core *c, struct errand *e)
{
    if (!e->busy)
        return;
    e->busy = 0;
    e->why = WHY_TIME;
    switch ((enum handler)e->plan->handler) {
    case HANDLER_EXEC: end_exec(c, e); break;
    case HANDLER_HTTP_GET:
    case HANDLER_TCP_SOCKET:
    case HANDLER_GRPC: dial_end(c, e); break;
    case HANDLER_SLEEP: timer_disarm(c, timer_of_errand(c, e)); break;
    case HANDLER_NOTIFY:
    case HANDLER_COUNT: break;
    }
}

/* A probe's timer means what its machine's state says, a hook's is the end of its sleep. */
void errand_due(struct core *c, struct errand *e)
{
    if (is_probe(e))
        step_post(c, machine_of(e), e->unit, PROBE_EVENT_DUE);
    else
        errand_answer(c, e, ANSWER_WELL, WHY_NOTHING, 0);
}

/* Its child is a zombie still, whose number is its own. */
void errand_child_ended(struct core *c, struct errand *e, const struct sys_exit *end)
{
    spawn_read_errand_handshake(c, e);
    hear_last(c, e);
    e->pid = 0;
    c->execs--;
    if (e->failed_exec)
        errand_answer(c, e, ANSWER_ERROR, WHY_SYSTEM, e->number);
    else if (end->by_signal)
        errand_answer(c, e, ANSWER_BADLY, WHY_SIGNAL, end->code);
    else
        errand_answer(c, e, end->code ? ANSWER_BADLY : ANSWER_WELL, end->code ? WHY_EXIT : WHY_NOTHING, end->code);
}
