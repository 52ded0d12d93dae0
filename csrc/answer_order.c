/* What answers an order: that it was taken, or why not. It must never wait for what the order comes to. */

#include "control.h"
#include "core.h"

enum flow answer_order(struct core *c, struct client *cl, struct json *j)
{
    const struct body *b = &cl->body;
    const char *name = b->unit == EVERYBODY ? NULL : c->slots[b->unit]->name;
    if (b->as_text) {
        answer_format(j, "%s: %s\n", name ? name : "pod", b->order);
        return FLOW_END;
    }
    json_object_begin(j, NULL);
    json_word(j, "unit", name);
    json_word(j, "order", b->order);
    json_number(j, "event", b->at);
    json_object_end(j);
    json_line_end(j);
    return FLOW_END;
}

/* A plan was given: what becomes of how many units. */
enum flow answer_change(struct core *c, struct client *cl, struct json *j)
{
    const struct tally *t = &c->control.tally;
    if (cl->body.as_text) {
        answer_format(j, "pod: %s: %u unchanged, %u changed, %u new, %u removed; %u stale\n", cl->body.order, t->kept,
                      t->changed, t->begun, t->removed, t->stale);
        return FLOW_END;
    }
    json_object_begin(j, NULL);
    json_word(j, "order", cl->body.order);
    json_number(j, "event", cl->body.at);
    json_number(j, "unchanged", t->kept);
    json_number(j, "changed", t->changed);
    json_number(j, "new", t->begun);
    json_number(j, "removed", t->removed);
    json_number(j, "stale", t->stale);
    json_object_end(j);
    json_line_end(j);
    return FLOW_END;
}

enum flow answer_refusal(struct core *c, struct client *cl, struct json *j)
{
    const struct refusal *refusal = cl->body.refusal;
    (void)c;
    if (cl->body.as_text) {
        answer_format(j, "%s; %s\n", refusal->error, refusal->hint);
        return FLOW_END;
    }
    json_object_begin(j, NULL);
    json_word(j, "error", refusal->error);
    json_word(j, "hint", refusal->hint);
    json_object_end(j);
    json_line_end(j);
    return FLOW_END;
}
