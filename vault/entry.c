#include "vault/entry.h"

#include "base/require.h"
#include "vault/bytes.h"

_Static_assert(sizeof((struct vault_scope *)0)->scope_id == VAULT_SCOPE_ID_LEN, "the id is cut to fit");
_Static_assert(sizeof((struct vault_scope *)0)->agent_id == VAULT_AGENT_ID_LEN, "the id is cut to fit");

static struct slice scope_id_slice(const struct vault_scope *scope) {
    return slice_of((const char *)scope->scope_id, sizeof scope->scope_id);
}

static void key_append(struct vault_entry_key *key, struct slice part) {
    require(part.len <= sizeof key->bytes - key->len);
    memcpy(key->bytes + key->len, part.data, part.len);
    key->len = (uint8_t)(key->len + part.len);
}

struct vault_entry_key vault_record_key(const struct vault_scope *scope, struct slice token) {
    struct vault_entry_key key = {.len = 0};
    key_append(&key, scope_id_slice(scope));
    key_append(&key, token);
    return key;
}

struct vault_entry_key vault_grant_key(const struct vault_scope *scope, struct slice token) {
    struct vault_entry_key key = {.len = 0};
    key_append(&key, slice_of((const char *)scope->agent_id, sizeof scope->agent_id));
    key_append(&key, scope_id_slice(scope));
    key_append(&key, token);
    return key;
}

enum outcome vault_grant_seal(const struct vault_keyring *keyring, const struct vault_entry_key *key,
                              char grant_out[static VAULT_GRANT_LEN]) {
    const struct slice parts[] = {vault_entry_slice(key)};
    unsigned char mac[VAULT_HMAC_LEN];
    const enum outcome outcome = vault_keyring_hmac(keyring, VAULT_KEY_GRANT, parts, 1, mac);
    memcpy(grant_out, mac, VAULT_GRANT_LEN);
    return outcome;
}

enum outcome vault_grant_verify(const struct vault_keyring *keyring, const struct vault_entry_key *key,
                                struct slice grant) {
    char expected[VAULT_GRANT_LEN];
    const enum outcome outcome = vault_grant_seal(keyring, key, expected);
    if (outcome != OUTCOME_OK) return outcome;
    const bool genuine = grant.len == sizeof expected && vault_hmac_equal(grant.data, expected, sizeof expected);
    return genuine ? OUTCOME_OK : OUTCOME_CORRUPT;
}

enum outcome vault_value_hash(const struct vault_keyring *keyring, const struct vault_scope *scope, struct slice label,
                              uint32_t counter, struct slice value, unsigned char hash_out[static VAULT_HMAC_LEN]) {
    char label_len = (char)label.len, number[4];
    vault_bytes_put32((unsigned char *)number, counter);
    const struct slice parts[] = {scope_id_slice(scope), slice_of(&label_len, 1), label,
                                  slice_of(number, sizeof number), value};
    return vault_keyring_hmac(keyring, VAULT_KEY_TOKEN, parts, sizeof parts / sizeof parts[0], hash_out);
}

static enum outcome derive_id(const struct vault_keyring *keyring, struct slice kind, struct slice name,
                              unsigned char *id_out, size_t id_len) {
    const struct slice parts[] = {kind, name};
    unsigned char mac[VAULT_HMAC_LEN];
    const enum outcome outcome = vault_keyring_hmac(keyring, VAULT_KEY_INDEX, parts, 2, mac);
    memcpy(id_out, mac, id_len);
    return outcome;
}

enum outcome vault_scope_derive(const struct vault_keyring *keyring, struct slice scope_name, struct slice agent_name,
                                struct vault_scope *scope_out) {
    const enum outcome outcome =
        derive_id(keyring, SLICE("scope:"), scope_name, scope_out->scope_id, sizeof scope_out->scope_id);
    if (outcome != OUTCOME_OK) return outcome;
    return derive_id(keyring, SLICE("agent:"), agent_name, scope_out->agent_id, sizeof scope_out->agent_id);
}
