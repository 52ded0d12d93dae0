/* Signals in and out. All are blocked from our first instruction and read from a signalfd, so none is lost; what each
 * one does is the plan's word. It must never signal a number that is not a leader of ours still to be reaped.
 */

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core.h"
#include "say.h"

enum { BATCH = 16 };

/* Everything is held; a fault of our own, which the kernel forces, still is one. given: the mask that children start
 * with. An ignored SIGCHLD, inherited, would make the kernel reap behind our back. */
void signal_hold_all(uint64_t *given)
{
    struct sigaction child = {.sa_handler = SIG_DFL};
    sys_hold(SIG_BLOCK, ~UINT64_C(0), given);
    sigaction(SIGCHLD, &child, NULL);
}

/* The group is the leader's number from the moment the child has called setsid; until then there is only the leader.
 * It may leave that group, too, and others of it stay. */
static void send(struct core *c, struct unit *u, int sig, int to_group)
{
    if (u->pid == 0)
        return;
    int result = to_group ? sys_kill(-u->pid, sig) : -ESRCH;
    if (result == -ESRCH || (to_group && sys_group_of(u->pid) != u->pid))
        result = sys_kill(u->pid, sig);
    if (result == -EPERM)
        warn(c, "%s: cannot send %s: %s", u->name, signal_word((uint8_t)sig), say_error(EPERM));
}

void signal_to_unit(struct core *c, struct unit *u, int sig)
{
    int to_group = u->plan->stop_scope == STOP_SCOPE_GROUP;
    if (to_group || !notify_signal(u, sig))
        send(c, u, sig, to_group);
}

void signal_kill_unit(struct core *c, struct unit *u) { send(c, u, SIGKILL, 1); }

static void stop_all(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        send(c, c->units[i], SIGSTOP, 1);
}

/* Where we or a terminal have stopped them, the whole group; else CONT is a signal like any other. */
static void continue_all(struct core *c, int whole)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        send(c, c->units[i], SIGCONT, whole || c->units[i]->plan->forward_scope == STOP_SCOPE_GROUP);
}

static void pass_on(struct core *c, struct unit *u, int sig, int to_end)
{
    int to_group = u->plan->forward_scope == STOP_SCOPE_GROUP;
    send(c, u, sig, to_group);
    if (to_end)
        send(c, u, SIGCONT, to_group);  /* a stopped process would never see it */
}

/* TERM, and whatever stands for it. */
static void forward(struct core *c, const struct plan_rule *rule, uint32_t received)
{
    const uint32_t *targets = c->plan.targets + rule->targets.first;
    int to_end = rule->send == SIGTERM || received == SIGTERM;
    for (uint32_t i = 0; rule->targets.count == 0 && i < c->unit_count; i++)
        pass_on(c, c->units[i], rule->send, to_end);
    for (uint32_t i = 0; i < rule->targets.count; i++)
        pass_on(c, c->units[targets[i]], rule->send, to_end);
}

/* PID 1 cannot stop itself: the kernel drops a STOP that comes from inside its namespace. Nor must we if somebody has
 * said meanwhile that we shall go on: he will not say it again. */
void signal_stand_still(struct core *c)
{
    terminal_pause(c);
    if (!c->is_init && !(sys_pending() & SYS_SIGNAL_BIT(SIGCONT)))
        sys_kill(c->self, SIGSTOP);
}

static void freeze(struct core *c)
{
    if (c->frozen_since)
        return;
    c->frozen_since = c->now;
    terminal_await(c);
    stop_all(c);
    if (!c->terminal.awaited)
        signal_stand_still(c);
}

void signal_thaw(struct core *c)
{
    int whole = c->frozen_since || c->terminal.unit;
    if (c->frozen_since) {
        c->now = sys_now();
        timer_shift_all(c, c->now - c->frozen_since);
        c->frozen_since = 0;
    }
    terminal_resume(c);
    continue_all(c, whole);
}

void signal_told(struct core *c, uint8_t by)
{
    c->told_by = by;
    step_post(c, MACHINE_POD, NULL, POD_EVENT_TOLD);
}

/* It may be heard of twice, which must not make haste of it. Where it is plain, the HUP that the kernel sends is all
 * there is to it. */
void signal_lost_terminal(struct core *c)
{
    if (c->told_by != SIGHUP && !c->plan.pod->plain_hangup)
        signal_told(c, SIGHUP);
}

const char *signal_teller(const struct core *c)
{
    return c->told_by == TOLD_BY_CONTROL ? "the control socket" : c->told_by ? signal_word(c->told_by) : NULL;
}

static int is_stop(uint32_t sig) { return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU; }

static void take(struct core *c, const struct signalfd_siginfo *info)
{
    const struct plan_rule *rule = &c->plan.rules[info->ssi_signo];
    int is_ours = info->ssi_pid == (uint32_t)c->self;
    if ((info->ssi_signo == SIGPIPE || info->ssi_signo == SIGXFSZ) && is_ours)
        return;  /* our own write, to a reader that has gone or beyond what a file may hold */
    if (is_stop(info->ssi_signo) && is_ours && rule->verb == SIGNAL_VERB_FORWARD) {
        freeze(c);  /* terminal.c's word to our group: who it would be forwarded to has stopped already */
        return;
    }
    if (info->ssi_signo == SIGHUP && info->ssi_code == SI_KERNEL && !c->plan.pod->plain_hangup) {
        signal_lost_terminal(c);  /* our terminal is gone, nobody sent this */
        return;
    }
    switch ((enum signal_verb)rule->verb) {
    case SIGNAL_VERB_IGNORE: break;
    case SIGNAL_VERB_FORWARD: forward(c, rule, info->ssi_signo); break;
    case SIGNAL_VERB_STOP: signal_told(c, (uint8_t)info->ssi_signo); break;
    case SIGNAL_VERB_FREEZE: freeze(c); break;
    case SIGNAL_VERB_THAW: signal_thaw(c); break;
    case SIGNAL_VERB_OWN: c->reap_more = 1; break;
    case SIGNAL_VERB_COUNT: break;
    }
}

void signal_read(struct core *c)
{
    struct signalfd_siginfo batch[BATCH];
    int64_t size = sizeof batch;
    while (size == sizeof batch && (size = sys_read(c->signals, batch, sizeof batch)) > 0)
        for (size_t i = 0; i < (size_t)size / sizeof *batch; i++)
            take(c, &batch[i]);
}
