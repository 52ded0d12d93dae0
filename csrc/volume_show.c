/* Where units see volumes: a mount point for each, when this process may mount, or else a link from there into the
 * volume, which all units see alike. It must never hide, replace or remove anything but an empty directory, which comes
 * back in the end.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beneath.h"
#include "keeper.h"
#include "say.h"

/* --- what is shown --- */

struct shown { struct keeper *k; const struct plan_mount *mount; const char *unit, *path, *sub_path; };

static struct shown shown_at(struct keeper *k, uint32_t unit, uint32_t index)
{
    const struct plan_mount *mount = &k->plan->mounts[index];
    return (struct shown){k, mount, plan_text(k->plan, k->plan->units[unit].name), plan_text(k->plan, mount->path),
                          k->core->loaded.sub_paths[index]};
}

static const struct plan_volume *volume_of(const struct shown *s) { return &s->k->plan->volumes[s->mount->volume]; }

static const char *volume_name(const struct shown *s) { return plan_text(s->k->plan, volume_of(s)->name); }

static _Noreturn void fail(const struct shown *s, const char *why)
{
    keeper_fail(s->k, "%s: volume %s at %s: %s", s->unit, volume_name(s), s->path, why);
}

typedef void show(const struct shown *);

static void for_each(struct keeper *k, show *show)
{
    for (uint32_t i = 0; i < k->plan->unit_count; i++) {
        struct plan_run run = k->plan->units[i].mounts;
        for (uint32_t j = run.first; j < run.first + run.count; j++) {
            struct shown s = shown_at(k, i, j);
            show(&s);
        }
    }
}

/* --- parts of volumes --- */

static uint32_t mode_of(const struct shown *s)
{
    const struct plan_volume *v = volume_of(s);
    return v->kind == VOLUME_KIND_EMPTY_DIR ? v->mode : 0755;
}

/* As the kubelet does, one that is missing is a directory with the volume's own mode; in files it is a mistake. Returns
 * the type bits of what is shown. */
static int prepare_part(const struct shown *s)
{
    const struct plan_volume *v = volume_of(s);
    struct stat st;
    int volume = open(keeper_volume(s->k, v), O_PATH | O_CLOEXEC);
    if (volume < 0)
        fail(s, say_error(errno));
    int part = (int)beneath_open(volume, s->sub_path, v->kind == VOLUME_KIND_FILES ? BENEATH_KEEP : mode_of(s));
    if (part < 0 && part == -EXDEV)
        keeper_fail(s->k, "%s: volume %s at %s: %s leads out of the volume", s->unit, volume_name(s), s->path,
                    s->sub_path);
    if (part < 0 && !*s->sub_path)
        fail(s, say_error(-part));
    if (part < 0)
        keeper_fail(s->k, "%s: volume %s at %s: %s: %s", s->unit, volume_name(s), s->path, s->sub_path,
                    say_error(-part));
    if (fstat(part, &st) < 0)
        fail(s, say_error(errno));
    close(part);
    close(volume);
    return (int)(st.st_mode & S_IFMT);
}

/* --- directories --- */

static void note_and_make(struct keeper *k, const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0)
        return;
    journal_note(k, (struct deed_note){.deed = DEED_DIRECTORY, .path = path});
    if (mkdir(path, 0755) == 0)
        return;
    int error = errno;
    journal_note(k, (struct deed_note){.deed = DEED_NOTHING, .path = ""});
    if (error != EEXIST)
        keeper_fail(k, "cannot make %s: %s", path, say_error(error));
}

static void make_parents(struct keeper *k, const char *path)
{
    char *part = keeper_text("%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        note_and_make(k, part);
        *slash = '/';
    }
}

/* --- mounts --- */

/* What lies in another mount of the unit's is made there, when that is mounted. */
static int is_inside_another(const struct keeper *k, const struct shown *s)
{
    for (uint32_t i = 0; i < k->plan->unit_count; i++) {
        struct plan_run run = k->plan->units[i].mounts;
        uint32_t own = (uint32_t)(s->mount - k->plan->mounts);
        if (own < run.first || own >= run.first + run.count)
            continue;
        for (uint32_t j = run.first; j < own; j++) {
            const char *other = plan_text(k->plan, k->plan->mounts[j].path);
            size_t size = strlen(other);
            if (strncmp(s->path, other, size) == 0 && s->path[size] == '/')
                return 1;
        }
    }
    return 0;
}

static void make_file(const struct shown *s)
{
    journal_note(s->k, (struct deed_note){.deed = DEED_FILE, .path = s->path});
    int fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), error = errno;
    if (fd >= 0) {
        close(fd);
        return;
    }
    journal_note(s->k, (struct deed_note){.deed = DEED_NOTHING, .path = ""});
    fail(s, say_error(error));
}

static void show_mount(const struct shown *s)
{
    int kind = prepare_part(s);
    struct stat st;
    if (is_inside_another(s->k, s))
        return;
    int is_there = stat(s->path, &st) == 0;
    if (is_there && S_ISDIR(st.st_mode) != (kind == S_IFDIR))
        fail(s, kind == S_IFDIR ? "what is there is no directory" : "what is there is a directory, the volume is none");
    if (is_there)
        return;
    make_parents(s->k, s->path);
    if (kind == S_IFDIR)
        note_and_make(s->k, s->path);
    else
        make_file(s);
}

/* In a process of its own: what it does is seen by nobody. */
static int try_mounts(const struct keeper *k)
{
    int status = 0;
    int32_t pid = sys_fork();
    if (pid == 0)
        _exit(mount_try(k->base) < 0);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && status == 0;
}

/* --- links --- */

static const char *target_of(const struct shown *s)
{
    return keeper_text("%s%s%s", keeper_volume(s->k, volume_of(s)), *s->sub_path ? "/" : "", s->sub_path);
}

static int is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void make_link(const struct shown *s, const char *target)
{
    journal_note(s->k, (struct deed_note){.deed = DEED_LINK, .path = s->path, .other = target});
    if (symlink(target, s->path) == 0)
        return;
    int error = errno;
    journal_note(s->k, (struct deed_note){.deed = DEED_NOTHING, .path = ""});
    fail(s, say_error(error));
}

/* It is put back when the link is gone: the link is noted later. */
static void replace_directory(const struct shown *s, const struct stat *st)
{
    struct deed_note note = {DEED_REPLACED, st->st_mode & 07777, st->st_uid, st->st_gid, s->path, ""};
    journal_note(s->k, note);
    if (rmdir(s->path) == 0)
        return;
    int error = errno;
    journal_note(s->k, (struct deed_note){.deed = DEED_NOTHING, .path = ""});
    fail(s, error == ENOTEMPTY || error == EEXIST ? "that directory is not empty, and no link can take its place"
            : error == EBUSY                      ? "something is mounted there already"
                                                  : say_error(error));
}

static void show_link(const struct shown *s)
{
    char text[4096];
    struct stat st;
    const char *target = target_of(s);
    prepare_part(s);
    if (s->mount->read_only && volume_of(s)->kind != VOLUME_KIND_FILES)
        keeper_warn(s->k, "%s: volume %s at %s can be written to: nothing can be mounted here, and a link has no "
                    "read_only", s->unit, volume_name(s), s->path);
    if (is_same_file(s->path, target))
        return;
    make_parents(s->k, s->path);
    ssize_t size = readlink(s->path, text, sizeof text - 1);
    text[size < 0 ? 0 : size] = 0;
    if (size > 0 && keeper_is_ours(text) && unlink(s->path) < 0)
        fail(s, say_error(errno));
    if (lstat(s->path, &st) == 0 && !S_ISDIR(st.st_mode))
        fail(s, S_ISLNK(st.st_mode) ? "a link is there already" : "a file is there already");
    if (lstat(s->path, &st) == 0)
        replace_directory(s, &st);
    make_link(s, target);
}

/* All units see the same links. Quadratic: 1,000 mounts cost 10 ms. */
static void compare(const struct shown *a, const struct shown *b)
{
    if (strcmp(a->path, b->path) != 0 || strcmp(target_of(a), target_of(b)) == 0)
        return;
    keeper_fail(a->k, "%s and %s want different volumes at %s (%s and %s): nothing can be mounted here, and there "
                "can be but one link", a->unit, b->unit, a->path, volume_name(a), volume_name(b));
}

static void compare_all(struct keeper *k)
{
    uint32_t unit_of_first = 0;
    for (uint32_t i = 0; i < k->plan->mount_count; i++) {
        while (i >= k->plan->units[unit_of_first].mounts.first + k->plan->units[unit_of_first].mounts.count)
            unit_of_first++;
        uint32_t unit_of_second = unit_of_first;
        struct shown first = shown_at(k, unit_of_first, i);
        for (uint32_t j = i + 1; j < k->plan->mount_count; j++) {
            while (j >= k->plan->units[unit_of_second].mounts.first + k->plan->units[unit_of_second].mounts.count)
                unit_of_second++;
            struct shown second = shown_at(k, unit_of_second, j);
            compare(&first, &second);
        }
    }
}

void volume_show_all(struct keeper *k)
{
    if (k->plan->mount_count == 0)
        return;
    k->has_mounts = (uint8_t)try_mounts(k);
    if (!k->has_mounts)
        compare_all(k);
    for_each(k, k->has_mounts ? show_mount : show_link);
}
