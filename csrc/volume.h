/* Volumes, the pod's lines in /etc/hosts and its hostname. All that is done in the file system is a child's (keeper.c):
 * it prepares, looks at what volumes hold, takes back. volume.c is its parent, which only begins it and listens.
 */
#ifndef VOLUME_H
#define VOLUME_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"

struct core;

enum { VOLUME_BASE = 192, VOLUME_TEXT = 1000, VOLUME_WHY = 240 };

enum keeper_task { KEEPER_PREPARE, KEEPER_LOOK, KEEPER_TAKE_BACK };

/* What the child tells, a packet each; of text only what is there is sent. */
enum keeper_word {
    KEEPER_HOLDS,       /* text: the pod's directory; with it comes what locks it as long as we have it open */
    KEEPER_WARNS,       /* text */
    KEEPER_DONE,        /* number: what of enum volume_way there is */
    KEEPER_FAILED,      /* text */
    KEEPER_OVER         /* number: the volume that holds too much */
};
struct keeper_news { uint32_t word, number; char text[VOLUME_TEXT]; };
enum { KEEPER_NEWS_HEAD = 8 };

enum volume_way {
    VOLUME_MOUNTS = 1,  /* units get mounts; else there are links */
    VOLUME_SEALS = 2    /* those that ask for it get a root that they cannot write to */
};

enum volume_stage { VOLUMES_NONE, VOLUMES_PREPARING, VOLUMES_THERE, VOLUMES_FAILED };

struct volumes {
    int32_t pid;                /* the child, 0: there is none or it is reaped */
    int news;                   /* -1, or where it tells */
    int lock;                   /* -1, or what keeps others off the pod's directory */
    uint64_t due, wait;         /* when the child is looked at again, 0: not; how long after that */
    uint64_t look_at;           /* when what volumes hold is looked at, 0: never */
    uint32_t over;              /* which holds too much, PLAN_NONE: none */
    uint8_t stage;              /* enum volume_stage */
    uint8_t task;               /* enum keeper_task, of the child */
    uint8_t told;               /* the child has said its last word */
    uint8_t has_mounts;         /* units get mounts of their own, not links */
    uint8_t has_seals;          /* units that ask for it cannot write to the root */
    char why[VOLUME_WHY];       /* what went wrong, ASCII; "" nothing has */
    char base[VOLUME_BASE];     /* the pod's directory: each volume that is no HOST_PATH is in it; "" there is none */
};

int volume_has_place(const struct plan *);      /* whether the pod has a directory of its own */
int volume_has_secrets(const struct plan *);    /* which must not be forgotten before all is prepared */
void volume_begin(struct core *);               /* before the first start; 0 or more units wait for it */
void volume_heard(struct core *);
void volume_turn(struct core *);
uint64_t volume_next(const struct core *);      /* the moment at which it wants a turn; 0: none */
void volume_end(struct core *);                 /* when all is over: waits, but not for long */
int volume_is_awaited(const struct core *);     /* no unit may start yet */
/* Where it is; "" nowhere. */
const char *volume_path(const struct core *, uint32_t volume, char *room, size_t size);
int volume_is(const struct core *, int32_t pid);/* it is no stray */

/* keeper.c: the child. */
_Noreturn void keeper_run(struct core *, enum keeper_task, int news);

/* mount.c: the volumes of a unit, in a mount namespace of its child's own. 0, or -errno with *which set. */
struct child_start;
long mount_try(const char *at);                 /* whether that may be done at all: mounts it onto itself */
struct plan_volume;
long mount_open(const struct child_start *, const struct plan_volume *);         /* an O_PATH descriptor, or -errno */
long mount_all(const struct child_start *, uint32_t *which);
long mount_seal(const char *message, int has_own);      /* message: "", or a file that can still be written to */

#endif
