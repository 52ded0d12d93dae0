/* The volumes and the sealed root of one unit, in a mount namespace of its child's own, between fork and exec. It may
 * share PID 1's memory: bare calls and its own stack, nothing else. It must never mount what lies outside its volume.
 */

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "beneath.h"
#include "call.h"
#include "core.h"
#include "say.h"
#include "volume.h"

enum { PATH_ROOM = 4096, FD_ROOM = 32, MAKE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };

/* Either what is there already, or one in the pod's directory. */
long mount_open(const struct child_start *ch, const struct plan_volume *volume)
{
    char path[VOLUME_BASE + PLAN_MAX_NAME + 2];
    const char *at = plan_text(&ch->plan, volume->path), *base = ch->core->volumes.base;
    if (volume->kind != VOLUME_KIND_HOST_PATH) {
        path[say_format(path, sizeof path - 1, "%s/%s", base, plan_text(&ch->plan, volume->name))] = 0;
        at = path;
    }
    return call_bare(SYS_openat, AT_FDCWD, call_at(at), O_PATH | O_CLOEXEC, 0);
}

/* What is mounted on must be of the same kind; where nothing is it is made. A program that may write there could put a
 * link in the way, to what only we may hide from it. */
static long open_point(const char *path, int is_directory)
{
    const char *name;
    long fd = beneath_find(path, BENEATH_KEEP);
    if (fd != -ENOENT)
        return fd;
    long above = beneath_find_above(path, 0755, &name);
    if (above < 0)
        return above;
    if (is_directory)
        call_bare(SYS_mkdirat, above, call_at(name), 0755, 0);
    else
        call_bare(SYS_close, call_bare(SYS_openat, above, call_at(name), MAKE, 0644), 0, 0, 0);
    fd = call_bare(SYS_openat, above, call_at(name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    call_bare(SYS_close, above, 0, 0, 0);
    return fd;
}

/* What is forbidden there already: in a user namespace nobody may allow it again. */
static long flags_of(const char *path)
{
    static const struct { long have, want; } pairs[] = {
        {ST_NOSUID, MS_NOSUID}, {ST_NODEV, MS_NODEV}, {ST_NOEXEC, MS_NOEXEC}, {ST_NOATIME, MS_NOATIME},
        {ST_NODIRATIME, MS_NODIRATIME}, {ST_RELATIME, MS_RELATIME},
    };
    struct statfs fs;
    long flags = 0;
    if (call_bare(SYS_statfs, call_at(path), call_at(&fs), 0, 0) < 0)
        return 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        flags |= (long)fs.f_flags & pairs[i].have ? pairs[i].want : 0;
    return flags;
}

static const char *name_of(long fd, char out[FD_ROOM])
{
    out[say_format(out, FD_ROOM - 1, "/proc/self/fd/%d", (int)fd)] = 0;
    return out;
}

/* Of what is mounted at that path now. */
static long forbid_writing(const char *path)
{
    char at[FD_ROOM];
    long fd = beneath_find(path, BENEATH_KEEP);
    if (fd < 0)
        return fd;
    name_of(fd, at);
    long result = call_bare5(SYS_mount, 0, call_at(at), 0, MS_REMOUNT | MS_BIND | MS_RDONLY | flags_of(at), 0);
    call_bare(SYS_close, fd, 0, 0, 0);
    return result;
}

/* point: a descriptor of what the path names so far, given back here; or -errno. */
static long bind(int fd, long point, const char *path, int read_only)
{
    char from[FD_ROOM], to[FD_ROOM];
    if (point < 0)
        return point;
    name_of(fd, from);
    name_of(point, to);
    long result = call_bare5(SYS_mount, call_at(from), call_at(to), 0, MS_BIND | MS_REC, 0);
    call_bare(SYS_close, point, 0, 0, 0);
    return result >= 0 && read_only ? forbid_writing(path) : result;
}

static long mount_one(const struct child_start *ch, uint32_t index)
{
    const struct plan_mount *mount = &ch->plan.mounts[index];
    const char *path = plan_text(&ch->plan, mount->path);
    long volume = mount_open(ch, &ch->plan.volumes[mount->volume]);
    if (volume < 0)
        return volume;
    long part = beneath_open((int)volume, ch->sub_paths[index], 0755);
    call_bare(SYS_close, volume, 0, 0, 0);
    if (part < 0)
        return part;
    long inside = call_bare(SYS_openat, part, call_at("."), O_PATH | O_CLOEXEC, 0);
    long result = bind((int)part, open_point(path, inside >= 0), path, mount->read_only);
    if (inside >= 0)
        call_bare(SYS_close, inside, 0, 0, 0);
    call_bare(SYS_close, part, 0, 0, 0);
    return result;
}

/* The directory that we are in may lie below what is mounted now. */
static void enter_again(void)
{
    char path[PATH_ROOM];
    if (call_bare(SYS_getcwd, call_at(path), sizeof path, 0, 0) > 0)
        call_bare(SYS_chdir, call_at(path), 0, 0, 0);
}

static long begin(void)
{
    long result = call_bare(SYS_unshare, CLONE_NEWNS, 0, 0, 0);
    return result < 0 ? result : call_bare5(SYS_mount, 0, call_at("/"), 0, MS_REC | MS_SLAVE, 0);
}

/* What is mounted must have been opened in the same namespace. */
long mount_try(const char *at)
{
    long result = begin(), fd = call_bare(SYS_openat, AT_FDCWD, call_at(at), O_PATH | O_CLOEXEC, 0);
    return result < 0 ? result : fd < 0 ? fd : bind((int)fd, beneath_find(at, BENEATH_KEEP), at, 1);
}

long mount_all(const struct child_start *ch, uint32_t *which)
{
    const struct plan_run mounts = ch->of->mounts;
    *which = mounts.first;
    long result = begin();
    for (uint32_t i = 0; i < mounts.count && result >= 0; i++) {
        *which = mounts.first + i;
        result = mount_one(ch, *which);
    }
    if (result >= 0)
        enter_again();
    return result < 0 ? result : 0;
}

/* Where a program leaves its last words is the unit's own, as a volume is. What cannot be mounted, a pipe's end, lies
 * in no file system that is sealed. */
static void keep_writable(const char *path)
{
    long fd = beneath_find(path, BENEATH_KEEP);
    if (fd < 0)
        return;
    bind((int)fd, beneath_find(path, BENEATH_KEEP), path, 0);
    call_bare(SYS_close, fd, 0, 0, 0);
}

/* The root alone, as Kubernetes has it: what is mounted below it stays as it is. */
long mount_seal(const char *message, int has_own)
{
    long result = has_own ? 0 : begin();
    if (result < 0)
        return result;
    if (*message)
        keep_writable(message);
    result = call_bare5(SYS_mount, 0, call_at("/"), 0, MS_REMOUNT | MS_BIND | MS_RDONLY | flags_of("/"), 0);
    return result < 0 ? result : 0;
}
