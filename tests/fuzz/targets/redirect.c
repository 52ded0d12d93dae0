/* Where a redirect leads: a Location that a peer chose, on three lines with the path and the host that were asked. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http.h"

const struct fuzz_word fuzz_words[] = {
    WORD("http://"), WORD("https://"), WORD("//"), WORD("/../"), WORD("/./"), WORD(".."), WORD("?a=b"), WORD("#f"),
    WORD("@"), WORD("[::1]"), WORD(":80"), WORD(":65535"), WORD(":65536"), WORD("example.com"), WORD("%2e%2E"),
    WORD("%0d%0a"), WORD("mailto:x"), WORD("\n/a/b?c\nexample.com"), {NULL, 0},
};
const size_t fuzz_most = 512;

enum { ROOM = 1024, LITTLE = 16 };

/* The next line; what was asked is fit for a request, as a plan's path and host are. */
static char *next_line(const uint8_t **at, const uint8_t *end, int is_asked)
{
    const uint8_t *stop = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
    stop = stop ? stop : end;
    char *line = fuzz_text(*at, (size_t)(stop - *at));
    *at = stop + (stop < end);
    for (char *byte = line; is_asked && *byte; byte++)
        if ((unsigned char)*byte <= ' ' || *byte == 127 || *byte == '%')
            *byte = '_';
    return line;
}

static int resolve(const char *location, const char *path, const char *host, uint32_t room, struct http_target *out)
{
    *out = (struct http_target){.path = malloc(room), .path_room = room};
    memset(out->path, '?', room);
    return http_redirect(location, path, host, out);
}

/* It can be put into a request line as it is. */
static void check_path(const struct http_target *target, uint32_t room)
{
    CLAIM(strnlen(target->path, room) < room && target->path[0] == '/');
    for (const char *at = target->path; *at; at++)
        CLAIM((unsigned char)*at > ' ' && *at != 127 && *at != '#');
}

/* What was found leads to itself, unless it looks like a host. */
static void check_again(const struct http_target *target, const char *host)
{
    struct http_target again;
    if (target->path[1] == '/')
        return;
    CLAIM(resolve(target->path, "/else/where?x", host, ROOM, &again) && again.same_host && again.port == 0);
    CLAIM(strcmp(again.path, target->path) == 0);
    free(again.path);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    const uint8_t *at = bytes, *end = bytes + size;
    char *location = next_line(&at, end, 0), *path = next_line(&at, end, 1), *host = next_line(&at, end, 1);
    struct http_target wide, narrow;
    int found = resolve(location, path, host, ROOM, &wide), fits = resolve(location, path, host, LITTLE, &narrow);
    if (found && wide.same_host) {
        check_path(&wide, ROOM);
        check_again(&wide, host);
        CLAIM(!fits || strlen(wide.path) < LITTLE);
    }
    if (fits && narrow.same_host) {
        check_path(&narrow, LITTLE);
        CLAIM(found && strcmp(wide.path, narrow.path) == 0);
        CLAIM(wide.port == narrow.port && wide.is_https == narrow.is_https);
    }
    free(wide.path);
    free(narrow.path);
    free(location);
    free(path);
    free(host);
}
