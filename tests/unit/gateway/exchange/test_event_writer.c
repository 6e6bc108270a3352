#include "unit/gateway/exchange/answer_fixture.h"

#include "gateway/exchange/event_writer.h"

/* Writes the first event of `raw` with `data` in the place of its own. */
static void assert_written(const char *raw, const char *data, const char *expected) {
    struct sse_reader reader;
    struct sse_event event;
    struct buffer out;
    buffer_init(&out, 0);
    sse_reader_init(&reader, 1u << 16);
    assert_int_equal(sse_reader_feed(&reader, slice_str(raw)), OUTCOME_OK);
    assert_true(sse_reader_finish(&reader, &event));
    event_write(&event, slice_str(data), &out);
    assert_same(buffer_slice(&out), slice_str(expected));
    sse_reader_deinit(&reader);
    buffer_deinit(&out);
}

static void other_bytes_stay(void **state) {
    (void)state;
    assert_written("data: old\n\n", "new", "data: new\n\n");
    assert_written("data:old\r\n\r\n", "new", "data:new\r\n\r\n");
    assert_written("data:  old\r\r", "new", "data: new\r\r");
    assert_written("event: x\n: note\nid: 7\ndata: old\nretry: 1\n\n", "n",
                   "event: x\n: note\nid: 7\ndata: n\nretry: 1\n\n");
    assert_written("data: old", "new", "data: new");
    assert_written("data\n\n", "new", "data: new\n\n");
}

static void several_lines_become_those_of_the_new_data(void **state) {
    (void)state;
    assert_written("data: a\ndata: b\n\n", "new", "data: new\n\n");
    assert_written("data: a\r\n: c\r\ndata: b\r\n\r\n", "x\ny", "data: x\r\ndata: y\r\n: c\r\n\r\n");
    assert_written("data: a\n\n", "x\ny", "data: x\ndata: y\n\n");
    assert_written("data: a\r\r", "x\n\ny", "data: x\rdata: \rdata: y\r\r");
    assert_written("data: a\ndata: b", "x\ny", "data: x\ndata: y\n");
    assert_written("\xef\xbb\xbf"
                   "data: a\ndata: b\n\n",
                   "x",
                   "\xef\xbb\xbf"
                   "data: x\n\n");
}

/* A CR in a value is the end of a line, too: without a field's name before it, what follows would be lost or worse. */
static void every_kind_of_line_end_in_a_value_is_one(void **state) {
    (void)state;
    assert_written("data: a\n\n", "x\ry", "data: x\ndata: y\n\n");
    assert_written("data: a\n\n", "x\r\ny", "data: x\ndata: y\n\n");
    assert_written("data: a\n\n", "x\r\n\r\ndata: evil\r", "data: x\ndata: \ndata: data: evil\ndata: \n\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_bytes_stay),
        cmocka_unit_test(several_lines_become_those_of_the_new_data),
        cmocka_unit_test(every_kind_of_line_end_in_a_value_is_one),
    };
    return cmocka_run_group_tests(tests, answer_make, answer_drop);
}
