#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdio.h>

#include "gateway/body/json_text.h"
#include "unit/failing_alloc.h"

/* A body laid out with the request map of chat completions. */
struct laid {
    struct arena arena;
    struct slice body;
    struct json_doc doc;
    struct layout layout;
};

static void lay(struct laid *laid, const char *body) {
    arena_init(&laid->arena, TRIP_BYTES);
    laid->body = slice_str(body);
    assert_int_equal(json_walk(laid->body, NULL, &laid->arena, &laid->doc, NULL), OUTCOME_OK);
    field_map_apply(api_maps_of(&api_openai_chat)->request, &laid->doc);
    layout_document(&laid->layout, &laid->doc, api_maps_of(&api_openai_chat)->request, &laid->arena);
    assert_true(scan_text_ok(&laid->layout.text));
}

static void drop(struct laid *laid) {
    arena_reset(&laid->arena);
}

static struct slice piece_text(const struct laid *laid, const struct piece *piece) {
    return slice_range(slice_of(laid->layout.text.text, laid->layout.text.len), piece->scan_begin, piece->scan_end);
}

/* Reads separators as `|`, so that expectations stay on one line. */
static void assert_laid(const char *body, const char *expected) {
    struct laid laid;
    struct buffer text;
    lay(&laid, body);
    buffer_init(&text, 0);
    const struct slice scanned = slice_of(laid.layout.text.text, laid.layout.text.len);
    for (size_t i = 0; i < scanned.len; i++) {
        if (slice_starts_with(slice_range(scanned, i, scanned.len), SLICE(SCAN_SEPARATOR))) {
            buffer_append_char(&text, '|');
            i += sizeof SCAN_SEPARATOR - 2;
        } else {
            buffer_append_char(&text, scanned.data[i]);
        }
    }
    buffer_append_char(&text, '\0');
    assert_string_equal(text.data, expected);
    buffer_deinit(&text);
    drop(&laid);
}

static void everything_that_could_hold_a_value_is_laid(void **state) {
    (void)state;
    assert_laid("{}", "");
    assert_laid("{\"a\":\"b\"}", "\"a\": \"b\"|");
    assert_laid("{\"a\":17,\"b\":-1.5e3}", "\"a\": 17|\"b\": -1.5e3|");
    assert_laid("{\"a\":true,\"b\":null,\"c\":false}", "\"a\"|\"b\"|\"c\"|");
    assert_laid("{\"a\":[1,\"x\",true,[2]]}", "\"a\"|1|x|2|");
    assert_laid("{\"a\":{\"b\":{}},\"\":\"\"}", "\"a\"|\"b\"|\"\": \"\"|");
    assert_laid("{\"unknown\":{\"deep\":[{\"x\":\"y\"}]}}", "\"unknown\"|\"deep\"|\"x\": \"y\"|");
}

static void escapes_are_decoded(void **state) {
    (void)state;
    assert_laid("{\"\\u0061b\":\"\\u00e9\\n\\/\\ud83d\\ude00\\\"\"}", "\"ab\": \"\xc3\xa9\n/\xf0\x9f\x98\x80\"\"|");
}

/* Every byte of every piece, taken alone, maps to a range of the body that decodes to it or holds it. */
static void assert_origins(const char *body) {
    struct laid laid;
    lay(&laid, body);
    for (uint32_t p = 0; p < laid.layout.piece_count; p++) {
        const struct piece *piece = &laid.layout.pieces[p];
        uint32_t last_end = 0;
        for (uint32_t at = piece->scan_begin; at < piece->scan_end; at++) {
            struct scan_origin origin;
            assert_int_equal(scan_text_origins(&laid.layout.text, at, at + 1, &origin, 1), 1);
            assert_int_equal(origin.piece, p);
            assert_true(origin.scan_begin <= at && at < origin.scan_end);
            assert_true(origin.scan_begin >= piece->scan_begin && origin.scan_end <= piece->scan_end);
            assert_true(origin.source_begin < origin.source_end && origin.source_end <= laid.body.len);
            assert_true(origin.source_begin >= last_end || origin.scan_begin < at);
            last_end = origin.source_end;
            const struct slice source = slice_range(laid.body, origin.source_begin, origin.source_end);
            const struct slice scanned =
                slice_of(laid.layout.text.text + origin.scan_begin, origin.scan_end - origin.scan_begin);
            char once[64], twice[64];
            assert_true(source.len < sizeof once);
            const struct slice decoded = slice_of(once, json_text_decode(source, once));
            const struct slice again = slice_of(twice, piece->nested ? json_text_decode(decoded, twice) : 0);
            assert_true(slice_equal(scanned, decoded) || (piece->nested && slice_equal(scanned, again)));
        }
    }
    drop(&laid);
}

#define ARGUMENTS(text) "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"" text "\"}}]}]}"

static const char *const bodies[] = {
    "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"plain text\"}],\"n\":17,\"t\":0.50}",
    "{ \"a\" :\t[ \"x\\ty\" , 12 ,\n\"\\u00e9\\ud83d\\ude00z\" ] }",
    ARGUMENTS("{\\\"to\\\":\\\"bob\\\",\\\"n\\\":17}"),
    ARGUMENTS(" { \\\"to\\\" : [ \\\"b\\\\u00e9b\\\" , \\\"x\\\\\\\\y\\\" , -2.5 ] } "),
    ARGUMENTS("{\\u0022to\\u0022:\\u0022b\\u006fb\\u0022}"),
    ARGUMENTS("{\\\"to\\\":\\\"\\\\u\\u0030\\u003041\\\"}"),
    ARGUMENTS("{\\\"to\\\":\\\"\\\\ud83d\\\\ude00\\\",\\\"x\\\":\\\"\\ud83d\\ude00\\\"}"),
    ARGUMENTS("\\\"text\\\\nline\\\""),
    ARGUMENTS("17"),
    ARGUMENTS("1\\u0037"),
    ARGUMENTS("not JSON: \\\"a\\u00e9\\\""),
    ARGUMENTS(""),
};

static void every_byte_knows_where_it_came_from(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) assert_origins(bodies[i]);
}

static void json_in_arguments_is_laid_one_level_deeper(void **state) {
    (void)state;
    const char *const before = "\"messages\"|\"tool_calls\"|\"function\"|\"arguments\": \"";
    static const struct {
        const char *body, *laid;
    } cases[] = {
        {ARGUMENTS("{\\\"to\\\":\\\"bob\\\",\\\"n\\\":17}"), "\"to\": \"bob\"|\"n\": 17|\"|"},
        {ARGUMENTS("{\\\"to\\\":\\\"b\\\\u006fb\\\"}"), "\"to\": \"bob\"|\"|"},
        {ARGUMENTS("[[\\\"a\\\"],{\\\"b\\\":{}}]"), "a|\"b\"|\"|"},
        {ARGUMENTS("\\\"text\\\""), "text|\"|"},
        {ARGUMENTS("true"), "\"|"},
        {ARGUMENTS("{\\\"cut\\\":"), "{\"cut\":\"|"},
        {ARGUMENTS("no JSON"), "no JSON\"|"},
        {ARGUMENTS("{\\\"a\\\":1,\\\"a\\\":2}"), "{\"a\":1,\"a\":2}\"|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[256];
        (void)snprintf(expected, sizeof expected, "%s%s", before, cases[i].laid);
        assert_laid(cases[i].body, expected);
    }
}

static const struct piece *piece_with(const struct laid *laid, const char *text) {
    for (uint32_t i = 0; i < laid->layout.piece_count; i++)
        if (slice_equal(piece_text(laid, &laid->layout.pieces[i]), slice_str(text))) return &laid->layout.pieces[i];
    fail();
    return NULL;
}

static void pieces_tell_what_they_are(void **state) {
    (void)state;
    struct laid laid;
    lay(&laid, "{\"model\":\"m\",\"n\":17,\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"k\\\":18}"
               "\"}}]}]}");
    assert_int_equal(piece_with(&laid, "m")->meaning, FIELD_MODEL);
    assert_false(piece_with(&laid, "m")->number);
    assert_true(piece_with(&laid, "17")->number);
    assert_false(piece_with(&laid, "17")->nested);
    assert_true(piece_with(&laid, "18")->number);
    assert_true(piece_with(&laid, "18")->nested);
    assert_true(piece_with(&laid, "k")->nested);
    assert_false(piece_with(&laid, "k")->number);
    const struct piece *nested = piece_with(&laid, "k");
    assert_true(json_is(&laid.doc, nested->node, JSON_STRING));
    assert_true(slice_equal(json_raw(&laid.doc, nested->node), SLICE("{\\\"k\\\":18}")));
    for (uint32_t i = 1; i < laid.layout.piece_count; i++)
        assert_true(laid.layout.pieces[i - 1].node <= laid.layout.pieces[i].node);
    drop(&laid);
}

/* Deeper than the walker goes, nobody can say what is in it: it must not pass as text. */
static void arguments_that_are_nested_too_deeply_are_refused(void **state) {
    (void)state;
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_str(&body, "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"");
    for (int i = 0; i < 65; i++) buffer_append_char(&body, '[');
    buffer_append_str(&body, "\\\"\\\\u0073k-abcd1234\\\"");
    for (int i = 0; i < 65; i++) buffer_append_char(&body, ']');
    buffer_append_str(&body, "\"}}]}]}");
    buffer_append_char(&body, '\0');
    struct trip trip;
    assert_int_equal(trip_chat(&trip, body.data), OUTCOME_OVERFLOW);
    assert_int_equal(trip.in.progress, INBOUND_NEW);
    trip_end(&trip);
    buffer_deinit(&body);
}

#define PART_URL(url) "{\"messages\":[{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"" url "\"}}]}]}"
#define PART_AUDIO(data) "{\"messages\":[{\"content\":[{\"input_audio\":{\"data\":\"" data "\"}}]}]}"
#define BASE64_72 "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg=="

struct binary_case {
    const char *body;
    const char *scanned; /* of the binary part's string; NULL: nothing */
    bool binary, reference;
};

static const struct binary_case binary_cases[] = {
    {PART_URL("data:image/png;base64," BASE64_72), "data:image/png;base64,", true, false},
    {PART_URL("DATA:image/png;base64," BASE64_72), "DATA:image/png;base64,", true, false},
    {PART_URL("data:text/plain,hello bob@host.org"), "data:text/plain,hello bob@host.org", true, false},
    {PART_URL("data:nothing"), "data:nothing", true, false},
    {PART_URL("data:,x y"), "data:,x y", true, false},
    {PART_URL("\\u0064ata:image/png;base64,QUJD"), "data:image/png;base64,QUJD", true, false},
    {PART_URL("d\\u0061ta:image\\/png;base64,\\/9j\\/" BASE64_72), "data:image/png;base64,", true, false},
    {PART_URL(" data:image/png;base64,QUJD"), " data:image/png;base64,QUJD", true, false},
    {PART_URL("data:a\\u0041,QUJD"), "data:aA,QUJD", true, false},
    {PART_URL("https://example.org/a.png?q=1"), "https://example.org/a.png?q=1", false, true},
    {PART_URL("HTTP://example.org/"), "HTTP://example.org/", false, true},
    {PART_URL("gs://bucket/a.png"), "gs://bucket/a.png", false, true},
    {PART_URL(""), "", false, false},
    {PART_AUDIO(BASE64_72), NULL, true, false},
    {PART_AUDIO("QUJD"), "QUJD", true, false},
    {PART_AUDIO("not base64 at all"), "not base64 at all", true, false},
    {"{\"messages\":[{\"content\":[{\"file\":{\"file_id\":\"file-1\"}}]}]}", "file-1", false, true},
    {"{\"messages\":[{\"content\":\"data:image/png;base64,QUJD\"}]}", "data:image/png;base64,QUJD", false, false},
};

static void binary_parts_are_told_from_references(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof binary_cases / sizeof binary_cases[0]; i++) {
        const struct binary_case *one = &binary_cases[i];
        struct laid laid;
        lay(&laid, one->body);
        const struct slice scanned = piece_text(&laid, &laid.layout.pieces[laid.layout.piece_count - 1]);
        if (laid.layout.has_binary != one->binary || laid.layout.has_reference != one->reference)
            print_error("%s\n", one->body);
        assert_int_equal(laid.layout.has_binary, one->binary);
        assert_int_equal(laid.layout.has_reference, one->reference);
        assert_true(slice_equal(scanned, one->scanned ? slice_str(one->scanned) : SLICE("")));
        assert_false(laid.layout.has_token_ids);
        drop(&laid);
    }
}

static void integers_where_text_must_be_are_seen(void **state) {
    (void)state;
    struct laid laid;
    lay(&laid, "{\"messages\":[{\"content\":[1,2]}]}");
    assert_true(laid.layout.has_token_ids);
    drop(&laid);
    lay(&laid, "{\"messages\":[{\"content\":[\"a\"]}],\"n\":[1]}");
    assert_false(laid.layout.has_token_ids);
    drop(&laid);
}

static void plain_text_is_one_piece(void **state) {
    (void)state;
    struct arena arena;
    struct layout layout;
    arena_init(&arena, 1u << 20);
    layout_plain(&layout, SLICE("any \"text\" \\u0041"), &arena);
    assert_int_equal(layout.piece_count, 1);
    assert_int_equal(layout.pieces[0].node, JSON_NONE);
    assert_int_equal(layout.text.len, 17);
    layout_plain(&layout, slice_of(NULL, 0), &arena);
    assert_true(scan_text_ok(&layout.text));
    assert_int_equal(layout.text.len, 0);
    arena_reset(&arena);
}

static void every_failed_allocation_is_seen(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct laid laid = {.body = slice_str(bodies[3])};
        arena_init(&laid.arena, TRIP_BYTES);
        assert_int_equal(json_walk(laid.body, NULL, &laid.arena, &laid.doc, NULL), OUTCOME_OK);
        field_map_apply(api_maps_of(&api_openai_chat)->request, &laid.doc);
        failing_alloc_arm(nth);
        layout_document(&laid.layout, &laid.doc, api_maps_of(&api_openai_chat)->request, &laid.arena);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(scan_text_ok(&laid.layout.text) && !laid.arena.overflowed, !failed);
        drop(&laid);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_could_hold_a_value_is_laid),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(every_byte_knows_where_it_came_from),
        cmocka_unit_test(json_in_arguments_is_laid_one_level_deeper),
        cmocka_unit_test(pieces_tell_what_they_are),
        cmocka_unit_test(arguments_that_are_nested_too_deeply_are_refused),
        cmocka_unit_test(binary_parts_are_told_from_references),
        cmocka_unit_test(integers_where_text_must_be_are_seen),
        cmocka_unit_test(plain_text_is_one_piece),
        cmocka_unit_test(every_failed_allocation_is_seen),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
