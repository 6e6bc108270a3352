/* The vault's generation, kept in a small MACed file outside the vault.
 *
 * Someone who deletes vault.mdb, or puts an older copy in its place, leaves this file behind (or cannot forge it):
 * the next open refuses. Text, so that a person sees what it is:
 *
 *     sluice vault generation 1
 *     id 5f0c...                    vault id, hex
 *     generation 17
 *     mac 09ab...                   HMAC(state key, all lines before), hex
 *
 * Owns:    nothing.  Threads: any, one at a time per path.
 * Errors:  NOT_FOUND, CORRUPT (form or MAC), CRYPTO, IO, DENIED. */
#ifndef SLUICE_VAULT_GENERATION_H
#define SLUICE_VAULT_GENERATION_H

#include "vault/keyring.h"

/* CORRUPT also when it is another vault's. */
enum outcome vault_generation_read(const char *path, const struct vault_keyring *keyring,
                                   const unsigned char vault_id[static VAULT_ID_LEN],
                                   uint64_t *generation_out) MUST_CHECK;

/* Durable on OK; the old or the new content on any other outcome. */
enum outcome vault_generation_write(const char *path, const struct vault_keyring *keyring,
                                    const unsigned char vault_id[static VAULT_ID_LEN], uint64_t generation) MUST_CHECK;

#endif
