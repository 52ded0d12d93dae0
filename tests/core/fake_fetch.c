/* The child that reads what another plan's sources say: it says what a script lets it say. No files, and no copy of the
 * plan: a source is named by its place there. It must never look at the core's state but for what is watched.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gather.h"

enum { FETCHERS = 8, RECORDS_MOST = 1 << 16 };

static struct fetcher { int32_t pid; struct pipe *news; uint8_t is_stuck; } fetchers[FETCHERS], *speaker;
static struct sys_exit ends[FETCHERS];
static char records[RECORDS_MOST];
static size_t filled;

/* 0: nobody asked for one. */
int32_t fetch_fork(void)
{
    uint32_t index;
    for (int fd = 3; fd < DESCRIPTORS; fd++)
        if (table[fd].kind == PIPE_WRITE && watched_as(WATCH_FETCH, table[fd].pipe, &index)) {
            for (speaker = fetchers; speaker->pid; speaker++)
                if (speaker == fetchers + FETCHERS - 1)
                    broken("there are more children that read than one");
            *speaker = (struct fetcher){++fake.last_pid, table[fd].pipe, 0};
            speaker->news->writers++;
            filled = 0;
            log_line("fetcher %d", speaker->pid);
            return speaker->pid;
        }
    return 0;
}

static void end(struct fetcher *f, uint8_t by_signal, uint8_t code)
{
    struct sys_exit *to = ends;
    while (to->pid)
        to++;
    *to = (struct sys_exit){f->pid, by_signal, code};
    pipe_unref_writer(f->news);
    *f = (struct fetcher){0};
}

int fetch_killed(int32_t pid, int sig)
{
    for (struct fetcher *f = fetchers; f < fetchers + FETCHERS; f++)
        if (f->pid == pid) {
            if (!f->is_stuck)
                end(f, 1, (uint8_t)sig);
            return 1;
        }
    for (int i = 0; i < FETCHERS; i++)
        if (ends[i].pid == pid)
            return 1;
    return 0;
}

int fetch_reaped(int32_t pid, struct sys_exit *out)
{
    for (struct sys_exit *e = ends; e < ends + FETCHERS; e++)
        if (e->pid == pid) {
            *out = *e;
            e->pid = 0;
            return 1;
        }
    return 0;
}

/* --- what it says --- */

static void tell(enum fetch_word word, uint32_t number, const void *bytes, size_t size)
{
    struct fetch_news news = {(uint32_t)word, number, {0}};
    memcpy(news.bytes, bytes, size);
    packet_write(speaker->news, &news, FETCH_NEWS_HEAD + size, word == FETCH_HOLDS);
}

/* "SOURCE STATE NAME VALUE" */
static void add_record(const char *text)
{
    unsigned source, state;
    int used = 0;
    sscanf(text, "%u %u %n", &source, &state, &used);
    const char *name = text + used, *value = strchr(name, ' ');
    size_t name_size = value ? (size_t)(value - name) : strlen(name), value_size = value ? strlen(value + 1) : 0;
    struct gathered_record record = {source, -1, (uint32_t)name_size, state, value_size};
    if (filled + sizeof record + name_size + value_size + 8 > sizeof records)
        broken("so many records are in no script");
    memset(records + filled, 0, sizeof record + name_size + value_size + 8);
    memcpy(records + filled, &record, sizeof record);
    memcpy(records + filled + sizeof record, name, name_size);
    if (value)
        memcpy(records + filled + sizeof record + name_size, value + 1, value_size);
    filled += (sizeof record + name_size + value_size + 7) & ~(size_t)7;
}

/* In place of all that was recorded. */
static void take_bytes(const char *hex)
{
    unsigned byte;
    for (filled = 0; filled < sizeof records && sscanf(hex + 2 * filled, "%2x", &byte) == 1; filled++)
        records[filled] = (char)byte;
}

static void tell_records(size_t piece)
{
    uint64_t size = filled;
    tell(FETCH_BEGINS, 0, &size, sizeof size);
    for (size_t at = 0; at < filled; at += piece)
        tell(FETCH_PIECE, 0, records + at, filled - at < piece ? filled - at : piece);
}

/* "mistake TEXT", "warning TEXT", "record …", "all PIECE": what was recorded; "holds", "done", "raw WORD TEXT",
 * "bytes HEX": all that there is; "stuck", "ends". */
void fetch_turned(const struct fact *fact)
{
    const char *text = fact->text;
    unsigned number;
    if (!speaker || !speaker->pid)
        return;
    if (strncmp(text, "mistake ", 8) == 0)
        tell(FETCH_SAYS, 1, text + 8, strlen(text + 8));
    else if (strncmp(text, "warning ", 8) == 0)
        tell(FETCH_SAYS, 0, text + 8, strlen(text + 8));
    else if (strncmp(text, "record ", 7) == 0)
        add_record(text + 7);
    else if (strncmp(text, "bytes ", 6) == 0)
        take_bytes(text + 6);
    else if (sscanf(text, "all %u", &number) == 1)
        tell_records(number);
    else if (strcmp(text, "holds") == 0)
        tell(FETCH_HOLDS, 0, "", 0);
    else if (strcmp(text, "done") == 0)
        tell(FETCH_DONE, 0, "", 0);
    else if (sscanf(text, "raw %u", &number) == 1)
        tell((enum fetch_word)number, 0, text + 6, strlen(text + 6));
    else if (strcmp(text, "stuck") == 0)
        speaker->is_stuck = 1;
    else if (strcmp(text, "ends") == 0)
        end(speaker, 0, 0);
    else
        broken("a child that reads cannot do that");
}

void fetcher_run(const struct core *c, const struct plan *plan, int news)
{
    (void)c, (void)plan, (void)news;
    abort();
}
