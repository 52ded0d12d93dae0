/* The syscall seam: every system call that the running core makes, one function each, so that tests can put a fake
 * system in its place. Results are >= 0, or -errno; errno itself is never looked at by callers. It must never decide
 * anything.
 */
#ifndef SYS_H
#define SYS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <termios.h>

struct sys_exit { int32_t pid; uint8_t by_signal; uint8_t code; };  /* code: exit status, or the signal's number */

uint64_t sys_now(void);       /* CLOCK_MONOTONIC, ns */
uint64_t sys_wall(void);      /* CLOCK_REALTIME, ns: for people only */
int32_t sys_fork(void);       /* 0 in the child, which has a copy of our memory */
int32_t sys_share(int (*run)(void *), void *stack_end, void *argument);  /* a child in our memory, not waited for */
int32_t sys_fork_apart(void); /* as sys_fork, but no call that asks for any child ever sees this one */
int sys_reap_apart(int32_t pid, struct sys_exit *out);  /* such a one: 1 reaped, 0 it has not ended */
int sys_kill(int32_t pid, int sig);
int sys_child_ended(struct sys_exit *out);  /* looks, does not reap: 1 there is one, 0 none, -ECHILD no children */
int sys_reap(int32_t pid);
int sys_has_child_in(int32_t group);           /* one that is not reaped yet */
int sys_child_stopped(int32_t pid);           /* by which signal, told once; 0: it is not */
int sys_pidfd(int32_t pid);
int sys_pidfd_signal(int pidfd, int sig);
int sys_pipe(int ends[2]);                  /* both close-on-exec, both blocking */
int sys_pipe_nonblocking(int ends[2]);      /* neither blocking */
int sys_nonblocking(int fd, int mode);      /* mode: O_RDONLY …, as it was opened; nobody else may share it */
/* Sets of signals are the kernel's own, bit N-1 for signal N: the C library's leave out those it keeps for itself. */
#define SYS_SIGNAL_BIT(n) (UINT64_C(1) << ((n) - 1))
int sys_hold(int how, uint64_t set, uint64_t *before);  /* sigprocmask; before may be NULL */
uint64_t sys_pending(void);                 /* the held ones that have come */
int sys_signals(uint64_t set);              /* signalfd, non-blocking */
int sys_memory_file(const char *name);      /* close-on-exec, of no disk: to read it never waits */
int sys_epoll(void);
int sys_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t key);
int sys_epoll_wait(int epoll, struct epoll_event *out, int room, int timeout_ms);
int sys_epoll_pause(int epoll, struct epoll_event *out, int room, uint64_t ns);  /* where a millisecond is long */
int sys_open(const char *path, int flags, unsigned mode);
int sys_descriptor_flags(int fd);           /* FD_CLOEXEC or 0 */
int sys_leave_directory(void);              /* for /, which is never in anybody's way */
int sys_close(int fd);
int64_t sys_read(int fd, void *to, size_t size);
int64_t sys_write(int fd, const void *from, size_t size);
int64_t sys_write_nowait(int fd, const void *from, size_t size);  /* -EOPNOTSUPP where the kernel cannot */
int64_t sys_send_nowait(int fd, const void *from, size_t size);
int sys_writable(int fd);                   /* 1 if a small write would not block */
int sys_type(int fd);                       /* the type bits of st_mode */
int sys_are_same(int fd, int other);         /* 1: one pipe, terminal, file */
int sys_flags(int fd);                      /* of the open description */
int sys_is_terminal(int fd);
/* terminal.c. Groups are 0 where our namespace has no number for them. */
int sys_terminal_claim(int fd);             /* it becomes our session's, if we lead one that has none */
int32_t sys_terminal_group(int fd);         /* who is in front; -ENOTTY: it is not our session's */
int sys_terminal_give(int fd, int32_t group);
int sys_terminal_settings(int fd, struct termios *out);
int sys_terminal_set(int fd, const struct termios *);
int sys_is_ignored(int sig);
int32_t sys_group(void);
int32_t sys_group_of(int32_t pid);          /* the process group that it is in */
int32_t sys_session(void);
int sys_lead_group(void);
/* stream.c */
int sys_terminal_lock(int ours, int locked); /* whether nobody may open its other side; a new one is */
int sys_terminal_other_side(int ours);      /* a descriptor of it, close-on-exec, blocking; never our own terminal */
/* mailbox.c, notify.c */
struct sys_sender { int32_t pid; uint32_t uid; uint8_t sends_fds; };    /* uid UINT32_MAX: the kernel did not say */
int sys_datagrams(void);                    /* a local socket, close-on-exec, non-blocking */
int sys_pass_credentials(int socket);       /* who sends is told with each message */
int sys_bind_abstract(int socket, const char *name, size_t size);
int64_t sys_peek(int socket, void *to, size_t size, struct sys_sender *from);    /* how long it is, even if longer */
int64_t sys_drop(int socket);               /* takes out what was peeked at, and closes what came with it */
uint32_t sys_uid(void);
/* volume.c */
int sys_pair(int ends[2]);                  /* of sockets that keep packets apart; close-on-exec */
int64_t sys_hear(int fd, void *to, size_t size, int *passed);    /* one packet; passed: a descriptor in it, or -1 */
int sys_raise(int fd, int least);           /* another number for it, close-on-exec; the old one stays open */
/* loop.c */
/* oom.c */
int64_t sys_read_at(int fd, void *to, size_t size, int64_t at);

/* One entry of a directory, as sys_list writes them. */
struct sys_entry { uint64_t inode; int64_t next; uint16_t length; uint8_t type; char name[]; };
static inline const struct sys_entry *sys_entry_at(const void *at) { return at; }
int64_t sys_list(int dir, void *to, size_t size);  /* getdents64 */
int64_t sys_read_link(const char *path, char *to, size_t room);     /* no 0 behind it */
int sys_rewind(int dir);

/* dial.c. Addresses are a struct sockaddr_in or sockaddr_in6, sizes theirs. */
int sys_stream(int family);                 /* TCP, close-on-exec, non-blocking */
int sys_connect(int fd, const void *address, uint32_t size);
int sys_own_name(int fd, void *address, uint32_t room);
int sys_peer_name(int fd, void *address, uint32_t room);
/* control.c */
int sys_accept(int listener);               /* close-on-exec, non-blocking */
int sys_peer(int fd, struct sys_sender *who);
int sys_shut(int fd, int how);              /* SHUT_WR or SHUT_RDWR: also where a child still has the descriptor */
void *sys_map(size_t size);                 /* pages of zeros; NULL: there are none */
void sys_unmap(void *at, size_t size);
int sys_give_back(void *at, size_t size);   /* whole pages of our memory, which are 0 when they are touched again */

#endif
