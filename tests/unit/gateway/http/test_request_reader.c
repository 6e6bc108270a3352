/* The reader's own promises: limits, connections, refusals that stay, memory. What it refuses and why, case by
 * case, is in test_request_threats.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/failing_alloc.h"
#include "tests/unit/gateway/http/transcript.h"

#define POST "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static struct request_reader *reader_new(void) {
    const struct http_limits limits = HTTP_REQUEST_LIMITS;
    struct request_reader *reader = NULL;
    assert_int_equal(request_reader_create(&limits, &reader), OUTCOME_OK);
    return reader;
}

static enum http_event feed(struct request_reader *reader, struct slice *bytes) {
    size_t used = 0;
    struct slice body;
    const enum http_event event = request_reader_feed(reader, *bytes, &used, &body);
    *bytes = slice_range(*bytes, used, bytes->len);
    return event;
}

/* The status of `bytes` under `limits`, the same whole and byte by byte. */
static unsigned status_of(struct slice bytes, struct http_limits limits) {
    struct buffer whole, cut;
    buffer_init(&whole, 0);
    buffer_init(&cut, 0);
    transcript_of_requests(bytes, &limits, cutting_whole, &whole);
    transcript_of_requests(bytes, &limits, cutting_each_byte, &cut);
    assert_true(slice_equal(buffer_slice(&whole), buffer_slice(&cut)));
    const unsigned status = transcript_status(&whole);
    buffer_deinit(&whole);
    buffer_deinit(&cut);
    return status;
}

static void test_events_of_one_request(void **state) {
    (void)state;
    struct request_reader *reader = reader_new();
    assert_true(request_reader_is_idle(reader));
    assert_null(request_reader_head(reader));
    struct slice bytes = SLICE(POST "Content-Length: 3\r\nX: 1\r\nx: 2\r\n\r\nabcGET");
    assert_int_equal(feed(reader, &bytes), HTTP_HEAD);
    assert_false(request_reader_is_idle(reader));
    const struct http_head *head = request_reader_head(reader);
    assert_int_equal(head->method, HTTP_POST);
    assert_int_equal(head->minor_version, 1);
    assert_int_equal(head->content_length, 3);
    assert_true(slice_equal(*http_head_field(head, "x"), SLICE("1")));
    assert_int_equal(http_head_field_count(head, "x"), 2);

    size_t used = 0;
    struct slice body;
    assert_int_equal(request_reader_feed(reader, bytes, &used, &body), HTTP_BODY);
    assert_ptr_equal(body.data, bytes.data);
    assert_int_equal(body.len, 3);
    assert_int_equal(used, 3);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(request_reader_feed(reader, SLICE("GET"), &used, &body), HTTP_DONE);
        assert_int_equal(used, 0);
    }
    assert_ptr_equal(request_reader_head(reader), head);
    assert_int_equal(request_reader_refusal(reader).status, 0);
    request_reader_destroy(reader);
}

static void test_methods(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        enum http_method method;
    } known[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_GET},
        {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_HEAD_METHOD},
        {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_POST},
        {"PUT / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_PUT},
        {"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_PATCH},
        {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_DELETE},
        {"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_OPTIONS},
    };
    struct request_reader *reader = reader_new();
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct slice bytes = slice_str(known[i].bytes);
        assert_int_equal(feed(reader, &bytes), HTTP_HEAD);
        assert_int_equal(request_reader_head(reader)->method, known[i].method);
        assert_int_equal(feed(reader, &bytes), HTTP_DONE);
        request_reader_reset(reader);
    }
    request_reader_destroy(reader);
}

static void test_pipelined_requests_come_one_by_one(void **state) {
    (void)state;
    struct request_reader *reader = reader_new();
    struct slice bytes = SLICE(POST "Content-Length: 1\r\n\r\na\r\n" CHUNKED "1\r\nb\r\n0\r\n\r\n" POST "\r\n");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(feed(reader, &bytes), HTTP_HEAD);
        if (i < 2) assert_int_equal(feed(reader, &bytes), HTTP_BODY);
        assert_int_equal(feed(reader, &bytes), HTTP_DONE);
        request_reader_reset(reader);
        assert_true(request_reader_is_idle(reader));
    }
    assert_int_equal(bytes.len, 0);
    assert_int_equal(feed(reader, &bytes), HTTP_NEED_MORE);
    assert_int_equal(request_reader_finish(reader), HTTP_DONE);
    request_reader_destroy(reader);
}

/* Threat 62, and its relatives: what follows is not a request, even for a caller that forgot to look. */
static void test_nothing_follows_when_it_may_not(void **state) {
    (void)state;
    static const char *const firsts[] = {
        POST "Connection: close\r\n\r\n",
        POST "Connection: keep-alive , CLOSE\r\n\r\n",
        POST "Connection: keep-alive\r\nConnection: close\r\n\r\n",
        POST "Proxy-Connection: close\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        POST "Content-Length: 99\r\n\r\n",
        POST "X: y",
    };
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct request_reader *reader = reader_new();
        struct slice first = slice_str(firsts[i]);
        if (feed(reader, &first) == HTTP_HEAD) feed(reader, &first);
        request_reader_reset(reader);
        struct slice second = SLICE(POST "\r\n");
        assert_int_equal(feed(reader, &second), HTTP_REFUSED);
        assert_int_equal(second.len, 0);
        assert_int_equal(request_reader_refusal(reader).status, 400);
        request_reader_destroy(reader);
    }
}

static void test_a_refusal_stays(void **state) {
    (void)state;
    struct request_reader *reader = reader_new();
    struct slice bytes = SLICE("GET / HTTP/3.0\r\n");
    assert_int_equal(feed(reader, &bytes), HTTP_REFUSED);
    assert_int_equal(bytes.len, 0);
    const char *reason = request_reader_refusal(reader).reason;
    request_reader_reset(reader);
    bytes = SLICE(POST "\r\n");
    assert_int_equal(feed(reader, &bytes), HTTP_REFUSED);
    assert_int_equal(request_reader_finish(reader), HTTP_REFUSED);
    assert_int_equal(request_reader_refusal(reader).status, 505);
    assert_ptr_equal(request_reader_refusal(reader).reason, reason);
    assert_null(request_reader_head(reader));
    request_reader_destroy(reader);
}

static void test_end_of_connection(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        enum http_event event;
    } ends[] = {
        {"", HTTP_DONE},
        {"\r\n", HTTP_DONE},
        {"G", HTTP_REFUSED},
        {POST "Content-Length: 1\r\n\r\n", HTTP_REFUSED},
        {POST "Content-Length: 1\r\n\r\na", HTTP_DONE},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct request_reader *reader = reader_new();
        struct slice bytes = slice_str(ends[i].bytes);
        enum http_event event = HTTP_HEAD;
        while (event == HTTP_HEAD || event == HTTP_BODY) event = feed(reader, &bytes);
        assert_int_equal(request_reader_finish(reader), ends[i].event);
        request_reader_destroy(reader);
    }
}

/* Threat 66. */
static void test_head_limits(void **state) {
    (void)state;
    const struct slice head = SLICE(POST "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n");
    const struct http_limits exact = {head.len, 0, 0};
    assert_int_equal(status_of(head, exact), 0);
    const struct http_limits tight = {head.len - 1, 0, 0};
    assert_int_equal(status_of(head, tight), 431);
    const struct http_limits in_target = {20, 0, 0};
    assert_int_equal(status_of(head, in_target), 414);

    struct buffer bytes;
    buffer_init(&bytes, 0);
    buffer_append_str(&bytes, POST);
    for (int i = 1; i < HTTP_FIELDS_MAX; i++) buffer_append_str(&bytes, "a:\r\n");
    const size_t at_limit = bytes.len;
    buffer_append_str(&bytes, "\r\n");
    assert_int_equal(status_of(buffer_slice(&bytes), HTTP_REQUEST_LIMITS), 0);
    bytes.len = at_limit;
    buffer_append_str(&bytes, "a:\r\n\r\n");
    assert_int_equal(status_of(buffer_slice(&bytes), HTTP_REQUEST_LIMITS), 431);

    buffer_clear(&bytes);
    buffer_append_str(&bytes, POST "X: ");
    for (size_t i = 0; i < 20000; i++) buffer_append_char(&bytes, 'y');
    assert_int_equal(status_of(buffer_slice(&bytes), HTTP_REQUEST_LIMITS), 431);
    buffer_deinit(&bytes);
}

static void test_body_limits(void **state) {
    (void)state;
    const struct http_limits three = {16384, 3, 64};
    assert_int_equal(status_of(SLICE(POST "Content-Length: 3\r\n\r\nabc"), three), 0);
    assert_int_equal(status_of(SLICE(POST "Content-Length: 4\r\n\r\nabcd"), three), 413);
    assert_int_equal(status_of(SLICE(CHUNKED "3\r\nabc\r\n0\r\n\r\n"), three), 0);
    assert_int_equal(status_of(SLICE(CHUNKED "4\r\nabcd\r\n0\r\n\r\n"), three), 413);
    assert_int_equal(status_of(SLICE(CHUNKED "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"), three), 413);
}

static void append_chunks(struct buffer *bytes, size_t count, const char *chunk) {
    buffer_append_str(bytes, CHUNKED);
    for (size_t i = 0; i < count; i++) buffer_append_str(bytes, chunk);
    buffer_append_str(bytes, "0\r\n\r\n");
}

/* Threat 48: chunks of one byte are paid from the budget, chunks of five and more pay for themselves. */
static void test_wire_budget(void **state) {
    (void)state;
    const struct http_limits limits = {16384, 1 << 20, 405};
    struct buffer bytes;
    buffer_init(&bytes, 0);
    append_chunks(&bytes, 100, "1\r\na\r\n");
    assert_int_equal(status_of(buffer_slice(&bytes), limits), 0);
    buffer_clear(&bytes);
    append_chunks(&bytes, 103, "1\r\na\r\n");
    assert_int_equal(status_of(buffer_slice(&bytes), limits), 413);
    buffer_clear(&bytes);
    append_chunks(&bytes, 103, "00000001\r\na\r\n");
    assert_int_equal(status_of(buffer_slice(&bytes), limits), 413);
    buffer_clear(&bytes);
    append_chunks(&bytes, 5000, "5\r\nabcde\r\n");
    assert_int_equal(status_of(buffer_slice(&bytes), limits), 0);
    buffer_deinit(&bytes);
}

static bool read_one(void) {
    const struct http_limits limits = HTTP_REQUEST_LIMITS;
    struct request_reader *reader = NULL;
    if (request_reader_create(&limits, &reader) != OUTCOME_OK) return false;
    struct slice bytes = SLICE(CHUNKED "3\r\nabc\r\n0\r\n\r\n");
    enum http_event event = HTTP_NEED_MORE;
    do event = feed(reader, &bytes);
    while (event == HTTP_HEAD || event == HTTP_BODY);
    if (event == HTTP_REFUSED) assert_int_equal(request_reader_refusal(reader).status, 503);
    request_reader_destroy(reader);
    return event == HTTP_DONE;
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        failing_alloc_arm(nth);
        const bool done = read_one();
        if (!failing_alloc_disarm()) {
            assert_true(done);
            assert_true(nth > 3);
            break;
        }
        assert_false(done);
    }
    request_reader_destroy(NULL);
}

/* The head's buffer grows while it is read; what was read before must survive that. */
static void test_memory_of_a_long_head(void **state) {
    (void)state;
    struct buffer bytes;
    buffer_init(&bytes, 0);
    buffer_append_str(&bytes, POST);
    for (int i = 0; i < 90; i++) buffer_append_format(&bytes, "X-%02d: %0100d\r\n", i, i);
    buffer_append_str(&bytes, "\r\n");
    assert_int_equal(status_of(buffer_slice(&bytes), HTTP_REQUEST_LIMITS), 0);
    struct request_reader *reader = reader_new();
    for (size_t at = 0; at < bytes.len; at += 7) {
        struct slice piece = slice_range(buffer_slice(&bytes), at, at + 7 < bytes.len ? at + 7 : bytes.len);
        const enum http_event event = feed(reader, &piece);
        if (event == HTTP_HEAD) break;
        assert_int_equal(event, HTTP_NEED_MORE);
    }
    const struct http_head *head = request_reader_head(reader);
    assert_non_null(head);
    assert_int_equal(head->field_count, 91);
    assert_int_equal(http_head_field(head, "x-89")->len, 100);
    assert_true(slice_equal(head->path, SLICE("/v1/chat/completions")));
    request_reader_destroy(reader);
    buffer_deinit(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_of_one_request),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_pipelined_requests_come_one_by_one),
        cmocka_unit_test(test_nothing_follows_when_it_may_not),
        cmocka_unit_test(test_a_refusal_stays),
        cmocka_unit_test(test_end_of_connection),
        cmocka_unit_test(test_head_limits),
        cmocka_unit_test(test_body_limits),
        cmocka_unit_test(test_wire_budget),
        cmocka_unit_test(test_every_allocation_failed_once),
        cmocka_unit_test(test_memory_of_a_long_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
