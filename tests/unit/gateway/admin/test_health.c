#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/admin/health.h"

static struct http_head head_of(enum http_method method, const char *path) {
    return (struct http_head){.method = method, .path = slice_str(path), .minor_version = 1};
}

static bool is_asked(enum http_method method, const char *path) {
    const struct http_head head = head_of(method, path);
    return health_is_asked(&head);
}

static void only_two_paths_ask(void **state) {
    (void)state;
    assert_true(is_asked(HTTP_GET, "/healthz"));
    assert_true(is_asked(HTTP_GET, "/readyz"));
    assert_false(is_asked(HTTP_POST, "/healthz"));
    assert_false(is_asked(HTTP_HEAD_METHOD, "/readyz"));
    assert_false(is_asked(HTTP_METHOD_OTHER, "/healthz"));
    static const char *const others[] = {"/",         "",         "/healthz/", "/health",
                                         "/healthzz", "/HEALTHZ", "//healthz", "/readyz?"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) assert_false(is_asked(HTTP_GET, others[i]));
}

static void answers(const char *path, bool draining, bool keep_alive, const char *status, const char *body) {
    const struct http_head head = head_of(HTTP_GET, path);
    struct buffer out;
    buffer_init(&out, 0);
    health_write(&head, draining, keep_alive, &out);
    assert_false(out.failed);
    buffer_append_char(&out, '\0');
    assert_memory_equal(out.data, status, strlen(status));
    const char *end = strstr(out.data, "\r\n\r\n");
    assert_non_null(end);
    assert_string_equal(end + 4, body);
    assert_int_equal(strstr(out.data, "Connection: close") == NULL, keep_alive);
    char length[40];
    (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    assert_non_null(strstr(out.data, length));
    buffer_deinit(&out);
}

static void healthy_while_its_loops_run(void **state) {
    (void)state;
    answers("/healthz", false, true, "HTTP/1.1 200 ", "{\"status\":\"ok\"}\n");
    answers("/healthz", true, false, "HTTP/1.1 200 ", "{\"status\":\"ok\"}\n");
}

static void ready_until_it_drains(void **state) {
    (void)state;
    answers("/readyz", false, true, "HTTP/1.1 200 ", "{\"status\":\"ok\"}\n");
    answers("/readyz", true, false, "HTTP/1.1 503 ", "{\"status\":\"draining\"}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_two_paths_ask),
        cmocka_unit_test(healthy_while_its_loops_run),
        cmocka_unit_test(ready_until_it_drains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
