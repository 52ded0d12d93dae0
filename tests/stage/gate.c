/* See stage.h: a child before its exec waits at the gate for "go", "exit N" or "signal N". It may share the core's
 * memory: only bare calls, and only its own stack.
 */

#include "stage.h"

#include <signal.h>
#include <string.h>

#include "call.h"
#include "core.h"

static int number_after(const char *text)
{
    int n = 0;
    for (; *text; text++)
        if (*text >= '0' && *text <= '9')
            n = 10 * n + *text - '0';
    return n;
}

static void put_hello(char *to, long pid)
{
    char digits[12];
    int count = 0;
    memcpy(to, "gate ", 6);
    for (; pid; pid /= 10)
        digits[count++] = (char)('0' + pid % 10);
    for (to += 5; count; *to++ = digits[--count]) {
    }
    *to = 0;
}

/* Of this signal, whichever else is pending. */
static _Noreturn void die_by(int sig)
{
    uint64_t others = ~SYS_SIGNAL_BIT(sig);
    call_bare(SYS_rt_sigprocmask, SIG_SETMASK, call_at(&others), 0, sizeof others);
    for (;;)
        call_bare(SYS_kill, call_bare(SYS_getpid, 0, 0, 0, 0), sig, 0, 0);
}

static void wait_at_gate(void)
{
    char text[32];
    long fd = call_bare(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0);
    if (call_bare(SYS_connect, fd, call_at(&stage_door), (long)stage_door_size, 0) < 0)
        call_bare(SYS_exit_group, 96, 0, 0, 0);
    put_hello(text, call_bare(SYS_getpid, 0, 0, 0, 0));
    call_bare(SYS_write, fd, call_at(text), (long)strlen(text), 0);
    long size = call_bare(SYS_read, fd, call_at(text), sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    if (text[0] == 'e')
        call_bare(SYS_exit_group, number_after(text), 0, 0, 0);
    if (text[0] == 's')
        die_by(number_after(text));
    call_bare(SYS_close, fd, 0, 0, 0);
}

WRAPPED(int, child_run, void *start)
{
    call_bare(SYS_setsid, 0, 0, 0, 0);
    wait_at_gate();
    return __real_child_run(start);
}
