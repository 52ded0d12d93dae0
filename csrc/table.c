/* See table.h. Open addressing with at least half of the slots free, so that every search ends: it must never hold more
 * entries than it was made for.
 */
#include "table.h"

#include <stddef.h>
#include <string.h>

static int same(struct text a, struct text b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static uint32_t hash_name(struct text name)
{
    uint32_t hash = UINT32_C(0x811c9dc5);
    for (uint64_t i = 0; i < name.size; i++)
        hash = (hash ^ (uint8_t)name.at[i]) * UINT32_C(0x01000193);
    return hash ^ hash >> 15;
}

/* The smallest power of two that leaves half of the slots free for so many entries. */
static uint64_t slots_for(uint64_t entries)
{
    uint64_t slots = 2;
    while (slots < 2 * entries)
        slots *= 2;
    return slots;
}

/* The name's slot, or the free one where it would be. */
static uint32_t *slot_of(const struct table *table, struct text name)
{
    uint32_t at = hash_name(name) & table->mask;
    while (table->slots[at] != 0 && !same(table->entries[table->slots[at] - 1].name, name))
        at = (at + 1) & table->mask;
    return &table->slots[at];
}

struct entry *table_find(const struct table *table, struct text name)
{
    uint32_t index = *slot_of(table, name);
    return index == 0 ? NULL : &table->entries[index - 1];
}

void table_put(struct table *table, struct entry entry)
{
    uint32_t *slot = slot_of(table, entry.name);
    if (*slot == 0)
        *slot = ++table->count;
    table->entries[*slot - 1] = entry;
}

void table_append(struct table *table, struct entry entry)
{
    table->entries[table->count++] = entry;
}

void table_reset(struct table *table, uint64_t entries)
{
    uint64_t slots = slots_for(entries);
    table->count = 0;
    table->mask = (uint32_t)(slots - 1);
    memset(table->slots, 0, slots * sizeof *table->slots);
}

void table_make(struct arena *arena, struct table *table, uint64_t entries)
{
    table->entries = arena_take(arena, entries * sizeof *table->entries);
    table->slots = arena_take(arena, slots_for(entries) * sizeof *table->slots);
}
