/* Heads of lines, and lines as JSON: see line.h. Pure, but for the environment that line_wants_colour() asks. It must
 * never change a byte of a line that is not put into JSON.
 */

#include "line.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "json.h"

/* --- colours --- */

/* No red, which means a mistake; no black, no white, which may be the background. Neighbours in the file differ. */
static const char colours[][3] = {"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"};

enum { NAME_MOST = 253 };       /* what is longer comes from no pod file of ours */

static uint32_t append(char *out, uint32_t size, const char *text)
{
    size_t length = strnlen(text, NAME_MOST);
    memcpy(out + size, text, length);
    return size + (uint32_t)length;
}

/* no-color.org: set and not empty. A dumb terminal shows the codes. */
int line_wants_colour(void)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    return (!none || !*none) && (!term || strcmp(term, "dumb") != 0);
}

/* --- heads --- */

/* Where nothing stands beside it, a name needs no room for longer ones. */
static uint32_t width(const struct core *c, const struct sink *s)
{
    uint32_t most = c->name_width < NAME_MOST ? c->name_width : NAME_MOST;
    return s - c->sinks < SINK_FILES ? most : 0;
}

/* The colour ends before the text, and one that the text before did not end ends at the name. */
uint32_t line_head(const struct core *c, const struct unit *u, const struct sink *s, int continued, char out[HEAD_ROOM])
{
    uint32_t size = 0, least;
    if (s->coloured) {
        size = append(out, size, "\033[0;");
        size = append(out, size, colours[u->slot % (sizeof colours / sizeof *colours)]);
        size = append(out, size, "m");
    }
    least = size + width(c, s);
    for (size = append(out, size, u->name); size < least; size++)
        out[size] = ' ';
    size = append(out, size, continued ? " +" : " |");
    return append(out, size, s->coloured ? "\033[0m " : " ");
}

/* --- objects --- */

uint32_t line_object(const struct line_object *about, const char *text, uint32_t size, char *out, uint32_t room)
{
    struct json j;
    json_start(&j, out, room);
    json_object_begin(&j, NULL);
    json_time(&j, "time", about->at);
    json_word(&j, "unit", about->unit);
    json_word(&j, "stream", about->stream ? "stderr" : "stdout");
    json_text(&j, "line", text, size);
    if (about->partial)
        json_bool(&j, "partial", 1);
    json_object_end(&j);
    json_line_end(&j);
    return j.broken ? 0 : (uint32_t)j.size;
}

/* A character has at most four bytes, and its later ones begin with the bits 10. */
uint32_t line_cut(const char *text, uint32_t most)
{
    enum { LATER = 3 };
    for (uint32_t back = 1; back <= LATER && back < most; back++) {
        uint8_t byte = (uint8_t)text[most - back];
        uint32_t length = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        if (byte >= 0xc0)
            return length > back ? most - back : most;
        if (byte < 0x80)
            return most;
    }
    return most;
}
