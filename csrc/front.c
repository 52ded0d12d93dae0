/* The front door: reads a plan, or has a pod file compiled to one by a Python child that is gone before the pod starts.
 * Signals are held all the while: one that means "stop" ends the wait, every other stays pending for the pod. It may
 * allocate and block on regular files; nothing of it runs once the pod does.
 */

#include "front.h"


#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan.h"
#include "say.h"
#include "sys.h"

enum { FIRST_ROOM = 1 << 16 };

/* --- words --- */

static void pass_on(struct options *o, char *word)
{
    if (o->compile_count + 1 >= sizeof o->compile / sizeof *o->compile)
        die(EXIT_USAGE, "run: too many options");
    o->compile[o->compile_count++] = word;
}

/* The value of "--name=value" or of "--name value"; NULL when word is another option. */
static char *value_of(const char *name, char **argv, int *i)
{
    size_t size = strlen(name);
    if (strncmp(argv[*i], name, size) != 0 || (argv[*i][size] != 0 && argv[*i][size] != '='))
        return NULL;
    if (argv[*i][size] == '=')
        return argv[*i] + size + 1;
    if (!argv[*i + 1] || strcmp(argv[*i + 1], "--") == 0)
        die(EXIT_USAGE, "run: %s needs a value", name);
    return argv[++*i];
}

static int take_option(struct options *o, char **argv, int *i)
{
    static char *const passed[] = {"--set", "--exit-code-from", "--entrypoint", "--only", "--preset", "--volume"};
    static char *const flags[] = {"--strict", "--allow-unknown"};
    char *value;
    for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
        if (strcmp(argv[*i], flags[k]) == 0) {
            pass_on(o, flags[k]);
            return 1;
        }
    for (size_t k = 0; k < sizeof passed / sizeof *passed; k++)
        if ((value = value_of(passed[k], argv, i))) {
            pass_on(o, passed[k]);
            pass_on(o, value);
            return 1;
        }
    if ((value = value_of("--report", argv, i)))
        o->report = value;
    else if ((value = value_of("--events", argv, i)))
        o->events = value;
    return value != NULL;
}

void front_parse_run(int argc, char **argv, struct options *o)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            o->words = argv + i + 1;
            break;
        }
        if (argv[i][0] == '-' && argv[i][1]) {
            if (!take_option(o, argv, &i))
                die(EXIT_USAGE, "run: there is no option %s; it takes --exit-code-from NAME, --report FILE, "
                    "--events FILE|FD, --set KEY=VALUE, --entrypoint IMAGE=CMD, --only NAME, --preset DIR, "
                    "--volume NAME=/PATH, --strict, --allow-unknown", argv[i]);
        } else if (o->file) {
            die(EXIT_USAGE, "run: one file, not two: %s and %s; words for the program go behind --", o->file, argv[i]);
        } else {
            o->file = argv[i];
        }
    }
    if (!o->file)
        die(EXIT_USAGE, "run: which pod? minipod run FILE [-- ARGS]");
}

/* --- bytes --- */

struct bytes { uint8_t *at; size_t size, room; };

/* 1 more may come, 0 end. Grows by doubling; this is before the start, memory may still be asked for. */
static int read_more(struct bytes *b, int fd)
{
    if (b->size == b->room) {
        size_t room = b->room ? 2 * b->room : FIRST_ROOM;
        void *at = b->room ? mremap(b->at, b->room, room, MREMAP_MAYMOVE)
                           : mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            die(EXIT_SET_UP, "cannot get memory for the plan");
        b->at = at;
        b->room = room;
    }
    int64_t n = sys_read(fd, b->at + b->size, b->room - b->size);
    if (n == -EAGAIN || n == -EINTR)
        return 1;
    if (n < 0)
        die(EXIT_CONFIG, "cannot read the plan: %s", say_error((int)-n));
    b->size += (size_t)n;
    return n > 0 && b->size <= PLAN_MAX_SIZE;
}

/* Only a regular file that begins like a plan is one; whatever else there is, the compiler knows the words for it. */
static int open_plan(const char *path)
{
    uint8_t magic[8];
    struct stat st;
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && pread(fd, magic, sizeof magic, 0) == sizeof magic
        && memcmp(magic, "minipod\n", sizeof magic) == 0)
        return fd;
    close(fd);
    return -1;
}

/* --- Python --- */

/* Not "-m": that would look for modules in the working directory first, and there may lie a json.py of somebody's. */
static char launcher[] =
    "import sys\n"
    "if sys.path[:1] == ['']: del sys.path[0]\n"
    "try:\n"
    "    from minipod.cli import entry\n"
    "except ImportError as error:\n"
    "    sys.stderr.write(f'minipod: {sys.executable} has no minipod that fits this command ({error}); "
    "install it there or set MINIPOD_PYTHON\\n')\n"
    "    sys.exit(71)\n"
    "entry()\n";

static int beside_us(char *path, size_t room, const char *name)
{
    ssize_t size = readlink("/proc/self/exe", path, room - 1);
    while (size > 0 && path[size - 1] != '/')
        size--;
    if (size <= 0 || (size_t)size + strlen(name) >= room)
        return 0;
    strcpy(path + size, name);
    return access(path, X_OK) == 0;
}

_Noreturn void front_exec_python(char *const *words, uint64_t given)
{
    char beside[4096];
    char *argv[300] = {NULL, "-c", launcher};
    const char *python = getenv("MINIPOD_PYTHON");
    for (size_t i = 0; words[i]; i++) {
        if (i + 4 >= sizeof argv / sizeof *argv)
            die(EXIT_USAGE, "too many words");
        argv[3 + i] = words[i];
    }
    sys_hold(SIG_SETMASK, given, NULL);
    if (!python || !*python)
        python = beside_us(beside, sizeof beside, "python3") ? beside : "python3";
    argv[0] = (char *)(uintptr_t)python;  /* Python finds its environment by the name it is called by */
    execvp(python, argv);
    if (errno == ENOENT)
        die(EXIT_SET_UP, "cannot find %s: this word needs Python; without it there are compiled plans (minipod compile "
                         "FILE -o PLAN) and single programs (minipod -- PROGRAM)", python);
    die(EXIT_SET_UP, "cannot execute %s: %s", python, say_error(errno));
}

static void put_number(char out[16], int number) { out[say_format(out, 15, "%d", number)] = 0; }

static _Noreturn void become_compiler(const struct options *o, int fd, uint64_t given)
{
    char number[16];
    char *words[300] = {"compile", "--output-fd", number};
    size_t count = 3;
    put_number(number, fd);
    for (uint32_t i = 0; i < o->compile_count; i++)
        words[count++] = o->compile[i];
    words[count++] = "--";
    words[count] = (char *)(uintptr_t)o->file;
    fcntl(fd, F_SETFD, 0);
    setpgid(0, 0);  /* a terminal's Ctrl-C is ours to answer; Python would print a traceback beside our sentence */
    front_exec_python(words, given);
}

/* --- waiting for the compiler --- */

static int stop_signals(void)
{
    return sys_signals(SYS_SIGNAL_BIT(SIGTERM) | SYS_SIGNAL_BIT(SIGINT) | SYS_SIGNAL_BIT(SIGQUIT));
}

/* How long a killed compiler may take to go: not PID 1, we would leave it behind. */
enum { COMPILER_GOES_MS = 1000 };

/* Told to stop before anything ran: nothing decides but the signal's own convention. */
static _Noreturn void stop_compiling(int32_t compiler)
{
    struct pollfd gone = {sys_pidfd(compiler), POLLIN, 0};
    sys_kill(compiler, SIGKILL);
    poll(&gone, 1, COMPILER_GOES_MS);
    sys_reap(compiler);
    die(128 + SIGTERM, "told to stop while the pod was being read: nothing was started");
}

/* Returns when fd can be read; a signal that means "stop" ends everything. */
static void wait_for(int fd, int signals, int32_t compiler)
{
    struct pollfd both[2] = {{fd, POLLIN, 0}, {signals, POLLIN, 0}};
    do {
        if (poll(both, 2, -1) < 0 && errno != EINTR)
            die(EXIT_SET_UP, "cannot wait for the compiler: %s", say_error(errno));
        if (both[1].revents)
            stop_compiling(compiler);
    } while (!both[0].revents);
}

static void collect(struct bytes *b, int fd, int32_t compiler)
{
    int signals = stop_signals(), ended = sys_pidfd(compiler);
    do {
        wait_for(fd, signals, compiler);
    } while (read_more(b, fd));
    if (ended >= 0)
        wait_for(ended, signals, compiler);
    close(ended);
    close(signals);
}

/* Orphans of the compiler's, if any, are reaped with those of the pod. */
static void check_compiler(int32_t compiler)
{
    int status = 0;
    while (waitpid(compiler, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status))
        die(EXIT_INTERNAL, "the compiler was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        _exit(WEXITSTATUS(status));  /* it has said why */
}

static void compile(const struct options *o, uint64_t given, struct bytes *b)
{
    int ends[2];
    if (sys_pipe(ends) < 0)
        die(EXIT_SET_UP, "cannot make a pipe for the compiler");
    int32_t compiler = sys_fork();
    if (compiler < 0)
        die(EXIT_SET_UP, "cannot start the compiler: %s", say_error(-compiler));
    if (compiler == 0)
        become_compiler(o, ends[1], given);
    close(ends[1]);
    collect(b, ends[0], compiler);
    close(ends[0]);
    check_compiler(compiler);
}

const uint8_t *front_load(const struct options *o, uint64_t given)
{
    struct bytes b = {NULL, 0, 0};
    int fd = open_plan(o->file);
    if (fd >= 0 && o->compile_count)
        die(EXIT_USAGE, "%s is a compiled plan: %s goes to minipod compile", o->file, o->compile[0]);
    if (fd >= 0) {
        while (read_more(&b, fd)) {
        }
        close(fd);
    } else {
        compile(o, given, &b);
    }
    const char *why = plan_refuse(b.at, b.size);
    if (why)
        die(EXIT_CONFIG, "cannot run %s: %s", o->file, why);
    return b.at;
}
