/* $(VAR) expansion for whoever has its own way to find variables. It must never know where they come from. */
#ifndef EXPAND_H
#define EXPAND_H

#include <stddef.h>
#include <stdint.h>

#include "core_api.h"

/* A variable's value: bytes[0..size), no NUL needed. bytes may be NULL while only lengths are wanted (room 0). */
struct expand_value { const char *bytes; uint64_t size; };

/* Finds the variable name[0..size); returns 0 when there is none, else 1 with *value set. */
typedef int expand_find(const void *where, const char *name, uint64_t size, struct expand_value *value);

/* As expand_text() of core_api.h, variables come from find(where, …). The length returned stops at UINT64_MAX. */
uint64_t expand_with(const char *text, uint64_t size, expand_find *find, const void *where, char *out, uint64_t room);

#endif
