/* The client's side of the control socket, in C and without Python: for images that have nothing else, and for checks
 * that are made every few seconds. A socket is found as place.h says. It speaks HTTP/1.0: an answer ends where the
 * connection does. It runs in a process of its own, never in PID 1, and may wait.
 */

#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "place.h"
#include "say.h"
#include "sys.h"

enum { PLACES = 64, HEAD_ROOM = 4096, NAME_ROOM = 256, SUFFIX = 5 };
static const uint64_t WHO_NS = 1000000000;      /* to say who one is */

static struct place places[PLACES], chosen;
static uint32_t place_count;
static int last_error;                  /* why the last place that there is did not answer */

static void add(const struct place *p)
{
    if (place_count < PLACES)
        places[place_count++] = *p;
}

static void add_text(const char *text)
{
    struct place p;
    if (place_at(&p, text))
        add(&p);
}

/* --- folders --- */

struct entry { uint64_t inode; int64_t next; uint16_t length; uint8_t type; char name[]; };

static void add_file(const char *folder, const char *name)
{
    char path[PLACE_TEXT + NAME_ROOM];
    size_t size = strlen(name);
    if (size <= SUFFIX || size >= NAME_ROOM || strcmp(name + size - SUFFIX, ".sock") != 0)
        return;
    path[say_format(path, sizeof path - 1, "%s/%s", folder, name)] = 0;
    add_text(path);
}

static void add_folder(const char *folder)
{
    _Alignas(8) char entries[4096];
    int64_t size;
    int fd = sys_open(folder, O_RDONLY | O_DIRECTORY, 0);
    while (fd >= 0 && (size = sys_list(fd, entries, sizeof entries)) > 0)
        for (int64_t at = 0; at < size; at += ((const struct entry *)(const void *)(entries + at))->length)
            add_file(folder, ((const struct entry *)(const void *)(entries + at))->name);
    if (fd >= 0)
        close(fd);
}

/* --- abstract names: the last word of a line of /proc/net/unix --- */

static void add_line(const char *line, const char *prefix)
{
    const char *word = strrchr(line, ' ');
    if (word && word[1] == '@' && strncmp(word + 2, prefix, strlen(prefix)) == 0)
        add_text(word + 1);
}

static void add_abstract(uint64_t pid_namespace)
{
    char text[4096], prefix[PLACE_PREFIX];
    size_t fill = 0;
    int64_t n;
    int fd = sys_open("/proc/net/unix", O_RDONLY, 0);
    place_prefix(pid_namespace, prefix);
    while (fd >= 0 && (n = sys_read(fd, text + fill, sizeof text - 1 - fill)) > 0) {
        char *end, *at = text;
        text[fill + (size_t)n] = 0;
        for (; (end = strchr(at, '\n')); at = end + 1) {
            *end = 0;
            add_line(at, prefix);
        }
        fill = strlen(at);
        if (fill == sizeof text - 1)  /* no name is as long */
            fill = 0;
        memmove(text, at, fill);
    }
    if (fd >= 0)
        close(fd);
}

/* A listener and those whom it took have one name: each is asked once. */
static int is_repeated(uint32_t i)
{
    uint32_t k = 0;
    while (k < i && (places[k].size != places[i].size
                     || memcmp(&places[k].address, &places[i].address, places[i].size) != 0))
        k++;
    return k < i;
}

/* --- one connection --- */

static void set_patience(int fd, int option, uint64_t ns)
{
    struct timeval time = {(time_t)(ns / 1000000000), (suseconds_t)(ns % 1000000000 / 1000)};
    setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

/* Nobody is heard but the user that minipod runs as, and root; so anybody else who answers is none. Root may ask
 * everybody. */
static int is_stranger(int fd)
{
    struct sys_sender who;
    return sys_uid() != 0 && sys_peer(fd, &who) == 0 && who.uid != sys_uid() && who.uid != 0;
}

/* A connection, or -errno. */
static int dial(const struct ask *a, const struct place *p)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    set_patience(fd, SO_SNDTIMEO, a->timeout_ns);
    set_patience(fd, SO_RCVTIMEO, a->timeout_ns);
    int error = connect(fd, (const struct sockaddr *)&p->address, p->size) < 0 ? errno : is_stranger(fd) ? EACCES : 0;
    if (error == 0)
        return fd;
    close(fd);
    return -error;
}

static _Noreturn void give_up(const struct ask *a, int error)
{
    if (error == EAGAIN || error == EINPROGRESS) {
        complain("no answer within %t", a->timeout_ns);
        _exit(ASK_TOO_LATE);
    }
    complain("cannot talk to the pod: %s", error ? say_error(error) : "it hung up");
    _exit(error == ECONNREFUSED || error == ENOENT ? ASK_NOT_RUNNING : ASK_FAILED);
}

static void send_all(const struct ask *a, int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR && errno != EPIPE)
            give_up(a, errno);
        if (n < 0 && errno == EPIPE)
            return;  /* it has said why, and that is still to be read */
        text += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
}

static void send_request(const struct ask *a, int fd, const char *method, const char *target, const char *accept)
{
    char text[HEAD_ROOM];
    size_t size = say_format(text, sizeof text, "%s %s HTTP/1.0\r\nAccept: %s\r\n\r\n", method, target, accept);
    send_all(a, fd, text, size);
}

/* 0 at the end. */
static size_t receive(const struct ask *a, int fd, char *out, size_t room)
{
    ssize_t n;
    while ((n = recv(fd, out, room, 0)) < 0 && errno == EINTR) {
    }
    if (n < 0 && errno != ECONNRESET)
        give_up(a, errno);
    return n > 0 ? (size_t)n : 0;
}

struct reply { char text[HEAD_ROOM]; size_t fill, head; int status; };     /* head: its size */

/* Reads until the head is there, with what came along of the body. */
static void read_head(const struct ask *a, int fd, struct reply *r)
{
    const char *end = NULL;
    r->fill = 0;
    while (!end && r->fill < sizeof r->text - 1) {
        size_t n = receive(a, fd, r->text + r->fill, sizeof r->text - 1 - r->fill);
        if (n == 0)
            break;
        r->fill += n;
        r->text[r->fill] = 0;
        end = strstr(r->text, "\r\n\r\n");
    }
    if (!end || strncmp(r->text, "HTTP/1.1 ", 9) != 0)
        give_up(a, 0);
    r->head = (size_t)(end - r->text) + 4;
    r->status = atoi(r->text + 9);
}

/* --- whose socket it is --- */

/* Among several, one that is frozen must not stand for all: whoever does not say who he is, and soon, is none of them. */
static int read_who(int fd, char text[HEAD_ROOM])
{
    static const char request[] = "HEAD /livez HTTP/1.0\r\n\r\n";
    size_t fill = 0;
    ssize_t n = send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
    *text = 0;
    while (n > 0 && !strstr(text, "\r\n\r\n") && (n = recv(fd, text + fill, HEAD_ROOM - 1 - fill, 0)) > 0)
        text[fill += (size_t)n] = 0;
    return n > 0;
}

/* Containers may share PID and network namespace, but hardly mounts. Whoever must not be looked at is elsewhere. */
static int is_near(int fd)
{
    char path[40];
    struct sys_sender who;
    struct stat ours, its;
    if (sys_peer(fd, &who) < 0 || who.pid <= 0)
        return 0;
    path[say_format(path, sizeof path - 1, "/proc/%d/ns/mnt", (int)who.pid)] = 0;
    return stat("/proc/self/ns/mnt", &ours) == 0 && stat(path, &its) == 0 && ours.st_ino == its.st_ino;
}

static const char *name_at(const struct ask *a, const struct place *p, char out[NAME_ROOM], int *near)
{
    static const char header[] = "\r\nMinipod-Pod: ";
    char text[HEAD_ROOM];
    struct ask brief = *a;
    if (brief.timeout_ns == 0 || brief.timeout_ns > WHO_NS)
        brief.timeout_ns = WHO_NS;
    int fd = dial(&brief, p), is_there = fd >= 0 && read_who(fd, text);
    *out = 0;
    *near = fd >= 0 && is_near(fd);
    if (fd < 0)
        last_error = -fd;
    else
        close(fd);
    if (!is_there)
        return NULL;
    const char *at = strstr(text, header);
    size_t size = at ? strcspn(at + sizeof header - 1, "\r\n") : 0;
    if (size > 0 && size < NAME_ROOM) {
        memcpy(out, at + sizeof header - 1, size);
        out[size] = 0;
    }
    return out;
}

static _Noreturn void tell_nobody(const struct ask *a, uint32_t others)
{
    if (others)
        complain("no pod called %s answers here", a->pod);
    else if (last_error == EACCES)
        complain("no minipod answers here: permission denied; ask as root, or as the user that minipod runs as");
    else if (a->given)
        complain("no minipod answers at %s: %s", a->given,
                 last_error ? say_error(last_error) : "a socket's path is shorter");
    else
        complain("no minipod answers here");
    _exit(ASK_NOT_RUNNING);
}

static _Noreturn void tell_several(const char *all)
{
    die(EXIT_USAGE, "several pods answer here: %s; choose one with --pod NAME or MINIPOD_SOCKET=PATH", all);
}

/* Of several the one in our own container is meant. */
static void choose(const struct ask *a)
{
    char name[NAME_ROOM], at[PLACE_TEXT], all[2048] = "";
    size_t size = 0;
    uint32_t found = 0, others = 0, near_ones = 0;
    int near;
    for (uint32_t i = 0; i < place_count; i++) {
        if (is_repeated(i) || !name_at(a, &places[i], name, &near))
            continue;
        others++;
        if (a->pod && strcmp(a->pod, name) != 0)
            continue;
        if (near_ones == 0 && (near || found == 0))
            chosen = places[i];
        found++;
        near_ones += near != 0;
        size += say_format(all + size, sizeof all - 1 - size, "%s%s at %s", size ? ", " : "", name,
                           place_text(&places[i], at));
    }
    all[size] = 0;
    if (!found)
        tell_nobody(a, others);
    if (found > 1 && near_ones != 1)
        tell_several(all);
}

void ask_find(struct ask *a)
{
    char folder[PLACE_TEXT];
    struct stat st;
    a->pid_namespace = stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
    if (a->given) {
        add_text(a->given);
    } else {
        for (unsigned n = 0; n < PLACE_FOLDERS; n++)
            if (place_folder(n, folder, sizeof folder))
                add_folder(folder);
        add_abstract(a->pid_namespace);
    }
    if (place_count == 1 && !a->pod)
        chosen = places[0];
    else
        choose(a);
}

/* --- a question --- */

static void write_all(int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno != EINTR)
            die(EXIT_SET_UP, "cannot write: %s", say_error(errno));
        text += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
}

int ask_copy(const struct ask *a, const char *method, const char *target, const char *accept, int follows, int errors)
{
    char more[16384];
    struct reply r;
    int fd = dial(a, &chosen);
    if (fd == -ENOENT || fd == -ECONNREFUSED || fd == -EACCES) {
        last_error = -fd;
        tell_nobody(a, 0);
    }
    if (fd < 0)
        give_up(a, -fd);
    send_request(a, fd, method, target, accept);
    read_head(a, fd, &r);
    int out = r.status >= 400 && errors ? STDERR_FILENO : STDOUT_FILENO;
    if (out == STDERR_FILENO)
        write_all(out, "minipod: ", 9);
    write_all(out, r.text + r.head, r.fill - r.head);
    if (follows)
        set_patience(fd, SO_RCVTIMEO, 0);
    for (size_t n; (n = receive(a, fd, more, sizeof more)) > 0;)
        write_all(out, more, n);
    close(fd);
    return r.status;
}
