/* The pod's directory: FOLDER/volumes/MARK, where FOLDER is where sockets are too (place.h), or one of our own in /tmp.
 * Whoever lives has his locked; what nobody has locked was left by a pod that was killed, and is taken back by the next
 * one. It must never touch the directory of a pod that lives, nor one that somebody else put there.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "place.h"
#include "say.h"

enum { FOLDERS = PLACE_FOLDERS + 1, FOLDER_ROOM = 128, OPEN = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static const char folder_name[] = "volumes";

static const char *folder(unsigned n)
{
    char room[FOLDER_ROOM];
    if (n >= PLACE_FOLDERS)
        return keeper_text("/tmp/minipod-%u", geteuid());
    return place_folder(n, room, sizeof room) ? keeper_text("%s", room) : NULL;
}

/* Units of other users must get through, but need not see what is in it. */
static void let_through(int fd, mode_t wanted)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & wanted) != wanted)
        fchmod(fd, (st.st_mode & 07777) | wanted);
}

/* -1: there is none that is ours, or that we may write to. */
static int open_volumes(const char *above)
{
    mkdir(above, 0711);
    int fd = place_is_trusted(above) ? open(above, OPEN) : -1;
    if (fd < 0)
        return -1;
    let_through(fd, 0111);
    mkdirat(fd, folder_name, 0711);
    int volumes = openat(fd, folder_name, OPEN);
    struct stat st;
    close(fd);
    if (volumes >= 0 && (fstat(volumes, &st) < 0 || st.st_uid != geteuid() || faccessat(volumes, ".", W_OK, 0) < 0)) {
        close(volumes);
        return -1;
    }
    if (volumes >= 0)
        let_through(volumes, 0111);
    return volumes;
}

/* --- what dead pods left --- */

static void take_back_dead(const struct keeper *k, int volumes, const char *above, const char *mark)
{
    struct keeper dead = *k;
    dead.is_failing = 1;
    struct stat st;
    dead.base_fd = openat(volumes, mark, OPEN);
    if (dead.base_fd < 0)
        return;
    if (fstat(dead.base_fd, &st) == 0 && st.st_uid == geteuid() && flock(dead.base_fd, LOCK_EX | LOCK_NB) == 0) {
        dead.base = keeper_text("%s/%s/%s", above, folder_name, mark);
        journal_open(&dead, O_RDWR);
        journal_undo(&dead);
        if (dead.journal >= 0)
            close(dead.journal);
        else
            rmdir(dead.base);
    }
    close(dead.base_fd);
}

/* The folder is locked: nobody has made his directory and not yet locked it. */
static char **dead_marks(int volumes, size_t *count)
{
    struct listing names = {.fd = openat(volumes, ".", OPEN)};
    const char *name;
    char **marks = NULL;
    *count = 0;
    while ((name = listing_next(&names)))
        if (name[0] != '.') {
            marks = keeper_grow(marks, *count, sizeof *marks);
            marks[(*count)++] = keeper_text("%s", name);
        }
    if (names.fd >= 0)
        close(names.fd);
    return marks;
}

/* --- ours --- */

static int make_ours(struct keeper *k, int volumes, const char *above)
{
    const char *mark = k->core->mark;
    if (mkdirat(volumes, mark, 0755) < 0)
        return -errno;
    k->base_fd = openat(volumes, mark, OPEN);
    if (k->base_fd < 0 || flock(k->base_fd, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        unlinkat(volumes, mark, AT_REMOVEDIR);
        return -error;
    }
    k->base = keeper_text("%s/%s/%s", above, folder_name, mark);
    return 0;
}

static int take_in(struct keeper *k, const char *above)
{
    size_t count = 0;
    int volumes = above ? open_volumes(above) : -1;
    if (volumes < 0)
        return -ENOENT;
    flock(volumes, LOCK_EX);
    char **marks = dead_marks(volumes, &count);
    int result = make_ours(k, volumes, above);
    flock(volumes, LOCK_UN);
    for (size_t i = 0; i < count; i++)
        take_back_dead(k, volumes, above, marks[i]);
    close(volumes);
    return result;
}

void keeper_take_place(struct keeper *k)
{
    int result = -ENOENT, why = 0;
    for (unsigned n = 0; n < FOLDERS && result < 0; n++) {
        result = take_in(k, folder(n));
        why = result < 0 && result != -ENOENT && !why ? -result : why;
    }
    if (result < 0)
        keeper_fail(k, "there is no directory for volumes: neither /run, XDG_RUNTIME_DIR nor /tmp can be %s%s",
                    why ? "used: " : "written", why ? say_error(why) : "");
    journal_open(k, O_RDWR | O_CREAT | O_EXCL | O_APPEND);
    if (k->journal < 0) {
        int error = errno;
        rmdir(k->base);
        keeper_fail(k, "cannot write in %s: %s", k->base, say_error(error));
    }
    journal_note(k, (struct deed_note){.deed = DEED_ROOT, .path = root_name()});
    keeper_tell(k, KEEPER_HOLDS, 0, k->base, k->base_fd);
}

void keeper_find_place(struct keeper *k)
{
    k->is_failing = 1;
    k->base_fd = open(k->base, OPEN);
    if (k->base_fd < 0)
        return;
    journal_open(k, O_RDWR);
}

/* ".../volumes/NUMBER/...", and nothing is there: /run may be gone where the rest of a container stays. */
int keeper_is_ours(const char *link)
{
    char *text = keeper_text("%s", link), *at = strstr(text, "/volumes/");
    struct stat st;
    if (*text != '/' || !at || !strstr(text, "minipod"))
        return 0;
    at += sizeof "/volumes/" - 1;
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (at[digits] != '/' && at[digits] != 0))
        return 0;
    at[digits] = 0;
    return lstat(text, &st) < 0 && errno == ENOENT;
}
