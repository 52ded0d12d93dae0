/* A program without a C library: system calls and an entry point, so that the first instruction of main_bare() is all but
 * the first of the program and nothing of a libc's start-up is measured. It must never need memory of its own. */
#ifndef BARE_H
#define BARE_H

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/wait.h>
#include <stdint.h>
#include <sys/syscall.h>

#ifndef __x86_64__
#error "the programs of bench are written for x86_64: add the system call of this machine to bare.h"
#endif

/* Inline, so that it also serves vfork: the child pushes no frame over the one that the parent returns to. */
static inline __attribute__((always_inline)) long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define CALL0(n) call(SYS_##n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) call(SYS_##n, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call(SYS_##n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call(SYS_##n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL5(n, a, b, c, d, e) call(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL6(n, a, b, c, d, e, f) call(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define FORK() CALL5(clone, SIGCHLD, 0, 0, 0, 0)
#define VFORK() CALL5(clone, SIGCHLD | CLONE_VFORK | CLONE_VM, 0, 0, 0, 0)

struct clock { int64_t seconds; int64_t nanoseconds; };
typedef uint64_t signals;  /* the kernel's set: bit N-1 is signal N */
#define SIGNAL(n) (1ULL << ((n) - 1))

static inline uint64_t now(void)
{
    struct clock clock;
    CALL2(clock_gettime, 1, &clock);
    return (uint64_t)clock.seconds * 1000000000u + (uint64_t)clock.nanoseconds;
}

static inline void doze(int64_t nanoseconds)
{
    struct clock clock = {0, nanoseconds};
    CALL2(nanosleep, &clock, 0);
}

static inline void block(signals set) { CALL4(rt_sigprocmask, 0, &set, 0, sizeof set); }
static inline long await_signal(signals set) { return CALL4(rt_sigtimedwait, &set, 0, 0, sizeof set); }

static inline __attribute__((noreturn)) void leave(int code)
{
    for (;;)
        CALL1(exit_group, code);
}

static inline __attribute__((noreturn)) void rest(void)
{
    for (;;)
        CALL0(pause);
}

__attribute__((noreturn, used)) void main_bare(long *stack);
__asm__(".globl _start\n_start: xor %ebp,%ebp; mov %rsp,%rdi; and $-16,%rsp; call main_bare\n");

static inline char **arguments(long *stack) { return (char **)(stack + 1); }
static inline char **environment(long *stack) { return arguments(stack) + stack[0] + 1; }

#endif
