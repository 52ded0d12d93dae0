/* Nobody knocks on the fake kernel's door: the control server is tested on real sockets (tests/system). */

#include "fake.h"
#include "footprint.h"

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

/* There is no memory of ours to give back to a kernel that is none. */
void footprint_settled(struct core *c) { (void)c; }
void footprint_trim(struct core *c) { (void)c; }
