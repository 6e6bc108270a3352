/* The guard alone, and the table of bytes that it goes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/http/byte_class.h"
#include "gateway/http/head_guard.h"

static bool is_alnum(int c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_one_of(int c, const char *set) {
    return c != 0 && strchr(set, c) != NULL;
}

static void test_byte_classes_are_those_of_the_rfcs(void **state) {
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;
        const bool visible = c > 0x20 && c < 0x7f;
        assert_int_equal(byte_is(byte, BYTE_VISIBLE), visible);
        assert_int_equal(byte_is(byte, BYTE_TEXT), visible || c == ' ' || c == '\t');
        assert_int_equal(byte_is(byte, BYTE_TOKEN), is_alnum(c) || (c < 0x80 && is_one_of(c, "!#$%&'*+-.^_`|~")));
        assert_int_equal(byte_is(byte, BYTE_PATH), is_alnum(c) || (c < 0x80 && is_one_of(c, "-._~!$&'()*+,;=:@/")));
        assert_int_equal(byte_is(byte, BYTE_QUERY), visible && !is_one_of(c, "\"<>#\\"));
        assert_int_equal(byte_is(byte, BYTE_HOST), is_alnum(c) || (c < 0x80 && is_one_of(c, "-._:[]")));
    }
}

static enum head_verdict feed_cut(enum head_kind kind, struct slice bytes, size_t first, size_t step,
                                  struct head_guard *guard, size_t *used_out) {
    head_guard_init(guard, kind, 200);
    enum head_verdict verdict = HEAD_NEEDS_MORE;
    *used_out = 0;
    size_t at = 0;
    while (at < bytes.len && verdict == HEAD_NEEDS_MORE) {
        const size_t wanted = at == 0 ? first : step;
        const size_t end = wanted > bytes.len - at ? bytes.len : at + wanted;
        size_t used = 0;
        verdict = head_guard_feed(guard, slice_range(bytes, at, end), &used);
        *used_out += used;
        at = end;
    }
    return verdict;
}

static void check(enum head_kind kind, struct slice bytes, enum head_verdict expected, size_t head_bytes) {
    for (size_t first = 1; first <= bytes.len; first++) {
        for (size_t step = 1; step < 3; step++) {
            struct head_guard guard;
            size_t used = 0;
            const enum head_verdict verdict = feed_cut(kind, bytes, first, step == 1 ? 1 : bytes.len, &guard, &used);
            if (verdict != expected) fail_msg("%.*s: %d at %zu", (int)bytes.len, bytes.data, verdict, first);
            if (expected == HEAD_COMPLETE) assert_int_equal(used, head_bytes);
            assert_int_equal(guard.refusal.status != 0, expected == HEAD_REFUSED);
        }
    }
}

static void test_verdicts(void **state) {
    (void)state;
    check(HEAD_OF_REQUEST, SLICE("G * HTTP/1.0\r\n\r\nrest"), HEAD_COMPLETE, 16);
    check(HEAD_OF_REQUEST, SLICE("\r\nG * HTTP/1.1\r\na:b\r\n\r\n"), HEAD_COMPLETE, 23);
    check(HEAD_OF_REQUEST, SLICE("G * HTTP/1.1\r\na:b\r\n\r"), HEAD_NEEDS_MORE, 0);
    check(HEAD_OF_REQUEST, SLICE("HTTP/1.1 200 OK\r\n\r\n"), HEAD_REFUSED, 0);
    check(HEAD_OF_RESPONSE, SLICE("HTTP/1.1 200 OK\r\na: b\r\n\r\nrest"), HEAD_COMPLETE, 25);
    check(HEAD_OF_RESPONSE, SLICE("HTTP/1.1 200\r\n\r\n"), HEAD_COMPLETE, 16);
    check(HEAD_OF_RESPONSE, SLICE("\r\nHTTP/1.1 200 OK\r\n\r\n"), HEAD_REFUSED, 0);
    check(HEAD_OF_RESPONSE, SLICE("GET / HTTP/1.1\r\n\r\n"), HEAD_REFUSED, 0);
}

/* Every byte at every place of a good head: only what may stand there passes, and never a byte that would end a
 * line, or one outside of 0x20 to 0x7e and tab. */
static void test_every_byte_everywhere(void **state) {
    (void)state;
    const struct slice good = SLICE("GET /a HTTP/1.1\r\nHost: x y\r\n\r\n");
    for (size_t at = 0; at < good.len; at++) {
        for (int c = 0; c < 256; c++) {
            char bytes[64];
            memcpy(bytes, good.data, good.len);
            if (bytes[at] == (char)c) continue;
            bytes[at] = (char)c;
            struct head_guard guard;
            size_t used = 0;
            head_guard_init(&guard, HEAD_OF_REQUEST, 200);
            const enum head_verdict verdict = head_guard_feed(&guard, slice_of(bytes, good.len), &used);
            const bool printable = (c >= 0x20 && c < 0x7f) || c == '\t';
            if (!printable || good.data[at] < 0x20) assert_int_not_equal(verdict, HEAD_COMPLETE);
        }
    }
}

static void test_a_verdict_stays(void **state) {
    (void)state;
    struct head_guard guard;
    size_t used = 0;
    head_guard_init(&guard, HEAD_OF_REQUEST, 200);
    assert_int_equal(head_guard_feed(&guard, SLICE("\n"), &used), HEAD_REFUSED);
    assert_int_equal(head_guard_feed(&guard, SLICE("GET / HTTP/1.1\r\n\r\n"), &used), HEAD_REFUSED);
    head_guard_init(&guard, HEAD_OF_REQUEST, 200);
    assert_int_equal(head_guard_feed(&guard, SLICE("GET / HTTP/1.1\r\n\r\n"), &used), HEAD_COMPLETE);
    assert_int_equal(head_guard_feed(&guard, SLICE("X"), &used), HEAD_COMPLETE);
    assert_int_equal(used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_classes_are_those_of_the_rfcs),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_every_byte_everywhere),
        cmocka_unit_test(test_a_verdict_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
