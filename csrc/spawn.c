/* Starting a unit: the parent's half. The child's half is child.c; between them runs a pipe that closes by itself when the
 * program is executed, and carries one struct child_failure when it cannot be.
 *
 * fork, not vfork: a vfork'ed child suspends us until its exec, for ever on a hung mount. Our few dirty pages make fork
 * cost about 40 us more; bench/ measures it. It must never wait for the child.
 */

#include <fcntl.h>

#include "core.h"
#include "say.h"

static void starve(struct core *c, struct unit *u, const char *what, int error)
{
    warn(c, "%s: cannot start now: %s: %s; trying again", u->name, what, say_error(-error));
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
    u->check_rest = u->kill_rest = 0;
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
    int32_t pid = sys_fork();
    if (pid == 0)
        child_run(c, u, ends[1]);
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
        return;
    }
    say(c, "%s: started", u->name);
    step_post(c, MACHINE_LIFE, u, LIFE_EVENT_SPAWNED);
}
