/* Spoils every byte of a plan and cuts it at every length. As it is, a spoiled plan must be refused; with its digest
 * made right again it must be refused or be a plan that can be opened, loaded and read to its last index. Built with
 * address and undefined-behaviour checks, so a step outside ends it.
 *
 *     flip PLAN
 *
 * Prints how many plans it tried and how many of those signed again were accepted; 1 with a line for what went wrong.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load.h"

static const uint8_t masks[] = {0x01, 0x02, 0x08, 0x40, 0x80, 0xff};
static volatile uint64_t seen;
static unsigned long tried, accepted;

static void see(const char *text, uint64_t size)
{
    for (uint64_t i = 0; i <= size; i++)
        seen += (uint8_t)text[i];
}

static void see_string(const struct plan *plan, struct plan_string string)
{
    see(plan_text(plan, string), string.size);
}

static void see_run(const struct plan *plan, struct plan_run run)
{
    for (uint32_t i = 0; i < run.count; i++) {
        see_string(plan, plan->variables[run.first + i].name);
        see_string(plan, plan->variables[run.first + i].value);
    }
}

static void see_errand(const struct plan *plan, const struct plan_errand *errand)
{
    see_string(plan, errand->host);
    see_string(plan, errand->path);
    see_string(plan, errand->authority);
    see_string(plan, errand->headers);
    for (uint32_t i = 0; i < errand->argv.count; i++)
        see_string(plan, plan->words[errand->argv.first + i]);
    seen += plan->units[errand->unit].rank;
}

static void see_volume(const struct plan *plan, const struct plan_volume *volume)
{
    see_string(plan, volume->name);
    see_string(plan, volume->path);
    for (uint32_t i = 0; i < volume->files.count; i++) {
        see_string(plan, plan->files[volume->files.first + i].path);
        see_string(plan, plan->files[volume->files.first + i].content);
    }
}

static void see_mount(const struct plan *plan, const struct plan_mount *mount)
{
    see_string(plan, mount->path);
    see_string(plan, mount->sub_path);
    seen += plan->volumes[mount->volume].mode;
}

static void see_unit(const struct plan *plan, const struct plan_unit *unit)
{
    see_string(plan, unit->name);
    see_string(plan, unit->working_dir);
    see_string(plan, unit->user);
    see_string(plan, unit->group);
    see_string(plan, unit->log.file);
    see_run(plan, unit->env);
    for (uint32_t i = 0; i < unit->argv.count; i++)
        see_string(plan, plan->words[unit->argv.first + i]);
    for (uint32_t i = 0; i < unit->edges.count; i++)
        seen += plan->units[plan->edges[unit->edges.first + i].second].rank;
    for (uint32_t i = 0; i < unit->errands.count; i++)
        see_errand(plan, &plan->errands[unit->errands.first + i]);
    for (uint32_t i = 0; i < unit->mounts.count; i++)
        see_mount(plan, &plan->mounts[unit->mounts.first + i]);
    for (uint32_t i = 0; i < unit->delays.count; i++)
        seen += plan->delays[unit->delays.first + i];
    for (uint32_t i = 0; i < PLAN_EXIT_CODES; i++)
        seen += plan->exits[unit->exit_map * PLAN_EXIT_CODES + i].code;
}

static void see_plan(const struct plan *plan)
{
    see_string(plan, plan->pod->name);
    see_string(plan, plan->pod->termination_message);
    see_string(plan, plan->pod->default_path);
    see_string(plan, plan->pod->hosts);
    see_string(plan, plan->pod->hostname);
    for (uint32_t i = 0; i < plan->volume_count; i++)
        see_volume(plan, &plan->volumes[i]);
    see_run(plan, plan->pod->labels);
    see_run(plan, plan->pod->env);
    for (uint32_t i = 0; i < plan->unit_count; i++)
        see_unit(plan, &plan->units[i]);
    for (uint32_t i = 0; i < PLAN_SIGNALS; i++)
        for (uint32_t j = 0; j < plan->rules[i].targets.count; j++)
            seen += plan->units[plan->targets[plan->rules[i].targets.first + j]].rank;
    if (plan->pod->main_unit != PLAN_NONE)
        seen += plan->units[plan->pod->main_unit].rank;
}

static void see_program(const struct program *program)
{
    for (char **word = program->argv; *word != NULL; word++)
        see(*word, strlen(*word));
    for (uint32_t j = 0; j < program->env_count; j++)
        see(program->envp[j], strlen(program->envp[j]));
    for (uint32_t j = 0; j <= LOAD_SPARE; j++)
        if (program->envp[program->env_count + j] != NULL)
            exit((puts("no room behind an environment"), 1));
}

static void see_programs(const struct plan *plan, const struct loaded *loaded)
{
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        see_program(&loaded->programs[i]);
        seen += loaded->start_waits[i] + loaded->stop_waits[i];
    }
    for (uint32_t i = 0; i < plan->mount_count; i++)
        see(loaded->sub_paths[i], strlen(loaded->sub_paths[i]));
    for (uint32_t i = 0; i < plan->errand_count; i++)
        if (loaded->errands[i].argv != NULL)
            see_program(&loaded->errands[i]);
}

static void use(const uint8_t *bytes)
{
    char *given[] = {"PATH=/bin", "HOME=/root", "MINIPOD_GRACE=1", "odd", NULL};
    char *words[] = {"one", "two", NULL};
    struct plan plan;
    struct loaded loaded;
    plan_open(&plan, bytes);
    see_plan(&plan);
    for (int with = 0; with < 2; with++)
        if (load_programs(&plan, given, with ? words : NULL, "mark", NULL, &loaded) == NULL) {
            see_programs(&plan, &loaded);
            load_free(&loaded);
        }
}

static void try_signed(uint8_t *bytes, uint64_t size)
{
    uint64_t digest = plan_digest(bytes, size);
    memcpy(bytes + offsetof(struct plan_header, digest), &digest, sizeof digest);
    tried++;
    if (plan_refuse(bytes, size) == NULL) {
        accepted++;
        use(bytes);
    }
}

static void try_flip(const uint8_t *good, uint64_t size, uint64_t at, uint8_t mask)
{
    uint8_t *bytes = malloc(size);
    memcpy(bytes, good, size);
    bytes[at] ^= mask;
    tried++;
    if (plan_refuse(bytes, size) == NULL)
        exit((printf("accepted with byte %lu changed by %#x\n", (unsigned long)at, mask), 1));
    try_signed(bytes, size);
    free(bytes);
}

static void try_cut(const uint8_t *good, uint64_t size)
{
    uint8_t *bytes = malloc(size == 0 ? 1 : size);
    memcpy(bytes, good, size);
    tried++;
    if (plan_refuse(bytes, size) == NULL)
        exit((printf("accepted when cut at %lu\n", (unsigned long)size), 1));
    if (size >= sizeof(struct plan_header)) {
        memcpy(bytes + offsetof(struct plan_header, size), &size, sizeof size);
        try_signed(bytes, size);
    }
    free(bytes);
}

int main(int argc, char **argv)
{
    struct stat about;
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &about) != 0)
        return puts("cannot read the plan"), 1;
    uint64_t size = (uint64_t)about.st_size;
    uint8_t *good = malloc(size);
    if (read(fd, good, size) != about.st_size || plan_refuse(good, size) != NULL)
        return puts("the plan itself is refused"), 1;
    use(good);
    for (uint64_t at = 0; at < size; at++)
        for (size_t i = 0; i < sizeof masks; i++)
            try_flip(good, size, at, masks[i]);
    for (uint64_t length = 0; length < size; length++)
        try_cut(good, length);
    free(good);
    printf("%lu %lu\n", tried, accepted);
    return 0;
}
