/* A packet from a child of the core to PID 1, which hears it by sys_hear(). It must never be called by PID 1: it waits
 * until there is room for the packet.
 */
#ifndef TELL_H
#define TELL_H

#include <stddef.h>

int tell_packet(int news, const void *bytes, size_t size, int fd);     /* fd: goes with it, or -1; 0, or -errno */

#endif
