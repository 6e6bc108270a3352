#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/api/api.h"
#include "unit/failing_alloc.h"

static void finds_a_route_by_its_exact_path(void **state) {
    (void)state;
    const struct api_route *route = NULL;
    assert_int_equal(api_route_find(HTTP_POST, SLICE("/v1/chat/completions"), &route), ROUTE_FOUND);
    assert_ptr_equal(route->api, &api_openai_chat);
    assert_int_equal(route->kind, ROUTE_PROMPT);
    assert_string_equal(route->upstream_path, "/chat/completions");
    assert_int_equal(api_route_find(HTTP_GET, SLICE("/v1/models"), &route), ROUTE_FOUND);
    assert_int_equal(route->kind, ROUTE_LISTING);
    assert_string_equal(route->upstream_path, "/models");
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
        "/v1/completions",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const struct api_route *route = NULL;
        assert_int_equal(api_route_find(HTTP_POST, slice_str(paths[i]), &route), ROUTE_NO_PATH);
        assert_null(route);
    }
}

static void tells_a_wrong_method_from_a_wrong_path(void **state) {
    (void)state;
    static const enum http_method wrong[] = {HTTP_METHOD_OTHER, HTTP_GET,    HTTP_HEAD_METHOD, HTTP_PUT,
                                             HTTP_PATCH,        HTTP_DELETE, HTTP_OPTIONS};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct api_route *route = NULL;
        assert_int_equal(api_route_find(wrong[i], SLICE("/v1/chat/completions"), &route), ROUTE_NO_METHOD);
        assert_null(route);
    }
    const struct api_route *route = NULL;
    assert_int_equal(api_route_find(HTTP_POST, SLICE("/v1/models"), &route), ROUTE_NO_METHOD);
}

static void names_its_formats(void **state) {
    (void)state;
    const char *const *names = api_names();
    assert_string_equal(names[0], api_openai_chat.name);
    assert_null(names[1]);
    assert_ptr_equal(api_default(), &api_openai_chat);
}

static void makes_all_maps_or_none(void **state) {
    (void)state;
    unsigned nth = 1;
    for (;; nth++) {
        failing_alloc_arm(nth);
        const enum outcome outcome = api_maps_create();
        if (!failing_alloc_disarm()) {
            assert_int_equal(outcome, OUTCOME_OK);
            break;
        }
        assert_int_equal(outcome, OUTCOME_NO_MEMORY);
        assert_null(api_maps_of(&api_openai_chat)->request);
        assert_null(api_maps_of(&api_openai_chat)->answer);
        assert_null(api_maps_of(&api_openai_chat)->event);
    }
    assert_int_equal(nth, 4); /* three maps */
    assert_non_null(api_maps_of(&api_openai_chat)->request);
    assert_non_null(api_maps_of(&api_openai_chat)->answer);
    assert_non_null(api_maps_of(&api_openai_chat)->event);
    api_maps_destroy();
    api_maps_destroy();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_route_by_its_exact_path),
        cmocka_unit_test(refuses_every_other_spelling),
        cmocka_unit_test(tells_a_wrong_method_from_a_wrong_path),
        cmocka_unit_test(names_its_formats),
        cmocka_unit_test(makes_all_maps_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
