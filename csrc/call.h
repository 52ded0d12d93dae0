/* System calls without the C library: a result or -errno, and no errno. For a child that still shares PID 1's memory,
 * and with it the C library's errno: it must call the kernel by this, and nothing of the library that may set errno.
 *
 * CALL_IS_BARE: this architecture's instruction is known. Where it is not, children get a copy of the memory instead.
 */
#ifndef CALL_H
#define CALL_H

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define CALL_IS_BARE 1
static inline long call_bare(long number, long a, long b, long c, long d)
{
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return result;
}

static inline long call_bare5(long number, long a, long b, long c, long d, long e)
{
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
#define CALL_IS_BARE 1
static inline long call_bare(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

static inline long call_bare5(long number, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
#else
#define CALL_IS_BARE 0
static inline long call_bare(long number, long a, long b, long c, long d)
{
    long result = syscall(number, a, b, c, d);
    return result < 0 ? -errno : result;
}

static inline long call_bare5(long number, long a, long b, long c, long d, long e)
{
    long result = syscall(number, a, b, c, d, e);
    return result < 0 ? -errno : result;
}
#endif

/* Where the instruction is known the kernel's layout is the library's. */
static inline long call_stat(int fd, struct stat *out)
{
#if CALL_IS_BARE
    return call_bare(SYS_fstat, fd, (long)(intptr_t)out, 0, 0);
#else
    return fstat(fd, out) < 0 ? -errno : 0;
#endif
}

static inline long call_at(const void *address) { return (long)(intptr_t)address; }

#endif
