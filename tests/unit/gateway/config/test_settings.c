#include "gateway/config/settings.h"

#include "tests/unit/gateway/config/loaded.h"

#define KEY_A "key-of-agent-a-0001"
#define KEY_B "key-of-agent-b-0002"

static void an_agent_is_known_by_its_key(void **state) {
    (void)state;
    struct settings *settings = loaded(LEAST "agents:\n"
                                             "  - {name: a, key: \"" KEY_A "\"}\n"
                                             "  - {name: b, key: \"" KEY_B "\", tenant: t2, scope: agent}\n");
    assert_false(settings->open);
    assert_ptr_equal(settings_agent_by_key(settings, SLICE(KEY_A)), &settings->agents[0]);
    assert_ptr_equal(settings_agent_by_key(settings, SLICE(KEY_B)), &settings->agents[1]);
    assert_null(settings_agent_by_key(settings, SLICE("key-of-agent-a-0002")));
    assert_null(settings_agent_by_key(settings, SLICE(KEY_A "x")));
    assert_null(settings_agent_by_key(settings, SLICE("key-of-agent-a-000")));
    assert_null(settings_agent_by_key(settings, slice_of(NULL, 0)));
    settings_destroy(&settings);
    assert_null(settings);
    settings_destroy(&settings);
}

static void an_open_gateway_has_one_agent_for_everybody(void **state) {
    (void)state;
    struct settings *settings = loaded(LEAST "scope: agent\n");
    assert_true(settings->open);
    assert_int_equal(settings->agent_count, 1);
    assert_string_equal(settings->agents[0].name, "default");
    assert_string_equal(settings->agents[0].tenant, "default");
    assert_int_equal(settings->agents[0].scope, SCOPE_AGENT);
    assert_ptr_equal(settings_agent_by_key(settings, slice_of(NULL, 0)), &settings->agents[0]);
    assert_ptr_equal(settings_agent_by_key(settings, SLICE("anything")), &settings->agents[0]);
    settings_destroy(&settings);
}

static void expect_hosts(const char *text, const char *const *ours, const char *const *others) {
    struct settings *settings = loaded(text);
    for (; *ours; ours++)
        if (!settings_host_ours(settings, slice_str(*ours))) fail_msg("%s is ours", *ours);
    for (; *others; others++)
        if (settings_host_ours(settings, slice_str(*others))) fail_msg("%s is not ours", *others);
    settings_destroy(&settings);
}

static void by_default_the_addresses_and_localhost_are_ours(void **state) {
    (void)state;
    expect_hosts(LEAST "listen: [\"127.0.0.1:8787\", \"[::1]:8787\"]\nadmin: 127.0.0.9:1\n",
                 (const char *const[]){"127.0.0.1", "127.0.0.1:8787", "127.0.0.1:9", "[::1]", "[::1]:8787", "localhost",
                                       "LOCALHOST:8787", "127.0.0.9:1", NULL},
                 (const char *const[]){"", "127.0.0.2", "example.com", "localhost.example.com", "::1",
                                       "localhost:", "localhost:x", "localhost:1:2", "localhost:99999", "[::1",
                                       "[::1]8787", "*", ":8787", "xlocalhost", NULL});
}

static void given_hosts_are_the_only_ones(void **state) {
    (void)state;
    expect_hosts(
        LEAST "hosts: [Sluice.Example, \"sidecar:8787\"]\n",
        (const char *const[]){"sluice.example", "SLUICE.example:443", "sidecar:8787", NULL},
        (const char *const[]){"localhost", "127.0.0.1", "sidecar", "sidecar:8788", "sluice.example.com", NULL});
    expect_hosts(LEAST "hosts: \"*\"\nagents: [{name: a, key: \"" KEY_A "\"}]\n",
                 (const char *const[]){"anything", "anything:80", NULL}, (const char *const[]){"", "a:b:c", NULL});
}

static void words_have_names(void **state) {
    (void)state;
    assert_string_equal(settings_scope_name(SCOPE_TENANT), "tenant");
    assert_string_equal(settings_scope_name(SCOPE_AGENT), "agent");
    assert_string_equal(settings_auth_name(AUTH_KEY), "key");
    assert_string_equal(settings_auth_name(AUTH_PASSTHROUGH), "passthrough");
    assert_string_equal(settings_auth_name(AUTH_NONE), "none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_is_known_by_its_key),
        cmocka_unit_test(an_open_gateway_has_one_agent_for_everybody),
        cmocka_unit_test(by_default_the_addresses_and_localhost_are_ours),
        cmocka_unit_test(given_hosts_are_the_only_ones),
        cmocka_unit_test(words_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
