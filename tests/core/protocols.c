/* The protocols of probes and notify, called with what a test says: one request a line, one line for an answer. Texts
 * are hexadecimal, "-" is the empty one; each lies in memory of exactly its size, so that a step beyond it is seen.
 *
 *     ask ROOM PATH HOST HEADERS          length, and what was written
 *     http ROOM { PIECE | end }…          progress status has_location location_too_long location
 *     redirect ROOM LOCATION PATH HOST    result same_host is_https port path
 *     check ROOM AUTHORITY SERVICE AGENT  length, and what was written
 *     grpc ROOM PIECE…                    progress, and all answers
 *     notice TEXT                         result, flags, has and number of each figure, has and text of the status
 *     noise PROTOCOL SEED COUNT TEXT      as noise.h says
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grpc.h"
#include "http.h"
#include "noise.h"
#include "notice.h"

enum { LINE = 1 << 20 };

struct text { char *bytes; size_t size; };

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

static size_t next_number(void) { return strtoull(next(), NULL, 10); }

static void put_hex(const char *text, size_t size)
{
    putchar(' ');
    for (size_t i = 0; i < size; i++)
        printf("%02x", (unsigned char)text[i]);
    if (!size)
        putchar('-');
}

typedef size_t writer(char *, size_t, const char *, const char *, const char *);

static void try_writer(writer *write)
{
    size_t room = next_number();
    char *out = malloc(room), *words[3];
    for (int i = 0; i < 3; i++)
        words[i] = next_string();
    size_t size = write(out, room, words[0], words[1], words[2]);
    printf("%zu", size);
    put_hex(out, size < room ? size : room);
    for (int i = 0; i < 3; i++)
        free(words[i]);
    free(out);
}

static void try_ask(void) { try_writer(http_request); }
static void try_check(void) { try_writer(grpc_request); }

static void try_http(void)
{
    size_t room = next_number();
    enum http_progress progress = HTTP_MORE;
    struct http_reply reply;
    char *location = malloc(room);
    http_begin(&reply, location, (uint32_t)room);
    for (const char *word; *(word = next());) {
        if (strcmp(word, "end") == 0) {
            progress = http_end(&reply);
            continue;
        }
        struct text piece = decode(word);
        progress = http_feed(&reply, piece.bytes, piece.size);
        free(piece.bytes);
    }
    printf("%d %u %u %u", progress, reply.status, reply.has_location, reply.location_too_long);
    put_hex(location, reply.has_location ? strlen(location) : 0);
    free(location);
}

static void try_redirect(void)
{
    size_t room = next_number();
    char *location = next_string(), *path = next_string(), *host = next_string();
    struct http_target target = {.path = malloc(room), .path_room = (uint32_t)room};
    int result = http_redirect(location, path, host, &target);
    printf("%d %u %u %u", result, target.same_host, target.is_https, target.port);
    put_hex(target.path, result && target.same_host ? strlen(target.path) : 0);
    free(location);
    free(path);
    free(host);
    free(target.path);
}

static void try_grpc(void)
{
    size_t room = next_number(), answered, sent = 0;
    enum grpc_progress progress = GRPC_MORE;
    struct grpc_reply reply;
    char *answer = malloc(room), *all = NULL;
    grpc_begin(&reply);
    for (const char *word; *(word = next());) {
        struct text piece = decode(word);
        progress = grpc_feed(&reply, piece.bytes, piece.size, answer, room, &answered);
        free(piece.bytes);
        if (answered == 0)
            continue;
        all = realloc(all, sent + answered);
        memcpy(all + sent, answer, answered);
        sent += answered;
    }
    printf("%d", progress);
    put_hex(all, sent);
    free(answer);
    free(all);
}

static void try_notice(void)
{
    struct text text = decode(next());
    struct notice n;
    printf("%d", notice_parse(text.bytes, text.size, &n));
    printf(" %u%u%u%u%u%u", n.ready, n.reloading, n.stopping, n.barrier, n.watchdog, n.watchdog_trigger);
    printf(" %u %lu", n.has_watchdog_usec, (unsigned long)n.watchdog_usec);
    printf(" %u %lu", n.has_extend_timeout_usec, (unsigned long)n.extend_timeout_usec);
    printf(" %u %d %u %d %u", n.has_mainpid, n.mainpid, n.has_errno, n.errno_value, n.has_status);
    put_hex(n.status, n.status_size);
    free(text.bytes);
}

static void try_noise(void)
{
    const char *protocol = next();
    size_t seed = next_number(), count = next_number();
    struct text text = decode(next());
    noise_try(protocol, seed, count, text.bytes, text.size);
    free(text.bytes);
}

int main(void)
{
    static const struct { const char *word; void (*try)(void); } known[] = {
        {"ask", try_ask},     {"http", try_http}, {"redirect", try_redirect},
        {"check", try_check}, {"grpc", try_grpc}, {"notice", try_notice}, {"noise", try_noise},
    };
    static char line[LINE];
    while (fgets(line, sizeof line, stdin)) {
        const char *word = strtok(line, " \n");
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (strcmp(word, known[i].word) == 0)
                known[i].try();
        putchar('\n');
        fflush(stdout);
    }
    return 0;
}
