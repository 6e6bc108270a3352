#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include <mbedtls/md.h>

#include "vault/hmac.h"

static void reference(const unsigned char *key, const char *text, size_t len, unsigned char *mac) {
    assert_int_equal(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, VAULT_HMAC_KEY_LEN,
                                     (const unsigned char *)text, len, mac),
                     0);
}

/* RFC 4231, test case 2: a key that is shorter than ours counts as one that is padded with zeros. */
static void test_rfc_4231(void **state) {
    (void)state;
    static const unsigned char expected[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                                             0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                                             0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    unsigned char key_bytes[VAULT_HMAC_KEY_LEN] = "Jefe", mac[VAULT_HMAC_LEN];
    struct vault_hmac_key key;
    assert_true(vault_hmac_key_init(&key, key_bytes));
    const struct slice text = SLICE("what do ya want for nothing?");
    assert_true(vault_hmac(&key, &text, 1, mac));
    assert_memory_equal(mac, expected, sizeof expected);
}

static void test_parts_and_lengths_agree_with_the_library(void **state) {
    (void)state;
    char text[300];
    unsigned char key_bytes[VAULT_HMAC_KEY_LEN], mac[VAULT_HMAC_LEN], expected[VAULT_HMAC_LEN];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7 + 1);
    for (unsigned i = 0; i < sizeof key_bytes; i++) key_bytes[i] = (unsigned char)(200 - i);
    struct vault_hmac_key key;
    assert_true(vault_hmac_key_init(&key, key_bytes));
    for (size_t len = 0; len <= sizeof text; len++) {
        const size_t cut = len / 3;
        const struct slice parts[] = {slice_of(text, cut), slice_of(NULL, 0), slice_of(text + cut, len - cut)};
        reference(key_bytes, text, len, expected);
        assert_true(vault_hmac(&key, parts, 3, mac));
        assert_memory_equal(mac, expected, sizeof mac);
    }
}

static void test_a_key_is_not_changed_by_use(void **state) {
    (void)state;
    const unsigned char key_bytes[VAULT_HMAC_KEY_LEN] = {1, 2, 3};
    struct vault_hmac_key key, before;
    unsigned char mac[VAULT_HMAC_LEN];
    assert_true(vault_hmac_key_init(&key, key_bytes));
    memcpy(&before, &key, sizeof key);
    const struct slice text = SLICE("x");
    assert_true(vault_hmac(&key, &text, 1, mac));
    assert_memory_equal(&before, &key, sizeof key);
}

static void test_equal(void **state) {
    (void)state;
    assert_true(vault_hmac_equal("abc", "abc", 3));
    assert_false(vault_hmac_equal("abc", "abd", 3));
    assert_false(vault_hmac_equal("abc", "Abc", 3));
    assert_true(vault_hmac_equal("abc", "abd", 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_4231),
        cmocka_unit_test(test_parts_and_lengths_agree_with_the_library),
        cmocka_unit_test(test_a_key_is_not_changed_by_use),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
