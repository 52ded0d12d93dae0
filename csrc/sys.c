/* The syscall seam on Linux. One call a function; it must never decide, retry (but for EINTR) or print anything. */

#include "sys.h"
#include "footprint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

static uint64_t clock_read(clockid_t id) {
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

EACH_TURN static int64_t or_errno(int64_t result) { return result < 0 ? -errno : result; }

EACH_TURN uint64_t sys_now(void) { return clock_read(CLOCK_MONOTONIC); }

uint64_t sys_wall(void) { return clock_read(CLOCK_REALTIME); }

/* The bare call: the C library's fork has locks to hold and masks to change for threads that we do not have. */
int32_t sys_fork(void) { return (int32_t)or_errno(syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L)); }

/* A child without a signal for its end is one of those that only __WCLONE asks for. */
int32_t sys_fork_apart(void) { return (int32_t)or_errno(syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L)); }

int sys_reap_apart(int32_t pid, struct sys_exit *out)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | (int)__WCLONE) < 0)
        return -errno;
    *out = (struct sys_exit){pid, info.si_code != CLD_EXITED, (uint8_t)info.si_status};
    return info.si_pid != 0;
}

/* Without CLONE_VFORK: that would suspend us until its exec, for ever on a hung mount. */
int32_t sys_share(int (*run)(void *), void *stack_end, void *argument)
{
    return (int32_t)or_errno(clone(run, stack_end, CLONE_VM | SIGCHLD, argument));
}

int sys_kill(int32_t pid, int sig) { return (int)or_errno(kill(pid, sig)); }

int sys_child_ended(struct sys_exit *out) {
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return -errno;
    if (info.si_pid == 0)
        return 0;
    *out = (struct sys_exit){info.si_pid, info.si_code != CLD_EXITED, (uint8_t)info.si_status};
    return 1;
}

int sys_reap(int32_t pid) {
    siginfo_t info;
    return (int)or_errno(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG));
}

int sys_has_child_in(int32_t group)
{
    siginfo_t info;
    return waitid(P_PGID, (id_t)group, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int sys_child_stopped(int32_t pid)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG) < 0)
        return -errno;
    return info.si_pid ? info.si_status : 0;
}

int sys_pidfd(int32_t pid) { return (int)or_errno(syscall(SYS_pidfd_open, pid, 0)); }

int sys_pidfd_signal(int pidfd, int sig) { return (int)or_errno(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0)); }

int sys_pipe(int ends[2]) { return (int)or_errno(pipe2(ends, O_CLOEXEC)); }

int sys_pipe_nonblocking(int ends[2]) { return (int)or_errno(pipe2(ends, O_CLOEXEC | O_NONBLOCK)); }

int sys_nonblocking(int fd, int mode) { return (int)or_errno(fcntl(fd, F_SETFL, mode | O_NONBLOCK)); }

int sys_hold(int how, uint64_t set, uint64_t *before)
{
    return (int)or_errno(syscall(SYS_rt_sigprocmask, how, &set, before, sizeof set));
}

uint64_t sys_pending(void)
{
    uint64_t set = 0;
    return syscall(SYS_rt_sigpending, &set, sizeof set) < 0 ? 0 : set;
}

int sys_signals(uint64_t set)
{
    return (int)or_errno(syscall(SYS_signalfd4, -1, &set, sizeof set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* Not to be executed, where the kernel knows how to say so. */
int sys_memory_file(const char *name)
{
    enum { NOEXEC = 8 };
    long fd = syscall(SYS_memfd_create, name, 1 | NOEXEC);
    if (fd < 0 && errno == EINVAL)
        fd = syscall(SYS_memfd_create, name, 1);
    return (int)or_errno(fd);
}

int sys_epoll(void) { return (int)or_errno(epoll_create1(EPOLL_CLOEXEC)); }

int sys_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t key) {
    struct epoll_event event = {.events = events, .data.u64 = key};
    return (int)or_errno(epoll_ctl(epoll, operation, fd, &event));
}

EACH_TURN int sys_epoll_wait(int epoll, struct epoll_event *out, int room, int timeout_ms) {
    return (int)or_errno(epoll_wait(epoll, out, room, timeout_ms));
}

/* The kernel's own call (5.11); before that, and where a filter forbids it, milliseconds must do. */
int sys_epoll_pause(int epoll, struct epoll_event *out, int room, uint64_t ns)
{
    enum { CALL = 441, SIGNALS_SIZE = 8 };
    static int is_missing;
    const struct { int64_t s, ns; } time = {(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000)};
    int result = is_missing ? -ENOSYS : (int)or_errno(syscall(CALL, epoll, out, room, &time, NULL, (long)SIGNALS_SIZE));
    is_missing |= result == -ENOSYS || result == -EPERM;
    return is_missing ? sys_epoll_wait(epoll, out, room, (int)((ns + 999999) / 1000000)) : result;
}

int sys_open(const char *path, int flags, unsigned mode)
{
    return (int)or_errno(syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC | O_LARGEFILE, mode));
}

int sys_descriptor_flags(int fd) { return (int)or_errno(fcntl(fd, F_GETFD)); }

int sys_leave_directory(void) { return (int)or_errno(chdir("/")); }

int sys_close(int fd) { return (int)or_errno(close(fd)); }

int64_t sys_read(int fd, void *to, size_t size) { return or_errno(read(fd, to, size)); }

int64_t sys_write(int fd, const void *from, size_t size) { return or_errno(write(fd, from, size)); }

int64_t sys_write_nowait(int fd, const void *from, size_t size) {
    struct iovec part = {(void *)(uintptr_t)from, size};
    return or_errno(syscall(SYS_pwritev2, fd, &part, 1UL, -1L, -1L, RWF_NOWAIT));
}

int64_t sys_send_nowait(int fd, const void *from, size_t size) {
    return or_errno(send(fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

int sys_writable(int fd) {
    struct pollfd one = {fd, POLLOUT, 0};
    return poll(&one, 1, 0) > 0;  /* or it has failed, and a write says so at once */
}

int sys_type(int fd) {
    struct stat st;
    return (int)or_errno(fstat(fd, &st) < 0 ? -1 : (int64_t)(st.st_mode & S_IFMT));
}

int sys_are_same(int fd, int other)
{
    struct stat a, b;
    if (fstat(fd, &a) < 0 || fstat(other, &b) < 0)
        return -errno;
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int sys_flags(int fd) { return (int)or_errno(fcntl(fd, F_GETFL)); }

int sys_is_terminal(int fd) { return isatty(fd); }

int64_t sys_list(int dir, void *to, size_t size) { return or_errno(syscall(SYS_getdents64, dir, to, size)); }

int64_t sys_read_link(const char *path, char *to, size_t room) { return or_errno(readlink(path, to, room)); }

int sys_rewind(int dir) { return (int)or_errno(lseek(dir, 0, SEEK_SET)); }

/* --- terminal.c --- */

int sys_terminal_claim(int fd) { return (int)or_errno(ioctl(fd, TIOCSCTTY, 0)); }

int32_t sys_terminal_group(int fd)
{
    int32_t group = 0;
    int result = ioctl(fd, TIOCGPGRP, &group);
    return result < 0 ? -errno : group;
}

int sys_terminal_give(int fd, int32_t group) { return (int)or_errno(ioctl(fd, TIOCSPGRP, &group)); }

int sys_terminal_settings(int fd, struct termios *out) { return (int)or_errno(tcgetattr(fd, out)); }

int sys_terminal_set(int fd, const struct termios *settings)
{
    return (int)or_errno(tcsetattr(fd, TCSANOW, settings));
}

int sys_is_ignored(int sig)
{
    struct sigaction now = {.sa_handler = SIG_DFL};
    sigaction(sig, NULL, &now);
    return now.sa_handler == SIG_IGN;
}

int32_t sys_group(void) { return getpgrp(); }

int32_t sys_group_of(int32_t pid) { return (int32_t)or_errno(getpgid(pid)); }

int32_t sys_session(void) { return getsid(0); }

int sys_lead_group(void) { return (int)or_errno(setpgid(0, 0)); }

/* --- stream.c --- */

int sys_terminal_lock(int ours, int locked) { return (int)or_errno(ioctl(ours, TIOCSPTLCK, &locked)); }

int sys_terminal_other_side(int ours)
{
    return (int)or_errno(ioctl(ours, (int)TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/* --- mailbox.c, notify.c --- */

int sys_datagrams(void)
{
    return (int)or_errno(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int sys_pass_credentials(int socket)
{
    int on = 1;
    return (int)or_errno(setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
}

int sys_bind_abstract(int socket, const char *name, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (size >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path + 1, name, size);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size);
    return (int)or_errno(bind(socket, (const struct sockaddr *)&address, length));
}

/* Room for credentials and not for a descriptor more: none is ever ours, and that there were some shows. */
int64_t sys_peek(int socket, void *to, size_t size, struct sys_sender *from)
{
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(struct ucred))]; } control;
    struct iovec part = {to, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
    };
    int64_t result = or_errno(recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC));
    const struct cmsghdr *head = result < 0 ? NULL : CMSG_FIRSTHDR(&message);
    struct ucred who = {0, UINT32_MAX, 0};
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS)
        memcpy(&who, CMSG_DATA(head), sizeof who);
    *from = (struct sys_sender){who.pid, who.uid, result >= 0 && (message.msg_flags & MSG_CTRUNC)};
    return result;
}

int64_t sys_drop(int socket) { return or_errno(recv(socket, NULL, 0, MSG_DONTWAIT)); }

uint32_t sys_uid(void) { return geteuid(); }

/* --- volume.c --- */

int sys_pair(int ends[2]) { return (int)or_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)); }

/* Room for one descriptor: CMSG_SPACE's padding would be room for another, of which nobody would know. */
int64_t sys_hear(int fd, void *to, size_t size, int *passed)
{
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
    struct iovec part = {to, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int)),
    };
    int64_t result = or_errno(recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
    const struct cmsghdr *head = result < 0 ? NULL : CMSG_FIRSTHDR(&message);
    *passed = -1;
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        memcpy(passed, CMSG_DATA(head), sizeof *passed);
    return result;
}

int sys_raise(int fd, int least) { return (int)or_errno(fcntl(fd, F_DUPFD_CLOEXEC, least)); }

/* --- oom.c --- */

int64_t sys_read_at(int fd, void *to, size_t size, int64_t at) { return or_errno(pread(fd, to, size, at)); }

/* --- dial.c --- */

int sys_stream(int family) { return (int)or_errno(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

int sys_connect(int fd, const void *address, uint32_t size) { return (int)or_errno(connect(fd, address, size)); }

int sys_own_name(int fd, void *address, uint32_t room) { return (int)or_errno(getsockname(fd, address, &room)); }

int sys_peer_name(int fd, void *address, uint32_t room) { return (int)or_errno(getpeername(fd, address, &room)); }

/* --- control.c --- */

int sys_accept(int listener) { return (int)or_errno(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)); }

int sys_peer(int fd, struct sys_sender *who)
{
    struct ucred peer = {0, UINT32_MAX, 0};
    socklen_t size = sizeof peer;
    int result = (int)or_errno(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size));
    *who = (struct sys_sender){peer.pid, peer.uid, 0};
    return result;
}

int sys_shut(int fd, int how) { return (int)or_errno(shutdown(fd, how)); }

EACH_TURN int sys_give_back(void *at, size_t size) { return (int)or_errno(madvise(at, size, MADV_DONTNEED)); }

void *sys_map(size_t size)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void sys_unmap(void *at, size_t size) { munmap(at, size); }
