/* Volumes of files, as the kubelet lays them out, so that programs which watch "..data" find what they look for: the
 * files lie in a directory with the time in its name, ..data is a link to that one, and each name in the volume is a
 * link through ..data. It must never write outside the volume.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "keeper.h"
#include "say.h"

enum { SECONDS_END = sizeof "2026-01-31T23:59:59" - 1 };

struct filling { struct keeper *k; const struct plan_volume *volume; const char *at, *stamped; };

static _Noreturn void fail(const struct filling *f, const char *path, int error)
{
    keeper_fail(f->k, "volume %s: %s: %s", plan_text(f->k->plan, f->volume->name), path, say_error(error));
}

static const char *make_stamp(void)
{
    char text[JSON_TIME + 1] = "";
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    json_format_time(text, (uint64_t)now.tv_sec * 1000000000);
    text[SECONDS_END] = 0;
    for (char *at = text; *at; at++)
        if (*at < '0' || *at > '9')
            *at = '_';
    return keeper_text("..%s.%u", text, (unsigned)now.tv_nsec);
}

/* --- one file --- */

static void make_parents(const struct filling *f, const char *path)
{
    char *part = keeper_text("%s", path);
    for (char *slash = strchr(part + strlen(f->stamped) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            fail(f, part, errno);
        *slash = '/';
    }
}

/* The first part of a path in the volume leads through ..data; two files in one directory share it. */
static void link_first(const struct filling *f, const char *path)
{
    char *first = keeper_text("%s", path), *slash = strchr(first, '/');
    if (slash)
        *slash = 0;
    if (symlink(keeper_text("..data/%s", first), keeper_text("%s/%s", f->at, first)) < 0 && errno != EEXIST)
        fail(f, path, errno);
}

static int create(const struct filling *f, const char *path)
{
    const char *whole = keeper_text("%s/%s", f->stamped, path);
    make_parents(f, whole);
    int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(f, path, errno);
    return fd;
}

/* Whoever gave the volume a group wants its members to read it. */
static void finish(const struct filling *f, const struct plan_file *file, const char *path, int fd)
{
    int has_group = f->volume->group != PLAN_NONE;
    if (has_group && fchown(fd, (uid_t)-1, f->volume->group) < 0)
        fail(f, path, errno);
    if (fchmod(fd, file->mode | (has_group ? 0440 : 0)) < 0)
        fail(f, path, errno);
    close(fd);
    link_first(f, path);
}

static void put(const struct filling *f, const char *path, int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno != EINTR)
            fail(f, path, errno);
        bytes += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
}

/* --- copies --- */

static void copy_file(const struct filling *f, const struct plan_file *file, const char *from, int source,
                      const char *path)
{
    static char room[65536];
    ssize_t n;
    int fd = create(f, path);
    while ((n = read(source, room, sizeof room)) > 0 || (n < 0 && errno == EINTR))
        put(f, path, fd, room, n > 0 ? (size_t)n : 0);
    if (n < 0)
        fail(f, from, errno);
    finish(f, file, path, fd);
    close(source);
}

/* Never waits for who would write into a pipe of that name. */
static int open_source(const char *path, int *kind)
{
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    *kind = fd >= 0 && fstat(fd, &st) == 0 ? (int)(st.st_mode & S_IFMT) : 0;
    return fd;
}

static void copy_entry(const struct filling *f, const struct plan_file *file, const char *from, const char *name)
{
    const char *above = plan_text(f->k->plan, file->path), *path = keeper_text("%s/%s", from, name);
    int kind, source;
    if (name[0] == '.' && (name[1] == 0 || name[1] == '.'))
        return;
    source = open_source(path, &kind);
    if (source < 0)
        fail(f, path, errno);
    if (kind == S_IFREG)
        copy_file(f, file, path, source, keeper_text("%s%s%s", above, *above ? "/" : "", name));
    else
        close(source);
}

static void copy_directory(const struct filling *f, const struct plan_file *file, const char *from, int source)
{
    struct listing names = {.fd = source};
    const char *name;
    while ((name = listing_next(&names)))
        copy_entry(f, file, from, name);
    close(source);
}

static void copy(const struct filling *f, const struct plan_file *file)
{
    const char *from = plan_text(f->k->plan, file->content), *path = plan_text(f->k->plan, file->path);
    int kind, source = open_source(from, &kind);
    if (source < 0 && errno == ENOENT && file->is_optional)
        return;
    if (source < 0)
        fail(f, from, errno);
    if (kind == S_IFDIR)
        copy_directory(f, file, from, source);
    else if (kind == S_IFREG)
        copy_file(f, file, from, source, *path ? path : strrchr(from, '/') + 1);
    else
        fail(f, from, EINVAL);
}

/* --- all --- */

static void write_one(const struct filling *f, const struct plan_file *file)
{
    const char *path = plan_text(f->k->plan, file->path);
    if (file->is_copy) {
        copy(f, file);
        return;
    }
    const struct plan *plan = f->k->plan;
    const char *content = file->is_secret ? plan->secrets + file->content.at : plan_text(plan, file->content);
    int fd = create(f, path);
    put(f, path, fd, content, file->content.size);
    finish(f, file, path, fd);
}

void volume_write_files(struct keeper *k, const struct plan_volume *v, const char *at)
{
    const char *stamp = make_stamp();
    const struct filling f = {k, v, at, keeper_text("%s/%s", at, stamp)};
    if (mkdir(f.stamped, 0755) < 0)
        fail(&f, f.stamped, errno);
    if (symlink(stamp, keeper_text("%s/..data", at)) < 0)
        fail(&f, at, errno);
    for (uint32_t i = v->files.first; i < v->files.first + v->files.count; i++)
        write_one(&f, &k->plan->files[i]);
}
