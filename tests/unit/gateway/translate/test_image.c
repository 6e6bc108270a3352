#include "unit/gateway/translate/translate_fixture.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/image.h"

static struct reading reading_of(struct arena *arena, struct translate_problem *problem) {
    static struct json_doc doc;
    *problem = (struct translate_problem){.node = JSON_NONE};
    return (struct reading){.doc = &doc, .arena = arena, .problem = problem, .path = "p", .member = "m"};
}

static void test_urls(void **state) {
    (void)state;
    static const struct {
        const char *url; /* encoded */
        enum outcome outcome;
        const char *type, *data;
    } urls[] = {
        {"data:image/png;base64,AAAA", OUTCOME_OK, "image/png", "AAAA"},
        {"data:image\\/svg+xml;base64,A\\u0041+\\/==", OUTCOME_OK, "image/svg+xml", "AA+/=="},
        {"data:image/png;base64,", OUTCOME_INVALID, "", ""},
        {"data:image/png;base64,A A", OUTCOME_INVALID, "", ""},
        {"data:image/png;base64,A\\u0022", OUTCOME_INVALID, "", ""},
        {"data:image/;base64,AAAA", OUTCOME_UNSUPPORTED, "", ""},
        {"data:image/p\\u0022;base64,AAAA", OUTCOME_UNSUPPORTED, "", ""},
        {"data:application/pdf;base64,AAAA", OUTCOME_UNSUPPORTED, "", ""},
        {"data:image/png,AAAA", OUTCOME_UNSUPPORTED, "", ""},
        {"data:;base64,AAAA", OUTCOME_UNSUPPORTED, "", ""},
        {"data:", OUTCOME_UNSUPPORTED, "", ""},
        {"data:,", OUTCOME_UNSUPPORTED, "", ""},
        {"ftp://x.test/a", OUTCOME_UNSUPPORTED, "", ""},
        {"", OUTCOME_UNSUPPORTED, "", ""},
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct arena arena;
        struct translate_problem problem;
        struct part part = {.kind = PART_IMAGE};
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        struct reading reading = reading_of(&arena, &problem);
        const enum outcome outcome = image_from_url(&reading, 3, slice_str(urls[i].url), &part);
        if (outcome != urls[i].outcome) fail_msg("case %zu: %s", i, outcome_name(outcome));
        assert_true(slice_equal(part.media_type, slice_str(urls[i].type)));
        assert_true(slice_equal(part.data, slice_str(urls[i].data)));
        assert_null(part.url.data);
        assert_true((outcome == OUTCOME_OK) == (problem.reason == NULL));
        if (problem.reason) assert_string_equal(problem.path, "p.m");
        if (problem.reason) assert_int_equal(problem.node, 3);
        arena_reset(&arena);
    }
}

static void test_references(void **state) {
    (void)state;
    struct arena arena;
    struct translate_problem problem;
    struct part part = {.kind = PART_IMAGE};
    struct buffer out;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    buffer_init(&out, 0);
    struct reading reading = reading_of(&arena, &problem);
    assert_int_equal(image_from_url(&reading, 0, SLICE("https:\\/\\/x.test\\/\\u0022"), &part), OUTCOME_OK);
    assert_null(part.data.data);
    image_write_url(&out, &part);
    assert_true(slice_equal(buffer_slice(&out), SLICE("\"url\":\"https:\\/\\/x.test\\/\\u0022\"")));
    buffer_deinit(&out);
    arena_reset(&arena);
}

static void test_types_are_read_off(void **state) {
    (void)state;
    static const struct {
        const char *data, *type; /* "": unknown */
    } images[] = {
        {"iVBORw0KGgoAAAANSUhEUg==", "image/png"},
        {"\\/9j\\/4AAQ", "image/jpeg"},
        {"R0lGODlhAQAB", "image/gif"},
        {"UklGRiQAAABXRUJQ", "image/webp"},
        {"AAAA", ""},
        {"iVBOR", ""},
    };
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        struct arena arena;
        struct translate_problem problem;
        struct part part = {.kind = PART_IMAGE};
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        struct reading reading = reading_of(&arena, &problem);
        const bool known = images[i].type[0] != '\0';
        assert_int_equal(image_from_base64(&reading, 0, slice_of(NULL, 0), slice_str(images[i].data), &part),
                         known ? OUTCOME_OK : OUTCOME_UNSUPPORTED);
        assert_true(slice_equal(part.media_type, slice_str(images[i].type)));
        arena_reset(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_types_are_read_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
