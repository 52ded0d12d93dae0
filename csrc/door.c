/* What the control server listens on: opened before anything starts, closed when all is over. It may wait a moment, and
 * makes its own system calls; it must never run while the pod does.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "say.h"

/* Where it is full a client that may not wait is sent away; the kernel takes fewer if it likes. */
enum { BACKLOG = 4096 };

/* --- one place --- */

/* Whoever opens a socket in a folder holds it for that moment: a stale socket must not be replaced by two. Somebody
 * else's lock is not waited for for ever; a folder that cannot be locked has nobody to share it with. */
enum { LOCK_TRIES = 100, LOCK_STEP_MS = 10 };

static int lock_folder(const struct place *p)
{
    char folder[PLACE_TEXT];
    char *slash = strrchr(strcpy(folder, p->address.sun_path), '/');
    if (slash)
        slash[slash == folder] = 0;
    int fd = sys_open(slash ? folder : ".", O_RDONLY | O_DIRECTORY, 0);
    for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK; i++)
        poll(NULL, 0, LOCK_STEP_MS);
    return fd;
}

static int bind_privately(int fd, const struct place *p)
{
    mode_t before = umask(0177);
    int result = bind(fd, (const struct sockaddr *)&p->address, p->size) < 0 ? -errno : 0;
    umask(before);
    return result;
}

/* Whether somebody listens there: 0 nobody does, or why it cannot be ours. */
static int is_stale(const struct place *p)
{
    struct stat st;
    if (lstat(p->address.sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = connect(probe, (const struct sockaddr *)&p->address, p->size) < 0 ? errno : 0;
    close(probe);
    return error == ECONNREFUSED || error == ENOENT ? 0
           : error == EACCES || error == EPROTOTYPE ? -error
                                                    : -EADDRINUSE;
}

static int replace(int fd, const struct place *p)
{
    int result = is_stale(p);
    if (result == 0 && unlink(p->address.sun_path) < 0 && errno != ENOENT)
        result = -errno;
    return result < 0 ? result : bind_privately(fd, p);
}

static int bind_and_listen(int fd, const struct place *p)
{
    int is_file = !place_is_abstract(p), lock = is_file ? lock_folder(p) : -1, result = bind_privately(fd, p);
    if (result == -EADDRINUSE && is_file)
        result = replace(fd, p);
    if (result == 0 && listen(fd, BACKLOG) < 0)
        result = -errno;
    if (lock >= 0)
        close(lock);
    return result;
}

/* The listener, or -errno: -EADDRINUSE somebody answers there, -EEXIST there is a file that is no socket. */
static int open_place(struct server *ct, const struct place *p)
{
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -errno : bind_and_listen(fd, p);
    if (result < 0) {
        close(fd);
        return result;
    }
    ct->place = *p;
    if (!place_is_abstract(p) && lstat(p->address.sun_path, &st) == 0) {
        ct->file[0] = st.st_dev;
        ct->file[1] = st.st_ino;
    }
    return fd;
}

/* --- the local door --- */

static const char *why_not(int error)
{
    return error == -EADDRINUSE   ? "it is in use by another minipod"
           : error == -EEXIST     ? "what is there is no socket"
           : error == -EPROTOTYPE ? "what is there is a socket of another kind"
                                  : say_error(-error);
}

static int open_at(struct core *c, const char *text)
{
    struct place place;
    if (!place_at(&place, text))
        die(EXIT_SET_UP, "cannot open the control socket %s: a socket's path has at most %d bytes", text,
            (int)sizeof place.address.sun_path - 1);
    int fd = open_place(&c->control, &place);
    if (fd < 0)
        die(EXIT_SET_UP, "cannot open the control socket %s: %s", text, why_not(fd));
    return fd;
}

static uint64_t pid_namespace(void)
{
    struct stat st;
    return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

/* The folder is ours alone when we make it. */
static int have_folder(unsigned n)
{
    char folder[PLACE_TEXT];
    if (n >= PLACE_FOLDERS)
        return 1;
    if (!place_folder(n, folder, sizeof folder))
        return 0;
    mkdir(folder, 0700);
    return place_is_trusted(folder);
}

static int open_found(struct core *c)
{
    const char *pod = plan_text(&c->plan, c->plan.pod->name);
    struct place place;
    int fd = -ENOENT;
    for (unsigned rank = 0; rank < PLACE_RANKS && fd < 0; rank++) {
        uint64_t namespace = rank / 2 < PLACE_FOLDERS ? 0 : pid_namespace();  /* part of abstract names alone */
        if (have_folder(rank / 2) && place_ranked(&place, rank, pod, c->self, namespace))
            fd = open_place(&c->control, &place);
    }
    if (fd < 0)
        complain("no control socket can be opened: nobody can ask this pod how it is: %s", why_not(fd));
    return fd < 0 ? -1 : fd;
}

/* --- the door to the network --- */

static socklen_t set_address(const struct plan_pod *pod, const char *host, struct sockaddr_storage *out)
{
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(pod->listen_port);
        return sizeof *four;
    }
    inet_pton(AF_INET6, host, &six->sin6_addr);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(pod->listen_port);
    return sizeof *six;
}

static int listen_on(const struct plan_pod *pod, const char *host)
{
    struct sockaddr_storage address;
    socklen_t size = set_address(pod, host, &address);
    int on = 1, off = 0, fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6)  /* "::" is for everybody, whatever the system's default is */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (const struct sockaddr *)&address, size) < 0 || listen(fd, BACKLOG) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static int open_port(struct core *c)
{
    const struct plan_pod *pod = c->plan.pod;
    const char *host = plan_text(&c->plan, pod->listen_host);
    int fd = listen_on(pod, host);
    if (fd == -EAFNOSUPPORT && strcmp(host, "::") == 0)  /* everybody, where there is no IPv6 */
        fd = listen_on(pod, "0.0.0.0");
    if (fd < 0)
        die(EXIT_SET_UP, "cannot listen on %s port %u: %s", host, (unsigned)pod->listen_port, say_error(-fd));
    return fd;
}

void door_open(struct core *c)
{
    const struct plan_pod *pod = c->plan.pod;
    const char *given = c->control.given;
    c->control.doors[DOOR_LOCAL] = c->control.doors[DOOR_TCP] = -1;
    if (pod->control != CONTROL_OFF && given && *given)
        c->control.doors[DOOR_LOCAL] = open_at(c, given);
    else if (pod->control == CONTROL_AT)
        c->control.doors[DOOR_LOCAL] = open_at(c, plan_text(&c->plan, pod->control_path));
    else if (pod->control == CONTROL_FOUND)
        c->control.doors[DOOR_LOCAL] = open_found(c);
    if (pod->listen_port)
        c->control.doors[DOOR_TCP] = open_port(c);
}

/* Somebody may have put another file there meanwhile. */
static int is_ours(const struct server *ct)
{
    struct stat st;
    return ct->file[1] && lstat(ct->place.address.sun_path, &st) == 0 && st.st_dev == ct->file[0]
           && st.st_ino == ct->file[1];
}

void door_close(struct core *c)
{
    struct server *ct = &c->control;
    if (ct->doors[DOOR_LOCAL] >= 0 && is_ours(ct))
        unlink(ct->place.address.sun_path);
    for (int i = 0; i < DOORS; i++)
        if (ct->doors[i] >= 0)
            close(ct->doors[i]);
    ct->doors[DOOR_LOCAL] = ct->doors[DOOR_TCP] = -1;
}
