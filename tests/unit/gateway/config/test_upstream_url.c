#include "gateway/config/upstream_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/failing_alloc.h"

static enum outcome parse(const char *text, struct arena *arena, struct upstream_url *url, const char **problem) {
    arena_init(arena, 1 << 16);
    return upstream_url_parse(slice_str(text), arena, url, problem);
}

static void urls_are_split(void **state) {
    (void)state;
    static const struct {
        const char *text, *host, *authority, *base_path;
        uint16_t port;
        bool tls;
    } table[] = {
        {"https://api.openai.com/v1", "api.openai.com", "api.openai.com", "/v1", 443, true},
        {"http://127.0.0.1:11434/v1", "127.0.0.1", "127.0.0.1:11434", "/v1", 11434, false},
        {"http://h", "h", "h", "", 80, false},
        {"http://h/", "h", "h", "", 80, false},
        {"http://h:80", "h", "h", "", 80, false},
        {"https://h:80/", "h", "h:80", "", 80, true},
        {"https://h:443/a/b/", "h", "h", "/a/b", 443, true},
        {"https://API.Example.COM/V1", "api.example.com", "api.example.com", "/V1", 443, true},
        {"http://[::1]:8080/v1", "::1", "[::1]:8080", "/v1", 8080, false},
        {"https://[2001:DB8::1]", "2001:db8::1", "[2001:db8::1]", "", 443, true},
        {"http://my_host-1.svc:1/~a/v1.0_x-y", "my_host-1.svc", "my_host-1.svc:1", "/~a/v1.0_x-y", 1, false},
        {"http://h:65535", "h", "h:65535", "", 65535, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena arena;
        struct upstream_url url;
        const char *problem;
        if (parse(table[i].text, &arena, &url, &problem) != OUTCOME_OK) fail_msg("%s %s", table[i].text, problem);
        assert_int_equal(url.tls, table[i].tls);
        assert_string_equal(url.host, table[i].host);
        assert_int_equal(url.port, table[i].port);
        assert_string_equal(url.authority, table[i].authority);
        assert_string_equal(url.base_path, table[i].base_path);
        arena_reset(&arena);
    }
}

static void anything_unclear_is_refused(void **state) {
    (void)state;
    static const char no_scheme[] = "must begin with http:// or https://", no_host[] = "has no host";
    static const char bad_host[] = "has a host that is neither a name nor an address";
    static const char bad_port[] = "has a port that is not a number from 1 to 65535";
    static const char userinfo[] = "must not hold a user or password; use api_key";
    static const char bad_path[] =
        "has a path with more than letters, digits, - . _ ~ in its segments, or an empty or dotted one";
    static const struct {
        const char *text, *problem;
    } table[] = {
        {"", no_scheme},
        {"h/v1", no_scheme},
        {"ftp://h", no_scheme},
        {"HTTP://h", no_scheme},
        {"http:/h", no_scheme},
        {" http://h", no_scheme},
        {"http://", no_host},
        {"http:///v1", no_host},
        {"http://:80", no_host},
        {"http://[]", no_host},
        {"http://u@h", userinfo},
        {"http://u:p@h", userinfo},
        {"http://h?x", "must not hold a query"},
        {"http://h/v1?", "must not hold a query"},
        {"http://h/v1#f", "must not hold a fragment"},
        {"http://h#", "must not hold a fragment"},
        {"http://h:", bad_port},
        {"http://h:0", bad_port},
        {"http://h:65536", bad_port},
        {"http://h:+1", bad_port},
        {"http://h:1:2", bad_port},
        {"http://[::1]80", bad_port},
        {"http://[::1", "has an address without its closing bracket"},
        {"http://[::1%eth0]", bad_host},
        {"http://[127.0.0.1]", bad_host},
        {"http://[h]", bad_host},
        {"http://a..b", bad_host},
        {"http://.a", bad_host},
        {"http://-a", bad_host},
        {"http://a b", bad_host},
        {"http://a\\b", bad_host},
        {"http://h\xc3\xa4", bad_host},
        {"http://h%41", bad_host},
        {"http://h//", bad_path},
        {"http://h/a//b", bad_path},
        {"http://h/./b", bad_path},
        {"http://h/a/..", bad_path},
        {"http://h/a/../b", bad_path},
        {"http://h/%2e", bad_path},
        {"http://h/a b", bad_path},
        {"http://h/a\r\nb", bad_path},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena arena;
        struct upstream_url url;
        const char *problem = NULL;
        if (parse(table[i].text, &arena, &url, &problem) != OUTCOME_INVALID) fail_msg("%s", table[i].text);
        assert_string_equal(problem, table[i].problem);
        arena_reset(&arena);
    }
}

/* `before`, then `count` times `c`, then `after`, is parsed as ... */
static enum outcome parse_long(const char *before, char c, int count, const char *after) {
    char fill[300], text[600];
    struct arena arena;
    struct upstream_url url;
    const char *problem;
    memset(fill, c, sizeof fill);
    snprintf(text, sizeof text, "%s%.*s%s", before, count, fill, after);
    const enum outcome outcome = parse(text, &arena, &url, &problem);
    arena_reset(&arena);
    return outcome;
}

/* 253 bytes of host and 256 of path are the most. */
static void lengths_are_bounded(void **state) {
    (void)state;
    assert_int_equal(parse_long("http://", 'h', 253, ":65535"), OUTCOME_OK);
    assert_int_equal(parse_long("http://", 'h', 254, ":1"), OUTCOME_INVALID);
    assert_int_equal(parse_long("http://h/", 'p', 255, ""), OUTCOME_OK);
    assert_int_equal(parse_long("http://h/", 'p', 256, ""), OUTCOME_INVALID);
}

static void public_looks(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_public;
    } table[] = {
        {"http://127.0.0.1", false},      {"http://10.1.2.3", false},     {"http://172.16.0.1", false},
        {"http://172.32.0.1", true},      {"http://192.168.1.1", false},  {"http://169.254.1.1", false},
        {"http://8.8.8.8", true},         {"http://[::1]", false},        {"http://[fd00::1]", false},
        {"http://[fe80::1]", false},      {"http://[2001:db8::1]", true}, {"http://ollama", false},
        {"http://box.local", false},      {"http://a.internal", false},   {"http://llm.ns.svc", false},
        {"https://api.openai.com", true}, {"http://local.example", true}, {"http://x.localhost", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena arena;
        struct upstream_url url;
        const char *problem;
        assert_int_equal(parse(table[i].text, &arena, &url, &problem), OUTCOME_OK);
        if (upstream_url_looks_public(&url) != table[i].is_public) fail_msg("%s", table[i].text);
        arena_reset(&arena);
    }
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct arena arena;
        struct upstream_url url;
        const char *problem;
        failing_alloc_arm(nth);
        const enum outcome outcome = parse("https://h:1/v1", &arena, &url, &problem);
        const bool failed = failing_alloc_disarm();
        arena_reset(&arena);
        assert_int_equal(outcome, failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_split),
        cmocka_unit_test(anything_unclear_is_refused),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(public_looks),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
