/* The upstream side: each case is one answer and the end of its connection, cut in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/failing_alloc.h"
#include "tests/unit/gateway/http/transcript.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

enum how { PLAIN = 0, TO_HEAD = 1, TORN = 2 }; /* to a HEAD request; closed without FIN or close_notify */

struct answer {
    const char *name;
    struct slice bytes;
    unsigned how;
    unsigned status;   /* 502: refused; 0: accepted */
    const char *holds; /* what the transcript must hold; NULL: anything */
};

#define ACCEPTED(name, bytes, how, holds) \
    { (name), {(bytes), sizeof(bytes) - 1}, (how), 0, (holds) }
#define REFUSED(name, bytes, how, holds) \
    { (name), {(bytes), sizeof(bytes) - 1}, (how), 502, (holds) }

static const struct answer answers[] = {
    ACCEPTED("by length", OK "Content-Length: 3\r\n\r\nabc", PLAIN, "body:abc[done reusable]"),
    ACCEPTED("by length, connection torn behind it", OK "Content-Length: 3\r\n\r\nabc", TORN,
             "body:abc[done reusable]"),
    ACCEPTED("length of 0", OK "Content-Length: 0\r\n\r\n", PLAIN, "body:[done reusable]"),
    ACCEPTED("chunked", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", PLAIN, "body:abcde[done reusable]"),
    ACCEPTED("until close", OK "\r\nabc", PLAIN, "|00001 0>body:abc[done]"),
    ACCEPTED("until close, no bytes", OK "\r\n", PLAIN, "body:[done]"),
    REFUSED("until close, torn", OK "\r\nabc", TORN, "body:abc[refused 502 The upstream's answer is truncated.]"),
    REFUSED("until close, torn at once", OK "\r\n", TORN, NULL),
    ACCEPTED("says close", OK "Connection: close\r\nContent-Length: 3\r\n\r\nabc", PLAIN, "body:abc[done]"),
    ACCEPTED("HTTP/1.0 by length", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", PLAIN, "body:abc[done]"),
    ACCEPTED("HTTP/1.0 keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", PLAIN,
             "|10000 0>"),
    ACCEPTED("no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", PLAIN, "|200 |"),
    ACCEPTED("no space for a reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", PLAIN, "|200 |"),
    ACCEPTED("a long reason", "HTTP/1.1 429 Too  Many\r\nContent-Length: 0\r\n\r\n", PLAIN, "|429 Too  Many|"),
    ACCEPTED("an unknown status", "HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", PLAIN, "|599 x|"),
    ACCEPTED("its coding is the caller's", OK "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", PLAIN,
             "Content-Encoding=gzip;"),
    ACCEPTED("offers another protocol", OK "Connection: Upgrade\r\nUpgrade: h2\r\nContent-Length: 0\r\n\r\n", PLAIN,
             "[done reusable]"),

    ACCEPTED("1xx skipped", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n" CHUNKED "0\r\n\r\n",
             PLAIN, "<0 ||||200 OK|01100 0>Transfer-Encoding=chunked;body:[done reusable]"),
    REFUSED("101 unasked", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", PLAIN, NULL),
    REFUSED("1xx with a length", "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" OK "\r\n", PLAIN, NULL),
    REFUSED("1xx and nothing more", "HTTP/1.1 100 Continue\r\n\r\n", PLAIN, "truncated"),
    REFUSED("nine 1xx",
            "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
            "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
            "HTTP/1.1 100 C\r\n\r\n",
            PLAIN, "too many 1xx"),

    ACCEPTED("204", "HTTP/1.1 204 No Content\r\n\r\n", PLAIN, "body:[done reusable]"),
    ACCEPTED("304", "HTTP/1.1 304 Not Modified\r\n\r\n", PLAIN, "body:[done reusable]"),
    REFUSED("204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", PLAIN, NULL),
    REFUSED("204 with a length of 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", PLAIN, NULL),
    REFUSED("204 chunked", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", PLAIN, NULL),
    REFUSED("304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", PLAIN, NULL),
    ACCEPTED("204 with a body: surplus", "HTTP/1.1 204 No Content\r\n\r\nabc", PLAIN, "body:[done surplus]"),

    ACCEPTED("to HEAD, with a length", OK "Content-Length: 99\r\n\r\n", TO_HEAD,
             "99>Content-Length=99;body:[done reusable]"),
    ACCEPTED("to HEAD, chunked", CHUNKED, TO_HEAD, "body:[done reusable]"),
    ACCEPTED("to HEAD, no framing", OK "\r\n", TO_HEAD, "|00100 0>body:[done reusable]"),
    ACCEPTED("to HEAD, a body all the same", OK "Content-Length: 3\r\n\r\nabc", TO_HEAD, "body:[done surplus]"),

    REFUSED("status 99", "HTTP/1.1 99 x\r\n\r\n", PLAIN, NULL),
    REFUSED("status 099", "HTTP/1.1 099 x\r\n\r\n", PLAIN, NULL),
    REFUSED("status 000", "HTTP/1.1 000 x\r\n\r\n", PLAIN, NULL),
    REFUSED("status 600", "HTTP/1.1 600 x\r\n\r\n", PLAIN, NULL),
    REFUSED("status 1000", "HTTP/1.1 1000 x\r\n\r\n", PLAIN, NULL),
    REFUSED("status 2x0", "HTTP/1.1 2x0 x\r\n\r\n", PLAIN, NULL),
    REFUSED("HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", PLAIN, NULL),
    REFUSED("HTTP/0.9", "hello", PLAIN, NULL),
    REFUSED("ICY", "ICY 200 OK\r\n\r\n", PLAIN, NULL),
    REFUSED("an empty line first", "\r\n" OK "\r\n", PLAIN, NULL),
    REFUSED("two spaces", "HTTP/1.1  200 OK\r\n\r\n", PLAIN, NULL),
    REFUSED("control in the reason", "HTTP/1.1 200 O\001K\r\n\r\n", PLAIN, NULL),
    REFUSED("bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", PLAIN, NULL),
    REFUSED("folded", OK "X: a\r\n b\r\n\r\n", PLAIN, NULL),
    REFUSED("8-bit value", OK "X: \xff\r\n\r\n", PLAIN, NULL),

    REFUSED("TE: gzip", OK "Transfer-Encoding: gzip\r\n\r\nabc", PLAIN, NULL),
    REFUSED("TE: gzip, chunked", OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", PLAIN, NULL),
    REFUSED("TE and CL", OK "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", PLAIN, NULL),
    REFUSED("TE on 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", PLAIN, NULL),
    REFUSED("two CL", OK "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", PLAIN, NULL),
    REFUSED("CL 003", OK "Content-Length: 003\r\n\r\nabc", PLAIN, NULL),
    REFUSED("a trailer", CHUNKED "0\r\nX: y\r\n\r\n", PLAIN, NULL),
    REFUSED("an extension", CHUNKED "3;x\r\nabc\r\n0\r\n\r\n", PLAIN, NULL),

    REFUSED("nothing at all", "", PLAIN, "truncated"),
    REFUSED("half a head", "HTTP/1.1 200 OK\r\nContent-Le", PLAIN, "truncated"),
    REFUSED("half a body", OK "Content-Length: 4\r\n\r\nabc", PLAIN, "body:abc[refused 502"),
    REFUSED("no last chunk", CHUNKED "3\r\nabc\r\n", PLAIN, "body:abc[refused 502"),
    REFUSED("half a last chunk", CHUNKED "3\r\nabc\r\n0\r\n", PLAIN, "body:abc[refused 502"),

    ACCEPTED("surplus behind a length", OK "Content-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n\r\n", PLAIN,
             "body:abc[done surplus]"),
    ACCEPTED("surplus behind chunks", CHUNKED "3\r\nabc\r\n0\r\n\r\n\r\n", PLAIN, "body:abc[done surplus]"),
};

static void write_transcript(const struct answer *answer, struct cutting cutting, struct buffer *log) {
    const struct http_limits limits = HTTP_RESPONSE_LIMITS;
    buffer_init(log, 0);
    transcript_of_response(answer->bytes, &limits, (answer->how & TO_HEAD) != 0, (answer->how & TORN) == 0, cutting,
                           log);
}

static void check_cut(const struct answer *answer, struct cutting cutting, const struct buffer *whole) {
    struct buffer cut;
    write_transcript(answer, cutting, &cut);
    if (!slice_equal(buffer_slice(whole), buffer_slice(&cut)))
        fail_msg("%s: cut %zu, %zu: got %.*s", answer->name, cutting.first_bytes, cutting.next_bytes, (int)cut.len,
                 cut.data ? cut.data : "");
    buffer_deinit(&cut);
}

static void test_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct answer *answer = &answers[i];
        struct buffer whole;
        write_transcript(answer, cutting_whole, &whole);
        if (transcript_status(&whole) != answer->status ||
            (answer->holds && !transcript_holds(&whole, slice_str(answer->holds))))
            fail_msg("%s: got %.*s", answer->name, (int)whole.len, whole.data ? whole.data : "");
        check_cut(answer, cutting_each_byte, &whole);
        for (size_t at = 1; at < answer->bytes.len; at++) check_cut(answer, (struct cutting){at, 0}, &whole);
        buffer_deinit(&whole);
    }
}

static struct response_reader *reader_with(struct http_limits limits) {
    struct response_reader *reader = NULL;
    assert_int_equal(response_reader_create(&limits, false, &reader), OUTCOME_OK);
    assert_true(response_reader_is_idle(reader));
    return reader;
}

static enum http_event feed(struct response_reader *reader, struct slice *bytes) {
    size_t used = 0;
    struct slice body;
    const enum http_event event = response_reader_feed(reader, *bytes, &used, &body);
    *bytes = slice_range(*bytes, used, bytes->len);
    return event;
}

static void test_two_answers_on_one_connection(void **state) {
    (void)state;
    struct response_reader *reader = reader_with(HTTP_RESPONSE_LIMITS);
    struct slice first = SLICE(OK "Content-Length: 99\r\n\r\n");
    response_reader_reset(reader, true);
    assert_int_equal(feed(reader, &first), HTTP_HEAD);
    assert_false(response_reader_is_idle(reader));
    assert_false(response_reader_is_reusable(reader));
    assert_int_equal(feed(reader, &first), HTTP_DONE);
    assert_true(response_reader_is_reusable(reader));

    response_reader_reset(reader, false);
    assert_null(response_reader_head(reader));
    assert_true(response_reader_is_idle(reader));
    struct slice second = SLICE("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nab");
    assert_int_equal(feed(reader, &second), HTTP_HEAD);
    assert_int_equal(response_reader_head(reader)->status, 500);
    assert_int_equal(feed(reader, &second), HTTP_BODY);
    assert_int_equal(feed(reader, &second), HTTP_DONE);
    response_reader_destroy(reader);
}

static void test_no_answer_follows_when_it_may_not(void **state) {
    (void)state;
    static const char *const firsts[] = {
        OK "Connection: close\r\nContent-Length: 0\r\n\r\n",
        OK "Content-Length: 3\r\n\r\nab",
        OK "Content-Length: 0\r\n\r\nx",
    };
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct response_reader *reader = reader_with(HTTP_RESPONSE_LIMITS);
        struct slice first = slice_str(firsts[i]);
        enum http_event event = HTTP_HEAD;
        while (event == HTTP_HEAD || event == HTTP_BODY) event = feed(reader, &first);
        assert_int_not_equal(event, HTTP_REFUSED);
        response_reader_reset(reader, false);
        struct slice second = SLICE(OK "Content-Length: 0\r\n\r\n");
        assert_int_equal(feed(reader, &second), HTTP_REFUSED);
        assert_int_equal(response_reader_refusal(reader).status, 502);
        assert_int_equal(response_reader_finish(reader, true), HTTP_REFUSED);
        response_reader_destroy(reader);
    }
}

static void test_surplus_that_comes_later(void **state) {
    (void)state;
    struct response_reader *reader = reader_with(HTTP_RESPONSE_LIMITS);
    struct slice bytes = SLICE(OK "Content-Length: 0\r\n\r\n");
    assert_int_equal(feed(reader, &bytes), HTTP_HEAD);
    assert_int_equal(feed(reader, &bytes), HTTP_DONE);
    assert_false(response_reader_surplus(reader));
    struct slice more = SLICE("\r\n");
    assert_int_equal(feed(reader, &more), HTTP_DONE);
    assert_int_equal(more.len, 0);
    assert_true(response_reader_surplus(reader));
    assert_false(response_reader_is_reusable(reader));
    response_reader_destroy(reader);
}

static void check_limited(struct http_limits limits, struct slice bytes, unsigned status) {
    struct buffer whole, cut;
    buffer_init(&whole, 0);
    buffer_init(&cut, 0);
    transcript_of_response(bytes, &limits, false, true, cutting_whole, &whole);
    transcript_of_response(bytes, &limits, false, true, cutting_each_byte, &cut);
    assert_int_equal(transcript_status(&whole), status);
    assert_true(slice_equal(buffer_slice(&whole), buffer_slice(&cut)));
    buffer_deinit(&whole);
    buffer_deinit(&cut);
}

static void test_limits(void **state) {
    (void)state;
    const struct slice head = SLICE(OK "X: yyyyyyyyyy\r\n\r\n");
    check_limited((struct http_limits){head.len, 10, 10}, head, 0);
    check_limited((struct http_limits){head.len - 1, 10, 10}, head, 502);
    const struct http_limits three = {100, 3, 64};
    check_limited(three, SLICE(OK "Content-Length: 3\r\n\r\nabc"), 0);
    check_limited(three, SLICE(OK "Content-Length: 4\r\n\r\nabcd"), 502);
    check_limited(three, SLICE(OK "\r\nabc"), 0);
    check_limited(three, SLICE(OK "\r\nabcd"), 502);
    check_limited(three, SLICE(CHUNKED "3\r\nabc\r\n0\r\n\r\n"), 0);
    check_limited(three, SLICE(CHUNKED "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"), 502);
}

static bool read_one(void) {
    const struct http_limits limits = HTTP_RESPONSE_LIMITS;
    struct response_reader *reader = NULL;
    if (response_reader_create(&limits, false, &reader) != OUTCOME_OK) return false;
    struct slice bytes = SLICE("HTTP/1.1 100 C\r\n\r\n" CHUNKED "3\r\nabc\r\n0\r\n\r\n");
    enum http_event event = HTTP_NEED_MORE;
    do event = feed(reader, &bytes);
    while (event == HTTP_HEAD || event == HTTP_BODY);
    if (event == HTTP_REFUSED) assert_int_equal(response_reader_refusal(reader).status, 503);
    response_reader_destroy(reader);
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
    response_reader_destroy(NULL);
}

/* Answers made by changing good ones here and there: whatever they are, they are read the same in pieces. */
static void test_random_answers(void **state) {
    (void)state;
    const uint64_t seed = 20260801;
    print_message("seed %llu\n", (unsigned long long)seed);
    uint64_t random = seed;
    const size_t count = sizeof answers / sizeof answers[0];
    for (unsigned round = 0; round < 3000; round++) {
        const struct answer *model = &answers[transcript_random(&random) % count];
        if (model->bytes.len == 0) continue;
        char changed[512];
        assert_true(model->bytes.len <= sizeof changed);
        memcpy(changed, model->bytes.data, model->bytes.len);
        transcript_damage(changed, model->bytes.len, &random);
        const struct answer answer = {"random", slice_of(changed, model->bytes.len), model->how, 0, NULL};
        struct buffer whole;
        write_transcript(&answer, cutting_whole, &whole);
        check_cut(&answer, cutting_each_byte, &whole);
        check_cut(&answer, (struct cutting){1 + transcript_random(&random) % 64, 1 + transcript_random(&random) % 16},
                  &whole);
        buffer_deinit(&whole);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_two_answers_on_one_connection),
        cmocka_unit_test(test_no_answer_follows_when_it_may_not),
        cmocka_unit_test(test_surplus_that_comes_later),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_allocation_failed_once),
        cmocka_unit_test(test_random_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
