/* Many probes on the core's own loop and timers, with a clock that goes on only while something is done or waited for:
 * `punctual PROBES APART COST FIRST PERIOD PERIODS` (times in ns). The first attempts are due APART from each other;
 * each attempt takes COST, the very first FIRST, and is answered at once. Prints how long the longest turn was, by how much
 * the last attempt of any probe missed its step, and attempts in all. What the loop calls besides is put aside by the
 * linker (--wrap).
 */
#include <stdio.h>
#include <stdlib.h>

#include "action.h"
#include "core.h"

enum { PROBES_MOST = 4096, TIMERS = 2 + POD_TIMERS + PROBES_MOST };

static struct core core;
static struct unit unit = {.name = "u"}, *units[] = {&unit};
static struct plan_errand probe;
static struct plan_pod pod;
static struct errand errands[PROBES_MOST], *slots[PROBES_MOST];
static uint64_t when[TIMERS], last[PROBES_MOST], clock_now = 1000000000, cost, first, longest, attempts, end;
static uint32_t heap[TIMERS], places[TIMERS];

/* --- what the loop calls --- */

uint64_t __wrap_sys_now(void);
uint64_t __wrap_sys_now(void) { return clock_now; }

int __wrap_sys_epoll_wait(int epoll, struct epoll_event *events, int room, int timeout);
int __wrap_sys_epoll_wait(int epoll, struct epoll_event *events, int room, int timeout)
{
    uint64_t turn = clock_now - core.now;
    (void)epoll, (void)events, (void)room;
    longest = turn > longest ? turn : longest;
    clock_now += (uint64_t)timeout * 1000000;
    core.left = clock_now >= end;
    return 0;
}

void __wrap_errand_due(struct core *c, struct errand *e);
void __wrap_errand_due(struct core *c, struct errand *e)
{
    c->errand_at = e;
    act_attempt(c, &unit);
    act_arm_next(c, &unit);
}

void __wrap_errand_begin(struct core *c, struct errand *e);
void __wrap_errand_begin(struct core *c, struct errand *e)
{
    e->tried_at = c->now;
    if (clock_now >= end)
        return;
    last[e->slot] = clock_now;
    clock_now += attempts++ ? cost : first;
}

void __wrap_core_set_up_rest(struct core *c);
void __wrap_core_set_up_rest(struct core *c) { (void)c; }
void __wrap_step_all(struct core *c);
void __wrap_step_all(struct core *c) { (void)c; }
void __wrap_log_flush(struct core *c);
void __wrap_log_flush(struct core *c) { (void)c; }
void __wrap_mailbox_retry(struct core *c);
void __wrap_mailbox_retry(struct core *c) { (void)c; }

int main(int argc, char **argv)
{
    uint64_t numbers[6], missed = 0, began = clock_now;
    for (int i = 0; i < 6; i++)
        numbers[i] = argc == 7 ? strtoull(argv[i + 1], NULL, 10) : 0;
    uint64_t count = numbers[0], apart = numbers[1], period = numbers[4], periods = numbers[5];
    cost = numbers[2];
    first = numbers[3];
    probe.period_ns = period;
    end = began + (periods + 1) * period;
    core = (struct core){.unit_count = 1, .slot_count = 1, .units = units, .slots = units, .errands = slots, .errand_count = (uint32_t)count};
    core.timers = (struct timers){.when = when, .heap = heap, .place = places};
    core.plan.pod = &pod;
    core.now = began;
    for (uint32_t i = 0; i < count; i++) {
        errands[i] = (struct errand){.plan = &probe, .unit = &unit, .slot = i};
        slots[i] = &errands[i];
        timer_arm(&core, timer_of_errand(&core, &errands[i]), began + i * apart);
    }
    loop_run(&core);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t late = last[i] - (began + i * apart + periods * period);
        missed = late > missed ? late : missed;
    }
    printf("%lu %lu %lu\n", (unsigned long)longest, (unsigned long)missed, (unsigned long)attempts);
    return 0;
}
