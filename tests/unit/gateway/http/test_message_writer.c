#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/http/message_writer.h"
#include "tests/unit/failing_alloc.h"
#include "tests/unit/gateway/http/transcript.h"

#define FIELD(name, value)             \
    {                                  \
        {(name), sizeof(name) - 1}, {  \
            (value), sizeof(value) - 1 \
        }                              \
    }

static const struct http_field two_fields[] = {FIELD("Content-Type", "application/json"), FIELD("X-Empty", "")};

static void assert_written(struct buffer *out, const char *expected) {
    assert_false(out->failed);
    if (!slice_equal(buffer_slice(out), slice_str(expected))) fail_msg("got %.*s", (int)out->len, out->data);
    buffer_clear(out);
}

static void test_request(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    http_write_request(&out, SLICE("POST"), SLICE("/v1/x?a=b"), SLICE("api.test:8443"), two_fields, 2, 12);
    assert_written(&out, "POST /v1/x?a=b HTTP/1.1\r\nHost: api.test:8443\r\nContent-Type: application/json\r\n"
                         "X-Empty: \r\nContent-Length: 12\r\n\r\n");
    http_write_request(&out, SLICE("POST"), SLICE("/"), SLICE("[::1]:80"), NULL, 0, 0);
    assert_written(&out, "POST / HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 0\r\n\r\n");
    http_write_request(&out, SLICE("GET"), SLICE("/"), SLICE("a"), NULL, 0, 0);
    assert_written(&out, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    http_write_request(&out, SLICE("DELETE"), SLICE("/"), SLICE("a"), NULL, 0, 2);
    assert_written(&out, "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    buffer_deinit(&out);
}

static void test_response_heads(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    http_write_response_head(&out, 200, two_fields, 1, HTTP_FRAMING_LENGTH, 5, true, 1);
    assert_written(&out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n");
    http_write_response_head(&out, 200, NULL, 0, HTTP_FRAMING_CHUNKED, 5, true, 1);
    assert_written(&out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    http_write_response_head(&out, 403, NULL, 0, HTTP_FRAMING_LENGTH, 0, false, 1);
    assert_written(&out, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    http_write_response_head(&out, 200, NULL, 0, HTTP_FRAMING_CLOSE, 0, true, 1);
    assert_written(&out, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    http_write_response_head(&out, 200, NULL, 0, HTTP_FRAMING_LENGTH, 1, true, 0);
    assert_written(&out, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n");
    http_write_response_head(&out, 204, NULL, 0, HTTP_FRAMING_NONE, 0, true, 1);
    assert_written(&out, "HTTP/1.1 204 No Content\r\n\r\n");
    http_write_response_head(&out, 100, NULL, 0, HTTP_FRAMING_NONE, 0, true, 1);
    assert_written(&out, HTTP_CONTINUE);
    buffer_deinit(&out);
}

static void test_contradictions_fail(void **state) {
    (void)state;
    static const struct {
        unsigned status;
        enum http_framing framing;
        unsigned minor_version;
    } wrong[] = {
        {99, HTTP_FRAMING_LENGTH, 1},   {600, HTTP_FRAMING_LENGTH, 1},  {0, HTTP_FRAMING_NONE, 1},
        {204, HTTP_FRAMING_LENGTH, 1},  {304, HTTP_FRAMING_CHUNKED, 1}, {100, HTTP_FRAMING_CLOSE, 1},
        {200, HTTP_FRAMING_CHUNKED, 0},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        http_write_response_head(&out, wrong[i].status, NULL, 0, wrong[i].framing, 0, true, wrong[i].minor_version);
        assert_true(out.failed);
        assert_int_equal(out.len, 0);
        buffer_deinit(&out);
    }
}

static void assert_field_fails(struct http_field field) {
    struct buffer out;
    buffer_init(&out, 0);
    buffer_append_str(&out, "before");
    http_write_request(&out, SLICE("POST"), SLICE("/"), SLICE("a"), &field, 1, 0);
    assert_true(out.failed);
    assert_true(slice_equal(buffer_slice(&out), SLICE("before")));
    http_write_request(&out, SLICE("POST"), SLICE("/"), SLICE("a"), NULL, 0, 0);
    assert_true(slice_equal(buffer_slice(&out), SLICE("before")));
    buffer_clear(&out);
    http_write_response_head(&out, 200, &field, 1, HTTP_FRAMING_LENGTH, 0, true, 1);
    assert_true(out.failed);
    assert_int_equal(out.len, 0);
    buffer_deinit(&out);
}

static void test_fields_that_inject_fail(void **state) {
    (void)state;
    static const struct http_field bad[] = {
        FIELD("X", "a\r\nY: b"), FIELD("X", "a\nb"),     FIELD("X", "a\rb"),   FIELD("X", "a\0b"),  FIELD("X", "a\x7f"),
        FIELD("X", "\x01"),      FIELD("X", "\xc3\xa9"), FIELD("X\r\nY", "b"), FIELD("X:", "b"),    FIELD("X Y", "b"),
        FIELD("", "b"),          FIELD(" X", "b"),       FIELD("X\0", "b"),    FIELD("X\xe9", "b"), FIELD("(X)", "b"),
    };
    static const char *const ours[] = {"host",    "Connection", "keep-alive",       "Content-Length",   "TE",
                                       "Trailer", "upgrade",    "Proxy-Connection", "Transfer-Encoding"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_field_fails(bad[i]);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        assert_field_fails((struct http_field){slice_str(ours[i]), SLICE("1")});
}

static void test_request_lines_that_inject_fail(void **state) {
    (void)state;
    static const struct {
        struct slice method, path, host;
        uint64_t content_length;
    } bad[] = {
        {{"PO ST", 5}, {"/", 1}, {"a", 1}, 0},        {{"", 0}, {"/", 1}, {"a", 1}, 0},
        {{"POST\r", 5}, {"/", 1}, {"a", 1}, 0},       {{"POST", 4}, {"", 0}, {"a", 1}, 0},
        {{"POST", 4}, {"v1", 2}, {"a", 1}, 0},        {{"POST", 4}, {"/ HTTP/1.1\r\n", 12}, {"a", 1}, 0},
        {{"POST", 4}, {"/a b", 4}, {"a", 1}, 0},      {{"POST", 4}, {"/#a", 3}, {"a", 1}, 0},
        {{"POST", 4}, {"/\xc3", 2}, {"a", 1}, 0},     {{"POST", 4}, {"/", 1}, {"", 0}, 0},
        {{"POST", 4}, {"/", 1}, {"a\r\nX: y", 7}, 0}, {{"POST", 4}, {"/", 1}, {"a/b", 3}, 0},
        {{"POST", 4}, {"/", 1}, {"u@a", 3}, 0},       {{"GET", 3}, {"/", 1}, {"a", 1}, 5},
        {{"HEAD", 4}, {"/", 1}, {"a", 1}, 5},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        http_write_request(&out, bad[i].method, bad[i].path, bad[i].host, NULL, 0, bad[i].content_length);
        assert_true(out.failed);
        assert_int_equal(out.len, 0);
        buffer_deinit(&out);
    }
}

static void test_too_many_fields_fail(void **state) {
    (void)state;
    static struct http_field fields[HTTP_FIELDS_MAX + 1];
    for (size_t i = 0; i <= HTTP_FIELDS_MAX; i++) fields[i] = (struct http_field)FIELD("X", "y");
    struct buffer out;
    buffer_init(&out, 0);
    http_write_request(&out, SLICE("POST"), SLICE("/"), SLICE("a"), fields, HTTP_FIELDS_MAX + 1, 0);
    assert_true(out.failed);
    buffer_deinit(&out);
}

static void test_chunks(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    http_write_chunk(&out, SLICE("abc"));
    http_write_chunk(&out, SLICE(""));
    http_write_chunk(&out, SLICE("0123456789abcdefg"));
    http_write_last_chunk(&out);
    assert_written(&out, "3\r\nabc\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n");
    buffer_deinit(&out);
}

/* No half of a message stays behind when there is no room for the rest. */
static void test_a_full_buffer_keeps_no_half(void **state) {
    (void)state;
    for (size_t limit = 1; limit < 100; limit++) {
        struct buffer out;
        buffer_init(&out, limit);
        buffer_append_char(&out, '!');
        http_write_request(&out, SLICE("POST"), SLICE("/v1"), SLICE("gateway"), two_fields, 2, 12);
        assert_int_equal(out.len == 1, out.failed);
        http_write_chunk(&out, SLICE("abc"));
        if (out.failed) assert_true(out.len == 1 || out.data[out.len - 1] == '\n');
        buffer_deinit(&out);
    }
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct buffer out;
        buffer_init(&out, 0);
        failing_alloc_arm(nth);
        for (int i = 0; i < 20; i++)
            http_write_response_head(&out, 200, two_fields, 2, HTTP_FRAMING_LENGTH, 1, true, 1);
        const bool failed_one = failing_alloc_disarm();
        assert_int_equal(out.failed, failed_one);
        assert_true(out.len == 0 || memcmp(out.data + out.len - 4, "\r\n\r\n", 4) == 0);
        buffer_deinit(&out);
        if (!failed_one) break;
    }
}

static void test_status_texts(void **state) {
    (void)state;
    assert_string_equal(http_status_text(200), "OK");
    assert_string_equal(http_status_text(431), "Request Header Fields Too Large");
    assert_string_equal(http_status_text(299), "Successful");
    assert_string_equal(http_status_text(499), "Client Error");
    assert_string_equal(http_status_text(600), "Unknown");
    assert_string_equal(http_status_text(7), "Unknown");
}

/* What is written here is read by our own readers as it was meant. */
static void test_readers_read_what_is_written(void **state) {
    (void)state;
    struct buffer out, log;
    buffer_init(&out, 0);
    buffer_init(&log, 0);
    const struct http_limits request_limits = HTTP_REQUEST_LIMITS, response_limits = HTTP_RESPONSE_LIMITS;
    http_write_request(&out, SLICE("PATCH"), SLICE("/v1/x?a=b"), SLICE("api.test:8443"), two_fields, 2, 3);
    buffer_append_str(&out, "abc");
    transcript_of_requests(buffer_slice(&out), &request_limits, cutting_whole, &log);
    assert_true(transcript_holds(&log, SLICE("|10100 3>Host=api.test:8443;Content-Type=application/json;X-Empty=;"
                                             "Content-Length=3;body:abc[done]")));
    buffer_clear(&out);
    buffer_clear(&log);
    buffer_append_str(&out, HTTP_CONTINUE);
    http_write_response_head(&out, 201, two_fields, 1, HTTP_FRAMING_CHUNKED, 0, true, 1);
    http_write_chunk(&out, SLICE("0123456789abcdefg"));
    http_write_last_chunk(&out);
    transcript_of_response(buffer_slice(&out), &response_limits, false, true, cutting_whole, &log);
    assert_true(transcript_holds(&log, SLICE("|201 Created|01100 0>")));
    assert_true(transcript_holds(&log, SLICE("body:0123456789abcdefg[done reusable]")));
    buffer_deinit(&out);
    buffer_deinit(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_response_heads),
        cmocka_unit_test(test_contradictions_fail),
        cmocka_unit_test(test_fields_that_inject_fail),
        cmocka_unit_test(test_request_lines_that_inject_fail),
        cmocka_unit_test(test_too_many_fields_fail),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_a_full_buffer_keeps_no_half),
        cmocka_unit_test(test_every_allocation_failed_once),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_readers_read_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
