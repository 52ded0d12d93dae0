/* minipod's own words that ask a running pod: health, ready, ctl. */
#ifndef CLIENT_H
#define CLIENT_H

/* words begins with one of them; NULL-terminated. Returns the exit code: 0 done or well; 1 not; 3 nobody answers; 4
 * there is no such unit; 64 words that make no sense; 124 too late. */
int client_run(char *const *words);

#endif
