/* Requests and answers with every value of a wrong type, every member renamed, every allocation failed. */
#include "unit/gateway/translate/scripted.h"

#include "gateway/body/json_splice.h"
#include "unit/failing_alloc.h"

static const char *const wrong[] = {
    "null",
    "true",
    "-1",
    "1.5e3",
    "9223372036854775807",
    "\"\"",
    "\"x\\u0000y\\ud83d\\ude00\\\"\"",
    "[]",
    "{}",
    "[[]]",
    "[7,null]",
    "{\"type\":\"text\",\"text\":\"x\"}",
    "{\"a\":{\"a\":{}}}",
};

/* Whole answers to start from. */
static const char *const answers[TRANSLATE_RESPONSES] = {
    "{'id':'i','object':'chat.completion','created':7,'model':'m','choices':[{'index':0,'message':{'role':'assistant'"
    ",'content':'a','refusal':'r','reasoning_content':'t','tool_calls':[{'id':'c','type':'function','function':"
    "{'name':'f','arguments':'{\\'a\\':1}'}}]},'finish_reason':'stop'}],'usage':{'prompt_tokens':1"
    ",'completion_tokens':2,'prompt_tokens_details':{'cached_tokens':1}}}",
    "{'id':'i','type':'message','role':'assistant','model':'m','content':[{'type':'thinking','thinking':'t','signature'"
    ":'s'}"
    ",{'type':'text','text':'a'},{'type':'tool_use','id':'c','name':'f','input':{'a':1}}],'stop_reason':'stop_sequence'"
    ",'stop_sequence':'X','usage':{'input_tokens':1,'output_tokens':2,'cache_read_input_tokens':3}}",
    "{'model':'m','created_at':'2024-08-04T19:22:45.499127Z','message':{'role':'assistant','content':'a','thinking':'t'"
    ",'tool_calls':[{'id':'k','function':{'name':'f','arguments':{'a':1}}}]},'done':true,'done_reason':'stop'"
    ",'prompt_eval_count':1,'eval_count':2}",
};

/* The document with the value at `node` replaced; strings lose their quotes too. */
static const char *replaced(struct arena *arena, const struct json_doc *doc, uint32_t node, struct slice value) {
    struct json_splice splice = {doc->nodes[node].begin, doc->nodes[node].end, value};
    struct slice text;
    if (doc->nodes[node].type == JSON_STRING) splice.begin--, splice.end++;
    assert_int_equal(json_splice_apply(doc->text, &splice, 1, arena, &text), OUTCOME_OK);
    return arena_string(arena, text);
}

static bool walks(struct arena *arena, const char *text, bool lenient, struct json_doc *doc_out) {
    const struct json_limits limits = {.lenient_surrogates = lenient};
    return json_walk(slice_str(text), &limits, arena, doc_out, NULL) == OUTCOME_OK;
}

static bool expected_outcome(enum outcome outcome) {
    return outcome == OUTCOME_OK || outcome == OUTCOME_INVALID || outcome == OUTCOME_UNSUPPORTED;
}

static void carry_everywhere(struct arena *arena, enum translate_format from, const char *text, bool answer) {
    struct json_doc doc;
    struct json_doc written;
    if (!walks(arena, text, answer, &doc)) return;
    for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
        const struct carried carried =
            answer ? carry_answer(arena, from, to, text) : carry_request(arena, from, to, text, NULL);
        if (!expected_outcome(carried.outcome)) fail_msg("%s: %s", outcome_name(carried.outcome), text);
        if (carried.outcome == OUTCOME_OK && !walks(arena, carried.body, answer, &written))
            fail_msg("%s\nbecame %s", text, carried.body);
        if (!answer && carried.outcome != OUTCOME_OK && from != to) assert_non_null(carried.problem.reason);
    }
}

static void wrong_values(enum translate_format from, const char *single_quoted, bool answer) {
    struct arena kept;
    arena_init(&kept, FIXTURE_ARENA_BYTES);
    const struct json_doc doc = walked(&kept, double_quoted(&kept, single_quoted), answer);
    for (uint32_t node = 0; node < doc.count; node++) {
        if (doc.nodes[node].type == JSON_KEY) continue;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            struct arena arena;
            arena_init(&arena, FIXTURE_ARENA_BYTES);
            carry_everywhere(&arena, from, replaced(&arena, &doc, node, slice_str(wrong[i])), answer);
            arena_reset(&arena);
        }
    }
    arena_reset(&kept);
}

static void test_wrong_values_in_requests(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    for (unsigned from = 0; from < TRANSLATE_FORMAT_COUNT; from++)
        wrong_values(from, scripted_request(&arena, from), false);
    arena_reset(&arena);
}

static void test_wrong_values_in_answers(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_RESPONSES; from++) wrong_values(from, answers[from], true);
}

/* Inside a schema or a call's arguments every key is the tool's own. */
static bool is_opaque(const struct json_doc *doc, uint32_t node) {
    static const char *const opaque[] = {"parameters", "input_schema", "schema", "arguments", "input"};
    for (uint32_t at = node; at != JSON_NONE && at > 0; at = doc->nodes[at].parent) {
        if (doc->nodes[at - 1].type != JSON_KEY || at == node) continue;
        if (doc->nodes[at].type != JSON_OBJECT) continue;
        for (size_t i = 0; i < sizeof opaque / sizeof opaque[0]; i++)
            if (slice_equal(json_raw(doc, at - 1), slice_str(opaque[i]))) return true;
    }
    return false;
}

/* A member that nobody knows is never passed over, wherever it stands. */
static void test_unknown_members(void **state) {
    (void)state;
    size_t tried = 0;
    for (unsigned from = 0; from < TRANSLATE_FORMAT_COUNT; from++) {
        struct arena kept;
        arena_init(&kept, FIXTURE_ARENA_BYTES);
        const struct json_doc doc = walked(&kept, scripted_request(&kept, from), false);
        for (uint32_t node = 0; node < doc.count; node++) {
            if (doc.nodes[node].type != JSON_KEY || is_opaque(&doc, node)) continue;
            if (json_is(&doc, json_value_of(&doc, node), JSON_NULL)) continue; /* as if it were not there */
            struct arena arena;
            arena_init(&arena, FIXTURE_ARENA_BYTES);
            const char *text = replaced(&arena, &doc, node, SLICE("made_up"));
            for (unsigned to = 0; to < TRANSLATE_RESPONSES; to++) {
                if (from == to) continue;
                const struct carried carried = carry_request(&arena, from, to, text, NULL);
                if (carried.outcome == OUTCOME_OK || !expected_outcome(carried.outcome)) fail_msg("%s", text);
                tried++;
            }
            arena_reset(&arena);
        }
        arena_reset(&kept);
    }
    assert_true(tried > 500);
}

/* An error says nothing of what it was about. */
static void test_problems_hold_no_values(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{'model':'m','messages':[{'role':'CANARY','content':'x'}]}",
        "{'model':'m','messages':[{'role':'user','content':[{'type':'CANARY'}]}]}",
        "{'model':'m','messages':[{'role':'user','content':'x','CANARY':1}]}",
        "{'model':'m','messages':[{'role':'user','content':'x'}],'CANARY':'CANARY'}",
        "{'model':'m','input':[{'type':'CANARY'}],'tools':[{'type':'CANARY'}]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (unsigned from = 0; from < TRANSLATE_FORMAT_COUNT; from++) {
            struct arena arena;
            arena_init(&arena, FIXTURE_ARENA_BYTES);
            const enum translate_format to = from == OC ? AN : OC;
            const struct carried carried = carry_request(&arena, from, to, double_quoted(&arena, bodies[i]), NULL);
            assert_int_not_equal(carried.outcome, OUTCOME_OK);
            assert_null(strstr(carried.problem.path, "CANARY"));
            assert_null(strstr(carried.problem.reason, "CANARY"));
            arena_reset(&arena);
        }
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_FORMAT_COUNT; from++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
            if (from == to || to == TRANSLATE_RESPONSES) continue;
            struct arena kept;
            arena_init(&kept, FIXTURE_ARENA_BYTES);
            const struct json_doc doc = walked(&kept, scripted_request(&kept, from), false);
            for (unsigned nth = 1;; nth++) {
                struct arena arena;
                struct slice body = {NULL, 0};
                arena_init(&arena, FIXTURE_ARENA_BYTES);
                failing_alloc_arm(nth);
                const enum outcome outcome = translate_request(from, to, &doc, "other", &arena, &body, NULL);
                const bool failed = failing_alloc_disarm();
                assert_int_equal(outcome, failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
                assert_true((body.data == NULL) == failed);
                arena_reset(&arena);
                if (!failed) break;
            }
            arena_reset(&kept);
        }
}

static void test_every_allocation_of_answers_failed_once(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_RESPONSES; from++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
            if (from == to) continue;
            struct arena kept;
            arena_init(&kept, FIXTURE_ARENA_BYTES);
            const struct json_doc doc = walked(&kept, double_quoted(&kept, answers[from]), true);
            for (unsigned nth = 1;; nth++) {
                struct arena arena;
                struct slice body = {NULL, 0};
                arena_init(&arena, FIXTURE_ARENA_BYTES);
                failing_alloc_arm(nth);
                const enum outcome outcome = translate_answer(from, to, &doc, &arena, &body);
                const bool failed = failing_alloc_disarm();
                assert_int_equal(outcome, failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
                arena_reset(&arena);
                if (!failed) break;
            }
            arena_reset(&kept);
        }
}

/* An arena that is too small for the body. */
static void test_small_arena(void **state) {
    (void)state;
    struct arena kept;
    arena_init(&kept, FIXTURE_ARENA_BYTES);
    const struct json_doc doc = walked(&kept, scripted_request(&kept, OC), false);
    bool fits = false;
    for (size_t limit = 64; !fits; limit += 997) {
        struct arena arena;
        struct slice body = {NULL, 0};
        arena_init(&arena, limit);
        const enum outcome outcome = translate_request(OC, AN, &doc, NULL, &arena, &body, NULL);
        fits = outcome == OUTCOME_OK;
        if (!fits) assert_int_equal(outcome, OUTCOME_NO_MEMORY);
        arena_reset(&arena);
    }
    arena_reset(&kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_values_in_requests),
        cmocka_unit_test(test_wrong_values_in_answers),
        cmocka_unit_test(test_unknown_members),
        cmocka_unit_test(test_problems_hold_no_values),
        cmocka_unit_test(test_every_allocation_failed_once),
        cmocka_unit_test(test_every_allocation_of_answers_failed_once),
        cmocka_unit_test(test_small_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
