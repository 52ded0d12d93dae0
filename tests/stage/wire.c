/* See stage.h: the wire to the director, and the loop, which turns when he or a fact lets it. It must never look at the
 * core's state but to tell of it.
 */

#include "stage.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"

enum { ROOM = 60000, UNITS = 64, BEGIN_S = 1000 };
static const uint64_t begin = BEGIN_S * UINT64_C(1000000000);

int may_fire;
struct sockaddr_un stage_door;
socklen_t stage_door_size;

static struct core *core;
static int wire = -1;
static uint64_t now = BEGIN_S * UINT64_C(1000000000), ooms;
static unsigned messages;
static int held;                                    /* 1: no facts are heard */
static char out[ROOM], told[UNITS][128];
static size_t fill;

/* --- the wire --- */

static void flush(void)
{
    if (fill && send(wire, out, fill, MSG_NOSIGNAL) < 0)
        _exit(99);
    fill = 0;
}

void tell(const char *format, ...)
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

int may(const char *what, long a, long b)
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

uint64_t __wrap_oom_count(const struct core *c);
uint64_t __wrap_oom_count(const struct core *c)
{
    (void)c;
    return ooms;
}
