/* The root file system: which one it is, and whether units can be kept from writing to it, tried before any of them
 * starts, so that nobody fails for the lack of it. It must never change what anybody else sees.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "say.h"
#include "volume.h"

/* --- which one --- */

/* The kernel's struct statx, which a C library need not know. */
enum { WANTED_BIRTH = 0x800, ANSWER_SIZE = 256, MASK_AT = 0, SECONDS_AT = 80, NANOSECONDS_AT = 88 };

/* Its number and when it was made, which a container keeps when it is started again; its device need not be the same
 * then, and stands in only where no file system tells when. */
const char *root_name(void)
{
    uint8_t answer[ANSWER_SIZE] = {0};
    uint32_t mask, nanoseconds;
    uint64_t seconds;
    struct stat st = {0};
    if (stat("/", &st) < 0)
        return "";
    long result = syscall(SYS_statx, AT_FDCWD, "/", 0, WANTED_BIRTH, answer);
    memcpy(&mask, answer + MASK_AT, sizeof mask);
    memcpy(&seconds, answer + SECONDS_AT, sizeof seconds);
    memcpy(&nanoseconds, answer + NANOSECONDS_AT, sizeof nanoseconds);
    if (result < 0 || !(mask & WANTED_BIRTH))
        return keeper_text("%lu on %lu", (uint64_t)st.st_ino, (uint64_t)st.st_dev);
    return keeper_text("%lu of %lu.%u", (uint64_t)st.st_ino, seconds, nanoseconds);
}

/* --- whether it can be sealed --- */

/* In a process of its own: what it does is seen by nobody. 0, or an errno. */
static int try_seal(void)
{
    int status = 0;
    int32_t pid = sys_fork();
    if (pid == 0)
        _exit((int)-mount_seal("", 0));
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid < 0 ? (int)-pid : WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

/* What links lead to may lie in the root itself. */
void root_try(struct keeper *k)
{
    const struct plan *plan = k->plan;
    int error = -1;
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        if (!plan->units[i].read_only)
            continue;
        if (error < 0)
            error = plan->mount_count && !k->has_mounts ? EPERM : try_seal();
        if (error)
            keeper_warn(k, "%s: read_only is not kept, the root file system can be written to: %s",
                        plan_text(plan, plan->units[i].name), say_error(error));
    }
    k->has_seals = error == 0;
}
