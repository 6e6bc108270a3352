/* The one thread that writes: each group of queued values becomes one transaction.
 *
 *     for each write: is the token free, this value's, or another's?   free: seal and put    another's: CONFLICT
 *                     is it granted to the agent?                      no: put the grant
 *     put the state (encryptions so far, epoch, generation); commit; sync
 *
 * A value that cannot be sealed fails alone. A table that cannot be written, or a commit that fails, fails the whole
 * group. A full map is grown and the group tried once more.
 *
 * The generation advances at open, every 1024 commits, and at close when anything was written since. The vault is
 * always written before the file outside, so the file is equal to the vault or one behind, never ahead.
 *
 * Owns:    the write side of the store, the vault's state, a sealer, a buffer for one record.
 * Threads: start and stop from the opening thread; vault_writer_commit on the worker's thread; counts any. */
#ifndef SLUICE_VAULT_WRITER_H
#define SLUICE_VAULT_WRITER_H

#include <stdatomic.h>

#include "vault/durable_file.h"
#include "vault/seal.h"
#include "vault/state.h"
#include "vault/store.h"
#include "vault/vault.h"

struct vault_writer {
    struct vault_store *store;
    const struct vault_keyring *keyring;
    struct vault_state state;    /* as committed, but encryptions count also when a commit failed */
    const char *generation_path; /* NULL: no file outside */
    uint64_t generation_outside; /* what the file says */
    unsigned commits_in_generation;
    uint64_t readers_checked_ns;
    struct vault_sealer sealer;
    _Atomic uint64_t records, commits, writes, conflicts;
    unsigned char record[VAULT_RECORD_LONGEST];
};

/* `state` is what the store holds. Store, keyring and path must outlive the writer. */
void vault_writer_init(struct vault_writer *writer, struct vault_store *store, const struct vault_keyring *keyring,
                       const struct vault_state *state, const char *generation_path, uint64_t generation_outside);

/* Moves the generation on, inside and outside. IO, OVERFLOW, CRYPTO, DENIED. */
enum outcome vault_writer_advance(struct vault_writer *writer) MUST_CHECK;

/* A batch_commit_fn; `owner` is the writer, each item the first member of a struct vault_write. */
void vault_writer_commit(void *owner, struct batch_item *first);

/* Advances the generation when anything was committed since (best effort: nothing is lost when it fails). */
void vault_writer_deinit(struct vault_writer *writer);

#endif
