/* One question to a pod's control socket, for minipod's own words: where the socket is, and its answer. */
#ifndef ASK_H
#define ASK_H

#include <stddef.h>
#include <stdint.h>

/* As systemctl and the init scripts of the LSB have 3 and 4, timeout(1) has 124. */
enum { ASK_FAILED = 1, ASK_NOT_RUNNING = 3, ASK_UNKNOWN = 4, ASK_TOO_LATE = 124 };

struct ask {
    const char *pod;            /* --pod, or NULL */
    uint64_t timeout_ns;        /* for each step: to be let in, and for the next bytes; 0: none */
    const char *given;          /* MINIPOD_SOCKET, or NULL */
    uint64_t pid_namespace;
};

/* Finds the pod's socket, once; later questions go there. Dies with a sentence: 3 nobody answers, 64 several do. */
void ask_find(struct ask *);

/* Asks and copies what comes to stdout, or to stderr when it is no good news and errors is not 0. follows: without a
 * time-out between bytes. Returns the status of the answer; dies when there is none. */
int ask_copy(const struct ask *, const char *method, const char *target, const char *accept, int follows, int errors);

#endif
