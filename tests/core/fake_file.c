/* The writers of log files: children apart that read a pipe each, as fast as they are let. What came to a file is kept for
 * the test, whichever writer wrote it. One dies when a script says so; it ends when its pipe is closed and empty. It must
 * never look at the core but for which writer a pipe belongs to.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct file { int32_t pid; struct pipe *lines, *news; struct sys_exit end; char *data; size_t size; };

static struct file files[FILES];
static uint8_t stuck[FILES];

/* The one pipe of news that nobody has yet says for which file the child is. */
int32_t sys_fork_apart(void)
{
    uint32_t index;
    int error = fails(FORK_APART);
    int32_t other = error ? 0 : volume_fork();
    if (!error && !other)
        other = fetch_fork();
    if (other)
        return other;
    for (int fd = 3; !error && fd < DESCRIPTORS; fd++) {
        if (table[fd].kind != PIPE_WRITE || !watched_as(WATCH_WRITER, table[fd].pipe, &index))
            continue;
        struct file *f = &files[index];
        if (f->pid)
            broken("a file has two writers");
        f->pid = ++fake.last_pid;
        f->lines = held(fake.core->writers[index].read_end)->pipe;
        f->news = table[fd].pipe;
        f->news->writers++;
        return f->pid;
    }
    return error ? error : -ENOSYS;
}

int sys_reap_apart(int32_t pid, struct sys_exit *out)
{
    int error = fails(REAP_APART);
    if (error)
        return error;
    if (volume_reaped(pid, out) || fetch_reaped(pid, out))
        return 1;
    for (int i = 0; i < FILES; i++)
        if (files[i].end.pid == pid) {
            *out = files[i].end;
            files[i].end = (struct sys_exit){0};
            return 1;
        }
    return 0;
}

static void end(struct file *f, uint8_t by_signal, uint8_t code)
{
    f->end = (struct sys_exit){f->pid, by_signal, code};
    pipe_unref_writer(f->news);
    f->pid = 0;
}

/* What every writer does in no time. */
void files_happen(void)
{
    for (int i = 0; i < FILES; i++) {
        struct file *f = &files[i];
        if (!f->pid || stuck[i])
            continue;
        size_t size = f->lines->size - f->lines->head;
        f->data = realloc(f->data, f->size + size + 1);
        if (size)
            memcpy(f->data + f->size, f->lines->data + f->lines->head, size);
        f->size += size;
        f->lines->head += size;
        if (f->lines->writers == 0)
            end(f, 0, 0);
    }
}

/* "stuck", "goes", "kill SIGNAL", "news LINES ERROR STAGE" of file a. */
void file_turned(const struct fact *fact)
{
    struct file *f = &files[fact->a];
    struct file_news news = {0, 0, 0};
    int number;
    if (strcmp(fact->text, "stuck") == 0)
        stuck[fact->a] = 1;
    else if (strcmp(fact->text, "goes") == 0)
        stuck[fact->a] = 0;
    else if (sscanf(fact->text, "kill %d", &number) == 1 && f->pid)
        end(f, 1, (uint8_t)number);
    else if (sscanf(fact->text, "news %u %d %u", &news.lines, &news.error, &news.stage) == 3 && f->pid)
        pipe_write(f->news, (const char *)&news, sizeof news);
}

int file_killed(int32_t pid, int sig)
{
    for (int i = 0; i < FILES; i++)
        if (files[i].pid == pid && pid) {
            end(&files[i], 1, (uint8_t)sig);
            return 1;
        }
    return 0;
}

void files_report(void (*put)(const char *bytes, size_t size))
{
    for (int i = 0; i < FILES; i++) {
        if (!files[i].lines)
            continue;
        printf("0 file %d ", i);
        put(files[i].data, files[i].size);
        putchar('\n');
    }
}

void file_run(const struct file_job *job, int pipe, int news, int null)
{
    (void)job, (void)pipe, (void)news, (void)null;
    abort();
}
