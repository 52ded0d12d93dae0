/* The names in a directory, one after the other, as the system tells them: for the child that does what volumes need.
 * It must never open or close a directory, and keeps no memory of its own: readdir's is the heap's.
 */

#include <string.h>

#include "keeper.h"
#include "sys.h"

static int is_dots(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

const char *listing_next(struct listing *l)
{
    for (;;) {
        if (l->at >= l->size) {
            int64_t size = l->fd < 0 ? 0 : sys_list(l->fd, l->room, sizeof l->room);
            if (size <= 0)
                return NULL;
            l->size = (uint64_t)size;
            l->at = 0;
        }
        const struct sys_entry *entry = sys_entry_at(l->room + l->at);
        l->at += entry->length;
        if (!is_dots(entry->name))
            return entry->name;
    }
}
