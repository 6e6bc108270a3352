/* The tables of a vault on disk: LMDB ends here.
 *
 *     view     a reader's place: begin, get, get, end. Between begin and end it sees one commit, whole; the bytes
 *              that a get answers are views into the map and live until end
 *     write    the one writer's transaction: begin, get, put, commit or abort
 *     growing  the map gets larger when a put or commit answered OVERFLOW. A view takes its own uncontended
 *              lock from begin to end, and growing takes those of all views: it waits for the reads that run
 *              (microseconds), moves the map, and no reader ever looks at the old one
 *
 * Sync flags are LMDB's default: what was committed is on disk. Only a store that is unlinked after opening, and
 * so has nothing to lose, does not wait for the disk.
 *
 * Owns:    the environment; a view its read transaction. Views must be closed before the store.
 * Units:   bytes.
 * Threads: write calls: one thread at a time. A view: one thread at a time. Opening and closing views: any.
 *          Never to be used across fork, and one store a folder and process (the caller's lock file).
 * Errors:  OVERFLOW (map full; or too many views), CORRUPT (no LMDB file, or a damaged one), DENIED, NO_MEMORY, IO.
 *          A file that was cut off reads as CORRUPT; only one that is cut off while it is open raises SIGBUS.
 *          When moving the map fails, the store is lost: everything answers IO until the process restarts. */
#ifndef SLUICE_VAULT_STORE_H
#define SLUICE_VAULT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/slice.h"

enum vault_table { VAULT_TABLE_RECORDS, VAULT_TABLE_GRANTS, VAULT_TABLE_META, VAULT_TABLE_COUNT };

struct vault_store;
struct vault_store_view;

struct vault_store_settings {
    const char *folder;     /* exists; holds data.mdb and lock.mdb, created 0600 */
    size_t map_start_bytes; /* both are rounded up to whole pages; the map never starts smaller than the file */
    size_t map_limit_bytes;
    bool unlinked; /* the caller removes the files after opening: committing need not wait for the disk */
};

/* Creates the tables when they are missing; frees the places of readers that died. */
enum outcome vault_store_open(const struct vault_store_settings *settings, struct vault_store **store_out,
                              struct detail *detail) MUST_CHECK;

/* Sets *store to NULL; NULL is allowed. No view and no write may be open. */
void vault_store_close(struct vault_store **store);

/* The entries of a table as of the last commit; before views exist or between writes. */
enum outcome vault_store_count(struct vault_store *store, enum vault_table table, uint64_t *count_out) MUST_CHECK;

enum outcome vault_store_view_open(struct vault_store *store, struct vault_store_view **view_out) MUST_CHECK;
void vault_store_view_close(struct vault_store_view **view);

/* Nothing is begun unless OK. Costs about 0.1 us; must not be held while waiting for anything. */
enum outcome vault_store_view_begin(struct vault_store_view *view) MUST_CHECK;
void vault_store_view_end(struct vault_store_view *view);

/* NOT_FOUND. *value_out lives until vault_store_view_end. */
enum outcome vault_store_view_get(struct vault_store_view *view, enum vault_table table, struct slice key,
                                  struct slice *value_out) MUST_CHECK;

/* The writer's transaction. get and put are allowed between begin and commit or abort. *value_out lives until the
 * next put. A put over an existing key replaces it. After any failed put the transaction must be aborted. */
enum outcome vault_store_write_begin(struct vault_store *store) MUST_CHECK;
enum outcome vault_store_write_get(struct vault_store *store, enum vault_table table, struct slice key,
                                   struct slice *value_out) MUST_CHECK;
enum outcome vault_store_write_put(struct vault_store *store, enum vault_table table, struct slice key,
                                   struct slice value) MUST_CHECK;
/* Ends the transaction, whatever it answers. Durable on OK; nothing of it is there on anything else. */
enum outcome vault_store_write_commit(struct vault_store *store) MUST_CHECK;
void vault_store_write_abort(struct vault_store *store);

/* Makes the map larger: at least twice as large and by `more_bytes`, up to the limit. No write may be open.
 * OVERFLOW at the limit (or when the address space is too small), with the map as it was. */
enum outcome vault_store_grow(struct vault_store *store, size_t more_bytes) MUST_CHECK;

/* Frees the places of readers that died without closing (LMDB: mdb_reader_check). */
void vault_store_check_readers(struct vault_store *store);

#endif
