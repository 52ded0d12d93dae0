/* See one.h: options, then the plan with their numbers, then the core. It must never read a pod file. */

#include "one.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core.h"
#include "given.h"
#include "pause.h"
#include "run.h"
#include "say.h"
#include "solo_plan.h"

extern char **environ;

/* What was closed when we came is closed for the program, too. */
static void unfill(unsigned filled)
{
    for (int fd = 0; fd < 3; fd++)
        if (filled & 1u << fd)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void watch_parent(const struct one *one)
{
    if (one->parent_signal && prctl(PR_SET_PDEATHSIG, one->parent_signal) < 0)
        complain("cannot ask for a signal at the parent's end");
}

/* As the original, it has no use for words behind its options. */
static int run_pause(struct core *c)
{
    char *const no_words[] = {NULL};
    given_close_but(-1, -1);
    return pause_run(c, no_words);
}

int one_run(struct core *c, const struct one_manner *manner, char *const *argv, unsigned filled)
{
    static struct one one;
    one_read(&one, manner, argv, environ);
    if (one.only_pauses)
        return run_pause(c);
    unfill(filled);
    run_become_reaper(c);
    watch_parent(&one);
    const char *why = plan_refuse(solo_plan, sizeof solo_plan);
    if (why)
        die(EXIT_INTERNAL, "its own plan is broken: %s", why);
    one_amend(&one, solo_plan);
    c->quiet = one.verbosity < 2;
    c->is_untold = c->quiet && !one.report;
    c->mute = one.verbosity == 0;
    c->tell_orphans = one.tells_orphans;
    c->scripts_by_shell = manner->scripts_by_shell;
    c->sole = *one.program;
    c->grace_override = UINT64_MAX;
    return run_plan(c, solo_plan, one.program, run_open_report(one.report), -1, NULL);
}
