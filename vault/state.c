#include "vault/state.h"

#include "vault/bytes.h"
#include "vault/random.h"

#define FORMAT_VERSION 1
#define CHECK_LEN 16u
#define ID_AT 1u
#define CHECK_AT (ID_AT + VAULT_ID_LEN)
#define GENERATION_AT (CHECK_AT + CHECK_LEN)
#define EPOCH_AT (GENERATION_AT + 8u)
#define SEALED_AT (EPOCH_AT + 4u)
#define MAC_AT (SEALED_AT + 8u)

_Static_assert(MAC_AT + VAULT_HMAC_LEN == VAULT_STATE_LEN, "the length in the header");

enum outcome vault_state_create(struct vault_state *state_out) {
    *state_out = (struct vault_state){.epoch = 1};
    return vault_random_fill(state_out->vault_id, VAULT_ID_LEN) ? OUTCOME_OK : OUTCOME_CRYPTO;
}

/* Both MACs of a record: the key check over the id, and the one over all that stands before it. */
static enum outcome compute_macs(const struct vault_keyring *keyring, const char *record, unsigned char *check,
                                 unsigned char *mac) {
    const struct slice id = slice_of(record + ID_AT, VAULT_ID_LEN), whole = slice_of(record, MAC_AT);
    const enum outcome outcome = vault_keyring_hmac(keyring, VAULT_KEY_CHECK, &id, 1, check);
    return outcome == OUTCOME_OK ? vault_keyring_hmac(keyring, VAULT_KEY_STATE, &whole, 1, mac) : outcome;
}

enum outcome vault_state_encode(const struct vault_state *state, const struct vault_keyring *keyring,
                                char record_out[static VAULT_STATE_LEN]) {
    unsigned char check[VAULT_HMAC_LEN], *bytes = (unsigned char *)record_out;
    record_out[0] = FORMAT_VERSION;
    memcpy(record_out + ID_AT, state->vault_id, VAULT_ID_LEN);
    const struct slice id = slice_of(record_out + ID_AT, VAULT_ID_LEN);
    const enum outcome outcome = vault_keyring_hmac(keyring, VAULT_KEY_CHECK, &id, 1, check);
    if (outcome != OUTCOME_OK) return outcome;
    memcpy(record_out + CHECK_AT, check, CHECK_LEN);
    vault_bytes_put64(bytes + GENERATION_AT, state->generation);
    vault_bytes_put32(bytes + EPOCH_AT, state->epoch);
    vault_bytes_put64(bytes + SEALED_AT, state->sealed_count);
    const struct slice whole = slice_of(record_out, MAC_AT);
    return vault_keyring_hmac(keyring, VAULT_KEY_STATE, &whole, 1, bytes + MAC_AT);
}

enum outcome vault_state_decode(struct slice record, const struct vault_keyring *keyring,
                                struct vault_state *state_out) {
    unsigned char check[VAULT_HMAC_LEN], mac[VAULT_HMAC_LEN];
    if (record.len != VAULT_STATE_LEN || record.data[0] != FORMAT_VERSION) return OUTCOME_CORRUPT;
    const enum outcome outcome = compute_macs(keyring, record.data, check, mac);
    if (outcome != OUTCOME_OK) return outcome;
    if (!vault_hmac_equal(check, record.data + CHECK_AT, CHECK_LEN)) return OUTCOME_DENIED;
    if (!vault_hmac_equal(mac, record.data + MAC_AT, sizeof mac)) return OUTCOME_CORRUPT;
    const unsigned char *bytes = (const unsigned char *)record.data;
    memcpy(state_out->vault_id, bytes + ID_AT, VAULT_ID_LEN);
    state_out->generation = vault_bytes_get(bytes + GENERATION_AT, 8);
    state_out->epoch = (uint32_t)vault_bytes_get(bytes + EPOCH_AT, 4);
    state_out->sealed_count = vault_bytes_get(bytes + SEALED_AT, 8);
    return state_out->epoch > 0 ? OUTCOME_OK : OUTCOME_CORRUPT;
}
