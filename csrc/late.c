/* See late.h. What reads a file runs in a child that has a copy of PID 1's memory, and may call the C library; it must
 * never follow a link in a volume, which is another program's to write.
 */
#include "late.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "dotenv.h"
#include "policy_tables.h"
#include "say.h"

enum { PATH_ROOM = 4096 };

int late_is_absent(const struct program *program, const char *variable)
{
    const struct late *late = load_late_of(program, variable);
    return late && !late->is_there;
}

/* --- the file --- */

/* Part by part: none of them may lead out of the volume. */
static int open_below(int dir, const char *path)
{
    char part[PATH_ROOM];
    for (;;) {
        path += strspn(path, "/");
        size_t size = strcspn(path, "/");
        if (size == 0 || size >= sizeof part || (size == 2 && memcmp(path, "..", 2) == 0))
            return -EINVAL;
        memcpy(part, path, size);
        part[size] = 0;
        path += size;
        int is_last = path[strspn(path, "/")] == 0;
        int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (is_last ? O_RDONLY : O_PATH | O_DIRECTORY);
        int next = openat(dir, part, flags);
        int error = errno;
        close(dir);
        if (next < 0 || is_last)
            return next < 0 ? -error : next;
        dir = next;
    }
}

static int64_t read_all(int fd, char *to, size_t room)
{
    struct stat about;
    size_t size = 0;
    int64_t n = 1;
    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode))
        return -EISDIR;
    while (n > 0 && size < room) {
        n = sys_read(fd, to + size, room - size);
        size += n > 0 ? (size_t)n : 0;
        n = n == -EINTR ? 1 : n;
    }
    return n < 0 ? n : size == room ? -EFBIG : (int64_t)size;
}

/* Where its path begins. */
static const char *directory_of(const struct core *c, const struct plan_source *source)
{
    static char path[PATH_ROOM];
    if (source->volume == PLAN_NONE)
        return "/";
    const struct plan_volume *volume = &c->plan.volumes[source->volume];
    if (volume->kind == VOLUME_KIND_HOST_PATH)
        return plan_text(&c->plan, volume->path);
    path[say_format(path, sizeof path - 1, "%s/%s", c->volumes.base, plan_text(&c->plan, volume->name))] = 0;
    return path;
}

static int64_t read_file(const struct core *c, const struct plan_source *source, char *to, size_t room)
{
    int dir = open(directory_of(c, source), O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -errno : open_below(dir, plan_text(&c->plan, source->path));
    if (fd < 0)
        return fd;
    int64_t size = read_all(fd, to, room);
    close(fd);
    return size;
}

/* --- one variable --- */

static int set(struct late *late, size_t name_size, struct text value)
{
    if (name_size + 1 + value.size >= sizeof late->text)
        return -EFBIG;
    if (memchr(value.at, 0, (size_t)value.size))
        return -EILSEQ;
    memcpy(late->text + name_size + 1, value.at, (size_t)value.size);
    late->text[name_size + 1 + value.size] = 0;
    late->is_there = 1;
    return 0;
}

/* Kubernetes takes an empty value for none at all. */
static int read_one(const struct core *c, struct late *late)
{
    char bytes[LATE_FILE_MOST + 1];
    const struct plan_source *source = &c->plan.sources[late->source];
    struct text key = {plan_text(&c->plan, source->key), source->key.size}, value = {"", 0};
    int64_t size = read_file(c, source, bytes, sizeof bytes);
    int found = size < 0 ? (int)size : dotenv_find(bytes, (uint64_t)size, key, &value);
    late->is_there = 0;
    if (found == -1 && size >= 0)
        return -EILSEQ;
    if (found < 0 && found != -ENOENT && found != -ENOTDIR)
        return found;
    if (found > 0 && value.size)
        return set(late, source->name.size, value);
    if (source->lack == LACK_FAILS)
        return found < 0 ? found : -ENODATA;
    if (source->lack == LACK_TEXT)
        return set(late, source->name.size,
                   (struct text){plan_text(&c->plan, source->fallback), source->fallback.size});
    return 0;
}

/* A description of its own for each process: what another has read of it is no matter. */
void late_hand_over(const struct program *program)
{
    const struct own *own = program->own;
    char path[32];
    for (uint32_t i = 0; own && i < own->held_count; i++) {
        int32_t fd = own->held[i].fd;
        path[say_format(path, sizeof path - 1, "/proc/self/fd/%d", (int)fd)] = 0;
        long other = call_bare(SYS_openat, AT_FDCWD, call_at(path), O_RDONLY | O_CLOEXEC, 0);
        if (other < 0 || call_bare(SYS_dup3, other, fd, 0, 0) < 0)
            call_bare(SYS_fcntl, fd, F_SETFD, 0, 0);
        if (other >= 0)
            call_bare(SYS_close, other, 0, 0, 0);
    }
}

int late_read(const struct core *c, const struct program *program, uint32_t *failed)
{
    for (char **at = program->envp; *at; at++) {
        struct late *late = load_late_of(program, *at);
        int error = late ? read_one(c, late) : 0;
        if (error) {
            *failed = late->source;
            return error;
        }
    }
    return 0;
}

void late_apply(const struct program *program)
{
    char **to = program->envp;
    for (char **at = program->envp; *at; at++)
        if (!late_is_absent(program, *at))
            *to++ = *at;
    *to = NULL;
}
