/* A file of variables, and one key of a file as fileKeyRef has it. What is found lies in the file; a second way to it,
 * line by line, finds the same where lines are plain. */
#include "dotenv.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("export "), WORD("NAME="), WORD("=\""), WORD("\"\n"), WORD("='"), WORD("'\n"), WORD("\\\""), WORD("\\n"),
    WORD(" #"), WORD("\nKEY='v'\n"), WORD("KEY=\n"), WORD("\\\\"), WORD("\t"), WORD("\r\n"), {NULL, 0},
};
const size_t fuzz_most = 2048;

static int is_inside(struct text text, const char *bytes, size_t size)
{
    return text.at >= bytes && text.at + text.size <= bytes + size;
}

static void check_name(struct text name)
{
    CLAIM(name.size > 0);
    for (uint64_t i = 0; i < name.size; i++)
        CLAIM(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", name.at[i]) && name.at[i]);
}

static uint32_t count_lines(const char *bytes, size_t size)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    return lines;
}

/* Numbers of lines grow; no value is longer than what is left of the file. */
static void try_entries(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + !size);
    memcpy(copy, bytes, size);
    struct dotenv lines = {copy, copy + size, 0};
    struct dotenv_entry entry;
    enum dotenv_result result;
    uint32_t last = 0, most = count_lines((const char *)bytes, size);
    while ((result = dotenv_next(&lines, &entry)) != DOTENV_END) {
        CLAIM(entry.line > last && entry.line <= most && lines.at <= lines.end);
        last = entry.line;
        if (result == DOTENV_WRONG)
            continue;
        CLAIM(is_inside(entry.name, copy, size));
        check_name(entry.name);
        CLAIM(entry.value.at == NULL || is_inside(entry.value, copy, size));
    }
    CLAIM(lines.at == lines.end);
    free(copy);
}

/* What is found stands there as KEY='VALUE', or is empty. */
static void try_key(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    struct text value = {NULL, 0};
    int found = dotenv_find(text, size, (struct text){"KEY", 3}, &value);
    CLAIM(found >= -1 && found <= 1);
    if (found != 1)
        return;
    CLAIM(is_inside(value, text, size));
    CLAIM(memchr(value.at, '\'', value.size) == NULL);
    if (value.size) {
        CLAIM(value.at - text >= 5 && memcmp(value.at - 5, "KEY='", 5) == 0);
        CLAIM(value.at + value.size < text + size && value.at[value.size] == '\'');
    }
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    try_entries(bytes, size);
    try_key(bytes, size);
}
