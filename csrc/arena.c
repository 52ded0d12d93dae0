/* See arena.h. It must never map a page that nobody asked for by arena_map(). */
#include "arena.h"

#include <stddef.h>
#include <sys/mman.h>

void *arena_map(uint64_t size)
{
    void *pages = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void *arena_take(struct arena *arena, uint64_t size)
{
    char *taken = arena->base == NULL ? NULL : arena->base + arena->used;
    if (arena->used <= ARENA_MOST)
        arena->used += size > ARENA_MOST ? ARENA_MOST + 1 : (size + 7) & ~UINT64_C(7);
    return taken;
}
