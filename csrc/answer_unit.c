/* What PID 1 runs, for whoever wants to run it, too: the plan's own bytes, and a unit's surroundings. Also the metrics,
 * which are metrics.c's. It must never look anything up: that is for whoever asks.
 */

#include <string.h>
#include <unistd.h>

#include "control.h"
#include "core.h"
#include "metrics.h"
#include "late.h"

enum { CLOSING = 1024 };        /* bytes, more than all that stands behind the lists; user and group are cut */
enum { AT_BEGIN, IN_ARGV, IN_ENV, AT_END };

/* Bytes that are no text: {"hex": "…"} in as many pieces as it takes, so that none of them is lost. body.skip, and
 * what is returned: as below. */
static int put_bytes(struct body *b, struct json *j, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    if (!b->skip) {
        json_object_begin(j, NULL);
        json_text(j, "hex", "", 0);
        j->size--;
    }
    for (; text[b->skip] && j->room - j->size > CLOSING; b->skip++) {
        j->out[j->size++] = hex[(uint8_t)text[b->skip] >> 4];
        j->out[j->size++] = hex[text[b->skip] & 15];
    }
    if (text[b->skip])
        return 0;
    b->skip = 0;
    j->out[j->size++] = '"';
    json_object_end(j);
    return 1;
}

/* A text of any length: a piece that ends in the middle of it has no quote there, nor has the next one at its begin.
 * body.skip: bytes that are written; a variable that comes late may have
 * become shorter since. 0: there is more of it. */
static int put_long(struct body *b, struct json *j, const char *text)
{
    size_t whole = strlen(text), size = whole > b->skip ? whole - b->skip : 0, begin = j->size, taken;
    uint8_t goes_on = b->skip != 0;
    if (goes_on)
        j->comma = 0;
    taken = json_text_some(j, NULL, text + (whole - size), size, CLOSING);
    if (goes_on && !j->broken) {
        memmove(j->out + begin, j->out + begin + 1, j->size - begin - 1);
        j->size--;
    }
    b->skip = taken < size ? b->skip + taken : 0;
    j->size -= taken < size && !j->broken;
    return taken == size;
}

/* Texts from body.at on; 0: there is no room for all. */
static int put_texts(const struct program *program, struct body *b, struct json *j, char **texts)
{
    for (; texts[b->at]; b->at++) {
        const char *text = texts[b->at];
        if (late_is_absent(program, text))
            continue;
        if (j->room - j->size < 2 * CLOSING || !(json_is_text(text, strlen(text)) ? put_long : put_bytes)(b, j, text))
            return 0;
    }
    b->at = 0;
    return 1;
}

/* A number that is known without /etc/passwd, or null. */
static void put_id(struct json *j, const char *key, const char *name, int is_own, uint32_t own)
{
    uint64_t number = 0;
    size_t digits = strspn(name, "0123456789");
    for (size_t i = 0; i < digits && digits < 11; i++)
        number = number * 10 + (uint64_t)(name[i] - '0');
    if (is_own)
        json_number(j, key, own);
    else if (*name && !name[digits])
        json_number(j, key, number);
    else
        json_null(j, key);
}

/* What the child adds once it has looked the user up. */
static void put_added(struct json *j, const struct program *p)
{
    json_list_begin(j, "adds");
    if (p->lacks_home)
        json_word(j, NULL, "HOME");
    if (p->lacks_user)
        json_word(j, NULL, "USER");
    if (p->lacks_logname)
        json_word(j, NULL, "LOGNAME");
    json_list_end(j);
}

static void put_rest(const struct core *c, struct json *j, const struct unit *u)
{
    const char *user = plan_text(&c->plan, u->plan->user), *group = plan_text(&c->plan, u->plan->group);
    const char *folder = plan_text(&c->plan, u->plan->working_dir);
    put_added(j, u->program);
    json_word(j, "workingDir", *folder ? folder : NULL);
    json_word(j, "user", *user ? user : NULL);
    json_word(j, "group", *group ? group : NULL);
    put_id(j, "uid", user, !*user, sys_uid());
    put_id(j, "gid", group, !*user && !*group, (uint32_t)getegid());
    if (u->plan->umask == PLAN_NONE)
        json_null(j, "umask");
    else
        json_number(j, "umask", u->plan->umask);
}

enum flow answer_context(struct core *c, struct client *cl, struct json *j)
{
    struct body *b = &cl->body;
    const struct unit *u = c->slots[b->unit];
    if (b->part == AT_BEGIN) {
        json_object_begin(j, NULL);
        json_word(j, "unit", u->name);
        json_list_begin(j, "argv");
        b->part = IN_ARGV;
    }
    if (b->part == IN_ARGV) {
        if (!put_texts(u->program, b, j, u->program->argv))
            return FLOW_MORE;
        json_list_end(j);
        json_list_begin(j, "env");
        b->part = IN_ENV;
    }
    if (b->part == IN_ENV) {
        if (!put_texts(u->program, b, j, u->program->envp))
            return FLOW_MORE;
        json_list_end(j);
        b->part = AT_END;
    }
    struct json before = *j;
    put_rest(c, j, u);
    json_object_end(j);
    json_line_end(j);
    if (!j->broken || !before.size)
        return FLOW_END;
    *j = before;
    return FLOW_MORE;
}

enum flow answer_plan(struct core *c, struct client *cl, struct json *j)
{
    uint64_t left = c->plan.header->size - cl->body.at, room = j->room - j->size, some = left < room ? left : room;
    answer_put(j, (const char *)c->plan.bytes + cl->body.at, some);
    cl->body.at += some;
    return some < left ? FLOW_MORE : FLOW_END;
}

enum flow answer_metrics(struct core *c, struct client *cl, struct json *j)
{
    size_t size;
    do {
        size = metrics_more(c, &cl->body.part, j->out + j->size, j->room - j->size);
        j->size += size;
    } while (size && j->room - j->size >= METRICS_ROOM);
    return size ? FLOW_MORE : FLOW_END;
}
