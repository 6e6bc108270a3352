#include "tests/unit/vault/vault_fixture.h"

#include <sys/wait.h>

#include "tests/unit/failing_alloc.h"
#include "vault/keyring.h"

static struct vault_keyring *keyring_of(unsigned char first_byte) {
    struct secret *kek = NULL;
    struct vault_keyring *keyring = NULL;
    assert_int_equal(secret_create(VAULT_KEK_LEN, &kek), OUTCOME_OK);
    secret_bytes(kek)[0] = first_byte;
    assert_int_equal(vault_keyring_create(kek, &keyring), OUTCOME_OK);
    secret_destroy(&kek);
    return keyring;
}

static void test_keys_differ_by_purpose_and_kek(void **state) {
    (void)state;
    unsigned char macs[2 * VAULT_KEY_COUNT][VAULT_HMAC_LEN];
    const struct slice text = SLICE("the same text");
    for (unsigned i = 0; i < 2 * VAULT_KEY_COUNT; i++) {
        struct vault_keyring *keyring = keyring_of((unsigned char)(i / VAULT_KEY_COUNT));
        assert_int_equal(vault_keyring_hmac(keyring, i % VAULT_KEY_COUNT, &text, 1, macs[i]), OUTCOME_OK);
        vault_keyring_destroy(&keyring);
        assert_null(keyring);
        for (unsigned j = 0; j < i; j++) assert_memory_not_equal(macs[i], macs[j], VAULT_HMAC_LEN);
    }
}

static void test_data_keys_differ_by_vault_and_epoch(void **state) {
    (void)state;
    struct vault_keyring *keyring = keyring_of(1);
    unsigned char id_a[VAULT_ID_LEN] = {1}, id_b[VAULT_ID_LEN] = {2};
    unsigned char a1[32], a1_again[32], a2[32], b1[32];
    assert_int_equal(vault_keyring_data_key(keyring, id_a, 1, a1), OUTCOME_OK);
    assert_int_equal(vault_keyring_data_key(keyring, id_a, 1, a1_again), OUTCOME_OK);
    assert_int_equal(vault_keyring_data_key(keyring, id_a, 2, a2), OUTCOME_OK);
    assert_int_equal(vault_keyring_data_key(keyring, id_b, 1, b1), OUTCOME_OK);
    assert_memory_equal(a1, a1_again, 32);
    assert_memory_not_equal(a1, a2, 32);
    assert_memory_not_equal(a1, b1, 32);
    vault_keyring_destroy(&keyring);
}

/* The kernel wipes the keys in a child; computing with what is left must be refused. */
static void test_a_forked_child_has_no_keys(void **state) {
    (void)state;
    struct vault_keyring *keyring = keyring_of(1);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        unsigned char mac[VAULT_HMAC_LEN], id[VAULT_ID_LEN] = {0};
        const struct slice text = SLICE("x");
        const bool refused = !vault_keyring_usable(keyring) &&
                             vault_keyring_hmac(keyring, VAULT_KEY_TOKEN, &text, 1, mac) == OUTCOME_CRYPTO &&
                             vault_keyring_data_key(keyring, id, 1, mac) == OUTCOME_CRYPTO;
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(vault_keyring_usable(keyring));
    vault_keyring_destroy(&keyring);
}

static void test_survives_a_failed_allocation(void **state) {
    (void)state;
    struct secret *kek = NULL;
    struct vault_keyring *keyring = NULL;
    assert_int_equal(secret_create(VAULT_KEK_LEN, &kek), OUTCOME_OK);
    failing_alloc_arm(1);
    assert_int_equal(vault_keyring_create(kek, &keyring), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    secret_destroy(&kek);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_differ_by_purpose_and_kek),
        cmocka_unit_test(test_data_keys_differ_by_vault_and_epoch),
        cmocka_unit_test(test_a_forked_child_has_no_keys),
        cmocka_unit_test(test_survives_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
