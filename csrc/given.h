/* What one command was given beside its words: it all goes on to the program, and none of it stays with us. */
#ifndef GIVEN_H
#define GIVEN_H

#include <stdint.h>

#include "load.h"

struct core;

/* Variables of the program's environment that name us by our number will name it: given_name_child() writes who that
 * is. Before the child is there; 0: there are none. */
int given_point_at_child(const struct core *, const struct program *);

/* The child's own word, before its exec: the one thing that it writes and that is not on its stack. Nobody reads it but
 * the exec. */
void given_name_child(int32_t pid);

/* The descriptors above stderr that came with us, and the directory. Once the child is there, which has them all. */
void given_let_go(void);

/* Every descriptor above stderr but these two; -1: none. Before a pod, whose units get none of them; and for a child of
 * ours, which would hold a pipe open for as long as it lives. */
void given_close_but(int fd, int other);

#endif
