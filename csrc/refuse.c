/* Examines what is in a plan's arrays. It must never trust a byte of them: after it the core uses every index without a
 * look. It keeps no state and calls nothing of the system.
 *
 * Left to Python: that names are unique and follow their rules, that paths, users and signals make sense. No number
 * here is policy; the words' counts come from policy_tables.h.
 *
 * Cost: linear in the plan plus the sum of all its strings, at most PLAN_MAX_TEXT.
 */
#include "refuse.h"

#include <signal.h>
#include <string.h>

#include "policy_tables.h"

#define ALL_ACCESS 0777
#define FIRST_FREE_FD 3
#define FD_COUNT 1024           /* what a process may open where nobody says otherwise */

/* --- parts ------------------------------------------------------------------------------------------------------ */

int refuse_text_holds(struct check *check, struct plan_string string)
{
    const struct plan *plan = &check->plan;
    if (string.at >= plan->blob_size || string.size >= plan->blob_size - string.at)
        return 0;
    const char *text = plan->blob + string.at;
    check->text += string.size;
    return text[string.size] == '\0' && (check->text > PLAN_MAX_TEXT || memchr(text, '\0', string.size) == NULL);
}

int refuse_bytes_hold(struct check *check, struct plan_string string)
{
    const struct plan *plan = &check->plan;
    check->text += string.size;
    return string.at < plan->blob_size && string.size < plan->blob_size - string.at;
}

/* Two of them, margin and sidecars, are taken from one budget. */
static int slice_holds(struct plan_slice slice)
{
    return refuse_duration_holds(slice.cap_ns) && slice.divisor > 1;
}

/* --- what hangs together by itself ------------------------------------------------------------------------------ */

static const char *refuse_words(struct check *check)
{
    for (uint32_t i = 0; i < check->plan.word_count; i++)
        if (!refuse_text_holds(check, check->plan.words[i]))
            return "a word of a command line is no string of its blob";
    return NULL;
}

static const char *refuse_variable(struct check *check, const struct plan_variable *variable)
{
    if (!refuse_text_holds(check, variable->name) || !refuse_text_holds(check, variable->value))
        return "a variable is no string of its blob";
    const char *name = plan_text(&check->plan, variable->name);
    if (variable->name.size == 0 || memchr(name, '=', variable->name.size) != NULL)
        return "a variable has no name, or one with a = in it";
    return NULL;
}

static const char *refuse_variables(struct check *check)
{
    const char *why = NULL;
    for (uint32_t i = 0; i < check->plan.variable_count && why == NULL; i++)
        why = refuse_variable(check, &check->plan.variables[i]);
    return why;
}

/* The other classes follow from how a unit ended, never from its exit code. */
static int class_holds(uint8_t exit_class)
{
    return exit_class == EXIT_CLASS_OK || exit_class == EXIT_CLASS_FAIL || exit_class == EXIT_CLASS_RULE_RESTART
        || exit_class == EXIT_CLASS_RULE_RESTART_ALL;
}

static const char *refuse_numbers(struct check *check)
{
    const struct plan *plan = &check->plan;
    for (uint32_t i = 0; i < plan->exit_count; i++)
        if (!class_holds(plan->exits[i].exit_class))
            return "an exit code means something that no exit code means";
    for (uint32_t i = 0; i < plan->delay_count; i++)
        if (!refuse_duration_holds(plan->delays[i]))
            return "a delay is too long";
    for (uint32_t i = 0; i < plan->target_count; i++)
        if (plan->targets[i] >= plan->unit_count)
            return "a signal goes to a unit that is not there";
    return NULL;
}

static const char *refuse_rules(struct check *check)
{
    const struct plan *plan = &check->plan;
    const char *why = NULL;
    for (uint32_t i = 0; i < PLAN_SIGNALS && why == NULL; i++) {
        const struct plan_rule *rule = &plan->rules[i];
        const struct claim claims[] = {
            {rule->verb < SIGNAL_VERB_COUNT, "a signal's rule has an unknown verb"},
            {rule->send < PLAN_SIGNALS, "a signal is sent that does not exist"},
            {rule->verb != SIGNAL_VERB_FORWARD || rule->send > 0, "a signal is forwarded as none"},
            {i != SIGCHLD || rule->verb == SIGNAL_VERB_OWN, "nobody would hear of children that end"},
            {rule->zero == 0, "a signal's rule has something in an unused field"},
            {refuse_run_holds(rule->targets, plan->target_count), "a signal's targets are not in it"},
        };
        why = REFUSE_FIRST(claims);
    }
    return why;
}

/* --- units ------------------------------------------------------------------------------------------------------ */

/* A fate that is not its kind's own would let a pod wait for ever. */
static int standing_holds(const struct plan *plan, uint32_t index)
{
    static const uint8_t kinds[] = {
        [STANDING_INIT] = KIND_INIT,
        [STANDING_SIDECAR] = KIND_SIDECAR,
        [STANDING_ESSENTIAL_SIDECAR] = KIND_SIDECAR,
        [STANDING_SERVICE] = KIND_SERVICE,
        [STANDING_ESSENTIAL_SERVICE] = KIND_SERVICE,
        [STANDING_MAIN] = KIND_SERVICE,
    };
    _Static_assert(REFUSE_LENGTH(kinds) == STANDING_COUNT, "every standing belongs to a kind");
    const struct plan_unit *unit = &plan->units[index];
    return unit->standing < STANDING_COUNT && kinds[unit->standing] == unit->kind
        && (unit->standing == STANDING_MAIN) == (plan->pod->main_unit == index);
}

/* What is only said of a unit stands in an answer as a whole. */
static int said_holds(const struct plan *plan, const struct plan_unit *unit)
{
    uint64_t size = unit->image.size;
    for (uint32_t i = 0; i < unit->labels.count && size <= PLAN_MAX_SAID; i++) {
        const struct plan_variable *label = &plan->variables[unit->labels.first + i];
        size += (uint64_t)label->name.size + label->value.size + 1;
    }
    return size <= PLAN_MAX_SAID;
}

static const char *refuse_unit_said(struct check *check, const struct plan_unit *unit)
{
    const struct claim claims[] = {
        {refuse_text_holds(check, unit->image), "a unit's image is no string of its blob"},
        {refuse_run_holds(unit->labels, check->plan.variable_count), "a unit's labels are not in it"},
    };
    const char *why = REFUSE_FIRST(claims);
    if (why == NULL && !said_holds(&check->plan, unit))
        why = "a unit's labels and image are longer than 4,096 bytes";
    return why;
}

static const char *refuse_unit_texts(struct check *check, const struct plan_unit *unit)
{
    const struct claim claims[] = {
        {refuse_text_holds(check, unit->name) && unit->name.size > 0, "a unit has no name"},
        {unit->name.size <= PLAN_MAX_NAME, "a unit's name is longer than 63 bytes"},
        {refuse_text_holds(check, unit->working_dir), "a unit's working_dir is no string of its blob"},
        {refuse_text_holds(check, unit->user), "a unit's user is no string of its blob"},
        {refuse_text_holds(check, unit->group), "a unit's group is no string of its blob"},
        {refuse_text_holds(check, unit->message_path), "a unit's message path is no string of its blob"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_unit_words(const struct plan *plan, uint32_t index)
{
    const struct plan_unit *unit = &plan->units[index];
    const struct claim claims[] = {
        {refuse_run_holds(unit->argv, plan->word_count), "a unit's command line is not in it"},
        {unit->command_count <= unit->argv.count, "a unit's command is longer than its command line"},
        {unit->command_count > 0 || plan->pod->args_unit == index, "a unit has no command"},
        {refuse_run_holds(unit->env, plan->variable_count), "a unit's environment is not in it"},
    };
    return REFUSE_FIRST(claims);
}

static int notify_fd_holds(uint32_t fd)
{
    return fd == PLAN_NONE || (fd >= FIRST_FREE_FD && fd < FD_COUNT);
}

/* A socket needs a variable that names it. */
static const char *refuse_unit_notify(const struct plan *plan, const struct plan_unit *unit)
{
    const struct claim claims[] = {
        {unit->notify_socket <= 1, "a unit's notify_socket is neither 0 nor 1"},
        {notify_fd_holds(unit->notify_fd), "a unit's notify_fd is none that a program could write to"},
        {unit->notify_socket == 0 || plan->pod->exact_env != 1, "a unit would not be told where to say it is ready"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_unit_numbers(const struct plan *plan, uint32_t index)
{
    const struct plan_unit *unit = &plan->units[index];
    const struct claim claims[] = {
        {unit->rule < RULE_COUNT, "a unit has an unknown restart rule"},
        {standing_holds(plan, index), "a unit has a standing that its kind cannot have"},
        {unit->unstartable_class == EXIT_CLASS_UNSTARTABLE
             || (unit->unstartable_class != EXIT_CLASS_OK && class_holds(unit->unstartable_class)),
         "a unit that cannot be executed would not have failed"},
        {unit->stop_signal > 0 && unit->stop_signal < PLAN_SIGNALS, "a unit has a stop signal that does not exist"},
        {unit->stop_scope < STOP_SCOPE_COUNT, "a unit has an unknown stop scope"},
        {unit->stdin_mode < STDIN_MODE_COUNT, "a unit has an unknown stdin mode"},
        {unit->leave_rest <= 1, "a unit's leave_rest is neither 0 nor 1"},
        {unit->tty <= 1, "a unit's tty is neither 0 nor 1"},
        {unit->tty_optional <= 1, "a unit's tty_optional is neither 0 nor 1"},
        {unit->own_terminal <= 1, "a unit's own_terminal is neither 0 nor 1"},
        {unit->forward_scope < STOP_SCOPE_COUNT, "a unit has an unknown forward scope"},
        {unit->keep_session <= 1, "a unit's keep_session is neither 0 nor 1"},
        {unit->ask_rest <= 1, "a unit's ask_rest is neither 0 nor 1"},
        {unit->read_only <= 1, "a unit's read_only is neither 0 nor 1"},
        {unit->zeros[0] == 0, "a unit has something in an unused field"},
        {unit->umask <= ALL_ACCESS || unit->umask == PLAN_NONE, "a unit has an umask above 0777"},
        {unit->exit_map < plan->exit_count / PLAN_EXIT_CODES, "a unit's exit map is not in it"},
        {unit->delays.count > 0 && refuse_run_holds(unit->delays, plan->delay_count), "a unit's back-off is not in it"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_unit_times(const struct plan_unit *unit)
{
    const struct claim claims[] = {
        {refuse_duration_holds(unit->grace_ns), "a unit's grace is too long"},
        {refuse_duration_holds(unit->rest_grace_ns), "a unit's rest grace is too long"},
        {refuse_duration_holds(unit->deadline_ns), "a unit's deadline is too long"},
        {refuse_duration_holds(unit->reset_ns), "a unit's back-off reset is too long"},
        {unit->deadline_ns == 0 || unit->kind == KIND_INIT, "a unit that is no init has a deadline"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_unit(struct check *check, uint32_t index)
{
    const struct plan *plan = &check->plan;
    const struct plan_unit *unit = &plan->units[index];
    if (unit->kind >= KIND_COUNT)
        return "a unit has an unknown kind";
    if (index > 0 && plan->units[index - 1].kind == KIND_SERVICE && unit->kind != KIND_SERVICE)
        return "a service comes before an init or a sidecar";
    const char *why = refuse_unit_texts(check, unit);
    if (why == NULL)
        why = refuse_unit_said(check, unit);
    if (why == NULL)
        why = refuse_unit_words(plan, index);
    if (why == NULL)
        why = refuse_unit_numbers(plan, index);
    if (why == NULL)
        why = refuse_unit_notify(plan, unit);
    return why != NULL ? why : refuse_unit_times(unit);
}

static const char *refuse_units(struct check *check)
{
    const char *why = NULL;
    for (uint32_t i = 0; i < check->plan.unit_count && why == NULL; i++)
        why = refuse_unit(check, i);
    if (why == NULL && check->plan.units[check->plan.unit_count - 1].kind != KIND_SERVICE)
        return "it has no service";
    return why;
}

/* --- edges ------------------------------------------------------------------------------------------------------ */

/* Ranks grow along every start edge and fall along every stop edge, so no cycle can be left. */
static int ranks_hold(const struct plan *plan, const struct plan_edge *edge)
{
    uint32_t first = plan->units[edge->first].rank, second = plan->units[edge->second].rank;
    return edge->direction == DIRECTION_START ? first < second : first > second;
}

static const char *refuse_edge(const struct plan *plan, const struct plan_edge *edge)
{
    if (edge->first >= plan->unit_count || edge->second >= plan->unit_count)
        return "an edge leads to a unit that is not there";
    const struct claim claims[] = {
        {edge->milestone < MILESTONE_COUNT, "an edge has an unknown milestone"},
        {edge->direction < DIRECTION_COUNT, "an edge has an unknown direction"},
        {edge->zero == 0, "an edge has something in an unused field"},
        {ranks_hold(plan, edge), "an edge leads against its units' ranks"},
    };
    return REFUSE_FIRST(claims);
}

/* The units' runs follow each other and hold every edge once: so the edges are sorted too. */
static const char *refuse_unit_edges(const struct plan *plan, uint32_t index, uint32_t *next)
{
    struct plan_run run = plan->units[index].edges;
    if (run.first != *next || !refuse_run_holds(run, plan->edge_count))
        return "a unit's edges are not those that begin at it";
    *next += run.count;
    for (uint32_t i = run.first; i < *next; i++) {
        const char *why = refuse_edge(plan, &plan->edges[i]);
        if (why != NULL)
            return why;
        if (plan->edges[i].first != index)
            return "a unit's edges are not those that begin at it";
    }
    return NULL;
}

static const char *refuse_edges(struct check *check)
{
    const char *why = NULL;
    uint32_t next = 0;
    for (uint32_t i = 0; i < check->plan.unit_count && why == NULL; i++)
        why = refuse_unit_edges(&check->plan, i, &next);
    if (why == NULL && next != check->plan.edge_count)
        return "an edge belongs to no unit";
    return why;
}

/* --- the pod ---------------------------------------------------------------------------------------------------- */

static int main_holds(const struct plan *plan)
{
    uint32_t main_unit = plan->pod->main_unit;
    return main_unit == PLAN_NONE || (main_unit < plan->unit_count && plan->units[main_unit].kind == KIND_SERVICE);
}

static const char *refuse_pod_parts(struct check *check)
{
    const struct plan *plan = &check->plan;
    const struct plan_pod *pod = plan->pod;
    const struct claim claims[] = {
        {refuse_text_holds(check, pod->name) && pod->name.size > 0, "the pod has no name"},
        {refuse_text_holds(check, pod->termination_message), "the termination message's path is no string of its blob"},
        {refuse_text_holds(check, pod->default_path), "the default PATH is no string of its blob"},
        {refuse_run_holds(pod->labels, plan->variable_count), "the pod's labels are not in it"},
        {refuse_run_holds(pod->env, plan->variable_count), "the pod's environment is not in it"},
        {main_holds(plan), "the main unit is no service of it"},
        {pod->args_unit == PLAN_NONE || pod->args_unit < plan->unit_count, "the words after -- go to no unit of it"},
        {pod->exact_env <= 1, "the pod's exact_env is neither 0 nor 1"},
        {pod->leave_others <= 1, "the pod's leave_others is neither 0 nor 1"},
        {pod->start_once <= 1, "the pod's start_once is neither 0 nor 1"},
        {pod->plain_hangup <= 1, "the pod's plain_hangup is neither 0 nor 1"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_pod_times(struct check *check)
{
    const struct plan_pod *pod = check->plan.pod;
    const struct claim claims[] = {
        {refuse_duration_holds(pod->deadline_ns), "the pod's deadline is too long"},
        {refuse_duration_holds(pod->budget_ns), "the pod's stop budget is too long"},
        {refuse_duration_holds(pod->retry_ns), "the pod's retry delay is too long"},
        {pod->retry_ns > 0, "what lacks resources would be tried without a pause"},
        {refuse_duration_holds(pod->term_floor_ns), "the least time for a stop is too long"},
        {refuse_duration_holds(pod->round_floor_ns), "the least time between two beginnings is too long"},
        {slice_holds(pod->margin), "the stop budget's margin is no slice of it"},
        {slice_holds(pod->sidecars), "the sidecars' part of the stop budget is no slice of it"},
        {refuse_duration_holds(pod->usage_ns), "the time between two looks at its volumes is too long"},
        {pod->usage_ns > 0, "what its volumes hold would be looked at without a pause"},
        {refuse_duration_holds(pod->eviction_ns), "the time of an eviction is too long"},
        {slice_holds(pod->turn), "the turn's part of the stop budget is no slice of it"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_text(struct check *check)
{
    if (check->text > PLAN_MAX_TEXT)
        return "its strings add up to more than 1 GiB";
    return NULL;
}

const char *refuse_content(const struct plan *plan)
{
    static const char *(*const parts[])(struct check *) = {
        refuse_words, refuse_variables, refuse_numbers, refuse_rules, refuse_units, refuse_edges, refuse_errands,
        refuse_rights, refuse_volumes, refuse_logs, refuse_control, refuse_sources, refuse_pod_parts,
        refuse_pod_times, refuse_text,
    };
    struct check check = {.plan = *plan};
    const char *why = NULL;
    for (size_t i = 0; i < REFUSE_LENGTH(parts) && why == NULL; i++)
        why = parts[i](&check);
    return why;
}
