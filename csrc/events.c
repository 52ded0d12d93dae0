/* --events: each record as a line of JSON, to a file or a descriptor that was given to us. It is never waited for: who
 * does not read loses the oldest ones, and is told how many. What is on a disk has a writer as log files have
 * (writer.c). It must never hold more than the sink and the ring do.
 */

#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core.h"
#include "footprint.h"
#include "json.h"
#include "say.h"

enum { OFTEN = 32 };         /* records */

/* --- before the pod --- */

/* The number that text is, -1 if it is none. */
static int read_number(const char *text)
{
    int number = 0;
    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9' || number > 100000000)
            return -1;
        number = number * 10 + (*at - '0');
    }
    return *text ? number : -1;
}

static int take_given(int fd)
{
    int flags = sys_flags(fd);
    if (flags < 0)
        die(EXIT_USAGE, "--events %d: there is no open descriptor %d; a file of that name is ./%d", fd, fd, fd);
    if ((flags & O_ACCMODE) == O_RDONLY)
        die(EXIT_USAGE, "--events %d: the descriptor is open for reading only", fd);
    if (fd > 2)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

/* A pipe without a reader is held open for one that comes. */
static int open_file(const char *path)
{
    int fd = sys_open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0644);
    if (fd == -ENXIO)
        fd = sys_open(path, O_RDWR | O_NONBLOCK, 0);
    if (fd < 0)
        die(EXIT_SET_UP, "cannot write the events %s: %s", path, say_error(-fd));
    return fd;
}

int events_open(const char *target)
{
    int number = read_number(target);
    return number >= 0 ? take_given(number) : open_file(target);
}

/* --- while it runs --- */

/* Our own stdout and stderr have a sink already: lines of two would not keep apart. */
void events_begin(struct core *c, int fd, const char *target)
{
    log_open_standard(c);
    struct sink *own = fd == 1 ? &c->sinks[SINK_OUT] : fd == 2 ? sink_err(c) : &c->sinks[SINK_EVENTS];
    c->events.target = target;
    c->events.number = (uint8_t)(own - c->sinks);
    if (fd > 2 && sys_type(fd) == S_IFREG)
        writer_open_events(c, fd);
    else if (fd > 2)
        sink_open(own, fd);
    c->events.is_open = 1;
}

static size_t put_lost(char *out, size_t room, uint64_t lost)
{
    struct json j;
    json_start(&j, out, room);
    json_object_begin(&j, NULL);
    json_number(&j, "lost", lost);
    json_object_end(&j);
    json_line_end(&j);
    return j.size;
}

static size_t put_record(const struct core *c, const struct record *r, char *out, size_t room)
{
    struct json j;
    json_start(&j, out, room);
    record_json(c, r, &j);
    json_line_end(&j);
    return j.size;
}

/* What is lost, if anything, and the record behind it: both, or neither when the sink has no room. */
static int write_one(struct core *c, struct sink *s)
{
    char text[2 * RECORD_LINE];
    uint64_t seq = c->events.written, lost;
    const struct record *r = record_read(c, &seq, &lost);
    size_t size = lost ? put_lost(text, sizeof text, lost) : 0;
    size += r ? put_record(c, r, text + size, sizeof text - size) : 0;
    if (!sink_put_line(c, s, text, (uint32_t)size))
        return 0;
    c->events.written = seq;
    return seq < record_next(c);
}

EACH_TURN void events_flush(struct core *c)
{
    struct sink *s = &c->sinks[c->events.number];
    if (!c->events.is_open || c->events.written == record_next(c))
        return;
    while (write_one(c, s)) {
    }
    if (!s->watched)
        sink_flush(c, s);
    if (s->dead && !c->events.is_lost)
        warn(c, "cannot write events any more");
    c->events.is_lost = s->dead;
}

/* The loop has no time to say that there is room. */
void events_keep_up(struct core *c)
{
    uint64_t behind = record_next(c) - c->events.written;
    if (!c->events.is_open || behind < RECORDS / 2 || behind % OFTEN != 0)
        return;
    if (c->events.number == SINK_EVENTS)
        sink_flush(c, &c->sinks[SINK_EVENTS]);
    events_flush(c);
}
