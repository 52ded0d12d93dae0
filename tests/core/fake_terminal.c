/* The core has no terminal on the fake kernel: who has one, and what becomes of it, is tested on real ones
 * (tests/system). Those that units get are pipes that must be unlocked before they have a side to write to.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "fake.h"

int sys_terminal_claim(int fd) { return fd < 0 ? -EBADF : -ENOTTY; }

int32_t sys_terminal_group(int fd) { return fd < 0 ? -EBADF : -ENOTTY; }

static int none(int number)
{
    (void)number;
    broken("what is no terminal was taken for one");
}

int sys_terminal_give(int fd, int32_t group) { return none(fd + group); }

int sys_terminal_settings(int fd, struct termios *out)
{
    (void)out;
    return none(fd);
}

int sys_terminal_set(int fd, const struct termios *settings)
{
    (void)settings;
    return none(fd);
}

int sys_child_stopped(int32_t pid) { return none(pid); }

int terminal_open_new(int flags)
{
    struct pipe *p = calloc(1, sizeof *p);
    if (!(flags & O_NONBLOCK) || !(flags & O_NOCTTY))
        broken("a terminal was opened that PID 1 waits for, or that becomes its own");
    p->readers = 1;
    return open_as((struct descriptor){.kind = PIPE_READ, .pipe = p, .nonblocking = 1});
}

int terminal_is_hung(void)
{
    for (uint32_t i = 0; i < fake.core->slot_count; i++)
        if (fake.core->slots[i]->streams[0].hung)
            return 1;
    return 0;
}

int32_t terminal_fork(void)
{
    struct process *p = kernel_add(fake.core->self, 0);
    kernel_plan((struct fact){.at = fake.now, .kind = FACT_PROCESS_ENDED, .pid = p->pid});
    return p->pid;
}

/* at: it is unlocked. */
int sys_terminal_lock(int ours, int locked)
{
    int error = fails(LOCK);
    if (!error)
        held(ours)->at = !locked;
    return error;
}

int sys_terminal_other_side(int ours)
{
    int error = fails(OTHER_SIDE);
    if (error)
        return error;
    if (!held(ours)->at)
        broken("the other side of a terminal was asked for that is locked");
    held(ours)->pipe->writers++;
    return open_as((struct descriptor){.kind = PIPE_WRITE, .pipe = held(ours)->pipe});
}

int sys_is_ignored(int sig) { return none(sig); }

int32_t sys_group(void) { return 1; }

int32_t sys_session(void) { return 1; }

int sys_lead_group(void) { return 0; }
