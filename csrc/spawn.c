/* Starting a unit: the parent's half. The child's half is child.c; between them runs a pipe that closes by itself when the
 * program is executed, and carries one struct child_failure when it cannot be.
 *
 * The child shares our memory until its exec, on a stack of its own, and we go on meanwhile: as cheap as vfork, which
 * would suspend us, for ever on a hung mount. A copy (fork) costs 80 us more, twice the whole start; it is what a unit
 * with a user of its own gets, so that nobody else's process ever holds our memory, and whoever finds no free stack.
 * bench/ measures it. It must never wait for the child.
 */

#include <fcntl.h>

#include "call.h"
#include "core.h"
#include "say.h"

#if !defined SPAWN_MAY_SHARE && defined __SANITIZE_ADDRESS__
#define SPAWN_MAY_SHARE 0  /* the sanitizer wants to know of every stack */
#elif !defined SPAWN_MAY_SHARE
#define SPAWN_MAY_SHARE CALL_IS_BARE
#endif

static void starve(struct core *c, struct unit *u, const char *what, int error)
{
    if (!u->starved)  /* said once, however often it is tried */
        warn(c, "%s: cannot start now: %s: %s; trying again", u->name, what, say_error(-error));
    u->starved = 1;
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_STARVED);
}

/* A unit's deadline spans its restarts. */
static void arm_deadline(struct core *c, struct unit *u)
{
    if (u->plan->deadline_ns && u->started_at == 0)
        timer_arm(c, timer_of_deadline(c, u), c->now + u->plan->deadline_ns);
}

static void begin(struct core *c, struct unit *u, int32_t pid, int handshake)
{
    arm_deadline(c, u);
    u->restarts += u->started_at != 0;
    u->pid = u->group = pid;
    u->handshake = handshake;
    u->start_stage = STAGE_NONE;
    u->start_error = 0;
    u->check_rest = u->kill_rest = u->starved = 0;
    u->started_at = c->now;
    u->started_wall = sys_wall();
}

/* Watched before there is a child: one that we could not hear of would spawn for ever. 0, or -errno. */
static int open_handshake(struct core *c, const struct unit *u, int ends[2])
{
    int result = sys_pipe(ends);
    if (result < 0)
        return result;
    sys_nonblocking(ends[0], O_RDONLY);
    if ((result = loop_watch(c, ends[0], EPOLLIN, WATCH_HANDSHAKE, unit_index(c, u))) < 0) {
        sys_close(ends[0]);
        sys_close(ends[1]);
    }
    return result;
}

static uint8_t *free_stack(struct core *c, struct unit *u)
{
    for (uint32_t i = 0; i < STACKS; i++)
        if (!c->stack_of[i]) {
            c->stack_of[i] = u;
            return c->stacks + (size_t)i * STACK_ROOM;
        }
    return NULL;
}

/* NULL: none is free, or this unit must not have one. When many start at once most have executed their program by now,
 * and have only not been heard. */
static uint8_t *take_stack(struct core *c, struct unit *u)
{
    if (!SPAWN_MAY_SHARE || u->plan->user.size || u->plan->group.size)
        return NULL;
    uint8_t *stack = free_stack(c, u);
    for (uint32_t i = 0; i < STACKS && !stack; i++)
        spawn_read_handshake(c, c->stack_of[i]);
    return stack ? stack : free_stack(c, u);
}

/* The child has executed its program, or is reaped. */
void spawn_give_stack_back(struct core *c, const struct unit *u)
{
    for (uint32_t i = 0; i < STACKS; i++)
        if (c->stack_of[i] == u)
            c->stack_of[i] = NULL;
}

static int32_t start_child(struct core *c, struct unit *u, int handshake)
{
    struct child_start start = {c, u, handshake};
    uint8_t *stack = take_stack(c, u);
    if (stack) {
        struct child_start *kept = (struct child_start *)(void *)stack;
        *kept = start;
        int32_t pid = sys_share(child_run, stack + STACK_ROOM, kept);
        if (pid < 0)
            spawn_give_stack_back(c, u);
        return pid;
    }
    int32_t pid = sys_fork();
    if (pid == 0)
        child_run(&start);
    return pid;
}

void spawn_unit(struct core *c, struct unit *u)
{
    int ends[2];
    u->deadline_hit = 0;  /* it ran out for the instance before, which somebody stopped by hand */
    int result = log_open_unit(c, u);
    if (result < 0) {
        starve(c, u, "its log pipes", result);
        return;
    }
    if ((result = open_handshake(c, u, ends)) < 0) {
        starve(c, u, "a pipe", result);
        return;
    }
    int32_t pid = start_child(c, u, ends[1]);
    sys_close(ends[1]);
    if (pid < 0) {
        loop_forget(c, ends[0]);
        sys_close(ends[0]);
        starve(c, u, "fork", pid);
        return;
    }
    begin(c, u, pid, ends[0]);
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
    loop_forget(c, u->handshake);
    sys_close(u->handshake);
    u->handshake = -1;
    if (size == sizeof failure) {
        u->start_stage = failure.stage;
        u->start_error = failure.error;
        return;  /* it still has to leave: its stack is free when it is reaped */
    }
    spawn_give_stack_back(c, u);
    say(c, "%s: started", u->name);
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_SPAWNED);
}
