/* Clients and another plan: who awaits what it names, and who is in the middle of something when it holds. It must
 * never decide what becomes of a plan.
 */

#include "control.h"
#include "core.h"

/* --- who awaits what one names --- */

static struct client *awaiting(struct core *c)
{
    for (uint32_t i = 0; i < CLIENTS_LOCAL; i++)
        if (c->control.clients[i].stage == CLIENT_AWAITS)
            return &c->control.clients[i];
    return NULL;
}

/* The mistakes that are told are the fetch's. */
static void tell_what_came(struct core *c, struct client *cl)
{
    int is_taken = c->draft != NULL;
    cl->stage = CLIENT_ASKS;
    parcel_drop(c, cl);
    control_tell(c, cl);
    fetch_end(c, is_taken);
}

void control_fetched(struct core *c, const struct refusal *why)
{
    struct client *cl = awaiting(c);
    if (why)
        route_refuse(cl, why);
    else
        route_fetched(c, cl);
    tell_what_came(c, cl);
}

void control_fetch_over(struct core *c)
{
    struct client *cl = awaiting(c);
    route_turn_away(c, cl);
    tell_what_came(c, cl);
}

/* --- one holds --- */

/* Whoever follows its lines has heard them all. */
void control_leave(struct core *c, const struct unit *u)
{
    for (uint32_t i = 0; c->control.present && i < CLIENTS_LOCAL; i++) {
        struct body *b = &c->control.clients[i].body;
        if (c->control.clients[i].stage > CLIENT_ASKS && b->write == answer_logs && b->unit == u->slot)
            b->follows = 0;
    }
}

/* A list that is half told would go on with another plan's units. */
void control_turned(struct core *c)
{
    for (uint32_t i = 0; c->control.present && i < CLIENTS; i++) {
        struct client *cl = &c->control.clients[i];
        if (cl->stage == CLIENT_HEARS && cl->flow == FLOW_MORE && cl->body.write != answer_logs
            && cl->body.write != answer_events)
            control_drop(c, cl);
    }
}
