/* Lines are looked for twice: feed looks ahead over what has arrived, to count the complete events and to
 * hold each to the limit; handing out looks at the lines of one event again, to take it apart. Both
 * resume where they stopped, so that no byte is searched a third time.
 *
 *     0 .. begin               handed out, dropped when it outweighs the rest
 *     begin .. event_begin     ready_count complete events
 *     event_begin .. len       the event that is arriving, its last line from line_begin on */
#include "gateway/body/sse.h"

#include "base/require.h"
#include "gateway/body/byte_run.h"

#define MARK SLICE("\xef\xbb\xbf")

/* One line: its text is [begin, end), its line end [end, next). */
struct line {
    size_t begin, end, next;
};

/* The line at `begin`, whose first line end is at or behind `search`; false when there is none yet. */
static bool line_at(struct slice bytes, size_t begin, size_t search, struct line *line_out) {
    if (search >= bytes.len) return false;
    const char *limit = bytes.data + bytes.len;
    const char *eol = byte_run_line(bytes.data + search, limit);
    if (eol == limit) return false;
    const size_t end = (size_t)(eol - bytes.data);
    const bool two = *eol == '\r' && end + 1 < bytes.len && eol[1] == '\n';
    *line_out = (struct line){.begin = begin, .end = end, .next = end + (two ? 2 : 1)};
    return true;
}

/* Whether the bytes stop right behind the CR of this line, so that an LF may still belong to it. */
static bool line_lacks_lf(struct slice bytes, const struct line *line) {
    return line->next == bytes.len && bytes.data[line->end] == '\r' && line->next == line->end + 1;
}

struct field {
    struct slice name, value;
    bool colon;
};

/* One space behind the colon is not part of the value. */
static struct field field_of(struct slice line) {
    const char *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    if (colon == NULL) return (struct field){.name = line, .value = slice_range(line, line.len, line.len)};
    const size_t name_len = (size_t)(colon - line.data);
    size_t value_begin = name_len + 1;
    if (value_begin < line.len && line.data[value_begin] == ' ') value_begin++;
    return (struct field){slice_range(line, 0, name_len), slice_range(line, value_begin, line.len), true};
}

static bool is_data_line(struct slice bytes, size_t begin, size_t end) {
    return slice_equal(field_of(slice_range(bytes, begin, end)).name, SLICE("data"));
}

void sse_reader_init(struct sse_reader *reader, size_t limit_bytes) {
    require(limit_bytes > 0 && limit_bytes <= UINT32_MAX - 16);
    *reader = (struct sse_reader){.limit_bytes = limit_bytes, .mark_possible = true};
    buffer_init(&reader->bytes, 0);
    buffer_init(&reader->joined, 0);
}

void sse_reader_deinit(struct sse_reader *reader) {
    buffer_deinit(&reader->bytes);
    buffer_deinit(&reader->joined);
}

/* Moving costs at most what was handed out since the last move. */
static void drop_handed_out(struct sse_reader *reader) {
    const size_t begin = reader->begin;
    if (begin == 0 || begin < reader->bytes.len - begin) return;
    buffer_consume(&reader->bytes, begin);
    reader->begin = 0;
    reader->event_begin -= begin;
    reader->line_begin -= begin;
    reader->searched -= begin;
}

/* Passes a byte order mark at the start of the stream; false while it may still be one. */
static bool mark_passed(struct sse_reader *reader) {
    if (!reader->mark_possible) return true;
    const struct slice bytes = buffer_slice(&reader->bytes);
    if (bytes.len < MARK.len && slice_starts_with(MARK, bytes)) return false;
    reader->mark_possible = false;
    reader->mark_ahead = slice_starts_with(bytes, MARK);
    if (reader->mark_ahead) reader->line_begin = reader->searched = MARK.len;
    return true;
}

/* So that joining needs no memory when the event is handed out. */
static void joined_note(struct sse_reader *reader, size_t end) {
    const size_t len = end - reader->event_begin;
    if (len > reader->joined_need_bytes) reader->joined_need_bytes = len;
}

static void event_arrived(struct sse_reader *reader, size_t end) {
    if (end - reader->event_begin > reader->limit_bytes) {
        reader->outcome = OUTCOME_OVERFLOW;
        return;
    }
    if (reader->data_line_count > 1) joined_note(reader, end);
    reader->data_line_count = 0;
    reader->event_begin = end;
    reader->ready_count++;
}

/* Looks over what has arrived since the last call. */
static void look_ahead(struct sse_reader *reader) {
    const struct slice bytes = buffer_slice(&reader->bytes);
    if (!mark_passed(reader)) return;
    if (reader->arriving_after_cr && reader->line_begin < bytes.len) {
        if (bytes.data[reader->line_begin] == '\n') reader->searched = ++reader->line_begin;
        reader->arriving_after_cr = false;
    }
    struct line line;
    while (reader->outcome == OUTCOME_OK && line_at(bytes, reader->line_begin, reader->searched, &line)) {
        if (line.begin == line.end)
            event_arrived(reader, line.next);
        else if (is_data_line(bytes, line.begin, line.end))
            reader->data_line_count++;
        reader->line_begin = reader->searched = line.next;
        reader->arriving_after_cr = line_lacks_lf(bytes, &line);
    }
    reader->searched = bytes.len;
    if (bytes.len - reader->event_begin > reader->limit_bytes) reader->outcome = OUTCOME_OVERFLOW;
    /* the unfinished line may turn out to be one more data line at the end of input */
    if (reader->data_line_count + (reader->line_begin < bytes.len) > 1) joined_note(reader, bytes.len);
}

enum outcome sse_reader_feed(struct sse_reader *reader, struct slice bytes) {
    if (reader->outcome != OUTCOME_OK) return reader->outcome;
    drop_handed_out(reader);
    buffer_append(&reader->bytes, bytes);
    if (reader->bytes.failed) {
        reader->outcome = OUTCOME_NO_MEMORY;
        return reader->outcome;
    }
    look_ahead(reader);
    buffer_clear(&reader->joined);
    if (!buffer_reserve(&reader->joined, reader->joined_need_bytes)) reader->outcome = OUTCOME_NO_MEMORY;
    return reader->outcome;
}

static void data_add(struct sse_reader *reader, struct sse_event *event, const struct field *field) {
    const char *raw = event->raw.data;
    event->data_line_count++;
    if (event->data_line_count == 1) {
        event->data = field->value;
        event->data_begin = field->colon ? (uint32_t)(field->value.data - raw) : UINT32_MAX;
        return;
    }
    if (event->data_line_count == 2) {
        buffer_clear(&reader->joined);
        buffer_append(&reader->joined, event->data);
    }
    buffer_append_char(&reader->joined, '\n');
    buffer_append(&reader->joined, field->value);
    event->data = buffer_slice(&reader->joined);
    event->data_begin = UINT32_MAX;
}

static void line_add(struct sse_reader *reader, struct sse_event *event, struct slice line) {
    const struct field field = field_of(line);
    if (slice_equal(field.name, SLICE("data")))
        data_add(reader, event, &field);
    else if (slice_equal(field.name, SLICE("event")))
        event->name = field.value;
}

/* Where the text of the event at `begin` starts: behind a byte order mark, or a late LF. */
static size_t text_begin(const struct sse_reader *reader, struct slice bytes) {
    if (reader->mark_ahead) return MARK.len;
    const bool late_lf = reader->begin_after_cr && bytes.data[reader->begin] == '\n';
    return reader->begin + (late_lf ? 1 : 0);
}

/* Takes apart what stands at `begin`: up to its blank line, or all that is left. There is something. */
static void hand_out(struct sse_reader *reader, struct sse_event *event) {
    const struct slice bytes = buffer_slice(&reader->bytes);
    *event = (struct sse_event){.raw = slice_range(bytes, reader->begin, bytes.len), .data_begin = UINT32_MAX};
    struct line line = {.next = text_begin(reader, bytes)};
    const bool late_lf_only = line.next == bytes.len && line.next == reader->begin + 1;
    while (!event->complete && line_at(bytes, line.next, line.next, &line)) {
        if (event->eol_len == 0) event->eol_len = (uint8_t)(line.next - line.end);
        event->complete = line.begin == line.end;
        line_add(reader, event, slice_range(bytes, line.begin, line.end));
    }
    reader->begin_after_cr = event->complete && line_lacks_lf(bytes, &line);
    if (!event->complete) {
        line_add(reader, event, slice_range(bytes, line.next, bytes.len));
        event->complete = late_lf_only;
        line.next = bytes.len;
    }
    event->raw = slice_range(bytes, reader->begin, line.next);
    reader->mark_ahead = false;
    reader->begin = line.next;
}

bool sse_reader_next(struct sse_reader *reader, struct sse_event *event_out) {
    if (reader->ready_count == 0) return false;
    reader->ready_count--;
    hand_out(reader, event_out);
    return true;
}

bool sse_reader_finish(struct sse_reader *reader, struct sse_event *event_out) {
    if (sse_reader_next(reader, event_out)) return true;
    if (reader->outcome != OUTCOME_OK || reader->begin == reader->bytes.len) return false;
    hand_out(reader, event_out);
    return true;
}
