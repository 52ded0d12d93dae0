/* One command: minipod [options] -- PROGRAM, and the inits whose names minipod answers to.
 *
 * The general core runs it, on the plan that is compiled in (solo_plan.h). Options and names only change numbers of
 * that plan before it runs: nothing behind one_run() knows of them.
 */
#ifndef ONE_H
#define ONE_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"

struct core;

/* What a name brings with it: who knows an option, and what holds where no option says otherwise. */
enum { ONE_OWN = 1, ONE_TINI = 2, ONE_DUMB = 4, ONE_CATATONIT = 8, ONE_ALL = 15 };

struct one_manner {
    const char *name;               /* as whom we answer */
    const char *version;            /* what --version prints before our own; NULL: nothing */
    uint8_t known_by;               /* one of ONE_* */
    uint8_t bad_usage;              /* exit code for words that are no command line */
    uint8_t prints_to;              /* the descriptor for help and version */
    uint8_t needs_dashes;           /* 1: "--" stands before the program */
    uint8_t scripts_by_shell;       /* 1: a file without a #! line is /bin/sh's to read, as execvp(3) has it */
    uint8_t to_leader;              /* the rest: as in struct one */
    uint8_t own_session;
    uint8_t asks_rest;
    uint8_t ends_alone;
};

enum { ONE_AS_IT_IS = 255, ONE_CODE_AS_IT_IS = 65535, ONE_DROPPED = 0 };

struct one {
    const struct one_manner *manner;
    char *const *program;           /* its words, NULL-terminated */
    const char *report;             /* a path, or NULL */
    uint64_t grace;                 /* ns; UINT64_MAX: nobody said */
    uint16_t codes[PLAN_EXIT_CODES];/* by raw exit code: what it counts as, or ONE_CODE_AS_IT_IS */
    uint8_t sent[PLAN_SIGNALS];     /* by signal: what the program gets for it, ONE_DROPPED or ONE_AS_IT_IS */
    uint8_t to_leader;              /* signals go to the program alone, not to its group */
    uint8_t own_session;            /* a session of its own where there is no terminal to share */
    uint8_t asks_rest;              /* its group gets TERM when it has ended */
    uint8_t ends_alone;             /* TERM is a signal like any other, and we leave when the program has ended */
    uint8_t parent_signal;          /* what we get when our parent ends; 0: nothing */
    uint8_t tells_orphans;
    uint8_t only_pauses;            /* there is no program: it is minipod pause */
    uint8_t verbosity;              /* 0 no word at all, 1 warnings, 2 news */
};

/* The manner of who is called by this path; the last one is our own. Never NULL. */
const struct one_manner *one_manner_of(const char *argv0);

/* Whether a command line of our own name is for one command: it begins with an option. */
int one_is_asked(const char *word);

/* one_options.c: reads the environment, then the words behind argv[0]. Says what is wrong and leaves with
 * manner->bad_usage; does what --help, --version and --license ask and leaves with 0. */
void one_read(struct one *, const struct one_manner *, char *const *argv, char *const *environment);

/* one_value.c: what a value says; a clause that tells what is wrong with it, or NULL. The first two take a list, parted
 * by blanks or commas. */
const char *one_take_rewrites(struct one *, const char *text);
const char *one_take_codes(struct one *, const char *text);
const char *one_take_parent_signal(struct one *, const char *text);
int one_truth_of(const char *text);     /* 1, 0; -1: neither */

/* The options that one of this manner knows, a line each, to a descriptor. */
void one_print_options(int fd, const struct one_manner *);

/* one_amend.c: plan: what plan_refuse() had nothing against. Its digest does not hold any more. */
void one_amend(const struct one *, uint8_t *plan);

/* Runs it; the exit code. filled: bit N for each descriptor N below 3 that was closed when we came. */
int one_run(struct core *, const struct one_manner *, char *const *argv, unsigned filled);

#endif
