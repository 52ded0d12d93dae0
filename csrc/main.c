/* minipod: from the first instruction to the exit code. Signals are held before anything else is done. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "core.h"
#include "front.h"
#include "given.h"
#include "moment.h"
#include "one.h"
#include "pause.h"
#include "run.h"
#include "say.h"
#include "usage.h"

#ifndef MINIPOD_VERSION
#define MINIPOD_VERSION "0"
#endif
#ifndef MINIPOD_LIBC
#define MINIPOD_LIBC "unknown libc"
#endif
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static const char run_usage[] =
    "minipod run [--exit-code-from NAME] [--report FILE] [--events FILE|FD] [--set KEY=VALUE]... FILE|PLAN [-- ARGS]\n"
    "\n"
    "Run a pod until its work has ended or failed, or TERM, INT or QUIT stops it. A compiled plan needs no Python.\n"
    "  --exit-code-from NAME   the pod ends when this service ends, with its exit code; not with a plan\n"
    "  --report FILE           write how it ended, as JSON: who decided, all units' codes, restarts and times\n"
    "  --events FILE|FD        write every transition, a line of JSON each, to a file or an open descriptor\n"
    "  --set KEY=VALUE         a key's value over the file's, as service.web.env.PORT=81; not with a plan\n"
    "  --entrypoint IMAGE=CMD  what an image of a Kubernetes manifest runs, as redis='redis-server --port 6380'\n"
    "  --only NAME             the pod of that name, of a manifest with several; KIND/NAME where two share it\n"
    "  --preset DIR            add what the presets in a directory's files add; not with a plan\n"
    "  --volume NAME=/PATH     a directory in the place of the volume NAME; not with a plan\n"
    "  --strict                ignored fields of a manifest that a program may count on are errors\n"
    "  --allow-unknown         fields that nobody knows, and documents of other kinds, are left out with a warning\n"
    "  -- ARGS                 replace the args of main, or of the only service\n"
    "MINIPOD_GRACE=10s is the time to stop over the file's, MINIPOD_PYTHON the Python that reads pod files,\n"
    "MINIPOD_SOCKET where the pod is asked and told.\n"
    "Exit code: the pod's; 124 for a deadline, 127 or 126 for a command that cannot be executed, 64 for a mistake on\n"
    "the command line, 78 for a pod or plan that cannot be run, 71 or 70 if minipod itself cannot go on.\n";

static const char pause_usage[] =
    "minipod pause\n"
    "\n"
    "Hold the namespaces of a pod: reap what is orphaned in them, and do nothing else, until TERM or INT. Exit code:\n"
    "0.\n";

/* Where it is smaller than a page it lies in one: what is beside it is not needed when the start is over. */
static _Alignas(4096) struct core core;

/* --- before the pod --- */

/* A descriptor below 3 that is closed would be the next one we open. Nothing comes from a directory either, and nothing
 * goes there. Returns which were closed, a bit each; null: one that is ours alone, or -1. */
static unsigned fill_standard_fds(int *null)
{
    unsigned filled = 0;
    int fd;
    do {
        *null = sys_open("/dev/null", O_RDWR, 0);
        fd = *null >= 0 ? *null : sys_open("/", O_RDONLY | O_DIRECTORY, 0);
        if (fd >= 0 && fd < 3) {
            fcntl(fd, F_SETFD, 0);
            filled |= 1u << fd;
        }
    } while (fd >= 0 && fd < 3);
    if (*null < 0 && fd > 2)
        close(fd);
    return filled;
}

/* What we were given above stderr is nobody's here; only these two stay. */
static void close_inherited(int report, int events)
{
    core.null = -1;
    given_close_but(report, events);
}

static void read_grace(void)
{
    const char *text = getenv("MINIPOD_GRACE");
    core.grace_override = UINT64_MAX;
    if (text && *text && !moment_duration(text, &core.grace_override))
        die(EXIT_USAGE, "MINIPOD_GRACE=%s is no duration; write it as 10s, 1m30s or 250ms", text);
}

/* --- the pod --- */

static int run_pod(int argc, char **argv)
{
    static struct options options;
    front_parse_run(argc, argv, &options);
    run_become_reaper(&core);
    read_grace();
    core.control.given = getenv("MINIPOD_SOCKET");
    int report = run_open_report(options.report), events = options.events ? events_open(options.events) : -1;
    const uint8_t *plan = front_load(&options, core.given_mask);
    close_inherited(report, events);
    return run_plan(&core, plan, options.words, report, events, options.events);
}

static void print(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static int is(const char *word, const char *other) { return strcmp(word, other) == 0; }

static int asks_help(const char *word) { return is(word, "--help") || is(word, "-h"); }

int main(int argc, char **argv)
{
    signal_hold_all(&core.given_mask);
    const struct one_manner *manner = one_manner_of(argv[0]);
    unsigned filled = fill_standard_fds(&core.null);
    if (manner->known_by != ONE_OWN)
        return one_run(&core, manner, argv, filled);
    if (argc < 2) {
        print(2, usage);
        return EXIT_USAGE;
    }
    if (is(argv[1], "--version")) {
        print(1, "minipod " MINIPOD_VERSION " (" MINIPOD_LIBC ", plan format " TEXT(PLAN_VERSION) ")\n");
        return 0;
    }
    if (asks_help(argv[1]) || is(argv[1], "help")) {
        print(1, usage);
        print(1, "\nOptions of one command, and the variables that stand for them:\n");
        one_print_options(1, manner);
        return 0;
    }
    if (is(argv[1], "run") && argc > 2 && asks_help(argv[2])) {
        print(1, run_usage);
        return 0;
    }
    if (one_is_asked(argv[1]))
        return one_run(&core, manner, argv, filled);
    if (is(argv[1], "health") || is(argv[1], "ready") || is(argv[1], "ctl")) {
        sys_hold(SIG_SETMASK, core.given_mask, NULL);
        return client_run(argv + 1);
    }
    if (is(argv[1], "pause") && argc > 2 && asks_help(argv[2])) {
        print(1, pause_usage);
        return 0;
    }
    if (is(argv[1], "pause")) {
        close_inherited(-1, -1);
        return pause_run(&core, argv + 2);
    }
    if (is(argv[1], "run"))
        return run_pod(argc - 2, argv + 2);
    front_exec_python(argv + 1, core.given_mask);
}
