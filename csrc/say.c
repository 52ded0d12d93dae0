/* Words for people, without stdio and without heap. It must never block on a running pod's stderr: there, lines go
 * through the log's sink like everybody else's.
 */

#include "say.h"

#include <errno.h>
#include <unistd.h>

#include "core.h"

enum { SENTENCE = 1024 };

struct writer { char *out; size_t room, size; };

static void put(struct writer *w, char byte)
{
    if (w->size < w->room)
        w->out[w->size++] = byte;
}

static void put_text(struct writer *w, const char *text)
{
    for (text = text ? text : "(none)"; *text; text++)
        put(w, *text);
}

static void put_number(struct writer *w, uint64_t number, unsigned width)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    for (; width > count; width--)
        put(w, '0');
    while (count)
        put(w, digits[--count]);
}

/* Milliseconds are enough for people; trailing zeros go. */
static void put_seconds(struct writer *w, uint64_t ns)
{
    uint64_t ms = ns / 1000000;
    put_number(w, ms / 1000, 1);
    if (ms % 1000) {
        unsigned rest = (unsigned)(ms % 1000), width = 3;
        for (put(w, '.'); rest % 10 == 0; rest /= 10)
            width--;
        put_number(w, rest, width);
    }
    put(w, 's');
}

static void put_signed(struct writer *w, int number)
{
    if (number < 0)
        put(w, '-');
    put_number(w, (uint64_t)(number < 0 ? -(int64_t)number : number), 1);
}

size_t say_formatv(char *out, size_t room, const char *format, va_list args)
{
    struct writer w = {out, room, 0};
    for (const char *at = format; *at; at++) {
        if (*at != '%') {
            put(&w, *at);
            continue;
        }
        switch (*++at) {
        case 's': put_text(&w, va_arg(args, const char *)); break;
        case 'd': put_signed(&w, va_arg(args, int)); break;
        case 'u': put_number(&w, va_arg(args, unsigned), 1); break;
        case 'l': put_number(&w, va_arg(args, uint64_t), 1); at++; break;
        case 't': put_seconds(&w, va_arg(args, uint64_t)); break;
        default: put(&w, *at); break;
        }
    }
    return w.size;
}

size_t say_format(char *out, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t size = say_formatv(out, room, format, args);
    va_end(args);
    return size;
}

/* "minipod: " + the sentence + newline; returns its length. Control bytes, which a name of somebody's program may hold,
 * must not reach a terminal. */
static uint32_t sentence(char line[SENTENCE], const char *format, va_list args)
{
    size_t size = say_format(line, SENTENCE - 1, "minipod: ");
    size += say_formatv(line + size, SENTENCE - 1 - size, format, args);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    line[size++] = '\n';
    return (uint32_t)size;
}

/* A program that draws on the terminal may have switched off that a newline also goes back to the left. */
static void put_line(struct core *c, char line[SENTENCE + 1], uint32_t size)
{
    if (c->plan.pod->own_log != LOG_MODE_JSON && terminal_is_raw(c)) {
        line[size - 1] = '\r';
        line[size++] = '\n';
    }
    log_own_line(c, line, size);
}

void say(struct core *c, const char *format, ...)
{
    char line[SENTENCE + 1];
    va_list args;
    if (c->quiet)
        return;
    va_start(args, format);
    put_line(c, line, sentence(line, format, args));
    va_end(args);
}

void warn(struct core *c, const char *format, ...)
{
    char line[SENTENCE + 1];
    va_list args;
    if (c->mute)
        return;
    va_start(args, format);
    put_line(c, line, sentence(line, format, args));
    va_end(args);
}

void insist(struct core *c, const char *format, ...)
{
    char line[SENTENCE + 1];
    va_list args;
    va_start(args, format);
    put_line(c, line, sentence(line, format, args));
    va_end(args);
}

static void complainv(const char *format, va_list args)
{
    char line[SENTENCE];
    uint32_t size = sentence(line, format, args), done = 0;
    while (done < size) {
        int64_t n = write(STDERR_FILENO, line + done, size - done);
        if (n <= 0 && errno != EINTR)
            return;
        done += n > 0 ? (uint32_t)n : 0;
    }
}

void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complainv(format, args);
    va_end(args);
}

void die(enum exit_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complainv(format, args);
    va_end(args);
    _exit((int)code);
}

/* Not strerror: it may allocate or load a locale. */
const char *say_error(int error)
{
    switch (error) {
    case 0: return "no error";
    case E2BIG: return "argument list or environment too long";
    case EACCES: return "permission denied";
    case EADDRNOTAVAIL: return "no such address, or no free port";
    case EADDRINUSE: return "the address is in use";
    case EAFNOSUPPORT: return "no addresses of this kind here";
    case EAGAIN: return "no resources for another process right now";
    case EBUSY: return "busy";
    case ECONNREFUSED: return "connection refused";
    case ECONNRESET: return "connection reset by the peer";
    case EDQUOT: return "the disk quota is used up";
    case EEXIST: return "exists already";
    case EHOSTUNREACH: return "no route to the host";
    case EINVAL: return "invalid argument";
    case EIO: return "input/output error";
    case EISDIR: return "is a directory";
    case ELIBBAD: return "its interpreter cannot be executed";
    case ELOOP: return "too many symbolic links";
    case EMFILE: return "too many open files in this process";
    case EMSGSIZE: return "message too long";
    case ENAMETOOLONG: return "name too long";
    case ENETUNREACH: return "no route to the network";
    case ENFILE: return "too many open files in the system";
    case ENOBUFS: return "no memory for sockets";
    case ENOENT: return "no such file or directory";
    case ENOEXEC: return "not a program (no #! line and no known binary format)";
    case ENOMEM: return "out of memory";
    case ENOSPC: return "no space left on device";
    case ENOSYS: return "not supported by this kernel";
    case ENOTDIR: return "not a directory";
    case ENOTEMPTY: return "directory not empty";
    case ENXIO: return "no such device";
    case EPERM: return "operation not permitted";
    case EPIPE: return "nobody reads it";
    case EROFS: return "read-only file system";
    case ESRCH: return "no such process";
    case ETIMEDOUT: return "connection timed out";
    case ETXTBSY: return "the file is open for writing";
    default: return "system error";
    }
}
