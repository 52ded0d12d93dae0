/* Examines a plan's probes and hooks. After it the core asks them as they stand: an address is one, a request is one
 * request, and none of them is asked without a pause or waited for without an end.
 *
 * It must never trust a byte. Left to Python: whether a unit of this kind may have such a probe, and what a path means.
 */
#include "refuse.h"

#include <arpa/inet.h>
#include <string.h>

#include "policy_tables.h"

#define MAX_REQUEST 15000       /* path, authority and headers of one request, bytes; the core has room for 16,384 */

#define BIT(word) (1u << (word))
#define ASKED (BIT(HANDLER_EXEC) | BIT(HANDLER_HTTP_GET) | BIT(HANDLER_TCP_SOCKET) | BIT(HANDLER_GRPC))
#define DIALED (BIT(HANDLER_HTTP_GET) | BIT(HANDLER_TCP_SOCKET) | BIT(HANDLER_GRPC))
#define REQUESTING (BIT(HANDLER_HTTP_GET) | BIT(HANDLER_GRPC))

static const uint16_t handlers[] = {
    [ERRAND_STARTUP] = ASKED | BIT(HANDLER_NOTIFY),
    [ERRAND_LIVENESS] = ASKED,
    [ERRAND_READINESS] = ASKED | BIT(HANDLER_NOTIFY),
    [ERRAND_WATCHDOG] = BIT(HANDLER_NOTIFY),
    [ERRAND_POST_START] = BIT(HANDLER_EXEC) | BIT(HANDLER_HTTP_GET) | BIT(HANDLER_SLEEP),
    [ERRAND_PRE_STOP] = BIT(HANDLER_EXEC) | BIT(HANDLER_HTTP_GET) | BIT(HANDLER_SLEEP),
};
_Static_assert(REFUSE_LENGTH(handlers) == ERRAND_COUNT, "every errand has its handlers");

static int is_one_of(const struct plan_errand *errand, unsigned bits)
{
    return (BIT(errand->handler) & bits) != 0;
}

static int is_hook(const struct plan_errand *errand)
{
    return errand->kind == ERRAND_POST_START || errand->kind == ERRAND_PRE_STOP;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static int is_control(char c)
{
    return (unsigned char)c < ' ' || c == 127;
}

/* Nothing that would end a line; a blank only where one may be. */
static int is_line(const char *text, uint64_t size, int blanks)
{
    for (uint64_t i = 0; i < size; i++)
        if (is_control(text[i]) || (text[i] == ' ' && !blanks))
            return 0;
    return 1;
}

/* "Name: value"; a tab is a blank. */
static int is_header(const char *text, uint64_t size)
{
    const char *colon = memchr(text, ':', size);
    if (colon == NULL || colon == text || !is_line(text, (uint64_t)(colon - text), 0))
        return 0;
    for (const char *at = colon; at < text + size; at++)
        if (is_control(*at) && *at != '\t')
            return 0;
    return 1;
}

/* Each line with its CR LF, and none of them empty: that would end the head. */
static int are_headers(const char *text, uint64_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *cr = memchr(text, '\r', (size_t)(end - text));
        if (cr == NULL || cr[1] != '\n' || !is_header(text, (uint64_t)(cr - text)))
            return 0;
        text = cr + 2;
    }
    return 1;
}

int refuse_address_holds(const struct check *check, struct plan_string string)
{
    struct in6_addr address;
    const char *text = plan_text(&check->plan, string);
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* --- one errand ------------------------------------------------------------------------------------------------- */

static const char *refuse_texts(struct check *check, const struct plan_errand *errand)
{
    const struct claim claims[] = {
        {refuse_text_holds(check, errand->host), "a probe's host is no string of its blob"},
        {refuse_text_holds(check, errand->path), "a probe's path is no string of its blob"},
        {refuse_text_holds(check, errand->authority), "a probe's authority is no string of its blob"},
        {refuse_text_holds(check, errand->headers), "a probe's headers are no string of its blob"},
        {refuse_run_holds(errand->argv, check->plan.word_count), "a probe's command line is not in it"},
    };
    return REFUSE_FIRST(claims);
}

/* What belongs to another handler is not there, or somebody would believe that it is used. */
static const char *refuse_place(const struct check *check, const struct plan_errand *errand)
{
    int is_exec = errand->handler == HANDLER_EXEC, is_dialed = is_one_of(errand, DIALED);
    const struct claim claims[] = {
        {is_exec == (errand->argv.count > 0), "a probe's command line is missing, or is not needed"},
        {errand->exact <= is_exec, "a probe's words are exact, but are none"},
        {is_dialed == (errand->port > 0), "a probe's port is missing, or is not needed"},
        {is_dialed ? refuse_address_holds(check, errand->host) : errand->host.size == 0,
         "a probe's host is no address, or is not needed"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_request(const struct plan *plan, const struct plan_errand *errand)
{
    struct plan_string path = errand->path, authority = errand->authority, headers = errand->headers;
    uint64_t size = (uint64_t)path.size + authority.size + headers.size;
    int is_grpc = errand->handler == HANDLER_GRPC;
    if (size > 0 && !is_one_of(errand, REQUESTING))
        return "a probe has a request that it cannot send";
    if (size >= MAX_REQUEST)
        return "a probe's request is longer than 15,000 bytes";
    const char *lines = plan_text(plan, headers);
    const struct claim claims[] = {
        {is_line(plan_text(plan, path), path.size, is_grpc), "a probe's path would break its request"},
        {is_line(plan_text(plan, authority), authority.size, 0), "a probe's authority would break its request"},
        {is_grpc ? is_line(lines, headers.size, 1) : are_headers(lines, headers.size),
         "a probe's headers would break its request"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_times(const struct plan_errand *errand)
{
    int is_said = errand->handler == HANDLER_NOTIFY || is_hook(errand);
    const struct claim claims[] = {
        {refuse_duration_holds(errand->delay_ns), "a probe's delay is too long"},
        {refuse_duration_holds(errand->period_ns), "a probe's period is too long"},
        {refuse_duration_holds(errand->timeout_ns), "a probe's timeout is too long"},
        {refuse_duration_holds(errand->grace_ns), "a probe's grace is too long"},
        {refuse_duration_holds(errand->last_grace_ns), "a probe's last grace is too long"},
        {is_said || errand->period_ns > 0, "a probe would be asked without a pause"},
        {is_said || errand->timeout_ns > 0, "a probe would be waited for without an end"},
        {!is_hook(errand) || errand->timeout_ns == 0 || errand->handler == HANDLER_SLEEP, "a hook has a timeout"},
        {!is_hook(errand) || (errand->delay_ns == 0 && errand->period_ns == 0), "a hook has a delay or a period"},
        {errand->success_threshold > 0 && errand->failure_threshold > 0, "a probe's threshold is 0"},
        {errand->handler != HANDLER_NOTIFY || (errand->success_threshold == 1 && errand->failure_threshold == 1),
         "a program would have to say one thing several times"},
    };
    return REFUSE_FIRST(claims);
}

static int zeros_hold(const struct plan_errand *errand)
{
    static const uint8_t zeros[sizeof errand->zero];
    return memcmp(errand->zero, zeros, sizeof zeros) == 0;
}

/* A descriptor says "ready" once, and nothing else. */
static int can_say(const struct plan_unit *unit, const struct plan_errand *errand)
{
    if (errand->handler != HANDLER_NOTIFY)
        return 1;
    return unit->notify_socket == 1 || (errand->kind == ERRAND_STARTUP && unit->notify_fd != PLAN_NONE);
}

static const char *refuse_errand(struct check *check, const struct plan_unit *unit, const struct plan_errand *errand)
{
    const struct plan *plan = &check->plan;
    if (errand->kind >= ERRAND_COUNT)
        return "a probe has an unknown kind";
    if (errand->handler >= HANDLER_COUNT || !is_one_of(errand, handlers[errand->kind]))
        return "a probe has a handler that its kind cannot have";
    if (!can_say(unit, errand))
        return "a unit would be waited for that cannot say anything";
    if (!zeros_hold(errand))
        return "a probe has something in an unused field";
    const char *why = refuse_texts(check, errand);
    if (why == NULL)
        why = refuse_place(check, errand);
    if (why == NULL)
        why = refuse_request(plan, errand);
    return why != NULL ? why : refuse_times(errand);
}

/* --- whose they are --------------------------------------------------------------------------------------------- */

/* The units' runs follow each other and hold every errand once; within one the kinds grow, so none comes twice. */
static const char *refuse_unit_errands(struct check *check, uint32_t index, uint32_t *next)
{
    const struct plan *plan = &check->plan;
    struct plan_run run = plan->units[index].errands;
    const char *why = NULL;
    if (run.first != *next || !refuse_run_holds(run, plan->errand_count))
        return "a unit's probes are not those that name it";
    *next += run.count;
    for (uint32_t i = run.first; i < *next && why == NULL; i++) {
        const struct plan_errand *errand = &plan->errands[i];
        why = refuse_errand(check, &plan->units[index], errand);
        if (why == NULL && errand->unit != index)
            why = "a unit's probes are not those that name it";
        if (why == NULL && i > run.first && errand[-1].kind >= errand->kind)
            why = "a unit's probes are not in order";
    }
    return why;
}

const char *refuse_errands(struct check *check)
{
    const char *why = NULL;
    uint32_t next = 0;
    for (uint32_t i = 0; i < check->plan.unit_count && why == NULL; i++)
        why = refuse_unit_errands(check, i, &next);
    if (why == NULL && next != check->plan.errand_count)
        return "a probe belongs to no unit";
    return why;
}
