#include "vault/hmac.h"

#include <mbedtls/constant_time.h>
#include <mbedtls/version.h>

#include "base/wipe.h"

#define BLOCK_LEN 64u

/* The one difference between mbedTLS 2.28 and 3.x in this room: the names of the calls that report errors. */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define SHA256_STARTS mbedtls_sha256_starts
#define SHA256_UPDATE mbedtls_sha256_update
#define SHA256_FINISH mbedtls_sha256_finish
#else
#define SHA256_STARTS mbedtls_sha256_starts_ret
#define SHA256_UPDATE mbedtls_sha256_update_ret
#define SHA256_FINISH mbedtls_sha256_finish_ret
#endif

static bool absorb_pad(mbedtls_sha256_context *state, const unsigned char *key, unsigned char pad) {
    unsigned char block[BLOCK_LEN];
    memset(block, pad, sizeof block);
    for (unsigned i = 0; i < VAULT_HMAC_KEY_LEN; i++) block[i] ^= key[i];
    mbedtls_sha256_init(state);
    const bool done = SHA256_STARTS(state, 0) == 0 && SHA256_UPDATE(state, block, sizeof block) == 0;
    wipe(block, sizeof block);
    return done;
}

bool vault_hmac_key_init(struct vault_hmac_key *key, const unsigned char bytes[static VAULT_HMAC_KEY_LEN]) {
    return absorb_pad(&key->inner, bytes, 0x36) && absorb_pad(&key->outer, bytes, 0x5c);
}

static bool hash_inner(mbedtls_sha256_context *state, const struct slice *parts, size_t part_count,
                       unsigned char *digest) {
    for (size_t i = 0; i < part_count; i++)
        if (SHA256_UPDATE(state, (const unsigned char *)parts[i].data, parts[i].len) != 0) return false;
    return SHA256_FINISH(state, digest) == 0;
}

bool vault_hmac(const struct vault_hmac_key *key, const struct slice *parts, size_t part_count,
                unsigned char mac[static VAULT_HMAC_LEN]) {
    mbedtls_sha256_context state;
    unsigned char digest[VAULT_HMAC_LEN];
    mbedtls_sha256_init(&state);
    mbedtls_sha256_clone(&state, &key->inner);
    bool done = hash_inner(&state, parts, part_count, digest);
    mbedtls_sha256_clone(&state, &key->outer);
    done = done && SHA256_UPDATE(&state, digest, sizeof digest) == 0 && SHA256_FINISH(&state, mac) == 0;
    mbedtls_sha256_free(&state); /* wipes */
    wipe(digest, sizeof digest);
    if (!done) memset(mac, 0, VAULT_HMAC_LEN);
    return done;
}

bool vault_hmac_equal(const void *a, const void *b, size_t len) {
    return mbedtls_ct_memcmp(a, b, len) == 0;
}
