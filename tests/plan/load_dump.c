/* Loads a plan and writes what each unit would be executed with: texts that end with NUL, lists begin with their count.
 *
 *     load_dump PLAN ENVIRONMENT MARK [WORDS...]
 *
 * ENVIRONMENT is a file of entries that end with NUL. For each unit: argv, envp, lacks_home, lacks_user,
 * lacks_logname, start waits, stop waits, then the commands of its probes and hooks: how many, each one's argv and
 * whether its environment is the unit's own list. 78 with the clause if refused.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load.h"

static void dump_number(uint64_t number)
{
    printf("%lu", (unsigned long)number);
    putchar('\0');
}

static void dump_list(char **list)
{
    uint64_t count = 0;
    while (list[count] != NULL)
        count++;
    dump_number(count);
    for (; *list != NULL; list++)
        fwrite(*list, 1, strlen(*list) + 1, stdout);
}

/* A whole file; ends the program if there is none. */
static char *read_file(const char *path, uint64_t *size)
{
    struct stat about;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &about) != 0)
        exit(1);
    *size = (uint64_t)about.st_size;
    char *bytes = malloc(*size + 1);
    if (read(fd, bytes, *size) != about.st_size)
        exit(1);
    close(fd);
    return bytes;
}

static char **read_environment(char *bytes, uint64_t size)
{
    char **list = calloc(size + 1, sizeof *list);
    uint64_t count = 0;
    for (char *entry = bytes; entry < bytes + size; entry += strlen(entry) + 1)
        list[count++] = entry;
    return list;
}

static void dump_errands(const struct plan *plan, const struct loaded *loaded, uint32_t unit)
{
    const struct plan_run run = plan->units[unit].errands;
    uint64_t count = 0;
    for (uint32_t i = run.first; i < run.first + run.count; i++)
        count += loaded->errands[i].argv != NULL;
    dump_number(count);
    for (uint32_t i = run.first; i < run.first + run.count; i++)
        if (loaded->errands[i].argv != NULL) {
            dump_list(loaded->errands[i].argv);
            dump_number(loaded->errands[i].envp == loaded->programs[unit].envp);
        }
}

static void dump(const struct plan *plan, const struct loaded *loaded)
{
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const struct program *program = &loaded->programs[i];
        dump_list(program->argv);
        dump_list(program->envp);
        dump_number(program->lacks_home);
        dump_number(program->lacks_user);
        dump_number(program->lacks_logname);
        dump_number(loaded->start_waits[i]);
        dump_number(loaded->stop_waits[i]);
        dump_errands(plan, loaded, i);
    }
}

int main(int argc, char **argv)
{
    struct plan plan;
    struct loaded loaded;
    uint64_t size, given_size;
    if (argc < 4)
        return 1;
    char *bytes = read_file(argv[1], &size), *entries = read_file(argv[2], &given_size);
    char **given = read_environment(entries, given_size);
    if (plan_refuse((uint8_t *)bytes, size) != NULL)
        return 1;
    plan_open(&plan, (uint8_t *)bytes);
    const char *why = load_programs(&plan, given, argc > 4 ? argv + 4 : NULL, argv[3], NULL, &loaded);
    if (why != NULL)
        puts(why);
    else
        dump(&plan, &loaded);
    load_free(&loaded);
    free(given);
    free(entries);
    free(bytes);
    return why != NULL ? 78 : 0;
}
