/* The parent's half of fetch.h. It must never open what a plan names, never wait for the child, and never let a byte of
 * its pass unchecked: what it says is as much as a client's word.
 */
#include "fetch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "apart.h"
#include "core.h"
#include "footprint.h"
#include "gather.h"
#include "say.h"

enum { SAID_ROOM = 4096, LINE_LEAST = 256, HEARD_AT_ONCE = 64 };

static const struct refusal
    no_memory = {503, "there is not enough memory for another plan", "ask again later"},
    stuck = {503, "the process that read files for a plan before still waits for them", "see to the disk they are on"},
    died = {503, "the process that reads its units' variables died", "ask again"},
    no_room = {503, "the secrets of its units cannot be held: there is no descriptor left", "ask again later"},
    late = {503, "its units' variables could not be read in 10 s, and nothing has changed",
            "see to the disk that their files are on"};

int fetch_is(const struct core *c, int32_t pid)
{
    for (int i = 0; i < FETCH_CHILDREN; i++)
        if (c->fetch.pids[i] == pid)
            return pid != 0;
    return 0;
}

/* --- the child --- */

static struct gathered all_of(const struct fetch *f) { return (struct gathered){f->records, f->size, f->room}; }

static void close_held(const struct fetch *f)
{
    const struct gathered all = all_of(f);
    for (struct gathered_record *record = NULL; f->held && (record = gathered_next(&all, record));)
        if (record->state == GATHERED_HELD && record->fd >= 0)
            sys_close(record->fd);
}

static void forget_records(struct fetch *f)
{
    if (f->records) {
        explicit_bzero(f->records, (size_t)f->room);
        sys_unmap(f->records, (size_t)f->room);
    }
    f->records = NULL;
    f->held = NULL;
    f->size = f->room = 0;
}

const struct gathered *fetch_records(const struct core *c)
{
    static struct gathered all;
    all = all_of(&c->fetch);
    return &all;
}

/* Whoever was ended, and whoever has ended by himself. */
static void reap(struct core *c)
{
    struct fetch *f = &c->fetch;
    struct sys_exit end;
    int left = 0;
    for (int i = 0; i < FETCH_CHILDREN; i++) {
        if (f->pids[i] && sys_reap_apart(f->pids[i], &end) != 0)
            f->pids[i] = 0;
        left += f->pids[i] != 0;
    }
    f->is_stuck &= left != 0;
    f->due = left ? apart_next_look(c, &f->wait) : 0;
}

static void look_soon(struct core *c)
{
    c->fetch.wait = APART_LOOK_NS;
    c->fetch.due = c->now + APART_LOOK_NS;
}

static void kill_child(struct core *c)
{
    for (int i = 0; i < FETCH_CHILDREN; i++)
        if (c->fetch.pids[i])
            sys_kill(c->fetch.pids[i], SIGKILL);
}

/* One that has said all goes by itself; any other has nothing to say any more. */
void fetch_end(struct core *c, int is_taken)
{
    struct fetch *f = &c->fetch;
    if (!f->is_on)
        return;
    if (!f->is_told)
        kill_child(c);
    apart_deaf(c, &f->news);
    look_soon(c);
    if (!is_taken)
        close_held(f);
    forget_records(f);
    sys_unmap(f->said, SAID_ROOM);
    f->said = NULL;
    f->is_on = 0;
}

static int32_t *free_place(struct fetch *f)
{
    for (int i = 0; i < FETCH_CHILDREN; i++)
        if (!f->pids[i])
            return &f->pids[i];
    return NULL;
}

const struct refusal *fetch_begin(struct core *c, const struct plan *plan, int is_trial)
{
    static char sentence[128];
    static const struct refusal no_child = {503, sentence, "ask again later"};
    struct fetch *f = &c->fetch;
    int32_t *place = free_place(f), pid;
    int its;
    if (f->is_stuck || !place)
        return &stuck;
    if (!(f->said = sys_map(SAID_ROOM)))
        return &no_memory;
    f->said_size = f->mistakes = f->lines = 0;
    f->is_told = f->has_begun = 0;
    f->is_trial = is_trial != 0;
    if ((pid = apart_begin(c, WATCH_FETCH, &f->news, &its)) == 0)
        fetcher_run(c, plan, its);
    f->is_on = pid > 0;
    *place = pid > 0 ? pid : 0;
    if (f->is_on)
        return NULL;
    sys_unmap(f->said, SAID_ROOM);
    sentence[say_format(sentence, sizeof sentence - 1, "its units' variables cannot be read now: %s",
                        say_error(-pid))] = 0;
    return &no_child;
}

const struct refusal *fetch_late(struct core *c)
{
    c->fetch.is_stuck = 1;      /* until it is reaped */
    return &late;
}

/* --- what it says --- */

/* As many lines as there is room for; the text may be anybody's. */
static void add_mistake(struct fetch *f, const char *text)
{
    char *to = f->said + f->said_size;
    uint32_t room = SAID_ROOM - f->said_size;
    f->mistakes++;
    if (room < LINE_LEAST)
        return;
    f->lines++;
    uint32_t size = (uint32_t)say_format(to, room - 1, "%s%s", f->said_size ? "\n" : "", text);
    for (uint32_t i = f->said_size ? 1 : 0; i < size; i++)
        to[i] = to[i] < ' ' || to[i] == 127 ? '?' : to[i];
    to[size] = 0;
    f->said_size += size;
}

/* A negative number for what is not understood, or cannot be done. */
static int take_size(struct fetch *f, const char *bytes, size_t size)
{
    uint64_t whole;
    if (size != sizeof whole || f->has_begun)
        return -EPROTO;
    f->has_begun = 1;
    memcpy(&whole, bytes, sizeof whole);
    if (whole == 0)
        return 0;
    if (whole > GATHER_MOST || !(f->records = sys_map((size_t)whole)))
        return whole > GATHER_MOST ? -EPROTO : -ENOMEM;
    f->room = whole;
    return 0;
}

static int take_piece(struct fetch *f, const char *bytes, size_t size)
{
    if (size > f->room - f->size)
        return -EPROTO;
    memcpy(f->records + f->size, bytes, size);
    f->size += size;
    return 0;
}

static int is_text(struct text text, const char *unwanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text.size && memchr(text.at, unwanted[i], (size_t)text.size))
            return 0;
    return 1;
}

static int is_whole(const struct fetch *f, const struct gathered_record *record)
{
    uint64_t at = (uint64_t)((const char *)record - f->records), left = f->size - at;
    if (left < sizeof *record || record->name_size > left || record->value_size > left)
        return 0;
    return ((sizeof *record + record->name_size + record->value_size + 7) & ~UINT64_C(7)) <= left;
}

/* What is kept beside the text is the source's to say. */
static int fits(const struct plan *plan, const struct gathered_record *record)
{
    if (record->source >= plan->source_count || record->fd != -1 || record->state > GATHERED_LATE)
        return 0;
    const struct plan_source *source = &plan->sources[record->source];
    struct text name = gathered_name(record);
    int is_held = record->state == GATHERED_HELD, is_late = record->state == GATHERED_LATE;
    int is_own = name.size == source->name.size && memcmp(name.at, plan_text(plan, source->name), name.size) == 0;
    return name.size > 0 && is_text(name, "\0=", 2) && is_late == (source->origin == ORIGIN_KEY) && (!is_late || is_own)
        && (is_held ? source->handing == HANDING_DESCRIPTOR : is_text(gathered_value(record), "", 1));
}

static int are_right(const struct fetch *f, const struct plan *plan)
{
    const struct gathered all = all_of(f);
    for (const struct gathered_record *record = NULL; (record = gathered_next(&all, record));)
        if (!is_whole(f, record) || !fits(plan, record))
            return 0;
    return 1;
}

/* They are looked at once. */
static int is_complete(const struct fetch *f, const struct plan *plan)
{
    return f->size == f->room && (f->held || are_right(f, plan));
}

/* --- descriptors --- */

static struct gathered_record *next_held(const struct fetch *f)
{
    const struct gathered all = all_of(f);
    struct gathered_record *record = f->held;
    do
        record = gathered_next(&all, record);
    while (record && record->state != GATHERED_HELD);
    return record;
}

static int take_held(struct core *c, const struct plan *plan, int *passed)
{
    struct fetch *f = &c->fetch;
    struct gathered_record *record;
    if (!is_complete(f, plan) || !(record = next_held(f)))
        return -EPROTO;
    if (*passed < 0 || (record->fd = sys_raise(*passed, gather_least(plan))) < 0)
        return -EMFILE;
    f->held = record;
    sys_close(*passed);
    *passed = -1;
    return 0;
}

/* --- the end of it --- */

static void finish(struct core *c, const struct plan *plan)
{
    static struct refusal mistakes = {422, NULL, "nothing has changed: its units' variables cannot be had"};
    struct fetch *f = &c->fetch;
    const struct refusal *why = NULL;
    f->is_told = 1;
    mistakes.error = f->said;
    if (f->mistakes > f->lines)
        f->said[f->said_size + say_format(f->said + f->said_size, SAID_ROOM - 1 - f->said_size, "\nand %u more",
                                          f->mistakes - f->lines)] = 0;
    if (f->mistakes)
        why = &mistakes;
    else if (!f->has_begun || !is_complete(f, plan) || next_held(f))
        why = &died;
    control_fetched(c, why);
}

static int take(struct core *c, const struct fetch_news *news, size_t size, int *passed)
{
    struct fetch *f = &c->fetch;
    struct plan plan;
    plan_open(&plan, c->control.parcel.bytes);
    switch ((enum fetch_word)news->word) {
    case FETCH_SAYS:
        if (news->number)
            add_mistake(f, news->bytes);
        else if (!f->is_trial)
            warn(c, "%s", news->bytes);
        return 0;
    case FETCH_BEGINS: return take_size(f, news->bytes, size);
    case FETCH_PIECE: return take_piece(f, news->bytes, size);
    case FETCH_HOLDS: return take_held(c, &plan, passed);
    case FETCH_DONE: finish(c, &plan); return 0;
    }
    return -EPROTO;
}

/* 0: there is no more for now. */
static int hear_one(struct core *c)
{
    struct fetch_news news;
    int passed = -1, result = -EPROTO;
    int64_t size = sys_hear(c->fetch.news, &news, sizeof news - 1, &passed);
    if (size == -EAGAIN || size == -EINTR)
        return 0;
    if (size >= FETCH_NEWS_HEAD) {
        ((char *)&news)[size] = 0;
        result = take(c, &news, (size_t)size - FETCH_NEWS_HEAD, &passed);
    }
    explicit_bzero(&news, sizeof news);
    if (passed >= 0)
        sys_close(passed);
    if (result < 0)
        control_fetched(c, result == -ENOMEM ? &no_memory : result == -EMFILE ? &no_room : &died);
    return 1;
}

/* The rest waits for the next turn. */
void fetch_heard(struct core *c)
{
    for (int i = 0; c->fetch.is_on && i < HEARD_AT_ONCE && hear_one(c); i++) {
    }
}

/* --- turns --- */

EACH_TURN void fetch_turn(struct core *c)
{
    if (c->fetch.is_on && c->state != POD_RUNNING)
        control_fetch_over(c);
    if (c->fetch.due && c->fetch.due <= c->now)
        reap(c);
}

EACH_TURN uint64_t fetch_next(const struct core *c) { return c->fetch.due; }
