/* Makes each volume, or sees that it is what it should be. It must never change what was there before: of a HOST_PATH
 * only what is missing is made, and stays.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "say.h"

static const char *name_of(const struct keeper *k, const struct plan_volume *v) { return plan_text(k->plan, v->name); }

static _Noreturn void fail(struct keeper *k, const struct plan_volume *v, const char *path, const char *why)
{
    keeper_fail(k, "volume %s: %s: %s", name_of(k, v), path, why);
}

/* --- a directory of ours --- */

/* The group first: it may take bits of the mode away. */
static void finish(struct keeper *k, const struct plan_volume *v, const char *path, mode_t mode)
{
    int has_group = v->group != PLAN_NONE;
    if (has_group && chown(path, (uid_t)-1, v->group) < 0)
        fail(k, v, path, say_error(errno));
    if (chmod(path, mode | (has_group ? S_ISGID : 0)) < 0)
        fail(k, v, path, say_error(errno));
}

static void make_plain(struct keeper *k, const struct plan_volume *v, const char *path)
{
    journal_note(k, (struct deed_note){.deed = DEED_TREE, .path = path});
    if (mkdir(path, 0700) < 0)
        fail(k, v, path, say_error(errno));
}

static int mount_memory(struct keeper *k, const struct plan_volume *v, const char *path)
{
    char *options = v->size_limit ? keeper_text("mode=0700,size=%lu", v->size_limit) : keeper_text("mode=0700");
    journal_note(k, (struct deed_note){.deed = DEED_MOUNT, .path = path});
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0)
        return 1;
    journal_note(k, (struct deed_note){.deed = DEED_NOTHING, .path = ""});
    return 0;
}

/* Everybody's memory, in a directory of ours; what stands in the pod's own place is a link then. */
static int link_memory(struct keeper *k, const struct plan_volume *v, const char *path)
{
    const char *there = keeper_text("/dev/shm/minipod-%s-%s", k->core->mark, name_of(k, v));
    journal_note(k, (struct deed_note){.deed = DEED_TREE, .path = there});
    if (mkdir(there, 0700) < 0) {
        journal_note(k, (struct deed_note){.deed = DEED_NOTHING, .path = ""});
        return 0;
    }
    if (rmdir(path) < 0 || symlink(there, path) < 0)
        fail(k, v, path, say_error(errno));
    return 1;
}

static void make_in_memory(struct keeper *k, const struct plan_volume *v, const char *path)
{
    make_plain(k, v, path);
    if (!mount_memory(k, v, path) && !link_memory(k, v, path))
        keeper_warn(k, "volume %s: nothing can be mounted here and there is no /dev/shm: it is on a disk",
                    name_of(k, v));
}

/* --- a path that is there already --- */

static int kind_of(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 ? -errno : (int)(st.st_mode & S_IFMT);
}

static int make_parents(const char *path)
{
    char *part = keeper_text("%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

static int make_missing(const char *path, int kind)
{
    int result = make_parents(path), fd;
    if (result < 0)
        return result;
    if (kind == S_IFDIR)
        return mkdir(path, 0755) < 0 ? -errno : 0;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd < 0 ? -errno : close(fd);
}

static const struct { int kind, is_made; const char *why_not; } checks[PATH_CHECK_COUNT] = {
    [PATH_CHECK_ANYTHING] = {0, S_IFDIR, ""},
    [PATH_CHECK_DIRECTORY_OR_CREATE] = {S_IFDIR, S_IFDIR, "it is no directory"},
    [PATH_CHECK_DIRECTORY] = {S_IFDIR, 0, "it is no directory"},
    [PATH_CHECK_FILE_OR_CREATE] = {S_IFREG, S_IFREG, "it is no file"},
    [PATH_CHECK_FILE] = {S_IFREG, 0, "it is no file"},
    [PATH_CHECK_SOCKET] = {S_IFSOCK, 0, "it is no Unix socket"},
    [PATH_CHECK_CHAR_DEVICE] = {S_IFCHR, 0, "it is no character device"},
    [PATH_CHECK_BLOCK_DEVICE] = {S_IFBLK, 0, "it is no block device"},
};

static void check_path(struct keeper *k, const struct plan_volume *v)
{
    const char *path = plan_text(k->plan, v->path);
    int kind = kind_of(path);
    if (kind == -ENOENT && checks[v->check].is_made) {
        kind = make_missing(path, checks[v->check].is_made);
        kind = kind < 0 ? kind : checks[v->check].is_made;
    }
    if (kind < 0)
        fail(k, v, path, say_error(-kind));
    if (checks[v->check].kind && kind != checks[v->check].kind)
        fail(k, v, path, checks[v->check].why_not);
}

/* --- all --- */

static int is_secret(const struct keeper *k, const struct plan_volume *v)
{
    for (uint32_t i = v->files.first; i < v->files.first + v->files.count; i++)
        if (k->plan->files[i].is_secret)
            return 1;
    return 0;
}

static void make_one(struct keeper *k, const struct plan_volume *v)
{
    const char *path = keeper_volume(k, v);
    if (v->kind == VOLUME_KIND_HOST_PATH) {
        check_path(k, v);
        return;
    }
    if (v->in_memory || is_secret(k, v))
        make_in_memory(k, v, path);
    else
        make_plain(k, v, path);
    if (v->kind == VOLUME_KIND_FILES)
        volume_write_files(k, v, path);
    finish(k, v, path, v->kind == VOLUME_KIND_FILES ? 0755 : v->mode);
}

void volume_make_all(struct keeper *k)
{
    for (uint32_t i = 0; i < k->plan->volume_count; i++)
        make_one(k, &k->plan->volumes[i]);
}
