/* Lines of KEY=VALUE, read once from left to right. A line that makes no sense is as if it were not there. It must
 * never call anything.
 *
 * Cost: linear in the message, times the handful of keys.
 */
#include "notice.h"

#include <string.h>

struct slice { const char *at, *end; };

static size_t size_of(struct slice s) { return (size_t)(s.end - s.at); }

static int is_word(struct slice s, const char *word)
{
    return size_of(s) == strlen(word) && memcmp(s.at, word, size_of(s)) == 0;
}

/* Digits and nothing else, at most `most`; returns 0 otherwise. */
static int read_number(struct slice s, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    if (s.at == s.end)
        return 0;
    for (; s.at < s.end; s.at++) {
        unsigned digit = (unsigned)(unsigned char)*s.at - '0';
        if (digit > 9 || value > (most - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    *number = value;
    return 1;
}

/* --- a status that is fit to be shown --- */

static int is_tail(const unsigned char *at, const unsigned char *end, unsigned count)
{
    if ((size_t)(end - at) < count)
        return 0;
    while (count && (*at & 0xc0) == 0x80)
        at++, count--;
    return count == 0;
}

/* Bytes of the character at its beginning; 0: none, or a control character. */
static unsigned character_size(const unsigned char *at, const unsigned char *end)
{
    unsigned first = *at, second = end - at > 1 ? at[1] : 0;
    if (first < 0x80)
        return first >= ' ' && first != 127;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    unsigned tail = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if ((first == 0xc2 && second < 0xa0)                                    /* C1 controls */
        || (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90)     /* longer than need be */
        || (first == 0xed && second > 0x9f)                                 /* surrogates */
        || (first == 0xf4 && second > 0x8f))                                /* beyond Unicode */
        return 0;
    return is_tail(at + 1, end, tail) ? tail + 1 : 0;
}

static uint32_t sound_size(struct slice s)
{
    const unsigned char *begin = (const unsigned char *)s.at, *end = (const unsigned char *)s.end, *at = begin;
    for (unsigned size; at < end && (size = character_size(at, end)) != 0;)
        at += size;
    return (uint32_t)(at - begin);
}

/* --- lines --- */

static int read_flag(struct slice key, struct slice value, struct notice *out)
{
    const struct { const char *key, *value; uint8_t *flag; } known[] = {
        {"READY", "1", &out->ready},         {"RELOADING", "1", &out->reloading},
        {"STOPPING", "1", &out->stopping},   {"BARRIER", "1", &out->barrier},
        {"WATCHDOG", "1", &out->watchdog},   {"WATCHDOG", "trigger", &out->watchdog_trigger},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_word(key, known[i].key) && is_word(value, known[i].value))
            return *known[i].flag = 1;
    return 0;
}

static int read_figure(struct slice key, struct slice value, struct notice *out)
{
    uint64_t number;
    if (is_word(key, "WATCHDOG_USEC") && !out->has_watchdog_usec)
        return out->has_watchdog_usec = read_number(value, UINT64_MAX, &out->watchdog_usec) != 0;
    if (is_word(key, "EXTEND_TIMEOUT_USEC") && !out->has_extend_timeout_usec)
        return out->has_extend_timeout_usec = read_number(value, UINT64_MAX, &out->extend_timeout_usec) != 0;
    if (is_word(key, "MAINPID") && !out->has_mainpid && read_number(value, INT32_MAX, &number) && number > 1) {
        out->mainpid = (int32_t)number;
        return out->has_mainpid = 1;
    }
    if (is_word(key, "ERRNO") && !out->has_errno && read_number(value, 4095, &number)) {
        out->errno_value = (int32_t)number;
        return out->has_errno = 1;
    }
    return 0;
}

static int read_status(struct slice key, struct slice value, struct notice *out)
{
    if (!is_word(key, "STATUS") || out->has_status)
        return 0;
    out->status = value.at;
    out->status_size = sound_size(value);
    return out->has_status = 1;
}

static int read_line(struct slice line, struct notice *out)
{
    const char *equals = line.at < line.end ? memchr(line.at, '=', size_of(line)) : NULL;
    if (equals == NULL)
        return 0;
    struct slice key = {line.at, equals}, value = {equals + 1, line.end};
    return read_flag(key, value, out) || read_figure(key, value, out) || read_status(key, value, out);
}

int notice_parse(const char *text, size_t size, struct notice *out)
{
    int understood = 0;
    *out = (struct notice){0};
    if (size && text[size - 1] == 0)
        size--;
    if (size == 0 || memchr(text, 0, size) != NULL)
        return 0;
    for (const char *at = text, *end = text + size, *next; at < end; at = next + (next < end)) {
        next = memchr(at, '\n', (size_t)(end - at));
        next = next != NULL ? next : end;
        understood |= read_line((struct slice){at, next}, out);
    }
    return understood;
}
