#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "gateway/body/ndjson.h"
#include "unit/failing_alloc.h"

#define LIMIT 4096
#define MOST_LINES 8

/* A line as text: '?' for an incomplete one, '|' before the data of a line that has some, '-' of a blank one. */
struct stream_case {
    struct slice input;
    const char *lines[MOST_LINES];
};

#define INPUT(literal) \
    { literal, sizeof(literal) - 1 }

static const struct stream_case cases[] = {
    {INPUT(""), {NULL}},
    {INPUT("{}\n"), {"|{}"}},
    {INPUT("{}\r\n"), {"|{}"}},
    {INPUT("{\"a\":1}\n{\"b\":2}\n"), {"|{\"a\":1}", "|{\"b\":2}"}},
    {INPUT("{\"a\":1}\r\n{\"b\":2}\n"), {"|{\"a\":1}", "|{\"b\":2}"}},
    {INPUT("{\"t\":\"x\\ny\"}\n"), {"|{\"t\":\"x\\ny\"}"}},
    {INPUT("\n"), {"-"}},
    {INPUT("\n\n\r\n"), {"-", "-", "-"}},
    {INPUT("{}\n\n{}\n"), {"|{}", "-", "|{}"}},
    {INPUT(" \n\t\n \t \r\n"), {"- ", "-\t", "- \t "}},
    {INPUT(" {}\t\n"), {"| {}\t"}},
    {INPUT("\r\n"), {"-"}},
    {INPUT("\r\r\n"), {"-\r"}},
    {INPUT("{}\r\r\n"), {"|{}\r"}},
    {INPUT("{\r}\n"), {"|{\r}"}},
    {INPUT("{}\n\r{}\n"), {"|{}", "|\r{}"}},
    {INPUT("{}"), {"?|{}"}},
    {INPUT("{}\r"), {"?|{}\r"}},
    {INPUT("\r"), {"?-\r"}},
    {INPUT(" "), {"?- "}},
    {INPUT("{}\n{\"a\":"), {"|{}", "?|{\"a\":"}},
    {INPUT("{}\n "), {"|{}", "?- "}},
    {INPUT("\xef\xbb\xbf{}\n"), {"|\xef\xbb\xbf{}"}},
    {INPUT("\v\n\f\n\x85\n"), {"|\v", "|\f", "|\x85"}},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

/* What one reading of a stream gave. */
struct reading {
    struct buffer raw;
    struct buffer lines; /* every line as in stream_case, each ended by a NUL */
};

static void note_line(struct reading *reading, const struct sse_event *line) {
    assert_true(line->raw.len > 0);
    assert_int_equal(line->name.len, 0);
    assert_int_equal(line->data_begin, 0);
    assert_ptr_equal(line->data.data, line->raw.data);
    assert_int_equal(line->data.len + line->eol_len, line->raw.len);
    assert_int_equal(line->complete, line->raw.data[line->raw.len - 1] == '\n');
    assert_true(line->data_line_count <= 1);
    buffer_append(&reading->raw, line->raw);
    if (!line->complete) buffer_append_char(&reading->lines, '?');
    buffer_append_char(&reading->lines, line->data_line_count ? '|' : '-');
    buffer_append(&reading->lines, line->data);
    buffer_append_char(&reading->lines, '\0');
}

static void drain(struct ndjson_reader *reader, struct reading *reading) {
    struct sse_event line;
    while (ndjson_reader_next(reader, &line)) note_line(reading, &line);
}

static void begin_reading(struct ndjson_reader *reader, struct reading *reading) {
    ndjson_reader_init(reader, LIMIT);
    buffer_init(&reading->raw, 0);
    buffer_init(&reading->lines, 0);
}

static void end_reading(struct ndjson_reader *reader, struct reading *reading) {
    struct sse_event line;
    while (ndjson_reader_finish(reader, &line)) note_line(reading, &line);
    assert_false(ndjson_reader_next(reader, &line));
    ndjson_reader_deinit(reader);
}

static void compare(struct reading *reading, const struct stream_case *expected) {
    assert_true(slice_equal(buffer_slice(&reading->raw), expected->input));
    struct slice found = buffer_slice(&reading->lines);
    for (size_t i = 0; expected->lines[i]; i++) {
        const size_t len = strlen(expected->lines[i]) + 1;
        assert_true(found.len >= len);
        assert_string_equal(found.data, expected->lines[i]);
        found = slice_range(found, len, found.len);
    }
    assert_int_equal(found.len, 0);
    buffer_deinit(&reading->raw);
    buffer_deinit(&reading->lines);
}

/* In pieces that end at `first` and `second`; lines are taken after each, or only at the end. */
static void read_in_pieces(const struct stream_case *stream, size_t first, size_t second, bool late) {
    struct ndjson_reader reader;
    struct reading reading;
    begin_reading(&reader, &reading);
    const size_t ends[] = {first, second, stream->input.len};
    size_t begin = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ndjson_reader_feed(&reader, slice_range(stream->input, begin, ends[i])), OUTCOME_OK);
        begin = ends[i];
        if (!late) drain(&reader, &reading);
    }
    end_reading(&reader, &reading);
    compare(&reading, stream);
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
        struct ndjson_reader reader;
        struct reading reading;
        begin_reading(&reader, &reading);
        for (size_t at = 0; at < cases[i].input.len; at++) {
            assert_int_equal(ndjson_reader_feed(&reader, slice_range(cases[i].input, at, at + 1)), OUTCOME_OK);
            drain(&reader, &reading);
        }
        end_reading(&reader, &reading);
        compare(&reading, &cases[i]);
    }
}

/* A line leaves with its LF, and not before. */
static void test_lines_leave_at_once(void **state) {
    (void)state;
    struct ndjson_reader reader;
    struct sse_event line;
    ndjson_reader_init(&reader, LIMIT);
    assert_int_equal(ndjson_reader_feed(&reader, SLICE("{\"a\":1}\r")), OUTCOME_OK);
    assert_false(ndjson_reader_next(&reader, &line));
    assert_int_equal(ndjson_reader_feed(&reader, SLICE("\n{")), OUTCOME_OK);
    assert_true(ndjson_reader_next(&reader, &line));
    assert_true(slice_equal(line.raw, SLICE("{\"a\":1}\r\n")));
    assert_true(slice_equal(line.data, SLICE("{\"a\":1}")));
    assert_int_equal(line.eol_len, 2);
    assert_true(line.complete);
    assert_false(ndjson_reader_next(&reader, &line));
    assert_int_equal(ndjson_reader_feed(&reader, slice_of(NULL, 0)), OUTCOME_OK);
    assert_false(ndjson_reader_next(&reader, &line));
    assert_true(ndjson_reader_finish(&reader, &line));
    assert_true(slice_equal(line.raw, SLICE("{")));
    assert_int_equal(line.eol_len, 0);
    assert_false(line.complete);
    assert_false(ndjson_reader_finish(&reader, &line));
    ndjson_reader_deinit(&reader);
}

static void test_limit_is_per_line(void **state) {
    (void)state;
    struct ndjson_reader reader;
    struct sse_event line;
    ndjson_reader_init(&reader, 8);
    for (int i = 0; i < 10; i++) assert_int_equal(ndjson_reader_feed(&reader, SLICE("1234567\n{}\r\n")), OUTCOME_OK);
    int lines = 0;
    while (ndjson_reader_next(&reader, &line)) lines++;
    assert_int_equal(lines, 20);
    assert_int_equal(ndjson_reader_feed(&reader, SLICE("{}\n12345678")), OUTCOME_OK);
    assert_int_equal(ndjson_reader_feed(&reader, SLICE("\n[]\n")), OUTCOME_OVERFLOW);
    assert_true(ndjson_reader_next(&reader, &line));
    assert_true(slice_equal(line.data, SLICE("{}")));
    assert_false(ndjson_reader_next(&reader, &line));
    assert_int_equal(ndjson_reader_feed(&reader, SLICE("\n")), OUTCOME_OVERFLOW);
    assert_false(ndjson_reader_next(&reader, &line));
    assert_false(ndjson_reader_finish(&reader, &line));
    ndjson_reader_deinit(&reader);
}

/* Wherever the line that is too long stands in the feed, and whether or not it is complete. */
static void test_limit_within_a_feed(void **state) {
    (void)state;
    static const char *const inputs[] = {"{}\n123456789\n[]\n", "{}\n123456789\n", "{}\n123456789", "{}\n12345678\n"};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct ndjson_reader reader;
        struct sse_event line;
        ndjson_reader_init(&reader, 8);
        assert_int_equal(ndjson_reader_feed(&reader, slice_str(inputs[i])), OUTCOME_OVERFLOW);
        assert_true(ndjson_reader_finish(&reader, &line));
        assert_true(slice_equal(line.raw, SLICE("{}\n")));
        assert_false(ndjson_reader_finish(&reader, &line));
        ndjson_reader_deinit(&reader);
    }
}

/* Ten megabytes byte by byte: anything but linear takes hours. */
static void test_large_line_byte_by_byte(void **state) {
    (void)state;
    struct ndjson_reader reader;
    struct sse_event line;
    const size_t len = 10u << 20;
    const uint64_t begin_ns = clock_monotonic_ns();
    ndjson_reader_init(&reader, 16u << 20);
    assert_int_equal(ndjson_reader_feed(&reader, SLICE("first\n")), OUTCOME_OK);
    assert_true(ndjson_reader_next(&reader, &line));
    for (size_t i = 0; i < len; i++) {
        if (ndjson_reader_feed(&reader, SLICE("\r")) != OUTCOME_OK) fail();
        if (ndjson_reader_next(&reader, &line)) fail();
    }
    assert_int_equal(ndjson_reader_feed(&reader, SLICE("\n")), OUTCOME_OK);
    assert_true(ndjson_reader_next(&reader, &line));
    assert_int_equal(line.raw.len, len + 1);
    assert_int_equal(line.data.len, len - 1);
    ndjson_reader_deinit(&reader);
    assert_true(clock_monotonic_ns() - begin_ns < UINT64_C(60000000000));
}

/* Many lines in one feed, taken one by one between small feeds. */
static void test_backlog_is_linear(void **state) {
    (void)state;
    struct ndjson_reader reader;
    struct sse_event line;
    struct buffer text;
    buffer_init(&text, 0);
    for (int i = 0; i < 200000; i++) buffer_append_str(&text, "{\"a\":1}\n");
    ndjson_reader_init(&reader, LIMIT);
    assert_int_equal(ndjson_reader_feed(&reader, buffer_slice(&text)), OUTCOME_OK);
    const uint64_t begin_ns = clock_monotonic_ns();
    for (int i = 0; i < 200000; i++) {
        assert_int_equal(ndjson_reader_feed(&reader, SLICE("{\"b\":2}\n")), OUTCOME_OK);
        assert_true(ndjson_reader_next(&reader, &line));
    }
    assert_true(clock_monotonic_ns() - begin_ns < UINT64_C(20000000000));
    ndjson_reader_deinit(&reader);
    buffer_deinit(&text);
}

static void test_failing_allocations(void **state) {
    (void)state;
    struct buffer long_line;
    buffer_init(&long_line, 0);
    for (int i = 0; i < 1000; i++) buffer_append_char(&long_line, 'x');
    for (unsigned nth = 1;; nth++) {
        struct ndjson_reader reader;
        struct sse_event line;
        ndjson_reader_init(&reader, LIMIT);
        failing_alloc_arm(nth);
        enum outcome outcome = ndjson_reader_feed(&reader, SLICE("{}\n"));
        const bool first = outcome == OUTCOME_OK;
        if (first) outcome = ndjson_reader_feed(&reader, buffer_slice(&long_line));
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome, failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
        if (failed) assert_int_equal(ndjson_reader_feed(&reader, SLICE("\n")), OUTCOME_NO_MEMORY);
        assert_int_equal(ndjson_reader_next(&reader, &line), first);
        assert_int_equal(ndjson_reader_finish(&reader, &line), !failed);
        ndjson_reader_deinit(&reader);
        if (!failed) {
            assert_int_equal(nth, 3);
            break;
        }
    }
    buffer_deinit(&long_line);
}

static void test_random_streams(void **state) {
    (void)state;
    static const char *const parts[] = {"{\"a\":1}", "{}", " ", "\t", "\n", "\r", "\r\n", "\n\n", "\xef\xbb\xbf"};
    const char *given = getenv("SLUICE_SEED");
    const unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);
    printf("SLUICE_SEED=%lu\n", seed);
    srandom((unsigned)seed);
    for (int round = 0; round < 3000; round++) {
        struct buffer text;
        struct ndjson_reader reader;
        struct reading whole;
        struct reading cut;
        buffer_init(&text, 0);
        for (long n = random() % 24; n >= 0; n--)
            buffer_append_str(&text, parts[(size_t)random() % (sizeof parts / sizeof parts[0])]);
        begin_reading(&reader, &whole);
        assert_int_equal(ndjson_reader_feed(&reader, buffer_slice(&text)), OUTCOME_OK);
        end_reading(&reader, &whole);
        begin_reading(&reader, &cut);
        for (size_t at = 0; at < text.len;) {
            size_t step = 1 + (size_t)random() % 9;
            if (step > text.len - at) step = text.len - at;
            assert_int_equal(ndjson_reader_feed(&reader, slice_range(buffer_slice(&text), at, at + step)), OUTCOME_OK);
            if (random() % 2) drain(&reader, &cut);
            at += step;
        }
        end_reading(&reader, &cut);
        assert_true(slice_equal(buffer_slice(&whole.raw), buffer_slice(&text)));
        assert_true(slice_equal(buffer_slice(&cut.raw), buffer_slice(&text)));
        assert_true(slice_equal(buffer_slice(&cut.lines), buffer_slice(&whole.lines)));
        buffer_deinit(&whole.raw);
        buffer_deinit(&whole.lines);
        buffer_deinit(&cut.raw);
        buffer_deinit(&cut.lines);
        buffer_deinit(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_two_splits),    cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_lines_leave_at_once), cmocka_unit_test(test_limit_is_per_line),
        cmocka_unit_test(test_limit_within_a_feed), cmocka_unit_test(test_large_line_byte_by_byte),
        cmocka_unit_test(test_backlog_is_linear),   cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_random_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
