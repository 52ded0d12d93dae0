/* A unit's child, from its first instruction to exec: own session, streams, identity, directory, signals, program. It
 * may block as it likes: nobody waits for it. It may share PID 1's memory until the exec, so it must never write to
 * anything but its own stack (and given.c's few bytes, and the beginning of one command's words), never set errno, and
 * never return or print: it calls the kernel by call.h alone. (A unit with a user of its own has a copy of the memory:
 * only then identity.c runs.)
 */

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "call.h"
#include "core.h"
#include "given.h"
#include "identity.h"
#include "say.h"

enum { PATH_ROOM = 4096 };

static long call(long number, long a, long b, long c) { return call_bare(number, a, b, c, 0); }

static _Noreturn void fail(const struct child_start *ch, enum child_stage stage, long error)
{
    struct child_failure failure = {(int32_t)error, (uint8_t)stage, {0}};
    call(SYS_write, ch->handshake, call_at(&failure), sizeof failure);
    for (;;)
        call(SYS_exit_group, 127, 0, 0);
}

/* --- streams --- */

/* Never onto itself, which would leave close-on-exec set: ours are all above 2. */
static void put(const struct child_start *ch, int fd, int as)
{
    long result = call(SYS_dup3, fd, as, 0);
    if (result < 0)
        fail(ch, STAGE_STREAMS, -result);
}

/* The program's own descriptor may have any number: that of the pipe by which we tell a failure, which makes way, or
 * the one it has already. Every other of ours has been put by now. */
static void put_line(struct child_start *ch)
{
    int as = (int)ch->unit->plan->notify_fd;
    if (ch->line < 0)
        return;
    if (ch->handshake == as) {
        long moved = call(SYS_fcntl, ch->handshake, F_DUPFD_CLOEXEC, as + 1);
        if (moved < 0)
            fail(ch, STAGE_STREAMS, -moved);
        ch->handshake = (int)moved;
    }
    if (ch->line == as)
        call(SYS_fcntl, as, F_SETFD, 0);
    else
        put(ch, ch->line, as);
}

/* A hook writes where its unit does. A probe's words, many times a minute, are for whoever asks why it failed. */
static void set_streams(const struct child_start *ch)
{
    const struct unit *u = ch->unit;
    int is_probe = ch->errand && ch->errand->plan->kind < PROBES;
    if (ch->errand || u->plan->stdin_mode == STDIN_MODE_NULL)
        put(ch, ch->core->null, 0);
    for (int i = 0; i < 2; i++) {
        if (is_probe)
            put(ch, ch->output, 1 + i);
        else if (u->streams[i].write_end >= 0)
            put(ch, u->streams[i].write_end, 1 + i);
        else if (u->plan->log.mode == LOG_MODE_NONE)
            put(ch, ch->core->null, 1 + i);
    }
}

/* --- directory --- */

static int exists(const char *path) { return call(SYS_faccessat, AT_FDCWD, call_at(path), F_OK) == 0; }

/* Docker and Kubernetes create a WORKDIR that is missing; as us, before the identity changes. */
static void make_directory(const char *path)
{
    char part[PATH_ROOM];
    size_t size = strlen(path);
    if (size >= sizeof part || exists(path))
        return;
    memcpy(part, path, size + 1);
    for (size_t i = 1; i <= size; i++)
        if (part[i] == '/' || part[i] == 0) {
            part[i] = 0;
            call(SYS_mkdirat, AT_FDCWD, call_at(part), 0755);
            part[i] = i < size ? '/' : 0;
        }
}

/* --- program --- */

/* The descriptor goes with us, at once. */
static int is_directory(const char *path)
{
    return call_bare(SYS_openat, AT_FDCWD, call_at(path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0) >= 0;
}

static const struct program *program_of(const struct child_start *ch)
{
    return ch->errand ? &ch->core->loaded.errands[errand_index(ch->core, ch->errand)] : ch->unit->program;
}

static const char *path_of(const struct child_start *ch)
{
    for (char **envp = program_of(ch)->envp; *envp; envp++)
        if (strncmp(*envp, "PATH=", 5) == 0)
            return *envp + 5;
    return plan_text(&ch->core->plan, ch->core->plan.pod->default_path);
}

/* "/bin/sh FILE ARGS", as execvp(3) has it; there is room for one more word in front (load.c). */
static void try_shell(const struct child_start *ch, const char *file)
{
    static char shell[] = "/bin/sh";
    const struct program *program = program_of(ch);
    char **argv = program->argv - 1, *name = argv[1];
    argv[0] = shell;
    argv[1] = (char *)(uintptr_t)file;
    call(SYS_execve, call_at(shell), call_at(argv), call_at(program->envp));
    argv[1] = name;
}

/* The reason why not. ENOENT for a file that is there means the interpreter of its first line, or its loader. */
static long try_file(const struct child_start *ch, const char *file)
{
    const struct program *program = program_of(ch);
    long error = -call(SYS_execve, call_at(file), call_at(program->argv), call_at(program->envp));
    if (error == ENOENT && exists(file))
        fail(ch, STAGE_INTERPRETER, ENOENT);
    if (error == ENOEXEC && ch->core->scripts_by_shell)
        try_shell(ch, file);
    return error;
}

/* As execvp, but never through a shell unless that is asked for, and with the unit's own PATH. A match that may not be
 * executed does not hide a later one, and is the reason told if there is none. */
static _Noreturn void search(const struct child_start *ch, const char *name)
{
    char file[PATH_ROOM];
    long error = ENOENT, why;
    for (const char *at = path_of(ch); at;) {
        const char *end = strchrnul(at, ':');
        size_t size = (size_t)(end - at);
        if (size + strlen(name) + 2 <= sizeof file) {
            memcpy(file, at, size);
            file[size + say_format(file + size, sizeof file - size - 1, "%s%s", size ? "/" : "", name)] = 0;
            why = try_file(ch, file);
            if (why != EACCES && why != ENOENT && why != ENOTDIR)
                fail(ch, STAGE_EXEC, why);
            error = why == EACCES ? EACCES : error;
        }
        at = *end ? end + 1 : NULL;
    }
    fail(ch, STAGE_EXEC, error);
}

static _Noreturn void execute(const struct child_start *ch)
{
    const char *name = program_of(ch)->argv[0];
    if (strchr(name, '/') || !*name) {
        long error = try_file(ch, name);
        fail(ch, STAGE_EXEC, error == EACCES && is_directory(name) ? EISDIR : error);
    }
    search(ch, name);
}

/* --- all of it --- */

/* One command keeps the session, and so the terminal, of whoever started it; so does the unit that has the terminal,
 * which is in front before its first instruction: a shell that finds itself in the background stops. */
static void set_session(const struct child_start *ch)
{
    const struct core *c = ch->core;
    if (ch->unit->plan->keep_session || (!ch->errand && terminal_is_of(c, ch->unit)))
        call(SYS_setpgid, 0, 0, 0);
    else
        call(SYS_setsid, 0, 0, 0);
    if (ch->terminal >= 0) {
        int32_t self = (int32_t)call(SYS_getpid, 0, 0, 0);
        call(SYS_ioctl, ch->terminal, TIOCSPGRP, call_at(&self));
    }
}

static void enter_directory(const struct child_start *ch, const char *path)
{
    long result = *path ? call(SYS_chdir, call_at(path), 0, 0) : 0;
    if (result < 0)
        fail(ch, STAGE_DIRECTORY, -result);
}

static void find_identity(const struct child_start *ch)
{
    enum child_stage stage = STAGE_NONE;
    int error = identity_find(ch->core, ch->unit, &stage);
    if (error)
        fail(ch, stage, error);
}

static void take_identity(const struct child_start *ch)
{
    int error = identity_take();
    if (error)
        fail(ch, STAGE_IDENTITY, error);
}

int child_run(void *start)
{
    struct child_start own = *(struct child_start *)start, *ch = &own;
    const struct core *c = ch->core;
    const struct plan_unit *plan = ch->unit->plan;
    const char *directory = plan_text(&c->plan, plan->working_dir);
    int switches = plan->user.size || plan->group.size;
    set_session(ch);
    if (switches)
        find_identity(ch);
    set_streams(ch);
    put_line(ch);
    if (*directory)
        make_directory(directory);
    if (plan->umask != PLAN_NONE)
        call(SYS_umask, plan->umask, 0, 0);
    if (c->has_raised_files)
        call_bare(SYS_prlimit64, 0, RLIMIT_NOFILE, call_at(&c->given_files), 0);
    if (switches)
        take_identity(ch);
    enter_directory(ch, directory);
    if (ch->is_named)
        given_name_child((int32_t)call(SYS_getpid, 0, 0, 0));
    call_bare(SYS_rt_sigprocmask, SIG_SETMASK, call_at(&c->given_mask), 0, sizeof c->given_mask);
    execute(ch);
}
