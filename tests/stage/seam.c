/* Puts the core on stage: everything is real, processes, signals, sockets, but for the clock, which a director holds.
 * The linker (--wrap) lets the functions below stand before the core's own. The core tells the director what it does and
 * comes to rest when no fact is left; time goes on, and a timer fires, when the director says so. So nothing depends on
 * the machine's speed. What only a sick kernel would do is done here in its place: no process to be had, a KILL that does
 * not end anybody, an out-of-memory count.
 *
 * Over one SOCK_SEQPACKET, lines to the director (times are ns since the start, units and errands positions, -1: none):
 *     step MACHINE UNIT STATE EVENT KIND NEXT     a cell was looked up
 *     fork? UNIT ERRAND / forked UNIT ERRAND PID  the first is answered "=d", or "=x": no process to be had
 *     kill? PID SIGNAL / killed PID SIGNAL RESULT "=d", or "=x": it is not sent now, the director will see to it
 *     dial? UNIT ERRAND                           an attempt over the network begins; answered "=d"
 *     watch UNIT ERRAND, over UNIT ERRAND         one that the program answers; one is answered, or ended
 *     heard UNIT, reaped PID, sweep SIGNAL
 *     unit UNIT CODE OUTCOME RESTARTS STARTED READY REASON     when it changed
 *     idle NEXT_TIMER PHASE MESSAGES              all is quiet after so many messages of commands
 *     cell MACHINE STATE EVENT COUNT, books LOST_EVENTS REASON, left     the end
 * and commands from it: now NS | post MACHINE UNIT EVENT | oom COUNT | fire | hold, release: hears no facts between | end
 */

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "call.h"
#include "core.h"
#include "seam.h"

enum { ROOM = 60000, TIMERS = 4096, UNITS = 64, PIDFDS = 1024, BEGIN_S = 1000 };
static const uint64_t begin = BEGIN_S * UINT64_C(1000000000);

static struct core *core;
static int wire = -1;
static uint64_t now = BEGIN_S * UINT64_C(1000000000), ooms, armed[TIMERS], arms;
static unsigned messages;
static int may_fire;                                /* one timer */
static int held;                                    /* 1: no facts are heard */
static int spawning, of_unit, of_errand;            /* whose fork the next one is */
static int32_t pidfds[PIDFDS];
static char out[ROOM], told[UNITS][128];
static size_t fill;
static struct sockaddr_un stage_door;
static socklen_t stage_door_size;

/* --- the wire --- */

static void flush(void)
{
    if (fill && send(wire, out, fill, MSG_NOSIGNAL) < 0)
        _exit(99);
    fill = 0;
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    va_list args;
    if (wire < 0)
        return;
    if (fill > ROOM - 256)
        flush();
    va_start(args, format);
    fill += (size_t)vsnprintf(out + fill, ROOM - fill, format, args);
    va_end(args);
}

static int run_command(const char *line)
{
    unsigned long number;
    int machine, unit, event;
    if (sscanf(line, "now %lu", &number) == 1) {
        now = begin + number;
    } else if (sscanf(line, "oom %lu", &number) == 1) {
        ooms = number;
    } else if (sscanf(line, "post %d %d %d", &machine, &unit, &event) == 3) {
        step_post(core, (enum machine)machine, unit < 0 ? NULL : core->units[unit], (uint8_t)event);
        return 1;
    } else if (strcmp(line, "fire") == 0) {
        may_fire = 1;
        return 1;
    } else {
        held = strcmp(line, "hold") == 0;
    }
    return 0;
}

static void tell_end(void)
{
    uint32_t rows, columns;
    for (int m = 0; m < MACHINE_COUNT; m++) {
        uint32_t first = step_cell_count((enum machine)m, &rows, &columns);
        for (uint32_t i = 0; i < rows * columns; i++)
            if (core->cell_counts[first + i])
                tell("cell %d %u %u %u\n", m, i / columns, i % columns, core->cell_counts[first + i]);
    }
    tell("books %u %s\nleft\n", core->lost_events, core->state == POD_OVER ? step_cause(core->cause)->reason : "-");
    flush();
}

/* One message, lines of commands; 1 when the loop must turn. */
static int run_commands(char *text)
{
    int must_turn = 0;
    messages++;
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strcmp(line, "end") == 0) {
            tell_end();
            _exit(0);
        }
        must_turn |= run_command(line);
    }
    return must_turn;
}

/* The size of the next message, 0 when there is none. Without a director there is nobody left to play for. */
static ssize_t receive(char *text, size_t room, int flags)
{
    ssize_t size = recv(wire, text, room - 1, flags);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
        _exit(98);
    text[size > 0 ? size : 0] = 0;
    return size > 0 ? size : 0;
}

/* 1: do it. */
static int may(const char *what, long a, long b)
{
    char answer[256];
    if (wire < 0)
        return 1;
    tell("%s? %ld %ld\n", what, a, b);
    flush();
    while (!receive(answer, sizeof answer, 0) || answer[0] != '=')
        run_commands(answer);
    return answer[1] == 'd';
}

static void tell_units(void)
{
    for (uint32_t i = 0; i < core->unit_count && i < UNITS; i++) {
        const struct unit *u = core->units[i];
        char line[128];
        snprintf(line, sizeof line, "unit %u %d %d %u %d %d %s\n", i, u->has_run ? u->code : -1,
                 u->life == LIFE_ENDED ? u->outcome : -1, u->restarts, u->started, u->ready,
                 u->has_run || u->blamed_dependency ? step_reason(u) : "-");
        if (strcmp(line, told[i]) != 0)
            tell("%s", strcpy(told[i], line));
    }
}

static void tell_rest(void)
{
    uint64_t next = timer_next(core);
    tell_units();
    tell("idle %ld %s %u\n", next ? (long)(next - begin) : -1L, phase_word(core_phase(core)), messages);
}

static void enter(void)
{
    char hello[32];
    const char *name = getenv("STAGE_DOOR");
    stage_door.sun_family = AF_UNIX;
    stage_door_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    memcpy(stage_door.sun_path + 1, name, strlen(name));
    wire = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (wire < 0 || connect(wire, (struct sockaddr *)&stage_door, stage_door_size) < 0)
        _exit(97);
    send(wire, hello, (size_t)snprintf(hello, sizeof hello, "core %d", getpid()), 0);
}

/* --- what stands before the core's own functions --- */

#define WRAPPED(type, name, ...) \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(void, loop_run, struct core *c)
{
    core = c;
    enter();
    __real_loop_run(c);
    tell_rest();
    tell_end();
    close(wire);
    wire = -1;
}

uint64_t __wrap_sys_now(void);
uint64_t __wrap_sys_now(void) { return now; }

/* The commands are looked at last: who sees an event's effect has seen the moment that was told before it. */
WRAPPED(int, sys_epoll_wait, int epoll, struct epoll_event *events, int room, int timeout)
{
    struct pollfd both[2] = {{epoll, POLLIN, 0}, {wire, POLLIN, 0}};
    char text[ROOM];
    (void)timeout;
    for (;;) {
        int count = held ? 0 : __real_sys_epoll_wait(epoll, events, room, 0), must_turn = core->reap_more;
        if (count == 0 && !must_turn) {
            tell_rest();
            flush();
            poll(both + held, 2 - (nfds_t)held, -1);
        }
        while (receive(text, sizeof text, MSG_DONTWAIT))
            must_turn |= run_commands(text);
        if (count > 0 || must_turn)
            return count > 0 ? count : 0;
    }
}

void seam_step(struct core *c, int machine, const struct unit *u, int from, int event, int kind, int next)
{
    (void)c;
    tell("step %d %d %d %d %d %d\n", machine, u ? (int)u->slot : -1, from, event, kind, next);
}

/* --- timers: one when told, of those of one moment the one that was armed first --- */

WRAPPED(void, timer_arm, struct core *c, uint32_t id, uint64_t when)
{
    armed[id] = ++arms;
    __real_timer_arm(c, id, when);
}

static int is_before(const struct core *c, uint32_t a, uint32_t b)
{
    uint64_t first = timer_when(c, a), second = timer_when(c, b);
    return first < second || (first == second && armed[a] < armed[b]);
}

int __wrap_timer_pop_due(struct core *c, uint32_t *id);
int __wrap_timer_pop_due(struct core *c, uint32_t *id)
{
    uint32_t count = 2 * c->slot_count + POD_TIMERS + c->errand_count, best = count;
    for (uint32_t i = 0; i < count; i++)
        if (timer_when(c, i) && (best == count || is_before(c, i, best)))
            best = i;
    if (!may_fire || best == count || timer_when(c, best) > c->now)
        return 0;
    may_fire = 0;
    timer_disarm(c, *id = best);
    return 1;
}

/* --- processes --- */

WRAPPED(void, spawn_unit, struct core *c, struct unit *u)
{
    spawning = 1;
    of_unit = (int)u->slot;
    of_errand = -1;
    __real_spawn_unit(c, u);
    spawning = 0;
}

WRAPPED(int, spawn_errand, struct core *c, struct errand *e)
{
    spawning = 1;
    of_unit = (int)e->unit->slot;
    of_errand = e->plan->kind;
    int result = __real_spawn_errand(c, e);
    spawning = 0;
    return result;
}

WRAPPED(int32_t, sys_fork, void)
{
    int asked = spawning;
    if (asked && !may("fork", of_unit, of_errand))
        return -EAGAIN;
    int32_t pid = __real_sys_fork();
    if (asked && pid)
        tell("forked %d %d %d\n", of_unit, of_errand, pid);
    return pid;
}

WRAPPED(int32_t, sys_share, int (*run)(void *), void *stack_end, void *argument)
{
    if (!may("fork", of_unit, of_errand))
        return -EAGAIN;
    int32_t pid = __real_sys_share(run, stack_end, argument);
    tell("forked %d %d %d\n", of_unit, of_errand, pid);
    return pid;
}

WRAPPED(int, sys_reap, int32_t pid)
{
    int result = __real_sys_reap(pid);
    tell("reaped %d\n", pid);
    return result;
}

WRAPPED(int, sys_kill, int32_t pid, int sig)
{
    if (sig == 0)
        return __real_sys_kill(pid, sig);
    int result = __real_sys_kill(pid, may("kill", pid, sig) ? sig : 0);
    tell("killed %d %d %d\n", pid, sig, result);
    return result;
}

WRAPPED(int, sys_pidfd, int32_t pid)
{
    int fd = __real_sys_pidfd(pid);
    if (fd >= 0 && fd < PIDFDS)
        pidfds[fd] = pid;
    return fd;
}

WRAPPED(int, sys_pidfd_signal, int pidfd, int sig)
{
    int32_t pid = pidfds[pidfd];
    int result = __real_sys_pidfd_signal(pidfd, may("kill", pid, sig) ? sig : 0);
    tell("killed %d %d %d\n", pid, sig, result);
    return result;
}

WRAPPED(void, stray_sweep, struct core *c, int sig)
{
    tell("sweep %d\n", sig);
    __real_stray_sweep(c, sig);
}

/* --- what is asked, what programs say, and the kernel --- */

WRAPPED(void, dial_begin, struct core *c, struct errand *e)
{
    may("dial", e->unit->slot, e->plan->kind);
    __real_dial_begin(c, e);
}

WRAPPED(void, dial_end, struct core *c, struct errand *e)
{
    __real_dial_end(c, e);
    tell("over %u %d\n", e->unit->slot, e->plan->kind);
}

/* Those of other files: errand.c's own do not come by here. */
WRAPPED(void, errand_answer, struct core *c, struct errand *e, enum answer answer, enum why why, int32_t number)
{
    tell("over %u %d\n", e->unit->slot, e->plan->kind);
    __real_errand_answer(c, e, answer, why, number);
}

WRAPPED(void, notify_begin, struct core *c, struct errand *e)
{
    tell("watch %u %d\n", e->unit->slot, e->plan->kind);
    __real_notify_begin(c, e);
}

WRAPPED(void, notify_read, struct core *c, struct unit *u)
{
    __real_notify_read(c, u);
    tell("heard %u\n", u->slot);
}

uint64_t __wrap_oom_count(const struct core *c);
uint64_t __wrap_oom_count(const struct core *c)
{
    (void)c;
    return ooms;
}

/* --- a child before its exec: waits at the gate for "go", "exit N" or "signal N". It may share the core's memory: only
 * bare calls, and only its own stack. --- */

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
