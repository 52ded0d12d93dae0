/* See apart.h. It must never wait for a child, nor leave an end open that nobody knows of. */

#include "apart.h"

int32_t apart_begin(struct core *c, enum watch_kind kind, int32_t *news, int *its)
{
    int ends[2], result = sys_pair(ends);
    if (result < 0)
        return result;
    result = loop_watch(c, ends[0], EPOLLIN, kind, 0);
    *its = ends[1];
    int32_t pid = result < 0 ? result : sys_fork_apart();
    if (pid == 0)
        return 0;
    if (pid < 0 && result >= 0)
        loop_forget(c, ends[0]);
    if (pid < 0)
        sys_close(ends[0]);
    else
        *news = ends[0];
    sys_close(ends[1]);
    return pid;
}

void apart_deaf(struct core *c, int32_t *news)
{
    loop_forget(c, *news);
    sys_close(*news);
    *news = -1;
}

uint64_t apart_next_look(const struct core *c, uint64_t *wait)
{
    uint64_t at = c->now + *wait, most = c->plan.pod->retry_ns;
    *wait = 2 * *wait < most ? 2 * *wait : most;
    return at;
}
