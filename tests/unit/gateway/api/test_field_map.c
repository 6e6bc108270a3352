#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/arena.h"
#include "gateway/api/field_map.h"
#include "unit/failing_alloc.h"

static const struct field_rule rules[] = {
    {"model", FIELD_MODEL},
    {"messages[].content", FIELD_TEXT},
    {"messages[].content[]", FIELD_TOKEN_IDS},
    {"messages[].content[].text", FIELD_TEXT},
    {"messages[].content[].image_url.url", FIELD_BINARY},
    {"tools.*.code", FIELD_OPAQUE},
    {"tools.known.code", FIELD_JSON_TEXT},
    {"grid[][]", FIELD_REFERENCE},
    {"deep.a.b.c", FIELD_STRIPPED},
};
#define RULE_COUNT (sizeof rules / sizeof rules[0])

struct mapped {
    struct arena arena;
    struct field_map *map;
    struct json_doc doc;
};

static void map_body(struct mapped *mapped, const char *body) {
    arena_init(&mapped->arena, 1u << 20);
    assert_int_equal(field_map_create(rules, RULE_COUNT, &mapped->map), OUTCOME_OK);
    assert_int_equal(json_walk(slice_str(body), NULL, &mapped->arena, &mapped->doc, NULL), OUTCOME_OK);
    field_map_apply(mapped->map, &mapped->doc);
}

static void unmap(struct mapped *mapped) {
    field_map_destroy(&mapped->map);
    assert_null(mapped->map);
    arena_reset(&mapped->arena);
}

/* The meaning of the only node whose bytes are `raw` and whose type is `type`. */
static enum field_meaning meaning_of(const struct mapped *mapped, enum json_type type, const char *raw) {
    uint32_t found = JSON_NONE;
    for (uint32_t i = 0; i < mapped->doc.count; i++) {
        if (!json_is(&mapped->doc, i, type) || !slice_equal(json_raw(&mapped->doc, i), slice_str(raw))) continue;
        assert_int_equal(found, JSON_NONE);
        found = i;
    }
    assert_int_not_equal(found, JSON_NONE);
    return field_map_meaning(mapped->map, &mapped->doc.nodes[found]);
}

static void assert_meaning(const char *body, const char *raw, enum field_meaning meaning) {
    struct mapped mapped;
    map_body(&mapped, body);
    assert_int_equal(meaning_of(&mapped, JSON_STRING, raw), meaning);
    unmap(&mapped);
}

static void finds_members_and_elements(void **state) {
    (void)state;
    assert_meaning("{\"model\":\"x\"}", "x", FIELD_MODEL);
    assert_meaning("{\"messages\":[{\"content\":\"x\"}]}", "x", FIELD_TEXT);
    assert_meaning("{\"messages\":[{},{},{\"role\":\"y\",\"content\":\"x\"}]}", "x", FIELD_TEXT);
    assert_meaning("{\"messages\":[{\"content\":[{\"text\":\"y\"},{\"text\":\"x\"}]}]}", "x", FIELD_TEXT);
    assert_meaning("{\"messages\":[{\"content\":[{\"image_url\":{\"url\":\"x\"}}]}]}", "x", FIELD_BINARY);
    assert_meaning("{\"messages\":[{\"content\":[\"x\"]}]}", "x", FIELD_TOKEN_IDS);
    assert_meaning("{\"grid\":[[\"x\"]]}", "x", FIELD_REFERENCE);
    assert_meaning("{\"deep\":{\"a\":{\"b\":{\"c\":\"x\"}}}}", "x", FIELD_STRIPPED);
}

static void leaves_everything_else_plain(void **state) {
    (void)state;
    assert_meaning("{\"Model\":\"x\"}", "x", FIELD_PLAIN);
    assert_meaning("{\"models\":\"x\"}", "x", FIELD_PLAIN);
    assert_meaning("{\"mode\":\"x\"}", "x", FIELD_PLAIN);
    assert_meaning("{\"\":\"x\"}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages\":\"x\"}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages\":[\"x\"]}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages\":{\"content\":\"x\"}}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages\":[{\"model\":\"x\"}]}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages\":[[{\"content\":\"x\"}]]}", "x", FIELD_PLAIN);
    assert_meaning("{\"other\":{\"messages\":[{\"content\":\"x\"}]}}", "x", FIELD_PLAIN);
    assert_meaning("{\"model\":{\"model\":\"x\"}}", "x", FIELD_PLAIN);
    assert_meaning("{\"grid\":[\"x\"]}", "x", FIELD_PLAIN);
    assert_meaning("[\"x\"]", "x", FIELD_PLAIN);
    assert_meaning("\"x\"", "x", FIELD_PLAIN);
}

static void a_star_stands_for_any_member(void **state) {
    (void)state;
    assert_meaning("{\"tools\":{\"anything\":{\"code\":\"x\"}}}", "x", FIELD_OPAQUE);
    assert_meaning("{\"tools\":{\"*\":{\"code\":\"x\"}}}", "x", FIELD_OPAQUE);
    assert_meaning("{\"tools\":{\"known\":{\"code\":\"x\"}}}", "x", FIELD_JSON_TEXT);
    assert_meaning("{\"tools\":{\"anything\":{\"other\":\"x\"}}}", "x", FIELD_PLAIN);
    assert_meaning("{\"tools\":[{\"code\":\"x\"}]}", "x", FIELD_PLAIN);
}

/* A member that is called as the map calls an element is a member all the same. */
static void a_member_named_like_an_element_is_none(void **state) {
    (void)state;
    assert_meaning("{\"messages\":{\"[]\":{\"content\":\"x\"}}}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages\":[{\"content\":{\"[]\":{\"image_url\":{\"url\":\"x\"}}}}]}", "x", FIELD_PLAIN);
    assert_meaning("{\"grid\":{\"[]\":{\"[]\":\"x\"}}}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages[]\":{\"content\":\"x\"}}", "x", FIELD_PLAIN);
    assert_meaning("{\"messages[].content\":\"x\"}", "x", FIELD_PLAIN);
}

/* An upstream decodes keys, so an escaped spelling must not hide what a field means. */
static void escaped_keys_are_known_names(void **state) {
    (void)state;
    assert_meaning("{\"\\u006dodel\":\"x\"}", "x", FIELD_MODEL);
    assert_meaning("{\"\\u006D\\u006F\\u0064\\u0065\\u006C\":\"x\"}", "x", FIELD_MODEL);
    assert_meaning("{\"m\\u0065ssages\":[{\"con\\u0074ent\":[{\"image\\u005furl\":{\"\\u0075rl\":\"x\"}}]}]}", "x",
                   FIELD_BINARY);
    assert_meaning("{\"model\\n\":\"x\"}", "x", FIELD_PLAIN);
}

static void keys_that_are_too_long_to_be_known_are_plain(void **state) {
    (void)state;
    char body[1024] = "{\"";
    size_t len = 2;
    for (int i = 0; i < 100; i++) len += (size_t)sprintf(body + len, "\\u006d");
    (void)sprintf(body + len, "\":\"x\"}");
    assert_meaning(body, "x", FIELD_PLAIN);
}

static void keys_have_no_meaning_of_their_own(void **state) {
    (void)state;
    struct mapped mapped;
    map_body(&mapped, "{\"model\":\"x\",\"messages\":[{\"content\":\"y\"}]}");
    assert_int_equal(meaning_of(&mapped, JSON_KEY, "model"), FIELD_PLAIN);
    assert_int_equal(meaning_of(&mapped, JSON_KEY, "content"), FIELD_PLAIN);
    unmap(&mapped);
}

static void a_field_tells_its_path(void **state) {
    (void)state;
    struct mapped mapped;
    map_body(&mapped, "{\"model\":\"x\",\"messages\":[{\"content\":\"y\"}],\"other\":1}");
    const uint32_t model = json_member(&mapped.doc, 0, SLICE("model"));
    assert_string_equal(field_map_path(mapped.map, mapped.doc.nodes[model].field), "model");
    const uint32_t messages = json_member(&mapped.doc, 0, SLICE("messages"));
    assert_null(field_map_path(mapped.map, mapped.doc.nodes[messages].field));
    const uint32_t other = json_member(&mapped.doc, 0, SLICE("other"));
    assert_null(field_map_path(mapped.map, mapped.doc.nodes[other].field));
    unmap(&mapped);
}

static void an_empty_list_of_rules_is_a_map(void **state) {
    (void)state;
    struct field_map *map = NULL;
    assert_int_equal(field_map_create(rules, 0, &map), OUTCOME_OK);
    field_map_destroy(&map);
    field_map_destroy(&map);
}

static void survives_a_failed_allocation(void **state) {
    (void)state;
    struct field_map *map = NULL;
    failing_alloc_arm(1);
    const enum outcome outcome = field_map_create(rules, RULE_COUNT, &map);
    assert_true(failing_alloc_disarm());
    assert_int_equal(outcome, OUTCOME_NO_MEMORY);
    assert_null(map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_members_and_elements),
        cmocka_unit_test(leaves_everything_else_plain),
        cmocka_unit_test(a_star_stands_for_any_member),
        cmocka_unit_test(a_member_named_like_an_element_is_none),
        cmocka_unit_test(escaped_keys_are_known_names),
        cmocka_unit_test(keys_that_are_too_long_to_be_known_are_plain),
        cmocka_unit_test(keys_have_no_meaning_of_their_own),
        cmocka_unit_test(a_field_tells_its_path),
        cmocka_unit_test(an_empty_list_of_rules_is_a_map),
        cmocka_unit_test(survives_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
