#include "tests/unit/vault/vault_fixture.h"

#include "vault/entry.h"
#include "vault/seal.h"

static struct vault_keyring *keyring;
static struct vault_sealer sealer;
static const unsigned char vault_id[VAULT_ID_LEN] = {7};
static struct vault_scope scope;
static struct token token;
static unsigned char value_hash[VAULT_HMAC_LEN];

static struct vault_keyring *keyring_of(unsigned char first_byte) {
    struct secret *kek = NULL;
    struct vault_keyring *made = NULL;
    assert_int_equal(secret_create(VAULT_KEK_LEN, &kek), OUTCOME_OK);
    secret_bytes(kek)[0] = first_byte;
    assert_int_equal(vault_keyring_create(kek, &made), OUTCOME_OK);
    secret_destroy(&kek);
    return made;
}

static int setup(void **state) {
    (void)state;
    keyring = keyring_of(1);
    vault_sealer_init(&sealer, keyring, vault_id);
    assert_int_equal(vault_scope_derive(keyring, SLICE("tenant"), SLICE("agent"), &scope), OUTCOME_OK);
    assert_int_equal(vault_value_hash(keyring, &scope, SLICE("EMAIL"), 0, SLICE("a@b.example"), value_hash),
                     OUTCOME_OK);
    token = token_build(SLICE("EMAIL"), value_hash);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    vault_sealer_deinit(&sealer);
    vault_keyring_destroy(&keyring);
    return 0;
}

static enum outcome open_record(struct slice record, const struct vault_scope *of, struct slice of_token, char *value,
                                size_t *len_out) {
    struct vault_record parsed;
    const enum outcome outcome = vault_record_parse(record, &parsed);
    if (outcome != OUTCOME_OK) return outcome;
    *len_out = parsed.ciphertext.len;
    return vault_unseal(&sealer, of, of_token, &parsed, value);
}

static struct slice seal(uint32_t epoch, struct slice value, unsigned char *record) {
    assert_int_equal(vault_seal(&sealer, epoch, &scope, token_slice(&token), value_hash, value, record), OUTCOME_OK);
    return slice_of((const char *)record, VAULT_RECORD_HEAD + value.len);
}

static void test_round_trip_of_every_small_length_and_the_longest(void **state) {
    (void)state;
    unsigned char *record = malloc(VAULT_RECORD_LONGEST);
    char *text = malloc(VAULT_VALUE_LONGEST), *found = malloc(VAULT_VALUE_LONGEST);
    for (size_t i = 0; i < VAULT_VALUE_LONGEST; i++) text[i] = (char)(i * 31);
    for (size_t len = 1; len <= VAULT_VALUE_LONGEST; len = len < 70 ? len + 1 : len + 65536 - 70) {
        size_t found_len = 0;
        const struct slice sealed = seal(1, slice_of(text, len), record);
        assert_int_equal(open_record(sealed, &scope, token_slice(&token), found, &found_len), OUTCOME_OK);
        assert_int_equal(found_len, len);
        assert_memory_equal(found, text, len);
    }
    free(record);
    free(text);
    free(found);
}

static void test_the_value_is_not_in_the_record_and_nonces_differ(void **state) {
    (void)state;
    unsigned char first[200], second[200];
    const struct slice value = SLICE("canary-value-12345");
    const struct slice a = seal(1, value, first), b = seal(1, value, second);
    assert_null(memmem(a.data, a.len, value.data, value.len));
    assert_memory_not_equal(a.data, b.data, a.len);
    assert_memory_not_equal(a.data + VAULT_RECORD_HEAD, b.data + VAULT_RECORD_HEAD, value.len);
}

static void test_every_flipped_bit_is_corrupt(void **state) {
    (void)state;
    unsigned char record[200];
    char found[100];
    const struct slice sealed = seal(1, SLICE("jane@corp.example"), record);
    for (size_t at = 0; at < sealed.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            size_t len = 0;
            memset(found, 'x', sizeof found);
            record[at] ^= (unsigned char)(1u << bit);
            assert_int_equal(open_record(sealed, &scope, token_slice(&token), found, &len), OUTCOME_CORRUPT);
            assert_null(memmem(found, sizeof found, "jane", 4));
            record[at] ^= (unsigned char)(1u << bit);
        }
}

static void test_every_truncation_is_corrupt(void **state) {
    (void)state;
    unsigned char record[200];
    char found[200];
    const struct slice sealed = seal(1, SLICE("jane@corp.example"), record);
    for (size_t len = 0; len < sealed.len; len++) {
        size_t found_len = 0;
        assert_int_equal(open_record(slice_of(sealed.data, len), &scope, token_slice(&token), found, &found_len),
                         OUTCOME_CORRUPT);
    }
}

static void test_a_record_belongs_to_its_scope_token_vault_and_key(void **state) {
    (void)state;
    unsigned char record[200];
    char found[100];
    size_t len = 0;
    struct vault_record parsed;
    const struct slice sealed = seal(1, SLICE("jane@corp.example"), record);
    struct vault_scope other_scope = scope;
    other_scope.scope_id[15] ^= 1;
    assert_int_equal(open_record(sealed, &other_scope, token_slice(&token), found, &len), OUTCOME_CORRUPT);
    const struct token other_token = token_build(SLICE("EMAIL"), (const unsigned char *)"anything");
    assert_int_equal(open_record(sealed, &scope, token_slice(&other_token), found, &len), OUTCOME_CORRUPT);
    const struct token other_label = token_build(SLICE("PHONE"), value_hash);
    assert_int_equal(open_record(sealed, &scope, token_slice(&other_label), found, &len), OUTCOME_CORRUPT);
    assert_int_equal(vault_record_parse(sealed, &parsed), OUTCOME_OK);
    const unsigned char other_id[VAULT_ID_LEN] = {8};
    struct vault_sealer other;
    vault_sealer_init(&other, keyring, other_id);
    assert_int_equal(vault_unseal(&other, &scope, token_slice(&token), &parsed, found), OUTCOME_CORRUPT);
    vault_sealer_deinit(&other);
    struct vault_keyring *other_keyring = keyring_of(2);
    vault_sealer_init(&other, other_keyring, vault_id);
    assert_int_equal(vault_unseal(&other, &scope, token_slice(&token), &parsed, found), OUTCOME_CORRUPT);
    vault_sealer_deinit(&other);
    vault_keyring_destroy(&other_keyring);
}

static void test_epochs_alternate(void **state) {
    (void)state;
    unsigned char first[200], second[200];
    char found[100];
    size_t len = 0;
    const struct slice old = seal(1, SLICE("sealed in one"), first), new = seal(2, SLICE("sealed in two"), second);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(open_record(old, &scope, token_slice(&token), found, &len), OUTCOME_OK);
        assert_memory_equal(found, "sealed in one", len);
        assert_int_equal(open_record(new, &scope, token_slice(&token), found, &len), OUTCOME_OK);
        assert_memory_equal(found, "sealed in two", len);
    }
}

static void test_a_grant_belongs_to_its_key(void **state) {
    (void)state;
    char grant[VAULT_GRANT_LEN];
    struct vault_entry_key key = vault_grant_key(&scope, token_slice(&token));
    assert_int_equal(vault_grant_seal(keyring, &key, grant), OUTCOME_OK);
    assert_int_equal(vault_grant_verify(keyring, &key, slice_of(grant, sizeof grant)), OUTCOME_OK);
    assert_int_equal(vault_grant_verify(keyring, &key, slice_of(grant, sizeof grant - 1)), OUTCOME_CORRUPT);
    for (size_t at = 0; at < key.len; at++) {
        key.bytes[at] ^= 1;
        assert_int_equal(vault_grant_verify(keyring, &key, slice_of(grant, sizeof grant)), OUTCOME_CORRUPT);
        key.bytes[at] ^= 1;
    }
    for (size_t at = 0; at < sizeof grant; at++) {
        grant[at] ^= 1;
        assert_int_equal(vault_grant_verify(keyring, &key, slice_of(grant, sizeof grant)), OUTCOME_CORRUPT);
        grant[at] ^= 1;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_of_every_small_length_and_the_longest),
        cmocka_unit_test(test_the_value_is_not_in_the_record_and_nonces_differ),
        cmocka_unit_test(test_every_flipped_bit_is_corrupt),
        cmocka_unit_test(test_every_truncation_is_corrupt),
        cmocka_unit_test(test_a_record_belongs_to_its_scope_token_vault_and_key),
        cmocka_unit_test(test_epochs_alternate),
        cmocka_unit_test(test_a_grant_belongs_to_its_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
