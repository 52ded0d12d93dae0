/* Who knocks at the control server's door: clients that a script has say bytes, read as much as they like, stop, and
 * leave. A door is there once a script has anybody come. It must never know what is said.
 *
 * A client says what it has to say whether it was let in or not, as on a real socket.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

enum { KNOCKERS = 128 };

/* WAITS: in the kernel's queue before the door. */
enum presence { NOT_THERE, WAITS, IS_IN, WAS_SENT_AWAY };

static struct knocker {
    enum presence presence;
    uint64_t order;
    uint8_t says_no_more, has_left;
    struct pipe words;
    uint64_t room;                  /* bytes that it still reads */
    char *heard;
    size_t heard_size;
} knockers[KNOCKERS];

/* --- what the script says --- */

static void come(struct knocker *k)
{
    static uint64_t orders;
    if (k->presence != NOT_THERE)
        return;
    *k = (struct knocker){.presence = WAITS, .order = ++orders, .room = NEVER};
}

/* "says HEX" comes as bytes, all else as words. */
void knocker_turned(const struct fact *f)
{
    struct knocker *k = &knockers[f->a];
    unsigned long room;
    come(k);
    if (f->size)
        pipe_write(&k->words, f->text, f->size);
    else if (sscanf(f->text, "reads %lu", &room) == 1)
        k->room = room;
    else if (strcmp(f->text, "ends") == 0)
        k->says_no_more = 1;
    else if (strcmp(f->text, "leaves") == 0)
        k->says_no_more = k->has_left = 1;
    else if (strcmp(f->text, "comes") != 0)
        broken("a client cannot do that");
}

/* --- the door --- */

void door_open(struct core *c)
{
    c->control.doors[DOOR_LOCAL] = c->control.doors[DOOR_TCP] = -1;
    if (fake.has_door)
        c->control.doors[DOOR_LOCAL] = open_as((struct descriptor){.kind = DOOR, .nonblocking = 1});
}

void door_close(struct core *c)
{
    if (c->control.doors[DOOR_LOCAL] >= 0)
        sys_close(c->control.doors[DOOR_LOCAL]);
    c->control.doors[DOOR_LOCAL] = -1;
}

static struct knocker *first_in_queue(void)
{
    struct knocker *first = NULL;
    for (int i = 0; i < KNOCKERS; i++)
        if (knockers[i].presence == WAITS && (!first || knockers[i].order < first->order))
            first = &knockers[i];
    return first;
}

int sys_accept(int listener)
{
    struct knocker *k = first_in_queue();
    int error = fails(ACCEPT);
    if (held(listener)->kind != DOOR)
        broken("somebody was let in by what is no door");
    if (error || !k)
        return error ? error : -EAGAIN;
    k->presence = IS_IN;
    return open_as((struct descriptor){.kind = CLIENT, .nonblocking = 1, .pid = (int32_t)(k - knockers)});
}

int sys_peer(int fd, struct sys_sender *who)
{
    int error = fails(PEER);
    if (held(fd)->kind != CLIENT)
        broken("a stranger was asked who he is");
    *who = (struct sys_sender){error ? 0 : 7, error ? UINT32_MAX : sys_uid(), 0};
    return error;
}

/* --- who is in --- */

static struct knocker *knocker_at(const struct descriptor *d) { return &knockers[d->pid]; }

int64_t knocker_read(const struct descriptor *d, char *to, size_t size)
{
    struct pipe *words = &knocker_at(d)->words;
    size_t left = words->size - words->head;
    int error = fails(HEAR);
    if (error)
        return error;
    if (left == 0)
        return knocker_at(d)->says_no_more ? 0 : -EAGAIN;
    size = size < left ? size : left;
    memcpy(to, words->data + words->head, size);
    words->head += size;
    return (int64_t)size;
}

int64_t knocker_send(const struct descriptor *d, const char *from, size_t size)
{
    struct knocker *k = knocker_at(d);
    int error = fails(TELL);
    if (error)
        return error;
    if (k->has_left)
        return -EPIPE;
    size = size < k->room ? size : k->room;
    if (size == 0)
        return -EAGAIN;
    k->heard = realloc(k->heard, k->heard_size + size);
    memcpy(k->heard + k->heard_size, from, size);
    k->heard_size += size;
    k->room -= k->room == NEVER ? 0 : size;
    return (int64_t)size;
}

/* HUP is told whatever is asked for. */
uint32_t knocker_events(const struct descriptor *d, uint32_t asked)
{
    const struct knocker *k = knocker_at(d);
    uint32_t events = k->has_left ? EPOLLHUP : 0;
    if (k->says_no_more || k->words.size > k->words.head)
        events |= EPOLLIN;
    if (k->room || k->has_left)
        events |= EPOLLOUT;
    return events & (asked | EPOLLHUP);
}

int door_is_ready(void) { return first_in_queue() != NULL; }

void knocker_closed(const struct descriptor *d) { knocker_at(d)->presence = WAS_SENT_AWAY; }

int sys_shut(int fd, int how)
{
    (void)how;
    if (held(fd)->kind != CLIENT)
        broken("what is no client was shut");
    return fails(SHUT);
}

/* As the kernel has it, at a page of its own: nobody else's memory is beside it. */
void *sys_map(size_t size)
{
    void *at = fails(MAP) ? NULL : aligned_alloc(PAGE, (size + PAGE - 1) & ~(size_t)(PAGE - 1));
    fake.maps += at != NULL;
    return at ? memset(at, 0, size) : NULL;
}

void sys_unmap(void *at, size_t size)
{
    (void)size;
    fake.maps -= at != NULL;
    free(at);
}

/* Units' words and variables, which the core maps and gives back by itself. */
void *__real_arena_map(uint64_t size);
void *__wrap_arena_map(uint64_t size);
void *__wrap_arena_map(uint64_t size) { return fails(ARENA) ? NULL : __real_arena_map(size); }

/* What is given back is gone. */
int sys_give_back(void *at, size_t size)
{
    int error = fails(GIVE_BACK);
    if (!error)
        memset(at, 0, size);
    return error;
}

void knockers_report(void (*put)(const char *bytes, size_t size))
{
    for (int i = 0; i < KNOCKERS; i++) {
        if (knockers[i].presence == NOT_THERE)
            continue;
        printf("0 heard %d %d ", i, knockers[i].presence == WAS_SENT_AWAY);
        put(knockers[i].heard, knockers[i].heard_size);
        putchar('\n');
    }
}
