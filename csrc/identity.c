/* A unit's user and groups. It keeps what it finds in memory of its own file, and calls the C library as it likes: it
 * must never run in a child that shares PID 1's memory.
 */

#include "identity.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rights.h"
#include "say.h"
#include "user.h"

enum { VARIABLE_ROOM = 4200 };

static struct identity found;
static char variables[LOAD_SPARE][VARIABLE_ROOM];

static void add_group(uint32_t gid)
{
    uint32_t at = 0;
    while (at < found.group_count && found.groups[at] != gid)
        at++;
    if (at == found.group_count && at < USER_GROUPS)
        found.groups[found.group_count++] = gid;
}

/* Those that we are in; 0 when they are more than anybody's. */
static uint32_t read_own_groups(uint32_t groups[USER_GROUPS])
{
    long count = syscall(SYS_getgroups, (size_t)USER_GROUPS, groups);
    return count > 0 ? (uint32_t)count : 0;
}

/* A user's are found by now; who stays who we are keeps ours. */
static int add_groups(const struct plan *plan, const struct plan_rights *rights, int has_user, uint16_t *which)
{
    uint32_t gid;
    if (!rights->groups.count && rights->member_groups)
        return 0;
    if (!rights->member_groups)
        found.group_count = 0;
    else if (!has_user)
        found.group_count = read_own_groups(found.groups);
    add_group(found.gid);
    for (uint32_t i = 0; i < rights->groups.count; i++) {
        int result = user_find_group("/etc/group", plan_text(plan, plan->words[rights->groups.first + i]), &gid);
        *which = (uint16_t)i;
        if (result < 0)
            return -result;
        add_group(gid);
    }
    return 0;
}

static int look_up(const char *user, const char *group, enum child_stage *stage)
{
    int result = 0;
    found.uid = (uint32_t)geteuid();
    found.gid = (uint32_t)getegid();
    *stage = STAGE_USER;
    if (*user && (result = user_find("/etc/passwd", "/etc/group", user, &found)) < 0)
        return -result;
    *stage = STAGE_GROUP;
    if (*group && (result = user_find_group("/etc/group", group, &found.gid)) < 0)
        return -result;
    if (*user && *group)
        found.groups[0] = found.gid;
    return 0;
}

/* A group that is named is the only one, as Docker has it, unless the plan says more. */
static int look_up_rights(const struct core *c, const struct unit *u, enum child_stage *stage, uint16_t *which)
{
    const struct plan_rights *rights = rights_of(&c->plan, u->plan);
    int has_user = u->plan->user.size > 0;
    if (!rights) {
        found.group_count = has_user && u->plan->group.size ? 1 : found.group_count;
        return 0;
    }
    *stage = STAGE_NOT_ROOT;
    if (rights->not_root && found.uid == 0)
        return EPERM;
    *stage = STAGE_GROUPS;
    return add_groups(&c->plan, rights, has_user, which);
}

/* So that the program may open /dev/stdout, which is our pipe or its terminal, by its name. A terminal keeps its group,
 * who may write messages to it. */
static void give_streams(const struct unit *u)
{
    for (int i = 0; i < 2; i++)
        if (u->streams[i].write_end >= 0 && geteuid() == 0)
            (void)!fchown(u->streams[i].write_end, found.uid, u->streams[i].is_terminal ? (gid_t)-1 : found.gid);
}

static void add_variable(const struct program *program, uint32_t slot, const char *name, const char *value)
{
    char *to = variables[slot];
    to[say_format(to, VARIABLE_ROOM - 1, "%s=%s", name, value)] = 0;
    program->envp[program->env_count + slot] = to;
}

/* As login does and Docker partly: a unit with a user of its own is at home there. */
static void add_home(const struct program *program)
{
    uint32_t slot = 0;
    if (program->lacks_home)
        add_variable(program, slot++, "HOME", found.home);
    if (program->lacks_user && *found.name)
        add_variable(program, slot++, "USER", found.name);
    if (program->lacks_logname && *found.name)
        add_variable(program, slot++, "LOGNAME", found.name);
}

int identity_find(const struct core *c, const struct unit *u, enum child_stage *stage, uint16_t *which)
{
    const char *user = plan_text(&c->plan, u->plan->user);
    int error = look_up(user, plan_text(&c->plan, u->plan->group), stage);
    if (!error)
        error = look_up_rights(c, u, stage, which);
    if (error)
        return error;
    give_streams(u);
    if (*user)
        add_home(u->program);
    return 0;
}

int identity_is(uint32_t uid) { return found.uid == uid; }

void identity_give(int fd) { (void)!fchown(fd, found.uid, found.gid); }

static int is_among(uint32_t gid, const uint32_t *groups, uint32_t count)
{
    uint32_t at = 0;
    while (at < count && groups[at] != gid)
        at++;
    return at < count;
}

/* Whether the groups that are wanted are ours: nobody need be asked for them. */
static int has_groups(void)
{
    uint32_t own[USER_GROUPS], count = read_own_groups(own), gid = (uint32_t)getegid(), same = 1;
    for (uint32_t i = 0; i < found.group_count; i++)
        same &= found.groups[i] == gid || is_among(found.groups[i], own, count);
    for (uint32_t i = 0; i < count; i++)
        same &= own[i] == gid || is_among(own[i], found.groups, found.group_count);
    return (int)same;
}

/* What we are already need not be asked for: an unprivileged minipod may name itself. The bare calls: the C library's
 * wrappers would stop to tell threads that we do not have. */
int identity_take(int has_rights)
{
    int changes = found.uid != (uint32_t)geteuid() || found.gid != (uint32_t)getegid();
    if (!changes && geteuid() != 0 && (!has_rights || !found.group_count || has_groups()))
        return 0;
    if (found.group_count && syscall(SYS_setgroups, (size_t)found.group_count, found.groups) < 0)
        return errno;
    if (syscall(SYS_setresgid, found.gid, found.gid, found.gid) < 0)
        return errno;
    return syscall(SYS_setresuid, found.uid, found.uid, found.uid) < 0 ? errno : 0;
}
