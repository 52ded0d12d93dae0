/* The child that prepares volumes, looks at what they hold, and takes them back. It must never do what it has not noted
 * (journal.c), and never touch the pod's memory: what it has is a copy.
 */

#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"
#include "tell.h"
#include "volume.h"

enum { TEXT_MOST = 3 * 4096, PIECE = 1 << 18, ALIGNED = 16, GROWN = 64 };

/* --- words --- */

char *keeper_text(const char *format, ...)
{
    static char room[TEXT_MOST];
    va_list args;
    va_start(args, format);
    room[say_formatv(room, sizeof room - 1, format, args)] = 0;
    va_end(args);
    return strcpy(keeper_room(strlen(room) + 1), room);
}

/* Nobody hears of it; what was made is noted, and whoever comes next takes it back. */
void *keeper_room(size_t size)
{
    static char *free_room;
    static size_t left;
    size_t wanted = (size | (ALIGNED - 1)) + 1;
    if (wanted > left) {
        left = wanted > PIECE ? wanted : PIECE;
        free_room = mmap(NULL, left, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (free_room == MAP_FAILED)
            _exit(ENOMEM);
    }
    void *room = free_room;
    free_room += wanted;
    left -= wanted;
    return room;
}

/* Twice as much when it is full, so that what is left behind is never more than what is in use. */
void *keeper_grow(void *array, size_t count, size_t each)
{
    if (count && (count < GROWN || count & (count - 1)))
        return array;
    void *room = keeper_room((count ? 2 * count : GROWN) * each);
    return count ? memcpy(room, array, count * each) : room;
}

unsigned keeper_number(const char **text)
{
    unsigned number = 0;
    while (**text == ' ' || **text == '\t')
        ++*text;
    for (; **text >= '0' && **text <= '9'; ++*text)
        number = number * 10 + (unsigned)(**text - '0');
    return number;
}

static void take_back_once(struct keeper *k)
{
    if (k->is_failing || k->journal < 0)
        return;
    k->is_failing = 1;
    journal_undo(k);
}

/* Nobody hears what there is, so nobody would take it back. Who takes back already goes on. */
static void leave(struct keeper *k)
{
    if (k->is_failing)
        return;
    take_back_once(k);
    _exit(1);
}

void keeper_tell(struct keeper *k, enum keeper_word word, uint32_t number, const char *text, int fd)
{
    struct keeper_news news = {(uint32_t)word, number, {0}};
    size_t size = say_format(news.text, sizeof news.text - 1, "%s", text);
    if (tell_packet(k->news, &news, KEEPER_NEWS_HEAD + size, fd) < 0)
        leave(k);
}

void keeper_warn(struct keeper *k, const char *format, ...)
{
    char text[VOLUME_TEXT];
    va_list args;
    va_start(args, format);
    text[say_formatv(text, sizeof text - 1, format, args)] = 0;
    va_end(args);
    keeper_tell(k, KEEPER_WARNS, 0, text, -1);
}

_Noreturn void keeper_fail(struct keeper *k, const char *format, ...)
{
    char text[VOLUME_TEXT];
    va_list args;
    va_start(args, format);
    text[say_formatv(text, sizeof text - 1, format, args)] = 0;
    va_end(args);
    take_back_once(k);
    k->is_failing = 1;
    keeper_tell(k, KEEPER_FAILED, 0, text, -1);
    _exit(1);
}

const char *keeper_volume(const struct keeper *k, const struct plan_volume *volume)
{
    if (volume->kind == VOLUME_KIND_HOST_PATH)
        return plan_text(k->plan, volume->path);
    return keeper_text("%s/%s", k->base, plan_text(k->plan, volume->name));
}

/* --- tasks --- */

static void prepare(struct keeper *k)
{
    if (volume_has_place(k->plan))
        keeper_take_place(k);
    volume_make_all(k);
    volume_show_all(k);
    root_try(k);
    hosts_add(k);
    hostname_set(k);
    keeper_tell(k, KEEPER_DONE, (k->has_mounts ? VOLUME_MOUNTS : 0) | (k->has_seals ? VOLUME_SEALS : 0), "", -1);
}

/* A tmpfs keeps its own limit, and a file in it is refused where an eviction would come. */
static void look(struct keeper *k)
{
    for (uint32_t i = 0; i < k->plan->volume_count; i++) {
        const struct plan_volume *volume = &k->plan->volumes[i];
        int64_t used = volume->size_limit ? tree_usage(keeper_volume(k, volume)) : 0;
        if (used > 0 && (uint64_t)used > volume->size_limit)
            keeper_tell(k, KEEPER_OVER, i, "", -1);
    }
}

static void take_back(struct keeper *k)
{
    keeper_find_place(k);
    journal_undo(k);
}

/* --- the process --- */

/* All signals stay held: what ends the pod must not leave half of this done. The lock is not: who takes back must find
 * the directory locked by nobody but us. */
_Noreturn void keeper_run(struct core *c, enum keeper_task task, int news)
{
    struct keeper k = {.core = c, .plan = &c->plan, .news = news, .base_fd = -1, .journal = -1,
                       .base = c->volumes.base};
    k.has_mounts = c->volumes.has_mounts;
    tell_alone(c->null, news);
    prctl(PR_SET_NAME, "minipod-volumes");
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    if (task != KEEPER_TAKE_BACK)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    switch (task) {
    case KEEPER_PREPARE: prepare(&k); break;
    case KEEPER_LOOK: look(&k); break;
    case KEEPER_TAKE_BACK: take_back(&k); break;
    }
    _exit(0);
}
