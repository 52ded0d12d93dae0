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
        if (c->units[i]->pid == pid)
            return c->units[i];
    return NULL;
}

struct errand *reap_errand_of(struct core *c, int32_t pid)
{
    for (uint32_t i = 0; c->execs && i < c->errand_count; i++)
        if (c->errands[i]->pid == pid)
            return c->errands[i];
    return NULL;
}

uint8_t reap_start_failure(const struct unit *u)
{
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
    [STAGE_ENVIRONMENT] = "environment",
    [STAGE_EXEC] = "",
    [STAGE_INTERPRETER] = "",
    [STAGE_GROUPS] = "group",
    [STAGE_NOT_ROOT] = "CreateContainerConfigError:",
    [STAGE_LIMITS] = "limit",
    [STAGE_NICE] = "nice of",
    [STAGE_OOM_SCORE] = "oom_score_adj of",
    [STAGE_CAPABILITIES] = "capabilities of",
    [STAGE_MESSAGE] = "termination_message_path",
    [STAGE_MOUNT] = "volume at",
    [STAGE_READ_ONLY] = "read_only of",
    [STAGE_TERMINAL] = "a terminal for",
    [STAGE_PROCESS] = "",
};

static const char *start_failure_reason(const struct unit *u)
{
    const char *program = u->program->argv[0];
    if (u->start_stage == STAGE_INTERPRETER)
        return "the interpreter in its first line, or its loader, does not exist";
    if (u->start_stage == STAGE_EXEC && u->start_error == ENOENT && *program && !strchr(program, '/'))
        return "no such file or directory on PATH";
    if (u->start_stage == STAGE_NOT_ROOT)
        return "it would run as root, and runAsNonRoot forbids it";
    if (u->start_stage == STAGE_MESSAGE && u->start_error == ELOOP)
        return "it is a link, and none is followed there";
    if ((u->start_stage == STAGE_MESSAGE || u->start_stage == STAGE_MOUNT) && u->start_error == EXDEV)
        return "a link leads there that is not root's, and it is not followed";
    if (u->start_stage == STAGE_MESSAGE && u->start_error == EEXIST)
        return "a file of somebody else is there already";
    if (u->start_stage == STAGE_MESSAGE && u->start_error == EMLINK)
        return "the file has another name, too";
    if (u->start_stage == STAGE_ENVIRONMENT && u->start_error == ENODATA)
        return "it has no such key, or an empty one";
    if (u->start_stage == STAGE_ENVIRONMENT && u->start_error == EILSEQ)
        return "it has a line that is no NAME='VALUE'";
    if (u->start_stage == STAGE_TERMINAL && (u->start_error == ENOENT || u->start_error == ENODEV))
        return "/dev/ptmx or /dev/pts is missing here";
    if (u->start_stage == STAGE_TERMINAL && u->start_error == ENOTTY)
        return "what is at /dev/ptmx makes none";
    return say_error(u->start_error);
}

static uint32_t nth(struct plan_run run, uint32_t which)
{
    return run.first + (which < run.count ? which : 0);
}

/* What could not be had, or the program. */
static const char *start_failure_object(const struct core *c, const struct unit *u)
{
    const struct plan *plan = &c->plan;
    if (u->start_stage == STAGE_DIRECTORY)
        return plan_text(plan, u->plan->working_dir);
    if (u->start_stage == STAGE_USER)
        return plan_text(plan, u->plan->user);
    if (u->start_stage == STAGE_GROUP)
        return plan_text(plan, u->plan->group);
    if (u->start_stage == STAGE_MESSAGE)
        return plan_text(plan, u->plan->message_path);
    if (u->start_stage == STAGE_GROUPS)
        return plan_text(plan, plan->words[nth(plan->rights[u->plan->rights].groups, u->start_which)]);
    if (u->start_stage == STAGE_LIMITS)
        return plan_text(plan, plan->limits[nth(plan->rights[u->plan->rights].limits, u->start_which)].name);
    if (u->start_stage == STAGE_MOUNT)
        return plan_text(plan, plan->mounts[nth(u->plan->mounts, u->start_which)].path);
    if (u->start_stage == STAGE_ENVIRONMENT)
        return plan_text(plan, plan->sources[nth(u->plan->sources, u->start_which)].path);
    return u->program->argv[0];
}

/* Which one of its environment could not be had; "" it was something else. */
static const char *start_failure_variable(const struct core *c, const struct unit *u)
{
    if (u->start_stage != STAGE_ENVIRONMENT)
        return "";
    return plan_text(&c->plan, c->plan.sources[nth(u->plan->sources, u->start_which)].name);
}

/* "cannot execute: working_dir /srv: no such file or directory" */
static size_t say_start_failure(const struct core *c, const struct unit *u, char *out, size_t room)
{
    const char *of = u->start_stage == STAGE_ENVIRONMENT ? " of " : "";
    const char *what = start_failure_object(c, u);
    const char *stage = stage_words[u->start_stage], *gap = *stage ? " " : "", *why = start_failure_reason(u);
    char shown[800];    /* however long a name is, the reason must not fall off the line */
    shown[say_format(shown, sizeof shown - 1, "%s%s%s", start_failure_variable(c, u), of, *what ? what : "''")] = 0;
    return say_format(out, room, "cannot execute%s %s%s%s: %s", c->sole ? "" : ":", stage, gap, shown, why);
}

static void tell_start_failure(struct core *c, struct unit *u)
{
    char said[1000];
    said[say_start_failure(c, u, said, sizeof said - 1)] = 0;
    if (c->sole)
        insist(c, "%s", said);
    else
        insist(c, "%s: %s", u->name, said);
}

static void keep_start_failure(struct core *c, struct unit *u)
{
    char said[1000];
    said[say_start_failure(c, u, said, sizeof said - 1)] = 0;
    message_say(c, u, said);
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
    u->raw_code = u->code = u->plan->unstartable_code ? u->plan->unstartable_code : reap_start_failure(u);
    u->exit_class = EXIT_CLASS_UNSTARTABLE;
    u->oom = 0;     /* of the instance before, if there was not even a process */
    u->unfit = u->start_stage == STAGE_NOT_ROOT || u->start_stage == STAGE_ENVIRONMENT;
    tell_start_failure(c, u);
    book_end(c, u);
    if (u->message)
        keep_start_failure(c, u);
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
    message_take(c, u);
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
    else if (!mailbox_child_ended(c, end->pid) && !message_child_ended(c, end->pid))
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
