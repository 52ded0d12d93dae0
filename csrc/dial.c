/* Errands that are asked over a socket: HTTP, TCP, gRPC. One connection for each attempt, spoken with as far as it goes
 * at once; the loop tells when it goes on. What the bytes mean is http.c's and grpc.c's business, how long an answer
 * may take that of the errand's timer.
 *
 * It must never wait, allocate, raise SIGPIPE, read more than one buffer in one go, or look a name up.
 *
 * Connections are closed as any client's. A reset would save the kernel the remains (TIME_WAIT), but many a server logs
 * it as an error at each probe. The remains cannot use the ports up: Linux takes those on the loopback again after a
 * second. Measured with 3,000 TCP probes a second, all of one port: none failed, 6.1 % of a core; with resets 7.7 %.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "core.h"
#include "say.h"

/* Of an errand's location: the path that a redirect has led to, then the Location that is being read. */
enum { PATH_ROOM = ERRAND_LOCATION / 2 };

enum { REQUESTS_MOST = 10 };                    /* of one attempt, with those that redirects led to: as Go's client */
enum { HOST_ROOM = INET6_ADDRSTRLEN + 8 };      /* [address]:port */

union address { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; };

static void call(struct core *c, struct errand *e);

/* --- answers --- */

static void answer(struct core *c, struct errand *e, enum answer answer, enum why why, int32_t number)
{
    dial_end(c, e);
    errand_answer(c, e, answer, why, number);
}

/* What is missing here says nothing of the peer. No address: all our ports are taken; but with IPv6 there is no such
 * network, as in many containers, and so nobody who answers. */
static int is_lack(const char *host, int error)
{
    static const int lacks[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC};
    if (error == EADDRNOTAVAIL)
        return strchr(host, ':') == NULL;
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++)
        if (lacks[i] == error)
            return 1;
    return 0;
}

static void fail(struct core *c, struct errand *e, int error)
{
    const char *host = plan_text(&c->plan, e->plan->host);
    answer(c, e, is_lack(host, error) ? ANSWER_ERROR : ANSWER_BADLY, WHY_SYSTEM, error);
}

/* --- connections --- */

static uint32_t address_of(const struct core *c, const struct errand *e, union address *out)
{
    const char *host = plan_text(&c->plan, e->plan->host);
    uint16_t port = htons(e->port ? e->port : e->plan->port);
    *out = (union address){.v4 = {.sin_family = AF_INET, .sin_port = port}};
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1)
        return sizeof out->v4;
    *out = (union address){.v6 = {.sin6_family = AF_INET6, .sin6_port = port}};
    inet_pton(AF_INET6, host, &out->v6.sin6_addr);
    return sizeof out->v6;
}

static void watch(struct core *c, struct errand *e, uint8_t events)
{
    int error = 0;
    if (e->watched && e->watched != events)
        loop_change(c, e->fd, events, WATCH_ERRAND, e->slot);
    else if (!e->watched)
        error = loop_watch(c, e->fd, events, WATCH_ERRAND, e->slot);
    if (error < 0)
        fail(c, e, -error);
    else
        e->watched = events;
}

/* A port that nobody listens at may be the one we are given to dial from: then we reach ourselves. */
static int is_own_end(int fd, const union address *to)
{
    union address here = {0}, there = {0};
    return sys_own_name(fd, &here, sizeof here) == 0 && here.v4.sin_port == to->v4.sin_port
           && sys_peer_name(fd, &there, sizeof there) == 0 && memcmp(&here, &there, sizeof here) == 0;
}

/* Calling connect again tells how the first call went. On the loopback that is known at once, and nothing is watched.
 * Only who is connected can be reset, so that is a connection too: else it would depend on who was faster. */
static void see_connection(struct core *c, struct errand *e)
{
    union address to;
    int result = sys_connect(e->fd, &to, address_of(c, e, &to));
    if (result == -EALREADY || result == -EINPROGRESS)
        watch(c, e, EPOLLOUT);
    else if (result < 0 && result != -EISCONN && result != -ECONNRESET)
        fail(c, e, -result);
    else if (is_own_end(e->fd, &to))
        fail(c, e, ECONNREFUSED);
    else
        answer(c, e, ANSWER_WELL, WHY_NOTHING, 0);
}

/* --- requests --- */

static const char *path_of(const struct core *c, const struct errand *e)
{
    return e->redirects ? e->location : plan_text(&c->plan, e->plan->path);
}

/* The plan's, until a redirect names a port, and so the host. */
static const char *host_of(const struct core *c, const struct errand *e, char out[HOST_ROOM])
{
    const char *host = plan_text(&c->plan, e->plan->host);
    if (e->port == 0)
        return plan_text(&c->plan, e->plan->authority);
    int is_v6 = strchr(host, ':') != NULL;
    size_t size = say_format(out, HOST_ROOM - 1, "%s%s%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "");
    if (e->port != 80)
        size += say_format(out + size, HOST_ROOM - 1 - size, ":%u", (unsigned)e->port);
    out[size] = 0;
    return out;
}

static size_t write_request(const struct core *c, const struct errand *e)
{
    char host[HOST_ROOM];
    const char *rest = plan_text(&c->plan, e->plan->headers), *path = path_of(c, e), *authority = host_of(c, e, host);
    if (e->plan->handler == HANDLER_GRPC)
        return grpc_request(c->scratch, LINE_ROOM, authority, path, rest);
    return http_request(c->scratch, LINE_ROOM, path, authority, rest);
}

/* Written anew for what is left of it: nearly always it goes out at once. */
static void send_request(struct core *c, struct errand *e)
{
    size_t size = write_request(c, e);
    if (size > LINE_ROOM) {
        fail(c, e, EMSGSIZE);
        return;
    }
    int64_t sent = sys_send_nowait(e->fd, c->scratch + e->sent, size - e->sent);
    if (sent < 0 && sent != -EAGAIN) {
        fail(c, e, (int)-sent);
        return;
    }
    e->sent += sent > 0 ? (uint32_t)sent : 0;
    watch(c, e, e->sent < size ? EPOLLOUT : EPOLLIN);
}

/* --- replies --- */

/* A hook asks for any answer, a probe for one of success. What could have been followed is success too, but a doubtful
 * one: said when it begins. */
static void judge_status(struct core *c, struct errand *e, unsigned status)
{
    int is_hook = e->plan->kind >= PROBES, is_fine = status >= 200 && status < 400;
    e->doubtful = status >= 300 && status < 400;
    if (e->doubtful && !(e->run && e->last))
        say(c, "%s: HTTP status %u is not followed, and counts as success", e->unit->name, status);
    if (is_hook || is_fine)
        answer(c, e, ANSWER_WELL, WHY_NOTHING, 0);
    else
        answer(c, e, ANSWER_BADLY, WHY_STATUS, (int32_t)status);
}

static void follow(struct core *c, struct errand *e)
{
    const struct http_reply *reply = &e->reply.http;
    struct http_target target = {.path = c->scratch, .path_room = PATH_ROOM};
    if (!http_redirect(reply->location, path_of(c, e), plan_text(&c->plan, e->plan->host), &target)) {
        answer(c, e, ANSWER_BADLY, WHY_GARBAGE, 0);
    } else if (!target.same_host || target.is_https) {
        judge_status(c, e, reply->status);
    } else if (++e->redirects == REQUESTS_MOST) {
        answer(c, e, ANSWER_BADLY, WHY_REDIRECTS, 0);
    } else {
        memcpy(e->location, target.path, strlen(target.path) + 1);
        e->port = target.port ? target.port : e->port;
        dial_end(c, e);
        call(c, e);
    }
}

static void take_http(struct core *c, struct errand *e, size_t size)
{
    struct http_reply *reply = &e->reply.http;
    switch (size ? http_feed(reply, c->scratch, size) : http_end(reply)) {
    case HTTP_MORE: break;
    case HTTP_BROKEN: answer(c, e, ANSWER_BADLY, size ? WHY_GARBAGE : WHY_CLOSED, 0); break;
    case HTTP_DONE:
        if (reply->has_location)
            follow(c, e);
        else
            judge_status(c, e, reply->status);
    }
}

static void take_grpc(struct core *c, struct errand *e, size_t size)
{
    char words[GRPC_ANSWER_ROOM];
    size_t told = 0;
    switch (grpc_feed(&e->reply.grpc, c->scratch, size, words, sizeof words, &told)) {
    case GRPC_MORE:
        if (size == 0 || (told && sys_send_nowait(e->fd, words, told) != (int64_t)told))
            answer(c, e, ANSWER_BADLY, WHY_CLOSED, 0);
        break;
    case GRPC_SERVING: answer(c, e, ANSWER_WELL, WHY_NOTHING, 0); break;
    case GRPC_NOT_SERVING: answer(c, e, ANSWER_BADLY, WHY_SERVING, 0); break;
    case GRPC_BROKEN: answer(c, e, ANSWER_BADLY, WHY_GARBAGE, 0); break;
    }
}

static void read_reply(struct core *c, struct errand *e)
{
    int64_t size = sys_read(e->fd, c->scratch, LINE_ROOM);
    if (size == -EAGAIN)
        return;
    if (size < 0)
        fail(c, e, (int)-size);
    else if (e->plan->handler == HANDLER_GRPC)
        take_grpc(c, e, (size_t)size);
    else
        take_http(c, e, (size_t)size);
}

/* --- attempts --- */

static void go_on(struct core *c, struct errand *e)
{
    if (e->plan->handler == HANDLER_TCP_SOCKET)
        see_connection(c, e);
    else if (e->watched == EPOLLIN)
        read_reply(c, e);
    else
        send_request(c, e);
}

static void begin_reply(struct errand *e)
{
    if (e->plan->handler == HANDLER_GRPC)
        grpc_begin(&e->reply.grpc);
    else
        http_begin(&e->reply.http, e->location + PATH_ROOM, PATH_ROOM);
}

static void call(struct core *c, struct errand *e)
{
    union address to;
    uint32_t size = address_of(c, e, &to);
    int fd = sys_stream(to.any.sa_family), result = fd < 0 ? fd : sys_connect(fd, &to, size);
    e->fd = fd < 0 ? -1 : fd;
    e->sent = 0;
    begin_reply(e);
    if (result < 0 && result != -EINPROGRESS)
        fail(c, e, -result);
    else
        go_on(c, e);
}

void dial_begin(struct core *c, struct errand *e)
{
    e->port = 0;
    e->redirects = 0;
    call(c, e);
}

/* It may be news of a connection that is closed by now, told with those of others: whoever goes on finds out. */
void dial_ready(struct core *c, struct errand *e)
{
    if (e->fd >= 0)
        go_on(c, e);
}

/* Not watched any more first: a child that is about to be executed may hold a copy. */
void dial_end(struct core *c, struct errand *e)
{
    if (e->fd < 0)
        return;
    if (e->watched)
        loop_forget(c, e->fd);
    sys_close(e->fd);
    e->fd = -1;
    e->watched = 0;
}
