/* Texts that went wrong on their way. */
#ifndef NOISE_H
#define NOISE_H

#include <stddef.h>
#include <stdint.h>

/* Reads count texts made of this one as the protocol (http, grpc, redirect, notice), and prints how many meant another
 * thing in pieces, then how many ended in each way, four of them. Aborts when a text made what it must never make. */
void noise_try(const char *protocol, uint64_t seed, size_t count, const char *bytes, size_t size);

#endif
