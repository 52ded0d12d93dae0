/* The names in a directory, sorted, as a volume of Kubernetes has them: those that begin with ".." are its own links
 * and no entries. Before the start only: it asks for memory.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names { char *text; uint32_t *starts; uint32_t count, most; size_t fill, room; void *map; size_t map_size; };

/* 0, or why not: an errno, E2BIG for more than so many. names_close() is due either way. */
int names_read(const char *path, uint32_t most, struct names *);
void names_close(struct names *);

static inline const char *names_at(const struct names *names, uint32_t index)
{
    return names->text + names->starts[index];
}

#endif
