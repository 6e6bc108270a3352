#include "vault/keyring.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>

#include "base/require.h"
#include "base/wipe.h"
#include "vault/bytes.h"

#define ALIVE 0xa5u /* any byte that wiped memory does not hold */

struct keys {
    unsigned char alive;
    unsigned char data_root[VAULT_DATA_KEY_LEN];
    struct vault_hmac_key hmac[VAULT_KEY_COUNT];
};

struct vault_keyring {
    struct secret *memory; /* holds a struct keys */
};

/* What a key is for; stands in the derivation, so it may never change. */
static const char *const purposes[VAULT_KEY_COUNT] = {
    [VAULT_KEY_TOKEN] = "sluice vault 1 token", [VAULT_KEY_INDEX] = "sluice vault 1 index",
    [VAULT_KEY_GRANT] = "sluice vault 1 grant", [VAULT_KEY_CHECK] = "sluice vault 1 check",
    [VAULT_KEY_STATE] = "sluice vault 1 state",
};
static const char data_root_purpose[] = "sluice vault 1 data";

static const struct keys *keys_of(const struct vault_keyring *keyring) {
    return (const void *)secret_view(keyring->memory);
}

static bool derive(const unsigned char *root, struct slice salt, struct slice purpose, unsigned char *key_out) {
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    return sha256 != NULL &&
           mbedtls_hkdf(sha256, (const unsigned char *)salt.data, salt.len, root, VAULT_KEK_LEN,
                        (const unsigned char *)purpose.data, purpose.len, key_out, VAULT_DATA_KEY_LEN) == 0;
}

static bool derive_hmac_key(const unsigned char *kek, const char *purpose, struct vault_hmac_key *key) {
    unsigned char bytes[VAULT_HMAC_KEY_LEN];
    const bool done = derive(kek, slice_of(NULL, 0), slice_str(purpose), bytes) && vault_hmac_key_init(key, bytes);
    wipe(bytes, sizeof bytes);
    return done;
}

static bool derive_all(const unsigned char *kek, struct keys *keys) {
    for (unsigned i = 0; i < VAULT_KEY_COUNT; i++)
        if (!derive_hmac_key(kek, purposes[i], &keys->hmac[i])) return false;
    keys->alive = ALIVE;
    return derive(kek, slice_of(NULL, 0), slice_str(data_root_purpose), keys->data_root);
}

enum outcome vault_keyring_create(const struct secret *kek, struct vault_keyring **keyring_out) {
    require(secret_len(kek) == VAULT_KEK_LEN);
    struct vault_keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL) return OUTCOME_NO_MEMORY;
    enum outcome outcome = secret_create(sizeof(struct keys), &keyring->memory);
    if (outcome == OUTCOME_OK && !derive_all(secret_view(kek), (void *)secret_bytes(keyring->memory)))
        outcome = OUTCOME_CRYPTO;
    if (outcome != OUTCOME_OK) vault_keyring_destroy(&keyring);
    *keyring_out = keyring;
    return outcome;
}

void vault_keyring_destroy(struct vault_keyring **keyring) {
    if (*keyring == NULL) return;
    secret_destroy(&(*keyring)->memory);
    free(*keyring);
    *keyring = NULL;
}

bool vault_keyring_usable(const struct vault_keyring *keyring) {
    return keys_of(keyring)->alive == ALIVE;
}

enum outcome vault_keyring_hmac(const struct vault_keyring *keyring, enum vault_key key, const struct slice *parts,
                                size_t part_count, unsigned char mac[static VAULT_HMAC_LEN]) {
    if (!vault_keyring_usable(keyring)) return OUTCOME_CRYPTO;
    return vault_hmac(&keys_of(keyring)->hmac[key], parts, part_count, mac) ? OUTCOME_OK : OUTCOME_CRYPTO;
}

enum outcome vault_keyring_data_key(const struct vault_keyring *keyring,
                                    const unsigned char vault_id[static VAULT_ID_LEN], uint32_t epoch,
                                    unsigned char key_out[static VAULT_DATA_KEY_LEN]) {
    if (!vault_keyring_usable(keyring)) return OUTCOME_CRYPTO;
    char number[4];
    vault_bytes_put32((unsigned char *)number, epoch);
    return derive(keys_of(keyring)->data_root, slice_of((const char *)vault_id, VAULT_ID_LEN),
                  slice_of(number, sizeof number), key_out)
               ? OUTCOME_OK
               : OUTCOME_CRYPTO;
}
