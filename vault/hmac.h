/* HMAC-SHA256 (RFC 2104, FIPS 198-1) with the key's pads hashed once, beforehand.
 *
 * A token costs two compressions instead of four, and no context of mbedTLS is shared while it changes:
 * a key is read-only after init and is cloned to the stack for each hash. It holds no pointers, so it can
 * lie in base/secret.h memory.
 *
 * Threads: a key that is initialised may be used by any number of threads. */
#ifndef SLUICE_VAULT_HMAC_H
#define SLUICE_VAULT_HMAC_H

#include <stdbool.h>
#include <stddef.h>

#include <mbedtls/sha256.h>

#include "base/slice.h"

#define VAULT_HMAC_LEN 32u
#define VAULT_HMAC_KEY_LEN 32u

struct vault_hmac_key {
    mbedtls_sha256_context inner, outer; /* the state after the key xor ipad, and xor opad */
};

/* False when the hash engine failed. */
bool vault_hmac_key_init(struct vault_hmac_key *key, const unsigned char bytes[static VAULT_HMAC_KEY_LEN]);

/* The MAC of the parts, one after the other; false when the hash engine failed: *mac is zero then. The
 * caller makes sure that no two messages share a concatenation. */
bool vault_hmac(const struct vault_hmac_key *key, const struct slice *parts, size_t part_count,
                unsigned char mac[static VAULT_HMAC_LEN]);

/* Compares in a time that depends on `len` alone. */
bool vault_hmac_equal(const void *a, const void *b, size_t len);

#endif
