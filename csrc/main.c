/* minipod: from the first instruction to the exit code. Signals are held before anything else is done. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "core.h"
#include "front.h"
#include "moment.h"
#include "say.h"
#include "solo_plan.h"
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
    "  -- ARGS                 replace the args of main, or of the only service\n"
    "MINIPOD_GRACE=10s is the time to stop over the file's, MINIPOD_PYTHON the Python that reads pod files,\n"
    "MINIPOD_SOCKET where the pod is asked and told.\n"
    "Exit code: the pod's; 124 for a deadline, 127 or 126 for a command that cannot be executed, 64 for a mistake on\n"
    "the command line, 78 for a pod or plan that cannot be run, 71 or 70 if minipod itself cannot go on.\n";

static struct core core;

/* --- before the pod --- */

/* A descriptor below 3 that is closed would be the next one we open. */
static void fill_standard_fds(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd < 3);
    if (fd > 2)
        close(fd);
}

static int close_between(unsigned first, unsigned last)
{
    return first > last || syscall(SYS_close_range, first, last, 0u) == 0;
}

/* What we were given above stderr is nobody's here; only these two stay. A few calls where the kernel has it (5.9). */
static void close_inherited(int report, int events)
{
    unsigned a = report < 3 ? 2 : (unsigned)report, b = events < 3 ? 2 : (unsigned)events;
    unsigned low = a < b ? a : b, high = a < b ? b : a;
    if (close_between(3, low - 1) && close_between(low + 1, high - 1) && close_between(high + 1, ~0u))
        return;
    for (int fd = 3; fd < (int)sysconf(_SC_OPEN_MAX); fd++)
        if (fd != report && fd != events)
            close(fd);
}

static void become_reaper(void)
{
    core.self = getpid();
    core.is_init = core.self == 1;
    if (!core.is_init && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        complain("cannot become a subreaper: orphans of the pod will not be reaped");
}

static void make_mark(void)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = sys_wall() ^ (uint64_t)core.self << 40;
    core.mark[say_format(core.mark, sizeof core.mark - 1, "%lu", random)] = 0;
}

static void read_grace(void)
{
    const char *text = getenv("MINIPOD_GRACE");
    core.grace_override = UINT64_MAX;
    if (text && *text && !moment_duration(text, &core.grace_override))
        die(EXIT_USAGE, "MINIPOD_GRACE=%s is no duration; write it as 10s, 1m30s or 250ms", text);
}

static int open_report(const char *path)
{
    int fd = path ? sys_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    if (path && fd < 0)
        die(EXIT_SET_UP, "cannot write the report %s: %s", path, say_error(-fd));
    return fd;
}

/* --- the pod --- */

static int end(int report)
{
    const struct unit *decider;
    char sentence[512];
    int code = core_exit_code(&core, &decider);
    sentence[report_sentence(&core, code, decider, sentence, sizeof sentence - 1)] = 0;
    say(&core, "%s", sentence);
    log_finish(&core);
    report_write(&core, report, code, decider);
    log_finish(&core);
    return code;
}

static int run(const uint8_t *plan, char *const *words, int report, int events, const char *events_target)
{
    plan_open(&core.plan, plan);
    make_mark();
    const char *why = load_programs(&core.plan, environ, words, core.mark, &core.loaded);
    if (why)
        die(EXIT_USAGE, "cannot run: %s", why);
    core_set_up(&core);
    if (events >= 0)
        events_begin(&core, events, events_target);
    loop_run(&core);
    control_close(&core);
    terminal_close(&core);
    return end(report);
}

static int run_pod(int argc, char **argv)
{
    static struct options options;
    front_parse_run(argc, argv, &options);
    become_reaper();
    read_grace();
    core.control.given = getenv("MINIPOD_SOCKET");
    int report = open_report(options.report), events = options.events ? events_open(options.events) : -1;
    const uint8_t *plan = front_load(&options, core.given_mask);
    close_inherited(report, events);
    return run(plan, options.words, report, events, options.events);
}

/* minipod -- PROGRAM: a pod of one, whose plan was made when minipod was. */
static int run_one(char **words)
{
    if (!*words)
        die(EXIT_USAGE, "which program? minipod -- PROGRAM ARGS");
    become_reaper();
    read_grace();
    core.quiet = 1;
    const char *why = plan_refuse(solo_plan, sizeof solo_plan);
    if (why)
        die(EXIT_INTERNAL, "its own plan is broken: %s", why);
    return run(solo_plan, words, -1, -1, NULL);
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
    fill_standard_fds();
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
        return 0;
    }
    if (is(argv[1], "run") && argc > 2 && asks_help(argv[2])) {
        print(1, run_usage);
        return 0;
    }
    if (is(argv[1], "--"))
        return run_one(argv + 2);
    if (is(argv[1], "health") || is(argv[1], "ready") || is(argv[1], "ctl")) {
        sys_hold(SIG_SETMASK, core.given_mask, NULL);
        return client_run(argv + 1);
    }
    if (is(argv[1], "run"))
        return run_pod(argc - 2, argv + 2);
    if (argv[1][0] == '-')
        die(EXIT_USAGE, "there is no option %s; minipod --help lists the words", argv[1]);
    front_exec_python(argv + 1, core.given_mask);
}
