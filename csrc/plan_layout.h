/* The plan: everything the core needs to know of one pod, as bytes. Flat and position-free: a header, arrays, one blob
 * of strings; indices, never pointers. Little-endian, fixed width, no padding.
 *
 * This text is compiled by C and read verbatim by cffi's cdef: no #include, no #if, no expressions. It must never hold
 * a default or a rule; the numbers of enumerations are those of minipod/supervisor/vocabulary.py (policy_tables.h).
 *
 * Every index of a unit, an edge or a string list is checked by plan_refuse() before anything else looks at it.
 */

#define PLAN_VERSION 4
#define PLAN_NONE 4294967295
#define PLAN_EXIT_CODES 256
#define PLAN_SIGNALS 65

struct plan_string { uint32_t at; uint32_t size; };     /* bytes in the blob; a NUL follows that size does not count */
struct plan_run { uint32_t first; uint32_t count; };    /* a run of elements of one array */

enum plan_array {
    PLAN_UNITS,      /* struct plan_unit, in file order: inits and sidecars, then services */
    PLAN_EDGES,      /* struct plan_edge, sorted by first: each unit's run follows that of the unit before */
    PLAN_WORDS,      /* struct plan_string: argument lists */
    PLAN_VARIABLES,  /* struct plan_variable: environments, labels */
    PLAN_EXITS,      /* struct plan_exit, 256 for each exit map */
    PLAN_DELAYS,     /* uint64_t ns: back-off ladders */
    PLAN_RULES,      /* struct plan_rule, one for each signal 0..64 */
    PLAN_TARGETS,    /* uint32_t unit: whom a signal is sent to */
    PLAN_ERRANDS,    /* struct plan_errand, by unit and then by kind: each unit's run follows that of the unit before */
    PLAN_RIGHTS,     /* struct plan_rights: of units that have some */
    PLAN_LIMITS,     /* struct plan_limit */
    PLAN_VOLUMES,    /* struct plan_volume */
    PLAN_FILES,      /* struct plan_file, by volume */
    PLAN_MOUNTS,     /* struct plan_mount, by unit; of each unit's those that lie higher first */
    PLAN_SOURCES,    /* struct plan_source, in the order of units: each unit's run follows that of the unit before */
    PLAN_SECRETS,    /* bytes: texts that are wiped as soon as the core has them; nothing else is there twice */
    PLAN_BLOB,       /* bytes */
    PLAN_ARRAYS
};

/* Bytes from the plan's begin; elements. The first array follows the header, each other one begins at the next
 * multiple of 8 after the one before it; the bytes between are 0. The blob ends the plan. */
struct plan_array_at { uint64_t at; uint64_t count; };

struct plan_variable { struct plan_string name; struct plan_string value; };

/* What the core reads for a unit's environment. origin says what, and which of the texts count. */
struct plan_source {
    struct plan_string name;        /* the variable; of a set, what stands before each name */
    struct plan_string path;        /* FILE, DIRECTORY, ENV_FILE; KEY: below its volume's directory */
    struct plan_string key;         /* KEY: the variable of that file */
    struct plan_string fallback;    /* LACK_TEXT: the value where there is none */
    struct plan_string secret;      /* SECRET: bytes of SECRETS, no NUL follows */
    uint64_t divisor;               /* CPU: thousandths of a processor; MEMORY, STORAGE: bytes; else 0 */
    uint32_t volume;                /* KEY: which volume, PLAN_NONE for /; else PLAN_NONE */
    uint8_t origin;
    uint8_t lack;                   /* what a missing one comes to */
    uint8_t handing;                /* FILE: how it is handed over */
    uint8_t chomp;                  /* 1: one newline at its end is no part of it */
};

struct plan_exit { uint8_t code; uint8_t exit_class; }; /* by raw code 0..255 (128+N for a signal): after exit_codes */

/* second waits, in direction, until first reaches milestone. START edges go to a higher rank, STOP edges to a lower
 * one. */
struct plan_edge { uint32_t first; uint32_t second; uint8_t milestone; uint8_t direction; uint16_t zero; };

/* What to do with a signal we receive. No targets: every running unit. */
struct plan_rule { uint8_t verb; uint8_t send; uint16_t zero; struct plan_run targets; };

/* A probe or a hook of one unit; kind says which, handler how it is done. */
struct plan_errand {
    struct plan_run argv;           /* WORDS of EXEC, $(VAR) not yet expanded unless exact; empty for all others */
    struct plan_string host;        /* a numeric address, IPv4 or IPv6 without brackets; HTTP_GET, TCP_SOCKET, GRPC */
    struct plan_string path;        /* HTTP_GET: what is asked for; GRPC: the service */
    struct plan_string authority;   /* HTTP_GET: the Host header, "" for none; GRPC: the authority */
    struct plan_string headers;     /* HTTP_GET: the other lines, each with its CR LF; GRPC: the user agent */
    uint64_t delay_ns;              /* a probe's first attempt comes this long after the program began */
    uint64_t period_ns;             /* from the begin of one attempt to that of the next; 0: at once */
    uint64_t timeout_ns;            /* of one attempt; 0: none. SLEEP: how long */
    uint64_t grace_ns;              /* STARTUP, LIVENESS, WATCHDOG: the unit's grace when this probe ends it */
    uint64_t last_grace_ns;         /* the same when no other service is left */
    uint32_t unit;
    uint32_t success_threshold;     /* of a probe: at least 1 */
    uint32_t failure_threshold;     /* of a probe: at least 1 */
    uint16_t port;
    uint8_t kind;
    uint8_t handler;
    uint8_t exact;                  /* 1: EXEC's words are not expanded */
    uint8_t zero[7];
};

/* What becomes of what a unit writes. */
struct plan_log {
    struct plan_string file;        /* written by a process of its own; "": our own stdout and stderr */
    uint64_t max_size;              /* bytes in one file before the next is begun; 0: any number */
    uint32_t keep;                  /* files besides the one that is written */
    uint8_t mode;
    uint8_t overflow;
    uint8_t zero[2];
};

/* One limit of a unit's processes, as prlimit(2) has it; all ones: none. */
struct plan_limit {
    struct plan_string name;        /* for messages */
    uint64_t soft;
    uint64_t hard;
    uint32_t resource;
    uint8_t keeps_soft;             /* 1: it stays as it was, but for the hard one above it */
    uint8_t keeps_hard;             /* 1: it stays as it was */
    uint8_t zero[2];
};

/* What a unit's processes may do and use, where it is not just what we may. Capabilities are sets, bit N for N. */
struct plan_rights {
    uint64_t dropped;               /* capabilities that it must not have; those that are added, too, it has */
    uint64_t added;                 /* those that it must have; also if it is not root. All ones: all that there are */
    struct plan_run added_names;    /* WORDS: of those, from the lowest bit on, for messages */
    struct plan_run groups;         /* WORDS: names or numbers, besides its own group */
    struct plan_run limits;         /* LIMITS */
    uint32_t nice;                  /* 20 above what it is called, 0..39; PLAN_NONE: minipod's own */
    uint32_t oom_score_adj;         /* 1000 above, 0..2000; PLAN_NONE: minipod's own */
    uint8_t member_groups;          /* 1: it is in the groups that it is in without these; 0: in its own alone */
    uint8_t no_new_privileges;      /* 1: nothing that it executes has more rights */
    uint8_t not_root;               /* 1: it does not start as root */
    uint8_t zero[5];
};

/* A directory that units share. */
struct plan_volume {
    struct plan_string name;        /* that of its directory, too */
    struct plan_string path;        /* HOST_PATH: absolute; "" for all others */
    struct plan_run files;          /* FILES; empty for all others */
    uint64_t size_limit;            /* EMPTY_DIR: bytes; 0: any */
    uint32_t mode;                  /* EMPTY_DIR: of the directory */
    uint32_t group;                 /* whose it is, and what is made in it; PLAN_NONE: nobody's in particular */
    uint8_t kind;
    uint8_t check;                  /* HOST_PATH: what must be there */
    uint8_t in_memory;              /* 1: EMPTY_DIR, where no disk is written */
    uint8_t zero[5];
};

struct plan_file {
    struct plan_string path;        /* in its volume: relative, without ".." */
    struct plan_string content;     /* any bytes, of a secret in SECRETS; of a copy the path that it is read from */
    uint32_t mode;
    uint8_t is_copy;                /* 1: of a file, or of the files in a directory */
    uint8_t is_optional;            /* 1: what is copied may be missing */
    uint8_t is_secret;              /* 1: in memory, where that can be had */
    uint8_t zero;
};

/* Where a unit sees a volume. */
struct plan_mount {
    struct plan_string path;        /* absolute, without ".." */
    struct plan_string sub_path;    /* of the volume: relative, without ".."; "" for all of it */
    uint32_t volume;
    uint8_t read_only;
    uint8_t expands;                /* 1: $(VAR) in sub_path is not expanded yet */
    uint8_t zero[2];
};

struct plan_unit {
    struct plan_string name;
    struct plan_run argv;           /* WORDS: command then args, $(VAR) not yet expanded; at least 1 */
    uint32_t command_count;         /* how many of argv are the command; 0 only if its words come at run time */
    uint32_t rank;
    struct plan_run env;            /* VARIABLES, later ones win, $(VAR) not yet expanded */
    struct plan_run sources;        /* SOURCES of this unit: before its env, never expanded */
    struct plan_string working_dir; /* empty: minipod's own */
    struct plan_string user;        /* name or number, "" for minipod's own */
    struct plan_string group;       /* name or number, "" for the user's own */
    struct plan_run edges;          /* EDGES whose first is this unit */
    struct plan_run delays;         /* DELAYS: the back-off ladder; at least 1 */
    uint32_t exit_map;              /* which 256 of EXITS */
    uint32_t umask;                 /* PLAN_NONE: minipod's own */
    uint32_t max_restarts;          /* since the last reset; PLAN_NONE: any number */
    uint8_t kind;
    uint8_t rule;
    uint8_t standing;
    uint8_t unstartable_class;      /* exit class when the command cannot be executed */
    uint8_t unstartable_code;       /* exit code then; 0: 127 not found, 126 otherwise */
    uint8_t stop_signal;
    uint8_t stop_scope;
    uint8_t stdin_mode;
    uint8_t leave_rest;             /* 1: what the leader leaves behind is left to the pod's end */
    uint8_t notify_socket;          /* 1: it gets NOTIFY_SOCKET */
    uint8_t tty;                    /* 1: our controlling terminal is its own */
    uint8_t forward_scope;          /* whom signals reach that are passed on: as stop_scope */
    struct plan_run errands;        /* ERRANDS of this unit, by kind, each kind at most once */
    struct plan_run mounts;         /* MOUNTS of this unit */
    uint32_t notify_fd;             /* the descriptor on which it writes a line when it is ready; PLAN_NONE: none */
    uint8_t keep_session;           /* 1: a group of its own in our session, 0: a session of its own */
    uint8_t tty_optional;           /* 1: it has our terminal as we had it: none, or one of several */
    uint8_t ask_rest;               /* 1: its group gets TERM when its leader has ended; with leave_rest */
    uint8_t read_only;              /* 1: it cannot write to the root file system, where that can be had */
    uint32_t rights;                /* which of RIGHTS; PLAN_NONE: just minipod's own */
    uint8_t message_own;            /* 1: it gets a file of memory for its termination message */
    uint8_t message_from_log;       /* 1: its last lines are its message, if it failed and left none */
    uint8_t own_terminal;           /* 1: each instance gets a terminal that nobody else has, for all three streams */
    uint8_t zeros[1];
    struct plan_string message_path;    /* where it leaves its termination message; "" for nowhere, or its own file */
    struct plan_run labels;         /* VARIABLES; like image only words for whoever asks */
    struct plan_string image;       /* "" for none */
    struct plan_log log;
    uint64_t grace_ns;              /* between the stop signal and KILL; clipped to the pod's budget */
    uint64_t rest_grace_ns;         /* what the rest of the group keeps once a stopped leader is gone */
    uint64_t deadline_ns;           /* from the first start; 0: none */
    uint64_t reset_ns;              /* a run longer than this begins the back-off anew */
};

struct plan_slice { uint64_t cap_ns; uint64_t divisor; };   /* min(cap, budget / divisor) */

struct plan_pod {
    struct plan_string name;
    struct plan_string termination_message;  /* a path, "" for none */
    struct plan_string default_path;         /* PATH of a unit that has none */
    struct plan_string control_path;         /* CONTROL_AT: where; else "" */
    struct plan_string listen_host;          /* a numeric address, as an errand's; "": nowhere */
    struct plan_string hosts;                /* what goes to the end of /etc/hosts, its first line empty; "" nothing */
    struct plan_string hostname;             /* "" for the one that is there */
    struct plan_run labels;                  /* VARIABLES */
    struct plan_run env;                     /* VARIABLES, before each unit's own */
    uint32_t main_unit;                      /* PLAN_NONE: no main */
    uint32_t args_unit;                      /* whose args the words after "--" replace; PLAN_NONE: nobody's */
    uint8_t exact_env;                       /* 1: units get what minipod was given, not a variable more */
    uint8_t leave_others;                    /* 1: once all units are over we leave, whoever else is left */
    uint8_t start_once;                      /* 1: a start that finds no resources is the unit's end: 126 */
    uint8_t plain_hangup;                    /* 1: the loss of our terminal is a HUP as any other, not the pod's end */
    uint16_t listen_port;                    /* 0: nowhere */
    uint8_t control;
    uint8_t own_log;                         /* LOG_MODE_PREFIX or LOG_MODE_JSON: minipod's own words */
    uint64_t deadline_ns;                    /* from the start; 0: none */
    uint64_t budget_ns;                      /* of a stop, unless MINIPOD_GRACE says otherwise */
    uint64_t retry_ns;                       /* after a start that failed for lack of resources */
    uint64_t term_floor_ns;                  /* the least between the stop signal and KILL while the pod goes on */
    uint64_t round_floor_ns;                 /* the least between two beginnings of the whole pod */
    uint64_t usage_ns;                       /* from one look at what volumes hold to the next */
    uint64_t eviction_ns;                    /* the most that a stop may take when one holds too much */
    struct plan_slice margin;
    struct plan_slice sidecars;
    struct plan_slice turn;
};

struct plan_header {
    uint8_t magic[8];               /* "minipod\n" */
    uint32_t version;
    uint32_t header_size;
    uint64_t size;                  /* of the whole plan in bytes */
    uint64_t digest;                /* of all bytes, these eight taken as 0 */
    struct plan_array_at arrays[PLAN_ARRAYS];
    struct plan_pod pod;
};
