/* The child that does what volumes need of the file system: what its files share. It has a copy of the pod's memory,
 * may wait and may allocate; what it allocates it never gives back, because it is gone soon.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdint.h>
#include <sys/types.h>

#include "core.h"

struct keeper {
    const struct core *core;
    const struct plan *plan;
    int news;                   /* where we tell */
    int base_fd;                /* the pod's directory, locked; -1: there is none yet */
    int journal;                /* -1, or what was made is noted here first */
    uint8_t has_mounts;
    uint8_t has_seals;
    uint8_t is_failing;         /* what we made is being taken back: nothing may fail any more */
    const char *base;
};

/* --- keeper.c --- */

void keeper_warn(struct keeper *, const char *format, ...);
_Noreturn void keeper_fail(struct keeper *, const char *format, ...);   /* takes back all that was made */
char *keeper_text(const char *format, ...);             /* as say_format, of any length that a path may have */
void keeper_tell(struct keeper *, enum keeper_word, uint32_t number, const char *text, int fd);
const char *keeper_volume(const struct keeper *, const struct plan_volume *);   /* where it is */
void *keeper_room(size_t size);                         /* of zeros */
void *keeper_grow(void *array, size_t count, size_t each);      /* with room for one more */
unsigned keeper_number(const char **text);              /* decimal, after blanks; *text is then behind it */

/* --- keeper_place.c: the pod's directory, and those that dead pods left --- */

void keeper_take_place(struct keeper *);
void keeper_find_place(struct keeper *);                /* to take back: what core's base says */
int keeper_is_ours(const char *link);                   /* the text of a link that no pod has any more */

/* --- journal.c: what was made, noted before it is made --- */

enum deed {
    DEED_DIRECTORY = 'D',       /* made; removed if it is empty */
    DEED_FILE = 'F',            /* made empty; removed if it is still */
    DEED_LINK = 'L',            /* other: what it says; removed if it still does */
    DEED_REPLACED = 'R',        /* an empty directory that made way for a link; comes back as it was */
    DEED_MOUNT = 'M',           /* unmounted */
    DEED_TREE = 'T',            /* removed with all that is in it, but nothing of another file system */
    DEED_HOSTS = 'H',           /* other: the block that goes out of the file again */
    DEED_HOSTNAME = 'N',        /* path: the one before, other: the one now */
    DEED_ROOT = 'O',            /* path: the root file system in which all this was made */
    DEED_NOTHING = '-'          /* the one noted last was not done */
};
struct deed_note { char deed; mode_t mode; uid_t uid; gid_t gid; const char *path, *other; };

void journal_open(struct keeper *, int flags);
void journal_note(struct keeper *, struct deed_note);   /* fails if it cannot be written */
void journal_undo(struct keeper *);                     /* all, the last first, and then the directory itself */

/* --- listing.c: the names in a directory, but for "." and ".." --- */

enum { LISTING_ROOM = 4096 };
struct listing { int fd; uint64_t size, at; _Alignas(8) char room[LISTING_ROOM]; };

const char *listing_next(struct listing *);             /* of the directory fd, the caller's; NULL: no more */

/* --- tree.c --- */

int tree_remove(const char *path);                      /* 0, or -errno: something is left */
uint64_t tree_mount(int fd);                            /* by which mount it was opened; 0: it cannot be had */
int64_t tree_usage(const char *path);                   /* bytes on the disk, or -errno */

/* --- volume_make.c, volume_files.c --- */

void volume_make_all(struct keeper *);
void volume_write_files(struct keeper *, const struct plan_volume *, const char *at);

/* --- volume_show.c: units' mounts --- */

void volume_show_all(struct keeper *);

/* --- root.c --- */

const char *root_name(void);                            /* what no other root file system is called */
void root_try(struct keeper *);                         /* whether units can be kept from writing to it */

/* --- hosts.c --- */

void hosts_add(struct keeper *);
int hosts_remove(const char *path, const char *block);  /* 0, or -errno */
void hostname_set(struct keeper *);

#endif
