/* Lines that went nowhere: counted for each unit at once, told now and then. It must never forget a count that was not
 * said.
 */

#include "core.h"
#include "say.h"

enum { TELL_ROOM = 8192 };      /* for a sentence, also as JSON */
static const uint64_t SECOND = 1000000000, TELL_MOST = 60 * UINT64_C(1000000000);

void log_count_dropped(struct core *c, struct unit *u, uint64_t lines)
{
    if (lines == 0)
        return;
    u->log_dropped += lines;
    c->dropped_lines += lines;
    c->unsaid += u->log.unsaid == 0;
    u->log.unsaid += lines;
    if (c->tell_at)
        return;
    if (c->tell_wait == 0 || c->now - c->told_at > 2 * TELL_MOST)
        c->tell_wait = SECOND;
    c->tell_at = c->now + c->tell_wait;
}

/* 0: there was no room to say it, not even on the disk. */
static int tell_dropped(struct core *c, struct unit *u)
{
    struct sink *s = sink_err(c);
    if (!sink_make_room(c, s, TELL_ROOM))
        return 0;
    warn(c, "%s: %lu line%s dropped", u->name, u->log.unsaid, u->log.unsaid == 1 ? "" : "s");
    if (!s->watched)
        sink_flush(c, s);
    if (s->full)
        return 0;
    u->log.unsaid = 0;
    c->unsaid--;
    return 1;
}

/* How many, once a second at first, and less and less often while it goes on. */
void log_tell_dropped(struct core *c)
{
    if (c->unsaid == 0)
        return;
    c->tell_at = c->now + c->tell_wait;
    for (uint32_t i = 0; i < c->slot_count; i++)
        if (c->slots[i]->log.unsaid && !tell_dropped(c, c->slots[i]))
            return;
    c->tell_at = 0;
    c->told_at = c->now;
    c->tell_wait = 2 * c->tell_wait < TELL_MOST ? 2 * c->tell_wait : TELL_MOST;
}
