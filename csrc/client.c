/* The words health, ready and ctl: from a command line to requests, and from their status to an exit code. It must
 * never wait for what an order comes to: `minipod wait` does.
 */

#include "client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "moment.h"
#include "say.h"

static const char usage[] =
    "minipod health                      exit code 0 while the pod runs and nothing has failed for good\n"
    "minipod ready                       exit code 0 when all that should run is ready\n"
    "minipod ctl status [NAME]           a table of the units\n"
    "minipod ctl start|stop|restart NAME...\n"
    "minipod ctl stop --all              the whole pod, as TERM would\n"
    "minipod ctl signal SIGNAL NAME...\n"
    "minipod ctl logs [-f] [-p] [--tail N] [--since TIME] [NAME]\n"
    "minipod ctl events [-f]\n"
    "\n"
    "All of it without Python. Orders are given; nobody waits for what they come to.\n"
    "  --pod NAME              which pod, where several answer; MINIPOD_SOCKET=PATH says where it is\n"
    "  --timeout TIME          how long an answer may take; 10s unless said\n"
    "  -o json                 JSON in place of text\n"
    "Exit code: 0 done; 1 not well, or refused; 3 nobody answers; 4 no such unit; 64 usage; 124 too late.\n";

enum { NAMES = 64, TARGET_ROOM = 1024 };

struct words {
    struct ask ask;
    const char *names[NAMES];
    uint32_t name_count;
    const char *tail, *since;
    uint8_t follow, previous, all, as_json, help;
};

/* --- words --- */

/* The value of "--name=value", "--name value" or "-n value"; NULL: it is another word. */
static const char *value_of(const char *name, char *const **at)
{
    const char *word = **at;
    size_t size = strlen(name);
    if (strncmp(word, name, size) != 0 || (word[size] && word[size] != '='))
        return NULL;
    if (word[size] == '=')
        return word + size + 1;
    if (!(*at)[1])
        die(EXIT_USAGE, "%s needs a value", name);
    return *++*at;
}

static int take_value(struct words *w, char *const **at)
{
    const char *value;
    if ((value = value_of("--pod", at))) {
        w->ask.pod = value;
    } else if ((value = value_of("--timeout", at))) {
        if (!moment_duration(value, &w->ask.timeout_ns))
            die(EXIT_USAGE, "--timeout %s is no duration; write it as 10s, 1m30s or 250ms", value);
    } else if ((value = value_of("--tail", at))) {
        w->tail = strcmp(value, "-1") == 0 ? NULL : value;
    } else if ((value = value_of("--since", at))) {
        w->since = value;
    } else if ((value = value_of("-o", at))) {
        if (strcmp(value, "json") != 0)
            die(EXIT_USAGE, "-o %s: only json; minipod get has more forms", value);
        w->as_json = 1;
    }
    return value != NULL;
}

static int take_flag(struct words *w, const char *word)
{
    const struct { const char *brief, *name; uint8_t *flag; } flags[] = {
        {"-f", "--follow", &w->follow}, {"-p", "--previous", &w->previous}, {"--all", "--all", &w->all},
        {"-h", "--help", &w->help},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(word, flags[i].brief) == 0 || strcmp(word, flags[i].name) == 0)
            return *flags[i].flag = 1;
    return 0;
}

static void take_words(struct words *w, char *const *at)
{
    for (; *at; at++) {
        if (**at == '-' && (take_flag(w, *at) || take_value(w, &at)))
            continue;
        if (**at == '-')
            die(EXIT_USAGE, "there is no option %s; minipod ctl --help lists them", *at);
        if (w->name_count == NAMES)
            die(EXIT_USAGE, "too many names");
        w->names[w->name_count++] = *at;
    }
}

static void want_names(const struct words *w, uint32_t least, uint32_t most, const char *what)
{
    if (w->name_count < least)
        die(EXIT_USAGE, "%s is missing", what);
    if (w->name_count > most)
        die(EXIT_USAGE, "%s is one too many", w->names[most]);
}

/* --- targets --- */

struct target { char text[TARGET_ROOM]; size_t size; char mark; };

static void put(struct target *t, const char *text)
{
    t->size += say_format(t->text + t->size, TARGET_ROOM - 1 - t->size, "%s", text);
    t->text[t->size] = 0;
}

/* Whatever a person typed arrives as that: all but what needs none is %XX. */
static void put_quoted(struct target *t, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char plain[2] = {*text, 0}, quoted[4] = {'%', hex[c >> 4], hex[c & 15], 0};
        int is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~:", c);
        put(t, is_plain ? plain : quoted);
    }
}

static void put_parameter(struct target *t, const char *name, const char *value)
{
    char mark[2] = {t->mark ? '&' : '?', 0};
    if (!value)
        return;
    t->mark = 1;
    put(t, mark);
    put(t, name);
    put(t, "=");
    put_quoted(t, value);
}

static void begin_target(struct target *t, const char *path, const char *name, const char *behind)
{
    *t = (struct target){.size = 0};
    put(t, path);
    if (name) {
        put(t, "/units/");
        put_quoted(t, name);
    }
    put(t, behind);
}

/* --- answers --- */

static int code_of(int status)
{
    return status < 400 ? 0 : status == 404 ? ASK_UNKNOWN : status == 400 || status == 414 ? EXIT_USAGE : ASK_FAILED;
}

static int get(const struct words *w, const struct target *t, const char *json_type)
{
    return code_of(ask_copy(&w->ask, "GET", t->text, w->as_json ? json_type : "text/plain", w->follow, 1));
}

static int post(const struct words *w, const struct target *t)
{
    return code_of(ask_copy(&w->ask, "POST", t->text, w->as_json ? "application/json" : "text/plain", 0, 1));
}

/* What is not well is said on stdout: there a container's runtime keeps it. */
static int check(struct words *w, const char *path)
{
    want_names(w, 0, 0, "");
    ask_find(&w->ask);
    return ask_copy(&w->ask, "GET", path, "text/plain", 0, 0) == 200 ? 0 : ASK_FAILED;
}

static int run_health(struct words *w) { return check(w, "/healthz"); }
static int run_ready(struct words *w) { return check(w, "/readyz"); }

static int run_status(struct words *w)
{
    struct target t;
    want_names(w, 0, 1, "NAME");
    ask_find(&w->ask);
    begin_target(&t, "/v1", w->name_count ? w->names[0] : NULL, w->name_count ? "" : "/pod");
    return get(w, &t, "application/json");
}

static int run_logs(struct words *w)
{
    struct target t;
    want_names(w, 0, 1, "NAME");
    ask_find(&w->ask);
    begin_target(&t, "/v1", w->name_count ? w->names[0] : NULL, "/logs");
    put_parameter(&t, "follow", w->follow ? "1" : NULL);
    put_parameter(&t, "previous", w->previous ? "1" : NULL);
    put_parameter(&t, "tail", w->tail);
    put_parameter(&t, "since", w->since);
    return get(w, &t, "application/x-ndjson");
}

static int run_events(struct words *w)
{
    struct target t;
    want_names(w, 0, 0, "");
    ask_find(&w->ask);
    begin_target(&t, "/v1", NULL, "/events");
    put_parameter(&t, "follow", w->follow ? "1" : NULL);
    return get(w, &t, "application/x-ndjson");
}

/* The first that fails decides, and ends it. */
static int order(struct words *w, uint32_t first, const char *path, const char *signal)
{
    int code = 0;
    struct target t;
    ask_find(&w->ask);
    for (uint32_t i = first; i < w->name_count && code == 0; i++) {
        begin_target(&t, "/v1", w->names[i], path);
        put_parameter(&t, "signal", signal);
        code = post(w, &t);
    }
    return code;
}

static int run_start(struct words *w)
{
    want_names(w, 1, NAMES, "NAME");
    return order(w, 0, "/start", NULL);
}

static int run_restart(struct words *w)
{
    want_names(w, 1, NAMES, "NAME");
    return order(w, 0, "/restart", NULL);
}

static int run_stop(struct words *w)
{
    struct target t;
    want_names(w, w->all ? 0 : 1, w->all ? 0 : NAMES, "NAME, or --all for the whole pod,");
    if (!w->all)
        return order(w, 0, "/stop", NULL);
    ask_find(&w->ask);
    begin_target(&t, "/v1", NULL, "/stop");
    return post(w, &t);
}

/* hup, HUP and SIGHUP are one signal. */
static int run_signal(struct words *w)
{
    char name[32];
    want_names(w, 2, NAMES, w->name_count ? "NAME" : "SIGNAL");
    size_t size = say_format(name, sizeof name - 1, "%s", w->names[0]);
    for (size_t i = 0; i < size; i++)
        name[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    name[size] = 0;
    int code = order(w, 1, "/signal", name);
    return code == ASK_FAILED ? ASK_NOT_RUNNING : code;
}

/* --- the words --- */

static const struct { const char *word; int (*run)(struct words *); } verbs[] = {
    {"health", run_health}, {"ready", run_ready}, {"status", run_status}, {"start", run_start}, {"stop", run_stop},
    {"restart", run_restart}, {"signal", run_signal}, {"logs", run_logs}, {"events", run_events},
};

static int show_usage(int fd, int code)
{
    return write(fd, usage, sizeof usage - 1) < 0 ? EXIT_SET_UP : code;
}

int client_run(char *const *words)
{
    static struct words w = {.ask = {.timeout_ns = UINT64_C(10000000000)}};
    int is_ctl = strcmp(words[0], "ctl") == 0;
    const char *given = getenv("MINIPOD_SOCKET"), *verb = words[is_ctl];
    w.ask.given = given && *given ? given : NULL;
    if (!verb)
        return show_usage(STDERR_FILENO, EXIT_USAGE);
    take_words(&w, *verb == '-' ? words + is_ctl : words + is_ctl + 1);
    if (w.help)
        return show_usage(STDOUT_FILENO, 0);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verb, verbs[i].word) == 0)
            return verbs[i].run(&w);
    die(EXIT_USAGE, "ctl: there is no word %s; minipod ctl --help lists them", verb);
}
