/* Words for people, without stdio: a small formatter, and the three verbs of failure. */
#ifndef SAY_H
#define SAY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct core;

enum exit_code { EXIT_USAGE = 64, EXIT_INTERNAL = 70, EXIT_SET_UP = 71, EXIT_CONFIG = 78 };

/* %s %d (int) %u (unsigned) %lu (uint64_t) %t (uint64_t ns, as seconds "1.5s") %%; returns the length, cut at room. */
size_t say_format(char *out, size_t room, const char *format, ...);
size_t say_formatv(char *out, size_t room, const char *format, va_list args);

void say(struct core *, const char *format, ...);                       /* news: nothing when quiet */
void warn(struct core *, const char *format, ...);                      /* inside the loop: said, counted, gone on */
void insist(struct core *, const char *format, ...);                    /* the same, whatever was asked for */
void complain(const char *format, ...);                                 /* before the loop: straight to stderr */
_Noreturn void die(enum exit_code, const char *format, ...);            /* before the loop only */
const char *say_error(int error);                                       /* errno: "no such file or directory" */

#endif
