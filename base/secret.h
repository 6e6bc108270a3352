/* Key bytes: locked in memory, left out of core dumps, wiped at the end, never printed.
 *
 * Owns: its pages.  Threads: read-only after creation, so any. */
#ifndef SLUICE_BASE_SECRET_H
#define SLUICE_BASE_SECRET_H

#include <stddef.h>

#include "base/outcome.h"

struct secret;

/* `len` zero bytes, on pages of their own (mlock where the limit allows, MADV_DONTDUMP, wiped on fork). */
enum outcome secret_create(size_t len, struct secret **secret_out) MUST_CHECK;

/* Wipes and unmaps; sets *secret to NULL. NULL is allowed. */
void secret_destroy(struct secret **secret);

unsigned char *secret_bytes(struct secret *secret);
const unsigned char *secret_view(const struct secret *secret);
size_t secret_len(const struct secret *secret);

/* "(hidden)": what a log or error may say of it. */
const char *secret_text(const struct secret *secret);

#endif
