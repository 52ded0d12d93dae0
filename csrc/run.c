/* See run.h. It must never know whether what it runs is a pod or one command. */

#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core.h"
#include "gather.h"
#include "rights.h"
#include "say.h"

extern char **environ;

void run_become_reaper(struct core *c)
{
    c->self = getpid();
    c->is_init = c->self == 1;
    if (!c->is_init && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        complain("cannot become a subreaper: zombie reaping won't work, orphans go to whoever is above");
}

/* From what the kernel gives each program that it executes; the C library takes its secrets of that, so that only a sum
 * of its halves is shown. */
static void make_mark(struct core *c)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    const char *given = (const char *)getauxval(AT_RANDOM);
    uint64_t halves[2];
    if (given)
        memcpy(halves, given, sizeof halves);
    else
        halves[0] = sys_wall(), halves[1] = (uint64_t)c->self << 40;
    const uint64_t random = halves[0] * odd + halves[1];
    c->mark[say_format(c->mark, sizeof c->mark - 1, "%lu", random)] = 0;
}

/* A pipe without a reader is held open for one that comes: whoever waited for him would hear no signal meanwhile. */
int run_open_report(const char *path)
{
    int fd = path ? sys_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY, 0644) : -1;
    if (fd == -ENXIO)
        fd = sys_open(path, O_RDWR | O_NONBLOCK | O_NOCTTY, 0);
    if (path && fd < 0)
        die(EXIT_SET_UP, "cannot write the report %s: %s", path, say_error(-fd));
    return fd;
}

static int end(struct core *c, int report)
{
    const struct unit *decider;
    char sentence[512];
    int code = core_exit_code(c, &decider);
    sentence[report_sentence(c, code, decider, sentence, sizeof sentence - 1)] = 0;
    if (c->sole)
        say(c, "exit code %d", code);
    else
        say(c, "%s", sentence);
    log_finish(c);
    report_write(c, report, code, decider);
    log_finish(c);
    return code;
}

static void tell(void *to, const char *line, int is_mistake)
{
    (void)to;
    (void)is_mistake;
    complain("%s", line);
}

/* Every mistake is told before anything is started. */
static void gather(const struct plan *plan, struct gathered *all)
{
    uint32_t mistakes = gather_sources(plan, all, tell, NULL);
    if (mistakes)
        die(EXIT_CONFIG, "nothing was started: its units' variables cannot be had");
    int result = gather_hold(plan, all);
    if (result < 0)
        die(EXIT_SET_UP, "nothing was started: cannot hold the secrets of its units: %s", say_error(-result));
}

/* A number above the limit would be told as a program's own mistake, or for a secret that cannot be read. */
static void need_files(struct core *c)
{
    core_raise_files(c);
    rlim_t most = core_most_files(c);
    uint32_t needed = gather_numbers(&c->plan);
    if (most < needed)
        die(EXIT_SET_UP,
            "nothing was started: a process may have %lu descriptors here, and its programs are given one by the "
            "number %u: raise the limit of open files (ulimit -n, --ulimit nofile=1024)", (uint64_t)most, needed - 1);
}

int run_plan(struct core *c, const uint8_t *plan, char *const *words, int report, int events,
             const char *events_target)
{
    plan_open(&c->plan, plan);
    make_mark(c);
    c->given = environ;
    c->words = words;
    need_files(c);
    struct gathered gathered;
    gather(&c->plan, &gathered);
    const char *why = load_programs(&c->plan, environ, words, c->mark, &gathered, &c->loaded);
    gather_forget(&gathered);
    if (!volume_has_secrets(&c->plan))
        plan_forget(plan);
    if (why)
        die(EXIT_USAGE, "cannot run: %s", why);
    char refusal[256];
    if (c->plan.rights_count && rights_refuse(&c->plan, refusal, sizeof refusal))
        die(EXIT_CONFIG, "cannot run: %s", refusal);
    core_set_up(c);
    if (events >= 0)
        events_begin(c, events, events_target);
    loop_run(c);
    message_await(c);
    volume_end(c);
    control_close(c);
    terminal_close(c);
    return end(c, report);
}
