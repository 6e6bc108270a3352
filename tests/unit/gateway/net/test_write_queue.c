#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "gateway/net/write_queue.h"
#include "tests/unit/failing_alloc.h"

#define TOTAL_BYTES 300000u

static void bytes_leave_in_the_order_they_came(void **state) {
    (void)state;
    struct write_queue queue = {0};
    char *sent = malloc(TOTAL_BYTES);
    assert_non_null(sent);
    for (size_t i = 0; i < TOTAL_BYTES; i++) sent[i] = (char)(i % 251);
    size_t in = 0;
    size_t out = 0;
    for (size_t round = 1; out < TOTAL_BYTES; round++) {
        const size_t part = round * 977 % 70001;
        const size_t take = part < TOTAL_BYTES - in ? part : TOTAL_BYTES - in;
        assert_true(write_queue_append(&queue, slice_of(sent + in, take)));
        in += take;
        struct slice front = write_queue_front(&queue);
        size_t drop = round * 613 % 50021;
        if (drop > front.len) drop = front.len;
        assert_memory_equal(front.data, sent + out, drop);
        write_queue_drop(&queue, drop);
        out += drop;
        assert_int_equal(queue.bytes, in - out);
    }
    assert_int_equal(write_queue_front(&queue).len, 0);
    write_queue_clear(&queue);
    free(sent);
}

static void the_front_does_not_move_while_bytes_are_added(void **state) {
    (void)state;
    struct write_queue queue = {0};
    assert_true(write_queue_append(&queue, SLICE("first")));
    const char *before = write_queue_front(&queue).data;
    for (unsigned i = 0; i < 20000; i++) assert_true(write_queue_append(&queue, SLICE("more bytes")));
    assert_ptr_equal(write_queue_front(&queue).data, before);
    write_queue_clear(&queue);
    assert_int_equal(queue.bytes, 0);
    assert_true(write_queue_append(&queue, SLICE("again")));
    assert_true(slice_equal(write_queue_front(&queue), SLICE("again")));
    write_queue_clear(&queue);
}

static void want_of_memory_is_told_and_the_rest_stays(void **state) {
    (void)state;
    struct write_queue queue = {0};
    static char large[100000];
    failing_alloc_arm(1);
    assert_false(write_queue_append(&queue, SLICE("x")));
    failing_alloc_arm(2);
    assert_false(write_queue_append(&queue, slice_of(large, sizeof large)));
    assert_true(failing_alloc_disarm());
    assert_int_equal(queue.bytes, write_queue_front(&queue).len);
    write_queue_clear(&queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_the_order_they_came),
        cmocka_unit_test(the_front_does_not_move_while_bytes_are_added),
        cmocka_unit_test(want_of_memory_is_told_and_the_rest_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
