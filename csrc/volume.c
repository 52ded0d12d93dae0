/* The parent's half of volumes: begins the child that prepares them and holds every unit back until that is done, has
 * what they hold looked at now and then, and in the end begins the child that takes all back. It must never touch a
 * file itself, nor wait for a child while the pod runs.
 */

#include "volume.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "apart.h"
#include "core.h"
#include "footprint.h"
#include "say.h"

int volume_is_awaited(const struct core *c) { return c->volumes.stage == VOLUMES_PREPARING; }

int volume_is(const struct core *c, int32_t pid) { return c->volumes.pid && c->volumes.pid == pid; }

const char *volume_path(const struct core *c, uint32_t volume, char *room, size_t size)
{
    const struct plan_volume *plan = &c->plan.volumes[volume];
    if (plan->kind == VOLUME_KIND_HOST_PATH || c->volumes.stage != VOLUMES_THERE)
        return plan_text(&c->plan, plan->path);
    room[say_format(room, size - 1, "%s/%s", c->volumes.base, plan_text(&c->plan, plan->name))] = 0;
    return room;
}

int volume_has_secrets(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->file_count; i++)
        if (plan->files[i].is_secret && !plan->files[i].is_copy)
            return 1;
    return 0;
}

int volume_has_place(const struct plan *plan)
{
    return plan->volume_count > 0 || plan->pod->hosts.size > 0 || plan->pod->hostname.size > 0;
}

static int is_needed(const struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (c->plan.units[i].read_only)
            return 1;
    return volume_has_place(&c->plan);
}

/* --- the child --- */

/* 0, or -errno: there is nothing to begin it with. */
static int begin(struct core *c, enum keeper_task task)
{
    struct volumes *v = &c->volumes;
    int its;
    int32_t pid = apart_begin(c, WATCH_VOLUME, &v->news, &its);
    if (pid == 0)
        keeper_run(c, task, its);
    v->task = (uint8_t)task;
    v->told = 0;
    if (pid < 0)
        return pid;
    v->pid = pid;
    v->due = 0;
    return 0;
}

static uint64_t next_look(const struct core *c)
{
    const struct plan *plan = &c->plan;
    for (uint32_t i = 0; i < plan->volume_count; i++)
        if (plan->volumes[i].size_limit)
            return c->now + plan->pod->usage_ns;
    return 0;
}

/* --- preparing --- */

/* It goes into records, whose room is what such a text may take there. */
static void keep_why(struct core *c, const char *why)
{
    char *to = c->volumes.why;
    to[say_format(to, VOLUME_WHY - 1, "%s", why)] = 0;
    for (; *to; to++)
        *to = *to < ' ' || *to == 127 ? '?' : *to;
}

static void fail(struct core *c, const char *why)
{
    c->volumes.stage = VOLUMES_FAILED;
    keep_why(c, why);
    plan_forget(c->plan.bytes);
    insist(c, "cannot prepare the pod: %s", why);
    step_post(c, MACHINE_POD, NULL, POD_EVENT_UNPREPARED);
}

/* One more predecessor of every start. */
static void hold_units(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        c->units[i]->start_waits++;
}

static void release_units(struct core *c)
{
    for (uint32_t i = 0; i < c->unit_count; i++)
        if (--c->units[i]->start_waits == 0)
            step_post(c, MACHINE_WANT, c->units[i], WANT_EVENT_CLEAR);
}

void volume_begin(struct core *c)
{
    struct volumes *v = &c->volumes;
    v->news = v->lock = -1;
    v->over = PLAN_NONE;
    if (!is_needed(c))
        return;
    v->stage = VOLUMES_PREPARING;
    hold_units(c);
    int result = begin(c, KEEPER_PREPARE);
    if (result < 0)
        fail(c, say_error(-result));
}

static void be_done(struct core *c, uint32_t ways)
{
    struct volumes *v = &c->volumes;
    int has_mounts = (ways & VOLUME_MOUNTS) != 0;
    if (v->stage != VOLUMES_PREPARING)
        return;
    v->stage = VOLUMES_THERE;
    plan_forget(c->plan.bytes);
    v->has_mounts = (uint8_t)has_mounts;
    v->has_seals = (ways & VOLUME_SEALS) != 0;
    v->look_at = next_look(c);
    if (c->plan.volume_count)
        say(c, "volumes are in %s%s", v->base, c->plan.mount_count == 0 ? "" : has_mounts ? ", mounted" : ", linked");
    release_units(c);
}

/* --- news --- */

/* As Kubernetes writes sizes. */
static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti"};

static void be_over(struct core *c, uint32_t volume)
{
    if (volume >= c->plan.volume_count || c->volumes.over != PLAN_NONE)
        return;
    c->volumes.over = volume;
    const struct plan_volume *plan = &c->plan.volumes[volume];
    char text[VOLUME_WHY];
    uint64_t limit = plan->size_limit;
    int unit = 0;
    for (; unit < 4 && limit % 1024 == 0; unit++)
        limit /= 1024;
    text[say_format(text, sizeof text - 1, "Usage of EmptyDir volume \"%s\" exceeds the limit \"%lu%s\".",
                    plan_text(&c->plan, plan->name), limit, units[unit])] = 0;
    keep_why(c, text);
    insist(c, "%s", text);
    step_post(c, MACHINE_POD, NULL, POD_EVENT_EVICTED);
}

static void take(struct core *c, const struct keeper_news *news, int passed)
{
    struct volumes *v = &c->volumes;
    switch ((enum keeper_word)news->word) {
    case KEEPER_HOLDS:
        if (v->lock >= 0)
            break;
        v->lock = passed;
        v->base[say_format(v->base, sizeof v->base - 1, "%s", news->text)] = 0;
        return;
    case KEEPER_WARNS: warn(c, "%s", news->text); break;
    case KEEPER_DONE:
        v->told = 1;
        be_done(c, news->number);
        break;
    case KEEPER_FAILED:
        v->told = 1;
        fail(c, news->text);
        break;
    case KEEPER_OVER: be_over(c, news->number); break;
    }
    if (passed >= 0)
        sys_close(passed);
}

/* Returns 0 at the end of the news. */
static int hear_one(struct core *c)
{
    struct keeper_news news;
    int passed = -1;
    int64_t size = sys_hear(c->volumes.news, &news, sizeof news - 1, &passed);
    if (size < KEEPER_NEWS_HEAD) {
        if (passed >= 0)
            sys_close(passed);
        return size == -EAGAIN;
    }
    ((char *)&news)[size] = 0;
    take(c, &news, passed);
    return 1;
}

/* It ends right after its news do; only then it can be reaped. */
void volume_heard(struct core *c)
{
    struct volumes *v = &c->volumes;
    if (v->news < 0 || hear_one(c))
        return;
    apart_deaf(c, &v->news);
    v->wait = APART_LOOK_NS;
    v->due = c->now;
    if (v->task == KEEPER_PREPARE && !v->told)
        fail(c, "the process that prepares volumes died");
    if (v->task == KEEPER_LOOK)
        v->look_at = v->over == PLAN_NONE ? next_look(c) : 0;
}

/* --- turns --- */

static void reap(struct core *c)
{
    struct volumes *v = &c->volumes;
    struct sys_exit end;
    if (sys_reap_apart(v->pid, &end) == 0) {
        v->due = apart_next_look(c, &v->wait);
        return;
    }
    v->pid = 0;
    v->due = 0;
    if (v->task == KEEPER_TAKE_BACK && (end.by_signal || end.code))
        warn(c, "volumes in %s could not be taken back: the process that does it died", v->base);
}

/* A look that hangs is the last one: no second child may hang beside it. */
EACH_TURN void volume_turn(struct core *c)
{
    struct volumes *v = &c->volumes;
    if (v->due && v->due <= c->now)
        reap(c);
    if (v->look_at && v->look_at <= c->now && !v->pid)
        v->look_at = begin(c, KEEPER_LOOK) < 0 ? c->now + c->plan.pod->retry_ns : 0;
}

EACH_TURN uint64_t volume_next(const struct core *c)
{
    return timer_earlier(c->volumes.due, c->volumes.pid ? 0 : c->volumes.look_at);
}

/* --- the end --- */

/* How long the end waits: what is left of the stop budget, within these bounds. */
static const uint64_t LEAST_NS = 250000000, MOST_NS = 2000000000;

static uint64_t last_moment(const struct core *c)
{
    uint64_t least = c->now + LEAST_NS, most = c->now + MOST_NS, leave = c->limits.leave;
    return !c->budget_running || leave > most ? most : leave > least ? leave : least;
}

/* Until the child has ended, or that moment. */
static void wait_until(struct core *c, uint64_t end)
{
    struct volumes *v = &c->volumes;
    struct epoll_event event;
    while (v->pid && (c->now = sys_now()) < end) {
        uint64_t until = timer_earlier(v->due, end), ns = until > c->now ? until - c->now : 0;
        if (sys_epoll_wait(c->epoll, &event, 1, (int)(ns / 1000000) + 1) == 1)
            loop_hear(c, &event);
        c->now = sys_now();
        if (v->due && v->due <= c->now)
            reap(c);
    }
}

/* One that still prepares or looks is ended first: what it made, it has noted. */
static void end_child(struct core *c, uint64_t end)
{
    struct volumes *v = &c->volumes;
    if (!v->pid)
        return;
    v->told = 1;  /* that it died is no news */
    sys_kill(v->pid, SIGKILL);
    wait_until(c, end);
}

/* Who does not come to an end is left to it: it needs nothing of us. */
void volume_end(struct core *c)
{
    struct volumes *v = &c->volumes;
    c->now = sys_now();
    uint64_t end = last_moment(c);
    if (v->stage == VOLUMES_NONE)
        return;
    end_child(c, end);
    if (v->pid || !*v->base)
        return;
    int result = begin(c, KEEPER_TAKE_BACK);
    if (result == 0)
        wait_until(c, end);
    if (result < 0 || v->pid)
        warn(c, "volumes in %s could not be taken back%s%s", v->base, result < 0 ? ": " : " in time",
             result < 0 ? say_error(-result) : "");
}
