/* See names.h. */
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "sys.h"

enum { NAME_ROOM = 256, LISTED = 32768 };

/* Names come sorted almost always, or are few: inserting is enough. */
static void insert(struct names *names, const char *name)
{
    uint32_t at = names->count++;
    size_t size = strlen(name) + 1;
    memcpy(names->text + names->fill, name, size);
    while (at > 0 && strcmp(names_at(names, at - 1), name) > 0) {
        names->starts[at] = names->starts[at - 1];
        at--;
    }
    names->starts[at] = (uint32_t)names->fill;
    names->fill += size;
}

static int take_listed(struct names *names, const char *listed, size_t size)
{
    for (size_t at = 0; at < size; at += sys_entry_at(listed + at)->length) {
        const char *name = sys_entry_at(listed + at)->name;
        if (strcmp(name, ".") == 0 || strncmp(name, "..", 2) == 0)
            continue;
        if (names->count == names->most || names->room - names->fill < strlen(name) + 1)
            return E2BIG;
        insert(names, name);
    }
    return 0;
}

int names_read(const char *path, uint32_t most, struct names *names)
{
    static _Alignas(8) char listed[LISTED];
    int64_t size = 0;
    int error = 0, dir = sys_open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
    *names = (struct names){.most = most, .room = (size_t)most * NAME_ROOM};
    if (dir < 0)
        return -dir;
    names->map_size = most * sizeof *names->starts + names->room;
    names->map = mmap(NULL, names->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (names->map == MAP_FAILED) {
        names->map = NULL;
        error = ENOMEM;
    } else {
        names->starts = names->map;
        names->text = (char *)(names->starts + most);
    }
    while (!error && (size = sys_list(dir, listed, sizeof listed)) > 0)
        error = take_listed(names, listed, (size_t)size);
    sys_close(dir);
    return size < 0 ? (int)-size : error;
}

void names_close(struct names *names)
{
    if (names->map)
        munmap(names->map, names->map_size);
    *names = (struct names){0};
}
