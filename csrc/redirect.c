/* Where a redirect leads, resolved as RFC 3986 says and read as Go's client reads it. It must never let a byte through
 * that would end a request line, nor name a host that was not asked.
 *
 * Cost: linear in the texts, but for each ".." one walk back over the segment before it.
 */
#include <string.h>

#include "http.h"

/* A piece of somebody's text. */
struct slice { const char *at, *end; };

struct writer { char *out; size_t room, size; int full; };

/* host is NULL when the URL names none, and empty for URLs that have none, as mailto: has. */
struct url { struct slice scheme, host, port, path, query; };

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }
static int is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
static int is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
static size_t size_of(struct slice s) { return (size_t)(s.end - s.at); }

static const char *find(struct slice s, char wanted)
{
    return s.at < s.end ? memchr(s.at, wanted, size_of(s)) : NULL;
}

static int is_word(struct slice s, const char *word)
{
    while (s.at < s.end && *word && lower(*s.at) == *word)
        s.at++, word++;
    return s.at == s.end && *word == 0;
}

int http_is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* --- taking apart --- */

/* No control bytes; in a path, % begins two hexadecimal digits. */
static int is_sound(const char *text)
{
    for (int in_path = 1; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127)
            return 0;
        if (*text == '?' || *text == '#')
            in_path = 0;
        if (in_path && *text == '%' && !(is_hex(text[1]) && is_hex(text[2])))
            return 0;
    }
    return 1;
}

/* Takes "scheme:" off the beginning, if there is one; returns 0 for a : that belongs to nothing. */
static int take_scheme(struct slice *rest, struct slice *scheme)
{
    const char *at = rest->at, *colon = find(*rest, ':'), *slash = find(*rest, '/');
    if (colon == NULL || (slash != NULL && slash < colon))
        return 1;
    while (is_letter(*at) || (at > rest->at && (is_digit(*at) || *at == '+' || *at == '-' || *at == '.')))
        at++;
    if (at != colon || at == rest->at)
        return 0;
    *scheme = (struct slice){rest->at, colon};
    rest->at = colon + 1;
    return 1;
}

static int take_port(struct slice rest, struct slice *port)
{
    if (rest.at == rest.end)
        return 1;
    if (*rest.at++ != ':')
        return 0;
    *port = rest;
    while (rest.at < rest.end && is_digit(*rest.at))
        rest.at++;
    return rest.at == rest.end;
}

/* [user@]host[:port], host perhaps in brackets, which go. */
static int take_authority(struct slice rest, struct url *url)
{
    const char *at;
    while ((at = find(rest, '@')) != NULL)
        rest.at = at + 1;
    int bracketed = rest.at < rest.end && *rest.at == '[';
    const char *end = find(rest, bracketed ? ']' : ':');
    if (bracketed && end == NULL)
        return 0;
    end = end != NULL ? end : rest.end;
    url->host = (struct slice){rest.at + bracketed, end};
    return take_port((struct slice){end + bracketed, rest.end}, &url->port);
}

static struct slice cut(struct slice *rest, const char *stops)
{
    struct slice piece = {rest->at, rest->at};
    while (piece.end < rest->end && strchr(stops, *piece.end) == NULL)
        piece.end++;
    rest->at = piece.end;
    return piece;
}

static int take_apart(const char *text, struct url *url)
{
    struct slice rest = {text, text + strcspn(text, "#")}, before = {text, text + strcspn(text, "?#")};
    *url = (struct url){0};
    if (!is_sound(text) || !take_scheme(&before, &url->scheme))
        return 0;
    rest.at = before.at;
    if (size_of(rest) >= 2 && rest.at[0] == '/' && rest.at[1] == '/'
        && (url->scheme.at != NULL || size_of(rest) < 3 || rest.at[2] != '/')) {
        rest.at += 2;
        if (!take_authority(cut(&rest, "/?"), url))
            return 0;
    } else if (url->scheme.at != NULL) {
        url->host = (struct slice){rest.at, rest.at};
    }
    url->path = cut(&rest, "?");
    url->query = rest;
    return 1;
}

static int is_same_host(struct slice host, const char *asked)
{
    struct slice other = {asked, asked + strlen(asked)};
    if (size_of(other) > 1 && other.at[0] == '[' && other.end[-1] == ']')
        other.at++, other.end--;
    if (size_of(host) != size_of(other) || host.at == host.end)
        return 0;
    while (host.at < host.end && lower(*host.at) == lower(*other.at))
        host.at++, other.at++;
    return host.at == host.end;
}

/* 0: none that can be asked. */
static uint16_t port_number(struct slice text, uint16_t usual)
{
    uint32_t number = 0;
    if (text.at == text.end)
        return usual;
    for (; text.at < text.end && number <= UINT16_MAX; text.at++)
        number = number * 10 + (uint32_t)(*text.at - '0');
    return number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* --- putting together --- */

static void put(struct writer *w, char c)
{
    if (w->size < w->room)
        w->out[w->size++] = c;
    else
        w->full = 1;
}

/* What may not stand in a request line is written as %XX. */
static void put_slice(struct writer *w, struct slice s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; s.at < s.end; s.at++) {
        unsigned char c = (unsigned char)*s.at;
        if (c > ' ' && c < 127) {
            put(w, *s.at);
            continue;
        }
        put(w, '%');
        put(w, digits[c >> 4]);
        put(w, digits[c & 15]);
    }
}

/* "/a/b/" becomes "/a/", "/" stays. */
static void drop_segment(struct writer *w)
{
    if (w->size > 1)
        w->size--;
    while (w->size > 1 && w->out[w->size - 1] != '/')
        w->size--;
}

/* Appends segments to a path that ends in /, without those that are . or .. */
static void put_path(struct writer *w, struct slice path)
{
    while (path.at < path.end && !w->full) {
        struct slice segment = cut(&path, "/");
        int ends = path.at < path.end;
        path.at += ends;
        if (is_word(segment, ".."))
            drop_segment(w);
        else if (!is_word(segment, ".")) {
            put_slice(w, segment);
            if (ends)
                put(w, '/');
        }
    }
}

/* The directory of a path that begins with /, without that. */
static struct slice directory(struct slice path)
{
    while (path.end > path.at && path.end[-1] != '/')
        path.end--;
    return path;
}

static int put_together(const struct url *url, const char *asked, struct http_target *out)
{
    struct writer w = {.out = out->path, .room = out->path_room};
    struct slice path = url->path, query = url->query, rest = {asked, asked + strlen(asked)}, base = cut(&rest, "?#");
    put(&w, '/');
    base.at += base.at < base.end && *base.at == '/';
    if (path.at < path.end && *path.at == '/')
        path.at++;
    else if (url->host.at == NULL)
        put_path(&w, path.at == path.end ? base : directory(base));
    if (url->host.at == NULL && url->path.at == url->path.end && query.at == query.end)
        query = cut(&rest, "#");
    put_path(&w, path);
    put_slice(&w, query);
    put(&w, 0);
    return !w.full;
}

int http_redirect(const char *location, const char *path, const char *host, struct http_target *out)
{
    struct url url;
    out->port = out->same_host = out->is_https = 0;
    if (!take_apart(location, &url))
        return 0;
    out->same_host = url.host.at == NULL || is_same_host(url.host, host);
    if (!out->same_host)
        return 1;
    out->is_https = is_word(url.scheme, "https") != 0;
    if (url.scheme.at != NULL && !out->is_https && !is_word(url.scheme, "http"))
        return 0;
    if (url.host.at != NULL && (out->port = port_number(url.port, out->is_https ? 443 : 80)) == 0)
        return 0;
    return put_together(&url, path, out);
}
