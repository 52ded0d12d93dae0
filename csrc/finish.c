/* The last words: when the pod is over, everything that was written is still written, as long as the stop budget lasts
 * and nobody hurries us. It must never outlast that, whoever does not read and whatever disk hangs.
 */

#include <errno.h>

#include "core.h"
#include "writer.h"

/* What is left to those who write files when somebody hurries us, and to those killed: enough for any disk that does
 * not hang. */
static const uint64_t HURRIED_NS = 100000000;

/* Half of the margin is ours; in the rest the report is written, and we leave before somebody kills us. */
static uint64_t last_moment(const struct core *c)
{
    const struct stop_limits *l = &c->limits;
    return l->leave > l->sidecar_kill ? l->leave - (l->leave - l->sidecar_kill) / 2 : l->leave;
}

typedef int pending(const struct core *);

static int is_unwritten(const struct core *c)
{
    int waiting = writer_is_left(c);
    for (uint32_t i = 0; i < c->sink_count; i++)
        waiting |= c->sinks[i].fill > 0;
    for (uint32_t i = 0; i < 2 * c->slot_count; i++)
        waiting |= c->slots[i / 2]->streams[i % 2].stalled;
    return waiting;
}

static void take_all(struct core *c)
{
    for (uint32_t i = 0; i < c->slot_count; i++)
        log_take_last(c, c->slots[i]);
    log_tell_dropped(c);
    events_flush(c);
    log_flush(c);
    writer_close_done(c);
}

/* 0 when somebody hurries us. What a stream still has is read as soon as the sink has room again. */
static int hear(struct core *c, const struct epoll_event *event)
{
    int is_signal = event->data.u64 >> 32 == WATCH_SIGNALS;
    loop_hear(c, event);
    return !is_signal || c->queue.fill == 0;
}

/* Until all is written, or that moment; the sooner if somebody hurries us. */
static void finish_until(struct core *c, uint64_t end, pending *is_left, int may_be_hurried)
{
    struct epoll_event event;
    int more = 1;
    take_all(c);
    while (more && is_left(c) && (c->now = sys_now()) < end) {
        uint64_t until = timer_earlier(log_next(c), end);
        uint64_t ms = until > c->now ? (until - c->now) / 1000000 + 1 : 0;
        if (sys_epoll_wait(c->epoll, &event, 1, ms > INT32_MAX ? INT32_MAX : (int)ms) == 1)
            more = hear(c, &event) || !may_be_hurried;
        take_all(c);
    }
}

void log_finish(struct core *c)
{
    uint64_t end = last_moment(c);
    finish_until(c, end, is_unwritten, 1);
    if (writer_is_left(c))
        finish_until(c, timer_earlier(c->now + HURRIED_NS, end), is_unwritten, 0);
    writer_kill_left(c);
    finish_until(c, timer_earlier(c->now + HURRIED_NS, c->limits.leave), writer_is_left, 0);
    writer_give_up(c);
}
