/* What a program says of itself: a message alone, among others' lines, and in two. */
#include "notice.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("READY=1"), WORD("RELOADING=1"), WORD("STOPPING=1"), WORD("BARRIER=1"), WORD("WATCHDOG=1"),
    WORD("WATCHDOG=trigger"), WORD("WATCHDOG_USEC="), WORD("EXTEND_TIMEOUT_USEC="), WORD("MAINPID="), WORD("ERRNO="),
    WORD("STATUS="), WORD("18446744073709551615"), WORD("18446744073709551616"), WORD("2147483647"), WORD("4095"),
    WORD("\n"), WORD("\xc3\xa9"), WORD("\xe2\x82\xac"), WORD("\xf0\x9f\x98\x80"), WORD("\xed\xa0\x80"),
    WORD("\xf4\x90\x80\x80"), WORD("\xc2\x80"), {NULL, 0},
};
const size_t fuzz_most = 1024;

/* RFC 3629's table, and no control characters: written from its end, unlike notice.c's. */
static size_t character_size(const uint8_t *s, size_t left)
{
    uint32_t code = 0;
    size_t size = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    if (size == 0 || size > left)
        return 0;
    code = size == 1 ? s[0] : s[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        code = code << 6 | (s[i] & 63);
    }
    const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int is_character = code >= least[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return is_character && code >= 32 && (code < 127 || code > 0x9f) ? size : 0;
}

static void check_status(const struct notice *n, const uint8_t *bytes, size_t size)
{
    const uint8_t *status = (const uint8_t *)n->status, *end = bytes + size;
    size_t at = 0, length;
    if (!n->has_status)
        return;
    CLAIM(status >= bytes + 7 && status <= end && n->status_size <= (size_t)(end - status));
    while (at < n->status_size) {
        length = character_size(status + at, n->status_size - at);
        CLAIM(length > 0);
        at += length;
    }
    size_t left = (size_t)(end - status) - at;
    CLAIM(left == 0 || character_size(status + at, left) == 0);         /* as much as is sound */
}

static void check_numbers(const struct notice *n)
{
    CLAIM(!n->has_mainpid || n->mainpid > 1);
    CLAIM(!n->has_errno || (n->errno_value >= 0 && n->errno_value <= 4095));
    CLAIM((n->ready | n->reloading | n->stopping | n->barrier | n->watchdog | n->watchdog_trigger) <= 1);
}

/* All but where the status lies, and that by its text. */
static void claim_same(struct notice a, struct notice b)
{
    CLAIM(a.status_size == b.status_size && (!a.status_size || memcmp(a.status, b.status, a.status_size) == 0));
    a.status = b.status = NULL;
    CLAIM(memcmp(&a, &b, sizeof a) == 0);
}

/* Lines that nobody understands change nothing. */
static void check_strangers(const struct notice *n, int understood, const uint8_t *bytes, size_t size)
{
    struct notice other;
    char *text = malloc(size + 7);
    memcpy(text, "X=1\n", 4);
    memcpy(text + 4, bytes, size);
    memcpy(text + 4 + size, "\nY", 2);
    text[6 + size] = 0;
    CLAIM(notice_parse(text, size + 6, &other) == understood);
    claim_same(*n, other);
    CLAIM(notice_parse(text, size + 7, &other) == understood);          /* a NUL at its end is none */
    claim_same(*n, other);
    free(text);
}

/* Two halves say together what the whole says. */
static void check_halves(const struct notice *n, const uint8_t *bytes, size_t size)
{
    const uint8_t *cut = size ? memchr(bytes, '\n', size) : NULL;
    struct notice first, rest;
    if (cut == NULL)
        return;
    char *a = fuzz_text(bytes, (size_t)(cut - bytes)), *b = fuzz_text(cut + 1, (size_t)(bytes + size - cut - 1));
    notice_parse(a, (size_t)(cut - bytes), &first);
    notice_parse(b, (size_t)(bytes + size - cut - 1), &rest);
    CLAIM(n->ready == (first.ready | rest.ready) && n->stopping == (first.stopping | rest.stopping));
    CLAIM(n->watchdog == (first.watchdog | rest.watchdog) && n->barrier == (first.barrier | rest.barrier));
    CLAIM(n->has_mainpid == (first.has_mainpid | rest.has_mainpid));
    CLAIM(!n->has_mainpid || n->mainpid == (first.has_mainpid ? first : rest).mainpid);
    CLAIM(!n->has_watchdog_usec || n->watchdog_usec == (first.has_watchdog_usec ? first : rest).watchdog_usec);
    free(a);
    free(b);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    struct notice n;
    int understood = notice_parse((const char *)bytes, size, &n);
    check_numbers(&n);
    CLAIM(understood || memcmp(&n, &(struct notice){0}, sizeof n) == 0);
    if (size == 0 || memchr(bytes, 0, size) != NULL)
        return;
    if (memchr(bytes, '\n', size) == NULL)
        check_status(&n, bytes, size);
    check_strangers(&n, understood, bytes, size);
    check_halves(&n, bytes, size);
}
