/* For children of the core that tell PID 1 what they find, a packet each, which it hears by sys_hear(). It must never
 * be called by PID 1: it waits until there is room for the packet.
 */
#ifndef TELL_H
#define TELL_H

#include <stddef.h>

void tell_alone(int null, int news);    /* no descriptor is left but these, the first, if it is one, as 0, 1 and 2 */
int tell_packet(int news, const void *bytes, size_t size, int fd);     /* fd: goes with it, or -1; 0, or -errno */

#endif
