/* The witness of step.c, included before every file of the core: it sees each cell that is looked up. */
#ifndef SEAM_H
#define SEAM_H

#define STEP_TRACE(core, machine, unit, from, event, cell) \
    seam_step((core), (int)(machine), (unit), (int)(from), (int)(event), (int)(cell)->kind, (int)(cell)->next)

struct core;
struct unit;
void seam_step(struct core *, int machine, const struct unit *, int from, int event, int kind, int next);

#endif
