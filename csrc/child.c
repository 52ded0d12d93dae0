/* A unit's child, from fork to exec: own session, streams, identity, directory, signals, program. It runs in a copy of
 * PID 1 and may block as it likes: nobody waits for it. It must never return, print, or touch what it shares with PID 1
 * but the pipe it reports on.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core.h"
#include "say.h"
#include "user.h"

enum { VARIABLE_ROOM = 4200, PATH_ROOM = 4096 };

struct child {
    const struct core *core;
    const struct unit *unit;
    int handshake;
    uint8_t switches;                           /* the unit names a user or a group */
    struct identity identity;
    char variables[LOAD_SPARE][VARIABLE_ROOM];  /* HOME, USER, LOGNAME as far as they are ours to add */
};

static _Noreturn void fail(const struct child *ch, enum child_stage stage, int error)
{
    struct child_failure failure = {error, (uint8_t)stage, {0}};
    ssize_t n = write(ch->handshake, &failure, sizeof failure);
    _exit(n == sizeof failure ? 127 : 126);
}

/* --- streams --- */

/* dup2 onto itself would leave close-on-exec set; ours are all above 2. */
static void put(const struct child *ch, int fd, int as)
{
    if (dup2(fd, as) < 0)
        fail(ch, STAGE_STREAMS, errno);
}

static void set_streams(const struct child *ch)
{
    const struct core *c = ch->core;
    const struct unit *u = ch->unit;
    if (u->plan->stdin_mode == STDIN_MODE_NULL)
        put(ch, c->null, 0);
    for (int i = 0; i < 2; i++) {
        if (u->streams[i].write_end >= 0)
            put(ch, u->streams[i].write_end, 1 + i);
        else if (u->plan->log_mode == LOG_MODE_NONE)
            put(ch, c->null, 1 + i);
    }
}

/* --- identity --- */

static const char *text(const struct child *ch, struct plan_string string) { return plan_text(&ch->core->plan, string); }

static void find_identity(struct child *ch)
{
    const char *user = text(ch, ch->unit->plan->user), *group = text(ch, ch->unit->plan->group);
    struct identity *id = &ch->identity;
    id->uid = (uint32_t)geteuid();
    id->gid = (uint32_t)getegid();
    ch->switches = *user || *group;
    if (*user) {
        int result = user_find("/etc/passwd", "/etc/group", user, id);
        if (result < 0)
            fail(ch, STAGE_USER, -result);
    }
    if (*group) {
        int result = user_find_group("/etc/group", group, &id->gid);
        if (result < 0)
            fail(ch, STAGE_GROUP, -result);
        if (*user) {  /* a group that is named is the only one, as Docker has it */
            id->groups[0] = id->gid;
            id->group_count = 1;
        }
    }
}

/* So that the program may open /dev/stdout, which is our pipe, by its name. */
static void own_streams(const struct child *ch)
{
    for (int i = 0; i < 2; i++)
        if (ch->unit->streams[i].write_end >= 0 && geteuid() == 0)
            (void)!fchown(ch->unit->streams[i].write_end, ch->identity.uid, ch->identity.gid);
}

/* What we are already need not be asked for: an unprivileged minipod may name itself. The bare calls: the C library's
 * wrappers would stop to tell threads that we do not have. */
static void become(const struct child *ch)
{
    const struct identity *id = &ch->identity;
    int changes = id->uid != (uint32_t)geteuid() || id->gid != (uint32_t)getegid();
    if (!ch->switches || (!changes && geteuid() != 0))
        return;
    if (id->group_count && syscall(SYS_setgroups, (size_t)id->group_count, id->groups) < 0)
        fail(ch, STAGE_IDENTITY, errno);
    if (syscall(SYS_setresgid, id->gid, id->gid, id->gid) < 0 || syscall(SYS_setresuid, id->uid, id->uid, id->uid) < 0)
        fail(ch, STAGE_IDENTITY, errno);
}

static void add_variable(struct child *ch, uint32_t slot, const char *name, const char *value)
{
    char *to = ch->variables[slot];
    to[say_format(to, VARIABLE_ROOM - 1, "%s=%s", name, value)] = 0;
    ch->unit->program->envp[ch->unit->program->env_count + slot] = to;
}

/* As login does and Docker partly: a unit with a user of its own is at home there. */
static void add_home(struct child *ch)
{
    const struct program *program = ch->unit->program;
    uint32_t slot = 0;
    if (program->lacks_home)
        add_variable(ch, slot++, "HOME", ch->identity.home);
    if (program->lacks_user && *ch->identity.name)
        add_variable(ch, slot++, "USER", ch->identity.name);
    if (program->lacks_logname && *ch->identity.name)
        add_variable(ch, slot++, "LOGNAME", ch->identity.name);
}

/* --- directory --- */

/* Docker and Kubernetes create a WORKDIR that is missing; as us, before the identity changes. */
static void make_directory(const char *path)
{
    char part[PATH_ROOM];
    size_t size = strlen(path);
    if (size >= sizeof part || access(path, F_OK) == 0)
        return;
    memcpy(part, path, size + 1);
    for (size_t i = 1; i <= size; i++)
        if (part[i] == '/' || part[i] == 0) {
            part[i] = 0;
            (void)mkdir(part, 0755);
            part[i] = i < size ? '/' : 0;
        }
}

/* --- program --- */

static const char *path_of(const struct child *ch)
{
    char **envp = ch->unit->program->envp;
    for (; *envp; envp++)
        if (strncmp(*envp, "PATH=", 5) == 0)
            return *envp + 5;
    return text(ch, ch->core->plan.pod->default_path);
}

/* ENOENT for a file that is there means the interpreter of its first line, or its loader. */
static _Noreturn void fail_exec(const struct child *ch, const char *file, int error)
{
    fail(ch, error == ENOENT && access(file, F_OK) == 0 ? STAGE_INTERPRETER : STAGE_EXEC, error);
}

/* As execvp, but never through a shell, and with the unit's own PATH. A match that may not be executed does not hide a
 * later one, and is the reason told if there is none. */
static _Noreturn void execute(const struct child *ch)
{
    const struct program *program = ch->unit->program;
    const char *name = program->argv[0];
    char file[PATH_ROOM];
    int error = ENOENT;
    if (strchr(name, '/') || !*name) {
        execve(name, program->argv, program->envp);
        fail_exec(ch, name, errno);
    }
    for (const char *at = path_of(ch); at;) {
        const char *end = strchrnul(at, ':');
        size_t size = (size_t)(end - at);
        if (size + strlen(name) + 2 <= sizeof file) {
            memcpy(file, at, size);
            file[size] = 0;
            file[size + say_format(file + size, sizeof file - size - 1, "%s%s", size ? "/" : "", name)] = 0;
            execve(file, program->argv, program->envp);
            if (errno == ENOENT && access(file, F_OK) == 0)
                fail(ch, STAGE_INTERPRETER, ENOENT);
            if (errno == EACCES)
                error = EACCES;
            else if (errno != ENOENT && errno != ENOTDIR)
                fail(ch, STAGE_EXEC, errno);
        }
        at = *end ? end + 1 : NULL;
    }
    fail(ch, STAGE_EXEC, error);
}

/* One command keeps the session, and so the terminal, of whoever started it. */
static void set_session(const struct core *c)
{
    if (c->plan.pod->exact_env)
        setpgid(0, 0);
    else
        setsid();
}

void child_run(const struct core *c, const struct unit *u, int handshake)
{
    static struct child ch;  /* not the stack: what a unit does not need of it costs no page */
    ch.core = c;
    ch.unit = u;
    ch.handshake = handshake;
    const char *directory = text(&ch, u->plan->working_dir);
    set_session(c);
    find_identity(&ch);
    own_streams(&ch);
    set_streams(&ch);
    if (*directory)
        make_directory(directory);
    if (u->plan->umask != PLAN_NONE)
        umask((mode_t)u->plan->umask);
    if (*text(&ch, u->plan->user))
        add_home(&ch);
    setrlimit(RLIMIT_NOFILE, &c->given_files);
    become(&ch);
    if (*directory && chdir(directory) < 0)
        fail(&ch, STAGE_DIRECTORY, errno);
    sys_hold(SIG_SETMASK, c->given_mask, NULL);
    execute(&ch);
}
