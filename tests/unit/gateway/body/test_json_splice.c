#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "gateway/body/json_splice.h"
#include "unit/failing_alloc.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

/* Both ways must give the same. */
static void assert_spliced(struct slice source, const struct json_splice *splices, uint32_t count,
                           struct slice expected) {
    struct arena arena;
    struct slice out;
    arena_init(&arena, 4096);
    assert_int_equal(json_splice_apply(source, splices, count, &arena, &out), OUTCOME_OK);
    assert_true(slice_equal(out, expected));
    arena_reset(&arena);

    struct buffer buffer;
    buffer_init(&buffer, 0);
    buffer_append_str(&buffer, "head:");
    assert_int_equal(json_splice_append(source, splices, count, &buffer), OUTCOME_OK);
    assert_int_equal(buffer.len, 5 + expected.len);
    assert_true(slice_starts_with(buffer_slice(&buffer), SLICE("head:")));
    assert_true(slice_equal(slice_range(buffer_slice(&buffer), 5, buffer.len), expected));
    buffer_deinit(&buffer);
}

static void assert_refused(struct slice source, const struct json_splice *splices, uint32_t count) {
    struct arena arena;
    struct buffer buffer;
    struct slice out;
    arena_init(&arena, 4096);
    buffer_init(&buffer, 0);
    assert_int_equal(json_splice_apply(source, splices, count, &arena, &out), OUTCOME_INVALID);
    assert_int_equal(out.len, 0);
    assert_null(out.data);
    assert_int_equal(json_splice_append(source, splices, count, &buffer), OUTCOME_INVALID);
    assert_int_equal(buffer.len, 0);
    arena_reset(&arena);
    buffer_deinit(&buffer);
}

static void test_replaces(void **state) {
    (void)state;
    const struct slice source = SLICE("{\"a\":\"one\",\"b\":\"two\"}");
    const struct json_splice one[] = {{6, 9, SLICE("1")}};
    assert_spliced(source, one, COUNT(one), SLICE("{\"a\":\"1\",\"b\":\"two\"}"));
    const struct json_splice both[] = {{6, 9, SLICE("longer than it was")}, {16, 19, SLICE("")}};
    assert_spliced(source, both, COUNT(both), SLICE("{\"a\":\"longer than it was\",\"b\":\"\"}"));
    assert_spliced(source, NULL, 0, source);
}

static void test_edges(void **state) {
    (void)state;
    const struct json_splice all[] = {{0, 4, SLICE("x")}};
    assert_spliced(SLICE("abcd"), all, COUNT(all), SLICE("x"));
    const struct json_splice ends[] = {{0, 0, SLICE("<")}, {4, 4, SLICE(">")}};
    assert_spliced(SLICE("abcd"), ends, COUNT(ends), SLICE("<abcd>"));
    const struct json_splice touching[] = {
        {0, 2, SLICE("1")}, {2, 3, SLICE("2")}, {3, 3, SLICE("3")}, {3, 3, SLICE("4")}, {3, 4, SLICE("5")}};
    assert_spliced(SLICE("abcd"), touching, COUNT(touching), SLICE("12345"));
    const struct json_splice remove[] = {{0, 4, {NULL, 0}}};
    assert_spliced(SLICE("abcd"), remove, COUNT(remove), SLICE(""));
    const struct json_splice into_nothing[] = {{0, 0, SLICE("x")}};
    assert_spliced(slice_of(NULL, 0), into_nothing, COUNT(into_nothing), SLICE("x"));
    assert_spliced(slice_of(NULL, 0), NULL, 0, SLICE(""));
}

static void test_refuses(void **state) {
    (void)state;
    const struct slice source = SLICE("abcd");
    const struct json_splice unsorted[] = {{2, 3, SLICE("x")}, {0, 1, SLICE("y")}};
    assert_refused(source, unsorted, COUNT(unsorted));
    const struct json_splice overlapping[] = {{0, 2, SLICE("x")}, {1, 3, SLICE("y")}};
    assert_refused(source, overlapping, COUNT(overlapping));
    const struct json_splice twice[] = {{1, 2, SLICE("x")}, {1, 2, SLICE("x")}};
    assert_refused(source, twice, COUNT(twice));
    const struct json_splice backwards[] = {{3, 2, SLICE("x")}};
    assert_refused(source, backwards, COUNT(backwards));
    const struct json_splice outside[] = {{2, 5, SLICE("x")}};
    assert_refused(source, outside, COUNT(outside));
    const struct json_splice behind[] = {{5, 5, SLICE("x")}};
    assert_refused(source, behind, COUNT(behind));
    const struct json_splice later_wrong[] = {{0, 1, SLICE("x")}, {4, UINT32_MAX, SLICE("y")}};
    assert_refused(source, later_wrong, COUNT(later_wrong));
    const struct json_splice too_long[] = {{0, 0, {"x", SIZE_MAX}}};
    assert_refused(source, too_long, COUNT(too_long));
}

static void test_one_exact_allocation(void **state) {
    (void)state;
    struct arena arena;
    struct slice out;
    const struct json_splice splices[] = {{1, 2, SLICE("0123456789abcdef0123456789abcde")}};
    arena_init(&arena, 32);
    assert_int_equal(json_splice_apply(SLICE("ab"), splices, 1, &arena, &out), OUTCOME_OK);
    assert_int_equal(out.len, 32);
    assert_int_equal(arena.used_bytes, 32);
    assert_int_equal(json_splice_apply(SLICE("ab"), splices, 1, &arena, &out), OUTCOME_NO_MEMORY);
    assert_null(out.data);
    arena_reset(&arena);
}

static void test_without_memory(void **state) {
    (void)state;
    struct arena arena;
    struct buffer buffer;
    struct slice out;
    const struct json_splice splices[] = {{1, 2, SLICE("xyz")}};
    arena_init(&arena, 4096);
    buffer_init(&buffer, 0);
    failing_alloc_arm(1);
    assert_int_equal(json_splice_apply(SLICE("ab"), splices, 1, &arena, &out), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    failing_alloc_arm(1);
    assert_int_equal(json_splice_append(SLICE("ab"), splices, 1, &buffer), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    /* the buffer's failure is sticky */
    assert_int_equal(json_splice_append(SLICE("ab"), splices, 1, &buffer), OUTCOME_NO_MEMORY);
    assert_int_equal(buffer.len, 0);
    arena_reset(&arena);
    buffer_deinit(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaces),       cmocka_unit_test(test_edges),
        cmocka_unit_test(test_refuses),        cmocka_unit_test(test_one_exact_allocation),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
