/* See given.h. It must never touch what is ours: that closes by itself at an exec, and what has come to us by one
 * cannot.
 */

#include "given.h"

#include <fcntl.h>
#include <string.h>

#include "core.h"
#include "say.h"

/* --- variables --- */

/* sd_listen_fds(3) and sd_watchdog_enabled(3): a program for which these name somebody else leaves them alone. */
enum { NAMES = 2, ROOM = 32 };
static const char *const names[NAMES] = {"LISTEN_PID=", "WATCHDOG_PID="};
static char pointed[NAMES][ROOM];

static int names_us(const struct core *c, const char *variable, const char *name)
{
    char own[ROOM];
    own[say_format(own, sizeof own - 1, "%s%d", name, (int)c->self)] = 0;
    return strcmp(variable, own) == 0;
}

void given_point_at_child(const struct core *c, const struct program *program)
{
    for (char **variable = program->envp; *variable; variable++)
        for (size_t i = 0; i < NAMES; i++)
            if (names_us(c, *variable, names[i]))
                *variable = pointed[i];
}

void given_name_child(int32_t pid)
{
    for (size_t i = 0; i < NAMES; i++)
        pointed[i][say_format(pointed[i], ROOM - 1, "%s%d", names[i], (int)pid)] = 0;
}

/* --- descriptors and the directory --- */

struct entry { uint64_t inode; int64_t next; uint16_t length; uint8_t type; char name[]; };

static int number(const char *digits)
{
    int n = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        n = n * 10 + (*digits - '0');
    return n;
}

static void close_given(int fd)
{
    int flags = sys_descriptor_flags(fd);
    if (fd > 2 && flags >= 0 && !(flags & FD_CLOEXEC))
        sys_close(fd);
}

static void close_all_listed(int list)
{
    _Alignas(8) char entries[2048];
    int64_t size;
    while ((size = sys_list(list, entries, sizeof entries)) > 0)
        for (int64_t at = 0; at < size;) {
            const struct entry *entry = (const void *)(entries + at);
            close_given(number(entry->name));
            at += entry->length;
        }
}

/* Without /proc, those below the usual limit. */
void given_let_go(void)
{
    enum { USUAL = 1024 };
    int list = sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    if (list >= 0) {
        close_all_listed(list);
        sys_close(list);
    }
    for (int fd = 3; list < 0 && fd < USUAL; fd++)
        close_given(fd);
    sys_leave_directory();
}
