/* The parameters of a query, from text to values. It must never trust a byte, and never act on what it reads: that is
 * route.c's.
 */

#include "asked.h"

#include <string.h>

#include "core.h"
#include "moment.h"

static const struct refusal
    bad_query = {400, "the query is not well encoded, or has a value that is too long",
                 "write it as name=value&name=value"},
    no_parameter = {400, "the query has a parameter that this path does not take, or one twice",
                    "docs/openapi.json says which it takes"},
    bad_flag = {400, "follow, previous or dry_run is neither 1 nor 0", "write follow=1"},
    bad_number = {400, "tail or after is no number", "write tail=10"},
    bad_since = {400, "since is neither a duration nor a time", "write since=10m or since=2026-01-31T23:59:59Z"},
    bad_signal = {400, "there is no such signal", "write signal=HUP, or its number"};

static int take_number(const char *text, uint64_t most, uint64_t *out)
{
    *out = 0;
    if (!*text)
        return 0;
    for (; *text; text++) {
        unsigned digit = (unsigned)(unsigned char)*text - '0';
        if (digit > 9 || *out > (most - digit) / 10)
            return 0;
        *out = *out * 10 + digit;
    }
    return 1;
}

static const struct refusal *take_flag(const char *text, uint8_t *out)
{
    *out = strcmp(text, "1") == 0 || strcmp(text, "true") == 0;
    return *out || strcmp(text, "0") == 0 || strcmp(text, "false") == 0 ? NULL : &bad_flag;
}

static const struct refusal *take_since(const char *text, uint64_t *out)
{
    uint64_t ago, now = sys_wall();
    if (moment_parse(text, out))
        return NULL;
    if (!moment_duration(text, &ago))
        return &bad_since;
    *out = now > ago ? now - ago : 0;
    return NULL;
}

static const struct refusal *take_signal(const char *text, uint8_t *out)
{
    uint64_t number;
    if (take_number(text, 64, &number)) {
        *out = (uint8_t)number;  /* 32 and 33 are the C library's own and have no name */
        return *signal_word(*out) == 'S' ? NULL : &bad_signal;
    }
    text += strncmp(text, "SIG", 3) == 0 ? 3 : 0;
    for (*out = 1; *out <= 64; ++*out)
        if (*signal_word(*out) == 'S' && strcmp(signal_word(*out) + 3, text) == 0)
            return NULL;
    return &bad_signal;
}

static const struct refusal *take_value(struct asked *asked, uint8_t which, const char *value)
{
    uint64_t number = 0;
    switch ((enum parameter_bit)which) {
    case ASKS_TAIL:
        if (!take_number(value, UINT32_MAX, &number))
            return &bad_number;
        asked->tail = (uint32_t)number;
        return NULL;
    case ASKS_AFTER: return take_number(value, UINT64_MAX / 2, &asked->after) ? NULL : &bad_number;
    case ASKS_FOLLOW: return take_flag(value, &asked->follow);
    case ASKS_PREVIOUS: return take_flag(value, &asked->previous);
    case ASKS_SINCE: return take_since(value, &asked->since);
    case ASKS_DRY_RUN: return take_flag(value, &asked->dry_run);
    case ASKS_SIGNAL: return take_signal(value, &asked->signal);
    }
    return &no_parameter;
}

const struct refusal *asked_take(struct asked *asked, uint8_t takes, const char *query)
{
    static const char *const names[] = {"tail", "follow", "previous", "since", "after", "signal", "dry_run"};
    struct parameter p;
    const struct refusal *refusal = NULL;
    int found;
    while (!refusal && (found = request_parameter(&query, &p)) != 0) {
        unsigned bit = 1, k = 0;
        for (; found > 0 && k < sizeof names / sizeof *names && strcmp(names[k], p.name) != 0; k++)
            bit <<= 1;
        if (found > 0 && (!(takes & bit) || asked->given & bit || k == sizeof names / sizeof *names))
            return &no_parameter;
        refusal = found < 0 ? &bad_query : take_value(asked, (uint8_t)bit, p.value);
        asked->given |= (uint8_t)bit;
    }
    return refusal;
}
