/* The books of units, probes and hooks, written where the facts are: see book.h. It must never decide anything. */

#include "book.h"

#include "core.h"

static const uint8_t restart_reasons[EXIT_CLASS_COUNT] = {
    [EXIT_CLASS_OK] = RESTART_COMPLETED,
    [EXIT_CLASS_FAIL] = RESTART_ERROR,
    [EXIT_CLASS_UNSTARTABLE] = RESTART_START_ERROR,
    [EXIT_CLASS_DEPENDENCY] = RESTART_ORDER,        /* it never ran: only somebody else's word starts it */
    [EXIT_CLASS_DEADLINE] = RESTART_ORDER,
    [EXIT_CLASS_SICK_OK] = RESTART_UNHEALTHY,
    [EXIT_CLASS_SICK] = RESTART_UNHEALTHY,
    [EXIT_CLASS_RULE_RESTART] = RESTART_ERROR,
    [EXIT_CLASS_RULE_RESTART_ALL] = RESTART_ROUND,
    [EXIT_CLASS_RESET] = RESTART_ROUND,
};

static const char *const restart_words[RESTART_REASONS] = {
    [RESTART_COMPLETED] = "Completed",
    [RESTART_ERROR] = "Error",
    [RESTART_START_ERROR] = "StartError",
    [RESTART_OOM] = "OOMKilled",
    [RESTART_UNHEALTHY] = "Unhealthy",
    [RESTART_ROUND] = "RestartingAllContainers",
    [RESTART_ORDER] = "Ordered",
};

const char *book_restart_word(enum restart_reason reason) { return restart_words[reason]; }

void book_start(struct unit *u)
{
    struct unit_book *b = &u->book;
    if (b->instances)
        b->restarts[b->restart_reason]++;
    b->instances++;
    b->started_up_at = b->ready_at = 0;
}

void book_end(struct core *c, struct unit *u)
{
    struct unit_book *b = &u->book;
    b->ends[1] = b->ends[0];
    b->ends[0] = (struct end){
        .started_wall = u->started_wall,
        .ended_wall = u->ended_wall,
        .instance = b->instances,
        .left_behind = stray_count(c, u),
    };
    book_correct(u);
}

void book_correct(struct unit *u)
{
    struct end *e = &u->book.ends[0];
    e->raw_code = u->raw_code;
    e->code = u->code;
    e->signal = u->signal;
    e->exit_class = u->exit_class;
    e->odd = u->oom | u->unfit;
}

/* Who wants anything but that the unit is up has said so: then its end is not why it starts again. */
void book_judge(struct unit *u)
{
    int is_ordered = u->want == WANT_AGAIN || u->want == WANT_HOLD;
    u->book.restart_reason = is_ordered ? RESTART_ORDER : u->oom ? RESTART_OOM : restart_reasons[u->exit_class];
    if (u->has_run)
        book_correct(u);
}

void book_answer(const struct core *c, struct errand *e, int well)
{
    struct errand_book *b = &e->book;
    b->answers++;
    b->failures += !well;
    b->latency = c->now - b->asked_at;
    b->latency_sum += b->latency;
}

const struct end *book_last_end(const struct unit *u)
{
    const struct end *e = &u->book.ends[0];
    return e->instance && e->instance == u->book.instances ? e : NULL;
}

uint64_t book_wall(uint64_t moment)
{
    return moment ? sys_wall() + moment - sys_now() : 0;
}
