/* See sight.h. Lines, each behind a "0 ":
 *
 *     record LOST JSON                         as a reader finds them who begins at 0
 *     kept SEQ…                                those that can be had by their number; next SEQ
 *     state MACHINE UNIT WORD                  of every machine, as it is; UNIT -1: the pod
 *     flags_now UNIT STARTED READY
 *     book UNIT INSTANCES REASON=COUNT…
 *     ended UNIT INSTANCE RAW CODE SIGNAL REASON LEFT STARTED ENDED          ns; the last one first
 *     asked UNIT KIND ANSWERS FAILURES ERRORS LATENCY SUM
 *     piece SIZE, and at last metrics HEX
 */
#include "sight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "metrics.h"

struct sight sight;

void sight_begin(struct core *c)
{
    if (sight.events)
        events_begin(c, sight.events, "events");
}

static void show_records(const struct core *c)
{
    uint64_t seq = 0, lost;
    const struct record *r;
    while ((r = record_read(c, &seq, &lost))) {
        char text[RECORD_LINE];
        struct json j;
        json_start(&j, text, sizeof text);
        record_json(c, r, &j);
        printf("0 record %lu %.*s\n", (unsigned long)lost, j.broken ? 0 : (int)j.size, text);
    }
    printf("0 kept");
    for (seq = 0; seq < record_next(c) + 2; seq++)
        if ((r = record_at(c, seq)) && r->seq == seq)
            printf(" %lu", (unsigned long)seq);
    printf("\n0 next %lu\n", (unsigned long)record_next(c));
}

static void show_states(const struct core *c)
{
    printf("0 state pod -1 %s\n", step_state_word(MACHINE_POD, c->state));
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const struct unit *u = c->units[i];
        printf("0 state lifecycle %u %s\n0 state want %u %s\n", i, step_state_word(MACHINE_LIFE, u->life), i,
               step_state_word(MACHINE_WANT, u->want));
        for (int k = 0; k < PROBES; k++)
            printf("0 state %s %u %s\n", step_machine_word((enum machine)(MACHINE_STARTUP + k)), i,
                   step_state_word((enum machine)(MACHINE_STARTUP + k), u->probes[k]));
        printf("0 flags_now %u %d %d\n", i, u->started, u->ready);
    }
}

static void show_books(const struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++) {
        const struct unit_book *b = &c->units[i]->book;
        printf("0 book %u %u", i, b->instances);
        for (enum restart_reason k = 0; k < RESTART_REASONS; k++)
            printf(" %s=%u", book_restart_word(k), b->restarts[k]);
        putchar('\n');
        for (const struct end *e = b->ends; e < b->ends + 2 && e->instance; e++)
            printf("0 ended %u %u %d %d %d %s %u %lu %lu\n", i, e->instance, e->raw_code, e->code, e->signal,
                   step_end_reason(e->exit_class, e->odd, e->code), e->left_behind, (unsigned long)e->started_wall,
                   (unsigned long)e->ended_wall);
    }
    for (uint32_t i = 0; i < c->errand_count; i++) {
        const struct errand *e = c->errands[i];
        printf("0 asked %u %u %u %u %u %lu %lu\n", e->unit->slot, e->plan->kind, e->book.answers,
               e->book.failures, e->book.errors, (unsigned long)e->book.latency, (unsigned long)e->book.latency_sum);
    }
}

static void show_metrics(const struct core *c)
{
    char *piece = malloc(sight.metrics_room);
    uint32_t cursor = 0;
    size_t size, whole = 0;
    static char text[4 << 20];
    while ((size = metrics_more(c, &cursor, piece, sight.metrics_room))) {
        printf("0 piece %zu\n", size);
        memcpy(text + whole, piece, size);
        whole += size;
    }
    printf("0 metrics ");
    for (size_t i = 0; i < whole; i++)
        printf("%02x", (unsigned char)text[i]);
    putchar('\n');
    free(piece);
}

void sight_report(const struct core *c)
{
    if (sight.shows_records) {
        show_records(c);
        show_states(c);
        show_books(c);
    }
    if (sight.metrics_room)
        show_metrics(c);
}
