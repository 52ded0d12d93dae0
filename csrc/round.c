/* A new beginning of the whole pod (KEP-5532): every unit ends, and when none has a process any more the books are as
 * at the start. It must never start a unit by itself: that is what the wants are told for.
 */

#include "core.h"
#include "say.h"

void round_reset_all(struct core *c)
{
    say(c, "every unit ends, and the pod begins anew");
    c->awaited = c->unit_count;
    for (uint32_t i = 0; i < c->unit_count; i++)
        step_post(c, MACHINE_WANT, c->units[i], WANT_EVENT_POD_RESET);
}

/* What ended for a new beginning counts as killed for it, whatever it ended with. */
void round_rest(struct core *c, struct unit *u)
{
    if (!u->awaits_round)
        return;
    u->awaits_round = 0;
    if (u->has_run) {
        u->code = u->raw_code = RESET_CODE;
        u->exit_class = EXIT_CLASS_RESET;
        u->signal = u->oom = u->unfit = 0;
        book_correct(u);
    }
    if (--c->awaited == 0)
        step_post(c, MACHINE_POD, NULL, POD_EVENT_ALL_RESET);
}

static void renew(struct core *c, struct unit *u)
{
    uint32_t i = unit_place(c, u);
    u->start_waits = c->loaded.start_waits[i];
    u->stop_waits = c->loaded.stop_waits[i];
    u->reached = u->in_round = u->begun_in_round = u->blamed_dependency = u->deadline_hit = 0;
    timer_disarm(c, timer_of_deadline(u));
    c->services_left += u->plan->kind == KIND_SERVICE;
    step_post(c, MACHINE_WANT, u, WANT_EVENT_ROUND);
}

void round_begin(struct core *c)
{
    c->round_began = c->now;
    c->units_left = c->unit_count;
    c->services_left = c->services_failed = 0;
    c->blamed = NULL;
    for (uint32_t i = 0; i < c->unit_count; i++)
        renew(c, c->units[i]);
}
