/* Clients of the control server: who comes, who must go, who waits for what. Each has a slot with fixed room; each
 * step is bounded, and none waits. When all slots are taken the oldest client that has not asked yet goes: whoever
 * comes and asks at once is heard, however many only come. It must never let a client's deed delay the pod.
 */

#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core.h"
#include "footprint.h"
#include "say.h"

enum { COME_AT_ONCE = 16, HEAR_MOST = 4096 };

#define MS UINT64_C(1000000)
static const uint64_t request_ns = 5000 * MS, fetch_ns = 10000 * MS, progress_ns = 10000 * MS, leave_ns = 1000 * MS,
                      last_words_ns = 50 * MS;

uint32_t control_slot(const struct core *c, const struct client *cl) { return (uint32_t)(cl - c->control.clients); }

static uint32_t door_of(uint32_t slot) { return control_is_local(slot) ? DOOR_LOCAL : DOOR_TCP; }

static uint32_t timer_of(const struct core *c, uint32_t i)
{
    return 2 * c->slot_count + POD_TIMERS + c->errand_count + i;
}

static uint32_t timer_of_client(const struct core *c, const struct client *cl)
{
    return timer_of(c, control_slot(c, cl));
}

/* A slot's watch names its client, too: what the kernel told of one must not be taken for the next one's. */
static uint32_t key_of(const struct core *c, const struct client *cl)
{
    return control_slot(c, cl) | (uint32_t)cl->number << 8;
}

/* --- leaving --- */

static void give_span_back(const void *from, const void *to)
{
    uintptr_t page = 4095, begin = ((uintptr_t)from + page) & ~page, end = (uintptr_t)to & ~page;
    if (begin < end) {
        sys_give_back((void *)begin, end - begin);
        footprint_forget();
    }
}

/* What was touched is given back when nobody is left: neither a crowd nor a long answer leaves a trace. */
static void give_back(struct core *c)
{
    const struct server *ct = &c->control;
    const char *pieces = ct->pieces + (size_t)CLIENTS * ANSWER_ROOM, *marks = (const char *)ct->bookmarks;
    const char *marks_end = (const char *)(ct->bookmarks + (size_t)CLIENTS_LOCAL * c->slot_count);
    if (ct->present)
        return;
    give_span_back(ct->clients, marks == pieces ? marks_end : pieces);
    if (marks != pieces)  /* another plan needed more of them */
        give_span_back(marks, marks_end);
}

static void hang_up(struct core *c, struct client *cl)
{
    if (cl->stage == CLIENT_AWAITS)
        fetch_end(c, 0);
    parcel_drop(c, cl);
    sys_shut(cl->fd, SHUT_RDWR);  /* a child that has not executed its program yet still holds it */
    sys_close(cl->fd);
    cl->stage = CLIENT_FREE;
    c->control.present--;
    give_back(c);
}

void control_drop(struct core *c, struct client *cl)
{
    timer_disarm(c, timer_of_client(c, cl));
    loop_forget(c, cl->fd);
    hang_up(c, cl);
}

static void watch(struct core *c, struct client *cl, uint32_t events)
{
    if (cl->watched != events)
        loop_change(c, cl->fd, events, WATCH_CLIENT, key_of(c, cl));
    cl->watched = events;
}

static void arm(struct core *c, const struct client *cl, uint64_t ns)
{
    timer_arm(c, timer_of_client(c, cl), c->now + ns);
}

/* What nobody reads may be a plan, with secrets. */
static int64_t discard(struct core *c, const struct client *cl)
{
    int64_t n = sys_read(cl->fd, c->scratch, HEAR_MOST);
    explicit_bzero(c->scratch, (size_t)(n > 0 ? n : 0));
    return n;
}

/* To close a socket with something unread in it would take away what the peer has not read yet. */
static void part_from(struct core *c, struct client *cl)
{
    if (discard(c, cl) <= 0 && cl->request.refusal == NULL) {
        control_drop(c, cl);
        return;
    }
    cl->stage = CLIENT_LEAVES;
    sys_shut(cl->fd, SHUT_WR);
    watch(c, cl, EPOLLIN);
    arm(c, cl, leave_ns);
}

/* --- answering --- */

/* One piece a turn: a long answer goes on when the pod has had its turn. */
void control_tell(struct core *c, struct client *cl)
{
    uint32_t before = cl->sent;
    if (cl->sent == cl->fill)
        deliver_compose(c, cl);
    enum delivery delivery = deliver_send(c, cl);
    if (delivery == DELIVERY_FAILED) {
        control_drop(c, cl);
    } else if (delivery == DELIVERED && cl->flow == FLOW_END) {
        part_from(c, cl);
    } else if (delivery == DELIVERED && cl->flow == FLOW_WAITS) {
        cl->stage = CLIENT_FOLLOWS;
        timer_disarm(c, timer_of_client(c, cl));
        watch(c, cl, 0);
    } else {
        if (cl->stage != CLIENT_HEARS || cl->sent != before)
            arm(c, cl, progress_ns);
        cl->stage = CLIENT_HEARS;
        watch(c, cl, EPOLLOUT);
    }
}

static uint32_t count_followers(const struct core *c)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < CLIENTS; i++)
        count += c->control.clients[i].stage > CLIENT_ASKS && c->control.clients[i].body.follows;
    return count;
}

/* Whoever goes meanwhile takes it back. */
static void await(struct core *c, struct client *cl)
{
    cl->stage = CLIENT_AWAITS;
    watch(c, cl, 0);
    arm(c, cl, fetch_ns);
}

/* refusal: why there is none to be heard, or NULL. */
static void answer(struct core *c, struct client *cl, const struct refusal *refusal)
{
    static const struct refusal too_many = {503, "too many clients follow already",
                                            "end one of them, or ask without follow"};
    cl->body = (struct body){0};
    cl->sent = cl->fill = cl->has_head = 0;
    if (refusal)
        route_refuse(cl, refusal);
    else
        route_request(c, cl);
    if (cl->body.follows && count_followers(c) == FOLLOWERS)
        route_refuse(cl, &too_many);
    if (!cl->body.write) {
        await(c, cl);
        return;
    }
    parcel_drop(c, cl);
    control_tell(c, cl);
}

static void hear_parcel(struct core *c, struct client *cl)
{
    enum request_progress progress = parcel_hear(c, cl);
    if (progress == REQUEST_MORE)
        timer_arm(c, timer_of_client(c, cl), parcel_until(c));
    else
        answer(c, cl, cl->request.refusal);
}

static void hear(struct core *c, struct client *cl)
{
    if (parcel_is_of(c, cl)) {
        hear_parcel(c, cl);
        return;
    }
    int64_t n = sys_read(cl->fd, c->scratch, HEAR_MOST);
    if (n == -EAGAIN || n == -EINTR)
        return;
    if (n < 0 || (n == 0 && cl->request.spent == 0)) {
        control_drop(c, cl);
        return;
    }
    enum request_progress progress = n ? request_feed(&cl->request, c->scratch, (size_t)n) : request_end(&cl->request);
    if (progress == REQUEST_BULK)
        progress = parcel_begin(c, cl, c->scratch + cl->request.used, (size_t)n - cl->request.used);
    if (cl->request.bulk)
        explicit_bzero(c->scratch, (size_t)(n > 0 ? n : 0));
    if (progress != REQUEST_MORE)
        answer(c, cl, cl->request.refusal);
}

static void see_off(struct core *c, struct client *cl)
{
    int64_t n = discard(c, cl);
    if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
        control_drop(c, cl);
}

/* An end of input alone is no farewell: who has asked may close that half. */
void control_ready(struct core *c, uint32_t index, uint32_t events)
{
    struct client *cl = &c->control.clients[index & 255];
    if (cl->stage == CLIENT_FREE || key_of(c, cl) != index)
        return;
    switch ((enum client_stage)cl->stage) {
    case CLIENT_FREE: break;
    case CLIENT_ASKS: hear(c, cl); break;
    case CLIENT_LEAVES: see_off(c, cl); break;
    case CLIENT_AWAITS:
    case CLIENT_HEARS:
    case CLIENT_FOLLOWS:
        if (events & (EPOLLHUP | EPOLLERR))
            control_drop(c, cl);
        else if (events & EPOLLOUT)
            control_tell(c, cl);
    }
}

/* A thousand units are not looked at for each follower in a turn that brought none of them anything. */
EACH_TURN void control_turn(struct core *c)
{
    uint64_t news = c->kept + record_next(c);
    for (uint32_t i = 0; c->control.present && i < CLIENTS_LOCAL; i++) {
        struct client *cl = &c->control.clients[i];
        if (cl->stage != CLIENT_FOLLOWS || cl->body.seen == news)
            continue;
        cl->body.seen = news;
        control_tell(c, cl);
    }
}

/* --- coming --- */

/* The oldest of one stage behind a door; NULL: there is none. */
static struct client *oldest(struct core *c, uint32_t door, uint32_t stages)
{
    struct client *found = NULL;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct client *cl = &c->control.clients[i];
        if (door_of(i) == door && stages >> cl->stage & 1 && (!found || cl->number < found->number))
            found = cl;
    }
    return found;
}

/* Not all can follow, so somebody is always found. */
static struct client *make_room(struct core *c, uint32_t door)
{
    struct client *cl = oldest(c, door, 1u << CLIENT_FREE);
    if (cl)
        return cl;
    if (!(cl = oldest(c, door, 1u << CLIENT_ASKS | 1u << CLIENT_LEAVES)))
        cl = oldest(c, door, 1u << CLIENT_HEARS);
    if (cl)
        control_drop(c, cl);
    return cl;
}

/* Who may steer the pod: its own user and root. An abstract name is seen by other containers of the same network. */
static int may_come(const struct core *c, uint32_t door, int fd)
{
    struct sys_sender who;
    if (door == DOOR_TCP)
        return 1;
    if (sys_peer(fd, &who) < 0 || (who.uid != sys_uid() && who.uid != 0))
        return 0;
    return !place_is_abstract(&c->control.place) || who.pid > 0;
}

static void welcome(struct core *c, uint32_t door, int fd)
{
    struct server *ct = &c->control;
    struct client *cl = may_come(c, door, fd) ? make_room(c, door) : NULL;
    if (!cl) {
        sys_close(fd);
        return;
    }
    cl->fd = fd;
    cl->number = ++ct->came;
    cl->stage = CLIENT_ASKS;
    cl->watched = EPOLLIN;
    cl->body.follows = 0;
    request_begin(&cl->request);
    cl->request.bulk = door == DOOR_LOCAL ? "/v1/plan" : NULL;
    ct->present++;
    if (loop_watch(c, fd, EPOLLIN, WATCH_CLIENT, key_of(c, cl)) < 0) {
        hang_up(c, cl);
        return;
    }
    arm(c, cl, request_ns);
    hear(c, cl);  /* most have asked already */
}

/* Somebody who has not asked yet makes room for whoever comes; else the door stays shut for a while: left open it would
 * wake us all the time. */
static int is_starved(struct core *c, uint32_t door, int error)
{
    struct client *idle = oldest(c, door, 1u << CLIENT_ASKS | 1u << CLIENT_LEAVES);
    if (error != -EMFILE && error != -ENFILE && error != -ENOBUFS && error != -ENOMEM)
        return 0;
    if (idle) {
        control_drop(c, idle);
        return 0;
    }
    warn(c, "cannot take a client of the control socket: %s; trying again", say_error(-error));
    c->control.starved[door] = 1;
    loop_change(c, c->control.doors[door], 0, WATCH_CONTROL, door);
    timer_arm(c, timer_of(c, CLIENTS + door), c->now + c->plan.pod->retry_ns);
    return 1;
}

void control_come(struct core *c, uint32_t door)
{
    int fd;
    for (int i = 0; i < COME_AT_ONCE && (fd = sys_accept(c->control.doors[door])) != -EAGAIN; i++) {
        if (fd >= 0)
            welcome(c, door, fd);
        else if (is_starved(c, door, fd))
            return;
    }
}

/* --- times --- */

static void lose_patience(struct core *c, struct client *cl)
{
    static const struct refusal too_slow = {408, "the request did not come to its end in 5 s", "an empty line ends it"};
    if (cl->stage == CLIENT_AWAITS) {
        control_fetched(c, fetch_late(c));
        return;
    }
    if (cl->stage != CLIENT_ASKS || cl->request.spent == 0) {
        control_drop(c, cl);
        return;
    }
    cl->request.refusal = &too_slow;
    answer(c, cl, &too_slow);
}

void control_due(struct core *c, uint32_t timer)
{
    if (timer < CLIENTS) {
        lose_patience(c, &c->control.clients[timer]);
        return;
    }
    c->control.starved[timer - CLIENTS] = 0;
    loop_change(c, c->control.doors[timer - CLIENTS], EPOLLIN, WATCH_CONTROL, timer - CLIENTS);
}

/* --- the whole --- */

void control_open(struct core *c)
{
    door_open(c);
    for (uint32_t i = 0; i < DOORS; i++)
        if (c->control.doors[i] >= 0 && loop_watch(c, c->control.doors[i], EPOLLIN, WATCH_CONTROL, i) < 0)
            die(EXIT_SET_UP, "cannot watch the control socket");
}

static int is_told(const struct client *cl) { return cl->stage == CLIENT_HEARS || cl->stage == CLIENT_FOLLOWS; }

/* The last words: whoever follows hears them as far as that goes at once, and that this is the end. */
void control_close(struct core *c)
{
    uint64_t begun = sys_now();
    c->control.closing = 1;
    for (uint32_t i = 0; c->control.present && i < CLIENTS; i++) {
        struct client *cl = &c->control.clients[i];
        for (int n = 0; n < CLIENTS && is_told(cl) && sys_now() - begun < last_words_ns; n++)
            control_tell(c, cl);
        if (cl->stage != CLIENT_FREE)
            control_drop(c, cl);
    }
    for (uint32_t i = 0; i < DOORS; i++)  /* to close is not enough where a child has not executed its program yet */
        if (c->control.doors[i] >= 0)
            loop_forget(c, c->control.doors[i]);
    door_close(c);
}
