/* The mark that units' processes have in their environment: by it whoever has left a unit's session is known as the
 * unit's. It must never read more of an environment than is likely to be one.
 */

#include <fcntl.h>

#include "core.h"
#include "say.h"

enum { ENVIRON_MOST = 1 << 20 };

/* Looks for an entry "<wanted><digits>" of an environment, fed byte by byte. */
struct finder { const char *wanted; size_t size, matched; uint64_t index; uint8_t has_digits, inside, found; };

static void finder_feed(struct finder *f, char byte)
{
    if (f->matched == f->size && byte >= '0' && byte <= '9') {
        f->has_digits = 1;
        if (f->index < PLAN_NONE)  /* more digits make it no smaller */
            f->index = f->index * 10 + (uint64_t)(byte - '0');
    } else if (byte == 0) {
        f->found = f->has_digits;
        f->inside = 0;
        f->matched = 0;
    } else if (!f->inside && f->matched < f->size && byte == f->wanted[f->matched]) {
        f->matched++;
    } else {
        f->inside = 1;
        f->matched = 0;
        f->index = 0;
        f->has_digits = 0;
    }
}

/* The unit's number behind our mark in the environment of pid; PLAN_NONE if it has none, or may not be read. */
uint32_t mark_find(const struct core *c, int32_t pid)
{
    char path[32], chunk[4096], wanted[64];
    struct finder f = {wanted, say_format(wanted, sizeof wanted, "MINIPOD_INSTANCE=%s.", c->mark), 0, 0, 0, 0, 0};
    int64_t size, total = 0;
    path[say_format(path, sizeof path - 1, "/proc/%d/environ", (int)pid)] = 0;
    int fd = sys_open(path, O_RDONLY, 0);
    if (fd < 0)
        return PLAN_NONE;
    for (; !f.found && total < ENVIRON_MOST && (size = sys_read(fd, chunk, sizeof chunk)) > 0; total += size)
        for (int64_t i = 0; i < size && !f.found; i++)
            finder_feed(&f, chunk[i]);
    sys_close(fd);
    return f.found && f.index < PLAN_NONE ? (uint32_t)f.index : PLAN_NONE;
}
