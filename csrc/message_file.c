/* The file that a program leaves its termination message in, for a child that may wait, or that will be the program:
 * it is found where the unit sees it, also in a volume that is mounted for the unit alone. It must never follow a link
 * that a program may have put there, nor read what is no file or another's.
 */

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "call.h"
#include "core.h"
#include "say.h"
#include "user.h"
#include "volume.h"

enum { LAST_MS = 250, FD_ROOM = 32 };

static const char *path_of(const struct child_start *ch) { return plan_text(&ch->plan, ch->of->message_path); }

/* The deepest of the unit's mounts that the path lies in: there it sees another file than we; NULL: none. */
static const struct plan_mount *mount_of(const struct child_start *ch, size_t *depth)
{
    const struct plan_mount *found = NULL;
    struct plan_run run = ch->of->mounts;
    for (uint32_t i = run.first; i < run.first + run.count; i++) {
        const struct plan_mount *mount = &ch->plan.mounts[i];
        const char *at = plan_text(&ch->plan, mount->path);
        size_t size = mount->path.size;
        if (size >= *depth && strncmp(path_of(ch), at, size) == 0 && strchr("/", path_of(ch)[size])) {
            found = mount;
            *depth = size;
        }
    }
    return found;
}

/* In the volume itself, where links stand in for mounts as well: those are ours, in a directory that need not be. */
static long find_inside(const struct child_start *ch, const struct plan_mount *mount, const char *rest,
                        struct message_place *out)
{
    const char *sub_path = ch->sub_paths[mount - ch->plan.mounts];
    long volume = mount_open(ch, &ch->plan.volumes[mount->volume]);
    if (volume < 0)
        return volume;
    long part = beneath_open((int)volume, sub_path, BENEATH_KEEP);
    call_bare(SYS_close, volume, 0, 0, 0);
    rest += strspn(rest, "/");
    out->name = rest;
    out->is_guarded = !*sub_path;
    if (part < 0 || !*rest)
        return part;
    long at = beneath_open_above((int)part, rest, BENEATH_KEEP, &out->name);
    call_bare(SYS_close, part, 0, 0, 0);
    out->is_guarded = (uint8_t)beneath_is_guarded((int)at);
    return at;
}

long message_find(const struct child_start *ch, struct message_place *out)
{
    size_t depth = 0;
    const struct plan_mount *mount = mount_of(ch, &depth);
    if (mount)
        return find_inside(ch, mount, path_of(ch) + depth, out);
    long at = beneath_find_above(path_of(ch), BENEATH_KEEP, &out->name);
    out->is_guarded = (uint8_t)beneath_is_guarded((int)at);
    return at;
}

long message_open(long at, const struct message_place *place, long how)
{
    char path[FD_ROOM];
    how |= O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (*place->name)
        return call_bare(SYS_openat, at, call_at(place->name), how | O_NOFOLLOW, 0644);
    path[say_format(path, sizeof path - 1, "/proc/self/fd/%d", (int)at)] = 0;
    return call_bare(SYS_openat, AT_FDCWD, call_at(path), how & ~(O_CREAT | O_EXCL), 0);
}

/* 0: it is not known who that is. */
static int find_user(const struct core *c, const struct unit *u, uint32_t *uid)
{
    static struct identity found;
    const char *name = plan_text(&c->plan, u->plan->user);
    int is_found = !*name || user_find("/etc/passwd", "/etc/group", name, &found) == 0;
    *uid = *name ? found.uid : geteuid();
    return is_found;
}

/* A program could put something else in its place: another's file by another name, or one that it could move there. */
static int is_its_own(const struct core *c, const struct unit *u, const struct message_place *place, int fd)
{
    struct stat st;
    uint32_t uid;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1)
        return 0;
    return place->is_guarded || (find_user(c, u, &uid) && (uid == 0 || uid == st.st_uid));
}

int64_t message_read_file(const struct core *c, const struct unit *u, char *to)
{
    struct message_place place;
    const struct child_start as = {
        .core = c, .unit = u, .plan = c->plan, .of = u->plan, .sub_paths = c->loaded.sub_paths};
    long at = message_find(&as, &place), fd = at < 0 ? at : message_open(at, &place, O_RDONLY);
    int64_t size = 0, some;
    int is_file = fd >= 0 && is_its_own(c, u, &place, (int)fd);
    while (is_file && size < MESSAGE_ROOM && (some = sys_read((int)fd, to + size, (size_t)(MESSAGE_ROOM - size))) > 0)
        size += some;
    if (fd >= 0)
        close((int)fd);
    if (at >= 0)
        close((int)at);
    return size;
}

/* A read takes no time but on a disk that hangs: all of them together get this, and volumes go only then. */
void message_await(struct core *c)
{
    uint64_t end = sys_now() + LAST_MS * UINT64_C(1000000), now;
    for (uint32_t i = 0; i < c->slot_count; i++) {
        struct message *m = c->slots[i]->message;
        while (m && m->line >= 0 && (now = sys_now()) < end) {
            struct pollfd told = {m->line, POLLIN, 0};
            poll(&told, 1, (int)((end - now) / 1000000) + 1);
            message_read(c, c->slots[i]);
        }
    }
}
