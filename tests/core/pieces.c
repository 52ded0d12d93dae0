/* Single functions of the core, called with what a test says: one request a line, one line for an answer. Texts are
 * hexadecimal, "-" is the empty one. main.c is read in, for what it keeps to itself.
 *
 *     timers COUNT { arm ID WHEN | disarm ID | now MOMENT | shift BY }…    the ids that fire at each "now"
 *     say ROOM KIND VALUE            KIND: one letter of say_format's; the text, and what it returns
 *     user PASSWD GROUP NAME         result uid gid name home group…
 *     group GROUP NAME               result gid
 *     duration TEXT                  result ns
 *     json ROOM { { KEY | } | [ KEY | ] | 0 KEY | b KEY SO | n KEY NUMBER | i KEY NUMBER | w KEY TEXT | t KEY TEXT | @ KEY WALL
 *               | some KEY TEXT RESERVE | g TEXT | line }…      KEY: "." for none; broken, the text, what "some" took
 *     ring { put STREAM AT ENDS TEXT | turn | all | more | tail LINES }…     for all, more (since the last "more") and tail:
 *               "=", then STREAM FLAGS AT TEXT for each line; turn: the next instance's
 *     hear TEXT COUNT                a packet with so many descriptors, heard: its size, text, whether the first that
 *               was sent came, and is none for programs; how many more are open afterwards than were before
 */
#define main minipod_main
#include "../../csrc/main.c"
#undef main

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "json.h"
#include "ring.h"
#include "tell.h"
#include "user.h"

enum { LINE = 1 << 20, PASSED_MOST = 200 };

static char *next(void)
{
    char *word = strtok(NULL, " \n");
    return word ? word : "";
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static char *next_text(void)
{
    const char *hex = next();
    char *text = calloc(1, strlen(hex) / 2 + 1);
    for (size_t i = 0; digit(*hex) >= 0; hex += 2)
        text[i++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
    return text;
}

static uint64_t next_number(void) { return strtoull(next(), NULL, 10); }

static void put_hex(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", (unsigned char)text[i]);
    if (!size)
        putchar('-');
}

static void try_timers(void)
{
    uint32_t count = (uint32_t)next_number(), id;
    struct core c = {.timers = {calloc(count, 8), calloc(count, 4), calloc(count, 4), 0}};
    for (const char *word; *(word = next());) {
        if (*word == 'a') {
            id = (uint32_t)next_number();
            timer_arm(&c, id, next_number());
        } else if (*word == 'd') {
            timer_disarm(&c, (uint32_t)next_number());
        } else if (*word == 's') {
            timer_shift_all(&c, next_number());
        } else {
            c.now = next_number();
            for (putchar('['); timer_pop_due(&c, &id);)
                printf(" %u", id);
            printf(" ] %lu ", (unsigned long)timer_next(&c));
        }
    }
    free(c.timers.when);
    free(c.timers.heap);
    free(c.timers.place);
}

static void try_say(void)
{
    size_t room = next_number(), size = 0;
    const char kind = *next();
    char *text = next_text(), *out = malloc(room + 1);
    if (kind == 's')
        size = say_format(out, room, "<%s>", text);
    if (kind == 'd')
        size = say_format(out, room, "<%d>", atoi(text));
    if (kind == 'u')
        size = say_format(out, room, "<%u>", (unsigned)strtoul(text, NULL, 10));
    if (kind == 'l')
        size = say_format(out, room, "<%lu>", (uint64_t)strtoull(text, NULL, 10));
    if (kind == 't')
        size = say_format(out, room, "<%t>", (uint64_t)strtoull(text, NULL, 10));
    if (kind == '%')
        size = say_format(out, room, "<%%>");
    put_hex(out, size);
    free(text);
    free(out);
}

static void try_user(void)
{
    char *passwd = next_text(), *group = next_text(), *name = next_text();
    struct identity *found = malloc(sizeof *found);
    int result = user_find(passwd, group, name, found);
    printf("%d", result);
    if (result == 0) {
        printf(" %u %u ", found->uid, found->gid);
        put_hex(found->name, strlen(found->name));
        putchar(' ');
        put_hex(found->home, strlen(found->home));
        for (uint32_t i = 0; i < found->group_count; i++)
            printf(" %u", found->groups[i]);
    }
    free(passwd);
    free(group);
    free(name);
    free(found);
}

static void try_group(void)
{
    char *group = next_text(), *name = next_text();
    uint32_t gid = 0;
    int result = user_find_group(group, name, &gid);
    printf("%d %u", result, gid);
    free(group);
    free(name);
}

static void try_duration(void)
{
    char *text = next_text();
    uint64_t ns;
    int result = moment_duration(text, &ns);
    printf("%d %lu", result, (unsigned long)ns);
    free(text);
}

/* Where it stands, so that it lives as long as the line; NULL for ".". */
static char *next_in_place(void)
{
    char *word = next();
    size_t size = 0;
    if (*word == '.')
        return NULL;
    for (const char *hex = word; digit(*hex) >= 0; hex += 2)
        word[size++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
    if (*word)
        word[size] = 0;
    return word;
}

static size_t put_json_text(struct json *j, const char *key, int is_some)
{
    const char *hex = next();
    size_t size = strlen(hex) / 2, taken = size;
    char *text = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    if (is_some)
        taken = json_text_some(j, key, text, size, next_number());
    else
        json_text(j, key, text, size);
    free(text);
    return taken;
}

static void put_json(struct json *j, const char *what, const char *key)
{
    switch (*what) {
    case '{': json_object_begin(j, key); break;
    case '[': json_list_begin(j, key); break;
    case '0': json_null(j, key); break;
    case 'b': json_bool(j, key, (int)next_number()); break;
    case 'n': json_number(j, key, next_number()); break;
    case 'i': json_signed(j, key, strtoll(next(), NULL, 10)); break;
    case 'w': json_word(j, key, next_in_place()); break;
    case 't': put_json_text(j, key, 0); break;
    case '@': json_time(j, key, next_number()); break;
    case 's': printf("%zu ", put_json_text(j, key, 1)); break;
    default: abort();
    }
}

static void try_json(void)
{
    struct json j;
    size_t room = next_number();
    char *out = malloc(room);
    json_start(&j, out, room);
    for (const char *what; *(what = next());)
        if (*what == '}')
            json_object_end(&j);
        else if (*what == ']')
            json_list_end(&j);
        else if (*what == 'g')
            json_gap(&j, next_in_place());
        else if (*what == 'l')
            json_line_end(&j);
        else
            put_json(&j, what, next_in_place());
    printf("%d ", j.broken);
    put_hex(out, j.size);
    free(out);
}

static void put_to_ring(struct ring *r)
{
    uint8_t stream = (uint8_t)next_number();
    uint64_t at = next_number();
    int ends = (int)next_number();
    char *hex = next(), *text = malloc(strlen(hex) / 2 + 1);
    uint32_t size = 0;
    for (; digit(*hex) >= 0; hex += 2)
        text[size++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
    ring_put(r, at, stream, text, size, ends);
    free(text);
}

static void put_lines(const struct ring *r, uint64_t *position)
{
    printf("= ");
    for (struct line line; ring_read(r, position, &line); putchar(' ')) {
        printf("%u %u %lu ", line.stream, line.flags, (unsigned long)line.at);
        put_hex(line.text, line.size);
    }
}

static void try_ring(void)
{
    static char data[2][RING_ROOM];
    struct ring rings[2];
    uint64_t follower = 0, position;
    int now = 0;
    memset(data, '?', sizeof data);
    ring_open(&rings[0], data[0]);
    ring_open(&rings[1], data[1]);
    for (const char *what; *(what = next());)
        if (strcmp(what, "put") == 0) {
            put_to_ring(&rings[now]);
        } else if (strcmp(what, "turn") == 0) {
            ring_follow(&rings[!now], &rings[now]);
            now = !now;
        } else if (strcmp(what, "more") == 0) {
            put_lines(&rings[now], &follower);
        } else {
            position = *what == 't'   ? ring_tail(&rings[now], (uint32_t)next_number())
                       : *what == 's' ? ring_since(&rings[now], 0, next_number())
                                      : 0;
            put_lines(&rings[now], &position);
        }
}

static int count_open(void)
{
    DIR *all = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

/* By the children's own means, or, as no child of ours does, with more than one. */
static void send_with(int to, const char *text, const int *fds, size_t count)
{
    struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    union { struct cmsghdr head; char room[CMSG_SPACE(PASSED_MOST * sizeof *fds)]; } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
    if (count < 2) {
        tell_packet(to, text, strlen(text), count ? *fds : -1);
        return;
    }
    message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
    control.head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(count * sizeof *fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), fds, count * sizeof *fds);
    if (sendmsg(to, &message, 0) < 0)
        abort();
}

static void try_hear(void)
{
    char *text = next_text(), heard[64];
    size_t count = next_number();
    int ends[2], pipe_ends[2], fds[PASSED_MOST], before = count_open(), passed;
    if (count > PASSED_MOST || sys_pair(ends) < 0 || sys_pipe(pipe_ends) < 0)
        abort();
    for (size_t i = 0; i < count; i++)
        fds[i] = pipe_ends[i > 0];
    send_with(ends[1], text, fds, count);
    int64_t size = sys_hear(ends[0], heard, sizeof heard, &passed);
    printf("%ld ", (long)size);
    put_hex(heard, size > 0 ? (size_t)size : 0);
    printf(" %d", passed >= 0 && sys_flags(passed) == O_RDONLY && sys_descriptor_flags(passed) == FD_CLOEXEC);
    const int known[] = {ends[0], ends[1], pipe_ends[0], pipe_ends[1], passed};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] >= 0)
            close(known[i]);
    printf(" %d", count_open() - before);
    free(text);
}

int main(void)
{
    static const struct { const char *word; void (*try)(void); } known[] = {
        {"timers", try_timers}, {"say", try_say}, {"user", try_user}, {"group", try_group}, {"duration", try_duration},
        {"json", try_json}, {"ring", try_ring}, {"hear", try_hear},
    };
    static char line[LINE];
    while (fgets(line, sizeof line, stdin)) {
        const char *word = strtok(line, " \n");
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (strcmp(word, known[i].word) == 0)
                known[i].try();
        putchar('\n');
        fflush(stdout);
    }
    return 0;
}
