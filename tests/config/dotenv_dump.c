/* What csrc/dotenv.c finds in texts: each comes as its length in figures, a newline, its bytes. For each entry: its
 * line, its name, "=" and its value or "-", each with a NUL; "!" and the line for one that is none; "." behind each
 * text. */
#include <stdio.h>
#include <stdlib.h>

#include "dotenv.h"

static void write_text(struct text text) { fwrite(text.at, 1, (size_t)text.size, stdout); }

static void dump(char *bytes, size_t size)
{
    struct dotenv lines = {bytes, bytes + size, 0};
    struct dotenv_entry entry;
    enum dotenv_result result;
    while ((result = dotenv_next(&lines, &entry)) != DOTENV_END) {
        printf("%s%u", result == DOTENV_WRONG ? "!" : "", (unsigned)entry.line);
        putchar(0);
        if (result == DOTENV_WRONG)
            continue;
        write_text(entry.name);
        putchar(0);
        putchar(entry.value.at ? '=' : '-');
        if (entry.value.at)
            write_text(entry.value);
        putchar(0);
    }
    fwrite(".", 1, 2, stdout);
}

int main(void)
{
    size_t size;
    while (scanf("%zu", &size) == 1 && getchar() == '\n') {
        char *bytes = malloc(size + !size);
        if (fread(bytes, 1, size, stdin) != size)
            return 1;
        dump(bytes, size);
        free(bytes);
    }
    return 0;
}
