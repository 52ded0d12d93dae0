/* The one body of a request that is read: another plan. One at a time, into memory that is taken for it and given back
 * whatever comes of it; who is slow, or sends no more, is dropped. It must never read what it says, and never hold more
 * than one.
 */

#include <errno.h>
#include <string.h>

#include "control.h"
#include "core.h"

enum { HEAR_AT_ONCE = 1 << 20 };

#define SECOND UINT64_C(1000000000)
static const uint64_t progress_ns = 10 * SECOND, whole_ns = 60 * SECOND;

int parcel_is_of(const struct core *c, const struct client *cl)
{
    return c->control.parcel.bytes && c->control.parcel.number == cl->number;
}

static enum request_progress settle(struct client *cl, const struct refusal *refusal)
{
    request_settle(&cl->request, refusal);
    return refusal ? REQUEST_BROKEN : REQUEST_DONE;
}

static enum request_progress look(struct core *c, struct client *cl)
{
    return c->control.parcel.have == c->control.parcel.size ? settle(cl, NULL) : REQUEST_MORE;
}

/* rest: what came behind the head already; what comes behind the body is nobody's. */
enum request_progress parcel_begin(struct core *c, struct client *cl, const char *rest, size_t size)
{
    static const struct refusal busy = {409, "another plan is being sent", "wait until it is taken over, or refused"};
    static const struct refusal no_room = {503, "there is not enough memory for another plan", "ask again later"};
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct parcel *p = &c->control.parcel;
    if (p->bytes)
        return settle(cl, &busy);
    *p = (struct parcel){.size = cl->request.length, .number = cl->number, .until = c->now + whole_ns};
    if (!(p->bytes = sys_map(p->size)))
        return settle(cl, &no_room);
    p->have = size < p->size ? size : p->size;
    memcpy(p->bytes, rest, p->have);
    if (request_expects(&cl->request) && p->have == 0)
        sys_send_nowait(cl->fd, go_on, sizeof go_on - 1);
    return look(c, cl);
}

enum request_progress parcel_hear(struct core *c, struct client *cl)
{
    static const struct refusal cut_off = {400, "the plan ends in the middle", "send as much as Content-Length says"};
    struct parcel *p = &c->control.parcel;
    size_t left = p->size - p->have;
    int64_t n = sys_read(cl->fd, p->bytes + p->have, left < HEAR_AT_ONCE ? left : HEAR_AT_ONCE);
    if (n == -EAGAIN || n == -EINTR)
        return REQUEST_MORE;
    if (n <= 0)
        return settle(cl, &cut_off);
    p->have += (size_t)n;
    return look(c, cl);
}

uint64_t parcel_until(const struct core *c)
{
    uint64_t soon = c->now + progress_ns;
    return soon < c->control.parcel.until ? soon : c->control.parcel.until;
}

void parcel_drop(struct core *c, const struct client *cl)
{
    struct parcel *p = &c->control.parcel;
    if (!parcel_is_of(c, cl))
        return;
    sys_unmap(p->bytes, p->size);
    p->bytes = NULL;
}
