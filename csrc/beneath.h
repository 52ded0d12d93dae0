/* Paths that must not lead out of a directory, and paths that must lead where the pod's file says, however often
 * somebody puts a link in the way. By bare calls: also for a child that shares PID 1's memory.
 */
#ifndef BENEATH_H
#define BENEATH_H

#include <stdint.h>

enum { BENEATH_ROOM = 4096 };           /* of a path, with the links in it */
#define BENEATH_KEEP UINT32_MAX         /* nothing is made */

/* What path names below the directory root, as an O_PATH descriptor, or -errno: -EXDEV if it would lead out. Links are
 * followed as long as they stay inside without a "..". mode: of the directories that are made where there is nothing.
 * "" is root itself, which may be a file then. */
long beneath_open(int root, const char *path, uint32_t mode);

/* The directory in which the last part is, and that part, "" if there is none: whoever opens it does so with
 * O_NOFOLLOW. */
long beneath_open_above(int root, const char *path, uint32_t mode, const char **name);

/* Any path, as the kernel would find it. But if we are root no link is followed that another user could have put there:
 * -EXDEV. */
long beneath_find(const char *path, uint32_t mode);

long beneath_find_above(const char *path, uint32_t mode, const char **name);

/* Whether nobody else could have put a file of others into that directory. */
int beneath_is_guarded(int directory);

#endif
