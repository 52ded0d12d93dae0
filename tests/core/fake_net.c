/* What the core hears by sockets on the fake kernel: connections that are answered as a script says, with true bytes of
 * their protocols, and what programs say of themselves. It must never ask what an answer leads to.
 *
 * A connection belongs to the errand whose port it goes to: in one play no two have the same.
 */
#include "fake.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* --- connections --- */

static const struct errand *errand_at_port(uint16_t port)
{
    for (uint32_t i = 0; i < fake.core->errand_count; i++)
        if (fake.core->errands[i]->plan->port == port)
            return fake.core->errands[i];
    broken("a connection to nobody");
}

static const struct plan_errand *plan_of(const struct descriptor *d) { return fake.core->errands[d->errand]->plan; }

static int is_bare(const struct descriptor *d) { return plan_of(d)->handler == HANDLER_TCP_SOCKET; }

int sys_stream(int family)
{
    int error = fails(STREAM);
    (void)family;
    return error ? error : open_as((struct descriptor){.kind = CONNECTION, .nonblocking = 1, .errand = -1});
}

static int begin(int fd, const struct sockaddr_in *to)
{
    const struct errand *e = errand_at_port(ntohs(to->sin_port));
    struct reply reply = reply_of(e);
    held(fd)->errand = (int)e->slot;
    if (reply.kind != REPLY_NEVER)
        kernel_plan((struct fact){.at = fake.now + reply.after, .kind = FACT_REPLIED, .a = fd, .b = (int)reply.kind,
                                  .size = held(fd)->serial});
    return is_bare(held(fd)) ? -EINPROGRESS : 0;
}

/* Of a bare connection it is the answer whether there is one. */
int sys_connect(int fd, const void *address, uint32_t size)
{
    static const int results[] = {
        [REPLY_WELL] = 0, [REPLY_BADLY] = -ECONNREFUSED, [REPLY_ERROR] = -EADDRNOTAVAIL,
    };
    const struct descriptor *d = held(fd);
    int error = fails(CONNECT);
    if (error)
        return error;
    if (size != sizeof(struct sockaddr_in))
        broken("an address of the wrong size");
    if (d->errand < 0)
        return begin(fd, address);
    return d->at ? results[d->at - 1] : -EALREADY;
}

static int name(void *address, uint16_t port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(address, &here, sizeof here);
    return 0;
}

int sys_own_name(int fd, void *address, uint32_t room)
{
    (void)fd;
    (void)room;
    return name(address, 40000);
}

int sys_peer_name(int fd, void *address, uint32_t room)
{
    (void)room;
    return name(address, plan_of(held(fd))->port);
}

int net_is_ready(const struct descriptor *d, uint32_t events)
{
    return d->at != 0 || (events & EPOLLOUT && !is_bare(d));
}

/* SETTINGS, HEADERS, DATA with the message, trailers. */
static const char serving[] = "\0\0\0\4\0\0\0\0\0" "\0\0\1\1\4\0\0\0\1\x88"
    "\0\0\7\0\0\0\0\0\1\0\0\0\0\2\x08\1" "\0\0\x0f\1\5\0\0\0\1\0\x0bgrpc-status\1" "0";
static const char not_serving[] = "\0\0\0\4\0\0\0\0\0" "\0\0\1\1\4\0\0\0\1\x88"
    "\0\0\7\0\0\0\0\0\1\0\0\0\0\2\x08\2" "\0\0\x0f\1\5\0\0\0\1\0\x0bgrpc-status\1" "0";
static const char fine[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/* To a hook any answer is well; badly is none. */
int64_t net_read(const struct descriptor *d, char *to, size_t size)
{
    const struct plan_errand *plan = plan_of(d);
    int is_http = plan->handler == HANDLER_HTTP_GET, is_well = d->at == 1 + REPLY_WELL;
    if (!is_well && d->at == 1 + REPLY_BADLY && plan->kind >= PROBES)
        return 0;
    if (d->at == 0)
        return -EAGAIN;
    if (d->at == 1 + REPLY_ERROR)
        return -ENOMEM;
    const char *text = is_http ? (is_well ? fine : busy) : is_well ? serving : not_serving;
    size_t length = is_http ? strlen(text) : sizeof serving - 1;
    memcpy(to, text, length < size ? length : size);
    return (int64_t)length;
}

/* Another connection may have the number by now. */
void net_replied(const struct fact *f)
{
    struct descriptor *d = &table[f->a];
    if (d->kind == CONNECTION && d->serial == f->size)
        d->at = 1 + (size_t)f->b;
}

/* --- what programs say of themselves --- */

/* Messages lie in a pipe, each behind its size. */
size_t message_next(const struct pipe *p)
{
    size_t size = 0;
    if (p->size > p->head)
        memcpy(&size, p->data + p->head, sizeof size);
    return size;
}

static void deliver(struct pipe *to, const char *text)
{
    size_t size = strlen(text);
    pipe_write(to, (const char *)&size, sizeof size);
    pipe_write(to, text, size);
}

static void say_it(struct process *p, enum notice_kind what)
{
    static const char *const texts[] = {
        [NOTICE_READY] = "READY=1\nSTATUS=well\n", [NOTICE_RELOADING] = "RELOADING=1",
        [NOTICE_STOPPING] = "STOPPING=1\n",         [NOTICE_WATCHDOG] = "WATCHDOG=1",
        [NOTICE_TRIGGER] = "WATCHDOG=trigger",
    };
    int socket = fake.behaviours[p->unit].socket;
    if (socket)
        deliver(held(socket)->pipe, texts[what]);
    else if (p->line && what == NOTICE_READY)
        pipe_write(p->line, "ready\n", 6);
}

void net_notify(const struct fact *f)
{
    struct process *p = kernel_living(f);
    if (p && p->executed)
        say_it(p, (enum notice_kind)f->a);
    else
        fake.lost += f->pid == 0;
}

/* The program that a watchdog waits for is as lively as the script says. */
void net_watchdog_waits(uint32_t unit)
{
    struct behaviour *how = &fake.behaviours[unit];
    const struct reply *reply = &how->replies[ERRAND_WATCHDOG];
    how->pulses++;
    if (reply->kind != REPLY_NEVER)
        kernel_plan((struct fact){.at = fake.now + reply->after, .kind = FACT_PULSE, .unit = (int)unit,
                                  .pid = how->leader, .a = reply->kind, .b = how->pulses});
}

/* Of a pause that is over nobody speaks any more. */
void net_beat(const struct fact *f)
{
    struct process *p = kernel_living(f);
    if (p && f->b == fake.behaviours[f->unit].pulses)
        say_it(p, f->a == REPLY_WELL ? NOTICE_WATCHDOG : NOTICE_TRIGGER);
}

int sys_datagrams(void)
{
    int error = fails(DATAGRAMS);
    return error ? error : open_as((struct descriptor){.kind = SOCKET, .pipe = calloc(1, sizeof(struct pipe))});
}

int sys_pass_credentials(int socket)
{
    held(socket)->nonblocking = 1;
    return fails(CREDENTIALS);
}

static struct behaviour *behaviour_of(unsigned number)
{
    for (uint32_t i = 0; i < fake.core->slot_count; i++)
        if (fake.core->slots[i]->number == number)
            return &fake.behaviours[i];
    return NULL;
}

void net_closed(int socket)
{
    for (uint32_t i = 0; i < fake.core->slot_count; i++)
        if (fake.behaviours[i].socket == socket)
            fake.behaviours[i].socket = 0;
}

int sys_bind_abstract(int socket, const char *name, size_t size)
{
    char text[64] = "";
    unsigned mark, number;
    struct behaviour *how = NULL;
    int error = fails(BIND);
    memcpy(text, name, size < sizeof text ? size : sizeof text - 1);
    if (!held(socket)->nonblocking)
        broken("a socket has a name before it asks who speaks");
    if (sscanf(text, "minipod/%u/%u", &mark, &number) != 2 || !(how = behaviour_of(number)))
        broken("a socket's name is no unit's");
    if (!error)
        how->socket = socket;
    return error;
}

int64_t sys_peek(int socket, void *to, size_t size, struct sys_sender *from)
{
    const struct pipe *p = held(socket)->pipe;
    size_t length = message_next(p);
    int error = fails(PEEK);
    *from = (struct sys_sender){0};
    if (error || !length)
        return error ? error : -EAGAIN;
    memcpy(to, p->data + p->head + sizeof length, length < size ? length : size);
    return (int64_t)length;
}

int64_t sys_drop(int socket)
{
    struct pipe *p = held(socket)->pipe;
    p->head += sizeof(size_t) + message_next(p);
    return 0;
}

uint32_t sys_uid(void) { return 0; }
