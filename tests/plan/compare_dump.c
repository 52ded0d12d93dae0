/* What the core says of two plans: "OLD NEW" a line, in hexadecimal; for each unit of the new one a sign: = it is the
 * same, ~ it is another, + there was none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

static uint8_t *from_hex(const char *hex)
{
    size_t size = strlen(hex) / 2;
    uint8_t *bytes = malloc(size + 8);
    for (size_t i = 0; i < size; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            exit(2);
        bytes[i] = (uint8_t)byte;
    }
    return bytes;
}

static char sign(const struct plan *old, const struct plan *new, uint32_t at)
{
    for (uint32_t i = 0; i < old->unit_count; i++)
        if (strcmp(plan_text(old, old->units[i].name), plan_text(new, new->units[at].name)) == 0)
            return compare_units(old, i, new, at) ? '=' : '~';
    return '+';
}

int main(void)
{
    static char line[1 << 22];
    while (fgets(line, sizeof line, stdin)) {
        struct plan old, new;
        uint8_t *before = from_hex(strtok(line, " \n")), *now = from_hex(strtok(NULL, " \n"));
        plan_open(&old, before);
        plan_open(&new, now);
        for (uint32_t i = 0; i < new.unit_count; i++)
            putchar(sign(&old, &new, i));
        putchar('\n');
        free(before);
        free(now);
    }
    return 0;
}
