/* The loop: waits for facts and hands each to its subsystem; after every turn the queue of events is empty. It must
 * never wake without a reason, and never decide by more than one "now" a turn.
 */

#include <errno.h>

#include "core.h"
#include "footprint.h"
#include "say.h"

enum { BATCH = 64 };
enum { FULL_MOST = 16 };  /* full batches before timers get their turn all the same */
static const uint64_t LATE_NS = 10000000;  /* behind the end of a wait: more than it takes to come back from it */

static uint64_t key(enum watch_kind kind, uint32_t index) { return (uint64_t)kind << 32 | index; }

int loop_watch(struct core *c, int fd, uint32_t events, enum watch_kind kind, uint32_t index)
{
    return sys_epoll_set(c->epoll, EPOLL_CTL_ADD, fd, events, key(kind, index));
}

void loop_change(struct core *c, int fd, uint32_t events, enum watch_kind kind, uint32_t index)
{
    sys_epoll_set(c->epoll, EPOLL_CTL_MOD, fd, events, key(kind, index));
}

void loop_forget(struct core *c, int fd) { sys_epoll_set(c->epoll, EPOLL_CTL_DEL, fd, 0, 0); }

/* Streams are numbered two a unit. */
EACH_TURN void loop_hear(struct core *c, const struct epoll_event *event)
{
    uint32_t index = (uint32_t)event->data.u64, events = event->events;
    switch ((enum watch_kind)(event->data.u64 >> 32)) {
    case WATCH_SIGNALS: signal_read(c); break;
    case WATCH_HANDSHAKE: spawn_read_handshake(c, c->slots[index]); break;
    case WATCH_STREAM: log_read(c, c->slots[index / 2], index % 2); break;
    case WATCH_SINK: log_sink_ready(c, &c->sinks[index]); break;
    case WATCH_STRAGGLER: stray_check_all(c); break;
    case WATCH_ERRAND: errand_ready(c, c->errands[index]); break;
    case WATCH_ERRAND_HANDSHAKE: spawn_read_errand_handshake(c, c->errands[index]); break;
    case WATCH_NOTIFY: notify_read(c, c->slots[index]); break;
    case WATCH_WRITER: writer_heard(c, index); break;
    case WATCH_CONTROL: control_come(c, index); break;
    case WATCH_CLIENT: control_ready(c, index, events); break;
    case WATCH_TERMINAL: terminal_hung_up(c); break;
    case WATCH_MESSAGE: message_read(c, c->slots[index]); break;
    case WATCH_VOLUME: volume_heard(c); break;
    case WATCH_FETCH: fetch_heard(c); break;
    }
}

static const uint8_t pod_events[POD_TIMERS] = {
    [TIMER_POD_DEADLINE] = POD_EVENT_POD_DEADLINE,
    [TIMER_BUDGET] = POD_EVENT_BUDGET_OVER,
    [TIMER_OVERDUE] = POD_EVENT_OVERDUE,
    [TIMER_ROUND] = POD_EVENT_ROUND_DUE,
};

/* Not all that are due in one turn: a thousand probes would make other facts wait, and one "now" for all of them would
 * make them due together ever after. */
static void fire_timers(struct core *c)
{
    uint32_t id, pod = timer_of_pod(c, 0), errands = pod + POD_TIMERS, clients = errands + c->errand_count;
    for (int left = BATCH; left > 0 && !c->frozen_since && timer_pop_due(c, &id); left--) {
        if (id < pod)
            step_post(c, MACHINE_LIFE, c->slots[id / 2], id % 2 ? LIFE_EVENT_DEADLINE : LIFE_EVENT_DUE);
        else if (id < errands)
            step_post(c, MACHINE_POD, NULL, pod_events[id - pod]);
        else if (id < clients)
            errand_due(c, c->errands[id - errands]);
        else
            control_due(c, id - clients);
        step_all(c);  /* one at a time: what an action disarms must not fire any more */
    }
}

/* The next moment for which somebody wants a turn; 0: there is none. */
static uint64_t next_turn(const struct core *c)
{
    const uint64_t moments[] = {
        c->frozen_since ? 0 : timer_next(c), c->mail_held ? c->now + c->plan.pod->retry_ns : 0, log_next(c),
        c->trim_at, volume_next(c), fetch_next(c),
    };
    uint64_t next = 0;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        if (moments[i] && (next == 0 || moments[i] < next))
            next = moments[i];
    return next;
}

/* Until that moment, rounded up to epoll's milliseconds: never early, never a second wake-up for the same moment. From
 * the clock, not from the turn's beginning: a turn that took time would be added to the wait. Only where streams are
 * read by the clock a millisecond is too long. ``back``: when this is over, whatever comes. */
static int wait_for_facts(struct core *c, struct epoll_event events[BATCH], uint64_t *back)
{
    uint64_t now = sys_now(), next = next_turn(c), ns = next > now ? next - now : 0;
    uint64_t ms = (ns + 999999) / 1000000;
    *back = next == 0 ? UINT64_MAX - LATE_NS : now + ms * 1000000;
    if (c->reap_more)
        return sys_epoll_wait(c->epoll, events, BATCH, 0);
    if (next == 0)
        return sys_epoll_wait(c->epoll, events, BATCH, -1);
    if (c->paced)
        return sys_epoll_pause(c->epoll, events, BATCH, ns);
    return sys_epoll_wait(c->epoll, events, BATCH, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

/* What has come is heard before any time is over. Whoever was stopped, or frozen, is first told that he was
 * interrupted; what came meanwhile was in time. Or he was stopped on the way back: then it is later than it can be by
 * the wait alone. ``late``: so many turns were. One is not counted on, two in a row are a machine that is slow. */
static int is_all_heard(int count, int full, int late) { return count >= 0 && full % FULL_MOST == 0 && late % 2 == 0; }

EACH_TURN void loop_run(struct core *c)
{
    struct epoll_event events[BATCH];
    uint64_t back;
    int full = 0, late = 0;
    step_all(c);
    if (c->starting == 0)
        core_set_up_rest(c);
    events_flush(c);
    log_flush(c);
    while (!c->left) {
        int count = wait_for_facts(c, events, &back);
        c->now = sys_now();
        late = c->now > back + LATE_NS ? late + 1 : 0;
        core_set_up_rest(c);
        if (count == 0)
            c->pace_at = c->now;
        for (int i = 0; i < count; i++)
            loop_hear(c, &events[i]);
        step_all(c);
        if (c->reap_more)
            reap_children(c);
        step_all(c);
        full = count == BATCH ? full + 1 : 0;
        if (is_all_heard(count, full, late))
            fire_timers(c);
        change_turn(c);
        mailbox_retry(c);
        volume_turn(c);
        fetch_turn(c);
        events_flush(c);
        log_flush(c);
        control_turn(c);
        footprint_trim(c);
    }
}
