/* Values of one command's options, and the variables that stand for them. Whatever was accepted is in range, and means
 * the same when it is said twice.
 */
#include "one.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("HUP:USR1"), WORD("SIGTERM:3"), WORD("15:0"), WORD("int:ignore"), WORD("RTMIN+2"), WORD("RTMAX-1"), WORD("CHLD"),
    WORD("143"), WORD("255:0"), WORD("256"), WORD(","), WORD(" "), WORD(":"), {NULL, 0},
};
const size_t fuzz_most = 64;

/* Some of the names; the rest are numbers. */
const char *signal_word(uint8_t number)
{
    static const char *const words[PLAN_SIGNALS] = {
        [1] = "SIGHUP", [2] = "SIGINT", [9] = "SIGKILL", [10] = "SIGUSR1", [15] = "SIGTERM", [17] = "SIGCHLD",
        [19] = "SIGSTOP", [36] = "SIGRTMIN+2",
    };
    return number < PLAN_SIGNALS && words[number] ? words[number] : "signal 0";
}

static struct one fresh(void)
{
    struct one one;
    memset(&one, 0, sizeof one);
    memset(one.sent, ONE_AS_IT_IS, sizeof one.sent);
    memset(one.codes, 255, sizeof one.codes);
    return one;
}

static void check_range(const struct one *one)
{
    static const uint8_t fixed[] = {0, 9, 17, 19};
    for (size_t i = 0; i < PLAN_SIGNALS; i++)
        CLAIM(one->sent[i] < PLAN_SIGNALS || one->sent[i] == ONE_AS_IT_IS);
    for (size_t i = 0; i < sizeof fixed; i++)
        CLAIM(one->sent[fixed[i]] == ONE_AS_IT_IS);
    for (size_t i = 0; i < PLAN_EXIT_CODES; i++)
        CLAIM(one->codes[i] < PLAN_EXIT_CODES || one->codes[i] == ONE_CODE_AS_IT_IS);
}

static void check_list(const char *text, const char *take(struct one *, const char *))
{
    struct one once = fresh(), twice = fresh();
    size_t size = strlen(text);
    char *both = malloc(2 * size + 2);
    memcpy(both, text, size);
    both[size] = ',';
    memcpy(both + size + 1, text, size + 1);
    const char *why = take(&once, text);
    check_range(&once);
    if (!why && size) {
        CLAIM(take(&twice, both) == NULL);
        CLAIM(memcmp(&once, &twice, sizeof once) == 0);
    }
    free(both);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_text(bytes, size);
    struct one one = fresh();
    check_list(text, one_take_rewrites);
    check_list(text, one_take_codes);
    CLAIM((one_take_parent_signal(&one, text) == NULL) == (one.parent_signal > 0));
    CLAIM(one.parent_signal < PLAN_SIGNALS);
    free(text);
}
