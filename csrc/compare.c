/* See compare.h. A field is compared as it lies there unless it is named here, so that one which is added to a unit is
 * never left out: what names bytes or elements elsewhere by their position must be named, and the sizes below tell
 * whoever adds one. It must never look at a position itself: the same may lie anywhere.
 *
 * minipod/reaper/changes.py says the same of the same plans; a test holds the two together.
 */
#include "compare.h"

#include <string.h>

#include "policy_tables.h"
#include "refuse.h"

_Static_assert(sizeof(struct plan_unit) == 216 && sizeof(struct plan_errand) == 104 && sizeof(struct plan_pod) == 192
               && sizeof(struct plan_rights) == 56 && sizeof(struct plan_limit) == 32
               && sizeof(struct plan_volume) == 48 && sizeof(struct plan_file) == 24 && sizeof(struct plan_mount) == 24
               && sizeof(struct plan_source) == 56,
               "a new field that is a text, a run or an index is compared by what it means: name it below");

#define COUNT(list) (sizeof(list) / sizeof *(list))

struct side { const struct plan *plan; const void *at; };

/* --- what is named by a position -------------------------------------------------------------------------------- */

static struct plan_string text_at(struct side s, size_t field)
{
    struct plan_string text;
    memcpy(&text, (const char *)s.at + field, sizeof text);
    return text;
}

static struct plan_run run_at(struct side s, size_t field)
{
    struct plan_run run;
    memcpy(&run, (const char *)s.at + field, sizeof run);
    return run;
}

static int same_text(const struct plan *p, struct plan_string a, const struct plan *q, struct plan_string b)
{
    return a.size == b.size && memcmp(plan_text(p, a), plan_text(q, b), a.size) == 0;
}

static int same_texts(struct side a, struct side b, const size_t *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!same_text(a.plan, text_at(a, fields[i]), b.plan, text_at(b, fields[i])))
            return 0;
    return 1;
}

static int same_words(struct side a, struct side b, size_t field)
{
    const struct plan_run r = run_at(a, field), s = run_at(b, field);
    for (uint32_t i = 0; r.count == s.count && i < r.count; i++)
        if (!same_text(a.plan, a.plan->words[r.first + i], b.plan, b.plan->words[s.first + i]))
            return 0;
    return r.count == s.count;
}

/* Of the variables that a unit is given, the pod's among them, the one at a place. */
static const struct plan_variable *variable_at(const struct plan *p, const struct plan_unit *u, uint32_t at)
{
    uint32_t pods = p->pod->env.count;
    return &p->variables[at < pods ? p->pod->env.first + at : u->env.first + at - pods];
}

/* Whose they are makes no difference; their order does: $(VAR) is made of what stands before it. */
static int same_variables(const struct plan *p, const struct plan_unit *u, const struct plan *q,
                          const struct plan_unit *v)
{
    uint32_t count = p->pod->env.count + u->env.count;
    if (count != q->pod->env.count + v->env.count)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct plan_variable *a = variable_at(p, u, i), *b = variable_at(q, v, i);
        if (!same_text(p, a->name, q, b->name) || !same_text(p, a->value, q, b->value))
            return 0;
    }
    return 1;
}

static int same_delays(const struct plan *p, struct plan_run a, const struct plan *q, struct plan_run b)
{
    return a.count == b.count && memcmp(p->delays + a.first, q->delays + b.first, a.count * sizeof *p->delays) == 0;
}

static int same_exits(const struct plan *p, uint32_t a, const struct plan *q, uint32_t b)
{
    const size_t size = PLAN_EXIT_CODES * sizeof *p->exits;
    return memcmp(p->exits + (size_t)a * PLAN_EXIT_CODES, q->exits + (size_t)b * PLAN_EXIT_CODES, size) == 0;
}

/* --- all the rest ----------------------------------------------------------------------------------------------- */

/* A span of a struct whose bytes say nothing by themselves. */
struct span { size_t at, size; };
#define SPAN(type, field) {offsetof(type, field), sizeof(((type *)0)->field)}

static int same_bytes(const void *a, const void *b, size_t size, const struct span *named, size_t count)
{
    const char *p = a, *q = b;
    for (size_t i = 0, k; i < size; i++) {
        for (k = 0; k < count && (i < named[k].at || i >= named[k].at + named[k].size);)
            k++;
        if (k == count && p[i] != q[i])
            return 0;
    }
    return 1;
}

/* --- probes and hooks ------------------------------------------------------------------------------------------- */

static const size_t errand_texts[] = {
    offsetof(struct plan_errand, host), offsetof(struct plan_errand, path), offsetof(struct plan_errand, authority),
    offsetof(struct plan_errand, headers),
};
static const struct span errand_named[] = {
    SPAN(struct plan_errand, argv), SPAN(struct plan_errand, host), SPAN(struct plan_errand, path),
    SPAN(struct plan_errand, authority), SPAN(struct plan_errand, headers), SPAN(struct plan_errand, unit),
};

static int same_errand(const struct plan *p, const struct plan_errand *e, const struct plan *q,
                       const struct plan_errand *f)
{
    const struct side a = {p, e}, b = {q, f};
    return same_bytes(e, f, sizeof *e, errand_named, COUNT(errand_named))
        && same_texts(a, b, errand_texts, COUNT(errand_texts)) && same_words(a, b, offsetof(struct plan_errand, argv));
}

/* Those of one unit are in the order of their kinds. */
static int same_errands(const struct plan *p, struct plan_run a, const struct plan *q, struct plan_run b)
{
    for (uint32_t i = 0; a.count == b.count && i < a.count; i++)
        if (!same_errand(p, &p->errands[a.first + i], q, &q->errands[b.first + i]))
            return 0;
    return a.count == b.count;
}

/* --- rights ----------------------------------------------------------------------------------------------------- */

static const struct span rights_named[] = {
    SPAN(struct plan_rights, added_names), SPAN(struct plan_rights, groups), SPAN(struct plan_rights, limits),
};
static const struct span limit_named[] = {SPAN(struct plan_limit, name)};

static int same_limits(const struct plan *p, struct plan_run a, const struct plan *q, struct plan_run b)
{
    for (uint32_t i = 0; a.count == b.count && i < a.count; i++) {
        const struct plan_limit *l = &p->limits[a.first + i], *m = &q->limits[b.first + i];
        if (!same_bytes(l, m, sizeof *l, limit_named, COUNT(limit_named)) || !same_text(p, l->name, q, m->name))
            return 0;
    }
    return a.count == b.count;
}

static int same_rights(const struct plan *p, uint32_t at, const struct plan *q, uint32_t other_at)
{
    if (at == PLAN_NONE || other_at == PLAN_NONE)
        return at == other_at;
    const struct plan_rights *r = &p->rights[at], *s = &q->rights[other_at];
    const struct side a = {p, r}, b = {q, s};
    return same_bytes(r, s, sizeof *r, rights_named, COUNT(rights_named))
        && same_words(a, b, offsetof(struct plan_rights, added_names))
        && same_words(a, b, offsetof(struct plan_rights, groups)) && same_limits(p, r->limits, q, s->limits);
}

/* --- volumes ---------------------------------------------------------------------------------------------------- */

static const size_t volume_texts[] = {offsetof(struct plan_volume, name), offsetof(struct plan_volume, path)};
static const struct span volume_named[] = {
    SPAN(struct plan_volume, name), SPAN(struct plan_volume, path), SPAN(struct plan_volume, files),
};
static const size_t file_texts[] = {offsetof(struct plan_file, path)};
static const struct span file_named[] = {SPAN(struct plan_file, path), SPAN(struct plan_file, content)};
static const size_t mount_texts[] = {offsetof(struct plan_mount, path), offsetof(struct plan_mount, sub_path)};
static const struct span mount_named[] = {
    SPAN(struct plan_mount, path), SPAN(struct plan_mount, sub_path), SPAN(struct plan_mount, volume),
};

/* A secret's text is in no plan that holds: as with a file's content, who has it is not told that it is another. */
static int same_content(const struct plan *p, const struct plan_file *a, const struct plan *q,
                        const struct plan_file *b)
{
    return (a->is_secret && !a->is_copy) || same_text(p, a->content, q, b->content);
}

static int same_files(const struct plan *p, struct plan_run a, const struct plan *q, struct plan_run b)
{
    for (uint32_t i = 0; a.count == b.count && i < a.count; i++) {
        const struct side f = {p, &p->files[a.first + i]}, g = {q, &q->files[b.first + i]};
        if (!same_bytes(f.at, g.at, sizeof(struct plan_file), file_named, COUNT(file_named))
            || !same_texts(f, g, file_texts, COUNT(file_texts)) || !same_content(p, f.at, q, g.at))
            return 0;
    }
    return a.count == b.count;
}

static int same_volume(const struct plan *p, uint32_t at, const struct plan *q, uint32_t other_at)
{
    const struct side v = {p, &p->volumes[at]}, w = {q, &q->volumes[other_at]};
    return same_bytes(v.at, w.at, sizeof(struct plan_volume), volume_named, COUNT(volume_named))
        && same_texts(v, w, volume_texts, COUNT(volume_texts))
        && same_files(p, p->volumes[at].files, q, q->volumes[other_at].files);
}

/* Which volume is another's if their names are not the same. */
static int same_mounts(const struct plan *p, struct plan_run a, const struct plan *q, struct plan_run b)
{
    for (uint32_t i = 0; a.count == b.count && i < a.count; i++) {
        const struct plan_mount *m = &p->mounts[a.first + i], *n = &q->mounts[b.first + i];
        const struct side s = {p, m}, t = {q, n};
        if (!same_bytes(m, n, sizeof *m, mount_named, COUNT(mount_named))
            || !same_texts(s, t, mount_texts, COUNT(mount_texts))
            || !same_text(p, p->volumes[m->volume].name, q, q->volumes[n->volume].name))
            return 0;
    }
    return a.count == b.count;
}

/* --- sources ---------------------------------------------------------------------------------------------------- */

static const size_t source_texts[] = {
    offsetof(struct plan_source, name), offsetof(struct plan_source, path), offsetof(struct plan_source, key),
    offsetof(struct plan_source, fallback),
};
static const struct span source_named[] = {
    SPAN(struct plan_source, name), SPAN(struct plan_source, path), SPAN(struct plan_source, key),
    SPAN(struct plan_source, fallback), SPAN(struct plan_source, secret), SPAN(struct plan_source, volume),
};

static int same_place(const struct plan *p, uint32_t a, const struct plan *q, uint32_t b)
{
    if (a == PLAN_NONE || b == PLAN_NONE)
        return a == b;
    return same_text(p, p->volumes[a].name, q, q->volumes[b].name);
}

/* Where they come from, not what they are. */
static int same_sources(const struct plan *p, struct plan_run a, const struct plan *q, struct plan_run b)
{
    for (uint32_t i = 0; a.count == b.count && i < a.count; i++) {
        const struct plan_source *m = &p->sources[a.first + i], *n = &q->sources[b.first + i];
        const struct side s = {p, m}, t = {q, n};
        if (!same_bytes(m, n, sizeof *m, source_named, COUNT(source_named))
            || !same_texts(s, t, source_texts, COUNT(source_texts)) || !same_place(p, m->volume, q, n->volume))
            return 0;
    }
    return a.count == b.count;
}

/* --- a unit ----------------------------------------------------------------------------------------------------- */

static const size_t unit_texts[] = {
    offsetof(struct plan_unit, name), offsetof(struct plan_unit, working_dir), offsetof(struct plan_unit, user),
    offsetof(struct plan_unit, group), offsetof(struct plan_unit, log) + offsetof(struct plan_log, file),
    offsetof(struct plan_unit, message_path),
};
/* Labels and image no process feels: who has others goes on. */
static const struct span unit_named[] = {
    SPAN(struct plan_unit, name), SPAN(struct plan_unit, argv), SPAN(struct plan_unit, rank),
    SPAN(struct plan_unit, env), SPAN(struct plan_unit, working_dir), SPAN(struct plan_unit, user),
    SPAN(struct plan_unit, group), SPAN(struct plan_unit, edges), SPAN(struct plan_unit, delays),
    SPAN(struct plan_unit, exit_map), SPAN(struct plan_unit, errands), SPAN(struct plan_unit, rights),
    SPAN(struct plan_unit, mounts), SPAN(struct plan_unit, sources), SPAN(struct plan_unit, log.file),
    SPAN(struct plan_unit, message_path), SPAN(struct plan_unit, labels), SPAN(struct plan_unit, image),
};

int compare_units(const struct plan *p, uint32_t at, const struct plan *q, uint32_t other_at)
{
    const struct plan_unit *u = &p->units[at], *v = &q->units[other_at];
    const struct side a = {p, u}, b = {q, v};
    return same_bytes(u, v, sizeof *u, unit_named, COUNT(unit_named))
        && same_texts(a, b, unit_texts, COUNT(unit_texts)) && same_words(a, b, offsetof(struct plan_unit, argv))
        && same_variables(p, u, q, v) && same_delays(p, u->delays, q, v->delays)
        && same_exits(p, u->exit_map, q, v->exit_map) && same_rights(p, u->rights, q, v->rights)
        && same_mounts(p, u->mounts, q, v->mounts) && same_sources(p, u->sources, q, v->sources)
        && same_errands(p, u->errands, q, v->errands);
}

/* --- what is settled -------------------------------------------------------------------------------------------- */

static const struct { size_t at; const char *key; } pod_texts[] = {
    {offsetof(struct plan_pod, name), SETTLED_NAME}, {offsetof(struct plan_pod, control_path), SETTLED_CONTROL},
    {offsetof(struct plan_pod, listen_host), SETTLED_LISTEN}, {offsetof(struct plan_pod, hosts), SETTLED_HOSTS},
    {offsetof(struct plan_pod, hostname), SETTLED_HOSTNAME},
};
/* What may be another from one moment to the next, and the texts above. */
static const struct span pod_named[] = {
    SPAN(struct plan_pod, name), SPAN(struct plan_pod, control_path), SPAN(struct plan_pod, listen_host),
    SPAN(struct plan_pod, termination_message), SPAN(struct plan_pod, default_path), SPAN(struct plan_pod, labels),
    SPAN(struct plan_pod, env), SPAN(struct plan_pod, main_unit), SPAN(struct plan_pod, args_unit),
    SPAN(struct plan_pod, budget_ns), SPAN(struct plan_pod, retry_ns), SPAN(struct plan_pod, term_floor_ns),
    SPAN(struct plan_pod, round_floor_ns), SPAN(struct plan_pod, margin), SPAN(struct plan_pod, sidecars),
    SPAN(struct plan_pod, turn), SPAN(struct plan_pod, hosts), SPAN(struct plan_pod, hostname),
};

static int same_volumes(const struct plan *p, const struct plan *q)
{
    int is_same = p->volume_count == q->volume_count;
    for (uint32_t i = 0; is_same && i < p->volume_count; i++)
        is_same = same_volume(p, i, q, i);
    return is_same;
}

const char *compare_pods(const struct plan *p, const struct plan *q)
{
    const struct plan_pod *a = p->pod, *b = q->pod;
    for (size_t i = 0; i < COUNT(pod_texts); i++) {
        const struct side before = {p, a}, now = {q, b};
        if (!same_texts(before, now, &pod_texts[i].at, 1))
            return pod_texts[i].key;
    }
    const struct claim claims[] = {
        {a->control == b->control, SETTLED_CONTROL},
        {a->listen_port == b->listen_port, SETTLED_LISTEN},
        {a->deadline_ns == b->deadline_ns, SETTLED_DEADLINE},
        {a->own_log == b->own_log, SETTLED_LOG},
        {same_volumes(p, q), SETTLED_VOLUMES},
        {same_bytes(a, b, sizeof *a, pod_named, COUNT(pod_named)), SETTLED_WAY},
    };
    return REFUSE_FIRST(claims);
}

static int same_log(const struct plan *p, const struct plan_log *a, const struct plan *q, const struct plan_log *b)
{
    static const struct span file = SPAN(struct plan_log, file);
    return same_bytes(a, b, sizeof *a, &file, 1) && same_text(p, a->file, q, b->file);
}

static int has_read_only(const struct plan *p)
{
    uint32_t i = 0;
    while (i < p->unit_count && !p->units[i].read_only)
        i++;
    return i < p->unit_count;
}

/* Who writes a log file, and who has our terminal, is begun once; volumes are prepared before anybody starts. */
const char *compare_fixed(const struct plan *p, const struct plan_unit *u, const struct plan *q,
                          const struct plan_unit *v)
{
    if ((u && u->tty) != (v && v->tty) || (u && v && u->tty_optional != v->tty_optional))
        return SETTLED_TTY;
    if (v && v->log.file.size && !u)
        return SETTLED_LOG_FILE;
    if (v && v->read_only && !has_read_only(p))
        return SETTLED_READ_ONLY;
    return u && v && (u->log.file.size || v->log.file.size) && !same_log(p, &u->log, q, &v->log) ? SETTLED_LOG : NULL;
}

static int is_shown(const struct plan *p, char *const *parts, const struct plan *q, const struct plan_mount *n,
                    const char *part)
{
    for (uint32_t i = 0; i < p->mount_count; i++) {
        const struct plan_mount *m = &p->mounts[i];
        if (same_text(p, m->path, q, n->path) && same_place(p, m->volume, q, n->volume) && strcmp(parts[i], part) == 0)
            return 1;
    }
    return 0;
}

/* Quadratic: 1,000 mounts cost 10 ms. */
const char *compare_shown(const struct plan *p, char *const *parts, const struct plan *q, char *const *other_parts)
{
    for (uint32_t i = 0; i < q->unit_count; i++)
        for (uint32_t k = q->units[i].mounts.first; k < q->units[i].mounts.first + q->units[i].mounts.count; k++)
            if (!is_shown(p, parts, q, &q->mounts[k], other_parts[k]))
                return plan_text(q, q->units[i].name);
    return NULL;
}
