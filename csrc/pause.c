/* See pause.h. It stays as long as its pod and does nothing most of the time, so it gives back all memory that it can
 * do without: its loop is a function that needs neither the rest of our image nor any of its data, and unmaps both. It
 * must never call a function from there, not even one that the compiler would put in.
 */

#include "pause.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "core.h"
#include "run.h"
#include "say.h"

/* The sanitizer looks at its own books at every step, and a call through the C library needs that. */
#if CALL_IS_BARE && !defined __SANITIZE_ADDRESS__
#define PAUSE_UNMAPS 1
#else
#define PAUSE_UNMAPS 0
#endif

enum { ALONE = 512, STACK_BELOW = 1 << 17 };    /* bytes: the loop and its alignment; what may have been used of it */

/* The linker's: where our image begins and ends. */
extern char __executable_start[], _end[];

/* Where to cut; addresses are multiples of a page. */
struct cut { uintptr_t image, loop, after_loop, image_end, stack, stack_used; };

/* From here on there is nothing but this function and what is in this frame. */
static __attribute__((noinline, noreturn, no_stack_protector, section(".text.pause"), aligned(ALONE)))
void hold(struct cut cut)
{
    const uint64_t awaited = SYS_SIGNAL_BIT(SIGTERM) | SYS_SIGNAL_BIT(SIGINT) | SYS_SIGNAL_BIT(SIGCHLD);
    if (PAUSE_UNMAPS) {
        call_bare(SYS_munmap, (long)cut.image, (long)(cut.loop - cut.image), 0, 0);
        call_bare(SYS_munmap, (long)cut.after_loop, (long)(cut.image_end - cut.after_loop), 0, 0);
        call_bare(SYS_madvise, (long)cut.stack, (long)(cut.stack_used - cut.stack), MADV_DONTNEED, 0);
    }
    for (;;) {
        while (call_bare(SYS_wait4, -1, 0, WNOHANG, 0) > 0) {
        }
        long got = call_bare(SYS_rt_sigtimedwait, call_at(&awaited), 0, 0, sizeof awaited);
        if (got == SIGTERM || got == SIGINT)
            call_bare(SYS_exit_group, 0, 0, 0, 0);
    }
}

static struct cut find_cut(void)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), last = page - 1;
    struct cut cut = {
        .image = (uintptr_t)__executable_start & ~last,
        .loop = (uintptr_t)hold & ~last,
        .image_end = ((uintptr_t)_end + last) & ~last,
        .stack_used = ((uintptr_t)__builtin_frame_address(0) & ~last) - page,   /* the loop's frame is below ours */
    };
    cut.after_loop = cut.loop + page;
    cut.stack = cut.stack_used - STACK_BELOW;
    return cut;
}

int pause_run(struct core *c, char *const *words)
{
    if (*words)
        die(EXIT_USAGE, "pause: it takes no words: %s", *words);
    run_become_reaper(c);
    if (!c->is_init)
        complain("pause: it is not the first process of its namespace: it reaps only what is below it");
    (void)!chdir("/");
    hold(find_cut());
}
