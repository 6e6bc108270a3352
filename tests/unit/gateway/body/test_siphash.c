#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "gateway/body/siphash.h"

/* Appendix A of the paper: key 00..0f, message 00..0e; its first eight bytes are the head here. */
static void test_vector_of_the_paper(void **state) {
    (void)state;
    const struct siphash_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    const uint64_t hash = siphash(&key, UINT64_C(0x0706050403020100), SLICE("\x08\x09\x0a\x0b\x0c\x0d\x0e"));
    assert_true(hash == UINT64_C(0xa129ca6149be45e5));
}

static void test_every_input_counts(void **state) {
    (void)state;
    const struct siphash_key key = {{1, 2}};
    const struct siphash_key other = {{1, 3}};
    const uint64_t hash = siphash(&key, 7, SLICE("content"));
    assert_true(hash == siphash(&key, 7, SLICE("content")));
    assert_true(hash != siphash(&other, 7, SLICE("content")));
    assert_true(hash != siphash(&key, 8, SLICE("content")));
    assert_true(hash != siphash(&key, 7, SLICE("contens")));
    assert_true(hash != siphash(&key, 7, SLICE("content\0")));
    assert_true(siphash(&key, 0, slice_of(NULL, 0)) != siphash(&key, 0, SLICE("\0\0\0\0\0\0\0\0")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_of_the_paper),
        cmocka_unit_test(test_every_input_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
