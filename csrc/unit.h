/* One unit of the pod, and its errands: probes, hooks, what its program says of itself. State alone; what is done with
 * it is each subsystem's.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdint.h>

#include "book.h"
#include "grpc.h"
#include "http.h"
#include "load.h"
#include "log.h"
#include "message.h"
#include "plan.h"
#include "policy_tables.h"

/* The probes' follow each other as the errands do. */
enum machine {
    MACHINE_LIFE, MACHINE_WANT, MACHINE_POD, MACHINE_STARTUP, MACHINE_LIVENESS, MACHINE_READINESS, MACHINE_WATCHDOG,
    MACHINE_COUNT
};
enum { PROBES = ERRAND_WATCHDOG + 1 };          /* errands below this one are probes, with a machine each */

/* --- errand.c: probes and hooks --- */

/* ERROR: it could not be asked at all. */
enum answer { ANSWER_WELL, ANSWER_BADLY, ANSWER_ERROR };

/* Why the last answer was not well; number goes with it. errand_why() has the words. */
enum why {
    WHY_NOTHING,    /* it was well */
    WHY_TIME,       /* no answer in time */
    WHY_STATUS,     /* HTTP status number */
    WHY_SYSTEM,     /* errno number */
    WHY_EXIT,       /* exit code number */
    WHY_SIGNAL,     /* ended by signal number */
    WHY_GARBAGE,    /* no answer of this protocol */
    WHY_CLOSED,     /* the peer hung up */
    WHY_REDIRECTS,  /* too many */
    WHY_SERVING,    /* gRPC: not serving */
    WHY_SAID,       /* the program said so */
};

/* The first line that a probe's command writes: of its last attempt until the next one writes something. */
struct heard {
    uint8_t size, is_old;       /* bytes of text; those are of the attempt before */
    uint8_t is_over;            /* the line has ended: what follows is thrown away */
    char text[77];              /* a NUL behind it */
};

struct errand {
    const struct plan_errand *plan;
    struct unit *unit;          /* NULL: vacant */
    const struct program *program;      /* EXEC */
    uint32_t slot;              /* its place among the core's: for life */
    uint64_t tried_at;          /* when the last attempt began, or was due */
    uint64_t timeout_ns;        /* of an attempt: the plan's, or what a program asked for its watchdog; 0: none */
    uint32_t run;               /* equal answers in a row */
    int32_t number;             /* beside why */
    uint8_t why;
    uint8_t last;               /* 1: the last answer was well */
    uint8_t tries;
    uint8_t busy;               /* an attempt is under way */
    uint8_t asking;             /* the attempt is being begun: an answer comes back to who began it */
    uint8_t errored;            /* it could not be asked */
    uint8_t doubtful;           /* a redirect that is not followed: counts as well, and is said */
    /* EXEC */
    uint8_t failed_exec;
    int32_t pid;                /* its child while it is not reaped, else 0 */
    int32_t handshake;          /* -1, or as a unit's */
    int32_t fd;                 /* -1, or what a probe's command writes to; else the connection, as all below */
    uint16_t port;              /* where a redirect has led */
    uint8_t redirects;
    uint8_t watched;            /* EPOLLOUT until the request is out, then EPOLLIN; 0: not watched */
    uint32_t sent;              /* bytes of the request */
    union { struct http_reply http; struct grpc_reply grpc; struct heard heard; } reply;
    char *location;             /* ERRAND_LOCATION bytes, touched by redirects alone */
    struct errand_book book;
};
enum { ERRAND_LOCATION = 2048, STATUS_ROOM = 128 };

/* --- notify.c: what a program has said of itself --- */

enum pulse { PULSE_NONE, PULSE_BEAT, PULSE_TRIGGER };

struct notes {
    int32_t socket;             /* -1, or where it says things: the unit's, for the pod's life */
    int32_t line;               /* -1, or the end we read of the instance's pipe */
    int32_t child_end;          /* -1, or the other end, until there is a child */
    int32_t main, main_pid;     /* a pidfd of the main process it named, or -1; the number, or 0: the last instance's */
    int32_t error;              /* errno of the last instance, 0: none was told */
    uint32_t refused;           /* messages that did not count */
    uint8_t told;               /* what has been said of those already */
    uint8_t pulse;              /* enum pulse that the watchdog has not seen */
    uint8_t stale;              /* what the instance before said may still lie before what this one says */
    uint8_t held;               /* the first message waits for resources to take it out */
    int32_t helper;             /* the child that takes it out while it is not reaped, else 0 */
    uint64_t extended_to;       /* the moment until which it asked for time */
    char status[STATUS_ROOM];   /* of the last instance: UTF-8, NUL-terminated */
};

/* --- one unit --- */

struct unit {
    const struct plan_unit *plan;
    const struct program *program;
    const char *name;                   /* as messages have it */
    uint32_t slot;                      /* its place among the core's: for life */
    uint32_t number;                    /* in its processes' mark: nobody had it before, and nobody will */
    /* policy */
    uint8_t life, want, exit_class, outcome;
    uint8_t deadline_hit;
    uint8_t reached;            /* 1 << enum milestone */
    uint8_t blamed_dependency;
    uint8_t probes[PROBES];     /* states of the probe machines */
    struct errand *errands[ERRAND_COUNT];       /* NULL: it has none of the kind */
    struct notes *notes;                        /* NULL: it has no way to say anything */
    struct message *message;                    /* NULL: nobody looks for its last words */
    uint8_t begun;              /* it was up, once */
    uint8_t renews;             /* another plan holds: its next start is made with what that says */
    uint8_t in_round;           /* it was started since the pod began, or began anew */
    uint8_t begun_in_round;     /* and was up */
    uint8_t started, ready;     /* the instance, as its probes say */
    uint8_t sick;               /* a failed probe or hook ended the instance */
    uint8_t sick_by;            /* enum errand_kind: that one */
    uint8_t oom;                /* the kernel ended it for want of memory */
    uint8_t unfit;              /* it was not executed: what it shall have, or who it shall be, is not to be had */
    uint8_t awaits_round;       /* the pod's new beginning waits for it */
    uint8_t notified;           /* the program said: ready */
    uint8_t unwell;             /* the program said: reloading or stopping; not ready until it says ready */
    uint32_t start_waits, stop_waits;
    /* the instance */
    int32_t pid;                /* the leader while it is not reaped, else 0 */
    int32_t group;              /* the last leader's pid: its session and group; 0 before the first start */
    int32_t handshake;          /* -1, or the pipe that tells whether the program was executed */
    int32_t watch;              /* -1, or a pidfd of one straggler that a drain waits for */
    uint8_t check_rest;         /* draining: see whether anything is left */
    uint8_t kill_rest;          /* draining: whatever is found is killed */
    uint8_t starved;            /* the last attempt to start found no resources */
    uint8_t start_stage;        /* spawn.c: where a start failed; 0 it did not */
    int32_t start_error;        /* errno then */
    uint16_t start_which;       /* what of several it was */
    int32_t no_terminal;        /* errno: why there is none of its own for it */
    /* the books */
    uint8_t has_run;            /* an instance ended: raw_code and code are set */
    uint8_t raw_code, code;     /* 128+N for a signal; before and after exit_codes */
    uint8_t signal;             /* 0, or what ended the last instance */
    uint32_t restarts;          /* instances after the first, whoever wanted them */
    uint32_t streak;            /* restarts by policy since the back-off was reset */
    uint64_t started_at, ended_at;              /* monotonic ns of the last instance */
    uint64_t started_wall, ended_wall;          /* for people */
    struct unit_book book;
    uint64_t stop_grace, grace_left, stop_began;
    struct stream streams[2];
    struct unit_log log;
    uint64_t log_lines, log_bytes;              /* that it wrote; dropped ones too */
    uint64_t log_dropped;                       /* lines that went nowhere but into the ring */
};

#endif
