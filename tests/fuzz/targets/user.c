/* /etc/passwd and /etc/group of somebody's image, on a system that knows only these two files. The input: a byte that
 * says how reads are split; passwd, group, a user and a group, each ended by a byte 0. A byte 255 stands for so many
 * bytes "x", in KiB, as the next byte says: lines may be longer than the reader's memory. */
#include "user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sys.h"

const struct fuzz_word fuzz_words[] = {
    WORD("root:x:0:0:root:/root:/bin/sh\n"), WORD("www:x:33:33::/srv:\n"), WORD("adm:x:4:root,www\n"), WORD(":::"),
    WORD("\0"), WORD("4294967295"), WORD("4294967296"), WORD("18446744073709551617"), WORD("\xff\x3f"),
    WORD("\xff\x40"), WORD("\xff\x41"), WORD("\xff\1"), WORD("\xff\4"), {NULL, 0},
};
const size_t fuzz_most = 4096;

enum { PASSWD, GROUP, FILES, MOST = 1 << 18, KIB = 1024, READS = 64 };

static struct file { char *text; size_t size, at; } files[FILES];
static size_t read_most;

int sys_open(const char *path, int flags, unsigned mode)
{
    (void)flags;
    (void)mode;
    int which = *path == 'g';
    files[which].at = 0;
    return files[which].size ? which : -ENOENT;
}

int sys_close(int fd) { return fd - fd; }

int64_t sys_read(int fd, void *to, size_t size)
{
    struct file *file = &files[fd];
    CLAIM(size > 0);
    size_t left = file->size - file->at;
    size = size < left ? size : left;
    size = size < read_most ? size : read_most;
    memcpy(to, file->text + file->at, size);
    file->at += size;
    return (int64_t)size;
}

/* The next text of the input, unfolded, with a NUL. */
static char *next(const uint8_t **at, const uint8_t *end, size_t *size)
{
    static char all[MOST];
    *size = 0;
    for (; *at < end && **at; ++*at) {
        int folded = **at == 255 && *at + 1 < end;
        size_t count = folded ? (size_t)*++*at * KIB : 1;
        if (count > MOST - *size)
            continue;
        memset(all + *size, folded ? 'x' : **at, count);
        *size += count;
    }
    *at += *at < end;
    return fuzz_text((const uint8_t *)all, *size);
}

/* Only the beginning of a line may be taken for a name. */
static int is_entry(const struct file *file, const char *name)
{
    size_t size = strlen(name);
    for (const char *line = file->text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, name, size) == 0 && line[size] == ':')
            return 1;
    return 0;
}

static void check(const struct identity *found, const char *name)
{
    CLAIM(strnlen(found->name, sizeof found->name) < sizeof found->name);
    CLAIM(strnlen(found->home, sizeof found->home) < sizeof found->home && found->home[0] != 0);
    CLAIM(found->group_count >= 1 && found->group_count <= USER_GROUPS && found->groups[0] == found->gid);
    CLAIM(found->uid != UINT32_MAX && found->gid != UINT32_MAX);            /* that is what setuid() takes for "none" */
    CLAIM(strpbrk(found->name, ":\n") == NULL && strpbrk(found->home, ":\n") == NULL);
    CLAIM(strcmp(found->name, name) == 0 || (name[0] >= '0' && name[0] <= '9'));
    CLAIM(found->name[0] == 0 || is_entry(&files[PASSWD], found->name));
}

static int find(size_t most, const char *name, struct identity *found)
{
    read_most = most;
    int result = user_find("passwd", "group", name, found);
    CLAIM(result == 0 || result == -ENOENT);
    return result;
}

/* However the files come, what is found is the same. */
static void check_user(size_t most, const char *name)
{
    struct identity *whole = malloc(sizeof *whole), *split = malloc(sizeof *split);
    int result = find(SIZE_MAX, name, whole);
    CLAIM(find(most, name, split) == result);
    if (result == 0) {
        check(whole, name);
        CLAIM(whole->uid == split->uid && whole->gid == split->gid && whole->group_count == split->group_count);
        CLAIM(memcmp(whole->groups, split->groups, whole->group_count * sizeof *whole->groups) == 0);
        CLAIM(strcmp(whole->name, split->name) == 0 && strcmp(whole->home, split->home) == 0);
    }
    free(whole);
    free(split);
}

static void check_group(size_t most, const char *name)
{
    uint32_t whole = 0, split = 0;
    read_most = SIZE_MAX;
    int result = user_find_group("group", name, &whole);
    CLAIM(result == 0 || result == -ENOENT);
    CLAIM(result != 0 || whole != UINT32_MAX);
    read_most = most;
    CLAIM(user_find_group("group", name, &split) == result && whole == split);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    const uint8_t *at = bytes + (size > 0), *end = bytes + size;
    size_t most = size ? 1 + bytes[0] * (size_t)bytes[0] : 1, length;
    for (int i = 0; i < FILES; i++)
        files[i].text = next(&at, end, &files[i].size);
    if (most < (files[0].size + files[1].size) / READS)
        most = (files[0].size + files[1].size) / READS;
    char *user = next(&at, end, &length), *group = next(&at, end, &length);
    check_user(most, user);
    check_group(most, group);
    for (int i = 0; i < FILES; i++)
        free(files[i].text);
    free(user);
    free(group);
}
