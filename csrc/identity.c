/* A unit's user and groups. It keeps what it finds in memory of its own file, and calls the C library as it likes: it
 * must never run in a child that shares PID 1's memory.
 */

#include "identity.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say.h"
#include "user.h"

enum { VARIABLE_ROOM = 4200 };

static struct identity found;
static char variables[LOAD_SPARE][VARIABLE_ROOM];

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
    if (*user && *group) {  /* a group that is named is the only one, as Docker has it */
        found.groups[0] = found.gid;
        found.group_count = 1;
    }
    return 0;
}

/* So that the program may open /dev/stdout, which is our pipe, by its name. */
static void give_streams(const struct unit *u)
{
    for (int i = 0; i < 2; i++)
        if (u->streams[i].write_end >= 0 && geteuid() == 0)
            (void)!fchown(u->streams[i].write_end, found.uid, found.gid);
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

int identity_find(const struct core *c, const struct unit *u, enum child_stage *stage)
{
    const char *user = plan_text(&c->plan, u->plan->user);
    int error = look_up(user, plan_text(&c->plan, u->plan->group), stage);
    if (error)
        return error;
    give_streams(u);
    if (*user)
        add_home(u->program);
    return 0;
}

/* What we are already need not be asked for: an unprivileged minipod may name itself. The bare calls: the C library's
 * wrappers would stop to tell threads that we do not have. */
int identity_take(void)
{
    int changes = found.uid != (uint32_t)geteuid() || found.gid != (uint32_t)getegid();
    if (!changes && geteuid() != 0)
        return 0;
    if (found.group_count && syscall(SYS_setgroups, (size_t)found.group_count, found.groups) < 0)
        return errno;
    if (syscall(SYS_setresgid, found.gid, found.gid, found.gid) < 0)
        return errno;
    return syscall(SYS_setresuid, found.uid, found.uid, found.uid) < 0 ? errno : 0;
}
