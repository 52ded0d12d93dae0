/* Where /proc cannot be had, or tells of another PID namespace than ours: whoever is left is then known by the group of
 * a unit alone. It must never signal a group without a child of ours in it: only that child, reaped by nobody but us,
 * keeps the group's number from being somebody else's.
 */

#include <errno.h>
#include <fcntl.h>

#include "core.h"

/* A process sees itself in the /proc of a namespace above, too, but by another number. */
static int is_ours(const struct core *c)
{
    char text[16];
    int32_t number = 0;
    int64_t size = sys_read_link("/proc/self", text, sizeof text);
    for (int64_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; i++)
        number = number * 10 + (text[i] - '0');
    return number == c->self;
}

int proc_open(const struct core *c)
{
    int fd = sys_open("/proc", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 || is_ours(c))
        return fd;
    sys_close(fd);
    return -ESRCH;
}

uint32_t proc_signal_groups(struct core *c, int sig)
{
    uint32_t signalled = 0;
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const struct unit *u = c->units[i];
        if (u->group && sys_has_child_in(u->group))
            signalled += sys_kill(-u->group, sig) == 0;
    }
    return signalled;
}
