/* Puts the core on stage: everything is real, processes, signals, sockets, but for the clock, which a director holds.
 * The linker (--wrap) lets functions of these files stand before the core's own. The core tells the director what it
 * does and comes to rest when no fact is left; time goes on, and a timer fires, when the director says so. So nothing
 * depends on the machine's speed. What only a sick kernel would do is done here in its place: no process to be had, a
 * KILL that does not end anybody, an out-of-memory count.
 *
 *     wire.c     what the director is told, and what he says: the clock, and when the loop turns
 *     seam.c     what the core does that he hears of first: timers, processes, what it asks
 *     gate.c     its children, until they may execute their program
 *
 * Over one SOCK_SEQPACKET, lines to the director (times are ns since the start, units and errands positions, -1: none):
 *     step MACHINE UNIT STATE EVENT KIND NEXT     a cell was looked up
 *     fork? UNIT ERRAND / forked UNIT ERRAND PID  the first is answered "=d", or "=x": no process to be had
 *     kill? PID SIGNAL / killed PID SIGNAL RESULT "=d", or "=x": it is not sent now, the director will see to it
 *     dial? UNIT ERRAND                           an attempt over the network begins; answered "=d"
 *     watch UNIT ERRAND, over UNIT ERRAND         one that the program answers; one is answered, or ended
 *     heard UNIT, reaped PID, sweep SIGNAL
 *     unit UNIT CODE OUTCOME RESTARTS STARTED READY REASON     when it changed
 *     idle NEXT_TIMER PHASE MESSAGES              all is quiet after so many messages of commands
 *     cell MACHINE STATE EVENT COUNT, books LOST_EVENTS REASON, left     the end
 * and commands from it: now NS | post MACHINE UNIT EVENT | oom COUNT | fire | end |
 *     hold, release: hears no facts between
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define WRAPPED(type, name, ...) \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

extern int may_fire;                                /* one timer */
extern struct sockaddr_un stage_door;
extern socklen_t stage_door_size;

__attribute__((format(printf, 1, 2))) void tell(const char *format, ...);
int may(const char *what, long a, long b);          /* 1: do it */

#endif
