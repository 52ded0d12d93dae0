/* A unit's user and groups, taken on by its child. Only in a child that has a copy of PID 1's memory. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "core.h"

/* Looks the unit's user and group up, gives them its log pipes, and adds HOME, USER and LOGNAME to its environment as
 * far as they are ours to add. 0, or an errno with *stage set. */
int identity_find(const struct core *, const struct unit *, enum child_stage *stage);

/* Becomes who was found. 0, or an errno. */
int identity_take(void);

#endif
