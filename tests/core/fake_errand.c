/* The commands of probes and hooks on the fake kernel: children that exit as a script says. An answer of which a script
 * says nothing comes at once, and is good. It must never ask what an answer leads to.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reply reply_of(const struct errand *e)
{
    return fake.behaviours[e->unit->slot].replies[e->plan->kind];
}

/* --- commands --- */

/* It could not be asked: there is no such program. */
static void plan_error(const struct process *p, uint64_t at)
{
    kernel_plan((struct fact){.at = at, .kind = FACT_ERRAND_UNASKED, .pid = p->pid});
}

static void plan_exit(const struct process *p, const struct reply *reply)
{
    kernel_plan((struct fact){.at = fake.now, .kind = FACT_ERRAND_EXECUTED, .pid = p->pid});
    if (reply->kind != REPLY_NEVER)
        kernel_plan((struct fact){.at = fake.now + reply->after, .kind = FACT_PROCESS_ENDED, .pid = p->pid,
                                  .b = reply->kind == REPLY_BADLY});
}

int32_t errand_fork(uint32_t errand, struct pipe *handshake)
{
    const struct errand *e = fake.core->errands[errand];
    struct reply reply = reply_of(e);
    if (e->program->envp != e->unit->program->envp)
        broken("a probe or hook has not the variables that its unit was started with");
    struct process *p = kernel_add(fake.core->self, 0);
    p->errand = (int)errand;
    p->handshake = handshake;
    handshake->writers++;
    kernel_mark(p, e->unit->number);
    if (reply.kind == REPLY_ERROR)
        plan_error(p, fake.now + reply.after);
    else
        plan_exit(p, &reply);
    log_line("errand %u %d", errand, p->pid);
    return p->pid;
}

static void execute(struct process *p)
{
    p->executed = 1;
    p->group = p->pid;
    pipe_unref_writer(p->handshake);
    p->handshake = NULL;
}

static void fail_to_execute(struct process *p)
{
    struct child_failure why = {ENOENT, STAGE_EXEC, 0, 0};
    p->group = p->pid;
    pipe_write(p->handshake, (const char *)&why, sizeof why);
    kernel_end(p, 0, 127);
}

/* --- what happens --- */

static void turn(const struct fact *f)
{
    fake.behaviours[f->unit].replies[f->a] = (struct reply){(enum reply_kind)f->b, f->size};
}

void errand_happen(const struct fact *f)
{
    struct process *p = f->pid ? kernel_living(f) : NULL;
    if (f->kind == FACT_TURNED)
        turn(f);
    else if (f->kind == FACT_ERRAND_EXECUTED && p)
        execute(p);
    else if (f->kind == FACT_ERRAND_UNASKED && p)
        fail_to_execute(p);
}
