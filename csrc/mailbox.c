/* A unit's mailbox: the local socket that its programs send datagrams to, with the sender's credentials. Anybody may
 * write to it, so a read is one message of bounded size, and descriptors are never taken in.
 *
 * To let go of the last reference to a descriptor can take as long as its owner likes: a TCP socket that lingers held
 * us up, in recvmsg, for the time it was given. So a message is looked at in the queue, and one that carries
 * descriptors is taken out by a child. It must never take out such a message itself, and never wait for that child.
 */

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "core.h"
#include "footprint.h"
#include "say.h"

enum { NAME_ROOM = 64 };
enum { CHILD_MOST = 1 };        /* s: then what the child waits for is broken off */

/* The name is abstract: no directory need be writable. Credentials are asked for before anybody can send. */
static int open_socket(const struct core *c, uint32_t number)
{
    char name[NAME_ROOM];
    size_t size = say_format(name, sizeof name, "minipod/%s/%u", c->mark, number);
    int fd = sys_datagrams(), result = fd < 0 ? fd : sys_pass_credentials(fd);
    if (result >= 0)
        result = sys_bind_abstract(fd, name, size);
    if (result >= 0 || fd < 0)
        return fd;
    sys_close(fd);
    return result;
}

int mailbox_open(struct core *c, struct unit *u)
{
    int fd = open_socket(c, u->number), result = fd < 0 ? fd : loop_watch(c, fd, EPOLLIN, WATCH_NOTIFY, u->slot);
    if (result >= 0)
        u->notes->socket = fd;
    else if (fd >= 0)
        sys_close(fd);
    return result;
}

void mailbox_close(struct core *c, struct unit *u)
{
    struct notes *n = u->notes;
    if (!n || n->socket < 0)
        return;
    loop_forget(c, n->socket);
    sys_close(n->socket);
    n->socket = -1;
    c->mail_held -= n->held;
    n->held = 0;
}

static void listen_again(struct core *c, const struct unit *u, int on)
{
    loop_change(c, u->notes->socket, on ? EPOLLIN : 0, WATCH_NOTIFY, u->slot);
}

/* --- one message --- */

/* Its whole length, of which text holds what there was room for; -EAGAIN: there is none, or it is being taken out. It
 * stays where it is until mailbox_drop(). */
int64_t mailbox_look(const struct unit *u, char *text, size_t room, struct sys_sender *from)
{
    const struct notes *n = u->notes;
    return n->socket < 0 || n->helper || n->held ? -EAGAIN : sys_peek(n->socket, text, room, from);
}

static _Noreturn void help(int socket)
{
    signal(SIGALRM, SIG_DFL);
    sys_hold(SIG_SETMASK, 0, NULL);
    alarm(CHILD_MOST);
    sys_drop(socket);
    _exit(0);
}

/* Where there is nothing to fork with the message waits, and all behind it. */
static void drop_by_child(struct core *c, struct unit *u)
{
    struct notes *n = u->notes;
    int32_t pid = sys_fork();
    if (pid == 0)
        help(n->socket);
    if (pid < 0 && !n->held)
        warn(c, "%s: cannot take out a notify message: %s; trying again", u->name, say_error(-pid));
    listen_again(c, u, 0);
    c->mail_held -= n->held;
    n->held = pid < 0;
    c->mail_held += n->held;
    c->helpers += pid > 0;
    n->helper = pid > 0 ? pid : 0;
}

void mailbox_drop(struct core *c, struct unit *u, const struct sys_sender *from)
{
    if (from->sends_fds)
        drop_by_child(c, u);
    else
        sys_drop(u->notes->socket);
}

EACH_TURN void mailbox_retry(struct core *c)
{
    for (uint32_t i = 0; c->mail_held && i < c->slot_count; i++)
        if (c->slots[i]->notes && c->slots[i]->notes->held)
            drop_by_child(c, c->slots[i]);
}

/* Whether it was a child of ours that took out a message. */
int mailbox_child_ended(struct core *c, int32_t pid)
{
    for (uint32_t i = 0; c->helpers && i < c->slot_count; i++) {
        struct unit *u = c->slots[i];
        if (!u->notes || u->notes->helper != pid)
            continue;
        u->notes->helper = 0;
        c->helpers--;
        listen_again(c, u, 1);
        return 1;
    }
    return 0;
}
