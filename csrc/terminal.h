/* The terminal that one unit of a pod may have: who is in its foreground, and how it was set. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdint.h>
#include <termios.h>

struct core;
struct unit;

struct terminal {
    struct unit *unit;          /* whose it is; NULL: no unit asked for it, or there is none */
    int32_t fd;                 /* -1 with unit NULL */
    int32_t group;              /* who was in the foreground when it was taken back for a while; 0: nobody */
    uint8_t lent;               /* the unit's side has the foreground */
    uint8_t awaited;            /* we stand still as soon as the unit's leader does */
    uint8_t has_settings;       /* settings are those from before the instance */
    uint8_t shows_us;           /* our stderr is a terminal, too */
    uint8_t on_demand;          /* lent only to a unit that asks for input or output */
    struct termios settings;
};

void terminal_open(struct core *);                          /* after log_open */
int terminal_is_of(const struct core *, const struct unit *);
int terminal_lend_at_start(struct core *, const struct unit *);     /* by what the child puts itself in front, or -1 */
void terminal_ended(struct core *, const struct unit *);    /* its leader is a zombie */
void terminal_look(struct core *);                          /* a child has ended or was stopped */
void terminal_await(struct core *);                         /* the units are about to be stopped */
void terminal_pause(struct core *);                         /* we are about to stand still */
void terminal_resume(struct core *);                        /* we go on; before the units do */
void terminal_hung_up(struct core *);
void terminal_close(struct core *);                         /* the last thing of the pod */
int terminal_is_raw(const struct core *);                   /* 1: a newline on it does not begin a line */

#endif
