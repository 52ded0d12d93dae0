/* Users and groups. Runs in a unit's child, never in PID 1: the files may be on a slow disk. Lines that are malformed
 * or longer than the buffer are passed over, as the C library does; it must never trust what it reads.
 */

#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sys.h"

enum { FIELDS = 7 };

struct reader { int fd; size_t fill, used; uint8_t skip; char buffer[USER_LINE]; };

/* The next whole line without its newline, NUL-terminated; NULL at the end. */
static char *next_line(struct reader *r)
{
    for (;;) {
        char *begin = r->buffer + r->used, *end = memchr(begin, '\n', r->fill - r->used);
        if (end) {
            *end = 0;
            r->used = (size_t)(end - r->buffer) + 1;
            if (!r->skip)
                return begin;
            r->skip = 0;
            continue;
        }
        memmove(r->buffer, begin, r->fill - r->used);
        r->fill -= r->used;
        r->used = 0;
        if (r->fill == sizeof r->buffer - 1) {  /* too long: all of it goes */
            r->skip = 1;
            r->fill = 0;
        }
        int64_t size = sys_read(r->fd, r->buffer + r->fill, sizeof r->buffer - 1 - r->fill);
        if (size <= 0) {
            if (r->fill == 0 || r->skip)
                return NULL;
            r->buffer[r->fill++] = '\n';  /* the last line may lack it; there is room for one byte more */
            continue;
        }
        r->fill += (size_t)size;
    }
}

static int split(char *line, char *fields[FIELDS])
{
    int count = 0;
    while (count < FIELDS) {
        fields[count++] = line;
        line = strchr(line, ':');
        if (!line)
            break;
        *line++ = 0;
    }
    return count;
}

static int parse_id(const char *text, uint32_t *out)
{
    uint64_t id = 0;
    if (!*text)
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || (id = id * 10 + (uint64_t)(*text - '0')) >= UINT32_MAX)
            return 0;
    }
    *out = (uint32_t)id;
    return 1;
}

static int copy(char *to, size_t room, const char *from)
{
    size_t size = strlen(from);
    if (size >= room)
        return 0;
    memcpy(to, from, size + 1);
    return 1;
}

static int open_reader(struct reader *r, const char *path)
{
    r->fill = r->used = r->skip = 0;
    return r->fd = sys_open(path, O_RDONLY, 0);
}

/* 1 found, 0 not, or -errno. A name is looked for among the names first, then, if it is a number, among the uids. */
static int find_entry(const char *passwd, const char *name, int by_uid, uint32_t uid, struct identity *out)
{
    struct reader r;
    char *line, *f[FIELDS];
    uint32_t entry_uid, entry_gid;
    int found = 0;
    if (open_reader(&r, passwd) < 0)
        return r.fd == -ENOENT ? 0 : r.fd;
    while (!found && (line = next_line(&r))) {
        if (split(line, f) < 6 || !*f[0] || !parse_id(f[2], &entry_uid) || !parse_id(f[3], &entry_gid))
            continue;
        if (by_uid ? entry_uid != uid : strcmp(f[0], name) != 0)
            continue;
        if (!copy(out->name, sizeof out->name, f[0]) || !copy(out->home, sizeof out->home, *f[5] ? f[5] : "/"))
            continue;
        out->uid = entry_uid;
        out->gid = entry_gid;
        found = 1;
    }
    sys_close(r.fd);
    return found;
}

static int is_member(char *members, const char *name)
{
    size_t size = strlen(name);
    for (char *at = members; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, size) == 0 && (at[size] == ',' || at[size] == 0))
            return 1;
    return 0;
}

static int find_groups(const char *group, struct identity *out)
{
    struct reader r;
    char *line, *f[FIELDS];
    uint32_t gid;
    out->group_count = 0;
    out->groups[out->group_count++] = out->gid;
    if (open_reader(&r, group) < 0)
        return r.fd == -ENOENT ? 0 : r.fd;
    while ((line = next_line(&r)) && out->group_count < USER_GROUPS)
        if (split(line, f) >= 4 && parse_id(f[2], &gid) && gid != out->gid && is_member(f[3], out->name))
            out->groups[out->group_count++] = gid;
    sys_close(r.fd);
    return 0;
}

int user_find(const char *passwd, const char *group, const char *name, struct identity *out)
{
    int found = find_entry(passwd, name, 0, 0, out);
    if (found == 0 && parse_id(name, &out->uid)) {
        found = find_entry(passwd, name, 1, out->uid, out);
        if (found == 0) {  /* a number needs no entry: its group is root's, as Docker has it */
            *out = (struct identity){.uid = out->uid, .groups = {0}, .group_count = 1, .home = "/"};
            return 0;
        }
    }
    if (found <= 0)
        return found == 0 ? -ENOENT : found;
    return find_groups(group, out);
}

int user_find_group(const char *group, const char *name, uint32_t *gid)
{
    struct reader r;
    char *line, *f[FIELDS];
    uint32_t id;
    int found = 0;
    if (open_reader(&r, group) < 0 && r.fd != -ENOENT)
        return r.fd;
    while (r.fd >= 0 && !found && (line = next_line(&r)))
        if (split(line, f) >= 3 && parse_id(f[2], &id) && strcmp(f[0], name) == 0) {
            *gid = id;
            found = 1;
        }
    if (r.fd >= 0)
        sys_close(r.fd);
    return found || parse_id(name, gid) ? 0 : -ENOENT;
}
