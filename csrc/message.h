/* What an instance leaves as its last words: its termination message, for people who look at its end.
 *
 * A file of memory that only the program has, or a path that the plan names. The first is ours to read at any time; a
 * disk may hang, so what lies there is read by a short-lived child, and an instance's successor begins its file only
 * when that child is done.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct core;
struct unit;

enum {
    MESSAGE_ROOM = 4096,        /* bytes, as Kubernetes has it */
    MESSAGE_LINES = 80,         /* of the log, where it stands in for a message, and */
    MESSAGE_LOG = 2048,         /* bytes of it */
    MESSAGE_FD = 100,           /* as the program has it: above what scripts number by hand */
};

struct message {
    int32_t file;               /* -1, or the instance's file of memory */
    int32_t line;               /* -1, or the pipe on which a child tells what the path holds */
    int32_t reader;             /* that child while it is not reaped, else 0 */
    uint32_t instance;          /* whose message it is; 0: nobody's */
    uint16_t size;
    char text[MESSAGE_ROOM];    /* not cut at a character, without control characters but newlines and tabs */
};

void message_open_unit(struct core *, struct unit *);           /* before each start */
void message_take(struct core *, struct unit *);                /* its end is in the books */
void message_say(struct core *, struct unit *, const char *text);              /* why it did not start */
void message_read(struct core *, struct unit *);                /* a child has told something */
void message_close(struct unit *);                              /* its next instance may have none */
void message_end(struct core *, struct unit *);                 /* no instance of it will come as it is */
int message_child_ended(struct core *, int32_t pid);            /* 1: it was such a child */
int message_is(const struct core *, int32_t pid);               /* it is one, and no stray */
size_t message_of(const struct unit *, uint32_t instance, const char **text);   /* 0: that one left none */
void message_await(struct core *);                              /* at the pod's end: those that are being read */
void message_read_path(const struct core *, struct unit *);     /* at once, in a child that may wait */

/* message_file.c: the directory that a unit's path is in, as an O_PATH descriptor, or -errno; and the file, opened
 * there. By bare calls. */
struct message_place {
    const char *name;           /* "": what is found is the file itself */
    uint8_t is_guarded;         /* what lies there nobody else can have moved there */
};
struct child_start;
long message_find(const struct child_start *, struct message_place *out);
long message_open(long at, const struct message_place *, long how);

/* In a child. Bytes, of MESSAGE_ROOM; 0: there is none. */
int64_t message_read_file(const struct core *, const struct unit *, char *to);

#endif
