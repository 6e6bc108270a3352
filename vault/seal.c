#include "vault/seal.h"

#include "base/require.h"
#include "base/wipe.h"
#include "vault/bytes.h"
#include "vault/entry.h"
#include "vault/random.h"

#define FORMAT_VERSION 1u
#define NONCE_LEN 12u
#define TAG_LEN 16u
#define EPOCH_AT 1u
#define HASH_AT (EPOCH_AT + 4u)
#define NONCE_AT (HASH_AT + VAULT_HMAC_LEN)
#define TAG_AT (NONCE_AT + NONCE_LEN)

_Static_assert(TAG_AT + TAG_LEN == VAULT_RECORD_HEAD, "the layout of the header comment");

struct aad {
    unsigned char bytes[NONCE_AT + 2 + VAULT_SCOPE_ID_LEN + TOKEN_LONGEST];
    size_t len;
};

void vault_sealer_init(struct vault_sealer *sealer, const struct vault_keyring *keyring,
                       const unsigned char vault_id[static VAULT_ID_LEN]) {
    mbedtls_gcm_init(&sealer->gcm);
    sealer->keyring = keyring;
    memcpy(sealer->vault_id, vault_id, VAULT_ID_LEN);
    sealer->epoch = 0;
}

void vault_sealer_deinit(struct vault_sealer *sealer) {
    mbedtls_gcm_free(&sealer->gcm); /* wipes the round keys */
    sealer->epoch = 0;
}

static enum outcome use_epoch(struct vault_sealer *sealer, uint32_t epoch) {
    if (!vault_keyring_usable(sealer->keyring)) return OUTCOME_CRYPTO;
    if (sealer->epoch == epoch) return OUTCOME_OK;
    unsigned char key[VAULT_DATA_KEY_LEN];
    sealer->epoch = 0;
    enum outcome outcome = vault_keyring_data_key(sealer->keyring, sealer->vault_id, epoch, key);
    if (outcome == OUTCOME_OK &&
        mbedtls_gcm_setkey(&sealer->gcm, MBEDTLS_CIPHER_ID_AES, key, 8 * VAULT_DATA_KEY_LEN) != 0)
        outcome = OUTCOME_CRYPTO;
    wipe(key, sizeof key);
    if (outcome == OUTCOME_OK) sealer->epoch = epoch;
    return outcome;
}

/* What stands before the nonce in the record, and what the record belongs to. A token starts with its label,
 * so label and token together are the label's length and the token. */
static struct aad aad_of(const unsigned char *head, const struct vault_scope *scope, struct slice token) {
    struct aad aad = {.len = 0};
    require(token.len > TOKEN_TAIL_LEN && token.len <= TOKEN_LONGEST);
    memcpy(aad.bytes, head, NONCE_AT);
    aad.bytes[NONCE_AT] = (unsigned char)(token.len - TOKEN_TAIL_LEN - 1);
    aad.bytes[NONCE_AT + 1] = (unsigned char)token.len;
    memcpy(aad.bytes + NONCE_AT + 2, scope->scope_id, VAULT_SCOPE_ID_LEN);
    memcpy(aad.bytes + NONCE_AT + 2 + VAULT_SCOPE_ID_LEN, token.data, token.len);
    aad.len = NONCE_AT + 2 + VAULT_SCOPE_ID_LEN + token.len;
    return aad;
}

static void write_head(unsigned char *head, uint32_t epoch, const unsigned char *value_hash) {
    head[0] = FORMAT_VERSION;
    vault_bytes_put32(head + EPOCH_AT, epoch);
    memcpy(head + HASH_AT, value_hash, VAULT_HMAC_LEN);
}

enum outcome vault_seal(struct vault_sealer *sealer, uint32_t epoch, const struct vault_scope *scope,
                        struct slice token, const unsigned char value_hash[static VAULT_HMAC_LEN], struct slice value,
                        unsigned char *record_out) {
    require(epoch > 0 && value.len <= VAULT_VALUE_LONGEST);
    const enum outcome outcome = use_epoch(sealer, epoch);
    if (outcome != OUTCOME_OK) return outcome;
    write_head(record_out, epoch, value_hash);
    const struct aad aad = aad_of(record_out, scope, token);
    if (!vault_random_fill(record_out + NONCE_AT, NONCE_LEN)) return OUTCOME_CRYPTO;
    const int failed = mbedtls_gcm_crypt_and_tag(&sealer->gcm, MBEDTLS_GCM_ENCRYPT, value.len, record_out + NONCE_AT,
                                                 NONCE_LEN, aad.bytes, aad.len, (const unsigned char *)value.data,
                                                 record_out + VAULT_RECORD_HEAD, TAG_LEN, record_out + TAG_AT);
    return failed ? OUTCOME_CRYPTO : OUTCOME_OK;
}

enum outcome vault_record_parse(struct slice record, struct vault_record *parsed_out) {
    if (record.len <= VAULT_RECORD_HEAD || record.len > VAULT_RECORD_LONGEST || record.data[0] != FORMAT_VERSION)
        return OUTCOME_CORRUPT;
    *parsed_out = (struct vault_record){
        .value_hash = slice_of(record.data + HASH_AT, VAULT_HMAC_LEN),
        .nonce = slice_of(record.data + NONCE_AT, NONCE_LEN),
        .tag = slice_of(record.data + TAG_AT, TAG_LEN),
        .ciphertext = slice_range(record, VAULT_RECORD_HEAD, record.len),
        .epoch = (uint32_t)vault_bytes_get((const unsigned char *)record.data + EPOCH_AT, 4),
    };
    return parsed_out->epoch > 0 ? OUTCOME_OK : OUTCOME_CORRUPT;
}

enum outcome vault_unseal(struct vault_sealer *sealer, const struct vault_scope *scope, struct slice token,
                          const struct vault_record *record, char *value_out) {
    const enum outcome outcome = use_epoch(sealer, record->epoch);
    if (outcome != OUTCOME_OK) return outcome;
    unsigned char head[NONCE_AT];
    write_head(head, record->epoch, (const unsigned char *)record->value_hash.data);
    const struct aad aad = aad_of(head, scope, token);
    const int failed =
        mbedtls_gcm_auth_decrypt(&sealer->gcm, record->ciphertext.len, (const unsigned char *)record->nonce.data,
                                 NONCE_LEN, aad.bytes, aad.len, (const unsigned char *)record->tag.data, TAG_LEN,
                                 (const unsigned char *)record->ciphertext.data, (unsigned char *)value_out);
    if (failed == 0) return OUTCOME_OK;
    wipe(value_out, record->ciphertext.len);
    return failed == MBEDTLS_ERR_GCM_AUTH_FAILED ? OUTCOME_CORRUPT : OUTCOME_CRYPTO;
}
