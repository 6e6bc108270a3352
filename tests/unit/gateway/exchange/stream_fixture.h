/* Runs an upstream's stream through an answer_stream, cut in every way, and reads what an agent would read. */
#ifndef SLUICE_TESTS_STREAM_FIXTURE_H
#define SLUICE_TESTS_STREAM_FIXTURE_H

#include "unit/gateway/exchange/answer_fixture.h"

#include "gateway/body/json_text.h"
#include "gateway/exchange/text_windows.h"

struct stream_run {
    struct buffer out;
    enum outcome outcome;
    bool finished;
    struct restore_counts counts;
};

/* Feeds pieces of `cut` bytes (0: all at once), the first one `first` bytes long; then the end. */
static inline struct stream_run run_cut(const struct api *api, struct slice upstream, size_t first, size_t cut) {
    struct stream_run run = {.outcome = OUTCOME_OK};
    struct answer_stream *stream = NULL;
    buffer_init(&run.out, 0);
    assert_int_equal(answer_stream_create(api, &answer_source, true, &stream), OUTCOME_OK);
    for (size_t at = 0; at < upstream.len && run.outcome == OUTCOME_OK;) {
        size_t len = at == 0 && first ? first : cut ? cut : upstream.len;
        if (len > upstream.len - at) len = upstream.len - at;
        run.outcome = answer_stream_feed(stream, slice_range(upstream, at, at + len), &run.out);
        at += len;
    }
    if (run.outcome == OUTCOME_OK) run.outcome = answer_stream_finish(stream, &run.out, &run.finished);
    run.counts = answer_stream_counts(stream);
    answer_stream_destroy(&stream);
    assert_null(stream);
    return run;
}

static inline void run_drop(struct stream_run *run) {
    buffer_deinit(&run->out);
}

/* The stream in one piece, after it was seen that no other way to cut it comes out otherwise. */
static inline struct stream_run run_all_ways(const struct api *api, struct slice upstream) {
    struct stream_run whole = run_cut(api, upstream, 0, 0);
    assert_int_equal(whole.outcome, OUTCOME_OK);
    for (size_t at = 1; at <= upstream.len; at++) {
        struct stream_run cut = run_cut(api, upstream, at < upstream.len ? at : 0, at < upstream.len ? 0 : 1);
        if (!slice_equal(buffer_slice(&cut.out), buffer_slice(&whole.out))) print_error("cut at %zu\n", at);
        assert_same(buffer_slice(&cut.out), buffer_slice(&whole.out));
        assert_int_equal(cut.finished, whole.finished);
        assert_int_equal(cut.counts.restored, whole.counts.restored);
        assert_int_equal(cut.counts.left, whole.counts.left);
        run_drop(&cut);
    }
    return whole;
}

/* Appends `KEY=text;` for each text of the stream, in the order in which they began; KEY is outer.inner.path. */
static inline void read_texts(const struct api *api, struct slice stream, struct buffer *out) {
    enum { MOST = 16 };
    static struct {
        struct window_key key;
        struct buffer text;
    } texts[MOST];
    uint32_t count = 0;
    const struct field_map *map = api_maps_of(api)->event;
    struct text_windows keys = {.api = api};
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, 1u << 20);
    assert_int_equal(sse_reader_feed(&reader, stream), OUTCOME_OK);
    while (sse_reader_next(&reader, &event)) {
        struct arena arena;
        struct json_doc doc;
        const struct json_limits limits = {.lenient_surrogates = true};
        arena_init(&arena, 1u << 22);
        if (json_walk(event.data, &limits, &arena, &doc, NULL) == OUTCOME_OK) {
            const struct event_role role = api->event_role(&doc, event.name, event.data);
            text_windows_begin(&keys);
            if (role.kind.len)
                (void)field_map_apply_kind(map, &doc, role.kind);
            else
                field_map_apply(map, &doc);
            for (uint32_t i = 0; i < doc.count; i++) {
                const enum field_meaning meaning = field_map_meaning(map, &doc.nodes[i]);
                if (!json_is(&doc, i, JSON_STRING) || (meaning != FIELD_TEXT && meaning != FIELD_JSON_TEXT)) continue;
                const struct window_key key = text_windows_key(&keys, &doc, i);
                uint32_t k = 0;
                while (k < count && (texts[k].key.outer != key.outer || texts[k].key.inner != key.inner ||
                                     texts[k].key.field != key.field))
                    k++;
                if (k == count) {
                    assert_true(count < MOST);
                    texts[count].key = key;
                    buffer_init(&texts[count++].text, 0);
                }
                char decoded[4096];
                assert_true(json_raw(&doc, i).len <= sizeof decoded);
                buffer_append(&texts[k].text, slice_of(decoded, json_text_decode(json_raw(&doc, i), decoded)));
            }
        }
        arena_reset(&arena);
    }
    sse_reader_deinit(&reader);
    for (uint32_t k = 0; k < count; k++) {
        buffer_append_format(out, "%u.%u.%s=", texts[k].key.outer, texts[k].key.inner,
                             field_map_path(map, texts[k].key.field));
        buffer_append(out, buffer_slice(&texts[k].text));
        buffer_append_str(out, ";\n");
        buffer_deinit(&texts[k].text);
    }
}

/* However the stream is cut, its texts read as expected: marks stand for values. */
static inline void assert_texts(const struct api *api, const char *marked_stream, const char *expected_format) {
    struct buffer upstream = with_tokens(marked_stream), got, expected;
    buffer_init(&got, 0);
    buffer_init(&expected, 0);
    struct stream_run run = run_all_ways(api, buffer_slice(&upstream));
    assert_true(run.finished);
    read_texts(api, buffer_slice(&run.out), &got);
    write_marked(&expected, expected_format, SLICE(PLAIN_VALUE), SLICE(ODD_VALUE), token_slice(&strange_token));
    assert_same(buffer_slice(&got), buffer_slice(&expected));
    run_drop(&run);
    buffer_deinit(&upstream);
    buffer_deinit(&got);
    buffer_deinit(&expected);
}

/* However the stream is cut, exactly these bytes come out. */
static inline void assert_bytes(const struct api *api, const char *marked_stream, const char *marked_expected,
                                bool finished) {
    struct buffer upstream = with_tokens(marked_stream), expected = with_values(marked_expected);
    struct stream_run run = run_all_ways(api, buffer_slice(&upstream));
    assert_same(buffer_slice(&run.out), buffer_slice(&expected));
    assert_int_equal(run.finished, finished);
    run_drop(&run);
    buffer_deinit(&upstream);
    buffer_deinit(&expected);
}

#endif
