/* A kernel that is not there: processes, descriptors and a clock that moves only while the core waits. fake_kernel.c
 * holds processes and what will happen to them, fake_errand.c those that probes and hooks are, fake_net.c what comes by
 * sockets, fake_file.c who writes log files, fake_control.c who asks the control server; fake_sys.c and fake_proc.c
 * implement csrc/sys.h over it, script.c reads what to play, driver.c plays it.
 * Nothing here may know a policy, or ask the real system for anything.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core.h"

#define BEGIN UINT64_C(1000000000000)   /* the clock at the start, ns: 0 means "never" in many places */
#define NEVER UINT64_MAX

/* --- processes --- */

enum reaction { HEEDS, IGNORES, FORKS, STUCK };

struct pipe { char *data; size_t head, size, room; int readers, writers; };

struct process {
    int32_t pid, parent, group;     /* group: its session too; 0: still that of its parent */
    uint64_t start;
    char state;                     /* S alive, Z not reaped, 0 gone */
    uint8_t executed;
    int asked;                      /* the stop signal that waits for the exec */
    int unit;                       /* whose leader it is, or -1 */
    int errand;                     /* which errand's child it is, or -1 */
    struct pipe *line;              /* on which it may say that it is ready */
    enum reaction reaction;         /* of everybody else */
    uint8_t is_stray;
    struct sys_exit end;
    uint64_t died;                  /* order of deaths */
    struct pipe *handshake;
    char *name, *environment;
    size_t environment_size;
    char key[16];
};

struct start { uint64_t after; int code; uint8_t starved; };

/* How each attempt of an errand is answered, and how long that takes. */
enum reply_kind { REPLY_WELL, REPLY_BADLY, REPLY_ERROR, REPLY_NEVER };
struct reply { enum reply_kind kind; uint64_t after; };

/* What a program says of itself. */
enum notice_kind { NOTICE_READY, NOTICE_RELOADING, NOTICE_STOPPING, NOTICE_WATCHDOG, NOTICE_TRIGGER };

/* How a unit's processes behave. */
struct behaviour {
    struct start *starts;
    uint32_t start_count, attempts;
    uint64_t stop_after, rest;      /* NEVER: not at all, not before it is killed */
    int stop_code;                  /* -1: the signal ends it */
    uint8_t stuck, rest_stuck;
    int32_t leader;                 /* the last one's pid */
    struct reply replies[ERRAND_COUNT];
    uint64_t ready_after;           /* each instance says that it is ready; NEVER: not by itself */
    int pulses;                     /* how often its watchdog began to wait */
    int socket;                     /* where it says things: a descriptor of the core's, 0: none */
};

enum fact_kind {
    FACT_EXECUTED, FACT_UNSTARTABLE, FACT_ENDED, FACT_PROCESS_ENDED, FACT_STRAY_ENDED, FACT_SAID, FACT_SIGNAL,
    FACT_WRITE, FACT_ROOM, FACT_FILE, FACT_PROCESS, FACT_OOM, FACT_TURNED, FACT_NOTIFIED, FACT_PULSE,
    FACT_ERRAND_EXECUTED, FACT_ERRAND_UNASKED, FACT_REPLIED, FACT_CLIENT, FACT_VOLUME, FACT_FETCH
};

/* pid 0: whichever leader the unit has now. */
struct fact { uint64_t at, order; enum fact_kind kind; int unit; int32_t pid; int a, b; size_t size; char *text; };

struct fake {
    struct core *core;
    uint64_t now, until;
    struct process *processes;
    uint32_t process_count;
    int32_t last_pid;
    struct behaviour *behaviours;
    struct fact *facts;
    size_t fact_count;
    uint64_t orders, deaths;
    uint64_t oom_kills;
    uint8_t has_ties;               /* timers fire as the core has them */
    uint8_t fired;                  /* a timer was heard since the core waited last */
    uint8_t said;                   /* something was put into the queue while the core waited */
    uint64_t signals;               /* pending, SYS_SIGNAL_BIT each */
    int signal_code;                /* of the next record: SI_USER or SI_KERNEL */
    uint32_t lost;
    uint8_t has_door;               /* somebody will come to the control server */
    int maps;                       /* mappings that were taken while it ran, and not given back */
};

extern struct fake fake;

struct process *kernel_find(int32_t pid);
struct process *kernel_add(int32_t parent, int32_t group);
int32_t kernel_fork(uint32_t unit, struct pipe *handshake);
struct process *kernel_living(const struct fact *);         /* whom it happens to: executed or not; NULL: gone */
void kernel_end(struct process *, uint8_t by_signal, uint8_t code);
void kernel_mark(struct process *, uint32_t number);
void kernel_plan(struct fact);
void kernel_happen(void);           /* everything of this moment that was planned before the call */
uint64_t kernel_next(void);         /* NEVER: nothing is planned */
void kernel_signal(struct process *, int sig);
struct process *kernel_dead_child(int *has_children);
void kernel_set_name(struct process *, const char *name);
void kernel_set_environment(struct process *, const char *bytes, size_t size);

/* --- fake_errand.c, fake_net.c --- */

int32_t errand_fork(uint32_t errand, struct pipe *handshake);
void errand_happen(const struct fact *);
struct reply reply_of(const struct errand *);

struct descriptor;
size_t message_next(const struct pipe *);   /* how long the first message is; 0: there is none */
int net_is_ready(const struct descriptor *, uint32_t events);
int64_t net_read(const struct descriptor *, char *to, size_t size);
void net_replied(const struct fact *);
void net_notify(const struct fact *);
void net_closed(int socket);                /* nobody hears what is said there */
void net_beat(const struct fact *);
void net_watchdog_waits(uint32_t unit);

/* --- fake_terminal.c --- */

int terminal_open_new(int flags);           /* one that a unit may have */
int terminal_is_hung(void);                 /* one is to be closed */
int32_t terminal_fork(void);                /* by a child that does it in no time */

/* --- fake_file.c --- */

enum { FILES = 8 };
void files_happen(void);
void file_turned(const struct fact *);
int file_killed(int32_t pid, int sig);      /* 1: that is a writer, and it ended */
void files_report(void (*put)(const char *bytes, size_t size));

/* --- fake_volume.c --- */

int32_t volume_fork(void);                  /* 0: nobody asked for its child */
int volume_reaped(int32_t pid, struct sys_exit *out);
void volume_turned(const struct fact *);
void packet_write(struct pipe *, const void *bytes, size_t size, int passes);    /* passes: a descriptor, too */

/* --- fake_fetch.c --- */

int32_t fetch_fork(void);                   /* 0: nobody asked for one */
int fetch_killed(int32_t pid, int sig);     /* 1: that is such a child */
int fetch_reaped(int32_t pid, struct sys_exit *out);
void fetch_turned(const struct fact *);

/* --- descriptors --- */

enum { DESCRIPTORS = 2048 };
enum held {
    FREE, PLAIN, PIPE_READ, PIPE_WRITE, EPOLL, SIGNALS, PROC, TEXT, PIDFD, SINK, SOCKET, OOM, MEMORY, CONNECTION, DOOR,
    CLIENT
};

struct descriptor {
    enum held kind;
    struct pipe *pipe;
    int32_t pid;                    /* of CLIENT: which one */
    int sink;
    int errand;                     /* of CONNECTION: who dials; -1: it is not known yet */
    uint8_t nonblocking;
    char *text;                     /* of TEXT: what a reader gets, from at to size */
    size_t size, at;                /* of CONNECTION: at is 0 until it is answered, then tells how */
    uint64_t serial;                /* no two have the same */
};

extern struct descriptor table[DESCRIPTORS];

int open_as(struct descriptor);
struct descriptor *held(int fd);    /* the run ends if it is not open */

/* --- fake_control.c --- */

void knocker_turned(const struct fact *);
int64_t knocker_read(const struct descriptor *, char *to, size_t size);
int64_t knocker_send(const struct descriptor *, const char *from, size_t size);
uint32_t knocker_events(const struct descriptor *, uint32_t asked);
void knocker_closed(const struct descriptor *);
int door_is_ready(void);
void knockers_report(void (*put)(const char *bytes, size_t size));

/* --- fake_sys.c --- */

void pipe_write(struct pipe *, const char *bytes, size_t size);
void pipe_unref_writer(struct pipe *);
struct pipe *pipe_of_stream(uint32_t unit, uint32_t stream);
int is_watched(int fd);
int is_writable(const struct descriptor *);  /* a sink, or the writing end of a pipe, has room */
int watched_as(enum watch_kind, const struct pipe *, uint32_t *index);  /* 1: a reader of it is, for that index */

/* Where the core's own output goes. room: bytes it takes before it says EAGAIN. */
struct fake_sink {
    mode_t type;
    uint8_t reopens, has_nowait;
    uint64_t room, most_at_once;
    char *data;
    size_t size;
    uint8_t is_terminal;
};
extern struct fake_sink sinks[2];

/* Calls that are counted and may be made to fail, in the order of their names in fake_sys.c. */
enum { SPARE = 512 };     /* slots that another plan may bring */

enum call {
    FORK, KILL, CHILD_ENDED, REAP, PIDFD_OPEN, PIDFD_SIGNAL, PIPE, NONBLOCKING, SIGNALFD, EPOLL_CREATE, EPOLL_ADD,
    EPOLL_WAIT, OPEN, READ, WRITE, WRITE_NOWAIT, SEND_NOWAIT, LIST, REWIND, DATAGRAMS, CREDENTIALS, BIND, PEEK,
    READ_AT, STREAM, CONNECT, FORK_APART, REAP_APART, ACCEPT, PEER, HEAR, TELL, SHUT, GIVE_BACK, MEMORY_FILE, MAP, PASS,
    RAISE, ARENA, LOCK, OTHER_SIDE, CALLS
};

int fails(enum call);               /* counts it; 0, or -errno */
void faults_add(const char *call, uint32_t first, uint32_t count, int error);
void descriptors_report(void);
void calls_report(void);

/* --- what tests look at --- */

void turn_ends(void);                        /* the core waits: all that follows from what it knows has been done */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void broken(const char *what);     /* the core did what it must never do */

/* --- script.c --- */

void script_read(char *request);

#endif
