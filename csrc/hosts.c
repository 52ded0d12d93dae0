/* The pod's block in /etc/hosts, and its hostname. The file is the outer runtime's and often mounted there: it is
 * changed in place, never replaced. Blocks of others may look the same, another pod's or the kubelet's own: ours goes
 * behind them, and is known by its first entry. It must never change another line, and what cannot be changed is told
 * and left.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "say.h"

static const char hosts_path[] = "/etc/hosts";

enum { HOSTS_MOST = 16 << 20 };

/* --- the file --- */

/* Its text and a NUL; NULL, and errno. */
static char *read_file(int fd, size_t *size)
{
    struct stat st;
    ssize_t n;
    *size = 0;
    if (fstat(fd, &st) < 0)
        return NULL;
    if (st.st_size > HOSTS_MOST) {
        errno = EFBIG;
        return NULL;
    }
    char *text = keeper_room((size_t)st.st_size + 1);
    while (*size < (size_t)st.st_size && (n = pread(fd, text + *size, (size_t)st.st_size - *size, (off_t)*size)) > 0)
        *size += (size_t)n;
    return text;
}

/* From at on it says this, and nothing behind it. */
static int write_tail(int fd, size_t at, const char *text, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, text + done, size - done, (off_t)(at + done));
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return ftruncate(fd, (off_t)(at + size)) < 0 ? -errno : 0;
}

/* --- the block --- */

/* An empty line, a comment and the first entry: by these it is known. */
static size_t marker_size(const char *block)
{
    const char *end = strchr(block + 1, '\n');
    end = end ? strchr(end + 1, '\n') : NULL;
    return end ? (size_t)(end - block) + 1 : strlen(block);
}

/* Where it begins, and how long it is: up to the next empty line. NULL: there is none. */
static char *find_block(char *text, const char *block, size_t *size)
{
    size_t marker = marker_size(block);
    char *begin = NULL;
    for (char *at = text; (at = strstr(at, "\n#")); at++)
        if (strncmp(at, block, marker) == 0)
            begin = at;
    if (!begin)
        return NULL;
    char *end = strstr(begin + marker - 1, "\n\n");
    *size = end ? (size_t)(end + 1 - begin) : strlen(begin);
    return begin;
}

/* One that is as we wrote it goes whole, even if somebody has written behind it without an empty line. */
static char *find_ours(char *text, size_t whole, const char *block, size_t *size)
{
    char *begin = memmem(text, whole, block, strlen(block));
    *size = strlen(block);
    return begin ? begin : find_block(text, block, size);
}

static size_t cut(char *text, size_t size, const char *begin, size_t count)
{
    size_t at = (size_t)(begin - text);
    memmove(text + at, text + at + count, size - at - count + 1);
    return size - count;
}

int hosts_remove(const char *path, const char *block)
{
    size_t size, count;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char *text = fd < 0 ? NULL : read_file(fd, &size);
    char *begin = text ? find_ours(text, size, block, &count) : NULL;
    int result = text ? 0 : -errno;
    if (begin) {
        size_t from = (size_t)(begin - text);
        size = cut(text, size, begin, count);
        result = write_tail(fd, from, text + from, size - from);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

void hosts_add(struct keeper *k)
{
    const char *block = plan_text(k->plan, k->plan->pod->hosts);
    if (!*block)
        return;
    int fd = open(hosts_path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        keeper_warn(k, "hosts: cannot write %s: %s; the pod goes on without them", hosts_path, say_error(errno));
        return;
    }
    size_t size;
    char *text = read_file(fd, &size);
    int result = text ? 0 : -errno;
    if (text && !memmem(text, size, block, strlen(block))) {
        journal_note(k, (struct deed_note){.deed = DEED_HOSTS, .path = hosts_path, .other = block});
        result = write_tail(fd, size, block, strlen(block));
        if (result < 0)
            (void)!ftruncate(fd, (off_t)size);  /* half a block would not be known again */
    }
    if (result < 0)
        keeper_warn(k, "hosts: cannot write %s: %s", hosts_path, say_error(-result));
    close(fd);
}

/* --- hostname --- */

void hostname_set(struct keeper *k)
{
    const char *name = plan_text(k->plan, k->plan->pod->hostname);
    char before[256] = "";
    gethostname(before, sizeof before - 1);
    if (!*name || strcmp(before, name) == 0)
        return;
    if (!k->core->is_init) {
        keeper_warn(k, "hostname: this is no container of its own, whose name is %s: it stays", before);
        return;
    }
    journal_note(k, (struct deed_note){.deed = DEED_HOSTNAME, .path = before, .other = name});
    if (sethostname(name, strlen(name)) == 0)
        return;
    int error = errno;
    journal_note(k, (struct deed_note){.deed = DEED_NOTHING, .path = ""});
    keeper_warn(k, "hostname: cannot be %s: %s; it stays %s", name, say_error(error), before);
}
