/* Directory trees: removing one, and counting what is in it. Links are never followed and other file systems never
 * entered, however they came into the tree; a bind mount of the same file system is another one here. It must never
 * remove anything above the tree, whatever is moved about in it meanwhile.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "beneath.h"
#include "keeper.h"
#include "say.h"

/* --- which file system --- */

enum { WANTED_ID = 0x1000, ANSWER_SIZE = 256, MASK_AT = 0, ID_AT = 144 };

/* From /proc, for a kernel before 5.8; 0 where it cannot be had. */
static uint64_t told_mount(int fd)
{
    char path[48], text[512];
    path[say_format(path, sizeof path - 1, "/proc/self/fdinfo/%d", fd)] = 0;
    int info = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = info < 0 ? -1 : read(info, text, sizeof text - 1);
    close(info);
    text[size < 0 ? 0 : size] = 0;
    const char *at = strstr(text, "mnt_id:");
    if (!at)
        return 0;
    at += sizeof "mnt_id:" - 1;
    return keeper_number(&at);
}

uint64_t tree_mount(int fd)
{
    uint8_t answer[ANSWER_SIZE] = {0};
    uint32_t mask;
    uint64_t id;
    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, WANTED_ID, answer) < 0)
        return told_mount(fd);
    memcpy(&mask, answer + MASK_AT, sizeof mask);
    memcpy(&id, answer + ID_AT, sizeof id);
    return mask & WANTED_ID ? id : told_mount(fd);
}

/* --- removing --- */

enum { NAME_ROOM = 256 };

struct level { dev_t device; ino_t inode; char name[NAME_ROOM]; };
struct stuck { dev_t device; ino_t inode; };

struct removal {
    struct level *levels;               /* the way down to us */
    struct stuck *stuck;                /* directories that could not be removed */
    size_t depth, most_depth, stuck_count;
    int at;
    uint64_t mount;
    int error;
};

static void note_error(struct removal *r, int error)
{
    if (!r->error)
        r->error = error;
}

static int is_stuck(const struct removal *r, const struct stat *st)
{
    for (size_t i = 0; i < r->stuck_count; i++)
        if (r->stuck[i].device == st->st_dev && r->stuck[i].inode == st->st_ino)
            return 1;
    return 0;
}

static void push(struct removal *r, const char *name, int fd)
{
    struct stat st = {0};
    if (r->depth == r->most_depth)
        r->levels = keeper_grow(r->levels, r->most_depth++, sizeof *r->levels);
    fstat(r->at, &st);
    struct level *level = &r->levels[r->depth++];
    level->device = st.st_dev;
    level->inode = st.st_ino;
    level->name[say_format(level->name, sizeof level->name - 1, "%s", name)] = 0;
    close(r->at);
    r->at = fd;
}

/* Into a directory of this file system; 0: there it cannot go. */
static int descend(struct removal *r, const char *name)
{
    struct stat st = {0};
    int fd = openat(r->at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || tree_mount(fd) != r->mount)
        note_error(r, fd < 0 ? errno : EBUSY);
    else if (fstat(fd, &st) == 0 && !is_stuck(r, &st)) {
        push(r, name, fd);
        return 1;
    }
    if (fd >= 0)
        close(fd);
    return 0;
}

static void remove_left(struct removal *r, const char *name)
{
    struct stat st;
    if (unlinkat(r->at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return;
    note_error(r, errno);
    r->stuck = keeper_grow(r->stuck, r->stuck_count, sizeof *r->stuck);
    if (fstatat(r->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        r->stuck[r->stuck_count++] = (struct stuck){st.st_dev, st.st_ino};
}

/* Back to where we came from, and nowhere else. */
static int ascend(struct removal *r)
{
    struct level *level = &r->levels[--r->depth];
    struct stat st;
    int above = openat(r->at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(r->at);
    r->at = above;
    if (above < 0 || fstat(above, &st) < 0 || st.st_dev != level->device || st.st_ino != level->inode) {
        note_error(r, ESTALE);
        return 0;
    }
    remove_left(r, level->name);
    return 1;
}

/* Removes what is no directory, up to the first directory that can be entered: then it is, and 1. */
static int empty_or_descend(struct removal *r)
{
    struct listing names = {.fd = openat(r->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    const char *name;
    int went = 0;
    while (!went && (name = listing_next(&names))) {
        if (unlinkat(r->at, name, 0) == 0 || errno == ENOENT)
            continue;
        if (errno == EISDIR)
            went = descend(r, name);
        else
            note_error(r, errno);
    }
    if (names.fd >= 0)
        close(names.fd);
    return went;
}

static int open_above(const char *path, const char **name)
{
    char *above = strcpy(keeper_room(strlen(path) + 1), path), *slash = strrchr(above, '/');
    *name = slash ? path + (slash - above) + 1 : path;
    if (slash)
        slash[slash == above] = 0;
    return open(slash ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int tree_remove(const char *path)
{
    const char *name;
    struct removal r = {.at = open_above(path, &name)};
    if (r.at < 0)
        return errno == ENOENT ? 0 : -errno;
    int error = unlinkat(r.at, name, 0) == 0 ? ENOENT : errno;
    if (error == ENOENT) {
        close(r.at);
        return 0;
    }
    r.mount = tree_mount(r.at);
    if (error != EISDIR || r.mount == 0)
        note_error(&r, error == EISDIR ? ENOTSUP : error);
    else if (descend(&r, name))
        while (r.depth && (empty_or_descend(&r) || ascend(&r))) {
        }
    close(r.at);
    return -r.error;
}

/* --- counting --- */

/* Directories that have yet to be looked into, by their paths in the tree; files of several names, each once. */
struct count { char **paths; size_t found, seen; ino_t *shared; size_t shared_count; int64_t bytes; };

static void count_file(struct count *c, const struct stat *st)
{
    for (size_t i = 0; st->st_nlink > 1 && i < c->shared_count; i++)
        if (c->shared[i] == st->st_ino)
            return;
    if (st->st_nlink > 1) {
        c->shared = keeper_grow(c->shared, c->shared_count, sizeof *c->shared);
        c->shared[c->shared_count++] = st->st_ino;
    }
    c->bytes += (int64_t)st->st_blocks * 512;
}

static void count_entry(struct count *c, int dir, const char *path, const char *name)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (!S_ISDIR(st.st_mode)) {
        count_file(c, &st);
        return;
    }
    c->paths = keeper_grow(c->paths, c->found, sizeof *c->paths);
    c->paths[c->found++] = keeper_text("%s%s%s", path, *path ? "/" : "", name);
}

static void count_directory(struct count *c, int root, uint64_t mount, const char *path)
{
    struct listing names = {.fd = -1};
    const char *name;
    struct stat st;
    int at = (int)beneath_open(root, path, BENEATH_KEEP);
    int fd = at < 0 ? -1 : openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && tree_mount(fd) == mount)
        names.fd = fd;
    if (names.fd >= 0 && fstat(fd, &st) == 0)
        c->bytes += (int64_t)st.st_blocks * 512;
    while ((name = listing_next(&names)))
        count_entry(c, fd, path, name);
    if (fd >= 0)
        close(fd);
    if (at >= 0)
        close(at);
}

/* As du has it. Files of several names are compared with each other: 10,000 of them cost 50 ms. */
int64_t tree_usage(const char *path)
{
    struct count c = {0};
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -errno;
    uint64_t mount = tree_mount(root);
    count_directory(&c, root, mount, "");
    while (c.seen < c.found)
        count_directory(&c, root, mount, c.paths[c.seen++]);
    close(root);
    return c.bytes;
}
