/* See gather.h. Files are read into one buffer after another's use; what is kept lies in the block. It must never write
 * a value, or a line of a file, into a sentence.
 */
#include "gather.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "dotenv.h"
#include "expand.h"
#include "fact.h"
#include "names.h"
#include "policy_tables.h"
#include "say.h"
#include "sys.h"

enum { SENTENCE_ROOM = 8192, FIRST_ROOM = 1 << 16, LIMIT_ROOM = 21 };

/* What is no errno of reading a file. */
enum { NOT_REGULAR = ENOTSUP, HAS_NUL = EINVAL, TOO_LARGE = EFBIG };

struct gatherer {
    const struct plan *plan;
    struct gathered *out;
    gather_tell *tell;
    void *to;
    const char *unit;
    const struct plan_source *source;
    uint32_t mistakes;
    uint8_t is_full;            /* no room for more: told once */
    char *bytes;                /* of the file at hand: one more than any may have */
};

static const char *text_of(const struct gatherer *g, struct plan_string string) { return plan_text(g->plan, string); }

/* --- what is told --- */

static const char *why_not(int error)
{
    if (error == NOT_REGULAR)
        return "it is no regular file";
    if (error == HAS_NUL)
        return "it has a byte 0, which no variable can hold";
    return error == TOO_LARGE ? "it is larger than 1 MiB" : say_error(error);
}

static const char *next_step(int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return "see to it that it is there, or make it optional";
    if (error == EACCES || error == EPERM)
        return "let minipod's user read it";
    return "see to it that it is a file that can be read";
}

static void tell(struct gatherer *g, int is_mistake, const char *format, ...)
{
    char line[SENTENCE_ROOM];
    va_list args;
    va_start(args, format);
    line[say_formatv(line, sizeof line - 1, format, args)] = 0;
    va_end(args);
    g->mistakes += is_mistake ? 1 : 0;
    g->tell(g->to, line, is_mistake);
}

static void tell_unreadable(struct gatherer *g, const char *path, int error)
{
    const char *name = g->source->origin == ORIGIN_FILE ? text_of(g, g->source->name) : "its variables";
    tell(g, 1, "%s: cannot set %s: %s: %s; %s", g->unit, name, path, why_not(error), next_step(error));
}

/* --- records --- */

static int grow(struct gatherer *g, uint64_t size)
{
    struct gathered *all = g->out;
    uint64_t room = all->room ? all->room : FIRST_ROOM;
    while (room - all->size < size && room <= GATHER_MOST)
        room *= 2;
    if (room > GATHER_MOST)
        return 0;
    if (room == all->room)
        return 1;
    void *at = all->at ? mremap(all->at, (size_t)all->room, (size_t)room, MREMAP_MAYMOVE)
                       : mmap(NULL, (size_t)room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return 0;
    all->at = at;
    all->room = room;
    return 1;
}

/* The name is first and second together. */
static void put(struct gatherer *g, enum gathered_state state, struct text first, struct text second, struct text value)
{
    uint64_t size = (sizeof(struct gathered_record) + first.size + second.size + value.size + 7) & ~UINT64_C(7);
    if (g->is_full || !grow(g, size)) {
        if (!g->is_full)
            tell(g, 1, "%s: there is no room for its variables: all together may have 64 MiB; use files for more",
                 g->unit);
        g->is_full = 1;
        return;
    }
    struct gathered_record *record = (void *)(g->out->at + g->out->size);
    *record = (struct gathered_record){
        (uint32_t)(g->source - g->plan->sources), -1, (uint32_t)(first.size + second.size), state, value.size};
    char *to = memcpy(record + 1, first.at, (size_t)first.size);
    to = memcpy(to + first.size, second.at, (size_t)second.size);
    if (value.size)
        memcpy(to + second.size, value.at, (size_t)value.size);
    g->out->size += size;
}

static struct text source_text(const struct gatherer *g, struct plan_string string)
{
    return (struct text){text_of(g, string), string.size};
}

static const struct text nothing = {"", 0};

static void put_value(struct gatherer *g, struct text value)
{
    put(g, GATHERED_VALUE, source_text(g, g->source->name), nothing, value);
}

/* 1: the source may be missing, and this is what it comes to. */
static int put_lack(struct gatherer *g, int error)
{
    if ((error != ENOENT && error != ENOTDIR) || g->source->lack == LACK_FAILS)
        return 0;
    if (g->source->lack == LACK_TEXT)
        put_value(g, source_text(g, g->source->fallback));
    else if (g->source->origin == ORIGIN_FILE)
        put(g, GATHERED_ABSENT, source_text(g, g->source->name), nothing, nothing);
    return 1;
}

/* --- files --- */

/* 0, or what is wrong with it. Nothing is waited for: a pipe is no file of variables. */
static int read_open(struct gatherer *g, int fd, uint64_t *size)
{
    int type = sys_type(fd);
    int64_t n = 1;
    *size = 0;
    if (type != S_IFREG)
        return type < 0 ? -type : type == S_IFDIR ? EISDIR : NOT_REGULAR;
    while (n > 0 && *size <= GATHER_FILE_MOST) {
        n = sys_read(fd, g->bytes + *size, (size_t)(GATHER_FILE_MOST + 1 - *size));
        *size += n > 0 ? (uint64_t)n : 0;
        n = n == -EINTR ? 1 : n;
    }
    if (n < 0)
        return (int)-n;
    if (*size > GATHER_FILE_MOST)
        return TOO_LARGE;
    return memchr(g->bytes, 0, (size_t)*size) ? HAS_NUL : 0;
}

static int read_file(struct gatherer *g, const char *path, uint64_t *size)
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return -fd;
    int error = read_open(g, fd, size);
    sys_close(fd);
    return error;
}

/* What is handed over by descriptor may hold any byte. */
static void take_file(struct gatherer *g)
{
    const char *path = text_of(g, g->source->path);
    int is_held = g->source->handing == HANDING_DESCRIPTOR;
    uint64_t size;
    int error = read_file(g, path, &size);
    if (error && !(is_held && error == HAS_NUL)) {
        if (!put_lack(g, error))
            tell_unreadable(g, path, error);
        return;
    }
    if (g->source->chomp && size > 0 && g->bytes[size - 1] == '\n')
        size--;
    struct text value = {g->bytes, size};
    if (is_held)
        put(g, GATHERED_HELD, source_text(g, g->source->name), (struct text){"_FILE", 5}, value);
    else
        put_value(g, value);
}

static void take_env_file(struct gatherer *g)
{
    const char *path = text_of(g, g->source->path);
    uint64_t size;
    int error = read_file(g, path, &size);
    if (error) {
        if (!put_lack(g, error))
            tell_unreadable(g, path, error);
        return;
    }
    struct dotenv lines = {g->bytes, g->bytes + size, 0};
    struct dotenv_entry entry;
    enum dotenv_result result;
    while ((result = dotenv_next(&lines, &entry)) != DOTENV_END) {
        if (result == DOTENV_WRONG)
            tell(g, 1, "%s: %s: line %u is no NAME=VALUE; write one, or put # before it", g->unit, path, entry.line);
        else if (entry.value.at)
            put(g, GATHERED_VALUE, source_text(g, g->source->name), entry.name, entry.value);
    }
}

/* --- directories --- */

static int is_name(struct text first, const char *second)
{
    int size = 0;
    for (uint64_t i = 0; i < first.size; i++, size++)
        if (first.at[i] < ' ' || first.at[i] > '~' || first.at[i] == '=')
            return 0;
    for (; *second; second++, size++)
        if (*second < ' ' || *second > '~' || *second == '=')
            return 0;
    return size > 0;
}

static void take_entry(struct gatherer *g, const char *path, const char *name, uint32_t *left_out)
{
    char whole[SENTENCE_ROOM / 2];
    uint64_t size;
    size_t length = say_format(whole, sizeof whole, "%s/%s", path, name);
    if (!is_name(source_text(g, g->source->name), name)) {
        ++*left_out;
        return;
    }
    whole[length < sizeof whole ? length : sizeof whole - 1] = 0;
    int error = length < sizeof whole ? read_file(g, whole, &size) : ENAMETOOLONG;
    if (error == EISDIR)
        return;
    if (error)
        tell_unreadable(g, whole, error);
    else
        put(g, GATHERED_VALUE, source_text(g, g->source->name), (struct text){name, strlen(name)},
            (struct text){g->bytes, size});
}

static void take_directory(struct gatherer *g)
{
    const char *path = text_of(g, g->source->path);
    struct names names;
    uint32_t left_out = 0;
    int error = names_read(path, GATHER_ENTRIES_MOST, &names);
    if (error == E2BIG)
        tell(g, 1, "%s: %s has more than 4096 entries; put what is for variables into a directory of its own",
             g->unit, path);
    else if (error && !put_lack(g, error))
        tell_unreadable(g, path, error);
    for (uint32_t i = 0; i < names.count && !error; i++)
        take_entry(g, path, names_at(&names, i), &left_out);
    if (left_out)
        tell(g, 0, "%s: %u of the files in %s are left out: their names cannot be those of variables", g->unit,
             left_out, path);
    names_close(&names);
}

/* --- the plan, this machine --- */

static void take_secret(struct gatherer *g)
{
    struct plan_string secret = g->source->secret;
    struct text value = {g->plan->secrets + secret.at, secret.size};
    if (value.size && memchr(value.at, 0, (size_t)value.size))
        tell(g, 1, "%s: cannot set %s: its secret is not in this plan any more; run what the plan was made from",
             g->unit, text_of(g, g->source->name));
    else
        put_value(g, value);
}

static void take_address(struct gatherer *g, int all)
{
    char address[FACT_ADDRESS_ROOM];
    size_t size = fact_address(address, all);
    put_value(g, (struct text){address, size});
}

static void take_host(struct gatherer *g)
{
    struct utsname about;
    const char *name = uname(&about) < 0 ? "localhost" : about.nodename;
    put_value(g, (struct text){name, strlen(name)});
}

/* Rounded up, as Kubernetes does. */
static void take_limit(struct gatherer *g, uint64_t amount)
{
    char digits[LIMIT_ROOM];
    uint64_t divisor = g->source->divisor;
    size_t size = say_format(digits, sizeof digits, "%lu", amount / divisor + (amount % divisor > 0));
    put_value(g, (struct text){digits, size});
}

/* --- all of them --- */

static void take_source(struct gatherer *g)
{
    switch ((enum origin)g->source->origin) {
    case ORIGIN_SECRET: take_secret(g); break;
    case ORIGIN_FILE: take_file(g); break;
    case ORIGIN_DIRECTORY: take_directory(g); break;
    case ORIGIN_ENV_FILE: take_env_file(g); break;
    case ORIGIN_KEY: put(g, GATHERED_LATE, source_text(g, g->source->name), nothing, nothing); break;
    case ORIGIN_ADDRESS: take_address(g, 0); break;
    case ORIGIN_ADDRESSES: take_address(g, 1); break;
    case ORIGIN_HOST: take_host(g); break;
    case ORIGIN_CPU: take_limit(g, fact_cpu()); break;
    case ORIGIN_MEMORY: take_limit(g, fact_memory()); break;
    case ORIGIN_STORAGE: take_limit(g, fact_storage()); break;
    case ORIGIN_COUNT: break;
    }
}

uint32_t gather_sources(const struct plan *plan, struct gathered *all, gather_tell *tell, void *to)
{
    struct gatherer g = {.plan = plan, .out = all, .tell = tell, .to = to};
    *all = (struct gathered){0};
    if (plan->source_count == 0)
        return 0;
    struct gathered bytes = {.room = GATHER_FILE_MOST + 1};
    bytes.at = mmap(NULL, (size_t)bytes.room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes.at == MAP_FAILED) {
        tell(to, "there is no memory to read the variables of its units", 1);
        return 1;
    }
    g.bytes = bytes.at;
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        struct plan_run run = plan->units[i].sources;
        g.unit = plan_text(plan, plan->units[i].name);
        for (uint32_t k = run.first; k < run.first + run.count; k++) {
            g.source = &plan->sources[k];
            take_source(&g);
        }
    }
    gather_forget(&bytes);
    return g.mistakes;
}

void gather_forget(struct gathered *all)
{
    if (all->at) {
        explicit_bzero(all->at, (size_t)all->room);
        munmap(all->at, (size_t)all->room);
    }
    *all = (struct gathered){0};
}
