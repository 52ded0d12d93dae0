/* A unit's child, from its first instruction to exec: own session, streams, identity, directory, signals, program. It
 * may block as it likes: nobody waits for it. It may share PID 1's memory until the exec, so it must never write to
 * anything but its own stack (and given.c's few bytes, and the beginning of one command's words), never set errno, and
 * never return or print: it calls the kernel by call.h alone. And another plan may hold before it comes to its exec, so
 * it must never look for one in the core: it has its own. (A unit with a user or rights of its own has a copy of the
 * memory: only then identity.c and rights.c run.)
 */

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "call.h"
#include "core.h"
#include "given.h"
#include "identity.h"
#include "late.h"
#include "rights.h"
#include "say.h"

enum { PATH_ROOM = 4096 };

static long call(long number, long a, long b, long c) { return call_bare(number, a, b, c, 0); }

static _Noreturn void fail_at(const struct child_start *ch, enum child_stage stage, uint16_t which, long error)
{
    struct child_failure failure = {(int32_t)error, (uint8_t)stage, 0, which};
    call(SYS_write, ch->handshake, call_at(&failure), sizeof failure);
    for (;;)
        call(SYS_exit_group, 127, 0, 0);
}

static _Noreturn void fail(const struct child_start *ch, enum child_stage stage, long error)
{
    fail_at(ch, stage, 0, error);
}

/* --- streams --- */

/* Never onto itself, which would leave close-on-exec set: ours are all above 2. */
static void put(const struct child_start *ch, int fd, int as)
{
    long result = call(SYS_dup3, fd, as, 0);
    if (result < 0)
        fail(ch, STAGE_STREAMS, -result);
}

static void make_way(const struct child_start *ch, int *fd, int as)
{
    if (*fd != as)
        return;
    long moved = call(SYS_fcntl, *fd, F_DUPFD_CLOEXEC, as + 1);
    if (moved < 0)
        fail(ch, STAGE_STREAMS, -moved);
    *fd = (int)moved;
}

/* The program's own descriptors may have any number: that of one that we still need, which makes way, or the one they
 * have already. Standard streams have been put by now. */
static void put_at(struct child_start *ch, int fd, int as)
{
    make_way(ch, &ch->handshake, as);
    if (fd == as) {
        call(SYS_fcntl, as, F_SETFD, 0);
        return;
    }
    make_way(ch, &ch->line, as);
    put(ch, fd, as);
}

/* The message first: its own number is nothing that the line must keep clear of afterwards. */
static void put_own(struct child_start *ch)
{
    if (ch->unit->message && ch->unit->message->file >= 0)
        put_at(ch, ch->unit->message->file, MESSAGE_FD);
    if (ch->line >= 0)
        put_at(ch, ch->line, (int)ch->of->notify_fd);
}

/* Behind setsid(): it is this session's from now on. */
static void take_terminal(const struct child_start *ch)
{
    long result = ch->unit->no_terminal ? -ch->unit->no_terminal : call(SYS_ioctl, ch->streams[0], TIOCSCTTY, 0);
    if (result < 0)
        fail(ch, STAGE_TERMINAL, -result);
    for (int i = 0; i < 3; i++)
        put(ch, ch->streams[0], i);
}

/* A hook writes where its unit does. A probe's words, many times a minute, are for whoever asks why it failed. */
static void set_streams(const struct child_start *ch)
{
    if (ch->of->own_terminal && !ch->errand) {
        take_terminal(ch);
        return;
    }
    if (ch->errand || ch->of->stdin_mode == STDIN_MODE_NULL)
        put(ch, ch->core->null, 0);
    for (int i = 0; i < 2; i++) {
        if (ch->is_probe)
            put(ch, ch->output, 1 + i);
        else if (ch->streams[i] >= 0)
            put(ch, ch->streams[i], 1 + i);
        else if (ch->of->log.mode == LOG_MODE_NONE)
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

static const char *path_of(const struct child_start *ch)
{
    for (char **envp = ch->program->envp; *envp; envp++)
        if (strncmp(*envp, "PATH=", 5) == 0)
            return *envp + 5;
    return plan_text(&ch->plan, ch->plan.pod->default_path);
}

/* "/bin/sh FILE ARGS", as execvp(3) has it; there is room for one more word in front (load.c). */
static void try_shell(const struct child_start *ch, const char *file)
{
    static char shell[] = "/bin/sh";
    const struct program *program = ch->program;
    char **argv = program->argv - 1, *name = argv[1];
    argv[0] = shell;
    argv[1] = (char *)(uintptr_t)file;
    call(SYS_execve, call_at(shell), call_at(argv), call_at(program->envp));
    argv[1] = name;
}

/* The reason why not. ENOENT for a file that is there means the interpreter of its first line, or its loader. */
static long try_file(const struct child_start *ch, const char *file)
{
    const struct program *program = ch->program;
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
    const char *name = ch->program->argv[0];
    if (strchr(name, '/') || !*name) {
        long error = try_file(ch, name);
        fail(ch, STAGE_EXEC, error == EACCES && is_directory(name) ? EISDIR : error);
    }
    search(ch, name);
}

/* --- environment --- */

/* A probe or a hook has what the instance was given. As us: whoever wrote the file may have kept it to himself. */
static void set_environment(const struct child_start *ch)
{
    const struct core *c = ch->core;
    uint32_t source = 0;
    int error = ch->errand ? 0 : late_read(c, ch->program, &source);
    if (error)
        fail_at(ch, STAGE_ENVIRONMENT, (uint16_t)(source - ch->of->sources.first), -error);
    late_apply(ch->program);
}

/* --- all of it --- */

/* One command keeps the session, and so the terminal, of whoever started it; so does the unit that has the terminal,
 * which is in front before its first instruction: a shell that finds itself in the background stops. */
static void set_session(const struct child_start *ch)
{
    const struct core *c = ch->core;
    if (ch->of->keep_session || (!ch->errand && terminal_is_of(c, ch->unit)))
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

/* Its successor's file is the same: whoever still reads what the one before left there is waited for. */
static void wait_for_reader(int32_t reader)
{
    struct { int32_t fd; int16_t events, revents; } watched = {-1, 1, 0};
    struct { int64_t s, ns; } most = {2, 0};
    if (!reader)
        return;
    watched.fd = (int32_t)call(SYS_pidfd_open, reader, 0, 0);
    if (watched.fd >= 0)
        call_bare(SYS_ppoll, call_at(&watched), 1, call_at(&most), 0);
    call(SYS_close, watched.fd, 0, 0);
}

/* A new one, or one that is there: what was moved there, from where only we may read it, is not the program's. */
static long open_message(const struct child_start *ch, int gives, struct stat *st)
{
    struct message_place place;
    long at = message_find(ch, &place);
    if (at < 0)
        return at;
    long fd = message_open(at, &place, O_WRONLY | O_CREAT | O_EXCL);
    int is_theirs = fd >= 0 && *place.name;
    if (fd == -EEXIST)
        fd = message_open(at, &place, O_WRONLY);
    long result = fd < 0 ? fd : call_stat((int)fd, st);
    if (result < 0 || !S_ISREG(st->st_mode))
        return result < 0 ? result : fd;
    if (st->st_nlink > 1)
        return -EMLINK;
    return !gives || is_theirs || place.is_guarded || identity_is(st->st_uid) ? fd : -EEXIST;
}

/* Empty, and the program's to write to. Whoever could put something in its place, an instance before with a user of its
 * own, must not be given what a link leads to, nor a file that has another name. */
static void begin_message(const struct child_start *ch)
{
    int gives = ch->of->user.size || ch->of->group.size;
    struct stat st = {0};
    wait_for_reader(ch->unit->message->reader);
    long fd = open_message(ch, gives, &st);
    long result = fd >= 0 && S_ISREG(st.st_mode) ? call(SYS_ftruncate, fd, 0, 0) : fd;
    if (result < 0)
        fail(ch, STAGE_MESSAGE, -result);
    if (S_ISREG(st.st_mode) && gives)
        identity_give((int)fd);
    call(SYS_close, fd, 0, 0);
}

static void show_volumes(const struct child_start *ch)
{
    uint32_t which;
    long result = mount_all(ch, &which);
    if (result < 0)
        fail_at(ch, STAGE_MOUNT, (uint16_t)(which - ch->of->mounts.first), -result);
}

/* After all that is made for it, and before it is anybody else. */
static void seal_root(const struct child_start *ch)
{
    const struct plan_unit *plan = ch->of;
    const struct volumes *v = &ch->core->volumes;
    long result = mount_seal(plan_text(&ch->plan, plan->message_path), plan->mounts.count && v->has_mounts);
    if (result < 0)
        fail(ch, STAGE_READ_ONLY, -result);
}

static void find_identity(const struct child_start *ch)
{
    enum child_stage stage = STAGE_NONE;
    uint16_t which = 0;
    int error = identity_find(ch->core, ch->unit, &stage, &which);
    if (error)
        fail_at(ch, stage, which, error);
}

static void take_identity(const struct child_start *ch)
{
    int error = identity_take(ch->of->rights != PLAN_NONE);
    if (error)
        fail(ch, STAGE_IDENTITY, error);
}

static void begin_rights(const struct child_start *ch)
{
    enum child_stage stage = STAGE_NONE;
    uint16_t which = 0;
    int error = rights_begin(ch->core, ch->unit, &stage, &which);
    if (error)
        fail_at(ch, stage, which, error);
}

static void end_rights(const struct child_start *ch)
{
    enum child_stage stage = STAGE_NONE;
    int error = rights_end(ch->core, ch->unit, &stage);
    if (error)
        fail(ch, stage, error);
}

int child_run(void *start)
{
    struct child_start *ch = start;
    const struct core *c = ch->core;
    const struct plan_unit *plan = ch->of;
    const char *directory = plan_text(&ch->plan, plan->working_dir);
    int has_rights = plan->rights != PLAN_NONE, switches = plan->user.size || plan->group.size || has_rights;
    set_session(ch);
    if (switches)
        find_identity(ch);
    set_streams(ch);
    put_own(ch);
    if (plan->mounts.count && c->volumes.has_mounts)
        show_volumes(ch);
    if (!ch->errand && plan->message_path.size)
        begin_message(ch);
    if (*directory)
        make_directory(directory);
    if (plan->read_only && c->volumes.has_seals)
        seal_root(ch);
    if (plan->umask != PLAN_NONE)
        call(SYS_umask, plan->umask, 0, 0);
    if (plan->sources.count)
        late_hand_over(ch->program);
    if (ch->has_late)
        set_environment(ch);
    if (c->has_raised_files)    /* no descriptor is given a number any more */
        call_bare(SYS_prlimit64, 0, RLIMIT_NOFILE, call_at(&c->given_files), 0);
    if (has_rights)
        begin_rights(ch);
    if (switches)
        take_identity(ch);
    if (has_rights)
        end_rights(ch);
    enter_directory(ch, directory);
    if (ch->is_named)
        given_name_child((int32_t)call(SYS_getpid, 0, 0, 0));
    call_bare(SYS_rt_sigprocmask, SIG_SETMASK, call_at(&c->given_mask), 0, sizeof c->given_mask);
    execute(ch);
}
