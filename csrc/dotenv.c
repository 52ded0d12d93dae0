/* See dotenv.h. Bytes in, texts out: it calls nothing. */
#include "dotenv.h"

#include <string.h>

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static int is_of_name(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'
        || c == '-';
}

static char *skip_blanks(char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static char *end_of_line(char *at, const char *end)
{
    char *found = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return found ? found : at + (end - at);
}

/* --- values --- */

static int is_escape(const char *at, const char *end)
{
    return *at == '\\' && at + 1 < end && memchr("nrt\"\\$", at[1], 6);
}

/* The closing quote, or NULL: then not a byte may be changed, because what follows are lines of their own. */
static char *find_close(char *at, char *end, char quote)
{
    for (; at < end; at++)
        if (quote == '"' && is_escape(at, end))
            at++;
        else if (*at == quote)
            return at;
    return NULL;
}

/* Where it stands. */
static uint64_t resolve(char *at, const char *end)
{
    char *begin = at, *to = at;
    for (; at < end; at++) {
        int is = is_escape(at, end);
        at += is;
        *to++ = !is ? *at : *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at == 't' ? '\t' : *at;
    }
    return (uint64_t)(to - begin);
}

static void take_plain(char *at, char *end, struct text *value)
{
    char *stop = at;
    while (stop < end && !(*stop == '#' && (stop == at || is_blank(stop[-1]))))
        stop++;
    while (stop > at && is_blank(stop[-1]))
        stop--;
    *value = (struct text){at, (uint64_t)(stop - at)};
}

/* Behind a closing quote there may be a comment, and nothing else. */
static int is_over(char *at, char *end)
{
    char *next = skip_blanks(at, end);
    return next == end || (*next == '#' && next > at);
}

/* 'VALUE' or "VALUE", over as many lines as it has. 0: it is none. */
static int take_quoted(struct dotenv *d, char *at, struct text *value)
{
    char quote = *at++, *close = find_close(at, d->end, quote);
    if (!close)
        return 0;
    for (const char *c = at; c < close; c++)
        d->line += *c == '\n';
    *value = (struct text){at, quote == '"' ? resolve(at, close) : (uint64_t)(close - at)};
    d->at = end_of_line(close, d->end);
    return is_over(close + 1, d->at);
}

static int take_value(struct dotenv *d, char *at, struct text *value)
{
    char *end = end_of_line(at, d->end);
    at = skip_blanks(at, end);
    if (at < end && (*at == '"' || *at == '\''))
        return take_quoted(d, at, value);
    take_plain(at, end, value);
    return 1;
}

/* --- lines --- */

static char *skip_export(char *at, char *end)
{
    static const char word[] = "export";
    size_t size = sizeof word - 1;
    if ((size_t)(end - at) > size && memcmp(at, word, size) == 0 && is_blank(at[size]))
        return skip_blanks(at + size, end);
    return at;
}

static enum dotenv_result read_line(struct dotenv *d, char *at, char *end, struct dotenv_entry *entry)
{
    at = skip_export(at, end);
    entry->name = (struct text){at, 0};
    while (at < end && is_of_name(*at))
        at++;
    entry->name.size = (uint64_t)(at - entry->name.at);
    entry->value = (struct text){NULL, 0};
    at = skip_blanks(at, end);
    if (entry->name.size == 0)
        return DOTENV_WRONG;
    if (at == end || *at == '#')
        return DOTENV_ENTRY;
    return *at == '=' && take_value(d, at + 1, &entry->value) ? DOTENV_ENTRY : DOTENV_WRONG;
}

enum dotenv_result dotenv_next(struct dotenv *d, struct dotenv_entry *entry)
{
    while (d->at < d->end) {
        char *end = end_of_line(d->at, d->end), *at = skip_blanks(d->at, end);
        entry->line = ++d->line;
        d->at = end;
        enum dotenv_result result = at == end || *at == '#' ? DOTENV_END : read_line(d, at, end, entry);
        d->at += d->at < d->end;
        if (result != DOTENV_END)
            return result;
    }
    return DOTENV_END;
}

/* --- Kubernetes' own --- */

struct strict { const char *at, *end; };

static const char *find(const char *at, const char *end, char c)
{
    const char *found = at < end ? memchr(at, c, (size_t)(end - at)) : NULL;
    return found ? found : end;
}

/* One line, or as many as its value spans. 1; 0 it is blank or a comment; -1 it is none. */
static int read_strict(struct strict *s, struct text *name, struct text *value)
{
    const char *end = find(s->at, s->end, '\n'), *at = s->at;
    while (at < end && is_blank(*at))
        at++;
    s->at = end < s->end ? end + 1 : end;
    if (at == end || *at == '#')
        return 0;
    const char *equals = find(at, end, '=');
    *name = (struct text){at, (uint64_t)(equals - at)};
    if (equals == end || equals == at || is_blank(equals[-1]))
        return -1;
    at = equals + 1;
    const char *rest = at;
    *value = (struct text){at, 0};
    if (at < end && *at == '\'') {
        const char *close = find(at + 1, s->end, '\'');
        if (close == s->end)
            return -1;
        *value = (struct text){at + 1, (uint64_t)(close - at - 1)};
        rest = close + 1;
        end = find(rest, s->end, '\n');
        s->at = end < s->end ? end + 1 : end;
    }
    while (rest < end && is_blank(*rest))
        rest++;
    return rest == end || (*rest == '#' && is_blank(rest[-1])) ? 1 : -1;
}

int dotenv_find(const char *bytes, uint64_t size, struct text key, struct text *value)
{
    struct strict s = {bytes, bytes + size};
    struct text name, last;
    int found = 0, result = 0;
    while (s.at < s.end && (result = read_strict(&s, &name, &last)) >= 0)
        if (result && name.size == key.size && memcmp(name.at, key.at, (size_t)key.size) == 0) {
            *value = last;
            found = 1;
        }
    return result < 0 ? -1 : found;
}
