/* The parent's half of log files: one child for each file, that reads whole lines from a pipe and writes them (file.c).
 * It outlives the units, ends when its pipe is closed and empty, and is begun anew when it dies before; what stands in
 * the pipe then is the next one's. The child is one of which the kernel tells no wait for children, so that neither
 * reaping nor the last sweep ever takes it for a process of the pod's. It must never be waited for, but by the end's
 * own budget.
 */

#include "writer.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "apart.h"
#include "core.h"
#include "footprint.h"
#include "say.h"

/* Whose file it is. */
static const char *name_of(const struct file_writer *w) { return w->unit ? w->unit->name : "events"; }

static uint32_t index_of(const struct core *c, const struct file_writer *w) { return (uint32_t)(w - c->writers); }

uint32_t writer_count(const struct core *c)
{
    uint32_t count = 1;  /* the events' */
    for (uint32_t i = 0; i < c->plan.unit_count; i++)
        count += c->plan.units[i].log.file.size > 0;
    return count;
}

int writer_is(const struct core *c, int32_t pid)
{
    for (uint32_t i = 0; i < c->writer_count; i++)
        if (c->writers[i].pid == pid)
            return 1;
    return 0;
}

/* --- begin --- */

/* None can be begun for now; said once. */
static void lack(struct core *c, struct file_writer *w, const char *what, int error)
{
    if (!w->lacking)
        warn(c, "%s: cannot begin the writer of %s: %s: %s; trying again", name_of(w), w->job.path, what,
             say_error(-error));
    w->lacking = 1;
    w->due = c->now + c->plan.pod->retry_ns;
}

static int open_news(struct core *c, struct file_writer *w, int ends[2])
{
    int result = sys_pipe(ends);
    if (result < 0)
        return result;
    sys_nonblocking(ends[0], O_RDONLY);
    if ((result = loop_watch(c, ends[0], EPOLLIN, WATCH_WRITER, index_of(c, w))) < 0) {
        sys_close(ends[0]);
        sys_close(ends[1]);
    }
    return result;
}

static void begin(struct core *c, struct file_writer *w)
{
    int ends[2], result = open_news(c, w, ends);
    if (result < 0) {
        lack(c, w, "a pipe", result);
        return;
    }
    int32_t pid = sys_fork_apart();
    if (pid == 0)
        file_run(&w->job, w->read_end, ends[1], c->null);
    sys_close(ends[1]);
    w->news = ends[0];
    if (pid < 0) {
        apart_deaf(c, &w->news);
        lack(c, w, "fork", pid);
        return;
    }
    w->pid = pid;
    w->began_at = c->now;
    w->gone = w->lacking = w->failing = 0;
    w->due = 0;
}

/* --- set-up --- */

static struct file_writer *find(const struct core *c, const char *path)
{
    for (uint32_t i = 0; i < c->writer_count; i++)
        if (strcmp(c->writers[i].job.path, path) == 0)
            return &c->writers[i];
    return NULL;
}

static struct file_writer *add(struct core *c, struct unit *u, uint32_t sink, struct file_job job)
{
    int ends[2], result = sys_pipe(ends);
    struct file_writer *w = &c->writers[c->writer_count];
    *w = (struct file_writer){.unit = u, .job = job, .sink = sink, .news = -1};
    if (result < 0)
        die(EXIT_SET_UP, "%s: cannot make a pipe for %s: %s", name_of(w), job.path, say_error(-result));
    c->writer_count++;
    w->read_end = ends[0];
    sys_nonblocking(ends[1], O_WRONLY);
    sink_open(&c->sinks[sink], ends[1]);
    begin(c, w);
    return w;
}

void writer_open_events(struct core *c, int fd)
{
    add(c, NULL, SINK_EVENTS, (struct file_job){NULL, c->events.target, fd});
}

/* Units that name one file share its writer. */
void writer_open_all(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++) {
        struct unit *u = c->units[i];
        if (u->plan->log.file.size == 0)
            continue;
        const struct file_job job = {&u->plan->log, plan_text(&c->plan, u->plan->log.file), -1};
        const struct file_writer *w = find(c, job.path);
        if (!w)
            w = add(c, u, SINK_FILES + c->writer_count, job);
        for (uint32_t j = 0; j < 2; j++)
            u->streams[j].sink = w->sink;
    }
}

/* --- news --- */

static const char *const stage_words[] = {
    [FILE_FINE] = "", [FILE_OPEN] = "open", [FILE_WRITE] = "write", [FILE_ROTATE] = "rotate",
};

static void tell(struct core *c, struct file_writer *w, const struct file_news *news)
{
    if (w->unit)
        log_count_dropped(c, w->unit, news->lines);
    else
        c->dropped_lines += news->lines;
    if (news->stage == FILE_FINE && w->failing) {
        warn(c, "%s: %s is written again", name_of(w), w->job.path);
        c->tell_at = c->tell_at ? c->now : 0;
    } else if (news->stage != FILE_FINE && news->stage != w->failing && news->stage <= FILE_ROTATE) {
        warn(c, "%s: cannot %s %s: %s; what it writes is dropped until that can be done", name_of(w),
             stage_words[news->stage], w->job.path, say_error(news->error));
    }
    w->failing = (uint8_t)news->stage;
}

/* It ends right after its news do; only then it can be reaped. */
void writer_heard(struct core *c, uint32_t index)
{
    struct file_writer *w = &c->writers[index];
    struct file_news news;
    int64_t size = w->news < 0 ? -1 : sys_read(w->news, &news, sizeof news);
    if (size == sizeof news)
        tell(c, w, &news);
    if (size != 0)
        return;
    apart_deaf(c, &w->news);
    w->gone = 1;
    w->wait = APART_LOOK_NS;
    w->due = c->now;
}

/* A writer that dies at once, again and again, is not begun in a row. */
static void tell_death(struct core *c, struct file_writer *w, const struct sys_exit *end)
{
    uint64_t soonest = w->began_at + c->plan.pod->retry_ns;
    if (w->killed || (w->closed && !end->by_signal && end->code == 0))
        return;
    if (end->by_signal)
        warn(c, "%s: the writer of %s was ended by %s; what it had taken may be lost", name_of(w), w->job.path,
             signal_word(end->code));
    else
        warn(c, "%s: the writer of %s ended with %u", name_of(w), w->job.path, (unsigned)end->code);
    w->due = soonest > c->now ? soonest : c->now;
}

static void reap(struct core *c, struct file_writer *w)
{
    struct sys_exit end;
    int result = sys_reap_apart(w->pid, &end);
    if (result == 0) {
        w->due = apart_next_look(c, &w->wait);
        return;
    }
    if (result < 0)
        end = (struct sys_exit){w->pid, 0, 0};
    w->pid = 0;
    w->due = 0;
    tell_death(c, w, &end);
}

void writer_turn(struct core *c)
{
    for (uint32_t i = 0; i < c->writer_count; i++) {
        struct file_writer *w = &c->writers[i];
        if (w->due && w->due <= c->now && w->pid)
            reap(c, w);
        if (w->due && w->due <= c->now && !w->pid)
            begin(c, w);
    }
}

EACH_TURN uint64_t writer_next(const struct core *c)
{
    uint64_t next = 0;
    for (uint32_t i = 0; i < c->writer_count; i++)
        if (c->writers[i].due && (next == 0 || c->writers[i].due < next))
            next = c->writers[i].due;
    return next;
}

/* --- the end --- */

static int is_awaited(const struct core *c, const struct file_writer *w)
{
    for (uint32_t i = 0; i < 2 * c->slot_count; i++)
        if (c->slots[i / 2]->streams[i % 2].stalled && c->slots[i / 2]->streams[i % 2].sink == w->sink)
            return 1;
    return c->sinks[w->sink].fill > 0;
}

void writer_close_done(struct core *c)
{
    for (uint32_t i = 0; i < c->writer_count; i++) {
        struct file_writer *w = &c->writers[i];
        struct sink *s = &c->sinks[w->sink];
        if (w->closed || is_awaited(c, w))
            continue;
        sys_close(s->fd);
        s->fd = -1;
        s->dead = w->closed = 1;
    }
}

/* A disk that hangs: what it was to get is lost, but nobody stays behind us, who can be killed. */
void writer_kill_left(struct core *c)
{
    for (uint32_t i = 0; i < c->writer_count; i++) {
        struct file_writer *w = &c->writers[i];
        if (!w->pid)
            continue;
        warn(c, "%s: %s could not be written in time: its last lines are lost", name_of(w), w->job.path);
        sys_kill(w->pid, SIGKILL);
        w->killed = 1;
        w->wait = APART_LOOK_NS;
        w->due = c->now;
    }
}

/* Whom not even KILL ends at once: the next look must not wait for it again. */
void writer_give_up(struct core *c)
{
    for (uint32_t i = 0; i < c->writer_count; i++) {
        c->writers[i].pid = 0;
        c->writers[i].due = 0;
    }
}

int writer_is_left(const struct core *c)
{
    for (uint32_t i = 0; i < c->writer_count; i++)
        if (c->writers[i].pid || c->writers[i].due)
            return 1;
    return 0;
}
