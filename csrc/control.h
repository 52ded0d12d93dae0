/* The control server: a local socket for whoever may steer the pod, and a TCP port for health and metrics alone.
 * HTTP/1.1 with JSON; each answer ends its connection. Bounded clients, bounded memory, bounded times: whatever they
 * do, the pod goes on.
 *
 *     door.c     opens and closes what is listened on
 *     control.c  clients: who comes, who must go, who waits for what; control_plan.c: clients and another plan
 *     request.c  bytes to a request
 *     asked.c    its query to values
 *     route.c    a request to a body, or an order
 *     answer*.c  what bodies consist of: facts, lines, tables
 *     deliver.c  bodies to bytes on the wire
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "change.h"
#include "json.h"
#include "place.h"
#include "request.h"

struct core;
struct client;

enum { TOLD_BY_CONTROL = 255 };     /* as the signal that told the pod to stop */

enum door { DOOR_LOCAL, DOOR_TCP, DOORS };

/* FOLLOWERS: of the local clients, so that some are always there for short questions. */
enum { CLIENTS_LOCAL = 32, CLIENTS_TCP = 16, CLIENTS = CLIENTS_LOCAL + CLIENTS_TCP, FOLLOWERS = 24 };
enum { CONTROL_TIMERS = CLIENTS + DOORS };
enum { ANSWER_ROOM = 32768 };

/* --- what is being answered --- */

enum flow {
    FLOW_MORE,      /* there was no room for more */
    FLOW_WAITS,     /* nothing more is there yet */
    FLOW_END,
};

/* Writes as much of the body as there is room for, from where it stopped. Each call finds at least BODY_ROOM free. */
typedef enum flow body_writer(struct core *, struct client *, struct json *);
enum { BODY_ROOM = 30000 };

/* Where a reader of a unit's lines is; the core's arena has one for each unit and client. */
struct bookmark { uint64_t position, at; };

struct body {
    body_writer *write;             /* NULL: there is nothing to be said yet */
    const char *type;               /* of the content */
    const struct refusal *refusal;      /* why there is no better answer, or NULL */
    const char *allow;              /* the methods that there are, or NULL */
    const char *order;              /* what was ordered */
    uint64_t at;                    /* how far it has got: a unit, a byte, a sequence number */
    uint64_t since, skip;
    uint64_t seen;                  /* control_turn's: how much news there was when it was told last */
    uint32_t unit;                  /* whose; UINT32_MAX: everybody's */
    uint32_t tail, part;
    uint16_t status;
    uint8_t as_text, follows, previous;
    uint8_t continued;              /* 1 + its stream: the line of text that was told last has not ended */
};

enum { EVERYBODY = UINT32_MAX };

/* --- who asks --- */

enum client_stage {
    CLIENT_FREE,
    CLIENT_ASKS,        /* its request is not all there */
    CLIENT_AWAITS,      /* what its plan names is being read */
    CLIENT_HEARS,       /* is being answered */
    CLIENT_FOLLOWS,     /* has heard all there is, and waits for more */
    CLIENT_LEAVES,      /* has its answer, and has not closed yet: what it still sends would take the answer away */
};

struct client {
    int32_t fd;
    uint32_t watched;               /* events */
    uint64_t number;                /* of all that came */
    uint8_t stage;
    uint8_t flow;                   /* enum flow of the last piece */
    uint8_t has_head;               /* the answer's head is composed */
    uint8_t in_chunks;
    uint32_t sent, fill;            /* of its piece */
    struct json json;
    struct body body;
    struct request request;         /* last: its target is touched by who sends one */
};

/* The one body that is read: whose it is, and how much of it has come. */
struct parcel { uint8_t *bytes; size_t size, have; uint64_t number, until; };

struct server {
    const char *given;              /* MINIPOD_SOCKET, or NULL */
    struct client *clients;         /* NULL: there is no control */
    char *pieces;                   /* ANSWER_ROOM for each */
    struct bookmark *bookmarks;     /* a unit's follows that of the unit before, client after client */
    int32_t doors[DOORS];           /* -1: not open */
    uint8_t starved[DOORS];         /* not watched for a while: there are no descriptors for another client */
    uint8_t closing;
    uint32_t present;               /* clients */
    uint64_t came;
    struct parcel parcel;           /* bytes NULL: nobody sends one */
    struct tally tally;             /* of the plan that came last */
    struct place place;
    uint64_t file[2];               /* device and number of the socket's file; 0: it has none */
};

/* door.c, before anything starts and after everything has ended */
void door_open(struct core *);
void door_close(struct core *);

/* control.c */
void control_open(struct core *);
void control_come(struct core *, uint32_t door);
void control_ready(struct core *, uint32_t index, uint32_t events);
void control_due(struct core *, uint32_t timer);
void control_turn(struct core *);
void control_close(struct core *);
static inline int control_is_local(uint32_t slot) { return slot < CLIENTS_LOCAL; }
uint32_t control_slot(const struct core *, const struct client *);
void control_drop(struct core *, struct client *);
void control_tell(struct core *, struct client *);              /* as much of its answer as it takes now */
void control_leave(struct core *, const struct unit *);        /* it will be in no plan any more */
void control_fetched(struct core *, const struct refusal *);   /* who awaits that is answered; NULL: all is there */
void control_fetch_over(struct core *);                        /* the pod has turned to something else */
void control_turned(struct core *);                            /* another plan holds */

/* parcel.c */
int parcel_is_of(const struct core *, const struct client *);
enum request_progress parcel_begin(struct core *, struct client *, const char *rest, size_t size);
enum request_progress parcel_hear(struct core *, struct client *);
uint64_t parcel_until(const struct core *);                    /* the moment by which more of it must have come */
void parcel_drop(struct core *, const struct client *);

/* deliver.c */
enum delivery { DELIVERED, DELIVERY_BLOCKED, DELIVERY_FAILED };
void deliver_compose(struct core *, struct client *);
enum delivery deliver_send(struct core *, struct client *);

/* route.c: the answer to client->request, in client->body; orders are carried out */
void route_request(struct core *, struct client *);
void route_refuse(struct client *, const struct refusal *);
void route_fetched(struct core *, struct client *);             /* what its plan names is there */
void route_turn_away(const struct core *, struct client *);                    /* the pod ends, or begins anew */

/* answer.c, answer_log.c, answer_text.c, answer_unit.c */
body_writer answer_pod, answer_units, answer_unit, answer_order, answer_refusal, answer_change;
body_writer answer_logs, answer_events;
body_writer answer_table, answer_health, answer_life, answer_readiness;
body_writer answer_context, answer_plan, answer_metrics;
int answer_is_healthy(const struct core *), answer_is_alive(const struct core *), answer_is_ready(const struct core *);
void answer_put(struct json *, const char *text, size_t size);          /* bytes as they are */
void answer_format(struct json *, const char *format, ...);             /* say_format's letters */

#endif
