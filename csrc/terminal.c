/* The controlling terminal, lent to one unit. That unit does not get a session but a group of its own in ours, and the
 * foreground whenever it is ours to give; so Ctrl-C, Ctrl-Z and changes of the window's size are for it alone, from the
 * kernel. It must never take the foreground from anybody but the unit: a shell above us may have it.
 *
 * What stops the unit's leader is what would have stopped us had we been in its place: under a shell we pass it to our
 * own group, ourselves included, and do then what the plan says of that signal. Every signal is blocked in us, so that
 * TIOCSPGRP from the background is a call that succeeds and not a reason to be stopped.
 */

#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "core.h"
#include "say.h"

static int is_in_foreground(const struct terminal *t) { return sys_terminal_group(t->fd) == sys_group(); }

/* Whether somebody continues us when we stop. A shell with job control gives its jobs a group each; whoever is in the
 * group of the session's leader has no such shell above, and PID 1 cannot stop at all. */
static int can_be_resumed(const struct core *c) { return !c->is_init && sys_group() != sys_session(); }

/* --- finding it --- */

static int open_controlling(const char *path)
{
    int fd = sys_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
    if (fd < 0 || sys_terminal_group(fd) >= 0)
        return fd;
    sys_close(fd);
    return -1;
}

/* A container's first process may have to ask for what it was given. 0: none of our streams is a terminal at all. */
static int claim(void)
{
    int result = -1, is_one = 0;
    for (int fd = 0; fd < 3 && result < 0; fd++) {
        result = sys_terminal_claim(fd);
        is_one |= result != -ENOTTY;
    }
    return is_one;
}

/* /dev/tty is the controlling one by definition; where an image has no such node, one of our streams may be it. To
 * open anything else that a stream may be can do more than to look: a pipe has then one more who reads and writes. Most
 * often there is no terminal, which is to be found out by few calls: a program waits for its start. */
static int open_own(void)
{
    static const char *const streams[] = {"/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"};
    int fd = open_controlling("/dev/tty");
    if (fd >= 0 || !claim())
        return fd;
    fd = open_controlling("/dev/tty");
    for (int i = 0; fd < 0 && i < 3; i++)
        fd = sys_is_terminal(i) ? open_controlling(streams[i]) : -1;
    return fd;
}

static struct unit *owner(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (c->units[i]->plan->tty)
            return c->units[i];
    return NULL;
}

/* A group that our namespace has no number for could never get the foreground back: then we make one of our own. */
static void join_foreground(const struct terminal *t)
{
    if (sys_group() == 0 && is_in_foreground(t) && sys_lead_group() == 0)
        sys_terminal_give(t->fd, sys_group());
}

void terminal_open(struct core *c)
{
    struct terminal *t = &c->terminal;
    struct unit *u = owner(c);
    t->fd = -1;
    if (u == NULL)
        return;
    t->fd = open_own();
    if (t->fd < 0) {
        t->fd = -1;
        if (!u->plan->tty_optional)
            warn(c, "%s: there is no terminal that could be its own: it runs without", u->name);
        return;
    }
    t->unit = u;
    t->shows_us = sys_is_terminal(2) != 0;
    t->on_demand = u->plan->tty_optional && !(sys_is_terminal(0) && sys_is_terminal(1));
    join_foreground(t);
    if (!sys_is_ignored(SIGHUP))                    /* as nohup has it */
        loop_watch(c, t->fd, 0, WATCH_TERMINAL, 0); /* the loss of it is told even so */
}

int terminal_is_of(const struct core *c, const struct unit *u) { return u == c->terminal.unit; }

/* --- to and fro --- */

/* Where one command has it as we had it, what it does to the terminal is meant to stay. */
static void keep_settings(struct terminal *t)
{
    if (!t->has_settings && !t->unit->plan->tty_optional)
        t->has_settings = sys_terminal_settings(t->fd, &t->settings) == 0;
}

/* With a pipe for a stream we are one of several in front, and another may be the one that reads keys: a pager. Then
 * the unit has to ask, by reading. */
int terminal_lend_at_start(struct core *c, const struct unit *u)
{
    struct terminal *t = &c->terminal;
    if (!terminal_is_of(c, u) || t->on_demand || !is_in_foreground(t))
        return -1;
    keep_settings(t);
    t->group = 0;
    t->lent = 1;
    return t->fd;
}

/* A shell inside may have had one of its own jobs in front. */
static int lend(struct terminal *t)
{
    keep_settings(t);
    t->lent = (t->group && sys_terminal_give(t->fd, t->group) == 0) || sys_terminal_give(t->fd, t->unit->pid) == 0;
    t->group = 0;
    return t->lent;
}

static void take_back(struct terminal *t)
{
    if (t->lent)
        sys_terminal_give(t->fd, sys_group());
    t->lent = 0;
}

/* Whatever it did to the terminal ends with it: a program that was killed could not undo it. At once, not when all is
 * written: output may be held up by Ctrl-S. */
void terminal_ended(struct core *c, const struct unit *u)
{
    struct terminal *t = &c->terminal;
    if (!terminal_is_of(c, u))
        return;
    if (t->lent && t->has_settings)
        sys_terminal_set(t->fd, &t->settings);
    take_back(t);
    t->group = 0;
    t->has_settings = 0;
}

void terminal_close(struct core *c)
{
    if (c->terminal.unit)
        terminal_ended(c, c->terminal.unit);
}

/* --- stopped, continued, lost --- */

/* The group that a shell inside has put in front, 0: none. A number that is nobody's below us is never signalled. */
static int32_t job_in_front(struct core *c)
{
    const struct terminal *t = &c->terminal;
    int32_t group = t->unit && t->unit->pid && t->lent ? sys_terminal_group(t->fd) : 0;
    return group > 0 && group != t->unit->pid && stray_is_of(c, NULL, group) ? group : 0;
}

/* A shell inside must have stopped before its job in front does: else it sees that, and takes the terminal itself. */
void terminal_await(struct core *c)
{
    c->terminal.awaited = job_in_front(c) && stray_state(c->terminal.unit->pid) != 'T';
}

/* A shell looks who is in the foreground when its job stops. Whom a shell inside had put there is of another group than
 * the unit, and would go on to read what is typed to the shell above. */
void terminal_pause(struct core *c)
{
    struct terminal *t = &c->terminal;
    int32_t group = t->lent ? sys_terminal_group(t->fd) : 0, job = job_in_front(c);
    t->awaited = 0;
    t->group = group > 0 ? group : t->group;
    if (t->unit)
        take_back(t);
    if (job)
        sys_kill(-job, SIGSTOP);
}

/* Somebody may have taken it while we could not look; then it is not ours to take back. The job goes on before the
 * shell inside, which so never sees that it was stopped. */
void terminal_resume(struct core *c)
{
    struct terminal *t = &c->terminal;
    int32_t group = t->group;
    t->awaited = 0;
    if (t->unit == NULL || t->unit->pid == 0)
        return;
    if (is_in_foreground(t)) {
        if (!t->on_demand || t->group)
            lend(t);
    } else if (can_be_resumed(c) && sys_terminal_group(t->fd) != t->unit->pid)
        t->lent = 0;
    if (group && stray_is_of(c, NULL, group))
        sys_kill(-group, SIGCONT);
}

/* Asked for input or output in the background: continued as soon as it is in front, if that is up to us. Nobody can
 * continue us: then Ctrl-Z is nothing, as the kernel has it for a group whose parents are all elsewhere; STOP, which
 * only somebody sends, is his to undo. */
void terminal_look(struct core *c)
{
    struct terminal *t = &c->terminal;
    int sig = t->unit && t->unit->pid ? sys_child_stopped(t->unit->pid) : 0;
    if (t->awaited && (sig > 0 || t->unit->pid == 0))
        signal_stand_still(c);
    if (sig <= 0 || c->frozen_since)
        return;
    if ((sig == SIGTTIN || sig == SIGTTOU) && is_in_foreground(t)) {
        if (lend(t))
            sys_kill(-t->unit->pid, SIGCONT);
    } else if (can_be_resumed(c)) {
        sys_kill(0, sig == SIGSTOP ? SIGTSTP : sig);
    } else if (sig == SIGTSTP) {
        sys_kill(-t->unit->pid, SIGCONT);
    }
}

/* The kernel tells the session's leader and who is in front; neither needs to be us. */
void terminal_hung_up(struct core *c)
{
    struct terminal *t = &c->terminal;
    int awaited = t->awaited;
    loop_forget(c, t->fd);
    sys_close(t->fd);
    *t = (struct terminal){.fd = -1};
    if (awaited)
        signal_thaw(c);  /* nobody would tell us to go on */
    signal_lost_terminal(c);
}

int terminal_is_raw(const struct core *c)
{
    struct termios now;
    const struct terminal *t = &c->terminal;
    return t->unit && t->lent && t->shows_us && sys_terminal_settings(t->fd, &now) == 0
           && (now.c_oflag & (OPOST | ONLCR)) != (OPOST | ONLCR);
}
