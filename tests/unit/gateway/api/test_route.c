#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/api/api.h"

struct expected {
    enum http_method method;
    bool versioned;
    const char *path;
    const struct api *api;
    const char *asked; /* of the upstream, with the model "mapped" */
    enum route_kind kind;
};

static void finds_every_route_and_its_upstream_path(void **state) {
    (void)state;
    static const struct expected rows[] = {
        {HTTP_POST, false, "/v1/chat/completions", &api_openai_chat, "/chat/completions", ROUTE_PROMPT},
        {HTTP_POST, false, "/v1/completions", &api_openai_completions, "/completions", ROUTE_PROMPT},
        {HTTP_POST, false, "/v1/embeddings", &api_openai_embeddings, "/embeddings", ROUTE_EMBEDDING},
        {HTTP_POST, false, "/v1/responses", &api_openai_responses, "/responses", ROUTE_PROMPT},
        {HTTP_POST, false, "/v1/responses/compact", &api_openai_responses, "/responses/compact", ROUTE_PROMPT},
        {HTTP_GET, false, "/v1/responses/resp_1a-b", &api_openai_responses, "/responses/resp_1a-b", ROUTE_LISTING},
        {HTTP_DELETE, false, "/v1/responses/resp_1", &api_openai_responses, "/responses/resp_1", ROUTE_LISTING},
        {HTTP_POST, true, "/v1/messages", &api_anthropic_messages, "/messages", ROUTE_PROMPT},
        {HTTP_POST, true, "/v1/messages/count_tokens", &api_anthropic_messages, "/messages/count_tokens", ROUTE_PROMPT},
        {HTTP_GET, true, "/v1/models", &api_anthropic_messages, "/models", ROUTE_LISTING},
        {HTTP_GET, false, "/v1/models", &api_openai_chat, "/models", ROUTE_LISTING},
        {HTTP_POST, false, "/api/chat", &api_ollama_chat, "/api/chat", ROUTE_PROMPT},
        {HTTP_POST, false, "/api/embed", &api_ollama_chat, "/api/embed", ROUTE_EMBEDDING},
        {HTTP_POST, false, "/v1beta/models/gemini-2.5-pro:generateContent", &api_gemini,
         "/models/mapped:generateContent", ROUTE_PROMPT},
        {HTTP_POST, false, "/v1beta/models/g:streamGenerateContent", &api_gemini,
         "/models/mapped:streamGenerateContent?alt=sse", ROUTE_PROMPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct route_call call;
        assert_int_equal(api_route_find(rows[i].method, slice_str(rows[i].path), rows[i].versioned, &call),
                         ROUTE_FOUND);
        assert_ptr_equal(call.route->api, rows[i].api);
        assert_int_equal(call.route->kind, rows[i].kind);
        struct buffer path;
        buffer_init(&path, 0);
        api_route_write(&call, SLICE("mapped"), &path);
        assert_true(slice_equal(buffer_slice(&path), slice_str(rows[i].asked)));
        buffer_deinit(&path);
    }
}

static void refuses_every_other_spelling(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "/V1/chat/completions",
        "/v1/chat/completions?x=1",
        "/v1/chat/../chat/completions",
        "/v1/chat%2fcompletions",
        "v1/chat/completions",
        "/v1/chat/completion",
        "/v1/responses/",
        "/v1/responses/a/b",
        "/v1/responses/a b",
        "/v1beta/models/:generateContent",
        "/v1beta/models/a/b:generateContent",
        "/v1beta/models/a:generateContent:generateContent",
        "/v1/audio/",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct route_call call;
        assert_int_equal(api_route_find(HTTP_POST, slice_str(paths[i]), false, &call), ROUTE_NO_PATH);
    }
}

static void tells_a_wrong_method_from_a_wrong_path(void **state) {
    (void)state;
    static const enum http_method wrong[] = {HTTP_METHOD_OTHER, HTTP_GET,    HTTP_HEAD_METHOD, HTTP_PUT,
                                             HTTP_PATCH,        HTTP_DELETE, HTTP_OPTIONS};
    struct route_call call;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(api_route_find(wrong[i], SLICE("/v1/chat/completions"), false, &call), ROUTE_NO_METHOD);
    assert_int_equal(api_route_find(HTTP_POST, SLICE("/v1/models"), false, &call), ROUTE_NO_METHOD);
}

static void says_why_what_it_knows_is_not_served(void **state) {
    (void)state;
    static const char *const paths[] = {"/v1/files", "/v1/files/file-1/content", "/v1/audio/speech", "/v1/batches/b",
                                        "/v1/realtime"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct route_call call;
        assert_int_equal(api_route_find(HTTP_POST, slice_str(paths[i]), false, &call), ROUTE_FOUND);
        assert_int_equal(call.route->kind, ROUTE_REFUSED);
        assert_true(strlen(call.route->upstream_path) > 20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_route_and_its_upstream_path),
        cmocka_unit_test(refuses_every_other_spelling),
        cmocka_unit_test(tells_a_wrong_method_from_a_wrong_path),
        cmocka_unit_test(says_why_what_it_knows_is_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
