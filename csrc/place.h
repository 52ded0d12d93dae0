/* Where the control socket is: the same for the core, which opens it, and for the clients, which look for it. Nothing
 * here opens anything, and nothing is allocated.
 *
 *     /run/minipod/POD.sock, $XDG_RUNTIME_DIR/minipod/POD.sock      POD-PID.sock where that is in use
 *     minipod/NAMESPACE/POD                                         an abstract name, POD-PID where that is in use
 *
 * NAMESPACE is the number of the PID namespace: abstract names are those of a network namespace, which several
 * containers may share.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

enum { PLACE_TEXT = sizeof ((struct sockaddr_un *)0)->sun_path + 2, PLACE_RANKS = 6, PLACE_FOLDERS = 2 };

struct place { struct sockaddr_un address; uint32_t size; };

/* text is a path, or "@" and an abstract name. 0: longer than an address may be, or empty. */
int place_at(struct place *, const char *text);

static inline int place_is_abstract(const struct place *p) { return p->address.sun_path[0] == 0; }

/* For people, and for place_at(); with a NUL. */
const char *place_text(const struct place *, char out[PLACE_TEXT]);

/* A folder that sockets are looked for in, without its last slash; 0: this one is nowhere here. */
int place_folder(unsigned n, char *out, size_t room);

/* One that somebody else made, where anybody may, is his, and so is a link: he could put a socket of his own in the
 * place of ours. Sockets are neither opened nor looked for there. */
int place_is_trusted(const char *folder);

/* What every abstract name of a PID namespace begins with; with a NUL. */
enum { PLACE_PREFIX = 32 };
const char *place_prefix(uint64_t pid_namespace, char out[PLACE_PREFIX]);

/* The places of a pod, the one that is tried first at rank 0; a name that is too long for an address is cut. 0: there
 * is none of this rank here. */
int place_ranked(struct place *, unsigned rank, const char *pod, int32_t pid, uint64_t pid_namespace);

#endif
