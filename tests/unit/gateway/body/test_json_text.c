#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "gateway/body/json_text.h"
#include "gateway/body/json_walk.h"
#include "unit/failing_alloc.h"
#include "unit/gateway/body/json_cases.h"

struct pair {
    struct slice raw, text;
};

#define PAIR(raw, text)            \
    {                              \
        {raw, sizeof(raw) - 1}, {  \
            text, sizeof(text) - 1 \
        }                          \
    }

/* Raw forms and what they stand for. */
static const struct pair pairs[] = {
    PAIR("", ""),
    PAIR("plain", "plain"),
    PAIR("\\n", "\n"),
    PAIR("a\\nb", "a\nb"),
    PAIR("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"),
    PAIR("\\u0041\\u007f\\u0001", "A\x7f\x01"),
    PAIR("\\u0080\\u07ff", "\xc2\x80\xdf\xbf"),
    PAIR("\\u0800\\uFFFF\\uabCD", "\xe0\xa0\x80\xef\xbf\xbf\xea\xaf\x8d"),
    PAIR("\\ud83d\\ude00", "\xf0\x9f\x98\x80"),
    PAIR("\\uD800\\uDC00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
    PAIR("\xc3\xa9\\u00e9", "\xc3\xa9\xc3\xa9"),
    PAIR("\\\\u0041", "\\u0041"),
    /* lenient only */
    PAIR("\\ud83d", "\xed\xa0\xbd"),
    PAIR("x\\ude00y", "x\xed\xb8\x80y"),
    PAIR("\\ud83d\\ud83d\\ude00", "\xed\xa0\xbd\xf0\x9f\x98\x80"),
    PAIR("\\ud83d\\ue000", "\xed\xa0\xbd\xee\x80\x80"),
    PAIR("\\ude00\\ud83d", "\xed\xb8\x80\xed\xa0\xbd"),
    PAIR("\\ud83d\\n", "\xed\xa0\xbd\n"),
    PAIR("\\ud83d\\u0041", "\xed\xa0\xbd"
                           "A"),
};

#define PAIR_COUNT (sizeof pairs / sizeof pairs[0])

/* The decoded text in a block of exactly the room that is promised to suffice. */
static struct slice decoded(struct slice raw) {
    char *out = malloc(raw.len + 1);
    assert_non_null(out);
    const size_t len = json_text_decode(raw, out);
    assert_true(len <= raw.len);
    return slice_of(out, len);
}

static void assert_decodes(struct slice raw, struct slice text) {
    const struct slice found = decoded(raw);
    assert_true(slice_equal(found, text));
    free((char *)found.data);
}

static void test_decode(void **state) {
    (void)state;
    for (size_t i = 0; i < PAIR_COUNT; i++) assert_decodes(pairs[i].raw, pairs[i].text);
}

static void test_compare(void **state) {
    (void)state;
    for (size_t i = 0; i < PAIR_COUNT; i++)
        for (size_t j = 0; j < PAIR_COUNT; j++) {
            const bool same = slice_equal(pairs[i].text, pairs[j].text);
            assert_int_equal(json_text_is(pairs[i].raw, pairs[j].text), same);
            assert_int_equal(json_text_equal(pairs[i].raw, pairs[j].raw), same);
        }
    assert_true(json_text_equal(SLICE("a\\u0062c\\u0064"), SLICE("\\u0061bcd")));
    assert_false(json_text_equal(SLICE("a\\u0062c"), SLICE("\\u0061bcd")));
    assert_false(json_text_equal(SLICE("\\u0061bcd"), SLICE("a\\u0062c")));
    assert_true(json_text_equal(SLICE("\\u00e9x"), SLICE("\xc3\xa9\\u0078")));
    assert_false(json_text_is(SLICE("abc"), SLICE("abcd")));
    assert_false(json_text_is(SLICE("abcd"), SLICE("abc")));
}

/* Pieces cover raw without gaps, and together are the decoded text. */
static void assert_pieces(struct slice raw, struct slice text) {
    struct json_text_reader reader;
    struct json_text_piece piece;
    size_t at = 0;
    size_t done = 0;
    json_text_reader_init(&reader, raw);
    while (json_text_reader_next(&reader, &piece)) {
        assert_int_equal(piece.begin, at);
        assert_true(piece.len > 0 && piece.bytes.len > 0);
        assert_int_equal(piece.atom, raw.data[at] == '\\');
        if (!piece.atom) assert_ptr_equal(piece.bytes.data, raw.data + at);
        assert_true(done + piece.bytes.len <= text.len);
        assert_memory_equal(piece.bytes.data, text.data + done, piece.bytes.len);
        at += piece.len;
        done += piece.bytes.len;
    }
    assert_int_equal(at, raw.len);
    assert_int_equal(done, text.len);
}

static void test_pieces(void **state) {
    (void)state;
    for (size_t i = 0; i < PAIR_COUNT; i++) assert_pieces(pairs[i].raw, pairs[i].text);
}

static void test_piece_kinds(void **state) {
    (void)state;
    struct json_text_reader reader;
    struct json_text_piece piece;
    json_text_reader_init(&reader, SLICE("ab\\ud83d\\ude00c\\n"));
    assert_true(json_text_reader_next(&reader, &piece));
    assert_false(piece.atom);
    assert_int_equal(piece.len, 2);
    assert_true(json_text_reader_next(&reader, &piece));
    assert_true(piece.atom);
    assert_int_equal(piece.begin, 2);
    assert_int_equal(piece.len, 12);
    assert_true(slice_equal(piece.bytes, SLICE("\xf0\x9f\x98\x80")));
    assert_true(json_text_reader_next(&reader, &piece));
    assert_int_equal(piece.begin, 14);
    assert_true(json_text_reader_next(&reader, &piece));
    assert_true(piece.atom);
    assert_false(json_text_reader_next(&reader, &piece));
    assert_false(json_text_reader_next(&reader, &piece));
}

static void assert_encodes(struct slice text, struct slice expected) {
    struct buffer out;
    buffer_init(&out, 0);
    json_text_encode(&out, text);
    assert_true(slice_equal(buffer_slice(&out), expected));
    buffer_deinit(&out);
}

static void test_encode(void **state) {
    (void)state;
    assert_encodes(SLICE(""), SLICE(""));
    assert_encodes(slice_of(NULL, 0), SLICE(""));
    assert_encodes(SLICE("plain / text"), SLICE("plain / text"));
    assert_encodes(SLICE("\"\\\b\f\n\r\t"), SLICE("\\\"\\\\\\b\\f\\n\\r\\t"));
    assert_encodes(SLICE("\0\x01\x1f\x7f"), SLICE("\\u0000\\u0001\\u001f\x7f"));
    assert_encodes(SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    assert_encodes(SLICE("\xed\x9f\xbf\xee\x80\x80"), SLICE("\xed\x9f\xbf\xee\x80\x80"));
    assert_encodes(SLICE("\xed\xa0\xbd"), SLICE("\\ud83d"));
    assert_encodes(SLICE("a\xed\xb8\x80z\xed\xbf\xbf"), SLICE("a\\ude00z\\udfff"));
    assert_encodes(SLICE("\xe6\x97\xa5\xed\xa0\x80\xe6\x9c\xac"), SLICE("\xe6\x97\xa5\\ud800\xe6\x9c\xac"));
    assert_encodes(SLICE("say \"hi\"\nand go"), SLICE("say \\\"hi\\\"\\nand go"));
}

/* A cut pair that was encoded in two halves is a pair again for whoever joins the JSON. */
static void test_halves_join(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    json_text_encode(&out, SLICE("\xed\xa0\xbd"));
    json_text_encode(&out, SLICE("\xed\xb8\x80"));
    assert_decodes(buffer_slice(&out), SLICE("\xf0\x9f\x98\x80"));
    buffer_deinit(&out);
}

/* Encoded, text may stand between quotes; walked and decoded, it is the same again. */
static void assert_round_trip(struct slice text) {
    struct buffer out;
    struct arena arena;
    struct json_doc doc;
    buffer_init(&out, 0);
    arena_init(&arena, 1u << 20);
    buffer_append_char(&out, '"');
    json_text_encode(&out, text);
    buffer_append_char(&out, '"');
    const struct json_limits limits = {.lenient_surrogates = true};
    assert_int_equal(json_walk(buffer_slice(&out), &limits, &arena, &doc, NULL), OUTCOME_OK);
    assert_true(json_is(&doc, 0, JSON_STRING));
    assert_decodes(json_raw(&doc, 0), text);
    arena_reset(&arena);
    buffer_deinit(&out);
}

static void test_round_trips(void **state) {
    (void)state;
    for (size_t i = 0; i < PAIR_COUNT; i++) assert_round_trip(pairs[i].text);
    struct arena arena;
    struct json_doc doc;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < JSON_CASE_COUNT; i++) {
        arena_reset(&arena);
        if (json_walk(json_cases[i].text, NULL, &arena, &doc, NULL) != OUTCOME_OK) continue;
        for (uint32_t node = 0; node < doc.count; node++) {
            if (!json_is(&doc, node, JSON_STRING) && !json_is(&doc, node, JSON_KEY)) continue;
            const struct slice text = decoded(json_raw(&doc, node));
            assert_pieces(json_raw(&doc, node), text);
            assert_round_trip(text);
            free((char *)text.data);
        }
    }
    arena_reset(&arena);
}

static void test_random_round_trips(void **state) {
    (void)state;
    static const char *const parts[] = {"\"",
                                        "\\",
                                        "\n",
                                        "\x01",
                                        "a",
                                        "0123456789abcdef",
                                        "\xc3\xa9",
                                        "\xed\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xf0\x9f\x98\x80",
                                        "\x7f",
                                        "\\u0041"};
    const char *given = getenv("SLUICE_SEED");
    const unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);
    printf("SLUICE_SEED=%lu\n", seed);
    srandom((unsigned)seed);
    for (int round = 0; round < 3000; round++) {
        struct buffer text;
        buffer_init(&text, 0);
        for (long n = random() % 20; n > 0; n--)
            buffer_append_str(&text, parts[(size_t)random() % (sizeof parts / sizeof parts[0])]);
        assert_round_trip(text.len ? buffer_slice(&text) : SLICE(""));
        buffer_deinit(&text);
    }
}

static void test_encode_without_memory(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    failing_alloc_arm(1);
    json_text_encode(&out, SLICE("a\"b\nc"));
    assert_true(failing_alloc_disarm());
    assert_true(out.failed);
    assert_int_equal(out.len, 0);
    buffer_deinit(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_piece_kinds),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_halves_join),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_random_round_trips),
        cmocka_unit_test(test_encode_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
