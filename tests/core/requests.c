/* What the control server takes from outside, called with what a test says: one request a line, one line for an
 * answer. Texts are hexadecimal, "-" is the empty one; each lies in memory of exactly its size, so that a step beyond
 * it is seen.
 *
 *     request { PIECE | end }…     progress status method minor wants_text target
 *     segments TARGET              each segment of the path, decoded, or "!" where that fails; then what follows "?"
 *     query QUERY                  name and value of each parameter; "!" where one is malformed
 *     moment TEXT                  result ns
 *     place TEXT                   0, or the size of the address and its text
 *     ranked RANK POD PID NS       0, or the text of the place
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "place.h"
#include "request.h"

enum { LINE = 1 << 20 };

struct core;
struct text { char *bytes; size_t size; };

/* say.c's ways to the log and the terminal, which nobody here goes. */
int terminal_is_raw(const struct core *);
int terminal_is_raw(const struct core *c)
{
    (void)c;
    abort();
}

void log_own_line(struct core *, const char *, uint32_t);
void log_own_line(struct core *c, const char *text, uint32_t size)
{
    (void)c;
    (void)text;
    (void)size;
    abort();
}

static const char *next(void)
{
    const char *word = strtok(NULL, " \n");
    return word ? word : "";
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static struct text decode(const char *hex)
{
    struct text text = {NULL, *hex == '-' ? 0 : strlen(hex) / 2};
    text.bytes = malloc(text.size);
    for (size_t i = 0; i < text.size; i++, hex += 2)
        text.bytes[i] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
    return text;
}

static char *next_string(void)
{
    struct text text = decode(next());
    text.bytes = realloc(text.bytes, text.size + 1);
    text.bytes[text.size] = 0;
    return text.bytes;
}

static void put_hex(const char *text)
{
    putchar(' ');
    for (const char *at = text; *at; at++)
        printf("%02x", (unsigned char)*at);
    if (!*text)
        putchar('-');
}

static void try_request(void)
{
    struct request *r = malloc(sizeof *r);
    enum request_progress progress = REQUEST_MORE;
    request_begin(r);
    for (const char *word; *(word = next());) {
        struct text piece = strcmp(word, "end") == 0 ? (struct text){NULL, 0} : decode(word);
        progress = strcmp(word, "end") == 0 ? request_end(r) : request_feed(r, piece.bytes, piece.size);
        free(piece.bytes);
    }
    printf("%d %d %d %d %d", progress, progress == REQUEST_BROKEN ? r->refusal->status : 0, r->method, r->minor,
           r->wants_text);
    put_hex(progress == REQUEST_DONE ? r->target : "");
    free(r);
}

static void try_segments(void)
{
    char *target = next_string(), text[64];
    const char *at = target;
    struct part part;
    while (request_segment(&at, &part))
        if (request_decode(part, text, sizeof text))
            put_hex(text);
        else
            printf(" !");
    put_hex(request_query(target));
    free(target);
}

static void try_query(void)
{
    char *query = next_string();
    const char *at = query;
    struct parameter p;
    int found;
    while ((found = request_parameter(&at, &p)) > 0) {
        put_hex(p.name);
        put_hex(p.value);
    }
    if (found < 0)
        printf(" !");
    free(query);
}

static void try_moment(void)
{
    char *text = next_string();
    uint64_t ns = 0;
    int result = moment_parse(text, &ns);
    printf("%d %lu", result, (unsigned long)ns);
    free(text);
}

static void put_place(const struct place *p, int is_one)
{
    char text[PLACE_TEXT];
    printf("%u", is_one ? p->size : 0);
    if (is_one)
        put_hex(place_text(p, text));
}

static void try_place(void)
{
    char *text = next_string();
    struct place p;
    put_place(&p, place_at(&p, text));
    free(text);
}

static void try_ranked(void)
{
    unsigned rank = (unsigned)strtoul(next(), NULL, 10);
    char *pod = next_string();
    int32_t pid = atoi(next());
    uint64_t namespace = strtoull(next(), NULL, 10);
    struct place p;
    put_place(&p, place_ranked(&p, rank, pod, pid, namespace));
    free(pod);
}

int main(void)
{
    static char line[LINE];
    const struct { const char *word; void (*try)(void); } all[] = {
        {"request", try_request}, {"segments", try_segments}, {"query", try_query}, {"moment", try_moment},
        {"place", try_place}, {"ranked", try_ranked},
    };
    while (fgets(line, sizeof line, stdin)) {
        const char *word = strtok(line, " \n");
        for (size_t i = 0; word && i < sizeof all / sizeof *all; i++)
            if (strcmp(word, all[i].word) == 0)
                all[i].try();
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
