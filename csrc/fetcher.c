/* The child of fetch.h: reads as at the pod's start, and may wait for a disk. It must never touch the pod's memory, of
 * which it has a copy, nor outlive the pod.
 */
#include "fetch.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core.h"
#include "gather.h"
#include "say.h"
#include "tell.h"

static int news_end;

static void tell(enum fetch_word word, uint32_t number, const void *bytes, size_t size, int fd)
{
    static struct fetch_news news;
    news.word = (uint32_t)word;
    news.number = number;
    memcpy(news.bytes, bytes, size);
    if (tell_packet(news_end, &news, FETCH_NEWS_HEAD + size, fd) < 0)
        _exit(1);
}

static void say_line(void *to, const char *line, int is_mistake)
{
    size_t size = strlen(line);
    (void)to;
    tell(FETCH_SAYS, is_mistake != 0, line, size < FETCH_PIECE_MOST ? size : FETCH_PIECE_MOST - 1, -1);
}

static void tell_records(const struct gathered *all)
{
    tell(FETCH_BEGINS, 0, &all->size, sizeof all->size, -1);
    for (uint64_t at = 0, piece; at < all->size; at += piece) {
        piece = all->size - at < FETCH_PIECE_MOST - 1 ? all->size - at : FETCH_PIECE_MOST - 1;
        tell(FETCH_PIECE, 0, all->at + at, (size_t)piece, -1);
    }
}

/* Numbers are of this process alone. */
static void take_held(struct gathered *all, int *fds)
{
    for (struct gathered_record *record = NULL; (record = gathered_next(all, record));)
        if (record->state == GATHERED_HELD) {
            *fds++ = record->fd;
            record->fd = -1;
        }
}

static uint32_t count_held(const struct gathered *all)
{
    uint32_t count = 0;
    for (const struct gathered_record *record = NULL; (record = gathered_next(all, record));)
        count += record->state == GATHERED_HELD;
    return count;
}

static void tell_all(const struct plan *plan, struct gathered *all)
{
    char line[160];
    int result = gather_hold(plan, all);
    if (result < 0) {
        line[say_format(line, sizeof line - 1, "cannot hold the secrets of its units: %s", say_error(-result))] = 0;
        say_line(NULL, line, 1);
        return;
    }
    uint32_t count = count_held(all);
    int fds[count + 1];
    take_held(all, fds);
    tell_records(all);
    for (uint32_t i = 0; i < count; i++)
        tell(FETCH_HOLDS, i, "", 0, fds[i]);
}

_Noreturn void fetcher_run(const struct core *c, const struct plan *plan, int news)
{
    struct gathered all;
    news_end = news;
    tell_alone(c->null, news);
    prctl(PR_SET_NAME, "minipod-sources");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (gather_sources(plan, &all, say_line, NULL) == 0)
        tell_all(plan, &all);
    tell(FETCH_DONE, 0, "", 0, -1);
    _exit(0);
}
