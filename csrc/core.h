/* The running pod: its state, and what each subsystem offers the others. One struct, one thread, no heap.
 *
 * Facts come in through loop.c; step.c turns them into cells of the policy tables; action.c does what a cell says.
 * Nothing here may hold a decision: if a file wants to compare a policy, a table is missing.
 */
#ifndef CORE_H
#define CORE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "book.h"
#include "change.h"
#include "events.h"
#include "control.h"
#include "fetch.h"
#include "load.h"
#include "log.h"
#include "plan.h"
#include "record.h"
#include "sys.h"
#include "terminal.h"
#include "unit.h"
#include "volume.h"
#include "writer.h"

/* --- timer.c --- */

enum pod_timer { TIMER_POD_DEADLINE, TIMER_BUDGET, TIMER_OVERDUE, TIMER_ROUND, POD_TIMERS };

struct timers { uint64_t *when; uint32_t *heap, *place; uint32_t count; };

/* --- step.c --- */

struct event { uint32_t unit; uint8_t machine, event; uint16_t zero; };
struct queue { struct event *ring; uint32_t room, head, fill; };

struct stop_limits { uint64_t service_turn, service_kill, sidecar_turn, sidecar_kill, leave; };

/* One who left its unit's session while the leader lived; start is /proc's, in ticks. */
enum { NOTED_MOST = 64 };
struct noted { int32_t pid; uint32_t unit; uint64_t start; };

enum { STACKS = 8, STACK_ROOM = 16384 };        /* for children that share our memory until their exec */

struct core {
    struct plan plan;
    struct loaded loaded;
    struct unit **units;                /* in file order, as the plan has them */
    struct unit **slots;                /* by the number that a unit has for life; vacant ones: change.c */
    struct errand **errands;            /* by the number of theirs; vacant ones are nobody's */
    uint32_t unit_count, slot_count, errand_count, name_width;
    uint32_t execs;                     /* errands whose child is not reaped */
    uint32_t forgotten;                 /* children of errands that were ended before, not reaped yet */
    uint32_t helpers, mail_held;        /* units whose mailbox has a child, or waits for one */
    uint8_t may_clear;                  /* somebody may have let go of what a plan before owns */
    struct draft *draft, *held;         /* change.c: a plan to be taken over; those that hold, the last one first */
    char *const *given, *const *words;  /* our environment, and what follows -- */
    uint32_t next_number;               /* of a unit that there was none like before */
    struct queue queue;
    struct records records;
    struct events events;
    struct server control;
    struct timers timers;
    uint32_t *cell_counts;              /* entries of each cell, machine after machine */
    struct sink *sinks;
    struct file_writer *writers;
    struct terminal terminal;
    uint32_t sink_count, writer_count;
    uint8_t has_standard;               /* stdout and stderr have been looked at, and */
    uint8_t err_is_out;                 /* stderr is what stdout is: one sink has the lines of both */
    uint32_t paced;                     /* streams that are read by the clock: */
    uint64_t pace_at, pace_ns;          /* when next; how long after that */
    uint64_t kept;                      /* how often lines came into a ring */
    uint32_t unsaid;                    /* units of which lines were dropped that nobody was told of */
    uint64_t tell_at, told_at, tell_wait;       /* when that is told, 0: not; was told last; is told next */
    char *scratch;                      /* STREAM_ROOM bytes */
    uint8_t *stacks;                    /* STACKS times STACK_ROOM; its start lies at the end of each */
    int32_t stack_of[STACKS];           /* the child that has it, 0: nobody */
    uint64_t now, began_wall;
    uint64_t frozen_since;              /* 0: time runs */
    int epoll, signals;
    int null;                           /* above 2 if it is open before the set-up */
    int proc;                           /* negative: there is no /proc that tells of us (proc.c) */
    int oom;                            /* -1, or the file that counts OOM kills */
    uint64_t given_mask;                /* what children start with, as the next */
    struct rlimit given_files;
    uint8_t has_raised_files;           /* ours is another now */
    char mark[32];                      /* in every unit's environment: MINIPOD_INSTANCE=<mark>.<number> */
    int32_t self;
    uint8_t is_init;                    /* we are PID 1 of a namespace */
    uint8_t quiet;                      /* one command: no word unless something is wrong */
    uint8_t mute;                       /* one command: nor a warning */
    uint8_t is_untold;                  /* one command: nobody is told why it ended */
    uint8_t is_set_up;                  /* the rest of it, too */
    uint8_t tell_orphans;               /* one command: each that is reaped is told */
    uint8_t scripts_by_shell;           /* one command: what has no #! line is /bin/sh's to read */
    const char *sole;                   /* one command: its word, by which messages name it; NULL: a pod */
    /* the pod */
    uint8_t state, cause, left;
    uint8_t told_by;                    /* the last signal that said: stop, or TOLD_BY_CONTROL; 0: none has */
    struct unit *blamed, *culprit;      /* the first that failed for good; the one whose end is the cause */
    uint32_t services_left, services_failed, units_left;
    struct unit *pod_event_of;          /* whose end is the event that the pod machine is at, or NULL; and */
    uint8_t pod_event;                  /* that event: what fix-cause remembers */
    struct errand *errand_at;           /* whose probe machine is being stepped, or NULL */
    uint32_t awaited;                   /* units that a new beginning waits for */
    uint64_t round_began;
    uint64_t oom_seen;                  /* the cgroup's OOM kills at our start, and those since that explained an end */
    uint8_t has_sidecars, budget_running, sweeping;
    struct stop_limits limits;
    uint64_t grace_override;            /* UINT64_MAX: none */
    uint32_t orphans_reaped, impossible, lost_events;
    uint64_t dropped_lines;
    struct noted noted[NOTED_MOST];
    uint32_t noted_count;
    uint8_t is_alone;                   /* just now: we have no child at all, but writers */
    uint8_t reap_more;                  /* the last reaping stopped at its bound */
    uint8_t trimmed;                    /* footprint.c's, as is */
    uint64_t trim_at;                   /* when what was needed to start leaves memory; 0: not now */
    struct volumes volumes;
    struct fetch fetch;
    uint32_t starting;                  /* units whose child has not executed its program yet */
};

/* core.c */
void core_raise_files(struct core *);                   /* before anything is opened that has a high number */
rlim_t core_most_files(const struct core *);            /* of ours, which units' children have until their exec */
void core_set_up(struct core *);
void core_set_up_rest(struct core *);           /* once the first units have been started */
void core_bind_unit(struct core *, struct unit *, uint32_t place);      /* to what the plan says of it, and loaded */
void core_bind_errand(struct core *, struct errand *, uint32_t place);
void core_renew(struct core *, struct unit *);  /* it is executed with what the plan that holds says */
void core_see_unit(struct core *, const struct unit *);                 /* one more of those that are counted */
int core_has_message(const struct plan_unit *);                         /* somebody looks for its last words */
uint32_t core_queue_room(uint32_t units, uint32_t edges);
int core_exit_code(const struct core *, const struct unit **decider);
const char *core_phase_name(int exit_code);
const char *core_why(const struct core *, uint8_t cause);        /* a sentence, as far as it can be told */
/* Its place in the plan. */
static inline uint32_t unit_place(const struct core *c, const struct unit *u)
{
    return (uint32_t)(u->plan - c->plan.units);
}

/* step.c */
enum { STEP_POD = UINT32_MAX };
void step_post(struct core *, enum machine, const struct unit *, uint8_t event);
void step_post_first(struct core *, enum machine, const struct unit *, uint8_t event);    /* before all that waits */
void step_all(struct core *);
void step_judge(struct core *, struct unit *);
void step_settle(struct core *, struct unit *);
int step_is_failed(const struct unit *);         /* of one that is over: the pod counts it as failed */
const struct cause *step_cause(uint8_t cause);
const struct takeover *step_takeover(uint8_t change, uint8_t before);
int step_takes(const struct core *, uint8_t pod_event);         /* the pod acts on it, as it is now */
uint8_t step_phase(uint32_t bits);
uint32_t step_cell_count(enum machine, uint32_t *rows, uint32_t *columns);
const char *life_word(uint8_t), *outcome_word(uint8_t), *kind_word(uint8_t), *phase_word(uint8_t);
const char *step_reason(const struct unit *);   /* of its last end: Completed, Error, OOMKilled … */
const char *step_end_reason(uint8_t exit_class, int odd, int failed);
const char *step_machine_word(enum machine), *step_state_word(enum machine, uint8_t);
const char *step_event_word(enum machine, uint8_t);
const char *milestone_word(uint8_t), *log_mode_word(uint8_t), *volume_kind_word(uint8_t);
const char *signal_word(uint8_t);

/* phase.c: the phase as things stand */
uint8_t core_phase(const struct core *);

/* action.c */
void action_reach(struct core *, struct unit *, uint8_t milestone);
void action_run(struct core *, struct unit *, uint8_t action);

/* loop.c */
enum watch_kind {
    WATCH_SIGNALS, WATCH_HANDSHAKE, WATCH_STREAM, WATCH_SINK, WATCH_STRAGGLER, WATCH_ERRAND, WATCH_ERRAND_HANDSHAKE,
    WATCH_NOTIFY, WATCH_WRITER, WATCH_CONTROL, WATCH_CLIENT, WATCH_TERMINAL, WATCH_VOLUME,
    WATCH_MESSAGE, WATCH_FETCH
};
void loop_run(struct core *);
void loop_hear(struct core *, const struct epoll_event *);      /* hands one fact to whom it is for */
int loop_watch(struct core *, int fd, uint32_t events, enum watch_kind, uint32_t index);
void loop_change(struct core *, int fd, uint32_t events, enum watch_kind, uint32_t index);
void loop_forget(struct core *, int fd);

/* spawn.c, child.c */
void spawn_give_stack_back(struct core *, int32_t pid);
int spawn_shares(const struct core *);          /* a child of ours has not executed its program, and has our memory */
void spawn_unit(struct core *, struct unit *);
void spawn_read_handshake(struct core *, struct unit *);
/* What a child is begun with: its own copy of whatever another plan makes otherwise while it is on its way, so that
 * nobody has to wait for it. errand: NULL for the unit's own program. */
struct child_start {
    const struct core *core;
    const struct unit *unit;
    const struct errand *errand;
    struct plan plan;                           /* the one that held then; its bytes stay as long as the child */
    const struct plan_unit *of;
    const struct program *program;
    char **sub_paths;                           /* struct loaded's */
    int handshake;
    int line;                                   /* -1, or what becomes the unit's notify_fd */
    int terminal;                               /* -1, or in whose foreground it puts itself */
    int output;                                 /* where a probe writes */
    int streams[2];                             /* where all others do: -1, or what leads to us */
    uint8_t is_named;                           /* a variable of its names it by its number (given.c) */
    uint8_t is_probe;
    uint8_t has_late;                           /* late.h: it has a copy of our memory */
};
int spawn_errand(struct core *, struct errand *);              /* 0, or -errno */
void spawn_read_errand_handshake(struct core *, struct errand *);
int child_run(void *start);                     /* a struct child_start; never returns */
struct child_failure { int32_t error; uint8_t stage; uint8_t zero; uint16_t which; };  /* of the stage's own list */
enum child_stage {
    STAGE_NONE, STAGE_STREAMS, STAGE_USER, STAGE_GROUP, STAGE_IDENTITY, STAGE_DIRECTORY, STAGE_EXEC, STAGE_INTERPRETER,
    STAGE_GROUPS, STAGE_NOT_ROOT, STAGE_LIMITS, STAGE_NICE, STAGE_OOM_SCORE, STAGE_CAPABILITIES, STAGE_MESSAGE,
    STAGE_MOUNT, STAGE_READ_ONLY,               /* mount.c's */
    STAGE_ENVIRONMENT,                          /* late.c's */
    STAGE_TERMINAL,
    STAGE_PROCESS                               /* the parent's: there is no child */
};

/* reap.c */
void reap_children(struct core *);
void reap_record(struct core *, struct unit *, const struct sys_exit *);
uint8_t reap_start_failure(const struct unit *);                 /* 127 or 126: what a start that failed tells */
void reap_unborn(struct core *, struct unit *, int error);      /* there is no process for it, and never will be */
struct unit *reap_unit_of(struct core *, int32_t pid);          /* whose leader it is, or NULL */
struct errand *reap_errand_of(struct core *, int32_t pid);

/* errand.c: begin, end, answer; what an answer means is the probe machines' and the hooks' */
void errand_begin(struct core *, struct errand *);
void errand_end(struct core *, struct errand *);                        /* no answer any more */
void errand_answer(struct core *, struct errand *, enum answer, enum why, int32_t number);
void errand_hush(struct core *, struct errand *);               /* nobody listens to its command any more */
void errand_ready(struct core *, struct errand *);              /* there is something to be read or written */
void errand_due(struct core *, struct errand *);                        /* its timer fired */
size_t errand_why(const struct errand *, char *out, size_t room);
const char *errand_kind_word(uint8_t kind);
size_t errand_format_why(const struct errand *, enum why, int32_t number, char *out, size_t room);
void errand_child_ended(struct core *, struct errand *, const struct sys_exit *);
void errand_count(struct core *, struct errand *, int well);             /* an answer for a probe's machine */

/* dial.c: the errands that are asked over a socket */
void dial_begin(struct core *, struct errand *);                        /* answers at once, or later */
void dial_ready(struct core *, struct errand *);
void dial_end(struct core *, struct errand *);                          /* closes; never answers */

/* notify.c: what programs say of themselves */
void notify_open(struct core *);                                        /* before the first start */
int notify_open_unit(struct core *, struct unit *);                     /* before each start: 0, or -errno */
void notify_read(struct core *, struct unit *);
void notify_begin(struct core *, struct errand *);                      /* handler NOTIFY: answers at once, or later */
void notify_started(struct unit *);                                     /* its child is there */
void notify_forget(struct core *, struct unit *);                       /* the instance is over, or will not be */
int notify_signal(const struct unit *, int sig);                        /* 1: sent to the main process that it named */

/* mailbox.c: where datagrams come in */
int mailbox_open(struct core *, struct unit *);                         /* 0, or -errno */
void mailbox_close(struct core *, struct unit *);                       /* nobody hears what is in it */
int64_t mailbox_look(const struct unit *, char *text, size_t room, struct sys_sender *);
void mailbox_drop(struct core *, struct unit *, const struct sys_sender *);
void mailbox_retry(struct core *);
int mailbox_child_ended(struct core *, int32_t pid);                    /* 1: it was its child */

/* oom.c */
uint64_t oom_parse(const char *events, size_t size);
int oom_find(const char *cgroups, size_t size, int *is_v1, const char **path, size_t *path_size);  /* 0: in none */
void oom_open(struct core *);
uint64_t oom_count(const struct core *);                                /* of OOM kills so far; 0 where unreadable */

/* round.c: the whole pod begins anew */
void round_reset_all(struct core *);
void round_rest(struct core *, struct unit *);
void round_begin(struct core *);

/* stray.c */
void stray_note(struct core *, struct unit *);
void stray_forget(struct core *, const struct unit *);
void stray_signal_unit(struct core *, struct unit *, int sig);
void stray_ask_others(struct core *, struct unit *);            /* TERM to all below us outside its leader's group */
void stray_check_all(struct core *);
void stray_sweep(struct core *, int sig);
int stray_is_of(struct core *, struct unit *, int32_t pid);     /* alive, below us, and attributed to the unit */
int stray_runs_as(int32_t pid, uint32_t uid);
char stray_state(int32_t pid);                                  /* as /proc has it, 0: it is gone */
uint32_t stray_count(struct core *, struct unit *);             /* who lives of it besides its leader */

/* mark.c */
uint32_t mark_find(const struct core *, int32_t pid);    /* the unit's number, PLAN_NONE: nobody's that can be told */

/* proc.c */
int proc_open(const struct core *);                              /* negative: there is none that tells of us */
uint32_t proc_signal_groups(struct core *, int sig);            /* those of units, for want of /proc; how many */

/* timer.c */
void timer_arm(struct core *, uint32_t id, uint64_t when);
void timer_disarm(struct core *, uint32_t id);
uint64_t timer_when(const struct core *, uint32_t id);      /* as it was armed; 0: it is not */
uint64_t timer_next(const struct core *);                   /* 0: none */
int timer_pop_due(struct core *, uint32_t *id);
static inline uint64_t timer_earlier(uint64_t a, uint64_t b) { return a && (!b || a < b) ? a : b; }    /* 0: never */
void timer_shift_all(struct core *, uint64_t by);
static inline uint32_t timer_of_unit(const struct unit *u) { return 2 * u->slot; }
static inline uint32_t timer_of_deadline(const struct unit *u) { return 2 * u->slot + 1; }
static inline uint32_t timer_of_pod(const struct core *c, enum pod_timer t) { return 2 * c->slot_count + t; }
static inline uint32_t timer_of_errand(const struct core *c, const struct errand *e)
{
    return 2 * c->slot_count + POD_TIMERS + e->slot;
}

/* signal.c */
void signal_hold_all(uint64_t *given);
void signal_read(struct core *);
void signal_to_unit(struct core *, struct unit *, int sig);    /* to the group, or the leader if stop_to says so */
void signal_kill_unit(struct core *, struct unit *);            /* KILL to the group, whatever stop_to says */
void signal_stand_still(struct core *);
void signal_thaw(struct core *);
void signal_lost_terminal(struct core *);
void signal_told(struct core *, uint8_t by);                    /* to stop */
const char *signal_teller(const struct core *);                 /* who did, in words; NULL: nobody */

/* report.c */
size_t report_sentence(const struct core *, int exit_code, const struct unit *decider, char *out, size_t room);
void report_write(struct core *, int report, int exit_code, const struct unit *decider);

#endif
