/* Reaping: every child that ends, ours by birth or adopted. A leader is looked at before it is reaped: while it is a
 * zombie its number, and so its group's, cannot be anybody else's. It must never wait.
 *
 * A leader is found by a walk over the units: 10,000 orphans among 1,000 units cost 10 ms; beyond that a hash would
 * pay.
 */

#include <errno.h>
#include <string.h>

#include "core.h"
#include "say.h"

/* So that a stream of dying orphans cannot keep us from signals and timers. */
enum { AT_ONCE = 1024 };

struct unit *reap_unit_of(struct core *c, int32_t pid)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (c->units[i].pid == pid)
            return &c->units[i];
    return NULL;
}

struct errand *reap_errand_of(struct core *c, int32_t pid)
{
    for (uint32_t i = 0; c->execs && i < c->errand_count; i++)
        if (c->errands[i].pid == pid)
            return &c->errands[i];
    return NULL;
}

static uint8_t start_failure_code(const struct unit *u)
{
    if (u->plan->unstartable_code)
        return u->plan->unstartable_code;
    int not_found = u->start_error == ENOENT && (u->start_stage == STAGE_EXEC || u->start_stage == STAGE_INTERPRETER);
    return not_found ? 127 : 126;
}

static const char *stage_words[] = {
    [STAGE_NONE] = "",
    [STAGE_STREAMS] = "its standard streams",
    [STAGE_USER] = "user",
    [STAGE_GROUP] = "group",
    [STAGE_IDENTITY] = "user or group",
    [STAGE_DIRECTORY] = "working_dir",
    [STAGE_EXEC] = "",
    [STAGE_INTERPRETER] = "",
    [STAGE_PROCESS] = "",
};

static const char *start_failure_reason(const struct unit *u)
{
    const char *program = u->program->argv[0];
    if (u->start_stage == STAGE_INTERPRETER)
        return "the interpreter in its first line, or its loader, does not exist";
    if (u->start_stage == STAGE_EXEC && u->start_error == ENOENT && *program && !strchr(program, '/'))
        return "no such file or directory on PATH";
    return say_error(u->start_error);
}

static void tell_start_failure(struct core *c, struct unit *u)
{
    const char *what = u->start_stage == STAGE_DIRECTORY ? plan_text(&c->plan, u->plan->working_dir)
                       : u->start_stage == STAGE_USER    ? plan_text(&c->plan, u->plan->user)
                       : u->start_stage == STAGE_GROUP   ? plan_text(&c->plan, u->plan->group)
                                                         : u->program->argv[0];
    const char *stage = stage_words[u->start_stage], *gap = *stage ? " " : "", *why = start_failure_reason(u);
    char shown[800];    /* however long a name is, the reason must not fall off the line */
    shown[say_format(shown, sizeof shown - 1, "%s", *what ? what : "''")] = 0;
    if (c->sole)
        insist(c, "cannot execute %s%s%s: %s", stage, gap, shown, why);
    else
        insist(c, "%s: cannot execute: %s%s%s: %s", u->name, stage, gap, shown, why);
}

static void tell_end(struct core *c, const struct unit *u)
{
    const char *name = u->name;
    if (u->signal)
        say(c, "%s: ended by %s after %t%s", name, signal_word(u->signal), u->ended_at - u->started_at,
            u->oom ? ": out of memory" : "");
    else if (u->raw_code != u->code)
        say(c, "%s: exited with %u, which counts as %u", name, (unsigned)u->raw_code, (unsigned)u->code);
    else
        say(c, "%s: exited with %u after %t", name, (unsigned)u->code, u->ended_at - u->started_at);
}

/* A KILL that was not ours while the kernel ended somebody in our cgroup for want of memory. Each explains one end: it
 * may have killed several before we look. */
static void see_oom(struct core *c, struct unit *u)
{
    if (u->signal != SIGKILL || u->kill_rest)
        return;
    u->oom = oom_count(c) > c->oom_seen;
    c->oom_seen += u->oom;
}

static void record_no_start(struct core *c, struct unit *u)
{
    u->signal = 0;
    u->raw_code = u->code = start_failure_code(u);
    u->exit_class = u->plan->unstartable_class;
    tell_start_failure(c, u);
    book_end(c, u);
    notify_forget(c, u);
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_UNSTARTABLE);
}

/* There was not even a process for it. */
void reap_unborn(struct core *c, struct unit *u, int error)
{
    u->start_stage = STAGE_PROCESS;
    u->start_error = error;
    u->has_run = 1;
    u->started_at = u->ended_at = c->now;
    u->started_wall = u->ended_wall = sys_wall();
    book_start(u);
    record_no_start(c, u);
}

/* Writes the end into the books and posts the fact. */
void reap_record(struct core *c, struct unit *u, const struct sys_exit *end)
{
    const struct plan_exit *map = c->plan.exits + (size_t)u->plan->exit_map * PLAN_EXIT_CODES;
    spawn_read_handshake(c, u);
    step_all(c);  /* what was executed has started, however short it lived */
    notify_read(c, u);  /* its last words */
    u->has_run = 1;
    u->ended_at = c->now;
    if (u->ended_at - u->started_at > u->plan->reset_ns)
        u->streak = 0;
    u->ended_wall = sys_wall();
    u->signal = end->by_signal ? end->code : 0;
    u->raw_code = end->by_signal ? (uint8_t)(128 + end->code) : end->code;
    if (u->start_stage != STAGE_NONE) {
        record_no_start(c, u);
        return;
    }
    u->code = map[u->raw_code].code;
    u->exit_class = u->sick ? (u->code ? EXIT_CLASS_SICK : EXIT_CLASS_SICK_OK) : map[u->raw_code].exit_class;
    see_oom(c, u);
    book_end(c, u);
    log_take_last(c, u);
    tell_end(c, u);
    notify_forget(c, u);
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_EXITED);
}

/* A command that nobody waits for any more is no orphan. Which of them it is does not matter: in the end all are
 * reaped. */
static void count_unknown(struct core *c, int32_t pid)
{
    if (c->forgotten) {
        c->forgotten--;
        return;
    }
    c->orphans_reaped++;
    if (c->tell_orphans)
        warn(c, "Reaped zombie process with pid=%d", (int)pid);
}

static void take(struct core *c, const struct sys_exit *end)
{
    struct unit *u = reap_unit_of(c, end->pid);
    struct errand *e = u ? NULL : reap_errand_of(c, end->pid);
    if (u)
        terminal_ended(c, u);  /* the cells may start the next one at once */
    if (u)
        reap_record(c, u, end);
    else if (e)
        errand_child_ended(c, e, end);
    else if (!mailbox_child_ended(c, end->pid))
        count_unknown(c, end->pid);
    if (u || e)
        step_all(c);  /* now, while the zombie keeps its number: what the cell says of the group is safe */
    sys_reap(end->pid);
    if (u)
        u->pid = 0;
    spawn_give_stack_back(c, end->pid);
}

void reap_children(struct core *c)
{
    struct sys_exit end;
    int found = 0, count = 0;
    c->reap_more = 0;
    while (count < AT_ONCE && (found = sys_child_ended(&end)) == 1) {
        take(c, &end);
        count++;
    }
    c->reap_more = found == 1;
    c->is_alone = found == -ECHILD;
    terminal_look(c);
    stray_check_all(c);
    c->is_alone = 0;
    if (c->sweeping && count && found != 1)
        step_post(c, MACHINE_POD, NULL, found == -ECHILD ? POD_EVENT_NOTHING_LEFT : POD_EVENT_STIRRED);
}
