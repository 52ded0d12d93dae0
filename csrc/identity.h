/* A unit's user and groups, taken on by its child. Only in a child that has a copy of PID 1's memory. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "core.h"

/* Looks the unit's user and group up, gives them its log pipes, and adds HOME, USER and LOGNAME to its environment as
 * far as they are ours to add. 0, or an errno with *stage and *which set. */
int identity_find(const struct core *, const struct unit *, enum child_stage *stage, uint16_t *which);

int identity_is(uint32_t uid);                  /* the user's who was found */

/* The file becomes theirs, if that can be. */
void identity_give(int fd);

/* Becomes who was found; has_rights: its groups may be others than ours though it is who we are. 0, or an errno. */
int identity_take(int has_rights);

#endif
