/* JSON, written into memory of a fixed size: no allocation, no system call. Whatever bytes go in, what comes out is
 * valid JSON in UTF-8: a byte that is part of no character becomes U+FFFD, control characters are escaped.
 *
 * Each value is written with its key; key is NULL for an element of a list and for the outermost value. When there is
 * no room for all of a value, broken is set and nothing is written any more; what is there by then is no JSON. A caller
 * that may go on later keeps a copy of the struct and puts it back. It may also take out[0..size) away at any moment
 * and set size to 0: what follows goes on where that ended.
 */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

struct json {
    char *out;
    size_t room, size;
    const char *gap;        /* written before the next value: see json_gap */
    uint8_t broken;         /* there was no room */
    uint8_t comma;          /* a value stands before the next one */
};

void json_start(struct json *, char *out, size_t room);
void json_object_begin(struct json *, const char *key);
void json_object_end(struct json *);
void json_list_begin(struct json *, const char *key);
void json_list_end(struct json *);

void json_null(struct json *, const char *key);
void json_bool(struct json *, const char *key, int is_so);
void json_number(struct json *, const char *key, uint64_t);
void json_signed(struct json *, const char *key, int64_t);
void json_word(struct json *, const char *key, const char *text);           /* NUL-terminated; NULL is null */
void json_text(struct json *, const char *key, const char *text, size_t size);
void json_time(struct json *, const char *key, uint64_t wall);      /* ns since 1970; 0, which never was, is null */

/* As much of text as there is room for when reserve bytes are to stay free; returns how many bytes of text were taken.
 * It never ends inside a character, so the rest may follow in another text. 0 may mean that it broke. */
size_t json_text_some(struct json *, const char *key, const char *text, size_t size, size_t reserve);

/* Whether all of it is UTF-8, so that nothing of it is lost in a text. */
int json_is_text(const char *text, size_t size);

/* White space before the next value, for people: a new line, and what it begins with. It must live until then. */
void json_gap(struct json *, const char *gap);

/* The end of a line of JSON: a newline and no comma before what follows. */
void json_line_end(struct json *);

/* RFC 3339 in UTC with microseconds, as Kubernetes has it: "2026-01-31T23:59:59.000001Z". Returns its length. */
enum { JSON_TIME = 27 };
size_t json_format_time(char out[JSON_TIME], uint64_t wall);

#endif
