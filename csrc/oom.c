/* How often the kernel has ended somebody in our own cgroup for want of memory: v2's memory.events, v1's
 * memory.oom_control. Opened once, read again whenever somebody asks. It must never fail: where nothing can be read,
 * nothing was counted.
 */

#include <fcntl.h>
#include <string.h>

#include "core.h"
#include "say.h"

enum { PATH_ROOM = 4200, TEXT_ROOM = 4096 };

/* --- what the files say --- */

/* v2's events count those of cgroups below ours, too, where a unit may have put itself; its memory.events.local would
 * not. */
uint64_t oom_parse(const char *text, size_t size)
{
    static const char key[] = "oom_kill ";
    const char *end = text + size, *next;
    for (const char *at = text; at < end; at = next + 1) {
        uint64_t count = 0;
        if ((next = memchr(at, '\n', (size_t)(end - at))) == NULL)
            return 0;  /* cut short */
        if ((size_t)(next - at) < sizeof key || memcmp(at, key, sizeof key - 1) != 0)
            continue;
        for (at += sizeof key - 1; at < next && *at >= '0' && *at <= '9'; at++)
            count = count * 10 + (uint64_t)(*at - '0');
        return at == next ? count : 0;
    }
    return 0;
}

struct slice { const char *at, *end; };

/* Up to the next stop, which is stepped over. */
static struct slice cut(struct slice *rest, char stop)
{
    const char *end = memchr(rest->at, stop, (size_t)(rest->end - rest->at));
    struct slice piece = {rest->at, end ? end : rest->end};
    rest->at = end ? end + 1 : rest->end;
    return piece;
}

static int is_word(struct slice s, const char *word)
{
    size_t size = (size_t)(s.end - s.at);
    return size == strlen(word) && memcmp(s.at, word, size) == 0;
}

static int has_memory(struct slice controllers)
{
    while (controllers.at < controllers.end)
        if (is_word(cut(&controllers, ','), "memory"))
            return 1;
    return 0;
}

/* A line of /proc/self/cgroup is "number:controllers:path". Where v1 has the memory controller, v2 has not. */
int oom_find(const char *text, size_t size, int *is_v1, const char **path, size_t *path_size)
{
    struct slice rest = {text, text + size};
    *path = NULL;
    *is_v1 = 0;
    while (rest.at < rest.end && !*is_v1) {
        struct slice line = cut(&rest, '\n'), number = cut(&line, ':'), controllers = cut(&line, ':');
        int is_v2 = is_word(number, "0") && controllers.at == controllers.end;
        *is_v1 = has_memory(controllers);
        if (is_v2 || *is_v1) {
            *path = line.at;
            *path_size = (size_t)(line.end - line.at);
        }
    }
    return *path != NULL;
}

/* --- the file that counts --- */

static int open_events(int is_v1, const char *path, size_t size)
{
    static const struct { const char *mount, *file; } places[] = {
        {"/sys/fs/cgroup", "/memory.events"},
        {"/sys/fs/cgroup/memory", "/memory.oom_control"},
    };
    char name[PATH_ROOM];
    size_t fill = say_format(name, sizeof name, "%s", places[is_v1].mount);
    if (fill + size + strlen(places[is_v1].file) >= sizeof name)
        return -1;
    memcpy(name + fill, path, size);
    fill += size;
    name[fill + say_format(name + fill, sizeof name - fill - 1, "%s", places[is_v1].file)] = 0;
    return sys_open(name, O_RDONLY | O_NONBLOCK, 0);
}

/* A container without a cgroup namespace reads the host's path, and has its own cgroup where the mount begins. */
void oom_open(struct core *c)
{
    char text[TEXT_ROOM];
    const char *path;
    size_t path_size;
    int is_v1, fd = sys_open("/proc/self/cgroup", O_RDONLY, 0);
    int64_t size = fd < 0 ? fd : sys_read(fd, text, sizeof text);
    c->oom = -1;
    if (fd >= 0)
        sys_close(fd);
    if (size <= 0 || !oom_find(text, (size_t)size, &is_v1, &path, &path_size))
        return;
    c->oom = open_events(is_v1, path, path_size);
    if (c->oom < 0)
        c->oom = open_events(is_v1, "", 0);
    c->oom_seen = oom_count(c);
}

uint64_t oom_count(const struct core *c)
{
    char text[TEXT_ROOM];
    int64_t size = c->oom < 0 ? -1 : sys_read_at(c->oom, text, sizeof text, 0);
    return size > 0 ? oom_parse(text, (size_t)size) : 0;
}
