/* What Python may call of the core, in process: read verbatim by cffi's cdef beside plan_layout.h, compiled by C as the
 * prototypes. It must never name a function that keeps state or makes a system call. */

/* FNV-1a, 64 bit, over all bytes of a plan, its digest field taken as 0. size >= sizeof(struct plan_header). */
uint64_t plan_digest(const uint8_t *bytes, uint64_t size);

/* Overwrites the secrets of a plan that has any, whose bytes may then be written to; its digest is made right again. */
void plan_forget(const uint8_t *bytes);

/* Why these bytes are no plan that this core runs: one clause without a full stop, or NULL when they are one. Never
 * reads outside bytes[0..size). */
const char *plan_refuse(const uint8_t *bytes, uint64_t size);

/* Kubernetes' $(VAR) expansion of text[0..size) into out (at most room bytes are written, no NUL is). maps is a
 * NULL-terminated list of NULL-terminated lists of "NAME=value"; within a list the last entry of a name wins, the first
 * list that has the name wins. Returns the length of the whole result, which may be more than room. */
uint64_t expand_text(const char *text, uint64_t size, const char *const *const *maps, char *out, uint64_t room);

/* Single lookups of the policy tables, by the numbers of minipod/supervisor/vocabulary.py; -1 for numbers that no word
 * has. machine: lifecycle, want, pod, startup, liveness, readiness, in this order. policy_cell fills out with the kind,
 * the next state and the actions of a cell, 2 + 4 numbers. */
int policy_phase(uint32_t bits);
int policy_verdict(uint32_t rule, uint32_t want, uint32_t exit_class, uint32_t budget);
int policy_cell(uint32_t machine, uint32_t state, uint32_t event, uint8_t out[6]);
int policy_fate(uint32_t standing, uint32_t outcome, uint8_t out[6]);
