/* What was made for a pod, noted in its directory before it is made, and taken back in the opposite order: at its end,
 * when something fails half-way, and by whoever comes after a pod that was killed. It must never undo what is not as it
 * was made: what somebody else put in its place stays.
 *
 * A note is four numbers, the path, and one text more, each ended by a NUL. One that was not written to its end was not
 * done.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "keeper.h"
#include "say.h"

static const char *const journal_name = ".journal";

/* --- writing --- */

void journal_open(struct keeper *k, int flags)
{
    k->journal = openat(k->base_fd, journal_name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void journal_note(struct keeper *k, struct deed_note note)
{
    const char *other = note.other ? note.other : "";
    char *head = keeper_text("%u %u %u %u", (unsigned)note.deed, note.mode, note.uid, note.gid);
    size_t sizes[] = {strlen(head) + 1, strlen(note.path) + 1, strlen(other) + 1}, size = 0;
    const char *texts[] = {head, note.path, other};
    char *all = keeper_room(sizes[0] + sizes[1] + sizes[2]);
    for (int i = 0; i < 3; size += sizes[i++])
        memcpy(all + size, texts[i], sizes[i]);
    ssize_t written = write(k->journal, all, size);
    if (written == (ssize_t)size)
        return;
    int error = written < 0 ? errno : ENOSPC;
    off_t end = lseek(k->journal, 0, SEEK_END);
    if (written > 0 && ftruncate(k->journal, end - written) < 0)
        error = errno;
    keeper_fail(k, "cannot write in %s: %s", k->base, say_error(error));
}

/* --- reading --- */

struct notes_read { struct deed_note *at; size_t count; };

static char *read_all(const struct keeper *k, size_t *size)
{
    struct stat st;
    *size = 0;
    if (k->journal < 0 || fstat(k->journal, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return NULL;
    char *all = keeper_room((size_t)st.st_size + 1);
    ssize_t n = pread(k->journal, all, (size_t)st.st_size, 0);
    *size = n > 0 ? (size_t)n : 0;
    return all;
}

/* The next text, which ends with a NUL inside; NULL: there is none. */
static const char *next_text(const char **at, const char *end)
{
    const char *text = *at, *nul = memchr(text, 0, (size_t)(end - text));
    *at = nul ? nul + 1 : end;
    return nul ? text : NULL;
}

static int read_note(const char **at, const char *end, struct deed_note *out)
{
    const char *head = next_text(at, end), *path = head ? next_text(at, end) : NULL;
    const char *other = path ? next_text(at, end) : NULL;
    if (!other)
        return 0;
    *out = (struct deed_note){.path = path, .other = other};
    out->deed = (char)keeper_number(&head);
    out->mode = keeper_number(&head);
    out->uid = keeper_number(&head);
    out->gid = keeper_number(&head);
    return 1;
}

static struct notes_read read_notes(const struct keeper *k)
{
    size_t size;
    const char *at = read_all(k, &size), *end = at + size;
    struct notes_read notes = {keeper_room((size / 4 + 1) * sizeof *notes.at), 0};
    struct deed_note note;
    while (at < end && read_note(&at, end, &note)) {
        if (note.deed != DEED_NOTHING)
            notes.at[notes.count++] = note;
        else if (notes.count)
            notes.count--;
    }
    return notes;
}

/* --- undoing: 0, or -errno; what is gone already is well --- */

static int or_error(int result) { return result < 0 && errno != ENOENT ? -errno : 0; }

/* Where it was made: what a link leads to that a program has put in the way since is somebody else's. */
struct spot { int at; const char *name; };

/* 0, or -errno; nobody finds it any more: 1. */
static int find(const struct deed_note *n, struct spot *s)
{
    int at = (int)beneath_find_above(n->path, BENEATH_KEEP, &s->name);
    s->at = at;
    return at >= 0 ? 0 : at == -ENOENT || at == -ENOTDIR || at == -EXDEV || at == -ELOOP ? 1 : at;
}

typedef int undo_at(struct spot, const struct deed_note *);

static int undo_there(const struct deed_note *n, undo_at *undo)
{
    struct spot s;
    int result = find(n, &s);
    if (result)
        return result < 0 ? result : 0;
    result = undo(s, n);
    close(s.at);
    return result;
}

static int undo_file(struct spot s, const struct deed_note *n)
{
    struct stat st;
    (void)n;
    if (fstatat(s.at, s.name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_size)
        return 0;
    return or_error(unlinkat(s.at, s.name, 0));
}

static int is_link_to(struct spot s, const char *text)
{
    char found[4096];
    ssize_t size = readlinkat(s.at, s.name, found, sizeof found);
    return size == (ssize_t)strlen(text) && memcmp(found, text, (size_t)size) == 0;
}

static int undo_link(struct spot s, const struct deed_note *n)
{
    return is_link_to(s, n->other) ? or_error(unlinkat(s.at, s.name, 0)) : 0;
}

/* Only where nothing is: somebody may have put something of his there; or he may now put a link there. */
static int undo_replaced(struct spot s, const struct deed_note *n)
{
    if (mkdirat(s.at, s.name, 0700) < 0)
        return errno == EEXIST ? 0 : -errno;
    int fd = openat(s.at, s.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP || errno == ENOTDIR ? 0 : or_error(fd);
    int result = fchown(fd, n->uid, n->gid) < 0 && errno != EPERM ? -errno : or_error(fchmod(fd, n->mode));
    close(fd);
    return result;
}

static int undo_directory(struct spot s, const struct deed_note *n)
{
    (void)n;
    int result = or_error(unlinkat(s.at, s.name, AT_REMOVEDIR));
    return result == -ENOTEMPTY || result == -ENOTDIR || result == -EEXIST ? 0 : result;
}

static int is_mounted(struct spot s)
{
    int fd = openat(s.at, s.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int is_it = fd >= 0 && tree_mount(fd) != tree_mount(s.at);
    if (fd >= 0)
        close(fd);
    return is_it;
}

/* Whoever is in it still keeps it, but nobody finds it any more. Who may not mount may not even be told that nothing is
 * mounted there. */
static int undo_mount(struct spot s, const struct deed_note *n)
{
    int result = umount2(n->path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
    if (result == -EPERM && !is_mounted(s))
        return 0;
    return result == -EINVAL || result == -ENOENT ? 0 : result;
}

static int undo_hostname(const struct deed_note *n)
{
    char now[256] = "";
    gethostname(now, sizeof now - 1);
    return strcmp(now, n->other) == 0 ? or_error(sethostname(n->path, strlen(n->path))) : 0;
}

static int undo(const struct deed_note *n)
{
    switch ((enum deed)n->deed) {
    case DEED_DIRECTORY: return undo_there(n, undo_directory);
    case DEED_FILE: return undo_there(n, undo_file);
    case DEED_LINK: return undo_there(n, undo_link);
    case DEED_REPLACED: return undo_there(n, undo_replaced);
    case DEED_MOUNT: return undo_there(n, undo_mount);
    case DEED_TREE: return tree_remove(n->path);
    case DEED_HOSTS: return hosts_remove(n->path, n->other);
    case DEED_HOSTNAME: return undo_hostname(n);
    case DEED_ROOT:
    case DEED_NOTHING: break;
    }
    return 0;
}

/* In the root file system, of which another container has its own: only the pod's directory may be both's. */
static int is_in_root(const struct deed_note *n)
{
    return n->deed != DEED_TREE && n->deed != DEED_MOUNT;
}

static int is_another_root(struct notes_read notes)
{
    return notes.count && notes.at[0].deed == DEED_ROOT && strcmp(notes.at[0].path, root_name()) != 0;
}

void journal_undo(struct keeper *k)
{
    struct notes_read notes = read_notes(k);
    int failed = 0, is_elsewhere = is_another_root(notes);
    for (size_t i = notes.count; i > 0; i--) {
        int result = is_elsewhere && is_in_root(&notes.at[i - 1]) ? 0 : undo(&notes.at[i - 1]);
        failed |= result < 0;
        if (result < 0)
            keeper_warn(k, "cannot take back %s: %s", notes.at[i - 1].path, say_error(-result));
    }
    if (!failed && unlinkat(k->base_fd, journal_name, 0) == 0)
        rmdir(k->base);
}
