/* Users and groups from /etc/passwd and /etc/group, without the C library's resolver, which a static program cannot
 * use. */
#ifndef USER_H
#define USER_H

#include <stddef.h>
#include <stdint.h>

enum { USER_GROUPS = 256, USER_LINE = 65536 };

struct identity {
    uint32_t uid, gid;
    uint32_t groups[USER_GROUPS];
    uint32_t group_count;
    char name[256];             /* "" when a number has no entry */
    char home[4096];            /* "/" then, as Docker has it */
};

/* name: a user's name or number. 0, or -errno: -ENOENT when a name has no entry. */
int user_find(const char *passwd, const char *group, const char *name, struct identity *out);

/* name: a group's name or number. */
int user_find_group(const char *group, const char *name, uint32_t *gid);

#endif
