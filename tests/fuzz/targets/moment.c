/* Moments and durations that a request names. What is a moment is written again as one and read as the same. */
#include "moment.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "plan.h"

const struct fuzz_word fuzz_words[] = {
    WORD("2026-01-31T23:59:59Z"), WORD("2500-12-31T23:59:60"), WORD("+01:00"), WORD("-23:59"), WORD(".123456789"),
    WORD("1h30m"), WORD("250ms"), WORD("1.5"), WORD("9999999999h"), WORD("0001-01-01"), {NULL, 0},
};
const size_t fuzz_most = 128;

static const uint64_t LAST = UINT64_C(16756761600000000000);     /* the begin of 2501 */

static void check_moment(const char *text)
{
    char again[JSON_TIME + 1] = {0};
    uint64_t wall, same;
    if (!moment_parse(text, &wall) || wall == 0)
        return;
    CLAIM(wall < LAST + UINT64_C(86400000000000));          /* what was before 1970 did not turn around */
    if (wall >= LAST)                                       /* a second or an offset beyond the last year there is */
        return;
    size_t size = json_format_time(again, wall);
    CLAIM(size == JSON_TIME);
    CLAIM(moment_parse(again, &same) && same == wall / 1000 * 1000);
}

/* The same sum in floating point, which cannot turn around. */
static double sum(const char *text)
{
    double all = 0;
    for (char *end; *text; text = end) {
        double number = strtod(text, &end);
        size_t size = strcspn(end, "0123456789.");
        CLAIM(end > text && size <= 2);
        all += number * (size == 2 ? 1e6 : *end == 'm' ? 6e10 : *end == 'h' ? 3.6e12 : 1e9);
        end += size;
    }
    return all;
}

static void check_duration(const char *text)
{
    uint64_t ns;
    size_t size = strlen(text);
    if (!moment_duration(text, &ns))
        return;
    CLAIM(size > 0 && ns < PLAN_MAX_NS && strspn(text, "0123456789.smh") == size);
    double expected = sum(text), little = 1 + (double)size + expected / 1e9;
    CLAIM((double)ns > expected - little && (double)ns < expected + little);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_text(bytes, size);
    check_moment(text);
    check_duration(text);
    free(text);
}
