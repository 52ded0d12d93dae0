/* Log files, and the events', are written by a child each, so that a disk that hangs never holds up PID 1. */
#ifndef WRITER_H
#define WRITER_H

#include <stdint.h>

struct core;
struct unit;
struct plan_log;

/* What a child writes. */
struct file_job {
    const struct plan_log *log; /* NULL: the events, which say themselves what is lost, and never make way */
    const char *path;
    int fd;                     /* -1, or what is open already: the writer opens nothing then */
};

struct file_writer {
    struct unit *unit;          /* the first one that writes into this file; NULL: the events */
    struct file_job job;
    uint32_t sink;              /* position in core's sinks: the pipe it reads */
    int32_t pid;                /* 0: there is none, or it is reaped */
    int read_end;               /* of that pipe: ours too, so that nothing is lost when a writer dies */
    int news;                   /* -1, or what it tells us */
    uint8_t gone;               /* it has closed its end of the news */
    uint8_t closed;             /* nothing more will come for it */
    uint8_t failing;            /* enum file_stage that it has told of */
    uint8_t lacking;            /* none can be begun */
    uint8_t killed;             /* by us: the end did not wait for it */
    uint64_t began_at;
    uint64_t due, wait;         /* when to look again, 0: not; how long after that */
};

/* What fails, as file.c tells it; each piece of news is written at once. */
enum file_stage { FILE_FINE, FILE_OPEN, FILE_WRITE, FILE_ROTATE };
struct file_news { uint32_t lines; int32_t error; uint32_t stage; };   /* lines: dropped since the news before */

uint32_t writer_count(const struct core *);                     /* at most so many, by the plan */
void writer_open_all(struct core *);                            /* before the first start */
void writer_open_events(struct core *, int fd);
void writer_heard(struct core *, uint32_t index);
void writer_turn(struct core *);
uint64_t writer_next(const struct core *);                      /* the moment at which it wants a turn; 0: none */
void writer_close_done(struct core *);                          /* at the end: those whose last line is in their pipe */
void writer_kill_left(struct core *);                           /* those that do not end in time; still to be reaped */
void writer_give_up(struct core *);                             /* those that were killed and are there still */
int writer_is_left(const struct core *);
int writer_is(const struct core *, int32_t pid);                /* it is no stray */

/* file.c: the child. pipe: the lines; its end is the end. */
_Noreturn void file_run(const struct file_job *, int pipe, int news, int null);

#endif
