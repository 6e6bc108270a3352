#include "detect/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *text, const char *decoded) {
    char out[64];
    const size_t len = base64_decode(slice_str(text), out, sizeof out);
    assert_int_equal(len, strlen(decoded));
    assert_memory_equal(out, decoded, len);
}

/* RFC 4648 section 10. */
static void test_vectors(void **state) {
    (void)state;
    expect("", "");
    expect("Zg==", "f");
    expect("Zm8=", "fo");
    expect("Zm9v", "foo");
    expect("Zm9vYg==", "foob");
    expect("Zm9vYmE", "fooba");
    expect("Zm9vYmFy", "foobar");
}

static void test_both_alphabets_and_bad_bytes(void **state) {
    (void)state;
    expect("-_-_", "\xfb\xff\xbf");
    expect("+/+/", "\xfb\xff\xbf");
    expect("Zm9v!Zm9v", "foo");
    expect("Z", "");
}

static void test_stops_at_the_capacity(void **state) {
    (void)state;
    char out[4] = "zzz";
    assert_int_equal(base64_decode(SLICE("Zm9vYmFy"), out, 2), 2);
    assert_memory_equal(out, "foz", 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_both_alphabets_and_bad_bytes),
        cmocka_unit_test(test_stops_at_the_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
