/* See given.h. It must never touch what is ours: that closes by itself at an exec, and what has come to us by one
 * cannot.
 */

#include "given.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

int given_point_at_child(const struct core *c, const struct program *program)
{
    int found = 0;
    for (char **variable = program->envp; *variable; variable++)
        for (size_t i = 0; i < NAMES; i++)
            if (**variable == *names[i] && names_us(c, *variable, names[i])) {
                *variable = pointed[i];
                found = 1;
            }
    return found;
}

void given_name_child(int32_t pid)
{
    for (size_t i = 0; i < NAMES; i++)
        pointed[i][say_format(pointed[i], ROOM - 1, "%s%d", names[i], (int)pid)] = 0;
}

/* --- descriptors and the directory --- */

static int number(const char *digits)
{
    int n = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        n = n * 10 + (*digits - '0');
    return n;
}

/* What came to us by an exec; ours closes by itself at one. */
static int is_given(int fd)
{
    int flags = sys_descriptor_flags(fd);
    return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* kept: two that stay; NULL: all that are ours stay. */
static void let_go(int fd, const int kept[2])
{
    if (fd > 2 && (kept ? fd != kept[0] && fd != kept[1] : is_given(fd)))
        sys_close(fd);
}

static void let_go_of_listed(int list, const int kept[2])
{
    _Alignas(8) char entries[2048];
    int64_t size;
    while ((size = sys_list(list, entries, sizeof entries)) > 0)
        for (int64_t at = 0; at < size;) {
            const struct sys_entry *entry = sys_entry_at(entries + at);
            int fd = number(entry->name);
            if (fd != list)
                let_go(fd, kept);
            at += entry->length;
        }
}

/* Those that there are: one after the other up to the limit, which may be a thousand million, would take minutes.
 * Without /proc, those below a usual limit. */
static void let_go_of_all(const int kept[2])
{
    enum { USUAL = 1 << 16 };
    int list = sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    if (list >= 0) {
        let_go_of_listed(list, kept);
        sys_close(list);
    }
    for (int fd = 3; list < 0 && fd < USUAL; fd++)
        let_go(fd, kept);
}

void given_let_go(void)
{
    let_go_of_all(NULL);
    sys_leave_directory();
}

static int close_between(unsigned first, unsigned last)
{
    return first > last || syscall(SYS_close_range, first, last, 0u) == 0;
}

/* A few calls where the kernel has them (5.9), and no filter forbids them. */
void given_close_but(int fd, int other)
{
    unsigned a = fd < 3 ? 2 : (unsigned)fd, b = other < 3 ? 2 : (unsigned)other;
    unsigned low = a < b ? a : b, high = a < b ? b : a;
    if (!close_between(3, low - 1) || !close_between(low + 1, high - 1) || !close_between(high + 1, ~0u))
        let_go_of_all((const int[]){fd, other});
}
