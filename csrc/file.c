/* The child that writes one log file: lines from a pipe, whole ones, into the file, which makes way for the next when
 * it is full. What cannot be written is dropped and counted; the parent is told once what is wrong, how much was
 * dropped at most once a second, and when it is well again. It may wait for the disk as long as it likes. It must never
 * leave a piece of a line in the file, never let a file grow beyond its size for more than one line, and never touch
 * the pod's memory: what it has is a copy.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>  /* for rename() alone */
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "given.h"
#include "say.h"
#include "writer.h"

enum { ROOM = SINK_ROOM, PATH_MOST = 4096, AGAIN_S = 1, MODE = 0644 };

static struct file {
    const struct plan_log *log;     /* NULL: the events */
    const char *path;
    int fd, news;
    uint64_t size;          /* of the file, always at the end of a line */
    uint64_t lost;          /* events that were dropped, and of which the file does not tell yet */
    uint8_t is_regular;     /* and what went in last can be taken out again */
    uint8_t unended;        /* what stands in it ends without a newline */
    struct file_news told;  /* what fails, as told last; lines: dropped since */
    int64_t told_at, tried_at;      /* s; when a file was opened or made way in vain */
    char path_of[2][PATH_MOST];
} file;

static char lines[ROOM];

static int64_t now(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1;
}

/* --- news --- */

static void send_news(struct file *f)
{
    (void)!write(f->news, &f->told, sizeof f->told);
    f->told.lines = 0;
    f->told_at = now();
}

static void fail(struct file *f, enum file_stage stage, int error)
{
    int is_new = f->told.stage != (uint32_t)stage;
    f->told.stage = (uint32_t)stage;
    f->told.error = error;
    if (is_new)
        send_news(f);
}

static void recover(struct file *f)
{
    if (f->told.stage == FILE_FINE)
        return;
    f->told.stage = FILE_FINE;
    send_news(f);
}

/* How many events are lost with this line: it may be one that tells of some. */
static uint64_t count_lost(const char *line)
{
    static const char word[] = "{\"lost\":";
    uint64_t count = 0;
    if (strncmp(line, word, sizeof word - 1) != 0)
        return 1;
    for (const char *at = line + sizeof word - 1; *at >= '0' && *at <= '9'; at++)
        count = 10 * count + (uint64_t)(*at - '0');
    return count;
}

static void drop(struct file *f, const char *text, size_t size)
{
    const char *next, *end = text + size;
    for (const char *at = text; (next = memchr(at, '\n', (size_t)(end - at))); at = next + 1) {
        f->told.lines++;
        f->lost += f->log ? 0 : count_lost(at);
    }
    if (f->told.lines && now() - f->told_at >= AGAIN_S)
        send_news(f);
}

/* --- opening --- */

/* Whoever wrote into it before us may have been stopped in the middle of a line. */
static int ends_in_newline(const struct file *f)
{
    char name[32], last = '\n';
    name[say_format(name, sizeof name - 1, "/proc/self/fd/%d", f->fd)] = 0;
    int fd = f->size ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0)
        (void)!pread(fd, &last, 1, (off_t)f->size - 1);
    close(fd);
    return last == '\n';
}

/* Without O_APPEND there is a place to write at that others share; what is cut off there leaves a hole. */
static void look_at(struct file *f)
{
    struct stat st;
    f->is_regular = fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) && fcntl(f->fd, F_GETFL) & O_APPEND;
    f->size = f->is_regular ? (uint64_t)st.st_size : 0;
    f->unended = f->is_regular && !ends_in_newline(f);
}

static int open_file(struct file *f)
{
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, MODE);
    if (f->fd < 0)
        return -errno;
    look_at(f);
    return 0;
}

/* What was tried in vain is tried again, but not for each line. */
static int is_resting(struct file *f)
{
    int64_t moment = now();
    if (f->tried_at && moment - f->tried_at < AGAIN_S)
        return 1;
    f->tried_at = moment;
    return 0;
}

static int be_open(struct file *f)
{
    if (f->fd >= 0)
        return 1;
    int result = is_resting(f) ? 1 : open_file(f);
    if (result < 0)
        fail(f, FILE_OPEN, -result);
    if (result == 0)
        f->tried_at = 0;
    return result == 0;
}

/* --- making way --- */

/* FILE.1 is the newest of those that are kept. */
static const char *name_of(struct file *f, uint32_t number)
{
    char *out = f->path_of[number % 2];
    size_t size = number ? say_format(out, PATH_MOST - 1, "%s.%u", f->path, number)
                         : say_format(out, PATH_MOST - 1, "%s", f->path);
    out[size] = 0;
    return out;
}

/* Up to the first name that is free: what failed half-way before has left one, and is not done twice. */
static uint32_t find_last(struct file *f)
{
    struct stat st;
    uint32_t number = f->log->keep < 1 ? 0 : 1;
    while (number < f->log->keep && lstat(name_of(f, number), &st) == 0)
        number++;
    return number;
}

/* From the oldest on: at no moment does a name stand for two, and what fails half-way has lost but the oldest. */
static int rotate(struct file *f)
{
    for (uint32_t number = find_last(f); number > 0; number--)
        if (rename(name_of(f, number - 1), name_of(f, number)) < 0 && errno != ENOENT)
            return -errno;
    if (f->log->keep == 0 && unlink(f->path) < 0 && errno != ENOENT)
        return -errno;
    close(f->fd);
    f->fd = -1;
    return 0;
}

/* Somebody else has made room in it, and it is not full at all. */
static int has_shrunk(struct file *f)
{
    struct stat st;
    int has = fstat(f->fd, &st) == 0 && (uint64_t)st.st_size < f->size;
    if (has)
        f->size = (uint64_t)st.st_size;
    return has;
}

static int make_way(struct file *f)
{
    int result = is_resting(f) ? 1 : rotate(f);
    if (result < 0)
        fail(f, FILE_ROTATE, -result);
    if (result == 0)
        f->tried_at = 0;
    return result == 0 && be_open(f);
}

/* --- writing --- */

/* How much of the lines goes into this file: whole ones, and one at least. 0: it is full. */
static size_t fit(const struct file *f, const char *text, size_t size)
{
    if (!f->is_regular || !f->log || f->log->max_size == 0 || f->size + size <= f->log->max_size)
        return size;
    uint64_t left = f->size < f->log->max_size ? f->log->max_size - f->size : 0;
    const char *end = memrchr(text, '\n', left < size ? (size_t)left : size);
    if (end)
        return (size_t)(end - text) + 1;
    if (f->size > 0)
        return 0;
    end = memchr(text, '\n', size);
    return end ? (size_t)(end - text) + 1 : size;
}

/* Returns how much was written; errno tells why not all. */
static size_t write_some(int fd, const char *text, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(fd, text + done, size - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    return done;
}

/* That the last bytes of the file are ours: done of them, or fewer bytes are before them than we thought. */
static int ends_in_ours(struct file *f, size_t done)
{
    struct stat st;
    if (!f->is_regular || fstat(f->fd, &st) < 0 || (uint64_t)st.st_size > f->size + done || (uint64_t)st.st_size < done)
        return 0;
    f->size = (uint64_t)st.st_size - done;
    return 1;
}

/* What went in beyond the last whole line goes out again. Returns how much stays. */
static size_t cut_back(struct file *f, const char *text, size_t done)
{
    const char *end = done ? memrchr(text, '\n', done) : NULL;
    size_t stays = end ? (size_t)(end - text) + 1 : 0;
    if (stays == done || (ends_in_ours(f, done) && ftruncate(f->fd, (off_t)(f->size + stays)) == 0))
        return stays;
    f->unended = 1;
    f->size += done - stays;
    return stays;
}

/* 1; 0 when not all of it could be written: *stays bytes of whole lines are there then. */
static int put(struct file *f, const char *text, size_t size, size_t *stays)
{
    errno = 0;
    size_t done = write_some(f->fd, text, size);
    int error = errno;
    *stays = done < size ? cut_back(f, text, done) : size;
    f->size += *stays;
    if (done < size)
        fail(f, FILE_WRITE, error);
    return done == size;
}

/* What has to stand there before the next line. */
static int put_before(struct file *f)
{
    char lost[48];
    size_t stays, size = say_format(lost, sizeof lost, "{\"lost\":%lu}\n", f->lost);
    if (f->unended && !put(f, "\n", 1, &stays))
        return 0;
    f->unended = 0;
    if (f->lost && !put(f, lost, size, &stays))
        return 0;
    f->lost = 0;
    return 1;
}

static size_t write_piece(struct file *f, const char *text, size_t size)
{
    size_t stays = 0;
    if (put_before(f) && put(f, text, size, &stays))
        recover(f);
    return stays;
}

static void write_lines(struct file *f, const char *text, size_t size)
{
    while (size) {
        size_t piece = be_open(f) ? fit(f, text, size) : 0, done = 0;
        if (piece == 0 && f->fd >= 0 && has_shrunk(f))
            piece = fit(f, text, size);
        if (piece == 0 && f->fd >= 0 && make_way(f))
            piece = fit(f, text, size);
        if (piece)
            done = write_piece(f, text, piece);
        text += done;
        size -= done;
        if (piece == 0 || done < piece)
            break;
    }
    drop(f, text, size);
}

/* --- reading --- */

/* A line that fills all room has no end that we could wait for. */
static size_t take(struct file *f, size_t fill, int is_last)
{
    const char *end = memrchr(lines, '\n', fill);
    size_t size = is_last || (!end && fill == ROOM) ? fill : end ? (size_t)(end - lines) + 1 : 0;
    write_lines(f, lines, size);
    memmove(lines, lines + size, fill - size);
    return fill - size;
}

/* What was dropped is told even if nothing comes any more. */
static void await(struct file *f, int pipe)
{
    struct pollfd more = {pipe, POLLIN, 0};
    if (f->told.lines && poll(&more, 1, AGAIN_S * 1000) == 0)
        send_news(f);
}

static void copy_all(struct file *f, int pipe)
{
    size_t fill = 0;
    ssize_t n;
    for (await(f, pipe); (n = read(pipe, lines + fill, ROOM - fill)) > 0 || (n < 0 && errno == EINTR); await(f, pipe))
        fill = n > 0 ? take(f, fill + (size_t)n, 0) : fill;
    take(f, fill, 1);
    if (f->lost && put_before(f))
        recover(f);
    if (f->told.lines)
        send_news(f);
}

/* --- the process --- */

/* The pod's descriptors are not ours: a pipe that we held open would never end for who reads it. What is open already
 * is our stdout. */
static void keep_only(int file, int pipe, int news, int null)
{
    for (int fd = 0; fd < 3; fd++)
        dup2(fd == STDOUT_FILENO && file >= 0 ? file : null, fd);
    given_close_but(pipe, news);
}

/* All signals stay held, as they are: those that end the pod must not end its last words. */
_Noreturn void file_run(const struct file_job *job, int pipe, int news, int null)
{
    struct file *f = &file;
    keep_only(job->fd, pipe, news, null);
    prctl(PR_SET_NAME, "minipod-log");
    signal(SIGPIPE, SIG_IGN);
    *f = (struct file){.log = job->log, .path = job->path, .fd = job->fd < 0 ? -1 : STDOUT_FILENO, .news = news};
    if (f->fd >= 0)
        look_at(f);
    copy_all(f, pipe);
    _exit(0);
}
