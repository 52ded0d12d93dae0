/* The head of an answer: see reply.h. It is read as a whole once it is there; it must never call anything.
 *
 * Cost: the end is looked for again in all there is for each piece that comes: at most 4 KiB, mostly in one.
 */
#include "reply.h"

#include <string.h>
#include <strings.h>

enum { STATUS_LINE = sizeof "HTTP/1.1 200" - 1, LENGTH_DIGITS = 18 };

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int read_status(struct reply *r, const char *line, size_t size)
{
    static const char version[] = "HTTP/1.";
    const char *digits = line + STATUS_LINE - 3;
    if (size < STATUS_LINE || memcmp(line, version, sizeof version - 1) != 0 || !is_digit(line[sizeof version - 1])
        || digits[-1] != ' ' || (size > STATUS_LINE && line[STATUS_LINE] != ' '))
        return 0;
    for (int i = 0; i < 3; i++) {
        if (!is_digit(digits[i]))
            return 0;
        r->status = (uint16_t)(r->status * 10 + digits[i] - '0');
    }
    return r->status >= 100 && r->status < 600;
}

/* The value of a header of this name, without the blanks around it; NULL: it is another header. */
static const char *value_of(const char *name, const char *line, size_t size, size_t *length)
{
    size_t begin = strlen(name);
    if (size <= begin || line[begin] != ':' || strncasecmp(line, name, begin) != 0)
        return NULL;
    for (begin++; begin < size && line[begin] == ' ';)
        begin++;
    while (size > begin && line[size - 1] == ' ')
        size--;
    *length = size - begin;
    return line + begin;
}

static int read_length(struct reply *r, const char *digits, size_t size)
{
    r->length = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(digits[i]))
            return 0;
        r->length = r->length * 10 + (uint64_t)(digits[i] - '0');
    }
    return size > 0 && size <= LENGTH_DIGITS;
}

/* It is shown to people, and compared. */
static int read_pod(struct reply *r, const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (name[i] <= ' ' || name[i] == 127)
            return 0;
    if (size >= REPLY_POD)
        return 0;
    memcpy(r->pod, name, size);
    r->pod[size] = 0;
    return 1;
}

static int read_header(struct reply *r, const char *line, size_t size)
{
    size_t length;
    const char *value = value_of("Content-Length", line, size, &length);
    if (value)
        return read_length(r, value, length);
    value = value_of("Minipod-Pod", line, size, &length);
    return value ? read_pod(r, value, length) : 1;
}

enum reply_progress reply_read(struct reply *r, const char *bytes, size_t size)
{
    const char *end = memmem(bytes, size, "\r\n\r\n", 4), *line = bytes;
    *r = (struct reply){.length = REPLY_NO_LENGTH};
    if (!end)
        return size < REPLY_HEAD ? REPLY_MORE : REPLY_BROKEN;
    r->head = (size_t)(end - bytes) + 4;
    while (line < end) {
        const char *next = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        size_t length = (size_t)(next - line);
        if (!(line == bytes ? read_status(r, line, length) : read_header(r, line, length)))
            return REPLY_BROKEN;
        line = next + 2;
    }
    return r->status ? REPLY_DONE : REPLY_BROKEN;
}
