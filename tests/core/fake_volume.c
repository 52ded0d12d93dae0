/* The child that prepares volumes: it says what a script lets it say. No files: those are the real one's. It must never
 * look at the core's state but for what is watched.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct { int32_t pid; struct pipe *news; struct sys_exit end; } keeper;

int sys_pair(int ends[2]) { return sys_pipe(ends); }

/* What each packet in a pipe begins with. */
struct packet { size_t size, passes; };

void packet_write(struct pipe *p, const void *bytes, size_t size, int passes)
{
    struct packet packet = {size, passes != 0};
    pipe_write(p, (const char *)&packet, sizeof packet);
    pipe_write(p, bytes, size);
}

/* A descriptor for which there is no room is not there, and the packet is. */
int64_t sys_hear(int fd, void *to, size_t room, int *passed)
{
    struct pipe *p = held(fd)->pipe;
    struct packet packet;
    *passed = -1;
    if (p->size - p->head < sizeof packet)
        return p->writers ? -EAGAIN : 0;
    memcpy(&packet, p->data + p->head, sizeof packet);
    size_t size = packet.size < room ? packet.size : room;
    memcpy(to, p->data + p->head + sizeof packet, size);
    p->head += sizeof packet + packet.size;
    if (packet.passes && !fails(PASS))
        *passed = open_as((struct descriptor){.kind = MEMORY});
    return (int64_t)size;
}

int sys_raise(int fd, int least)
{
    int error = fails(RAISE);
    (void)least;
    return error ? error : open_as((struct descriptor){.kind = held(fd)->kind});
}

/* 0: nobody asked for one. */
int32_t volume_fork(void)
{
    uint32_t index;
    for (int fd = 3; fd < DESCRIPTORS; fd++)
        if (table[fd].kind == PIPE_WRITE && watched_as(WATCH_VOLUME, table[fd].pipe, &index)) {
            if (keeper.pid)
                broken("two children do what is one's");
            keeper.pid = ++fake.last_pid;
            keeper.news = table[fd].pipe;
            keeper.news->writers++;
            log_line("keeper %d", keeper.pid);
            return keeper.pid;
        }
    return 0;
}

int volume_reaped(int32_t pid, struct sys_exit *out)
{
    int is_it = keeper.end.pid == pid;
    if (is_it)
        *out = keeper.end;
    keeper.end.pid = is_it ? 0 : keeper.end.pid;
    return is_it;
}

static void say_news(enum keeper_word word, uint32_t number, const char *text)
{
    struct keeper_news news = {(uint32_t)word, number, {0}};
    strncpy(news.text, text, sizeof news.text - 1);
    packet_write(keeper.news, &news, sizeof news, 0);
}

/* "holds PATH", "warns TEXT", "done", "failed TEXT", "over", "ends". */
void volume_turned(const struct fact *fact)
{
    static const char *const words[] = {"holds ", "warns ", "done", "failed ", "over"};
    for (uint32_t i = 0; keeper.pid && i < sizeof words / sizeof *words; i++)
        if (strncmp(fact->text, words[i], strlen(words[i])) == 0)
            say_news((enum keeper_word)i, 0, fact->text + strlen(words[i]));
    if (keeper.pid && strcmp(fact->text, "ends") == 0) {
        keeper.end = (struct sys_exit){keeper.pid, 0, 0};
        pipe_unref_writer(keeper.news);
        keeper.pid = 0;
    }
}

void keeper_run(struct core *c, enum keeper_task task, int news)
{
    (void)c, (void)task, (void)news;
    abort();
}

int64_t message_read_file(const struct core *c, const struct unit *u, char *to)
{
    (void)c, (void)u, (void)to;
    abort();
}
