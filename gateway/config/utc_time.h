/* A moment as configuration writes it: `2026-12-31` (its first moment) or `2026-12-31T18:00:00Z`. */
#ifndef SLUICE_GATEWAY_CONFIG_UTC_TIME_H
#define SLUICE_GATEWAY_CONFIG_UTC_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* RFC 3339 section 5.6, UTC and whole seconds only; years 1970 to 9999; days that exist. */
bool utc_time_parse(struct slice text, uint64_t *ms_out);

#endif
