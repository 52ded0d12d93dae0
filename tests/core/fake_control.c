/* Nobody knocks on the fake kernel's door: the control server is tested on real sockets (tests/system). */

#include "fake.h"

void control_open(struct core *c) { (void)c; }
void control_turn(struct core *c) { (void)c; }
void control_close(struct core *c) { (void)c; }

void control_come(struct core *c, uint32_t door)
{
    (void)c;
    (void)door;
    broken("somebody came to a door that is not there");
}

void control_ready(struct core *c, uint32_t index, uint32_t events)
{
    (void)events;
    control_come(c, index);
}

void control_due(struct core *c, uint32_t timer) { control_come(c, timer); }
