/* Secrets that are handed over by descriptor: files without a name, which nobody can change, in memory where the kernel
 * has it, else where files in memory are kept, else in /tmp. It must never leave one behind that has a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gather.h"
#include "message.h"
#include "policy_tables.h"
#include "say.h"
#include "sys.h"

/* Programs number what they open from 3 on; a termination message has 100. */
enum { FIRST_FD = 128, MODE = 0444 };

static int open_memory(void)
{
    int fd = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? -errno : fd;
}

static int open_unnamed(void)
{
    static const char *const places[] = {"/dev/shm", "/run", "/tmp"};
    int fd = open_memory();
    for (size_t i = 0; fd < 0 && i < sizeof places / sizeof *places; i++)
        fd = sys_open(places[i], O_TMPFILE | O_RDWR, MODE);
    return fd;
}

static int fill(int fd, struct text content)
{
    while (content.size) {
        int64_t n = sys_write(fd, content.at, (size_t)content.size);
        if (n < 0 && n != -EINTR)
            return (int)n;
        content.at += n > 0 ? n : 0;
        content.size -= n > 0 ? (uint64_t)n : 0;
    }
    (void)!fchmod(fd, MODE);  /* a program that has become somebody else may open it again */
    (void)!fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return 0;
}

/* What nobody may write to, where there is a /proc to open it again by; its number above all of theirs. */
static int put_away(int fd, int least)
{
    char path[32];
    path[say_format(path, sizeof path - 1, "/proc/self/fd/%d", fd)] = 0;
    int other = sys_open(path, O_RDONLY, 0);
    int kept = fcntl(other < 0 ? fd : other, F_DUPFD_CLOEXEC, least);
    int error = kept < 0 ? -errno : 0;
    if (other >= 0)
        sys_close(other);
    return error ? error : kept;
}

static int hold(struct text content, int least)
{
    int fd = open_unnamed();
    if (fd < 0)
        return fd;
    int result = fill(fd, content);
    if (result == 0)
        result = put_away(fd, least);
    sys_close(fd);
    return result;
}

int gather_least(const struct plan *plan)
{
    uint32_t least = FIRST_FD;
    for (uint32_t i = 0; i < plan->unit_count; i++)
        if (plan->units[i].notify_fd != PLAN_NONE && plan->units[i].notify_fd >= least)
            least = plan->units[i].notify_fd + 1;
    return (int)least;
}

uint32_t gather_numbers(const struct plan *plan)
{
    uint32_t needed = 0, held = 0;
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        if (plan->units[i].message_own && needed <= MESSAGE_FD)
            needed = MESSAGE_FD + 1;
        if (plan->units[i].notify_fd != PLAN_NONE && needed <= plan->units[i].notify_fd)
            needed = plan->units[i].notify_fd + 1;
    }
    for (uint32_t i = 0; i < plan->source_count; i++)
        held += plan->sources[i].origin == ORIGIN_FILE && plan->sources[i].handing == HANDING_DESCRIPTOR;
    return held ? (uint32_t)gather_least(plan) + held : needed;
}

int gather_hold(const struct plan *plan, struct gathered *all)
{
    int least = gather_least(plan);
    for (struct gathered_record *record = NULL; (record = gathered_next(all, record));)
        if (record->state == GATHERED_HELD && (record->fd = hold(gathered_value(record), least)) < 0)
            return record->fd;
    return 0;
}
