/* Starting a unit, or a command for one of its probes and hooks: the parent's half. The child's half is child.c;
 * between them runs a pipe that closes by itself when the program is executed, and carries one struct child_failure
 * when it cannot be.
 *
 * The child shares our memory until its exec, on a stack of its own, and we go on meanwhile: as cheap as vfork, which
 * would suspend us, for ever on a hung mount. A copy (fork) costs 80 us more, twice the whole start; it is what a unit
 * with a user or rights of its own gets, so that nobody else's process ever holds our memory, and whoever finds no free
 * stack. bench/ measures it. It must never wait for the child.
 */

#include <fcntl.h>

#include "call.h"
#include "core.h"
#include "footprint.h"
#include "given.h"
#include "late.h"
#include "say.h"

#if !defined SPAWN_MAY_SHARE && defined __SANITIZE_ADDRESS__
#define SPAWN_MAY_SHARE 0  /* the sanitizer wants to know of every stack */
#elif !defined SPAWN_MAY_SHARE
#define SPAWN_MAY_SHARE CALL_IS_BARE
#endif

static void starve(struct core *c, struct unit *u, const char *what, int error)
{
    if (c->plan.pod->start_once) {
        reap_unborn(c, u, -error);
        return;
    }
    if (!u->starved)  /* said once, however often it is tried */
        warn(c, "%s: cannot start now: %s: %s; trying again", u->name, what, say_error(-error));
    u->starved = 1;
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_STARVED);
}

/* A unit's deadline spans its restarts, until the whole pod begins anew. */
static void arm_deadline(struct core *c, struct unit *u)
{
    if (u->plan->deadline_ns && !u->in_round)
        timer_arm(c, timer_of_deadline(u), c->now + u->plan->deadline_ns);
}

static void begin(struct core *c, struct unit *u, int32_t pid, int handshake)
{
    arm_deadline(c, u);
    u->restarts += u->started_at != 0;
    if (u->started_at)
        log_turned(c, u);
    u->in_round = 1;
    u->pid = u->group = pid;
    u->handshake = handshake;
    c->starting++;
    u->start_stage = STAGE_NONE;
    u->start_error = 0;
    u->start_which = 0;
    u->check_rest = u->kill_rest = u->starved = 0;
    u->sick = u->oom = u->unfit = 0;
    u->sick_by = ERRAND_POST_START;  /* until a probe says something else */
    u->stop_grace = u->grace_left = u->plan->grace_ns;
    u->started_at = c->now;
    u->started_wall = sys_wall();
    book_start(u);
}

static int watch_pipe(struct core *c, enum watch_kind kind, uint32_t index, const int ends[2])
{
    int result = loop_watch(c, ends[0], EPOLLIN, kind, index);
    if (result < 0) {
        sys_close(ends[0]);
        sys_close(ends[1]);
    }
    return result;
}

/* Watched before there is a child: one that we could not hear of would spawn for ever. The few bytes that a child may
 * have to say find room. 0, or -errno. */
static int open_handshake(struct core *c, enum watch_kind kind, uint32_t index, int ends[2])
{
    int result = sys_pipe_nonblocking(ends);
    return result < 0 ? result : watch_pipe(c, kind, index, ends);
}

/* --- stacks --- */

/* Above the stack itself, in the one page that a start needs of it. */
enum { START_ROOM = (sizeof(struct child_start) + 15) & ~(size_t)15 };

static int free_stack(const struct core *c)
{
    for (int i = 0; i < STACKS; i++)
        if (!c->stack_of[i])
            return i;
    return -1;
}

/* -1: none is free, or this unit must not have one. When many start at once most have executed their program by now,
 * and have only not been heard. */
static int take_stack(struct core *c, const struct child_start *start)
{
    const struct plan_unit *of = start->of;
    if (!SPAWN_MAY_SHARE || of->user.size || of->group.size || of->rights != PLAN_NONE || start->has_late)
        return -1;
    int stack = free_stack(c);
    for (uint32_t i = 0; i < STACKS && stack < 0; i++) {
        struct unit *other = reap_unit_of(c, c->stack_of[i]);
        if (other)
            spawn_read_handshake(c, other);
    }
    return stack >= 0 ? stack : free_stack(c);
}

/* The child has executed its program, or is reaped. */
void spawn_give_stack_back(struct core *c, int32_t pid)
{
    for (uint32_t i = 0; i < STACKS; i++)
        if (c->stack_of[i] == pid)
            c->stack_of[i] = 0;
}

int spawn_shares(const struct core *c)
{
    for (uint32_t i = 0; i < STACKS; i++)
        if (c->stack_of[i])
            return 1;
    return 0;
}

/* There may be some of another plan's. */
static int stream_of(const struct unit *u, int which)
{
    return log_passes_through_us(u) ? u->streams[u->plan->own_terminal ? 0 : which].write_end : -1;
}

static struct child_start start_of(const struct core *c, const struct unit *u, const struct errand *e, int handshake)
{
    return (struct child_start){
        .core = c, .unit = u, .errand = e, .plan = c->plan, .of = u->plan, .program = e ? e->program : u->program,
        .sub_paths = c->loaded.sub_paths, .handshake = handshake, .line = -1, .terminal = -1,
        .output = -1, .streams = {stream_of(u, 0), stream_of(u, 1)}, .has_late = (uint8_t)late_has(u->program),
    };
}

static int32_t start_child(struct core *c, const struct child_start *start)
{
    int stack = take_stack(c, start);
    if (stack >= 0) {
        uint8_t *end = c->stacks + (size_t)(stack + 1) * STACK_ROOM - START_ROOM;
        struct child_start *kept = (struct child_start *)(void *)end;
        *kept = *start;
        int32_t pid = sys_share(child_run, end, kept);
        c->stack_of[stack] = pid > 0 ? pid : 0;
        return pid;
    }
    struct child_start own = *start;
    int32_t pid = sys_fork();
    if (pid == 0)
        child_run(&own);
    return pid;
}

static void close_handshake(struct core *c, int32_t *handshake)
{
    loop_forget(c, *handshake);
    sys_close(*handshake);
    *handshake = -1;
}

/* --- units --- */

void spawn_unit(struct core *c, struct unit *u)
{
    int ends[2];
    if (u->renews)
        core_renew(c, u);
    u->deadline_hit = 0;  /* it ran out for the instance before, which somebody stopped by hand */
    int result = log_open_unit(c, u);
    if (result < 0 && !log_is_hopeless(u, result)) {
        starve(c, u, u->plan->own_terminal ? "its terminal" : "its log pipes", result);
        return;
    }
    u->no_terminal = result < 0 ? -result : 0;  /* told as whatever fails a start is: by the child */
    if ((result = notify_open_unit(c, u)) < 0) {
        starve(c, u, "what it says when it is ready", result);
        return;
    }
    if ((result = open_handshake(c, WATCH_HANDSHAKE, u->slot, ends)) < 0) {
        notify_forget(c, u);
        starve(c, u, "a pipe", result);
        return;
    }
    message_open_unit(c, u);
    int is_named = c->plan.pod->exact_env && given_point_at_child(c, u->program);
    struct child_start start = start_of(c, u, NULL, ends[1]);
    start.line = u->notes ? u->notes->child_end : -1;
    start.terminal = terminal_lend_at_start(c, u);
    start.is_named = (uint8_t)is_named;
    int32_t pid = start_child(c, &start);
    sys_close(ends[1]);
    notify_started(u);
    if (pid < 0) {
        loop_forget(c, ends[0]);
        sys_close(ends[0]);
        notify_forget(c, u);
        starve(c, u, "fork", pid);
        return;
    }
    begin(c, u, pid, ends[0]);
    if (c->plan.pod->exact_env)
        given_let_go();
}

/* The end of the pipe is the good news. */
void spawn_read_handshake(struct core *c, struct unit *u)
{
    struct child_failure failure;
    if (u->handshake < 0)
        return;
    int64_t size = sys_read(u->handshake, &failure, sizeof failure);
    if (size < 0)
        return;
    close_handshake(c, &u->handshake);
    c->starting--;
    if (size == sizeof failure) {
        u->start_stage = failure.stage;
        u->start_error = failure.error;
        u->start_which = failure.which;
        return;  /* it still has to leave: its stack is free when it is reaped */
    }
    spawn_give_stack_back(c, u->pid);
    if (c->starting == 0)
        footprint_settled(c);
    say(c, "%s: started", u->name);
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_SPAWNED);
}

/* --- errands --- */

/* Where a probe's command writes: a pipe that is read as it comes, or, if there is none to be had, nowhere. */
static int open_output(struct core *c, struct errand *e)
{
    int ends[2];
    if (e->plan->kind >= PROBES || sys_pipe(ends) < 0)
        return -1;
    sys_nonblocking(ends[0], O_RDONLY);
    if (watch_pipe(c, WATCH_ERRAND, e->slot, ends) < 0)
        return -1;
    e->fd = ends[0];
    e->reply.heard.is_old = 1;
    return ends[1];
}

/* 0, or -errno: there is nothing to fork with. */
int spawn_errand(struct core *c, struct errand *e)
{
    int ends[2], result = open_handshake(c, WATCH_ERRAND_HANDSHAKE, e->slot, ends);
    if (result < 0)
        return result;
    int output = open_output(c, e);
    struct child_start start = start_of(c, e->unit, e, ends[1]);
    start.output = output < 0 ? c->null : output;
    start.is_probe = e->plan->kind < PROBES;
    int32_t pid = start_child(c, &start);
    sys_close(ends[1]);
    if (output >= 0)
        sys_close(output);
    if (pid < 0) {
        errand_hush(c, e);
        loop_forget(c, ends[0]);
        sys_close(ends[0]);
        return pid;
    }
    e->pid = pid;
    e->handshake = ends[0];
    e->failed_exec = 0;
    c->execs++;
    return 0;
}

void spawn_read_errand_handshake(struct core *c, struct errand *e)
{
    struct child_failure failure;
    if (e->handshake < 0)
        return;
    int64_t size = sys_read(e->handshake, &failure, sizeof failure);
    if (size < 0)
        return;
    close_handshake(c, &e->handshake);
    e->failed_exec = size == sizeof failure;
    if (e->failed_exec)
        e->number = failure.error;
    else
        spawn_give_stack_back(c, e->pid);
}
