/* $(VAR) expansion, as Kubernetes does it: one scan from left to right, values are not scanned again. $$ is a $,
 * $(NAME) up to the first ) is a reference, an unknown name stays as it was written, any other $ means itself. It
 * must never allocate, fail or know of a shell's syntax.
 *
 * Cost: linear in the text plus one search for each reference.
 */
#include "expand.h"

#include <string.h>

struct sink { char *out; uint64_t room; uint64_t size; };

static void put(struct sink *sink, const char *bytes, uint64_t size)
{
    if (sink->size < sink->room && bytes != NULL) {
        uint64_t left = sink->room - sink->size;
        memcpy(sink->out + sink->size, bytes, (size_t)(size < left ? size : left));
    }
    sink->size = size > UINT64_MAX - sink->size ? UINT64_MAX : sink->size + size;
}

static const char *search(const char *from, const char *end, char wanted)
{
    return from < end ? memchr(from, wanted, (size_t)(end - from)) : NULL;
}

static void put_reference(struct sink *sink, const char *dollar, const char *close, expand_find *find,
                          const void *where)
{
    struct expand_value value;
    if (find(where, dollar + 2, (uint64_t)(close - dollar - 2), &value))
        put(sink, value.bytes, value.size);
    else
        put(sink, dollar, (uint64_t)(close + 1 - dollar));
}

/* What $ begins at dollar; returns where the text goes on. */
static const char *put_dollar(struct sink *sink, const char *dollar, const char *close, expand_find *find,
                              const void *where)
{
    if (dollar[1] == '(' && close != NULL) {
        put_reference(sink, dollar, close, find, where);
        return close + 1;
    }
    put(sink, dollar, dollar[1] == '$' ? 1 : 2);
    return dollar + 2;
}

uint64_t expand_with(const char *text, uint64_t size, expand_find *find, const void *where, char *out, uint64_t room)
{
    struct sink sink = {.out = out, .room = room};
    const char *end = text + size, *dollar, *close = text;
    while ((dollar = search(text, end, '$')) != NULL && dollar + 1 < end) {
        put(&sink, text, (uint64_t)(dollar - text));
        if (close != NULL && close < dollar + 2)   /* once there is no ) there is none further on */
            close = search(dollar + 2, end, ')');
        text = put_dollar(&sink, dollar, close, find, where);
    }
    put(&sink, text, (uint64_t)(end - text));
    return sink.size;
}

static const char *find_in_list(const char *const *list, const char *name, uint64_t size)
{
    const char *found = NULL;
    for (; *list != NULL; list++)
        if (strlen(*list) > size && memcmp(*list, name, (size_t)size) == 0 && (*list)[size] == '=')
            found = *list + size + 1;
    return found;
}

static int find_in_maps(const void *where, const char *name, uint64_t size, struct expand_value *value)
{
    const char *found = NULL;
    for (const char *const *const *map = where; *map != NULL && found == NULL; map++)
        found = find_in_list(*map, name, size);
    if (found != NULL)
        *value = (struct expand_value){.bytes = found, .size = strlen(found)};
    return found != NULL;
}

uint64_t expand_text(const char *text, uint64_t size, const char *const *const *maps, char *out, uint64_t room)
{
    return expand_with(text, size, find_in_maps, maps, out, room);
}
