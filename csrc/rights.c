/* See rights.h. It calls the C library as it likes: it must never run in a child that shares PID 1's memory, nor while
 * the pod runs in PID 1 itself.
 *
 * A program that is executed as root gets what the bounding set has, any other what the ambient set has: so what a
 * unit must not have leaves the bounding set, and what is added for one that is not root becomes ambient (Kubernetes,
 * which has no ambient set, would give it nothing).
 */

#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say.h"

enum { CAPABILITIES = 64, HALVES = 2, NICE_ZERO = 20, OOM_ZERO = 1000 };
enum { CAP_SETPCAP = 8 };
#define BIT(n) (UINT64_C(1) << (n))

/* The kernel's, whose headers a C library need not bring: version 3 has two halves. */
enum { CAPABILITY_VERSION = 0x20080522 };
struct cap_header { uint32_t version; int32_t pid; };
struct cap_data { uint32_t effective, permitted, inheritable; };

struct sets { uint64_t effective, permitted, inheritable; };

/* --- capabilities --- */

static uint64_t whole(uint32_t low, uint32_t high) { return low | (uint64_t)high << 32; }

static int read_sets(struct sets *out)
{
    struct cap_header header = {CAPABILITY_VERSION, 0};
    struct cap_data data[HALVES];
    if (syscall(SYS_capget, &header, data) < 0)
        return errno;
    *out = (struct sets){
        whole(data[0].effective, data[1].effective), whole(data[0].permitted, data[1].permitted),
        whole(data[0].inheritable, data[1].inheritable),
    };
    return 0;
}

static int write_sets(const struct sets *sets)
{
    struct cap_header header = {CAPABILITY_VERSION, 0};
    struct cap_data data[HALVES];
    for (int i = 0; i < HALVES; i++)
        data[i] = (struct cap_data){
            (uint32_t)(sets->effective >> 32 * i), (uint32_t)(sets->permitted >> 32 * i),
            (uint32_t)(sets->inheritable >> 32 * i),
        };
    return syscall(SYS_capset, &header, data) < 0 ? errno : 0;
}

/* The bounding set; known: those that this kernel has. */
static uint64_t bounding(uint64_t *known)
{
    uint64_t set = 0;
    *known = 0;
    for (int i = 0; i < CAPABILITIES; i++) {
        int has = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        set |= has == 1 ? BIT(i) : 0;
        *known |= has >= 0 ? BIT(i) : 0;
    }
    return set;
}

static uint64_t added_of(const struct plan_rights *rights, uint64_t known)
{
    return rights->added == UINT64_MAX ? known : rights->added;
}

static int has_no_new_privileges(const struct plan_rights *rights)
{
    return rights->no_new_privileges || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

/* What may be left there: nothing that is executed can gain it any more. */
static int drop_bounding(const struct plan_rights *rights)
{
    uint64_t known, set = bounding(&known), drop = set & rights->dropped & ~added_of(rights, known);
    for (int i = 0; i < CAPABILITIES; i++)
        if (drop & BIT(i) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && !has_no_new_privileges(rights))
            return errno;
    return 0;
}

static int raise_ambient(uint64_t set)
{
    for (int i = 0; i < CAPABILITIES; i++)
        if (set & BIT(i) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
            return errno;
    return 0;
}

/* Whoever is not root any more has lost what is in force, and by our wish nothing of what it may have. */
static int set_capabilities(const struct plan_rights *rights, int was_root)
{
    struct sets sets;
    uint64_t known, added;
    int is_root = geteuid() == 0, error = read_sets(&sets);
    if (error)
        return error;
    bounding(&known);
    added = added_of(rights, known);
    sets.permitted = is_root || !was_root ? (sets.permitted & ~rights->dropped) | added : added;
    sets.effective = sets.permitted;
    sets.inheritable = (sets.inheritable & sets.permitted) | (is_root ? 0 : added);
    error = write_sets(&sets);
    return error || is_root ? error : raise_ambient(added);
}

/* --- before anything is started --- */

static const char *name_of_added(const struct plan *plan, const struct plan_rights *rights, uint64_t bit)
{
    uint32_t at = 0, last = rights->added_names.count - 1;
    for (uint64_t below = rights->added & (bit - 1); below; below &= below - 1)
        at++;
    return plan_text(plan, plan->words[rights->added_names.first + (at < last ? at : last)]);
}

static size_t refuse_one(const struct plan *plan, const struct plan_unit *unit, char *out, size_t room)
{
    const struct plan_rights *rights = rights_of(plan, unit);
    const char *name = plan_text(plan, unit->name);
    struct sets own = {0};
    uint64_t known, set, added, missing;
    if (!rights || !(rights->dropped | rights->added) || read_sets(&own) != 0)
        return 0;
    set = bounding(&known);
    added = added_of(rights, known);
    missing = added & ~own.permitted;
    if (missing)
        return say_format(out, room, "%s: the capability %s cannot be added: minipod does not have it itself", name,
                          name_of_added(plan, rights, missing & -missing));
    if (set & rights->dropped & ~added && !(own.effective & BIT(CAP_SETPCAP)) && !has_no_new_privileges(rights))
        return say_format(out, room, "%s: capabilities cannot be dropped for good: minipod lacks SETPCAP; with "
                          "no_new_privileges they need not be", name);
    return 0;
}

int rights_refuse(const struct plan *plan, char *out, size_t room)
{
    size_t size = 0;
    for (uint32_t i = 0; i < plan->unit_count && !size; i++)
        size = refuse_one(plan, &plan->units[i], out, room - 1);
    out[size] = 0;
    return size != 0;
}

/* --- limits and priority --- */

static int set_limit(const struct plan_limit *limit)
{
    struct rlimit now;
    if (syscall(SYS_prlimit64, 0, limit->resource, NULL, &now) < 0)
        return errno;
    if (!limit->keeps_hard)
        now.rlim_max = limit->hard;
    if (!limit->keeps_soft)
        now.rlim_cur = limit->soft;
    else if (now.rlim_cur > now.rlim_max)
        now.rlim_cur = now.rlim_max;
    return syscall(SYS_prlimit64, 0, limit->resource, &now, NULL) < 0 ? errno : 0;
}

static int set_limits(const struct plan *plan, const struct plan_rights *rights, uint16_t *which)
{
    int error = 0;
    for (uint32_t i = 0; i < rights->limits.count && !error; i++) {
        *which = (uint16_t)i;
        error = set_limit(&plan->limits[rights->limits.first + i]);
    }
    return error;
}

static int set_nice(uint32_t nice)
{
    return nice != PLAN_NONE && setpriority(PRIO_PROCESS, 0, (int)nice - NICE_ZERO) < 0 ? errno : 0;
}

static int set_oom_score(uint32_t score)
{
    char text[16];
    if (score == PLAN_NONE)
        return 0;
    size_t size = say_format(text, sizeof text, "%d", (int)score - OOM_ZERO);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), error = fd < 0 ? errno : 0;
    if (fd >= 0 && write(fd, text, size) < 0)
        error = errno;
    close(fd);
    return error;
}

/* --- in the child --- */

static uint8_t was_root;

int rights_begin(const struct core *c, const struct unit *u, enum child_stage *stage, uint16_t *which)
{
    const struct plan_rights *rights = rights_of(&c->plan, u->plan);
    int error;
    was_root = geteuid() == 0;
    *stage = STAGE_LIMITS;
    if ((error = set_limits(&c->plan, rights, which)))
        return error;
    *stage = STAGE_NICE;
    if ((error = set_nice(rights->nice)))
        return error;
    *stage = STAGE_OOM_SCORE;
    if ((error = set_oom_score(rights->oom_score_adj)))
        return error;
    *stage = STAGE_CAPABILITIES;
    if ((error = drop_bounding(rights)))
        return error;
    return rights->added && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? errno : 0;
}

int rights_end(const struct core *c, const struct unit *u, enum child_stage *stage)
{
    const struct plan_rights *rights = rights_of(&c->plan, u->plan);
    int error = 0;
    *stage = STAGE_CAPABILITIES;
    if (rights->dropped | rights->added)
        error = set_capabilities(rights, was_root);
    if (!error && rights->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        error = errno;
    return error;
}
