#include "gateway/exchange/event_writer.h"

/* The next line of `rest` with its end (CRLF, LF or CR); *content_out is the line without it. */
static struct slice next_line(struct slice *rest, struct slice *content_out) {
    size_t len = 0;
    while (len < rest->len && rest->data[len] != '\r' && rest->data[len] != '\n') len++;
    *content_out = slice_range(*rest, 0, len);
    if (len < rest->len) len += rest->data[len] == '\r' && len + 1 < rest->len && rest->data[len + 1] == '\n' ? 2 : 1;
    const struct slice line = slice_range(*rest, 0, len);
    *rest = slice_range(*rest, len, rest->len);
    return line;
}

static bool is_data_line(struct slice content) {
    return slice_equal(content, SLICE("data")) || slice_starts_with(content, SLICE("data:"));
}

/* One `data:` line for each line of the data; every kind of line end in it is one. */
static void write_data_lines(struct slice data, struct slice line_end, struct buffer *out) {
    struct slice rest = data, content, line;
    do {
        line = next_line(&rest, &content);
        buffer_append_str(out, "data: ");
        buffer_append(out, content);
        buffer_append(out, line_end);
    } while (line.len > content.len);
}

static bool holds_line_end(struct slice data) {
    return data.len && (memchr(data.data, '\n', data.len) || memchr(data.data, '\r', data.len));
}

void event_write(const struct sse_event *event, struct slice data, struct buffer *out) {
    /* A line of NDJSON may hold a CR as white space; one that the new data brought would end an event's line. */
    const bool one_line = !holds_line_end(data) || holds_line_end(event->data);
    if (event->data_begin != UINT32_MAX && one_line) {
        buffer_append(out, slice_range(event->raw, 0, event->data_begin));
        buffer_append(out, data);
        buffer_append(out, slice_range(event->raw, event->data_begin + event->data.len, event->raw.len));
        return;
    }
    const struct slice mark = SLICE("\xef\xbb\xbf"); /* a byte order mark, which only the first event may have */
    const size_t mark_len = slice_starts_with(event->raw, mark) ? mark.len : 0;
    bool written = false;
    buffer_append(out, slice_range(event->raw, 0, mark_len));
    for (struct slice rest = slice_range(event->raw, mark_len, event->raw.len), content; rest.len;) {
        const struct slice line = next_line(&rest, &content);
        if (!is_data_line(content)) {
            buffer_append(out, line);
        } else if (!written) {
            const struct slice line_end = slice_range(line, content.len, line.len);
            write_data_lines(data, line_end.len ? line_end : SLICE("\n"), out);
            written = true;
        }
    }
}
