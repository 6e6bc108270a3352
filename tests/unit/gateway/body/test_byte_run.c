#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "gateway/body/byte_run.h"

#define LONGEST 70

typedef const char *run_fn(const char *at, const char *end);

static const char *plain_bytes(const char *at, const char *end) {
    while (at < end && byte_is_plain(*at)) at++;
    return at;
}

static const char *line_bytes(const char *at, const char *end) {
    while (at < end && *at != '\n' && *at != '\r') at++;
    return at;
}

/* Every byte value at every place of every length, in a block that ends where the run may end. */
static void compare(run_fn *run, run_fn *expected) {
    for (size_t len = 0; len <= LONGEST; len++) {
        char *text = malloc(len + 1);
        assert_non_null(text);
        for (size_t at = 0; at < len; at++)
            for (int byte = 0; byte < 256; byte++) {
                memset(text, 'a', len);
                text[at] = (char)byte;
                assert_ptr_equal(run(text, text + len), expected(text, text + len));
            }
        memset(text, 'a', len);
        assert_ptr_equal(run(text, text + len), text + len);
        free(text);
    }
}

static void test_plain_words(void **state) {
    (void)state;
    compare(byte_run_plain_words, plain_bytes);
}

static void test_line_words(void **state) {
    (void)state;
    compare(byte_run_line_words, line_bytes);
}

static void test_plain_native(void **state) {
    (void)state;
    compare(byte_run_plain, plain_bytes);
}

static void test_line_native(void **state) {
    (void)state;
    compare(byte_run_line, line_bytes);
}

/* A borrow in the word version may mark bytes above a hit, never below it. */
static void test_two_hits(void **state) {
    (void)state;
    char text[24];
    for (size_t first = 0; first < sizeof text; first++)
        for (size_t second = 0; second < sizeof text; second++) {
            memset(text, 0x21, sizeof text);
            text[first] = 0x1f;
            text[second] = '"';
            assert_ptr_equal(byte_run_plain_words(text, text + sizeof text), plain_bytes(text, text + sizeof text));
            assert_ptr_equal(byte_run_plain(text, text + sizeof text), plain_bytes(text, text + sizeof text));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_words), cmocka_unit_test(test_line_words), cmocka_unit_test(test_plain_native),
        cmocka_unit_test(test_line_native), cmocka_unit_test(test_two_hits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
