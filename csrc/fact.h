/* What is so of the machine or container that minipod runs in. Where nothing can be found out there is an answer all
 * the same. It must never be asked while the pod runs.
 */
#ifndef FACT_H
#define FACT_H

#include <stddef.h>
#include <stdint.h>

enum { FACT_ADDRESS_ROOM = 96 };

/* The first address that is no loopback's, IPv4 before IPv6; 127.0.0.1 if there is none. all: one of each, with a comma
 * between. Returns the length; out is NUL-terminated. */
size_t fact_address(char out[FACT_ADDRESS_ROOM], int all);

uint64_t fact_cpu(void);        /* thousandths of a processor */
uint64_t fact_memory(void);     /* bytes */
uint64_t fact_storage(void);    /* bytes, of the file system that / is on */

#endif
