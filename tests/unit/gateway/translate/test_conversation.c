/* The same conversation, told in any format and carried along any path, is the same neutral conversation. */
#include "unit/gateway/translate/scripted.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/format.h"

static struct conversation read_conversation(struct arena *arena, enum translate_format format, const char *text) {
    struct conversation conversation;
    struct translate_problem problem = {.reason = NULL};
    struct json_doc *doc = arena_alloc(arena, sizeof *doc);
    assert_non_null(doc);
    *doc = walked(arena, text, false);
    conversation_init(&conversation, arena);
    struct reading reading = {doc, arena, &conversation, &problem, "", ""};
    if (format_of(format)->read_request(&reading) != OUTCOME_OK) fail_msg("%s: %s", problem.path, problem.reason);
    assert_int_equal(conversation_link(&conversation), OUTCOME_OK);
    return conversation;
}

static void show_text(struct buffer *out, const char *label, struct slice encoded) {
    char *plain = malloc(encoded.len + 1);
    assert_non_null(plain);
    buffer_append_format(out, " %s=", label);
    buffer_append(out, slice_of(plain, json_text_decode(encoded, plain)));
    free(plain);
}

/* Formats spell ids in their own way: an id is shown as its number in the order of calls. */
static void show_id(struct buffer *out, const struct conversation *conversation, struct slice id) {
    int number = 0;
    for (const struct message *message = conversation->first_message; message; message = message->next)
        for (const struct part *part = message->parts.first; part; part = part->next) {
            if (part->kind != PART_CALL) continue;
            if (json_text_equal(part->id, id)) buffer_append_format(out, " #%d", number);
            number++;
        }
}

static void show_parts(struct buffer *out, const struct conversation *conversation, const struct part_list *parts) {
    for (const struct part *part = parts->first; part; part = part->next) {
        buffer_append_format(out, "\n    part %d", (int)part->kind);
        show_text(out, "text", part->text);
        buffer_append_format(out, " type=%.*s data=%.*s", (int)part->media_type.len, part->media_type.data,
                             (int)part->data.len, part->data.data);
        show_id(out, conversation, part->id);
        show_text(out, "name", part->name);
        struct arena arena;
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        struct slice arguments;
        assert_int_equal(format_arguments(&arena, part->arguments, &arguments), OUTCOME_OK);
        buffer_append(out, arguments);
        arena_reset(&arena);
        show_parts(out, conversation, &part->content);
    }
}

static char *shown(const struct conversation *conversation) {
    struct buffer out;
    buffer_init(&out, 0);
    for (const struct message *message = conversation->first_message; message; message = message->next) {
        buffer_append_format(&out, "\nrole %d", (int)message->role);
        show_parts(&out, conversation, &message->parts);
    }
    for (const struct tool *tool = conversation->first_tool; tool; tool = tool->next) {
        show_text(&out, "\ntool", tool->name);
        show_text(&out, "description", tool->description);
        show_text(&out, "schema", tool->schema);
    }
    show_text(&out, "\nmax", conversation->max_tokens);
    show_text(&out, "temperature", conversation->temperature);
    show_text(&out, "top_p", conversation->top_p);
    buffer_append_format(&out, " stream=%d", (int)conversation->stream);
    buffer_append_char(&out, '\0');
    assert_false(out.failed);
    return out.data;
}

static char *shown_text(struct arena *arena, enum translate_format format, const char *text) {
    const struct conversation conversation = read_conversation(arena, format, text);
    return shown(&conversation);
}

static const char *carried_text(struct arena *arena, enum translate_format from, enum translate_format to,
                                const char *text) {
    const struct carried carried = carry_request(arena, from, to, text, NULL);
    if (carried.outcome != OUTCOME_OK) fail_msg("%d to %d: %s", (int)from, (int)to, carried.problem.reason);
    return carried.body;
}

static void test_all_tell_the_same(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    char *first = shown_text(&arena, TRANSLATE_OPENAI_CHAT, scripted_request(&arena, TRANSLATE_OPENAI_CHAT));
    assert_non_null(strstr(first, "name=weather{\"city\":\"Sm\xc3\xa5land\"}"));
    for (unsigned format = 1; format < TRANSLATE_FORMAT_COUNT; format++) {
        char *other = shown_text(&arena, format, scripted_request(&arena, format));
        assert_string_equal(other, first);
        free(other);
    }
    free(first);
    arena_reset(&arena);
}

/* from -> to -> back or on, along every path of two steps. */
static void test_every_path(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_FORMAT_COUNT; from++)
        for (unsigned to = 0; to < TRANSLATE_RESPONSES; to++)
            for (unsigned on = 0; on < TRANSLATE_RESPONSES; on++) {
                struct arena arena;
                arena_init(&arena, FIXTURE_ARENA_BYTES);
                const char *text = scripted_request(&arena, from);
                char *expected = shown_text(&arena, from, text);
                const char *there = carried_text(&arena, from, to, text);
                char *is_there = shown_text(&arena, to, there);
                assert_string_equal(is_there, expected);
                char *is_on = shown_text(&arena, on, carried_text(&arena, to, on, there));
                assert_string_equal(is_on, expected);
                free(expected);
                free(is_there);
                free(is_on);
                arena_reset(&arena);
            }
}

/* The ids that a format without ids gets do not change when the conversation grows. */
static void test_minted_ids_are_stable(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    const char *turn = "{'role':'assistant','content':'','tool_calls':[{'function':{'name':'f','arguments':{}}}]}"
                       ",{'role':'tool','tool_name':'f','content':'r'}";
    char body[1024];
    for (int turns = 1; turns <= 3; turns++) {
        int len = snprintf(body, sizeof body, "{'model':'m','messages':[");
        for (int i = 0; i < turns; i++)
            len += snprintf(body + len, sizeof body - (size_t)len, "%s%s", i ? "," : "", turn);
        assert_true(snprintf(body + len, sizeof body - (size_t)len, "]}") > 0);
        const struct conversation conversation =
            read_conversation(&arena, TRANSLATE_OLLAMA, double_quoted(&arena, body));
        const struct message *message = conversation.first_message;
        for (int i = 0; i < turns; i++, message = message->next->next) {
            char id[16];
            assert_true(snprintf(id, sizeof id, "call_%d", i) > 0);
            assert_true(slice_equal(message->parts.first->id, slice_str(id)));
            assert_true(slice_equal(message->next->parts.first->id, slice_str(id)));
        }
    }
    arena_reset(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_tell_the_same),
        cmocka_unit_test(test_every_path),
        cmocka_unit_test(test_minted_ids_are_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
