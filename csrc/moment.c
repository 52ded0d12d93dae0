/* Durations and moments: see moment.h. It must never ask what time it is. */

#include "moment.h"

#include <string.h>

#include "plan.h"

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* --- durations --- */

static const struct { const char *unit; uint64_t ns; } units[] = {
    {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}, {"", 1000000000},
};
enum { UNITS = sizeof units / sizeof *units };

/* whole / scale is the number at *at; 0: there is none, or one of more digits than make sense. */
static int take_number(const char **at, uint64_t *whole, uint64_t *scale)
{
    int digits = 0, in_fraction = 0;
    *whole = 0;
    *scale = 1;
    for (; is_digit(**at) || (**at == '.' && !in_fraction); ++*at) {
        if (**at == '.') {
            in_fraction = 1;
            continue;
        }
        if (*whole > 1000000000 || *scale > 1000000)
            return 0;
        *whole = *whole * 10 + (uint64_t)(**at - '0');
        *scale *= in_fraction ? 10 : 1;
        digits++;
    }
    return digits;
}

int moment_duration(const char *text, uint64_t *ns)
{
    uint64_t whole, scale;
    *ns = 0;
    if (!*text)
        return 0;
    while (*text) {
        size_t k = 0;
        if (!take_number(&text, &whole, &scale))
            return 0;
        while (k < UNITS - 1 && strncmp(text, units[k].unit, strlen(units[k].unit)) != 0)
            k++;
        if ((k == UNITS - 1 && *text) || whole > PLAN_MAX_NS / (units[k].ns / scale + 1))
            return 0;
        *ns += whole * (units[k].ns / scale) + whole * (units[k].ns % scale) / scale;
        if (*ns >= PLAN_MAX_NS)
            return 0;
        text += strlen(units[k].unit);
    }
    return 1;
}

/* --- moments --- */

/* Exactly so many digits, and then the byte after them, if it is one. */
static int take_digits(const char **at, unsigned width, char after, unsigned *number)
{
    *number = 0;
    for (; width > 0; width--, ++*at) {
        if (!is_digit(**at))
            return 0;
        *number = *number * 10 + (unsigned)(**at - '0');
    }
    if (after && **at != after && !(after == 'T' && (**at == 't' || **at == ' ')))
        return 0;
    *at += after != 0;
    return 1;
}

/* Days from 1970 to a date of the Gregorian calendar, counted in years that begin in March. */
static int64_t count_days(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2), era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Digits behind ".": ns. More than nine are cut. */
static int take_fraction(const char **at, uint64_t *ns)
{
    uint64_t scale = 100000000;
    *ns = 0;
    if (**at != '.')
        return 1;
    if (!is_digit(*++*at))
        return 0;
    for (; is_digit(**at); ++*at, scale /= 10)
        *ns += (uint64_t)(**at - '0') * scale;
    return 1;
}

/* Z or +01:00, to the end: seconds east of Greenwich. */
static int take_offset(const char **at, int64_t *offset)
{
    unsigned hours, minutes;
    char sign = **at;
    *offset = 0;
    if (sign == 'Z' || sign == 'z')
        return (*at)[1] == 0;
    ++*at;
    if ((sign != '+' && sign != '-') || !take_digits(at, 2, ':', &hours) || !take_digits(at, 2, 0, &minutes) || **at
        || hours > 23 || minutes > 59)
        return 0;
    *offset = (int64_t)(hours * 3600 + minutes * 60) * (sign == '+' ? 1 : -1);
    return 1;
}

int moment_parse(const char *text, uint64_t *wall)
{
    unsigned year, month, day, hour, minute, second;
    uint64_t ns;
    int64_t offset, since;
    if (!take_digits(&text, 4, '-', &year) || !take_digits(&text, 2, '-', &month) || !take_digits(&text, 2, 'T', &day)
        || !take_digits(&text, 2, ':', &hour) || !take_digits(&text, 2, ':', &minute)
        || !take_digits(&text, 2, 0, &second)
        || !take_fraction(&text, &ns) || !take_offset(&text, &offset))
        return 0;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year > 2500)
        return 0;
    since = count_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    *wall = since < 0 ? 0 : (uint64_t)since * 1000000000 + ns;
    return 1;
}
