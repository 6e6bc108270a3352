/* What the vault's tables are keyed by, and what ties an entry to its key.
 *
 *     records   scope id | token               -> a sealed value (seal.h)
 *     grants    agent id | scope id | token    -> MAC of the key: the agent was issued the token
 *
 * A grant is MACed, since whoever can write the file could otherwise grant himself every value.
 *
 * Pure functions over a keyring; any thread. */
#ifndef SLUICE_VAULT_ENTRY_H
#define SLUICE_VAULT_ENTRY_H

#include "vault/keyring.h"
#include "vault/vault.h"

#define VAULT_SCOPE_ID_LEN 16u
#define VAULT_AGENT_ID_LEN 8u
#define VAULT_GRANT_LEN 16u /* of the MAC, truncated */

struct vault_entry_key {
    char bytes[VAULT_AGENT_ID_LEN + VAULT_SCOPE_ID_LEN + TOKEN_LONGEST];
    uint8_t len;
};

static inline struct slice vault_entry_slice(const struct vault_entry_key *key) {
    return slice_of(key->bytes, key->len);
}

/* `token` is at most TOKEN_LONGEST bytes long. */
struct vault_entry_key vault_record_key(const struct vault_scope *scope, struct slice token);
struct vault_entry_key vault_grant_key(const struct vault_scope *scope, struct slice token);

/* What the grants table holds under `key`. CRYPTO. */
enum outcome vault_grant_seal(const struct vault_keyring *keyring, const struct vault_entry_key *key,
                              char grant_out[static VAULT_GRANT_LEN]) MUST_CHECK;

/* CORRUPT when `grant` is not what stands under `key`; CRYPTO. */
enum outcome vault_grant_verify(const struct vault_keyring *keyring, const struct vault_entry_key *key,
                                struct slice grant) MUST_CHECK;

/* HMAC(token key, scope id | length of label | label | counter | value): its first eight bytes choose the
 * token, the whole tells values apart. counter is 0 unless another value has that token. CRYPTO. */
enum outcome vault_value_hash(const struct vault_keyring *keyring, const struct vault_scope *scope, struct slice label,
                              uint32_t counter, struct slice value,
                              unsigned char hash_out[static VAULT_HMAC_LEN]) MUST_CHECK;

/* Names of scope and agent -> ids: the first bytes of HMAC(index key, kind of name | name). CRYPTO. */
enum outcome vault_scope_derive(const struct vault_keyring *keyring, struct slice scope_name, struct slice agent_name,
                                struct vault_scope *scope_out) MUST_CHECK;

#endif
