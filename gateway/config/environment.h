/* `${NAME}` and `${NAME:-default}` in a scalar of the configuration. `$${` stands for a literal `${`.
 *
 * Replaced text is not searched again. What comes out may be a key: it goes into a buffer, which is wiped. */
#ifndef SLUICE_GATEWAY_CONFIG_ENVIRONMENT_H
#define SLUICE_GATEWAY_CONFIG_ENVIRONMENT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/outcome.h"
#include "base/slice.h"

/* True when `text` holds anything to replace. */
bool environment_used(struct slice text);

/* Appends `text` with its variables replaced. INVALID with detail (the variable's name, never a value) for
 * a variable that is not set and has no default, or a `${` without an end; NO_MEMORY. An empty variable is
 * set, but `:-` takes the default for it, as in a shell. */
enum outcome environment_expand(struct slice text, struct buffer *out, struct detail *detail) MUST_CHECK;

#endif
