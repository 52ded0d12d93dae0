/* $(VAR) in words that may come from anywhere. The input: variables, one a line, an empty line, and the text; beside
 * it the same rule, written a byte at a time. */
#include "expand.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("$("), WORD(")"), WORD("$$"), WORD("$(A)"), WORD("$$(A)"), WORD("A=1\n"), WORD("A=$(B)\n"), WORD("B=two\n"),
    WORD("\n\n"), WORD("$(A"), WORD("$()"), WORD("=\n"), {NULL, 0},
};
const size_t fuzz_most = 1024;

enum { VARIABLES = 16, ROOM = 1 << 20 };

static const char *find(const char *const *list, const char *name, size_t size)
{
    const char *found = NULL;
    for (; *list; list++)
        if (strncmp(*list, name, size) == 0 && strlen(*list) > size && (*list)[size] == '=')
            found = *list + size + 1;
    return found;
}

/* Kubernetes' rule, from its specification: at a $ what follows decides. */
static size_t expand_slowly(const char *text, size_t size, const char *const *list, char *out)
{
    size_t at = 0, length = 0;
    while (at < size) {
        const char *close = at + 1 < size && text[at] == '$' && text[at + 1] == '('
                          ? memchr(text + at + 2, ')', size - at - 2) : NULL;
        size_t taken = close ? (size_t)(close - text) + 1 - at : at + 1 < size && text[at] == '$' ? 2 : 1;
        const char *put = text + at, *value = close ? find(list, put + 2, taken - 3) : NULL;
        size_t put_size = value ? strlen(value) : taken == 2 && put[1] == '$' ? 1 : taken;
        memcpy(out + length, value ? value : put, put_size);
        length += put_size;
        at += taken;
    }
    return length;
}

/* The lines up to the empty one; returns where the text begins. */
static char *take_variables(char *text, const char **list)
{
    size_t count = 0;
    while (*text && *text != '\n') {
        char *end = strchr(text, '\n');
        if (!end)
            break;
        *end = 0;
        if (count < VARIABLES)
            list[count++] = text;
        text = end + 1;
    }
    list[count] = NULL;
    return text + (*text == '\n');
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    static char expected[ROOM];
    char *all = fuzz_text(bytes, size), *from;
    const char *list[VARIABLES + 1], *const *const maps[] = {list, NULL};
    from = take_variables(all, list);
    size_t length = (size_t)(all + size - from), wanted;
    char *text = malloc(length + !length);
    memcpy(text, from, length);
    wanted = expand_slowly(text, length, list, expected);
    CLAIM(expand_text(text, length, maps, NULL, 0) == wanted);
    for (size_t room = wanted; room + 2 > wanted && room <= wanted; room--) {
        char *out = malloc(room + !room);
        CLAIM(expand_text(text, length, maps, out, room) == wanted && memcmp(out, expected, room) == 0);
        free(out);
    }
    free(text);
    free(all);
}
