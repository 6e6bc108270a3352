#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "gateway/api/api.h"
#include "gateway/body/sse.h"

static const struct api *const api = &api_openai_chat;

struct parsed {
    struct arena arena;
    struct json_doc doc;
};

static void parse(struct parsed *parsed, struct slice text) {
    arena_init(&parsed->arena, 1u << 20);
    assert_int_equal(json_walk(text, NULL, &parsed->arena, &parsed->doc, NULL), OUTCOME_OK);
}

static struct event_role role_of(const char *data) {
    struct parsed parsed;
    parse(&parsed, slice_str(data));
    const struct event_role role = api->event_role(&parsed.doc, slice_of(NULL, 0), slice_str(data));
    arena_reset(&parsed.arena);
    return role;
}

static void a_delta_is_known_and_ends_nothing(void **state) {
    (void)state;
    const struct event_role role =
        role_of("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}");
    assert_true(role.known);
    assert_false(role.last);
    assert_false(role.is_error);
    assert_int_equal(role.closes_count, 0);
    assert_true(role_of("{\"choices\":[]}").known);
}

static void a_finish_reason_closes_its_choice(void **state) {
    (void)state;
    struct event_role role = role_of("{\"choices\":[{\"index\":3,\"delta\":{},\"finish_reason\":\"stop\"}]}");
    assert_int_equal(role.closes_count, 1);
    assert_int_equal(role.closes[0], 3);
    role = role_of("{\"choices\":[{\"index\":0,\"finish_reason\":null},{\"index\":7,\"finish_reason\":\"length\"}]}");
    assert_int_equal(role.closes_count, 1);
    assert_int_equal(role.closes[0], 7);
}

/* Without an index, a choice goes by its place, here as in the stream's windows. */
static void a_choice_without_index_goes_by_its_place(void **state) {
    (void)state;
    const struct event_role role = role_of("{\"choices\":[{\"finish_reason\":null},{\"finish_reason\":\"stop\"},{"
                                           "\"index\":-1,\"finish_reason\":\"stop\"}]}");
    assert_int_equal(role.closes_count, 2);
    assert_int_equal(role.closes[0], 1);
    assert_int_equal(role.closes[1], 2);
}

static void more_ends_than_fit_end_everything(void **state) {
    (void)state;
    struct buffer data;
    buffer_init(&data, 0);
    buffer_append_str(&data, "{\"choices\":[");
    for (int i = 0; i < 17; i++)
        buffer_append_format(&data, "%s{\"index\":%d,\"finish_reason\":\"stop\"}", i ? "," : "", i);
    buffer_append_str(&data, "]}");
    buffer_append_char(&data, '\0');
    const struct event_role role = role_of(data.data);
    assert_int_equal(role.closes_count, 1);
    assert_int_equal(role.closes[0], WINDOW_ALL);
    buffer_deinit(&data);
}

static void done_is_the_last_event(void **state) {
    (void)state;
    static const char *const spellings[] = {"[DONE]", " [DONE]", "[DONE]  "};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        const struct event_role role = api->event_role(NULL, slice_of(NULL, 0), slice_str(spellings[i]));
        assert_true(role.known && role.last);
        assert_int_equal(role.closes_count, 1);
        assert_int_equal(role.closes[0], WINDOW_ALL);
    }
    static const char *const others[] = {"", "DONE", "[DONE", "[done]", "[DONE]x"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct event_role role = api->event_role(NULL, slice_of(NULL, 0), slice_str(others[i]));
        assert_false(role.known || role.last || role.is_error);
    }
}

static void tells_errors_and_strangers(void **state) {
    (void)state;
    assert_true(role_of("{\"error\":{\"message\":\"m\"}}").is_error);
    assert_false(role_of("{\"error\":null,\"choices\":[]}").is_error);
    assert_false(role_of("{\"error\":\"text\"}").is_error);
    assert_false(role_of("{\"object\":\"ping\"}").known);
    assert_false(role_of("{\"choices\":{}}").known);
    assert_false(role_of("[1]").known);
    assert_false(role_of("7").known);
}

static const char *const window_paths[] = {
    "choices[].delta.content",
    "choices[].delta.refusal",
    "choices[].delta.tool_calls[].function.arguments",
    "choices[].delta.tool_calls[].custom.input",
    "choices[].delta.function_call.arguments",
};

/* An added event must be read as what it continues: the same choice, tool call and field. */
static void assert_text_event(const char *path, struct slice remembered) {
    struct buffer out;
    buffer_init(&out, 0);
    const struct window_key key = {.outer = 5, .inner = 9};
    api->write_text_event(&out, remembered, &key, path, SLICE("a\\\"\\n"));
    assert_false(out.failed);
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, 1u << 16);
    assert_int_equal(sse_reader_feed(&reader, buffer_slice(&out)), OUTCOME_OK);
    assert_true(sse_reader_next(&reader, &event));
    assert_int_equal(event.raw.len, out.len);
    struct parsed parsed;
    parse(&parsed, event.data);
    field_map_apply(api_maps_of(api)->event, &parsed.doc);
    const struct event_role role = api->event_role(&parsed.doc, event.name, event.data);
    assert_true(role.known);
    assert_int_equal(role.closes_count, 0);
    uint32_t found = JSON_NONE;
    for (uint32_t i = 0; i < parsed.doc.count; i++) {
        const char *here = field_map_path(api_maps_of(api)->event, parsed.doc.nodes[i].field);
        if (json_is(&parsed.doc, i, JSON_STRING) && here && strcmp(here, path) == 0) found = i;
    }
    assert_int_not_equal(found, JSON_NONE);
    assert_true(slice_equal(json_raw(&parsed.doc, found), SLICE("a\\\"\\n")));
    assert_non_null(memmem(out.data, out.len, "\"index\":5", 9));
    assert_int_equal(memmem(out.data, out.len, "\"index\":9", 9) != NULL, strstr(path, "tool_calls") != NULL);
    arena_reset(&parsed.arena);
    sse_reader_deinit(&reader);
    buffer_deinit(&out);
}

static void added_events_continue_every_field(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof window_paths / sizeof window_paths[0]; i++) {
        assert_text_event(window_paths[i], slice_of(NULL, 0));
        assert_text_event(window_paths[i], SLICE("\"id\":\"chatcmpl-1\",\"created\":7,"));
    }
}

/* A new text rule without a writer for its place would lose what its window holds. */
static void every_text_rule_has_a_window_path(void **state) {
    (void)state;
    for (const struct field_rule *rule = api->event_rules; rule->path; rule++) {
        if (rule->meaning != FIELD_TEXT && rule->meaning != FIELD_JSON_TEXT) continue;
        bool covered = false;
        for (size_t i = 0; i < sizeof window_paths / sizeof window_paths[0]; i++)
            covered = covered || strcmp(rule->path, window_paths[i]) == 0;
        assert_true(covered);
    }
}

static void remembers(const char *data, const char *expected) {
    struct parsed parsed;
    parse(&parsed, slice_str(data));
    struct buffer remembered;
    buffer_init(&remembered, 0);
    api->remember(&parsed.doc, &remembered);
    buffer_append_char(&remembered, '\0');
    assert_string_equal(remembered.data, expected);
    buffer_deinit(&remembered);
    arena_reset(&parsed.arena);
}

static void remembers_what_added_events_repeat(void **state) {
    (void)state;
    remembers("{\"choices\":[],\"model\":\"m\",\"id\":\"x\\\"y\",\"created\":17,\"object\":\"chat.completion.chunk\"}",
              "\"id\":\"x\\\"y\",\"object\":\"chat.completion.chunk\",\"created\":17,\"model\":\"m\",");
    remembers("{\"id\":{\"a\":1},\"created\":null,\"choices\":[]}", "");
    remembers("{\"choices\":[]}", "");
    remembers("[1]", "");
}

/* Every added event repeats them: an upstream's megabyte must not be multiplied. */
static void remembers_nothing_of_unusual_length(void **state) {
    (void)state;
    static char data[5000];
    (void)sprintf(data, "{\"model\":\"m\",\"id\":\"%04000d\"}", 7);
    remembers(data, "\"model\":\"m\",");
}

static void writes(const struct api_error *error, const char *expected) {
    struct buffer out;
    buffer_init(&out, 0);
    api->write_error(&out, error);
    struct parsed parsed;
    parse(&parsed, buffer_slice(&out));
    arena_reset(&parsed.arena);
    buffer_append_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buffer_clear(&out);
    api->write_error_event(&out, error);
    buffer_append_char(&out, '\0');
    assert_memory_equal(out.data, "data: {", 7);
    assert_memory_equal(out.data + 6, expected, strlen(expected));
    assert_string_equal(out.data + 6 + strlen(expected), "\n\n");
    buffer_deinit(&out);
}

static void writes_errors_in_their_shape(void **state) {
    (void)state;
    writes(&(struct api_error){.status = 403, .code = "sluice_blocked", .message = "no \"way\"\n"},
           "{\"error\":{\"message\":\"no "
           "\\\"way\\\"\\n\",\"type\":\"permission_error\",\"param\":null,\"code\":\"sluice_blocked\"}}");
    static const char *const rules[] = {"rule_one", "rule\"two", NULL};
    static const char *const paths[] = {"$.messages[0].content", NULL};
    static const char *const none[] = {NULL};
    writes(&(struct api_error){.status = 401, .code = "c", .message = "m", .rules = rules, .paths = paths},
           "{\"error\":{\"message\":\"m\",\"type\":\"authentication_error\",\"param\":null,\"code\":\"c\",\"rules\":["
           "\"rule_one\",\"rule\\\"two\"],\"paths\":[\"$.messages[0].content\"]}}");
    writes(&(struct api_error){.status = 400, .code = "c", .message = "m", .rules = none, .paths = none},
           "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"c\",\"rules\":[]"
           ",\"paths\":[]}}");
    writes(&(struct api_error){.status = 503, .code = "c", .message = "m"},
           "{\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":\"c\"}}");
}

static int make_maps(void **state) {
    (void)state;
    return api_maps_create() == OUTCOME_OK ? 0 : -1;
}

static int drop_maps(void **state) {
    (void)state;
    api_maps_destroy();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delta_is_known_and_ends_nothing),
        cmocka_unit_test(a_finish_reason_closes_its_choice),
        cmocka_unit_test(a_choice_without_index_goes_by_its_place),
        cmocka_unit_test(more_ends_than_fit_end_everything),
        cmocka_unit_test(done_is_the_last_event),
        cmocka_unit_test(tells_errors_and_strangers),
        cmocka_unit_test(added_events_continue_every_field),
        cmocka_unit_test(every_text_rule_has_a_window_path),
        cmocka_unit_test(remembers_what_added_events_repeat),
        cmocka_unit_test(remembers_nothing_of_unusual_length),
        cmocka_unit_test(writes_errors_in_their_shape),
    };
    return cmocka_run_group_tests(tests, make_maps, drop_maps);
}
