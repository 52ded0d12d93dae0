/* Our own stdout and stderr, as sinks: opened when there is something to be written, or is going to be. A start must
 * never wait for it.
 */

#include "core.h"
#include "line.h"

/* JSON and files are for programs; only who looks at a terminal wants colours. */
static void open_standard(struct core *c, enum sink_number number, int fd)
{
    struct sink *s = &c->sinks[number];
    sink_open(s, fd);
    s->coloured = !s->dead && sys_is_terminal(s->fd) && line_wants_colour();
}

/* Where both are one pipe or terminal, two sinks would write into the middle of each other's lines. */
void log_open_standard(struct core *c)
{
    if (c->has_standard)
        return;
    c->has_standard = 1;
    open_standard(c, SINK_OUT, 1);
    c->err_is_out = sys_are_same(1, 2) == 1;
    if (!c->err_is_out)
        open_standard(c, SINK_ERR, 2);
    for (uint32_t i = 0; i < c->slot_count; i++)
        if (c->slots[i]->streams[0].sink < SINK_FILES)
            log_aim(c, c->slots[i]);
}

void log_aim(const struct core *c, struct unit *u)
{
    u->streams[0].sink = SINK_OUT;
    u->streams[1].sink = c->has_standard && !c->err_is_out ? SINK_ERR : SINK_OUT;
}

int log_passes_through_us(const struct unit *u)
{
    return u->plan->log.mode != LOG_MODE_INHERIT && u->plan->log.mode != LOG_MODE_NONE;
}

/* Before any unit's first line; our own words open what they need themselves. */
void log_open_for_units(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count && !c->has_standard; i++)
        if (log_passes_through_us(c->units[i]))
            log_open_standard(c);
}
