/* The values of options: signals, exit codes, and lists of them. It must never print or leave: what is wrong with a
 * value is told by a clause, NULL when nothing is.
 */

#include <signal.h>
#include <string.h>
#include <strings.h>

#include "core.h"
#include "one.h"

static const char no_signal[] = "no such signal; they have names, as TERM or RTMIN+2, or numbers from 1 to 64";

/* --- signals --- */

/* A number below bound that ends the text[0..size); -1: it is none. */
static int number_in(const char *text, size_t size, int bound)
{
    int number = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || number >= bound)
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return size && number < bound ? number : -1;
}

static int signal_at(const char *text, size_t size, const char *base, int from, int step)
{
    size_t length = strlen(base);
    if (size < length || strncasecmp(text, base, length) != 0)
        return -1;
    if (size == length)
        return from;
    int far = number_in(text + length + 1, size - length - 1, 65);
    int number = far < 0 || text[length] != (step > 0 ? '+' : '-') ? -1 : from + step * far;
    return number >= 34 && number <= 64 ? number : -1;
}

static const struct { const char *name; uint8_t number; } aliases[] = {{"IOT", 6}, {"CLD", 17}, {"POLL", 29}};

/* "TERM", "SIGTERM", "15", "RTMIN+2", "RTMAX-1"; -1: it is none. Real-time names count from 34, as signal_word()'s. */
static int signal_in(const char *text, size_t size)
{
    int number = number_in(text, size, PLAN_SIGNALS);
    if (number >= 0)
        return number ? number : -1;
    if (size > 3 && strncasecmp(text, "SIG", 3) == 0) {
        text += 3;
        size -= 3;
    }
    for (uint8_t i = 1; i < PLAN_SIGNALS; i++) {
        const char *word = signal_word(i);
        if (*word == 'S' && strlen(word + 3) == size && strncasecmp(word + 3, text, size) == 0)
            return i;
    }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strlen(aliases[i].name) == size && strncasecmp(aliases[i].name, text, size) == 0)
            return aliases[i].number;
    number = signal_at(text, size, "RTMIN", 34, 1);
    return number >= 0 ? number : signal_at(text, size, "RTMAX", 64, -1);
}

/* --- what is in a list --- */

static int is_drop(const char *text, size_t size)
{
    return (size == 1 && *text == '0') || (size == 6 && strncasecmp(text, "ignore", 6) == 0);
}

static const char *take_rewrite(struct one *one, const char *text, size_t size)
{
    const char *colon = memchr(text, ':', size);
    if (!colon)
        return "it is FROM:TO, as HUP:USR1 or 15:3; 0 or ignore drops the signal";
    size_t left = (size_t)(colon - text), right = size - left - 1;
    int from = signal_in(text, left), to = is_drop(colon + 1, right) ? ONE_DROPPED : signal_in(colon + 1, right);
    if (from < 0 || to < 0)
        return no_signal;
    if (from == SIGKILL || from == SIGSTOP || from == SIGCHLD)
        return "nobody can be given something else for KILL, STOP and CHLD";
    one->sent[from] = (uint8_t)to;
    return NULL;
}

static const char *take_code(struct one *one, const char *text, size_t size)
{
    const char *colon = memchr(text, ':', size);
    size_t left = colon ? (size_t)(colon - text) : size;
    int from = number_in(text, left, PLAN_EXIT_CODES);
    int to = colon ? number_in(colon + 1, size - left - 1, PLAN_EXIT_CODES) : 0;
    if (from < 0 || to < 0)
        return "it is FROM or FROM:TO, numbers from 0 to 255";
    one->codes[from] = (uint16_t)to;
    return NULL;
}

/* Each of the words of a list; an option's value is a list of one. */
static const char *take_each(struct one *one, const char *text, const char *take(struct one *, const char *, size_t))
{
    static const char between[] = " \t\n,";
    const char *why = NULL;
    if (!*text)
        return take(one, text, 0);
    for (text += strspn(text, between); *text && !why; text += strspn(text, between)) {
        size_t size = strcspn(text, between);
        why = take(one, text, size);
        text += size;
    }
    return why;
}

const char *one_take_rewrites(struct one *one, const char *text) { return take_each(one, text, take_rewrite); }

const char *one_take_codes(struct one *one, const char *text) { return take_each(one, text, take_code); }

const char *one_take_parent_signal(struct one *one, const char *text)
{
    int number = signal_in(text, strlen(text));
    if (number < 0)
        return no_signal;
    one->parent_signal = (uint8_t)number;
    return NULL;
}

int one_truth_of(const char *text)
{
    static const struct { const char *word; int truth; } words[] = {
        {"1", 1}, {"true", 1}, {"yes", 1}, {"on", 1}, {"0", 0}, {"false", 0}, {"no", 0}, {"off", 0},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i].word) == 0)
            return words[i].truth;
    return -1;
}
