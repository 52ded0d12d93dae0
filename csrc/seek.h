/* Where minipod's own words look for pods: what there is in the folders of place.h, and the abstract names of our PID
 * namespace. For a process of its own, never for PID 1.
 */
#ifndef SEEK_H
#define SEEK_H

#include <stdint.h>

#include "place.h"

enum { PLACES = 64 };

/* Each once. What there is no room for is not there. */
struct places { struct place at[PLACES]; uint32_t count; };

/* text is as place_at() takes it. 0: a socket's path is shorter. */
int seek_add(struct places *, const char *text);

/* Folders first, each in the order of its names. */
void seek_all(struct places *, uint64_t pid_namespace);

#endif
