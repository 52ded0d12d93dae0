/* The client's side of the control socket, in C and without Python: for images that have nothing else, and for checks
 * that are made every few seconds. A socket is found as place.h and seek.h say. It speaks HTTP/1.0: an answer ends
 * where the connection does. It runs in a process of its own, never in PID 1, and may wait.
 */

#include "ask.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "place.h"
#include "reply.h"
#include "say.h"
#include "seek.h"
#include "sys.h"

enum { SENTENCE = 1024 };
static const uint64_t WHO_NS = UINT64_C(2000000000);    /* to say who one is */

static struct place chosen;

/* --- one connection --- */

/* Why there was no answer, in the words that minipod/reaper/client.py has for it, and the exit code it comes to. */
static struct { int code; char text[SENTENCE]; } failure;

static int fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    failure.text[say_formatv(failure.text, SENTENCE - 1, format, args)] = 0;
    va_end(args);
    failure.code = code;
    return -1;
}

/* error 0: the other side ended it. */
static int explain(const struct ask *a, const struct place *p, int error)
{
    char at[PLACE_TEXT];
    place_text(p, at);
    switch (error) {
    case EAGAIN:
    case EINPROGRESS: return fail(ASK_TOO_LATE, "%s: no answer within %t", at, a->timeout_ns);
    case ENOENT:
    case ECONNREFUSED: return fail(ASK_NOT_RUNNING, "no minipod answers at %s: %s", at, say_error(error));
    case EACCES:
        return fail(ASK_NOT_RUNNING, "%s: permission denied; ask as root, or as the user that minipod runs as", at);
    case 0:
    case EPIPE:
    case ECONNRESET: return fail(ASK_FAILED, "%s: the answer was cut off", at);
    default: return fail(ASK_NOT_RUNNING, "%s: %s", at, say_error(error));
    }
}

static _Noreturn void give_up(void)
{
    complain("%s", failure.text);
    _exit(failure.code);
}

static void set_patience(int fd, int option, uint64_t ns)
{
    struct timeval time = {(time_t)(ns / 1000000000), (suseconds_t)(ns % 1000000000 / 1000)};
    setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

/* Names are seen by a whole network namespace: one that bears the number of our PID namespace must be of it. */
static int is_forged(const struct ask *a, const char *at, const struct sys_sender *who)
{
    char prefix[PLACE_PREFIX];
    place_prefix(a->pid_namespace, prefix);
    return *at == '@' && strncmp(at + 1, prefix, strlen(prefix)) == 0 && who->pid <= 0;
}

/* Nobody is believed but the user that minipod runs as, and root. Root may ask everybody. */
static int check_peer(const struct ask *a, const struct place *p, int fd)
{
    char at[PLACE_TEXT];
    struct sys_sender who;
    int error = sys_peer(fd, &who);
    place_text(p, at);
    if (error < 0)
        return explain(a, p, -error);
    if (is_forged(a, at, &who))
        return fail(ASK_NOT_RUNNING, "%s: permission denied, as a process of another PID namespace answers there", at);
    if (sys_uid() != 0 && who.uid != sys_uid() && who.uid != 0)
        return fail(ASK_NOT_RUNNING, "%s: permission denied, as user %u answers there; ask as root, or as that user",
                    at, who.uid);
    return 0;
}

/* 0, or -1 with a failure. */
static int dial(const struct ask *a, const struct place *p, int fd)
{
    if (fd < 0)
        return explain(a, p, errno);
    set_patience(fd, SO_SNDTIMEO, a->timeout_ns);
    set_patience(fd, SO_RCVTIMEO, a->timeout_ns);
    if (connect(fd, (const struct sockaddr *)&p->address, p->size) < 0)
        return explain(a, p, errno);
    return check_peer(a, p, fd);
}

/* Who does not hear it out has said why, and that is still to be read. */
static int send_all(const struct ask *a, const struct place *p, int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EPIPE)
            return 0;
        if (n < 0 && errno != EINTR)
            return explain(a, p, errno);
        text += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* 0 at the end; -errno. */
static ssize_t receive(int fd, char *out, size_t room)
{
    ssize_t n;
    while ((n = recv(fd, out, room, 0)) < 0 && errno == EINTR) {
    }
    return n < 0 ? -errno : n;
}

/* What has come: a head, and what came along of the body. */
struct heard { char text[REPLY_HEAD]; size_t fill; struct reply reply; };

static int read_head(const struct ask *a, const struct place *p, int fd, struct heard *h)
{
    enum reply_progress progress = REPLY_MORE;
    h->fill = 0;
    while (progress == REPLY_MORE) {
        ssize_t n = receive(fd, h->text + h->fill, sizeof h->text - h->fill);
        if (n <= 0)
            return explain(a, p, (int)-n);
        h->fill += (size_t)n;
        progress = reply_read(&h->reply, h->text, h->fill);
    }
    return progress == REPLY_DONE ? 0 : explain(a, p, 0);
}

/* A connection whose answer's head is there, or -1 with a failure. */
static int exchange(const struct ask *a, const struct place *p, const char *request, size_t size, struct heard *h)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dial(a, p, fd) == 0 && send_all(a, p, fd, request, size) == 0 && read_head(a, p, fd, h) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* --- whose socket it is --- */

/* Containers may share PID and network namespace, but hardly mounts. Whoever must not be looked at is elsewhere. */
static int is_near(int fd)
{
    char path[40];
    struct sys_sender who;
    struct stat ours, its;
    if (sys_peer(fd, &who) < 0 || who.pid <= 0)
        return 0;
    path[say_format(path, sizeof path - 1, "/proc/%d/ns/mnt", (int)who.pid)] = 0;
    return stat("/proc/self/ns/mnt", &ours) == 0 && stat(path, &its) == 0 && ours.st_ino == its.st_ino
           && ours.st_dev == its.st_dev;
}

/* 1, or 0 with a failure. Among several, one that is frozen must not stand for all: whoever does not say who he is, and
 * soon, is none. */
static int ask_name(const struct ask *a, const struct place *p, struct heard *h, int *near)
{
    static const char request[] = "HEAD /livez HTTP/1.0\r\n\r\n";
    struct ask brief = *a;
    char at[PLACE_TEXT];
    if (brief.timeout_ns == 0 || brief.timeout_ns > WHO_NS)
        brief.timeout_ns = WHO_NS;
    int fd = exchange(&brief, p, request, sizeof request - 1, h);
    if (fd < 0)
        return 0;
    *near = is_near(fd);
    close(fd);
    if (!*h->reply.pod)
        fail(ASK_NOT_RUNNING, "%s: what answers there is no minipod", place_text(p, at));
    return *h->reply.pod != 0;
}

struct list { char text[2 * SENTENCE]; size_t size; };

static void list(struct list *l, const char *between, const char *text)
{
    l->size += say_format(l->text + l->size, sizeof l->text - 1 - l->size, "%s%s", l->size ? between : "", text);
    l->text[l->size] = 0;
}

/* Every pod that answers, those that may be meant, and why the others do not. */
struct search { struct list names, found, refusals; uint32_t found_count, near_count; };

static void consider(const struct ask *a, const struct place *p, struct search *s)
{
    struct heard h;
    char at[PLACE_TEXT];
    int near;
    if (!ask_name(a, p, &h, &near)) {
        list(&s->refusals, "; ", failure.text);
        return;
    }
    list(&s->names, ", ", h.reply.pod);
    if (a->pod && strcmp(a->pod, h.reply.pod) != 0)
        return;
    list(&s->found, ", ", h.reply.pod);
    list(&s->found, " at ", place_text(p, at));
    if (s->near_count == 0 && (near || s->found_count == 0))
        chosen = *p;
    s->found_count++;
    s->near_count += near != 0;
}

/* Of several the one in our own container is meant. */
static void choose(const struct ask *a, const struct places *places)
{
    static struct search s;
    for (uint32_t i = 0; i < places->count; i++)
        consider(a, &places->at[i], &s);
    if (s.found_count == 1 || s.near_count == 1)
        return;
    if (s.found_count)
        die(EXIT_USAGE, "several pods answer here: %s; choose one with --pod NAME or MINIPOD_SOCKET=PATH",
            s.found.text);
    if (s.names.size)
        complain("no pod called %s answers here; there is %s", a->pod, s.names.text);
    else
        complain("no minipod answers here%s%s", s.refusals.size ? "; " : "", s.refusals.text);
    _exit(ASK_NOT_RUNNING);
}

void ask_find(struct ask *a)
{
    static struct places places;
    struct stat st;
    a->pid_namespace = stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
    if (a->given && !seek_add(&places, a->given)) {
        complain("no minipod answers at %s: a socket's path is shorter", a->given);
        _exit(ASK_NOT_RUNNING);
    }
    if (!a->given)
        seek_all(&places, a->pid_namespace);
    if (places.count == 1 && !a->pod)
        chosen = places.at[0];
    else
        choose(a, &places);
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

/* Whoever follows a pod to its end is cut off: that is the end, and no mistake. */
static void copy_body(const struct ask *a, int fd, int out, const struct heard *h, int follows)
{
    char more[16384];
    size_t copied = h->fill - h->reply.head;
    ssize_t n;
    write_all(out, h->text + h->reply.head, copied);
    for (; (n = receive(fd, more, sizeof more)) > 0; copied += (size_t)n)
        write_all(out, more, (size_t)n);
    if (follows)
        return;
    if (n < 0 || (h->reply.length != REPLY_NO_LENGTH && copied < h->reply.length)) {
        explain(a, &chosen, (int)-n);
        give_up();
    }
}

int ask_copy(const struct ask *a, const char *method, const char *target, const char *accept, int follows, int errors)
{
    char request[REPLY_HEAD];
    struct heard h;
    size_t size = say_format(request, sizeof request, "%s %s HTTP/1.0\r\nAccept: %s\r\n\r\n", method, target, accept);
    int fd = exchange(a, &chosen, request, size, &h);
    if (fd < 0)
        give_up();
    int out = h.reply.status >= 400 && errors ? STDERR_FILENO : STDOUT_FILENO;
    if (out == STDERR_FILENO)
        write_all(out, "minipod: ", 9);
    if (follows)
        set_patience(fd, SO_RCVTIMEO, 0);
    copy_body(a, fd, out, &h, follows);
    close(fd);
    return h.reply.status;
}
