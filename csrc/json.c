/* JSON for whoever asks: see json.h. It must never write outside its room, and never write half a value unsaid. */

#include "json.h"

#include <string.h>

enum { ESCAPED = 6 };       /* the longest that one character becomes */

static void put(struct json *j, const char *bytes, size_t size)
{
    j->broken |= size > j->room - j->size;
    if (j->broken)
        return;
    memcpy(j->out + j->size, bytes, size);
    j->size += size;
}

static void put_word(struct json *j, const char *word) { put(j, word, strlen(word)); }

/* --- characters --- */

/* How many bytes the character at[0] begins has; or, if it is none, how many belong together as one mistake (Unicode's
 * maximal subpart). */
static size_t measure(const uint8_t *at, size_t size, int *is_one)
{
    uint8_t lead = at[0], low = 0x80, high = 0xbf;
    size_t wanted = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : lead >= 0xe0 && lead < 0xf0 ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 0;
    size_t got = 1;
    if (lead == 0xe0)
        low = 0xa0;
    if (lead == 0xed)
        high = 0x9f;
    if (lead == 0xf0)
        low = 0x90;
    if (lead == 0xf4)
        high = 0x8f;
    for (; got < wanted && got < size && at[got] >= low && at[got] <= high; got++) {
        low = 0x80;
        high = 0xbf;
    }
    *is_one = got == wanted;
    return got;
}

int json_is_text(const char *text, size_t size)
{
    int is_one = 1;
    for (size_t at = 0; at < size && is_one;)
        at += measure((const uint8_t *)text + at, size - at, &is_one);
    return is_one;
}

static size_t escape_code(char out[ESCAPED], uint8_t code)
{
    static const char hex[] = "0123456789abcdef";
    memcpy(out, "\\u00", 4);
    out[4] = hex[code >> 4];
    out[5] = hex[code & 15];
    return 6;
}

static size_t escape_byte(char out[ESCAPED], uint8_t byte)
{
    static const char from[] = "\n\t\r\"\\", to[] = "ntr\"\\";
    const char *at = byte ? strchr(from, byte) : NULL;
    if (!at)
        return escape_code(out, byte);
    out[0] = '\\';
    out[1] = to[at - from];
    return 2;
}

/* Beyond what JSON asks for, DEL and the C1 controls: a terminal obeys them. */
static size_t escape(char out[ESCAPED], const uint8_t *at, size_t size, int is_one)
{
    if (!is_one) {
        memcpy(out, "\xef\xbf\xbd", 3);
        return 3;
    }
    if (size == 1)
        return escape_byte(out, at[0]);
    if (at[0] == 0xc2 && at[1] < 0xa0)
        return escape_code(out, at[1]);
    memcpy(out, at, size);
    return size;
}

static size_t count_plain(const uint8_t *at, size_t size)
{
    size_t count = 0;
    while (count < size && at[count] >= ' ' && at[count] < 0x7f && at[count] != '"' && at[count] != '\\')
        count++;
    return count;
}

/* As many bytes of text as become no more than room bytes; returns how many. */
static size_t put_characters(struct json *j, const char *text, size_t size, size_t room)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t done = 0, plain, length, one;
    char escaped[ESCAPED];
    int is_one;
    while (done < size) {
        plain = count_plain(at + done, size - done < room ? size - done : room);
        put(j, text + done, plain);
        done += plain;
        room -= plain;
        if (plain)
            continue;
        length = measure(at + done, size - done, &is_one);
        one = escape(escaped, at + done, length, is_one);
        if (one > room)
            break;
        put(j, escaped, one);
        done += length;
        room -= one;
    }
    return done;
}

/* --- values --- */

void json_start(struct json *j, char *out, size_t room) { *j = (struct json){out, room, 0, "", 0, 0}; }

void json_gap(struct json *j, const char *gap) { j->gap = gap; }

/* What stands before a value. */
static void begin(struct json *j, const char *key)
{
    if (j->comma)
        put(j, ",", 1);
    if (*j->gap)
        put_word(j, j->gap);
    j->gap = "";
    j->comma = 1;
    if (!key)
        return;
    put(j, "\"", 1);
    put_characters(j, key, strlen(key), SIZE_MAX);
    put(j, "\":", 2);
}

static void put_plain(struct json *j, const char *key, const char *value)
{
    begin(j, key);
    put_word(j, value);
}

static void open(struct json *j, const char *key, const char *bracket)
{
    put_plain(j, key, bracket);
    j->comma = 0;
}

static void close(struct json *j, const char *bracket)
{
    put_word(j, j->gap);
    j->gap = "";
    put_word(j, bracket);
    j->comma = 1;
}

void json_object_begin(struct json *j, const char *key) { open(j, key, "{"); }
void json_object_end(struct json *j) { close(j, "}"); }
void json_list_begin(struct json *j, const char *key) { open(j, key, "["); }
void json_list_end(struct json *j) { close(j, "]"); }
void json_null(struct json *j, const char *key) { put_plain(j, key, "null"); }
void json_bool(struct json *j, const char *key, int is_so) { put_plain(j, key, is_so ? "true" : "false"); }

void json_line_end(struct json *j)
{
    put(j, "\n", 1);
    j->comma = 0;
}

void json_number(struct json *j, const char *key, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    begin(j, key);
    put(j, digits + at, sizeof digits - at);
}

void json_signed(struct json *j, const char *key, int64_t number)
{
    if (number >= 0) {
        json_number(j, key, (uint64_t)number);
        return;
    }
    put_plain(j, key, "-");
    j->comma = 0;
    json_number(j, NULL, -(uint64_t)number);
}

size_t json_text_some(struct json *j, const char *key, const char *text, size_t size, size_t reserve)
{
    begin(j, key);
    put(j, "\"", 1);
    size_t left = j->room - j->size, taken = 0;
    j->broken |= left < reserve + 1;
    if (!j->broken)
        taken = put_characters(j, text, size, left - reserve - 1);
    put(j, "\"", 1);
    return taken;
}

void json_text(struct json *j, const char *key, const char *text, size_t size)
{
    j->broken |= json_text_some(j, key, text, size, 0) < size;
}

void json_word(struct json *j, const char *key, const char *text)
{
    if (text)
        json_text(j, key, text, strlen(text));
    else
        json_null(j, key);
}

/* --- time --- */

/* Days since 1970 to a date of the Gregorian calendar, counted in years that begin in March. */
static void find_date(uint64_t days, uint64_t *year, uint64_t *month, uint64_t *day)
{
    uint64_t since = days + 719468, era = since / 146097, of_era = since % 146097;
    uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t from_march = (5 * of_year + 2) / 153;
    *day = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

static void put_digits(char *out, uint64_t number, size_t width)
{
    for (; width > 0; number /= 10)
        out[--width] = (char)('0' + number % 10);
}

size_t json_format_time(char out[JSON_TIME], uint64_t wall)
{
    uint64_t second = wall / 1000000000, year, month, day;
    find_date(second / 86400, &year, &month, &day);
    memcpy(out, "0000-00-00T00:00:00.000000Z", JSON_TIME);
    put_digits(out, year, 4);
    put_digits(out + 5, month, 2);
    put_digits(out + 8, day, 2);
    put_digits(out + 11, second / 3600 % 24, 2);
    put_digits(out + 14, second / 60 % 60, 2);
    put_digits(out + 17, second % 60, 2);
    put_digits(out + 20, wall / 1000 % 1000000, 6);
    return JSON_TIME;
}

void json_time(struct json *j, const char *key, uint64_t wall)
{
    char text[JSON_TIME];
    if (wall)
        json_text(j, key, text, json_format_time(text, wall));
    else
        json_null(j, key);
}
