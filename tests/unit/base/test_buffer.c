#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "unit/failing_alloc.h"

static void assert_holds(const struct buffer *buffer, const char *text) {
    assert_int_equal(buffer->len, strlen(text));
    assert_memory_equal(buffer->data, text, buffer->len);
}

static void appends_of_every_kind(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 0);
    buffer_append(&buffer, slice_of(NULL, 0));
    assert_null(buffer.data);
    buffer_append(&buffer, SLICE("a\0b"));
    assert_int_equal(buffer.len, 3);
    buffer_clear(&buffer);
    buffer_append_str(&buffer, "n=");
    buffer_append_u64(&buffer, 0);
    buffer_append_char(&buffer, ' ');
    buffer_append_u64(&buffer, 18446744073709551615u);
    buffer_append_format(&buffer, " %s-%03d", "x", 7);
    buffer_append_format(&buffer, "%s", "");
    assert_holds(&buffer, "n=0 18446744073709551615 x-007");
    assert_false(buffer.failed);
    buffer_deinit(&buffer);
    assert_null(buffer.data);
    buffer_deinit(&buffer);
}

static void the_limit_is_exact_and_its_failure_sticks(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    buffer_append_str(&buffer, "12345678");
    assert_false(buffer.failed);
    buffer_append(&buffer, slice_of(NULL, 0));
    assert_false(buffer.failed);
    buffer_append_char(&buffer, '9');
    assert_true(buffer.failed);
    assert_holds(&buffer, "12345678");
    buffer_consume(&buffer, 4);
    buffer_append_char(&buffer, '9');
    buffer_append_u64(&buffer, 1);
    buffer_append_format(&buffer, "%d", 1);
    assert_false(buffer_reserve(&buffer, 0));
    assert_holds(&buffer, "5678");
    buffer_clear(&buffer);
    assert_false(buffer.failed);
    buffer_append_str(&buffer, "again");
    assert_holds(&buffer, "again");
    buffer_deinit(&buffer);
}

static void a_part_is_never_appended(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    buffer_append_str(&buffer, "12345");
    buffer_append_format(&buffer, "%s", "6789012345");
    assert_true(buffer.failed);
    assert_holds(&buffer, "12345");
    buffer_deinit(&buffer);
}

static void sizes_near_the_top_do_not_wrap(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 0);
    buffer_append_char(&buffer, 'x');
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    buffer_clear(&buffer);
    assert_false(buffer_reserve(&buffer, SIZE_MAX / 2 + 1));
    buffer_deinit(&buffer);
    buffer_init(&buffer, SIZE_MAX);
    buffer_append_char(&buffer, 'x');
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    buffer_deinit(&buffer);
}

static void a_reserve_is_room_to_write_into(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100000);
    for (size_t bytes = 1; bytes < 90000; bytes *= 3) {
        assert_true(buffer_reserve(&buffer, bytes));
        assert_true(buffer.capacity_bytes - buffer.len >= bytes);
        assert_true(buffer.capacity_bytes <= 100000);
        memset(buffer.data + buffer.len, 'r', bytes);
    }
    buffer_deinit(&buffer);
}

static void what_is_consumed_or_cleared_is_wiped(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 0);
    buffer_append_str(&buffer, "secretrest");
    buffer_consume(&buffer, 6);
    assert_holds(&buffer, "rest");
    assert_memory_equal(buffer.data, "rest\0\0\0\0\0\0", 10);
    buffer_consume(&buffer, 0);
    assert_holds(&buffer, "rest");
    buffer_consume(&buffer, 4);
    assert_int_equal(buffer.len, 0);
    buffer_append_str(&buffer, "secret");
    buffer_clear(&buffer);
    assert_memory_equal(buffer.data, "\0\0\0\0\0\0\0\0\0\0", 10);
    buffer_deinit(&buffer);
}

/* Random operations on a buffer and on a plain array beside it. */
static void agrees_with_a_model(void **state) {
    (void)state;
    const char *given = getenv("SLUICE_TEST_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("SLUICE_TEST_SEED=%u\n", seed);
    enum { LIMIT = 3000 };
    static char model[LIMIT];
    size_t model_len = 0;
    struct buffer buffer;
    buffer_init(&buffer, LIMIT);
    for (int step = 0; step < 20000; step++) {
        char bytes[300];
        const size_t len = (size_t)rand_r(&seed) % sizeof bytes;
        for (size_t i = 0; i < len; i++) bytes[i] = (char)rand_r(&seed);
        switch (rand_r(&seed) % 4) {
        case 0:
        case 1:
            if (model_len + len > LIMIT) {
                buffer_append(&buffer, slice_of(bytes, len));
                assert_true(buffer.failed);
                buffer_clear(&buffer);
                model_len = 0;
                break;
            }
            buffer_append(&buffer, slice_of(bytes, len));
            memcpy(model + model_len, bytes, len);
            model_len += len;
            break;
        case 2: {
            const size_t gone = model_len ? len % model_len : 0;
            buffer_consume(&buffer, gone);
            memmove(model, model + gone, model_len - gone);
            model_len -= gone;
            break;
        }
        default: assert_true(buffer.failed == false && buffer.capacity_bytes <= LIMIT);
        }
        assert_int_equal(buffer.len, model_len);
        if (model_len) assert_memory_equal(buffer.data, model, model_len);
    }
    buffer_deinit(&buffer);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    unsigned nth = 1;
    for (;; nth++) {
        struct buffer buffer;
        buffer_init(&buffer, 0);
        failing_alloc_arm(nth);
        for (int i = 0; i < 200; i++) buffer_append_format(&buffer, "line %04d of text\n", i);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(buffer.failed, failed);
        assert_int_equal(buffer.len % strlen("line 0000 of text\n"), 0);
        if (buffer.len) assert_memory_equal(buffer.data, "line 0000 of text\n", 18);
        if (!failed) assert_int_equal(buffer.len, 200 * 18);
        buffer_deinit(&buffer);
        if (!failed) break;
    }
    assert_true(nth > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_of_every_kind),
        cmocka_unit_test(the_limit_is_exact_and_its_failure_sticks),
        cmocka_unit_test(a_part_is_never_appended),
        cmocka_unit_test(sizes_near_the_top_do_not_wrap),
        cmocka_unit_test(a_reserve_is_room_to_write_into),
        cmocka_unit_test(what_is_consumed_or_cleared_is_wiped),
        cmocka_unit_test(agrees_with_a_model),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
