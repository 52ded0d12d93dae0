/* The witness of step.c, included before it: every cell that is looked up, with the queue's fill before the event left
 * it. */
#ifndef TRACE_H
#define TRACE_H

#define STEP_TRACE(core, machine, unit, from, event, cell) \
    trace_step((core), (int)(machine), (unit), (int)(from), (int)(event), (int)(cell)->kind, (int)(cell)->next)

struct core;
struct unit;
void trace_step(struct core *, int machine, const struct unit *, int from, int event, int kind, int next);

#endif
