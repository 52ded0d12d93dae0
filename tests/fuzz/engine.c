/* Looks for inputs that break a target: changes those it knows at random, and keeps each that reaches code, or reaches
 * it as often, as none before. The compiler tells what is reached and what is compared (-fsanitize-coverage=trace-pc,
 * trace-cmp). Chance is a fixed sequence, so as many runs are the same runs each time.
 *
 *     TARGET runs COUNT CORPUS         every file of the corpus, then so many inputs
 *     TARGET seconds COUNT CORPUS      the same for so long; then what was found is written there, the least of it
 *     TARGET replay FILE...
 *
 * Prints how many runs, inputs and edges there were. An input that breaks something is printed as hexadecimal digits
 * and left in the file ./broken-input. Built without checks or coverage itself; it must never change what it gives a
 * target.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "fuzz.h"

enum {
    EDGES = 1 << 15,
    BATCH = 64,                 /* changed inputs in a row from one that is kept */
    STUCK = 30,                 /* s that a batch may take */
};

struct input pool[POOL];
uint32_t pool_size;
struct hint hints[HINTS];
static uint8_t counts[EDGES], known[EDGES];     /* of the run; bits for how often, of all runs */
static uint64_t before;
static int wants_hints;
static uint64_t runs;
static uint32_t reach;                          /* of the run */
static const uint8_t *running;
static size_t running_size;

/* --- what the compiler tells --- */

static uint64_t scramble(uintptr_t at) { return (at - (uintptr_t)fuzz_one) * UINT64_C(0x9e3779b97f4a7c15) >> 40; }

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    uint64_t here = scramble((uintptr_t)__builtin_return_address(0));
    uint8_t *count = &counts[(here ^ before) % EDGES];
    *count = (uint8_t)(*count + (*count < 255));
    before = here >> 1;
}

static void hear(uintptr_t at, uint64_t a, uint64_t b, uint8_t size)
{
    if (!wants_hints || a == b)
        return;
    hints[(scramble(at) ^ a * 31 ^ b * 17) % HINTS] = (struct hint){b, a, size};
}

#define HEAR(name, type, size)                                            \
    void name(type a, type b);                                            \
    void name(type a, type b) { hear((uintptr_t)__builtin_return_address(0), a, b, size); }
HEAR(__sanitizer_cov_trace_cmp1, uint8_t, 1)
HEAR(__sanitizer_cov_trace_cmp2, uint16_t, 2)
HEAR(__sanitizer_cov_trace_cmp4, uint32_t, 4)
HEAR(__sanitizer_cov_trace_cmp8, uint64_t, 8)
HEAR(__sanitizer_cov_trace_const_cmp1, uint8_t, 1)
HEAR(__sanitizer_cov_trace_const_cmp2, uint16_t, 2)
HEAR(__sanitizer_cov_trace_const_cmp4, uint32_t, 4)
HEAR(__sanitizer_cov_trace_const_cmp8, uint64_t, 8)

/* cases: how many, bits of each, then they themselves. */
void __sanitizer_cov_trace_switch(uint64_t value, const uint64_t *cases);
void __sanitizer_cov_trace_switch(uint64_t value, const uint64_t *cases)
{
    for (uint64_t i = 0; i < cases[0]; i++)
        hear((uintptr_t)__builtin_return_address(0), cases[2 + i], value, (uint8_t)(cases[1] / 8));
}

/* --- what is broken --- */

const char *__asan_default_options(void);
const char *__asan_default_options(void) 
{
    return "abort_on_error=1:handle_abort=0:detect_leaks=0:quarantine_size_mb=8";
}
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return "abort_on_error=1:print_stacktrace=1"; }

static void put(int fd, const void *bytes, size_t size)
{
    if (write(fd, bytes, size) < 0)
        _exit(1);
}

static void put_hex(void)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < running_size; i++)
        put(1, (const char[]){digits[running[i] >> 4], digits[running[i] & 15]}, 2);
}

static void report(int number)
{
    static const char broken[] = " this input broke it: ", stuck[] = " this input takes too long: ";
    int fd = open("broken-input", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0)
        put(fd, running, running_size);
    dprintf(1, "\nafter %lu runs", (unsigned long)runs);
    put(1, number == SIGALRM ? stuck : broken, number == SIGALRM ? sizeof stuck - 1 : sizeof broken - 1);
    put_hex();
    put(1, "\n", 1);
    _exit(1);
}

void fuzz_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: it should be so that %s\n", file, line, what);
    abort();
}

/* Nobody but main() ends the program well. */
static void report_exit(void)
{
    if (running)
        report(0);
}

/* --- one run --- */

static uint8_t bucket(uint8_t count)
{
    unsigned size = count < 4 ? count - 1u : count < 8 ? 3 : count < 16 ? 4 : count < 32 ? 5 : count < 128 ? 6 : 7;
    return (uint8_t)(1u << size);
}

static int learn_at(size_t i)
{
    uint8_t bit = bucket(counts[i]), gain = known[i] & bit ? 0 : known[i] ? 1 : 2;
    known[i] |= bit;
    return gain;
}

/* What the last run brought that no run before had: a bit with 2 for an edge, 1 for another number of times. */
static int learn(void)
{
    int gain = 0;
    reach = 0;
    for (size_t i = 0; i < EDGES; i += 8) {
        uint64_t eight;
        memcpy(&eight, counts + i, sizeof eight);
        for (size_t k = i; eight; k++, eight >>= 8)
            if (eight & 255) {
                gain |= learn_at(k);
                reach++;
            }
    }
    return gain;
}

static int run(const uint8_t *bytes, size_t size)
{
    memset(counts, 0, sizeof counts);
    before = 0;
    running = bytes;
    running_size = size;
    fuzz_one(bytes, size);
    running = NULL;
    runs++;
    return learn();
}

static void keep(const uint8_t *bytes, size_t size, int is_file)
{
    if (pool_size == POOL)
        return;
    uint8_t *copy = malloc(size + !size);
    memcpy(copy, bytes, size);
    pool[pool_size++] = (struct input){copy, size, reach, is_file};
}

/* --- the corpus --- */

static void read_input(const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &about) != 0)
        exit((fprintf(stderr, "cannot read %s\n", path), 2));
    size_t size = (size_t)about.st_size;
    uint8_t *bytes = malloc(size + !size);
    if (read(fd, bytes, size) != about.st_size)
        exit((fprintf(stderr, "cannot read %s\n", path), 2));
    close(fd);
    if (size > fuzz_most)
        exit((fprintf(stderr, "%s has more than %zu bytes\n", path, fuzz_most), 2));
    run(bytes, size);
    keep(bytes, size, 1);
    free(bytes);
}

static int is_shown(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void read_corpus(const char *folder)
{
    struct dirent **entries;
    char path[4096];
    int count = scandir(folder, &entries, is_shown, alphasort);
    if (count < 0)
        exit((fprintf(stderr, "cannot read %s\n", folder), 2));
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        read_input(path);
    }
}

static void write_input(const char *folder, const struct input *input)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/found-%08x", folder, fuzz_hash(input->bytes, input->size));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        exit((fprintf(stderr, "cannot write %s\n", path), 2));
    put(fd, input->bytes, input->size);
    close(fd);
}

static int by_size(const void *a, const void *b)
{
    const struct input *x = a, *y = b;
    return x->is_file != y->is_file ? y->is_file - x->is_file : x->size < y->size ? -1 : x->size > y->size;
}

/* As few as reach, with the files that are there, all code that any of them reaches: the short ones first. */
static void write_least(const char *folder)
{
    memset(known, 0, sizeof known);
    qsort(pool, pool_size, sizeof *pool, by_size);
    for (uint32_t i = 0; i < pool_size; i++)
        if (run(pool[i].bytes, pool[i].size) & 2 && !pool[i].is_file)
            write_input(folder, &pool[i]);
}

/* --- searching --- */

/* What is refused early mostly stays refused, however it is changed. */
static const struct input *choose_deep(void)
{
    const struct input *best = &pool[below(pool_size)];
    for (int i = 0; i < 8; i++) {
        const struct input *other = &pool[below(pool_size)];
        best = other->reach > best->reach ? other : best;
    }
    return best;
}

/* What was found last is tried more often, and what is short. */
static const struct input *choose(void)
{
    if (fuzz_place && below(8))
        return choose_deep();
    uint32_t recent = pool_size > 64 ? pool_size / 4 : pool_size;
    const struct input *a = &pool[below(3) ? pool_size - 1 - below(recent) : below(pool_size)];
    const struct input *b = &pool[below(pool_size)];
    return a->size > b->size && below(2) ? b : a;
}

static void try_batch(void)
{
    struct input from = *choose();
    alarm(STUCK);
    memset(hints, 0, sizeof hints);
    wants_hints = 1;
    run(from.bytes, from.size);
    wants_hints = 0;
    for (int i = 0; i < BATCH; i++) {
        struct draft draft = {malloc(fuzz_most), from.size};
        memcpy(draft.bytes, from.bytes, from.size);
        change(&draft);
        uint8_t *bytes = realloc(draft.bytes, draft.size + !draft.size);
        if (run(bytes, draft.size))
            keep(bytes, draft.size, 0);
        free(bytes);
    }
}

static void summarize(void)
{
    size_t edges = 0;
    for (size_t i = 0; i < EDGES; i++)
        edges += known[i] != 0;
    printf("%lu runs, %u inputs, %zu edges\n", (unsigned long)runs, pool_size, edges);
}

int main(int argc, char **argv)
{
    signal(SIGABRT, report);
    signal(SIGALRM, report);
    atexit(report_exit);
    alarm(STUCK);
    if (argc >= 3 && strcmp(argv[1], "replay") == 0) {
        for (int i = 2; i < argc; i++)
            read_input(argv[i]);
        return 0;
    }
    int is_timed = argc == 4 && strcmp(argv[1], "seconds") == 0;
    if (argc != 4 || (!is_timed && strcmp(argv[1], "runs") != 0))
        return 2;
    uint64_t most = strtoull(argv[2], NULL, 10), begun = (uint64_t)time(NULL);
    read_corpus(argv[3]);
    keep((const uint8_t *)"", 0, 0);
    while (is_timed ? (uint64_t)time(NULL) - begun < most : runs < most)
        try_batch();
    summarize();
    if (is_timed)
        write_least(argv[3]);
    return 0;
}

/* --- for targets --- */

static size_t piece_size(enum fuzz_split split, size_t left, uint32_t *state)
{
    static const uint8_t sizes[] = {1, 2, 3, 5, 9, 17, 64, 200};
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    size_t size = split == SPLIT_NOT ? left : split == SPLIT_BYTES ? 1 : sizes[*state >> 29];
    return size < left ? size : left;
}

void fuzz_pieces(const uint8_t *bytes, size_t size, enum fuzz_split split,
                 int (*take)(void *context, const char *bytes, size_t size), void *context)
{
    static char *byte;
    uint32_t state = fuzz_hash(bytes, size);
    byte = byte ? byte : malloc(1);
    for (size_t at = 0, length; at < size; at += length) {
        length = piece_size(split, size - at, &state);
        char *piece = length == 1 ? byte : malloc(length);
        memcpy(piece, bytes + at, length);
        int goes_on = take(context, piece, length);
        if (piece != byte)
            free(piece);
        if (!goes_on)
            return;
    }
}

char *fuzz_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, bytes, size);
    text[size] = 0;
    return text;
}
