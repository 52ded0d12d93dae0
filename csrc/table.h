/* Variables by name: entries in order of their first appearance, found by hash. It must never copy a text: they are
 * somebody's who keeps them.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>

#include "arena.h"

struct text { const char *at; uint64_t size; };

/* One variable. whole: "NAME=value", NULL while measuring. hidden_from: the visit to a unit that must not see it. */
struct entry { struct text name; const char *whole; uint64_t value_size; uint32_t hidden_from; };

/* A slot holds an entry's index + 1, or 0. */
struct table { struct entry *entries; uint32_t *slots; uint32_t count; uint32_t mask; };

/* Room for so many entries, to be emptied before its first use. */
void table_make(struct arena *, struct table *, uint64_t entries);

/* Empties it, for at most as many entries as it was made for: the fewer, the less there is to clear. */
void table_reset(struct table *, uint64_t entries);

/* NULL: no such name. */
struct entry *table_find(const struct table *, struct text name);

/* In the place of the one that has its name, else behind the last. */
void table_put(struct table *, struct entry);

/* Behind the last, not to be found: what has no name is handed on, and cannot be replaced. */
void table_append(struct table *, struct entry);

#endif
