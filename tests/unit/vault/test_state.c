#include "tests/unit/vault/vault_fixture.h"

#include "vault/generation.h"
#include "vault/state.h"

static struct test_folder folder;
static struct vault_keyring *keyring, *other_keyring;
static const unsigned char vault_id[VAULT_ID_LEN] = {7}, other_id[VAULT_ID_LEN] = {8};

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
    folder = folder_make();
    keyring = keyring_of(1);
    other_keyring = keyring_of(2);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    vault_keyring_destroy(&keyring);
    vault_keyring_destroy(&other_keyring);
    folder_remove(&folder);
    return 0;
}

static void test_state_round_trip(void **state) {
    (void)state;
    struct vault_state made, again, found;
    char record[VAULT_STATE_LEN];
    assert_int_equal(vault_state_create(&made), OUTCOME_OK);
    assert_int_equal(vault_state_create(&again), OUTCOME_OK);
    assert_memory_not_equal(made.vault_id, again.vault_id, VAULT_ID_LEN);
    made.generation = UINT64_C(0x0102030405060708);
    made.sealed_count = UINT64_C(1) << 31;
    made.epoch = 0x0a0b0c0d;
    assert_int_equal(vault_state_encode(&made, keyring, record), OUTCOME_OK);
    assert_int_equal(vault_state_decode(slice_of(record, sizeof record), keyring, &found), OUTCOME_OK);
    assert_memory_equal(found.vault_id, made.vault_id, VAULT_ID_LEN);
    assert_true(found.generation == made.generation && found.sealed_count == made.sealed_count);
    assert_int_equal(found.epoch, made.epoch);
}

static void test_state_tells_a_wrong_key_from_edited_bytes(void **state) {
    (void)state;
    struct vault_state made, found;
    char record[VAULT_STATE_LEN];
    assert_int_equal(vault_state_create(&made), OUTCOME_OK);
    assert_int_equal(vault_state_encode(&made, keyring, record), OUTCOME_OK);
    const struct slice whole = slice_of(record, sizeof record);
    assert_int_equal(vault_state_decode(whole, other_keyring, &found), OUTCOME_DENIED);
    for (size_t len = 0; len < sizeof record; len++)
        assert_int_equal(vault_state_decode(slice_of(record, len), keyring, &found), OUTCOME_CORRUPT);
    for (size_t at = 0; at < sizeof record; at++) {
        record[at] ^= 0x10;
        const enum outcome outcome = vault_state_decode(whole, keyring, &found);
        /* In the id and in the check itself an edit looks like another key: refused all the same. */
        assert_int_equal(outcome, at >= 1 && at < 33 ? OUTCOME_DENIED : OUTCOME_CORRUPT);
        record[at] ^= 0x10;
    }
}

static void test_generation_round_trip(void **state) {
    (void)state;
    static const uint64_t numbers[] = {0, 1, 9, 10, 12345678901234567ull, UINT64_MAX};
    const char *path = folder_path(&folder, "vault.generation");
    uint64_t found = 1;
    assert_int_equal(vault_generation_read(path, keyring, vault_id, &found), OUTCOME_NOT_FOUND);
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_int_equal(vault_generation_write(path, keyring, vault_id, numbers[i]), OUTCOME_OK);
        assert_int_equal(vault_generation_read(path, keyring, vault_id, &found), OUTCOME_OK);
        assert_true(found == numbers[i]);
    }
    assert_int_equal(vault_generation_read(path, other_keyring, vault_id, &found), OUTCOME_CORRUPT);
    assert_int_equal(vault_generation_read(path, keyring, other_id, &found), OUTCOME_CORRUPT);
    assert_int_equal(access(folder_path(&folder, "vault.generation.new"), F_OK), -1);
}

static void test_generation_refuses_every_edit(void **state) {
    (void)state;
    const char *path = folder_path(&folder, "vault.generation");
    char text[400];
    uint64_t found = 0;
    assert_int_equal(vault_generation_write(path, keyring, vault_id, 42), OUTCOME_OK);
    const size_t len = file_read(path, text, 300);
    for (size_t at = 0; at < len; at++) {
        text[at] ^= 1;
        file_write(path, text, len, 0600);
        assert_int_equal(vault_generation_read(path, keyring, vault_id, &found), OUTCOME_CORRUPT);
        text[at] ^= 1;
        file_write(path, text, at, 0600);
        assert_int_equal(vault_generation_read(path, keyring, vault_id, &found), OUTCOME_CORRUPT);
    }
    memset(text + len, '\n', sizeof text - len);
    file_write(path, text, sizeof text, 0600);
    assert_int_equal(vault_generation_read(path, keyring, vault_id, &found), OUTCOME_CORRUPT);
    file_write(path, text, len, 0600);
    assert_int_equal(vault_generation_read(path, keyring, vault_id, &found), OUTCOME_OK);
}

static void test_generation_keeps_the_old_file_when_it_cannot_write(void **state) {
    (void)state;
    uint64_t found = 0;
    const char *path = folder_path(&folder, "vault.generation"), *fresh = folder_path(&folder, "vault.generation.new");
    assert_int_equal(vault_generation_write(path, keyring, vault_id, 42), OUTCOME_OK);
    assert_int_equal(mkdir(fresh, 0700), 0); /* in the way of the new file */
    assert_int_not_equal(vault_generation_write(path, keyring, vault_id, 43), OUTCOME_OK);
    assert_int_equal(vault_generation_read(path, keyring, vault_id, &found), OUTCOME_OK);
    assert_int_equal(found, 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_state_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_tells_a_wrong_key_from_edited_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_generation_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_generation_refuses_every_edit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_generation_keeps_the_old_file_when_it_cannot_write, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
