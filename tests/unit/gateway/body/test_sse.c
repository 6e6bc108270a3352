#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "gateway/body/sse.h"
#include "unit/failing_alloc.h"

#define LIMIT 4096
#define MOST_EVENTS 16

/* An event as text: name, then data; the incomplete one is marked. NULL ends the list. */
struct stream_case {
    struct slice input;
    const char *events[MOST_EVENTS];
};

#define INPUT(literal) \
    { literal, sizeof(literal) - 1 }

static const struct stream_case cases[] = {
    {INPUT(""), {NULL}},
    {INPUT("data: a\n\n"), {"|a"}},
    {INPUT("data: a\r\n\r\n"), {"|a"}},
    {INPUT("data: a\r\r"), {"|a"}},
    {INPUT("data: a\n\r\n"), {"|a"}},
    {INPUT("data: a\r\n\n"), {"|a"}},
    {INPUT("data: a\r\n\r"), {"|a"}},
    {INPUT("data: a\n\r"), {"|a"}},
    {INPUT("data: a\n\ndata: b\n\n"), {"|a", "|b"}},
    {INPUT("data: a\r\n\r\ndata: b\r\n\r\n"), {"|a", "|b"}},
    {INPUT("data: a\r\rdata: b\r\r"), {"|a", "|b"}},
    {INPUT("data: a\r\n\rdata: b\n\r\n"), {"|a", "|b"}},
    {INPUT("data:a\n\ndata:  b\n\ndata:\n\ndata: \n\n"), {"|a", "| b", "|", "|"}},
    {INPUT("data\n\n"), {"|"}},
    {INPUT("data: a\ndata: b\n\n"), {"|a\nb"}},
    {INPUT("data: a\r\ndata\r\ndata:c\r\n\r\n"), {"|a\n\nc"}},
    {INPUT("data\ndata\n\n"), {"|\n"}},
    {INPUT("event: x\ndata: a\n\n"), {"x|a"}},
    {INPUT("data: a\nevent:x\n\n"), {"x|a"}},
    {INPUT("event: x\nevent: y\n\n"), {"y|"}},
    {INPUT("event\ndata: a\n\n"), {"|a"}},
    {INPUT(": comment\n\n"), {"|"}},
    {INPUT(":\n\ndata: a\n\n"), {"|", "|a"}},
    {INPUT(": ping\ndata: a\n: pong\n\n"), {"|a"}},
    {INPUT("\n\n\n"), {"|", "|", "|"}},
    {INPUT("\r\n\r\n"), {"|", "|"}},
    {INPUT("\r\r"), {"|", "|"}},
    {INPUT("\r\n\r"), {"|", "|"}},
    {INPUT("\n\r"), {"|", "|"}},
    {INPUT("id: 1\nretry: 10\nother: z\ndata: a\n\n"), {"|a"}},
    {INPUT("Data: a\ndatax: b\ndat: c\n data: d\ndata : e\n\n"), {"|"}},
    {INPUT("data: a: b\n\n"), {"|a: b"}},
    {INPUT("data: {\"t\":\"x\\n\\ny\"}\n\n"), {"|{\"t\":\"x\\n\\ny\"}"}},
    {INPUT("\xef\xbb\xbf"
           "data: a\n\n"),
     {"|a"}},
    {INPUT("\xef\xbb\xbf\n"
           "data: a\n\n"),
     {"|", "|a"}},
    {INPUT("data: a\n\n\xef\xbb\xbf"
           "data: b\n\n"),
     {"|a", "|"}},
    {INPUT("\xef\xbb"
           "data: a\n\n"),
     {"|"}},
    {INPUT("\xef\xbb\n\n"), {"|"}},
    {INPUT("\xef\xbb\xbf"), {"?|"}},
    {INPUT("\xef\xbb"), {"?|"}},
    {INPUT("data: a"), {"?|a"}},
    {INPUT("data: a\n"), {"?|a"}},
    {INPUT("data: a\r"), {"?|a"}},
    {INPUT("data: a\r\n"), {"?|a"}},
    {INPUT("data: a\ndata: b"), {"?|a\nb"}},
    {INPUT("event: x\ndata"), {"?x|"}},
    {INPUT("data: a\n\nda"), {"|a", "?|"}},
    {INPUT("data: a\n\nevent: e\n"), {"|a", "?e|"}},
    {INPUT("data: a\r\n\r\nx"), {"|a", "?|"}},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

/* What one reading of a stream gave. */
struct reading {
    struct buffer raw;
    struct buffer events; /* every event as in stream_case, each ended by a NUL */
};

static void note_event(struct reading *reading, const struct sse_event *event) {
    buffer_append(&reading->raw, event->raw);
    assert_true(event->raw.len > 0);
    if (event->data_begin != UINT32_MAX) {
        assert_int_equal(event->data_line_count, 1);
        assert_ptr_equal(event->raw.data + event->data_begin, event->data.data);
        assert_true(event->data_begin + event->data.len <= event->raw.len);
    }
    assert_true(event->data_line_count > 0 || event->data.len == 0);
    assert_true(event->eol_len <= 2);
    /* the late LF of an event that was handed out before is no event of its own */
    if (slice_equal(event->raw, SLICE("\n")) && event->complete && event->eol_len == 0) return;
    if (!event->complete) buffer_append_char(&reading->events, '?');
    buffer_append(&reading->events, event->name);
    buffer_append_char(&reading->events, '|');
    buffer_append(&reading->events, event->data);
    buffer_append_char(&reading->events, '\0');
}

static void drain(struct sse_reader *reader, struct reading *reading) {
    struct sse_event event;
    while (sse_reader_next(reader, &event)) note_event(reading, &event);
}

/* Ends the reading and compares. */
static void finish_and_compare(struct sse_reader *reader, struct reading *reading, const struct stream_case *expected) {
    struct sse_event event;
    while (sse_reader_finish(reader, &event)) note_event(reading, &event);
    assert_true(slice_equal(buffer_slice(&reading->raw), expected->input));
    struct slice found = buffer_slice(&reading->events);
    for (size_t i = 0; expected->events[i]; i++) {
        const size_t len = strlen(expected->events[i]) + 1;
        assert_true(found.len >= len);
        assert_string_equal(found.data, expected->events[i]);
        found = slice_range(found, len, found.len);
    }
    assert_int_equal(found.len, 0);
    sse_reader_deinit(reader);
    buffer_deinit(&reading->raw);
    buffer_deinit(&reading->events);
}

static void begin_reading(struct sse_reader *reader, struct reading *reading) {
    sse_reader_init(reader, LIMIT);
    buffer_init(&reading->raw, 0);
    buffer_init(&reading->events, 0);
}

/* In pieces that end at `first` and `second`; events are taken after each, or only at the end. */
static void read_in_pieces(const struct stream_case *stream, size_t first, size_t second, bool late) {
    struct sse_reader reader;
    struct reading reading;
    begin_reading(&reader, &reading);
    const size_t ends[] = {first, second, stream->input.len};
    size_t begin = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sse_reader_feed(&reader, slice_range(stream->input, begin, ends[i])), OUTCOME_OK);
        begin = ends[i];
        if (!late) drain(&reader, &reading);
    }
    finish_and_compare(&reader, &reading, stream);
}

static void test_every_two_splits(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++)
        for (size_t second = 0; second <= cases[i].input.len; second++)
            for (size_t first = 0; first <= second; first++) {
                read_in_pieces(&cases[i], first, second, false);
                read_in_pieces(&cases[i], first, second, true);
            }
}

static void test_byte_by_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct sse_reader reader;
        struct reading reading;
        begin_reading(&reader, &reading);
        for (size_t at = 0; at < cases[i].input.len; at++) {
            assert_int_equal(sse_reader_feed(&reader, slice_range(cases[i].input, at, at + 1)), OUTCOME_OK);
            drain(&reader, &reading);
        }
        finish_and_compare(&reader, &reading, &cases[i]);
    }
}

/* The bytes of one event must leave as soon as its blank line can end, even when that is a CR. */
static void test_events_leave_at_once(void **state) {
    (void)state;
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, LIMIT);
    assert_int_equal(sse_reader_feed(&reader, SLICE("data: a\r\n\r")), OUTCOME_OK);
    assert_true(sse_reader_next(&reader, &event));
    assert_true(slice_equal(event.raw, SLICE("data: a\r\n\r")));
    assert_true(event.complete);
    assert_int_equal(event.eol_len, 2);
    assert_int_equal(sse_reader_feed(&reader, SLICE("\n")), OUTCOME_OK);
    assert_false(sse_reader_next(&reader, &event));
    assert_int_equal(sse_reader_feed(&reader, SLICE("data: b\r\n\r\n")), OUTCOME_OK);
    assert_true(sse_reader_next(&reader, &event));
    assert_true(slice_equal(event.raw, SLICE("\ndata: b\r\n\r\n")));
    assert_int_equal(event.data_begin, 7);
    assert_true(slice_equal(event.data, SLICE("b")));
    assert_false(sse_reader_finish(&reader, &event));
    sse_reader_deinit(&reader);
}

/* A stream that ends in a late LF was not cut. */
static void test_late_lf_at_the_end(void **state) {
    (void)state;
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, LIMIT);
    assert_int_equal(sse_reader_feed(&reader, SLICE("data: a\r\n\r")), OUTCOME_OK);
    assert_true(sse_reader_next(&reader, &event));
    assert_int_equal(sse_reader_feed(&reader, SLICE("\n")), OUTCOME_OK);
    assert_true(sse_reader_finish(&reader, &event));
    assert_true(slice_equal(event.raw, SLICE("\n")));
    assert_true(event.complete);
    assert_int_equal(event.data_line_count, 0);
    assert_false(sse_reader_finish(&reader, &event));
    sse_reader_deinit(&reader);
}

static void test_data_place(void **state) {
    (void)state;
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, LIMIT);
    assert_int_equal(sse_reader_feed(&reader, SLICE("event: e\ndata: xyz\nid: 1\n\ndata\n\ndata:\n\n")), OUTCOME_OK);
    assert_true(sse_reader_next(&reader, &event));
    assert_int_equal(event.data_begin, 15);
    assert_int_equal(event.data_line_count, 1);
    assert_int_equal(event.eol_len, 1);
    assert_true(sse_reader_next(&reader, &event));
    assert_int_equal(event.data_begin, UINT32_MAX);
    assert_int_equal(event.data_line_count, 1);
    assert_true(sse_reader_next(&reader, &event));
    assert_int_equal(event.data_begin, 5);
    assert_false(sse_reader_next(&reader, &event));
    sse_reader_deinit(&reader);
}

static void test_limit_is_per_event(void **state) {
    (void)state;
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, 9);
    for (int i = 0; i < 10; i++)
        assert_int_equal(sse_reader_feed(&reader, SLICE("data: a\n\ndata: b\n\n")), OUTCOME_OK);
    int events = 0;
    while (sse_reader_next(&reader, &event)) events++;
    assert_int_equal(events, 20);
    assert_int_equal(sse_reader_feed(&reader, SLICE("data: c\n\ndata: dd")), OUTCOME_OK);
    assert_int_equal(sse_reader_feed(&reader, SLICE("d\n")), OUTCOME_OVERFLOW);
    assert_true(sse_reader_next(&reader, &event));
    assert_true(slice_equal(event.data, SLICE("c")));
    assert_false(sse_reader_next(&reader, &event));
    assert_int_equal(sse_reader_feed(&reader, SLICE("\n")), OUTCOME_OVERFLOW);
    assert_false(sse_reader_finish(&reader, &event));
    sse_reader_deinit(&reader);
}

static void test_limit_holds_for_complete_events(void **state) {
    (void)state;
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, 9);
    assert_int_equal(sse_reader_feed(&reader, SLICE("data: a\n\ndata: too long\n\ndata: b\n\n")), OUTCOME_OVERFLOW);
    assert_true(sse_reader_next(&reader, &event));
    assert_false(sse_reader_next(&reader, &event));
    assert_false(sse_reader_finish(&reader, &event));
    sse_reader_deinit(&reader);
}

/* Ten megabytes byte by byte: anything but linear takes hours. */
static void feed_large(struct slice line, size_t lines, size_t step) {
    struct sse_reader reader;
    struct sse_event event;
    const uint64_t begin_ns = clock_monotonic_ns();
    sse_reader_init(&reader, 16u << 20);
    assert_int_equal(sse_reader_feed(&reader, SLICE("data: first\n\n")), OUTCOME_OK);
    assert_true(sse_reader_next(&reader, &event));
    for (size_t i = 0; i < lines; i++)
        for (size_t at = 0; at < line.len; at += step) {
            const size_t end = at + step < line.len ? at + step : line.len;
            assert_int_equal(sse_reader_feed(&reader, slice_range(line, at, end)), OUTCOME_OK);
        }
    assert_int_equal(sse_reader_feed(&reader, SLICE(": end\r\n\r\n")), OUTCOME_OK);
    assert_true(sse_reader_next(&reader, &event));
    assert_true(event.raw.len >= line.len * lines);
    assert_false(sse_reader_next(&reader, &event));
    sse_reader_deinit(&reader);
    assert_true(clock_monotonic_ns() - begin_ns < UINT64_C(60000000000));
}

static void test_large_event_byte_by_byte(void **state) {
    (void)state;
    feed_large(SLICE("0123456789abcdef"), (10u << 20) / 16, 1);
}

static void test_large_event_of_cr_lines(void **state) {
    (void)state;
    feed_large(SLICE("data: 0123456789\r"), (4u << 20) / 17, 17);
}

/* Many events in one feed, taken one by one between small feeds. */
static void test_backlog_is_linear(void **state) {
    (void)state;
    struct sse_reader reader;
    struct sse_event event;
    struct buffer text;
    buffer_init(&text, 0);
    for (int i = 0; i < 200000; i++) buffer_append_str(&text, "data: a\n\n");
    sse_reader_init(&reader, LIMIT);
    assert_int_equal(sse_reader_feed(&reader, buffer_slice(&text)), OUTCOME_OK);
    const uint64_t begin_ns = clock_monotonic_ns();
    for (int i = 0; i < 200000; i++) {
        assert_int_equal(sse_reader_feed(&reader, SLICE("data: b\n\n")), OUTCOME_OK);
        assert_true(sse_reader_next(&reader, &event));
    }
    assert_true(clock_monotonic_ns() - begin_ns < UINT64_C(20000000000));
    sse_reader_deinit(&reader);
    buffer_deinit(&text);
}

/* Only events of several data lines need memory for joining them. */
static void test_single_lines_need_no_joining(void **state) {
    (void)state;
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, LIMIT);
    for (int i = 0; i < 3; i++) assert_int_equal(sse_reader_feed(&reader, SLICE("data: a\n\ndata: b\n\n")), OUTCOME_OK);
    while (sse_reader_next(&reader, &event)) assert_int_equal(event.data.len, 1);
    assert_int_equal(reader.joined.capacity_bytes, 0);
    sse_reader_deinit(&reader);
}

static void test_failing_allocations(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct sse_reader reader;
        struct sse_event event;
        sse_reader_init(&reader, LIMIT);
        failing_alloc_arm(nth);
        enum outcome outcome = sse_reader_feed(&reader, SLICE("data: a\n"));
        if (outcome == OUTCOME_OK) outcome = sse_reader_feed(&reader, SLICE("data: b\n\n"));
        const bool taken = sse_reader_next(&reader, &event);
        const bool failed = failing_alloc_disarm();
        if (failed) {
            assert_int_equal(outcome, OUTCOME_NO_MEMORY);
            assert_int_equal(sse_reader_feed(&reader, SLICE("x")), OUTCOME_NO_MEMORY);
            assert_false(sse_reader_finish(&reader, &event));
        } else {
            assert_int_equal(outcome, OUTCOME_OK);
            assert_true(taken);
        }
        sse_reader_deinit(&reader);
        if (!failed) break;
    }
}

static void test_random_streams(void **state) {
    (void)state;
    static const char *const parts[] = {"data: x", "data:y", "data", "event: e", ": c",      "id: 1",
                                        "\n",      "\r",     "\r\n", "\n\n",     "\r\n\r\n", "\xef\xbb\xbf"};
    const char *given = getenv("SLUICE_SEED");
    const unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);
    printf("SLUICE_SEED=%lu\n", seed);
    srandom((unsigned)seed);
    for (int round = 0; round < 3000; round++) {
        struct buffer text;
        struct sse_reader reader;
        struct reading whole;
        struct reading cut;
        buffer_init(&text, 0);
        for (long n = random() % 24; n >= 0; n--)
            buffer_append_str(&text, parts[(size_t)random() % (sizeof parts / sizeof parts[0])]);
        begin_reading(&reader, &whole);
        assert_int_equal(sse_reader_feed(&reader, buffer_slice(&text)), OUTCOME_OK);
        struct sse_event event;
        while (sse_reader_finish(&reader, &event)) note_event(&whole, &event);
        sse_reader_deinit(&reader);
        begin_reading(&reader, &cut);
        for (size_t at = 0; at < text.len;) {
            size_t step = 1 + (size_t)random() % 9;
            if (step > text.len - at) step = text.len - at;
            assert_int_equal(sse_reader_feed(&reader, slice_range(buffer_slice(&text), at, at + step)), OUTCOME_OK);
            if (random() % 2) drain(&reader, &cut);
            at += step;
        }
        while (sse_reader_finish(&reader, &event)) note_event(&cut, &event);
        sse_reader_deinit(&reader);
        assert_true(slice_equal(buffer_slice(&whole.raw), buffer_slice(&text)));
        assert_true(slice_equal(buffer_slice(&cut.raw), buffer_slice(&text)));
        assert_true(slice_equal(buffer_slice(&cut.events), buffer_slice(&whole.events)));
        buffer_deinit(&whole.raw);
        buffer_deinit(&whole.events);
        buffer_deinit(&cut.raw);
        buffer_deinit(&cut.events);
        buffer_deinit(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_two_splits),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_events_leave_at_once),
        cmocka_unit_test(test_late_lf_at_the_end),
        cmocka_unit_test(test_data_place),
        cmocka_unit_test(test_limit_is_per_event),
        cmocka_unit_test(test_limit_holds_for_complete_events),
        cmocka_unit_test(test_large_event_byte_by_byte),
        cmocka_unit_test(test_large_event_of_cr_lines),
        cmocka_unit_test(test_backlog_is_linear),
        cmocka_unit_test(test_single_lines_need_no_joining),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_random_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
