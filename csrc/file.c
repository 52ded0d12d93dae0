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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "say.h"
#include "writer.h"

enum { ROOM = SINK_ROOM, PATH_MOST = 4096, AGAIN_S = 1, MODE = 0644 };

static struct file {
    const struct plan_log *log;
    const char *path;
    int fd, news;
    uint64_t size;          /* of the file, always at the end of a line */
    uint8_t is_regular;
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

static void drop(struct file *f, const char *text, size_t size)
{
    for (const char *at = text, *end = text + size; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        f->told.lines++;
    if (f->told.lines && now() - f->told_at >= AGAIN_S)
        send_news(f);
}

/* --- opening --- */

/* Whoever wrote into it before us may have been stopped in the middle of a line. */
static int ends_in_newline(const struct file *f)
{
    char last = '\n';
    int fd = f->size ? open(f->path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0)
        (void)!pread(fd, &last, 1, (off_t)f->size - 1);
    close(fd);
    return last == '\n';
}

static int open_file(struct file *f)
{
    struct stat st;
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, MODE);
    if (f->fd < 0)
        return -errno;
    f->is_regular = fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode);
    f->size = f->is_regular ? (uint64_t)st.st_size : 0;
    f->unended = f->is_regular && !ends_in_newline(f);
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

/* From the oldest on: at no moment does a name stand for two, and what fails half-way has lost but the oldest. */
static int rotate(struct file *f)
{
    for (uint32_t number = f->log->keep; number > 0; number--)
        if (rename(name_of(f, number - 1), name_of(f, number)) < 0 && errno != ENOENT)
            return -errno;
    if (f->log->keep == 0 && unlink(f->path) < 0 && errno != ENOENT)
        return -errno;
    close(f->fd);
    f->fd = -1;
    return 0;
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
    if (!f->is_regular || f->log->max_size == 0 || f->size + size <= f->log->max_size)
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

static void write_newline(struct file *f)
{
    if (f->unended && write_some(f->fd, "\n", 1) == 1) {
        f->unended = 0;
        f->size++;
    }
}

/* What went in beyond the last whole line goes out again. Returns how much stays. */
static size_t cut_back(struct file *f, const char *text, size_t done)
{
    const char *end = done ? memrchr(text, '\n', done) : NULL;
    size_t stays = end ? (size_t)(end - text) + 1 : 0;
    if (stays < done && f->is_regular && ftruncate(f->fd, (off_t)(f->size + stays)) == 0)
        return stays;
    f->unended = stays < done;
    f->size += done - stays;
    return stays;
}

static size_t write_piece(struct file *f, const char *text, size_t size)
{
    write_newline(f);
    errno = 0;
    size_t done = write_some(f->fd, text, size);
    int error = errno;
    if (done == size) {
        f->size += size;
        recover(f);
        return size;
    }
    done = cut_back(f, text, done);
    f->size += done;
    fail(f, FILE_WRITE, error);
    return done;
}

static void write_lines(struct file *f, const char *text, size_t size)
{
    while (size) {
        size_t piece = be_open(f) ? fit(f, text, size) : 0, done = 0;
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
    if (f->told.lines)
        send_news(f);
}

/* --- the process --- */

static void close_all(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0u) == 0)
        return;
    for (unsigned fd = first; fd <= last && fd < (unsigned)sysconf(_SC_OPEN_MAX); fd++)
        close((int)fd);
}

/* The pod's descriptors are not ours: a pipe that we held open would never end for who reads it. */
static void keep_only(int pipe, int news, int null)
{
    unsigned low = (unsigned)(pipe < news ? pipe : news), high = (unsigned)(pipe < news ? news : pipe);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    close_all(3, low - 1);
    close_all(low + 1, high - 1);
    close_all(high + 1, ~0u);
}

/* All signals stay held, as they are: those that end the pod must not end its last words. */
_Noreturn void file_run(const struct plan_log *log, const char *path, int pipe, int news, int null)
{
    struct file *f = &file;
    keep_only(pipe, news, null);
    prctl(PR_SET_NAME, "minipod-log");
    signal(SIGPIPE, SIG_IGN);
    *f = (struct file){.log = log, .path = path, .fd = -1, .news = news};
    copy_all(f, pipe);
    _exit(0);
}
