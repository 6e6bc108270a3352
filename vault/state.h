/* What a vault knows about itself: one MACed record in its `meta` table.
 *
 *     vault id       random; part of the data keys
 *     generation     counts upwards while the vault is used; a copy outside tells when the vault was set back
 *     epoch          of the data key that encrypts now, and how many encryptions it has done
 *
 * The key check inside tells a wrong key from edited bytes.
 * Pure functions; any thread. */
#ifndef SLUICE_VAULT_STATE_H
#define SLUICE_VAULT_STATE_H

#include "vault/keyring.h"

#define VAULT_STATE_LEN 85u

struct vault_state {
    unsigned char vault_id[VAULT_ID_LEN];
    uint64_t generation;
    uint64_t sealed_count; /* in this epoch */
    uint32_t epoch;
};

/* A new vault: random id, epoch 1, generation 0 (none is committed yet). CRYPTO when there are no random bytes. */
enum outcome vault_state_create(struct vault_state *state_out) MUST_CHECK;

/* CRYPTO. */
enum outcome vault_state_encode(const struct vault_state *state, const struct vault_keyring *keyring,
                                char record_out[static VAULT_STATE_LEN]) MUST_CHECK;

/* DENIED: the keyring is of another key. CORRUPT: it does not verify. CRYPTO. */
enum outcome vault_state_decode(struct slice record, const struct vault_keyring *keyring,
                                struct vault_state *state_out) MUST_CHECK;

#endif
