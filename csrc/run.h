/* From a plan in memory to the exit code: what a pod and one command have in common. */
#ifndef RUN_H
#define RUN_H

#include <stdint.h>

struct core;

/* We are PID 1, or adopt orphans as if we were: before anything may have a child. */
void run_become_reaper(struct core *);

/* The report's file, or -1 for no path; dies when it cannot be written. */
int run_open_report(const char *path);

/* A plan that plan_refuse() had nothing against, from its start to its end. words: those behind "--", or NULL.
 * report, events: descriptors, or -1; events_target: what was said of the latter. Returns the exit code. */
int run_plan(struct core *, const uint8_t *plan, char *const *words, int report, int events,
             const char *events_target);

#endif
