/* See message.h. It must never open a path in PID 1 itself, and never hold the end of a unit up for its message. */

#include "message.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "say.h"

enum { CHILD_MOST = 1 };        /* s: then the disk is not waited for any longer */

static const char *path_of(const struct core *c, const struct unit *u)
{
    return plan_text(&c->plan, u->plan->message_path);
}

/* --- text --- */

static void clean(struct message *m)
{
    for (uint16_t i = 0; i < m->size; i++)
        if (((unsigned char)m->text[i] < ' ' && m->text[i] != '\n' && m->text[i] != '\t') || m->text[i] == 0x7f)
            m->text[i] = '?';
}

static void add_line(struct message *m, const struct line *line)
{
    uint32_t size = line->size + !(line->flags & LINE_PARTIAL), skip = 0;
    if (size > MESSAGE_LOG)
        skip = size - MESSAGE_LOG, size = MESSAGE_LOG;
    uint32_t gone = m->size + size > MESSAGE_LOG ? m->size + size - MESSAGE_LOG : 0;
    memmove(m->text, m->text + gone, m->size - gone);
    m->size = (uint16_t)(m->size - gone);
    memcpy(m->text + m->size, line->text + skip, line->size - skip);
    if (!(line->flags & LINE_PARTIAL))
        m->text[m->size + size - 1] = '\n';
    m->size = (uint16_t)(m->size + size);
}

/* The last lines of an instance that failed without a word. */
static void take_log(const struct core *c, struct unit *u)
{
    const struct ring *ring = log_ring(c, u, 0);
    uint64_t position = ring_tail(ring, MESSAGE_LINES);
    struct line line;
    while (ring_read(ring, &position, &line))
        add_line(u->message, &line);
}

static void settle(const struct core *c, struct unit *u)
{
    struct message *m = u->message;
    if (!m->size && u->plan->message_from_log && u->code && u->start_stage == STAGE_NONE)
        take_log(c, u);
    clean(m);
}

static void close_line(struct core *c, struct message *m)
{
    if (m->line < 0)
        return;
    loop_forget(c, m->line);
    sys_close(m->line);
    m->line = -1;
}

size_t message_of(const struct unit *u, uint32_t instance, const char **text)
{
    if (!u->message || !instance || u->message->instance != instance)
        return 0;
    *text = u->message->text;
    return u->message->size;
}

void message_say(struct core *c, struct unit *u, const char *text)
{
    struct message *m = u->message;
    if (!m)
        return;
    close_line(c, m);  /* what the instance before left is not this one's */
    m->instance = u->book.instances;
    m->size = (uint16_t)say_format(m->text, sizeof m->text, "%s", text);
    clean(m);
}

/* --- a file of memory --- */

/* A new one for each instance: who is left of the one before writes into the old. */
void message_open_unit(struct core *c, struct unit *u)
{
    struct message *m = u->message;
    if (!m || !u->plan->message_own)
        return;
    if (m->file >= 0)
        sys_close(m->file);
    m->file = sys_memory_file("termination-log");
    if (m->file < 0)
        warn(c, "%s: there will be no termination message: %s", u->name, say_error(-m->file));
}

/* --- a path --- */

void message_read_path(const struct core *c, struct unit *u)
{
    struct message *m = u->message;
    if (!m || m->line < 0 || u->start_stage != STAGE_NONE)
        return;
    m->size = (uint16_t)message_read_file(c, u, m->text);
    settle(c, u);
}

static _Noreturn void help(const struct core *c, const struct unit *u, int line)
{
    static char text[MESSAGE_ROOM];
    signal(SIGALRM, SIG_DFL);
    sys_hold(SIG_SETMASK, 0, NULL);
    alarm(CHILD_MOST);
    int64_t size = message_read_file(c, u, text);
    if (size > 0)
        sys_write(line, text, (size_t)size);
    _exit(0);
}

/* Where there is nothing to fork with there is no message. */
static void read_by_child(struct core *c, struct unit *u)
{
    struct message *m = u->message;
    int ends[2];
    close_line(c, m);
    if (sys_pipe_nonblocking(ends) < 0)
        return;
    if (loop_watch(c, ends[0], EPOLLIN, WATCH_MESSAGE, u->slot) < 0) {
        sys_close(ends[0]);
        sys_close(ends[1]);
        return;
    }
    m->line = ends[0];
    int32_t pid = sys_fork();
    if (pid == 0)
        help(c, u, ends[1]);
    sys_close(ends[1]);
    if (m->reader)
        c->forgotten++;  /* an older one, which hangs */
    else
        c->helpers += pid > 0;
    m->reader = pid > 0 ? pid : 0;
    if (pid < 0)
        close_line(c, m);
}

void message_read(struct core *c, struct unit *u)
{
    struct message *m = u->message;
    if (m->line < 0)
        return;
    int64_t size = sys_read(m->line, m->text + m->size, sizeof m->text - m->size);
    if (size == -EAGAIN)
        return;
    if (size > 0) {
        m->size = (uint16_t)(m->size + size);
        if (m->size < sizeof m->text)
            return;
    }
    close_line(c, m);
    settle(c, u);
}

void message_close(struct unit *u)
{
    struct message *m = u->message;
    if (!m)
        return;
    if (m->file >= 0)
        sys_close(m->file);
    m->file = -1;
}

void message_end(struct core *c, struct unit *u)
{
    message_close(u);
    if (u->message)
        close_line(c, u->message);
}

int message_child_ended(struct core *c, int32_t pid)
{
    for (uint32_t i = 0; c->helpers && i < c->slot_count; i++) {
        struct message *m = c->slots[i]->message;
        if (!m || m->reader != pid)
            continue;
        m->reader = 0;
        c->helpers--;
        return 1;
    }
    return 0;
}

int message_is(const struct core *c, int32_t pid)
{
    for (uint32_t i = 0; c->helpers && i < c->slot_count; i++)
        if (c->slots[i]->message && c->slots[i]->message->reader == pid)
            return 1;
    return 0;
}

/* --- both --- */

void message_take(struct core *c, struct unit *u)
{
    struct message *m = u->message;
    if (!m)
        return;
    m->instance = u->book.instances;
    m->size = 0;
    if (u->plan->message_own && m->file >= 0) {
        int64_t size = sys_read_at(m->file, m->text, sizeof m->text, 0);
        m->size = size > 0 ? (uint16_t)size : 0;
    }
    if (*path_of(c, u))
        read_by_child(c, u);
    else
        settle(c, u);
}
