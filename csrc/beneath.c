/* See beneath.h. Each part is opened in the directory that the one before it is, and never followed if it is a link: a
 * link is read, and its text takes its place. So it never matters what somebody else does meanwhile. (openat2() does
 * the same in one call, but not before 5.6 and not behind every filter.)
 */

#include "beneath.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "call.h"

enum { LINKS_MOST = 40 };

/* is_free: links may lead anywhere, if they can be trusted. */
struct walk { int root, at; uint32_t mode; int links; uint8_t is_free; size_t next; char rest[BENEATH_ROOM]; };

static void leave(const struct walk *w)
{
    if (w->at != w->root)
        call_bare(SYS_close, w->at, 0, 0, 0);
}

static long open_part(const struct walk *w, const char *name)
{
    return call_bare(SYS_openat, w->at, call_at(name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* Whatever the umask is; never of something that a link put in its place leads to. */
static void set_mode(const struct walk *w, const char *name)
{
    long fd = call_bare(SYS_openat, w->at, call_at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    call_bare(SYS_fchmod, fd, w->mode, 0, 0);
    call_bare(SYS_close, fd, 0, 0, 0);
}

static long make_part(const struct walk *w, const char *name)
{
    long result = call_bare(SYS_mkdirat, w->at, call_at(name), w->mode & 0777, 0);
    if (result < 0 && result != -EEXIST)
        return result;
    if (result == 0)
        set_mode(w, name);
    return open_part(w, name);
}

/* --- links --- */

static int is_ours(uint32_t uid, uint32_t self)
{
    struct stat st = {.st_uid = self};
    if (uid == 0 || uid == self)
        return 1;
    /* In a user namespace that may be somebody who has no number there. */
    long root = call_bare(SYS_openat, AT_FDCWD, call_at("/"), O_PATH | O_CLOEXEC, 0);
    int is_its = root >= 0 && call_stat((int)root, &st) >= 0 && uid == st.st_uid;
    if (root >= 0)
        call_bare(SYS_close, root, 0, 0, 0);
    return is_its;
}

/* Where somebody else may write he may have put a link there, or a file that lay elsewhere; but not in the place of one
 * of ours where each may only take his own away. */
static int is_safe(int directory, int link)
{
    uint32_t self = (uint32_t)call_bare(SYS_geteuid, 0, 0, 0, 0);
    struct stat above, own;
    if (self != 0)
        return 1;  /* a unit has no user but ours: it can do what we can */
    if (call_stat(directory, &above) < 0 || !is_ours(above.st_uid, self))
        return 0;
    if (!(above.st_mode & (S_IWGRP | S_IWOTH)))
        return 1;
    return (above.st_mode & S_ISVTX) && (link < 0 || (call_stat(link, &own) >= 0 && is_ours(own.st_uid, self)));
}

int beneath_is_guarded(int directory) { return is_safe(directory, -1); }

/* Bytes of the link's text, which is before what was left of the path now; 0: it is no link. */
static long take_link(struct walk *w, int fd)
{
    char text[BENEATH_ROOM];
    size_t left = strlen(w->rest + w->next);
    long size = call_bare(SYS_readlinkat, fd, call_at(""), call_at(text), sizeof text);
    if (size < 0)
        return size == -EINVAL || size == -ENOENT ? 0 : size;
    if (++w->links > LINKS_MOST || (size_t)size + left + 2 > sizeof w->rest)
        return -ELOOP;
    if (size == 0 || (w->is_free ? !is_safe(w->at, fd) : text[0] == '/'))
        return -EXDEV;
    if (text[0] == '/') {
        leave(w);
        w->at = w->root;
    }
    memmove(w->rest + size + 1, w->rest + w->next, left + 1);
    memcpy(w->rest, text, (size_t)size);
    w->rest[size] = '/';
    w->next = 0;
    return size;
}

static long step(struct walk *w, const char *name)
{
    if (!w->is_free && strcmp(name, "..") == 0)
        return -EXDEV;
    long fd = open_part(w, name);
    if (fd == -ENOENT && w->mode != BENEATH_KEEP)
        fd = make_part(w, name);
    if (fd < 0)
        return fd;
    long link = take_link(w, (int)fd);
    if (link != 0) {
        call_bare(SYS_close, fd, 0, 0, 0);
        return link < 0 ? link : 0;
    }
    leave(w);
    w->at = (int)fd;
    return 0;
}

/* The next part, ended by a NUL; NULL: there is none. */
static const char *next_part(struct walk *w)
{
    while (w->rest[w->next] == '/')
        w->next++;
    char *name = w->rest + w->next;
    if (!*name)
        return NULL;
    while (w->rest[w->next] && w->rest[w->next] != '/')
        w->next++;
    if (w->rest[w->next])
        w->rest[w->next++] = 0;
    return name;
}

static long go(struct walk *w, const char *path, size_t size)
{
    long result = 0;
    memcpy(w->rest, path, size);
    w->rest[size] = 0;
    for (const char *name; result == 0 && (name = next_part(w));)
        result = strcmp(name, ".") == 0 ? 0 : step(w, name);
    if (result < 0) {
        leave(w);
        return result;
    }
    return w->at != w->root ? w->at : call_bare(SYS_fcntl, w->root, F_DUPFD_CLOEXEC, 3, 0);
}

/* Of a path its first bytes. */
static long open_first(int root, const char *path, size_t size, uint32_t mode)
{
    struct walk w = {.root = root, .at = root, .mode = mode};
    if (size >= sizeof w.rest)
        return -ENAMETOOLONG;
    return *path == '/' ? -EXDEV : go(&w, path, size);
}

long beneath_open(int root, const char *path, uint32_t mode) { return open_first(root, path, strlen(path), mode); }

static size_t size_above(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    return (size_t)(*name - path);
}

long beneath_open_above(int root, const char *path, uint32_t mode, const char **name)
{
    return open_first(root, path, size_above(path, name), mode);
}

static long find(const char *path, size_t size, uint32_t mode)
{
    struct walk w = {.mode = mode, .is_free = 1};
    if (size >= sizeof w.rest)
        return -ENAMETOOLONG;
    long root = call_bare(SYS_openat, AT_FDCWD, call_at("/"), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (root < 0)
        return root;
    w.root = w.at = (int)root;
    long result = go(&w, path, size);
    call_bare(SYS_close, root, 0, 0, 0);
    return result;
}

long beneath_find(const char *path, uint32_t mode) { return find(path, strlen(path), mode); }

long beneath_find_above(const char *path, uint32_t mode, const char **name)
{
    return find(path, size_above(path, name), mode);
}
