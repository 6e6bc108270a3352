/* Small files that are there after a power failure, or not at all.
 *
 * Owns:    nothing.  Threads: any, one at a time per path.
 * Errors:  CONFLICT (exists already), DENIED, INVALID (path too long), IO for the rest. */
#ifndef SLUICE_VAULT_DURABLE_FILE_H
#define SLUICE_VAULT_DURABLE_FILE_H

#include <stdbool.h>

#include "base/outcome.h"
#include "base/slice.h"

#define VAULT_PATH_MAX 1024u /* the longest path that the room builds, NUL included */

/* `dir`/`name`; false when it is too long. */
bool vault_path_join(char path_out[static VAULT_PATH_MAX], const char *dir, const char *name);

/* Creates `path`, mode 0600, with `bytes`: the file and its entry in the folder are on disk on OK. CONFLICT when
 * something stands there already; on any other error nothing stays behind. */
enum outcome vault_file_create(const char *path, struct slice bytes) MUST_CHECK;

/* Puts `bytes` in the place of what stood at `path`: a reader sees the old or the new bytes, never part of
 * them. Uses `path`.new, mode 0600. */
enum outcome vault_file_replace(const char *path, struct slice bytes) MUST_CHECK;

/* Makes the entry of `path` in its folder durable; the file itself is the caller's to sync. */
enum outcome vault_file_sync_entry(const char *path) MUST_CHECK;

#endif
