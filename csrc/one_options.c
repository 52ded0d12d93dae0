/* The command line of one command: one table of options, whoever knows them, read as getopt's users expect. Options end
 * at the first word that is none; what follows is the program's. It must never start or open anything.
 *
 * What holds if several speak: tini's and dumb-init's own variables, then the command line, then MINIPOD_ variables,
 * then the manner. (Theirs come first because they do in the originals.)
 */

#include <string.h>
#include <unistd.h>

#include "core.h"
#include "license.h"
#include "moment.h"
#include "one.h"
#include "say.h"

#ifndef MINIPOD_VERSION
#define MINIPOD_VERSION "0"
#endif

enum key {
    KEY_GROUP, KEY_SINGLE_CHILD, KEY_REWRITE, KEY_EXIT_CODE, KEY_PARENT_SIGNAL, KEY_GRACE, KEY_WARN, KEY_VERBOSE,
    KEY_REPORT, KEY_PAUSE, KEY_NOTHING, KEY_HELP, KEY_LICENSE, KEY_VERSION
};

struct option {
    const char *name;               /* long, without its dashes */
    char letter;                    /* 0: none */
    uint8_t key;
    uint8_t by_letter, by_name;     /* who knows it so: ONE_* */
    const char *value;              /* what its value is called; NULL: it has none */
    const char *variable;           /* the environment's word for it, or NULL */
    const char *help;
};

static const struct option options[] = {
    {"group", 'g', KEY_GROUP, ONE_OWN | ONE_TINI | ONE_CATATONIT, ONE_OWN, NULL, "MINIPOD_GROUP",
     "signals go to the program's process group"},
    {"single-child", 'c', KEY_SINGLE_CHILD, ONE_OWN | ONE_DUMB, ONE_OWN | ONE_DUMB, NULL, "MINIPOD_SINGLE_CHILD",
     "signals go to the program alone"},
    {"rewrite", 'r', KEY_REWRITE, ONE_OWN | ONE_DUMB, ONE_OWN | ONE_DUMB, "FROM:TO", "MINIPOD_REWRITE",
     "send another signal instead, by names or numbers; 0 or ignore drops it"},
    {"exit-code", 'e', KEY_EXIT_CODE, ONE_OWN | ONE_TINI, ONE_OWN, "FROM[:TO]", "MINIPOD_EXIT_CODE",
     "what an exit code counts as, 0 if not said; 143 is an end by TERM"},
    {"pdeathsig", 'p', KEY_PARENT_SIGNAL, ONE_OWN | ONE_TINI, ONE_OWN, "SIGNAL", "MINIPOD_PDEATHSIG",
     "the signal to get when the parent ends"},
    {"grace", 't', KEY_GRACE, ONE_OWN, ONE_OWN, "DURATION", "MINIPOD_GRACE",
     "the time to stop, 10s if not said; then KILL"},
    {"warn", 'w', KEY_WARN, ONE_OWN | ONE_TINI, ONE_OWN, NULL, "MINIPOD_WARN",
     "tell of each orphan that is reaped"},
    {"verbose", 'v', KEY_VERBOSE, ONE_OWN | ONE_TINI | ONE_DUMB, ONE_OWN | ONE_DUMB, NULL, "MINIPOD_VERBOSE",
     "tell what happens"},
    {"report", 0, KEY_REPORT, 0, ONE_OWN, "FILE", "MINIPOD_REPORT",
     "write how it ended, as JSON"},
    {"subreaper", 's', KEY_NOTHING, ONE_TINI, 0, NULL, NULL,
     "nothing: it adopts orphans whenever it is not PID 1"},
    {"pause", 'P', KEY_PAUSE, ONE_CATATONIT, 0, NULL, NULL,
     "run nothing: hold a pod's namespaces, and reap in them"},
    {"help", 'h', KEY_HELP, ONE_ALL, ONE_OWN | ONE_DUMB, NULL, NULL,
     "print this"},
    {"license", 'l', KEY_LICENSE, ONE_OWN | ONE_TINI, ONE_OWN, NULL, NULL,
     "print the licences"},
    {"license", 'L', KEY_LICENSE, ONE_CATATONIT, 0, NULL, NULL,
     "print the licences"},
    {"version", 'V', KEY_VERSION, ONE_DUMB | ONE_CATATONIT, ONE_ALL, NULL, NULL,
     "print the version"},
};
enum { OPTIONS = sizeof options / sizeof *options };

/* The originals' own variables. */
static const struct { const char *name, *value; uint8_t key, known_by; } foreign[] = {
    {"TINI_SUBREAPER", NULL, KEY_NOTHING, ONE_TINI},
    {"TINI_KILL_PROCESS_GROUP", NULL, KEY_GROUP, ONE_TINI},
    {"DUMB_INIT_DEBUG", "1", KEY_VERBOSE, ONE_DUMB},
    {"DUMB_INIT_SETSID", "0", KEY_SINGLE_CHILD, ONE_DUMB},
    {"CATATONIT_DEBUG", NULL, KEY_VERBOSE, ONE_CATATONIT},
};
static const char tini_verbosity[] = "TINI_VERBOSITY";

/* What an init says of itself; the last one is our own. */
static const struct one_manner manners[] = {
    {"tini", "tini version 0.19.0 - ", ONE_TINI, 1, 1, 0, 1, 1, 0, 0, 1},
    {"tini-static", "tini version 0.19.0 - ", ONE_TINI, 1, 1, 0, 1, 1, 0, 0, 1},
    {"docker-init", "tini version 0.19.0 - ", ONE_TINI, 1, 1, 0, 1, 1, 0, 0, 1},
    {"dumb-init", "dumb-init v1.2.5 - ", ONE_DUMB, 1, 2, 0, 1, 0, 1, 1, 1},
    {"catatonit", "tini version 0.1.7_catatonit - ", ONE_CATATONIT, 1, 1, 0, 1, 1, 0, 0, 1},
    {"podman-init", "tini version 0.1.7_catatonit - ", ONE_CATATONIT, 1, 1, 0, 1, 1, 0, 0, 1},
    {"minipod", NULL, ONE_OWN, EXIT_USAGE, 1, 1, 0, 0, 0, 0, 0},
};
enum { MANNERS = sizeof manners / sizeof *manners };

const struct one_manner *one_manner_of(const char *argv0)
{
    const char *slash = argv0 ? strrchr(argv0, '/') : NULL, *name = slash ? slash + 1 : argv0;
    for (size_t i = 0; name && i < MANNERS - 1; i++)
        if (strcmp(name, manners[i].name) == 0)
            return &manners[i];
    return &manners[MANNERS - 1];
}

int one_is_asked(const char *word) { return word[0] == '-' && word[1] != 0; }

/* --- what it prints --- */

static void print(int fd, const char *text) { (void)!write(fd, text, strlen(text)); }

static size_t pad(char *line, size_t size, size_t width)
{
    while (size < width)
        line[size++] = ' ';
    return size;
}

static void print_option(int fd, const struct one_manner *m, const struct option *o)
{
    enum { NAMES = 29, ROOM = 256 };
    char line[ROOM];
    int by_letter = (o->by_letter & m->known_by) != 0, by_name = (o->by_name & m->known_by) != 0;
    const char letter[] = {'-', o->letter, 0};
    if (!by_letter && !by_name)
        return;
    const char *between = !by_name ? "" : by_letter ? ", --" : "    --";
    size_t size = say_format(line, NAMES, "  %s%s%s%s%s", by_letter ? letter : "", between, by_name ? o->name : "",
                             o->value ? " " : "", o->value ? o->value : "");
    size = pad(line, size, NAMES);
    size += say_format(line + size, ROOM - size, "%s%s%s\n", o->help, o->variable ? "; " : "",
                       o->variable ? o->variable : "");
    (void)!write(fd, line, size);
}

void one_print_options(int fd, const struct one_manner *m)
{
    for (size_t i = 0; i < OPTIONS; i++)
        print_option(fd, m, &options[i]);
}

static void print_help(int fd, const struct one_manner *m)
{
    print(fd, m->name);
    print(fd, m->needs_dashes ? " [OPTIONS] -- PROGRAM [ARGS]\n\n" : " [OPTIONS] [--] PROGRAM [ARGS]\n\n");
    one_print_options(fd, m);
}

static _Noreturn void print_and_leave(const struct one_manner *m, enum key key)
{
    if (key == KEY_HELP)
        print_help(m->prints_to, m);
    if (key == KEY_LICENSE)
        print(m->prints_to, license_text);
    if (key == KEY_VERSION) {
        print(m->prints_to, m->version ? m->version : "");
        print(m->prints_to, "minipod " MINIPOD_VERSION "\n");
    }
    _exit(0);
}

/* --- what is wrong --- */

/* Where a word stands: an option's name, with what parts it from the value. */
struct spot { const char *before, *name, *after; };

static _Noreturn void refuse(const struct one *one, const struct spot *place, const char *value, const char *why)
{
    die((enum exit_code)one->manner->bad_usage, "%s%s%s%s: %s", place->before, place->name, place->after, value, why);
}

static _Noreturn void refuse_option(const struct one *one, const struct spot *place)
{
    const struct one_manner *m = one->manner;
    die((enum exit_code)m->bad_usage, "there is no option %s%s; %s %s lists them", place->before, place->name, m->name,
        m->known_by & (ONE_TINI | ONE_CATATONIT) ? "-h" : "--help");
}

static int begins_with(const struct one *one, const struct option *o, const char *text, size_t size)
{
    return size && o->by_name & one->manner->known_by && strncmp(o->name, text, size) == 0;
}

/* Of nobody's name the beginning, or of several. */
static _Noreturn void refuse_name(const struct one *one, const char *text, size_t size)
{
    char name[64], meant[128];
    size_t known = 0;
    name[say_format(name, size && size < sizeof name ? size : sizeof name - 1, "%s", text)] = 0;
    for (size_t i = 0; i < OPTIONS; i++)
        if (begins_with(one, &options[i], text, size))
            known += say_format(meant + known, sizeof meant - 1 - known, known ? " or --%s" : "--%s", options[i].name);
    meant[known] = 0;
    if (known)
        die((enum exit_code)one->manner->bad_usage, "--%s may be %s; write more of it", name, meant);
    refuse_option(one, &(struct spot){"--", name, ""});
}

static _Noreturn void refuse_bare(const struct one *one, char *const *argv, int at)
{
    char before[256];
    size_t size = 0;
    for (int i = 1; i < at && size < sizeof before - 1; i++)
        size += say_format(before + size, sizeof before - 1 - size, " %s", argv[i]);
    before[size] = 0;
    die((enum exit_code)one->manner->bad_usage, "put -- before the program: %s%s -- %s", one->manner->name, before,
        argv[at]);
}

static _Noreturn void refuse_nothing(const struct one *one)
{
    complain("which program?");
    print_help(2, one->manner);
    _exit(one->manner->bad_usage);
}

/* --- values --- */

static const char no_duration[] = "it is no duration; write it as 10s, 1m30s or 250ms";

static void set_single(struct one *one)
{
    one->to_leader = 1;
    one->own_session = one->asks_rest = 0;
}

static const char *take_value(struct one *one, enum key key, const char *text)
{
    switch (key) {
    case KEY_REWRITE: return one_take_rewrites(one, text);
    case KEY_EXIT_CODE: return one_take_codes(one, text);
    case KEY_PARENT_SIGNAL: return one_take_parent_signal(one, text);
    case KEY_GRACE: return moment_duration(text, &one->grace) ? NULL : no_duration;
    case KEY_REPORT: one->report = text; return *text ? NULL : "it names no file";
    case KEY_GROUP: one->to_leader = 0; break;
    case KEY_SINGLE_CHILD: set_single(one); break;
    case KEY_WARN: one->tells_orphans = 1; break;
    case KEY_VERBOSE: one->verbosity = 2; break;
    case KEY_PAUSE: one->only_pauses = 1; break;
    case KEY_NOTHING: break;
    case KEY_HELP: case KEY_LICENSE: case KEY_VERSION: print_and_leave(one->manner, key);
    }
    return NULL;
}

/* --- the environment --- */

static const char *value_of(char *const *environment, const char *name)
{
    size_t size = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
            return *environment + size + 1;
    return NULL;
}

static const char *take_variable(struct one *one, const struct option *o, const char *text)
{
    int truth = o->value ? 1 : one_truth_of(text);
    if (truth < 0)
        return "it is 1 or 0";
    return truth ? take_value(one, (enum key)o->key, text) : NULL;
}

/* An empty one is none: that is how an image's ENV is taken back. */
static void read_own_variables(struct one *one, char *const *environment)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *text = options[i].variable ? value_of(environment, options[i].variable) : NULL;
        const char *why = text && *text ? take_variable(one, &options[i], text) : NULL;
        if (why)
            refuse(one, &(struct spot){"", options[i].variable, "="}, text, why);
    }
}

static void read_foreign_variables(struct one *one, char *const *environment)
{
    const char *text;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        text = one->manner->known_by & foreign[i].known_by ? value_of(environment, foreign[i].name) : NULL;
        if (text && (!foreign[i].value || strcmp(text, foreign[i].value) == 0))
            take_value(one, (enum key)foreign[i].key, text);
    }
    text = one->manner->known_by == ONE_TINI ? value_of(environment, tini_verbosity) : NULL;
    if (text)
        one->verbosity = *text < '1' || *text > '9' ? 0 : text[1] || *text > '1' ? 2 : 1;
}

/* --- the command line --- */

static const struct option *find_letter(const struct one *one, char letter)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].letter == letter && options[i].by_letter & one->manner->known_by)
            return &options[i];
    return NULL;
}

/* As getopt has it, so much of the name is enough as no other begins with. */
static const struct option *find_name(const struct one *one, const char *text, size_t size)
{
    const struct option *found = NULL;
    for (size_t i = 0; i < OPTIONS; i++) {
        if (!begins_with(one, &options[i], text, size))
            continue;
        if (found)
            return NULL;
        found = &options[i];
    }
    return found;
}

/* With the value behind it, or in the next word. */
static void take_option(struct one *one, const struct option *o, const struct spot *place, const char *value,
                        char *const *argv, int *at)
{
    if (o->value && !value && argv[*at] && strcmp(argv[*at], "--") != 0)
        value = argv[(*at)++];
    if (o->value && !value)
        refuse(one, place, o->value, "its value is missing");
    if (!o->value && value)
        refuse(one, place, value, "it takes no value");
    const char *why = take_value(one, (enum key)o->key, value);
    if (why)
        refuse(one, place, value, why);
}

static void read_name(struct one *one, char *const *argv, int *at)
{
    const char *word = argv[(*at)++] + 2, *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word) : strlen(word);
    const struct option *o = find_name(one, word, size);
    if (!o)
        refuse_name(one, word, size);
    const struct spot place = {"--", o->name, equals ? "=" : " "};
    take_option(one, o, &place, equals ? equals + 1 : NULL, argv, at);
}

static void read_letters(struct one *one, char *const *argv, int *at)
{
    const char *letters = argv[(*at)++] + 1;
    while (*letters) {
        const char name[] = {*letters++, 0};
        const struct option *o = find_letter(one, *name);
        const struct spot place = {"-", name, *letters == '=' ? "=" : " "};
        if (!o)
            refuse_option(one, &place);
        const char *value = *letters == '=' ? letters + 1 : o->value && *letters ? letters : NULL;
        take_option(one, o, &place, value, argv, at);
        if (o->value)
            return;
    }
}

/* Where the program's words begin. */
static int read_words(struct one *one, char *const *argv)
{
    int at = 1;
    while (argv[at] && one_is_asked(argv[at])) {
        if (strcmp(argv[at], "--") == 0)
            return at + 1;
        if (argv[at][1] == '-')
            read_name(one, argv, &at);
        else
            read_letters(one, argv, &at);
    }
    if (argv[at] && one->manner->needs_dashes)
        refuse_bare(one, argv, at);
    return at;
}

static void begin(struct one *one, const struct one_manner *manner)
{
    *one = (struct one){
        .manner = manner, .grace = UINT64_MAX, .verbosity = 1, .to_leader = manner->to_leader,
        .own_session = manner->own_session, .asks_rest = manner->asks_rest,
    };
    memset(one->sent, ONE_AS_IT_IS, sizeof one->sent);
    for (size_t i = 0; i < PLAN_EXIT_CODES; i++)
        one->codes[i] = ONE_CODE_AS_IT_IS;
}

void one_read(struct one *one, const struct one_manner *manner, char *const *argv, char *const *environment)
{
    begin(one, manner);
    read_own_variables(one, environment);
    one->program = argv + read_words(one, argv);
    read_foreign_variables(one, environment);
    if (!*one->program && !one->only_pauses)
        refuse_nothing(one);
    one->ends_alone = manner->ends_alone && one->grace == UINT64_MAX;
}
