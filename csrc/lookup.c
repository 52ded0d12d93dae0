/* Single lookups of the policy tables, for Python in process: conformance tests ask the tables that PID 1 is built
 * with. It must never keep state, and PID 1 itself never calls it: step.c has its own.
 */

#define POLICY_TABLES
#include "policy_tables.h"

#include <string.h>

#include "core_api.h"

struct sheet { const struct cell *cells; uint32_t rows, columns; };

static const struct sheet sheets[] = {
    {&lifecycle_cells[0][0], LIFE_COUNT, LIFE_EVENT_COUNT},
    {&want_cells[0][0], WANT_COUNT, WANT_EVENT_COUNT},
    {&pod_cells[0][0], POD_COUNT, POD_EVENT_COUNT},
    {&startup_cells[0][0], PROBE_COUNT, PROBE_EVENT_COUNT},
    {&liveness_cells[0][0], PROBE_COUNT, PROBE_EVENT_COUNT},
    {&readiness_cells[0][0], PROBE_COUNT, PROBE_EVENT_COUNT},
};

static int copy(const struct cell *cell, uint8_t out[6])
{
    _Static_assert(sizeof *cell == 6, "kind, next and four actions");
    memcpy(out, cell, sizeof *cell);
    return 0;
}

int policy_phase(uint32_t bits) { return bits < sizeof phase_cells ? phase_cells[bits] : -1; }

int policy_verdict(uint32_t rule, uint32_t want, uint32_t exit_class, uint32_t budget)
{
    if (rule >= RULE_COUNT || want >= WANT_COUNT || exit_class >= EXIT_CLASS_COUNT || budget >= BUDGET_COUNT)
        return -1;
    return verdict_cells[rule][want][exit_class][budget];
}

int policy_cell(uint32_t machine, uint32_t state, uint32_t event, uint8_t out[6])
{
    const struct sheet *sheet = sheets + machine;
    if (machine >= sizeof sheets / sizeof *sheets || state >= sheet->rows || event >= sheet->columns)
        return -1;
    return copy(&sheet->cells[state * sheet->columns + event], out);
}

int policy_fate(uint32_t standing, uint32_t outcome, uint8_t out[6])
{
    if (standing >= STANDING_COUNT || outcome >= OUTCOME_COUNT)
        return -1;
    return copy(&fate_cells[standing][outcome], out);
}
