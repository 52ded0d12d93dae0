/* There is no terminal on the fake kernel: who has one, and what becomes of it, is tested on real ones (tests/system).
 */

#include <errno.h>

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

int sys_is_ignored(int sig) { return none(sig); }

int32_t sys_group(void) { return 1; }

int32_t sys_session(void) { return 1; }

int sys_lead_group(void) { return 0; }
