/* What a plan says of logs and of control: examined like the rest, before anything looks at it. It must never decide
 * what a pod should have.
 */

#include <string.h>

#include "policy_tables.h"
#include "refuse.h"

/* A path of a Unix socket, with its NUL. */
enum { SOCKET_ROOM = 108 };

static int zeros_hold(const struct plan_log *log)
{
    static const uint8_t zeros[sizeof log->zero];
    return memcmp(log->zero, zeros, sizeof zeros) == 0;
}

static int passes_through_us(const struct plan_log *log)
{
    return log->mode != LOG_MODE_INHERIT && log->mode != LOG_MODE_NONE;
}

/* A file gets whole lines. Of a terminal of its own we have the other side: if nobody read there, it would fill. */
static const char *refuse_log(struct check *check, const struct plan_unit *unit)
{
    const struct plan_log *log = &unit->log;
    const struct claim claims[] = {
        {log->mode < LOG_MODE_COUNT, "a unit has an unknown log mode"},
        {log->overflow < OVERFLOW_COUNT, "a unit has an unknown log overflow"},
        {refuse_text_holds(check, log->file), "a unit's log file is no string of its blob"},
        {!log->file.size || passes_through_us(log), "a unit has a log file and lines that do not reach us"},
        {!unit->own_terminal || passes_through_us(log), "a unit has its own terminal and lines that do not reach us"},
        {!unit->own_terminal || unit->tty + unit->keep_session == 0, "a unit has its own terminal and ours"},
        {zeros_hold(log), "a unit's log has something in an unused field"},
    };
    return REFUSE_FIRST(claims);
}

const char *refuse_logs(struct check *check)
{
    const char *why = NULL;
    for (uint32_t i = 0; i < check->plan.unit_count && why == NULL; i++)
        why = refuse_log(check, &check->plan.units[i]);
    return why;
}

/* At most one: a terminal has one owner. */
static int terminals_hold(const struct plan *plan)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->unit_count; i++)
        count += plan->units[i].tty;
    return count <= 1;
}

static int path_holds(const struct plan_pod *pod)
{
    uint32_t size = pod->control_path.size;
    return pod->control == CONTROL_AT ? size > 0 && size < SOCKET_ROOM : size == 0;
}

const char *refuse_control(struct check *check)
{
    const struct plan_pod *pod = check->plan.pod;
    const struct claim claims[] = {
        {pod->control < CONTROL_COUNT, "the pod has an unknown kind of control"},
        {refuse_text_holds(check, pod->control_path), "the control socket's path is no string of its blob"},
        {path_holds(pod), "the control socket's path is none that a socket can have"},
        {refuse_text_holds(check, pod->listen_host), "the address to listen on is no string of its blob"},
        {(pod->listen_host.size == 0) == (pod->listen_port == 0),
         "an address to listen on has no port, or a port no address"},
        {pod->own_log == LOG_MODE_PREFIX || pod->own_log == LOG_MODE_JSON, "minipod's own words have an unknown form"},
        {terminals_hold(&check->plan), "two units have the terminal"},
    };
    const char *why = REFUSE_FIRST(claims);
    if (why == NULL && pod->listen_port && !refuse_address_holds(check, pod->listen_host))
        return "the address to listen on is none in figures";
    return why;
}
