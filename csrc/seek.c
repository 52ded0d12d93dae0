/* Places where a control socket may be: see seek.h. It must never connect to any of them.
 */

#include "seek.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"
#include "sys.h"

enum { NAME_ROOM = 256, SUFFIX = 5 };

/* A listener and those whom it took have one name: each is asked once. */
static int is_known(const struct places *all, const struct place *p)
{
    uint32_t i = 0;
    while (i < all->count && (all->at[i].size != p->size || memcmp(&all->at[i].address, &p->address, p->size) != 0))
        i++;
    return i < all->count;
}

int seek_add(struct places *all, const char *text)
{
    struct place p;
    if (!place_at(&p, text))
        return 0;
    if (all->count < PLACES && !is_known(all, &p))
        all->at[all->count++] = p;
    return 1;
}

/* --- folders --- */

static void add_file(struct places *all, const char *folder, const char *name)
{
    char path[PLACE_TEXT + NAME_ROOM];
    struct stat st;
    size_t size = strlen(name);
    if (size <= SUFFIX || size >= NAME_ROOM || strcmp(name + size - SUFFIX, ".sock") != 0)
        return;
    path[say_format(path, sizeof path - 1, "%s/%s", folder, name)] = 0;
    if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        seek_add(all, path);
}

static void sort_from(struct places *all, uint32_t first)
{
    struct place *at = all->at;
    for (uint32_t i = first; i < all->count; i++)
        for (uint32_t k = i; k > first && strcmp(at[k - 1].address.sun_path, at[k].address.sun_path) > 0; k--) {
            struct place before = at[k - 1];
            at[k - 1] = at[k];
            at[k] = before;
        }
}

/* Root looks everywhere: pods run as any user, in folders of their own. */
static void add_folder(struct places *all, const char *folder)
{
    _Alignas(8) char entries[4096];
    int64_t size;
    uint32_t before = all->count;
    int is_trusted = sys_uid() == 0 || place_is_trusted(folder);
    int fd = is_trusted ? sys_open(folder, O_RDONLY | O_DIRECTORY, 0) : -1;
    while (fd >= 0 && (size = sys_list(fd, entries, sizeof entries)) > 0)
        for (int64_t at = 0; at < size; at += sys_entry_at(entries + at)->length)
            add_file(all, folder, sys_entry_at(entries + at)->name);
    if (fd >= 0)
        close(fd);
    sort_from(all, before);
}

/* --- abstract names: the last word of a line of /proc/net/unix --- */

static void add_line(struct places *all, const char *line, const char *prefix)
{
    const char *word = strrchr(line, ' ');
    if (word && word[1] == '@' && strncmp(word + 2, prefix, strlen(prefix)) == 0)
        seek_add(all, word + 1);
}

static void add_abstract(struct places *all, uint64_t pid_namespace)
{
    char text[4096], prefix[PLACE_PREFIX];
    size_t fill = 0;
    int64_t n;
    int fd = sys_open("/proc/net/unix", O_RDONLY, 0);
    place_prefix(pid_namespace, prefix);
    while (fd >= 0 && (n = sys_read(fd, text + fill, sizeof text - 1 - fill)) > 0) {
        char *end, *at = text;
        text[fill + (size_t)n] = 0;
        for (; (end = strchr(at, '\n')); at = end + 1) {
            *end = 0;
            add_line(all, at, prefix);
        }
        fill = strlen(at);
        if (fill == sizeof text - 1)  /* no name is as long */
            fill = 0;
        memmove(text, at, fill);
    }
    if (fd >= 0)
        close(fd);
}

void seek_all(struct places *all, uint64_t pid_namespace)
{
    char folder[PLACE_TEXT];
    for (unsigned n = 0; n < PLACE_FOLDERS; n++)
        if (place_folder(n, folder, sizeof folder))
            add_folder(all, folder);
    add_abstract(all, pid_namespace);
}
