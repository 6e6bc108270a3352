/* All keys of a vault, derived from one.
 *
 *     KEK (32 bytes, key_file.h) --HKDF-SHA256 (RFC 5869)--> token   value -> token; never rotates
 *                                                            index   scope and agent names -> ids
 *                                                            grant   MAC of a grant
 *                                                            check   recognises a wrong key at open
 *                                                            state   MAC of the vault's state and generation
 *                                                            data root --(vault id, epoch)--> data key
 *
 * Only the data keys depend on the vault's id: replicas that share the KEK compute the same tokens, but
 * never encrypt under the same key, so each may count its own encryptions.
 *
 * Owns:    one base/secret.h allocation. The KEK itself is not kept.
 * Threads: read-only after creation, so any. A forked child finds the keys wiped: see _usable.
 * Errors:  NO_MEMORY, CRYPTO. */
#ifndef SLUICE_VAULT_KEYRING_H
#define SLUICE_VAULT_KEYRING_H

#include <stdint.h>

#include "base/outcome.h"
#include "base/secret.h"
#include "base/slice.h"
#include "vault/hmac.h"

#define VAULT_KEK_LEN 32u
#define VAULT_DATA_KEY_LEN 32u
#define VAULT_ID_LEN 16u

enum vault_key { VAULT_KEY_TOKEN, VAULT_KEY_INDEX, VAULT_KEY_GRANT, VAULT_KEY_CHECK, VAULT_KEY_STATE, VAULT_KEY_COUNT };

struct vault_keyring;

/* `kek` holds VAULT_KEK_LEN bytes; the caller may destroy it afterwards. */
enum outcome vault_keyring_create(const struct secret *kek, struct vault_keyring **keyring_out) MUST_CHECK;

/* Wipes all keys; sets *keyring to NULL. NULL is allowed. */
void vault_keyring_destroy(struct vault_keyring **keyring);

/* False in a forked child, where the kernel has wiped the keys: nothing may be computed with them. */
bool vault_keyring_usable(const struct vault_keyring *keyring);

/* As vault_hmac with that key; CRYPTO when it fails or the keyring is not usable. */
enum outcome vault_keyring_hmac(const struct vault_keyring *keyring, enum vault_key key, const struct slice *parts,
                                size_t part_count, unsigned char mac[static VAULT_HMAC_LEN]) MUST_CHECK;

/* The AES-256 key of an epoch; the caller wipes it. */
enum outcome vault_keyring_data_key(const struct vault_keyring *keyring,
                                    const unsigned char vault_id[static VAULT_ID_LEN], uint32_t epoch,
                                    unsigned char key_out[static VAULT_DATA_KEY_LEN]) MUST_CHECK;

#endif
