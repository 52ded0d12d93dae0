/* What programs say of themselves: datagrams in the manner of sd_notify into the unit's mailbox, or one line on a
 * descriptor of the instance's own (s6). A message belongs to the unit in whose mailbox it was; whoever sent it may be
 * gone by then, so the sender's uid alone says whether it counts. It must never wait, and never believe a number.
 */

#include <errno.h>
#include <fcntl.h>

#include "action.h"
#include "core.h"
#include "notice.h"
#include "say.h"

enum { MESSAGE_MOST = 4096, LINE_PIECE = 256 };
enum { AT_ONCE = 16 };          /* messages a wake-up, so that a flood holds up nobody else */
enum { LEFT_MOST = 4096 };      /* messages thrown away before a start: more than a queue holds */
enum told { TOLD_STRANGER = 1, TOLD_LONG = 2, TOLD_MAIN = 4 };

/* --- opening and closing --- */

void notify_open(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++) {
        struct unit *u = c->units[i];
        int result = u->plan->notify_socket ? mailbox_open(c, u) : 0;
        if (result < 0)
            die(EXIT_SET_UP, "cannot open the notify socket of %s: %s", u->name, say_error(-result));
    }
}

static void close_end(int32_t *end)
{
    if (*end >= 0)
        sys_close(*end);
    *end = -1;
}

static void close_line(struct core *c, struct notes *n)
{
    if (n->line >= 0)
        loop_forget(c, n->line);
    close_end(&n->line);
}

static int open_line(struct core *c, struct unit *u)
{
    int ends[2], result = sys_pipe(ends);
    if (result < 0)
        return result;
    u->notes->line = ends[0];
    u->notes->child_end = ends[1];
    if ((result = sys_nonblocking(ends[0], O_RDONLY)) >= 0)
        result = loop_watch(c, ends[0], EPOLLIN, WATCH_NOTIFY, u->slot);
    if (result < 0) {
        close_end(&u->notes->line);
        close_end(&u->notes->child_end);
    }
    return result;
}

/* What is left was said by the instance before. Some of it may have to wait for a child that takes it out. */
static void throw_away(struct core *c, struct unit *u)
{
    struct sys_sender from;
    int64_t size = 0;
    for (int i = 0; i < LEFT_MOST && (size = mailbox_look(u, NULL, 0, &from)) >= 0; i++)
        mailbox_drop(c, u, &from);
    u->notes->stale = u->notes->helper || u->notes->held;
}

int notify_open_unit(struct core *c, struct unit *u)
{
    struct notes *n = u->notes;
    int result;
    if (!n)
        return 0;
    if (u->plan->notify_socket && n->socket < 0 && (result = mailbox_open(c, u)) < 0)
        return result;
    throw_away(c, u);
    n->status[0] = 0;
    n->error = n->main_pid = 0;
    return u->plan->notify_fd == PLAN_NONE ? 0 : open_line(c, u);
}

void notify_started(struct unit *u)
{
    if (u->notes)
        close_end(&u->notes->child_end);
}

void notify_forget(struct core *c, struct unit *u)
{
    struct notes *n = u->notes;
    struct errand *watchdog = u->errands[ERRAND_WATCHDOG];
    u->notified = u->unwell = 0;
    if (!n)
        return;
    if (n->error && u->code)
        say(c, "%s: the error it told of: %d, %s", u->name, (int)n->error, say_error(n->error));
    close_line(c, n);
    close_end(&n->child_end);
    close_end(&n->main);
    n->extended_to = 0;
    n->pulse = PULSE_NONE;
    if (watchdog)
        watchdog->timeout_ns = watchdog->plan->timeout_ns;
}

/* --- errands that the program answers by itself --- */

typedef void settler(struct core *, struct errand *);

static void prolong(struct core *c, uint32_t timer, uint64_t until)
{
    uint64_t when = timer_when(c, timer);
    if (when && when < until)
        timer_arm(c, timer, until);
}

static void settle_startup(struct core *c, struct errand *e)
{
    if (e->unit->notified)
        errand_answer(c, e, ANSWER_WELL, WHY_NOTHING, 0);
    else
        prolong(c, timer_of_errand(c, e), e->unit->notes->extended_to);
}

static void settle_readiness(struct core *c, struct errand *e)
{
    int is_well = e->unit->notified && !e->unit->unwell;
    if (is_well != e->unit->ready)
        errand_answer(c, e, is_well ? ANSWER_WELL : ANSWER_BADLY, is_well ? WHY_NOTHING : WHY_SAID, 0);
}

static void settle_watchdog(struct core *c, struct errand *e)
{
    uint8_t *pulse = &e->unit->notes->pulse;
    if (*pulse == PULSE_BEAT)
        errand_answer(c, e, ANSWER_WELL, WHY_NOTHING, 0);
    else if (*pulse == PULSE_TRIGGER)
        errand_answer(c, e, ANSWER_BADLY, WHY_SAID, 0);
    *pulse = PULSE_NONE;
}

/* A plan that names another kind here is refused. */
static settler *const settlers[PROBES] = {
    [ERRAND_STARTUP] = settle_startup,
    [ERRAND_READINESS] = settle_readiness,
    [ERRAND_WATCHDOG] = settle_watchdog,
};

void notify_begin(struct core *c, struct errand *e) { settlers[e->plan->kind](c, e); }

static void settle(struct core *c, struct unit *u, enum errand_kind kind)
{
    struct errand *e = u->errands[kind];
    if (e && e->busy && e->plan->handler == HANDLER_NOTIFY)
        settlers[kind](c, e);
}

/* --- what is said --- */

/* In ns; what would be past all durations is the longest. */
static uint64_t span(uint64_t usec) { return usec < PLAN_MAX_NS / 1000 ? usec * 1000 : PLAN_MAX_NS; }

static void hear_status(struct notes *n, const struct notice *said)
{
    uint32_t size = said->status_size;
    if (size >= sizeof n->status)
        for (size = sizeof n->status - 1; size && (said->status[size] & 0xc0) == 0x80; size--)
            ;  /* a character is shown whole or not at all */
    for (uint32_t i = 0; i < size; i++)
        n->status[i] = said->status[i];
    n->status[size] = 0;
}

static void refuse(struct core *c, struct unit *u, enum told once, const char *why, uint64_t number)
{
    u->notes->refused++;
    if (!(u->notes->told & once))
        warn(c, "%s: a notify message %s %lu: ignored, as all further ones", u->name, why, number);
    u->notes->told |= (uint8_t)once;
}

/* Held before it is looked at, so that a number which is somebody else's by then is never signalled. */
static void hear_main(struct core *c, struct unit *u, int32_t pid)
{
    struct notes *n = u->notes;
    int fd = pid == u->pid ? -1 : sys_pidfd(pid);
    if (pid != u->pid && (fd < 0 || !stray_is_of(c, u, pid))) {
        refuse(c, u, TOLD_MAIN, "names a main process that is none of the unit's:", (uint64_t)pid);
        close_end(&fd);
        return;
    }
    close_end(&n->main);
    n->main = fd;
    n->main_pid = pid;
}

/* Only a stop that has begun has a timer of its own to move; the pod's budget it cannot move. */
static void hear_extension(struct core *c, struct unit *u, uint64_t usec)
{
    u->notes->extended_to = c->now + span(usec);
    if (u->life != LIFE_TERM_SENT)
        return;
    prolong(c, timer_of_unit(u), u->notes->extended_to);
    if (c->budget_running)
        act_clip_grace(c, u);
}

/* As for systemd, neither 0 nor what cannot be counted is a time. */
static void hear_watchdog_time(struct core *c, struct unit *u, uint64_t usec)
{
    struct errand *e = u->errands[ERRAND_WATCHDOG];
    if (!e)
        return;
    e->timeout_ns = usec == UINT64_MAX ? 0 : span(usec);
    if (!e->busy)
        return;
    if (e->timeout_ns)
        timer_arm(c, timer_of_errand(c, e), c->now + e->timeout_ns);
    else
        timer_disarm(c, timer_of_errand(c, e));
}

/* Reloading and ready in one breath: it has reloaded already. */
static void hear_state(struct unit *u, const struct notice *said)
{
    if (said->ready) {
        u->notified = 1;
        u->unwell = 0;
    } else if (said->reloading) {
        u->unwell = 1;
    }
    if (said->stopping)
        u->unwell = 1;
}

static void hear(struct core *c, struct unit *u, const struct notice *said)
{
    struct notes *n = u->notes;
    if (said->has_status)
        hear_status(n, said);
    if (said->has_errno)
        n->error = said->errno_value;
    if (said->has_mainpid)
        hear_main(c, u, said->mainpid);
    if (said->has_watchdog_usec)
        hear_watchdog_time(c, u, said->watchdog_usec);
    if (said->has_extend_timeout_usec)
        hear_extension(c, u, said->extend_timeout_usec);
    if (said->watchdog || said->watchdog_trigger)
        n->pulse = said->watchdog_trigger ? PULSE_TRIGGER : PULSE_BEAT;
    hear_state(u, said);
    for (enum errand_kind kind = ERRAND_STARTUP; kind <= ERRAND_WATCHDOG; kind++)
        settle(c, u, kind);
    if (n->pulse == PULSE_BEAT)
        n->pulse = PULSE_NONE;  /* nobody waited for it; a trigger is kept */
}

/* --- receiving --- */

/* The unit's user, root, or ours: who may signal it may speak for it. */
static int may_speak(const struct unit *u, uint32_t uid)
{
    return uid == 0 || uid == sys_uid() || stray_runs_as(u->pid, uid);
}

/* Behind what the instance before has said: only who lives, and so is of this one, can be told from those. */
static int is_stale(struct core *c, struct unit *u, int32_t pid)
{
    return u->notes->stale && pid != u->pid && !stray_is_of(c, u, pid);
}

static void weigh(struct core *c, struct unit *u, const char *text, int64_t size, const struct sys_sender *from)
{
    struct notice said;
    if (u->pid == 0 || is_stale(c, u, from->pid))
        return;
    if (!may_speak(u, from->uid))
        refuse(c, u, TOLD_STRANGER, "came from a stranger, uid", from->uid);
    else if (size > MESSAGE_MOST)
        refuse(c, u, TOLD_LONG, "is longer than 4096 bytes:", (uint64_t)size);
    else if (notice_parse(text, (size_t)size, &said))
        hear(c, u, &said);
    step_all(c);
}

/* 0 when there is none. What BARRIER=1 asks for needs no word: its descriptor is closed as the message is taken out,
 * when all that was said before, and all that followed from it, is done. */
static int receive(struct core *c, struct unit *u)
{
    char text[MESSAGE_MOST];
    struct sys_sender from;
    int64_t size = mailbox_look(u, text, sizeof text, &from);
    if (size < 0) {
        u->notes->stale &= u->notes->helper || u->notes->held;
        return 0;
    }
    weigh(c, u, text, size, &from);
    mailbox_drop(c, u, &from);
    return 1;
}

/* The first newline says it, and all is said. */
static void read_line(struct core *c, struct unit *u)
{
    char piece[LINE_PIECE];
    int64_t size = sys_read(u->notes->line, piece, sizeof piece);
    if (size == -EAGAIN || size == -EINTR)
        return;
    for (int64_t i = 0; i < size && !u->notified; i++)
        u->notified = piece[i] == '\n';
    if (size <= 0 || u->notified)
        close_line(c, u->notes);
    settle(c, u, ERRAND_STARTUP);
}

void notify_read(struct core *c, struct unit *u)
{
    if (!u->notes)
        return;
    if (u->notes->line >= 0)
        read_line(c, u);
    for (int i = 0; i < AT_ONCE && receive(c, u); i++)
        ;
}

/* To the main process that the program named; 0 when it named none, or that one is gone. */
int notify_signal(const struct unit *u, int sig)
{
    return u->notes && u->notes->main >= 0 && sys_pidfd_signal(u->notes->main, sig) == 0;
}
