/* See footprint.h. A PID 1 sleeps most of its life, and has by then run most of its code once. What it needs from there
 * on comes back page by page as it is run: not in the sixteen that the kernel maps around a fault, because it does so
 * only inside one mapping, and ours is cut into small ones. It must never give back what anybody may have written.
 *
 * Costs some twenty system calls, once, 60 us. Measured while one program runs: PSS 316 kB without, 64 to 76 kB with
 * pieces of two pages, as it happens what lies in one; of one page 60 kB, but then the kernel has twice as many
 * mappings to keep, 200 bytes each.
 */

#include "footprint.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core.h"

/* The sanitizer's own frames lie where it likes. */
#ifdef __SANITIZE_ADDRESS__
#define MAY_TRIM 0
#else
#define MAY_TRIM 1
#endif

enum {
    PIECE_PAGES = 2,
    STACK_BELOW = 1 << 17,          /* bytes of stack that may have been used on the way */
    SETTLED_NS = 20000000,          /* a program that ends at once is not made to wait for this */
};

/* The linker's: the head of our own file, as it lies in memory. */
extern const ElfW(Ehdr) __ehdr_start;

/* Every other piece is said to be read at random, which is nothing to it but to its neighbours a border. */
static void cut(uintptr_t from, uintptr_t to, uintptr_t page)
{
    for (uintptr_t at = from; at + PIECE_PAGES * page <= to; at += 2 * PIECE_PAGES * page)
        madvise((void *)at, PIECE_PAGES * page, MADV_RANDOM);
}

/* What nobody can have written: the head lies at the begin of the first segment, wherever that is. */
EACH_TURN static void forget(int is_cut)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), head = (uintptr_t)&__ehdr_start;
    const uintptr_t moved = __ehdr_start.e_type == ET_DYN ? head : 0;
    const ElfW(Phdr) *segments = (const void *)(head + __ehdr_start.e_phoff);
    for (int i = 0; i < __ehdr_start.e_phnum; i++) {
        uintptr_t from = (moved + segments[i].p_vaddr) & ~(page - 1);
        uintptr_t to = (moved + segments[i].p_vaddr + segments[i].p_memsz + page - 1) & ~(page - 1);
        if (segments[i].p_type != PT_LOAD || segments[i].p_flags & PF_W)
            continue;
        if (is_cut)
            cut(from, to, page);
        madvise((void *)from, to - from, MADV_DONTNEED);
    }
}

void footprint_forget(void) { forget(0); }

static void trim_stack(uintptr_t page)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(page - 1), end = here - page;
    madvise((void *)(end - STACK_BELOW), STACK_BELOW, MADV_DONTNEED);
}

/* Those of children that have executed their programs. */
static void trim_stacks(struct core *c, uintptr_t page)
{
    uintptr_t begin = ((uintptr_t)c->stacks + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)c->stacks + (size_t)STACKS * STACK_ROOM) & ~(page - 1);
    for (int i = 0; i < STACKS; i++)
        if (c->stack_of[i])
            return;
    sys_give_back((void *)begin, end - begin);
}

void footprint_settled(struct core *c)
{
    if (MAY_TRIM && !c->trimmed)
        c->trim_at = c->now + SETTLED_NS;
}

EACH_TURN void footprint_trim(struct core *c)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (!c->trim_at || c->now < c->trim_at)
        return;
    c->trim_at = 0;
    c->trimmed = 1;
    trim_stacks(c, page);
    trim_stack(page);
    forget(1);
}
