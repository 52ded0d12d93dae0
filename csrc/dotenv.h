/* Files of variables, line by line. It must never look beyond the bytes it was given, and never say what stands there.
 *
 * A line is NAME=VALUE, a comment that begins with #, or blank; `export ` before a name is passed over. A name is of
 * A-Z a-z 0-9 _ . -. A value in single quotes is taken as it is; in double quotes \n, \r, \t are what they stand for
 * and a \ before " \ or $ makes it an ordinary one; both may span lines. One without quotes ends before a # that
 * follows a blank, without the blanks around it. Nothing is replaced. NAME alone leaves that variable as it is.
 */
#ifndef DOTENV_H
#define DOTENV_H

#include <stdint.h>

#include "table.h"

struct dotenv { char *at, *end; uint32_t line; };

/* value.at NULL: NAME alone. Both lie in the file's own bytes, which are changed for it. */
struct dotenv_entry { struct text name, value; uint32_t line; };

enum dotenv_result { DOTENV_END, DOTENV_ENTRY, DOTENV_WRONG };

/* The next entry. DOTENV_WRONG: entry->line is none of these; the one after it comes next. */
enum dotenv_result dotenv_next(struct dotenv *, struct dotenv_entry *entry);

/* The value of one key in a file as Kubernetes' fileKeyRef has them: NAME='VALUE' in single quotes that may span lines,
 * without blanks around =, NAME= for an empty one, comments. The last of several is it. 1 found, 0 no such key, -1 the
 * file has another line before that is none. */
int dotenv_find(const char *bytes, uint64_t size, struct text key, struct text *value);

#endif
