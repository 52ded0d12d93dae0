/* What the core says of two plans: "OLD NEW" a line, in hexadecimal; for each unit of the new one a sign: = it is the
 * same, ~ it is another, + there was none; then a key that is settled and differs, or nothing. */
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

static uint32_t place_of(const struct plan *in, const struct plan *of, uint32_t at)
{
    uint32_t i = 0;
    while (i < in->unit_count && strcmp(plan_text(in, in->units[i].name), plan_text(of, of->units[at].name)) != 0)
        i++;
    return i;
}

static char sign(const struct plan *old, const struct plan *new, uint32_t at)
{
    uint32_t place = place_of(old, new, at);
    return place == old->unit_count ? '+' : compare_units(old, place, new, at) ? '=' : '~';
}

static char **parts_of(const struct plan *plan)
{
    char **parts = calloc(plan->mount_count + 1, sizeof *parts);
    for (uint32_t i = 0; i < plan->mount_count; i++)
        parts[i] = (char *)(uintptr_t)plan_text(plan, plan->mounts[i].sub_path);
    return parts;
}

/* In the order of change.c. */
static const char *settled_of_units(const struct plan *old, const struct plan *new)
{
    const char *key = NULL;
    for (uint32_t i = 0; i < new->unit_count && !key; i++) {
        uint32_t at = place_of(old, new, i);
        key = compare_fixed(old, at < old->unit_count ? &old->units[at] : NULL, new, &new->units[i]);
    }
    for (uint32_t i = 0; i < old->unit_count && !key; i++)
        if (place_of(new, old, i) == new->unit_count)
            key = compare_fixed(old, &old->units[i], new, NULL);
    return key;
}

static const char *settled(const struct plan *old, const struct plan *new)
{
    const char *key = compare_pods(old, new);
    char **before = parts_of(old), **now = parts_of(new);
    key = key ? key : settled_of_units(old, new);
    key = key ? key : compare_shown(old, before, new, now) ? "volumes" : "";
    free(before);
    free(now);
    return key;
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
        printf(" %s\n", settled(&old, &new));
        free(before);
        free(now);
    }
    return 0;
}
