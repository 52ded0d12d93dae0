/* The front door: from words on the command line to a plan in memory. */
#ifndef FRONT_H
#define FRONT_H

#include <stddef.h>
#include <stdint.h>

struct options {
    const char *file;               /* a pod file or a plan */
    const char *report;             /* --report, or NULL */
    const char *events;             /* --events, or NULL */
    char *const *words;             /* those after "--", or NULL */
    char *compile[256];             /* --set and the like, as the compiler takes them; NULL-terminated */
    uint32_t compile_count;
};

/* Everything after "run". Dies with 64 on words it does not know. */
void front_parse_run(int argc, char **argv, struct options *out);

/* The checked plan of options->file, in memory of our own. Dies when there is none: 78, or what the compiler says. */
const uint8_t *front_load(const struct options *, uint64_t given);

/* Becomes python -m minipod with these words; returns only by dying. */
_Noreturn void front_exec_python(char *const *words, uint64_t given);

#endif
