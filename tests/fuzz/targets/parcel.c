/* Another plan, as a client sends it: the body as it comes in, in pieces or cut off, and what is compared then with the
 * plan that runs. The input is the plan that is sent; the one that runs is the same with a bit of it changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "core.h"
#include "fuzz.h"
#include "plan_place.h"
#include "policy_tables.h"

const struct fuzz_word fuzz_words[] = {
    WORD("minipod\n"), WORD("127.0.0.1\0"), WORD("X: y\r\n\0"), WORD("\xff\xff\xff\xff"), {NULL, 0},
};
const size_t fuzz_most = 8192;

size_t fuzz_place(const uint8_t *bytes, size_t size, uint64_t number) { return plan_place(bytes, size, number); }

/* --- the client --- */

enum { FEW = 8, SHORT = 256 };

static struct wire { const uint8_t *bytes; size_t left; uint32_t hash; enum fuzz_split split; int waits; } wire;

void *sys_map(size_t size) { return calloc(size, 1); }

void sys_unmap(void *at, size_t size)
{
    CLAIM(size > 0);
    free(at);
}

int64_t sys_send_nowait(int fd, const void *from, size_t size)
{
    (void)fd, (void)from;
    return (int64_t)size;
}

static size_t piece(size_t room)
{
    wire.hash = wire.hash * UINT32_C(0x01000193) + 1;
    size_t most = wire.split == SPLIT_NOT ? wire.left : wire.split == SPLIT_BYTES ? 1 : 1 + wire.hash % SHORT;
    most = most < room ? most : room;
    return most < wire.left ? most : wire.left;
}

/* Now and then there is nothing yet; at the end there is an end. */
int64_t sys_read(int fd, void *to, size_t room)
{
    (void)fd;
    CLAIM(room > 0);
    if (wire.waits++ % 3 == 1)
        return wire.waits % 2 ? -EAGAIN : -EINTR;
    size_t size = piece(room);
    memcpy(to, wire.bytes, size);
    wire.bytes += size;
    wire.left -= size;
    return (int64_t)size;
}

/* --- the body --- */

/* given: bytes that are there; the head came with the first of them; the head says: size. */
static void send(const uint8_t *bytes, size_t given, size_t size, size_t first, enum fuzz_split split)
{
    struct core *c = calloc(1, sizeof *c);
    struct client *cl = calloc(1, sizeof *cl);
    char *rest = malloc(first + 1);
    memcpy(rest, bytes, first);
    request_begin(&cl->request);
    cl->request.length = (uint32_t)size;
    cl->number = 1;
    wire = (struct wire){bytes + first, given - first, fuzz_hash(bytes, given), split, 0};
    enum request_progress progress = parcel_begin(c, cl, rest, first);
    while (progress == REQUEST_MORE)
        progress = parcel_hear(c, cl);
    CLAIM(parcel_is_of(c, cl));
    CLAIM((progress == REQUEST_DONE) == (given >= size));
    CLAIM((progress == REQUEST_BROKEN) == (cl->request.refusal != NULL));
    CLAIM(c->control.parcel.have <= c->control.parcel.size);
    if (progress == REQUEST_DONE)
        CLAIM(memcmp(c->control.parcel.bytes, bytes, size) == 0);
    struct client other = {.number = 2};
    request_begin(&other.request);
    CLAIM(parcel_begin(c, &other, rest, first) == REQUEST_BROKEN && !parcel_is_of(c, &other));
    parcel_drop(c, &other);
    CLAIM(parcel_is_of(c, cl));
    parcel_drop(c, cl);
    CLAIM(!parcel_is_of(c, cl));
    free(rest);
    free(cl);
    free(c);
}

static void send_each_way(const uint8_t *bytes, size_t size)
{
    uint32_t hash = fuzz_hash(bytes, size);
    size_t first = hash % (size + 1), claimed = 1 + hash / 7 % (size + FEW);
    for (enum fuzz_split split = 0; split < SPLITS; split++)
        if (split != SPLIT_BYTES || size - first <= SHORT)
            send(bytes, size, split == SPLIT_NOT ? size : claimed, first, split);
}

/* --- what is compared --- */

static void claim_same(const struct plan *p, const struct plan *q)
{
    CLAIM(compare_pods(p, q) == NULL);
    for (uint32_t i = 0; i < p->unit_count; i++) {
        CLAIM(compare_units(p, i, q, i));
        CLAIM(compare_fixed(p, &p->units[i], q, &q->units[i]) == NULL);
    }
}

/* Whichever is the one that runs. */
static void claim_alike(const struct plan *p, const struct plan *q)
{
    CLAIM(compare_pods(p, q) == compare_pods(q, p));
    for (uint32_t i = 0; i < p->unit_count && i < FEW; i++)
        for (uint32_t j = 0; j < q->unit_count && j < FEW; j++) {
            const struct plan_unit *u = &p->units[i], *v = &q->units[j];
            CLAIM(compare_units(p, i, q, j) == compare_units(q, j, p, i));
            if (u->read_only == v->read_only)  /* the first one comes with the pod */
                CLAIM(!compare_fixed(p, u, q, v) == !compare_fixed(q, v, p, u));
        }
}

static void compare(const uint8_t *sent, const uint8_t *runs, size_t size)
{
    struct plan p, q;
    if (plan_refuse(sent, size))
        return;
    plan_open(&p, sent);
    uint8_t *copy = plan_signed(sent, size);
    plan_open(&q, copy);
    claim_same(&p, &q);
    free(copy);
    if (plan_refuse(runs, size))
        return;
    plan_open(&q, runs);
    claim_alike(&p, &q);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    uint8_t *sent = plan_signed(bytes, size), *other = plan_signed(bytes, size);
    uint32_t hash = fuzz_hash(bytes, size);
    if (size) {
        send_each_way(sent, size);
        other[plan_place(bytes, size, hash)] ^= (uint8_t)(1u << (hash >> 8 & 7));
    }
    uint8_t *runs = plan_signed(other, size);
    compare(sent, runs, size);
    free(runs);
    free(other);
    free(sent);
}
