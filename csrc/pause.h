/* minipod pause: the process that holds a pod's namespaces, reaps what is orphaned in them, and does nothing else. */
#ifndef PAUSE_H
#define PAUSE_H

struct core;

/* Every signal is held by now. words: those behind "pause". Until TERM or INT; the exit code is 0. */
int pause_run(struct core *, char *const *words);

#endif
