/* Durations and moments as people write them. Pure: no clock. */
#ifndef MOMENT_H
#define MOMENT_H

#include <stdint.h>

/* "10s", "1m30s", "250ms", "1.5": ns, below PLAN_MAX_NS. 0: none of these. */
int moment_duration(const char *text, uint64_t *ns);

/* RFC 3339, "2026-01-31T23:59:59.25+01:00" or with Z: ns since 1970, 0 for what was before. 0: none. */
int moment_parse(const char *text, uint64_t *wall);

#endif
