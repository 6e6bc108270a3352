/* Line ends are looked for twice: feed looks ahead over what has just arrived, to hold each line to the
 * limit; handing out looks for the end of one line again. Neither looks at a byte more than once.
 *
 *     0 .. begin               handed out, dropped when it outweighs the rest
 *     begin .. line_begin      complete lines, each within the limit
 *     line_begin .. len        the line that is arriving; no LF in it, unless it broke the limit */
#include "gateway/body/ndjson.h"

#include "base/require.h"

void ndjson_reader_init(struct ndjson_reader *reader, size_t limit_bytes) {
    require(limit_bytes > 0 && limit_bytes <= UINT32_MAX - 16);
    *reader = (struct ndjson_reader){.limit_bytes = limit_bytes};
    buffer_init(&reader->bytes, 0);
}

void ndjson_reader_deinit(struct ndjson_reader *reader) {
    buffer_deinit(&reader->bytes);
}

/* Moving costs at most what was handed out since the last move. */
static void drop_handed_out(struct ndjson_reader *reader) {
    const size_t begin = reader->begin;
    if (begin == 0 || begin < reader->bytes.len - begin) return;
    buffer_consume(&reader->bytes, begin);
    reader->begin = 0;
    reader->line_begin -= begin;
}

/* Behind the LF that ends a line at or behind `begin`; 0 when there is none yet. */
static size_t line_end(struct slice bytes, size_t begin) {
    if (begin >= bytes.len) return 0;
    const char *lf = memchr(bytes.data + begin, '\n', bytes.len - begin);
    return lf ? (size_t)(lf - bytes.data) + 1 : 0;
}

/* Looks over what has arrived since `searched`; stops at the first line that is too long, complete or not. */
static void look_ahead(struct ndjson_reader *reader, size_t searched) {
    const struct slice bytes = buffer_slice(&reader->bytes);
    for (;;) {
        const size_t end = line_end(bytes, searched);
        const size_t seen = end ? end : bytes.len;
        if (seen - reader->line_begin > reader->limit_bytes) {
            reader->outcome = OUTCOME_OVERFLOW;
            return;
        }
        if (end == 0) return;
        reader->line_begin = searched = end;
    }
}

enum outcome ndjson_reader_feed(struct ndjson_reader *reader, struct slice bytes) {
    if (reader->outcome != OUTCOME_OK) return reader->outcome;
    drop_handed_out(reader);
    const size_t searched = reader->bytes.len;
    buffer_append(&reader->bytes, bytes);
    if (reader->bytes.failed)
        reader->outcome = OUTCOME_NO_MEMORY;
    else
        look_ahead(reader, searched);
    return reader->outcome;
}

static bool is_blank(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != '\r') return false;
    return true;
}

/* Takes [begin, end) as one line; it is not empty. */
static void hand_out(struct ndjson_reader *reader, size_t end, struct sse_event *line) {
    const struct slice raw = slice_range(buffer_slice(&reader->bytes), reader->begin, end);
    const bool complete = raw.data[raw.len - 1] == '\n';
    const bool crlf = complete && raw.len > 1 && raw.data[raw.len - 2] == '\r';
    const uint8_t eol_len = (uint8_t)(complete + crlf);
    const struct slice data = slice_range(raw, 0, raw.len - eol_len);
    *line = (struct sse_event){
        .raw = raw,
        .data = data,
        .data_line_count = is_blank(data) ? 0 : 1,
        .eol_len = eol_len,
        .complete = complete,
    };
    reader->begin = end;
}

bool ndjson_reader_next(struct ndjson_reader *reader, struct sse_event *line_out) {
    if (reader->begin == reader->line_begin) return false;
    hand_out(reader, line_end(buffer_slice(&reader->bytes), reader->begin), line_out);
    return true;
}

bool ndjson_reader_finish(struct ndjson_reader *reader, struct sse_event *line_out) {
    if (ndjson_reader_next(reader, line_out)) return true;
    if (reader->outcome != OUTCOME_OK || reader->begin == reader->bytes.len) return false;
    reader->line_begin = reader->bytes.len;
    hand_out(reader, reader->line_begin, line_out);
    return true;
}
