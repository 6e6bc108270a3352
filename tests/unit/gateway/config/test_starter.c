#include "gateway/config/starter.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/gateway/config/loaded.h"

#define CANARY "sk-canary-0123456789abcdef"

static void the_demo_runs_on_three_mocks(void **state) {
    (void)state;
    struct buffer yaml;
    buffer_init(&yaml, 0);
    settings_default_yaml(&yaml, (struct starter_ports){.local = 1001, .subscription = 1002, .metered = 65535});
    buffer_append_char(&yaml, '\0');
    assert_false(yaml.failed);
    struct settings *settings = loaded(yaml.data);
    static const uint16_t ports[] = {1001, 1002, 65535};
    static const enum upstream_class classes[] = {CLASS_LOCAL, CLASS_SUBSCRIPTION, CLASS_METERED};
    assert_true(settings->open);
    assert_int_equal(settings->upstream_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(settings->upstreams[i].class_, classes[i]);
        assert_int_equal(settings->upstreams[i].url.port, ports[i]);
        assert_string_equal(settings->upstreams[i].url.host, "127.0.0.1");
        assert_string_equal(settings->upstreams[i].url.base_path, "/v1");
    }
    settings_destroy(&settings);
    buffer_deinit(&yaml);
}

static void set(const char *name, const char *value) {
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void written_init(char *text, size_t size) {
    FILE *file = tmpfile();
    assert_non_null(file);
    settings_init_yaml(file);
    assert_false(ferror(file));
    rewind(file);
    const size_t len = fread(text, 1, size - 1, file);
    assert_true(len < size - 1);
    text[len] = '\0';
    fclose(file);
}

static void init_uses_what_the_environment_has(void **state) {
    (void)state;
    static const struct {
        const char *openai, *anthropic, *ollama;
        uint32_t count;
        const char *names[3];
    } table[] = {
        {NULL, NULL, NULL, 1, {"ollama"}},       {"", "", "", 1, {"ollama"}},
        {CANARY, NULL, NULL, 1, {"openai"}},     {NULL, CANARY, NULL, 1, {"anthropic"}},
        {NULL, NULL, "gpu:1234", 1, {"ollama"}}, {CANARY, CANARY, "gpu:1234", 3, {"ollama", "openai", "anthropic"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[8192];
        set("OPENAI_API_KEY", table[i].openai);
        set("ANTHROPIC_API_KEY", table[i].anthropic);
        set("OLLAMA_HOST", table[i].ollama);
        written_init(text, sizeof text);
        assert_null(strstr(text, "canary"));
        struct settings *settings = loaded(text);
        assert_int_equal(settings->upstream_count, table[i].count);
        for (uint32_t u = 0; u < table[i].count; u++)
            assert_string_equal(settings->upstreams[u].name, table[i].names[u]);
        settings_destroy(&settings);
    }
}

static void ollama_is_reached_where_its_clients_would(void **state) {
    (void)state;
    static const struct {
        const char *ollama;
        bool tls;
        const char *authority;
    } table[] = {
        {"gpu", false, "gpu:11434"},           {"gpu:1234", false, "gpu:1234"},
        {":1234", false, "127.0.0.1:1234"},    {"0.0.0.0", false, "127.0.0.1:11434"},
        {"0.0.0.0:99", false, "127.0.0.1:99"}, {"http://gpu:1234/", false, "gpu:1234"},
        {"http://gpu", false, "gpu"},          {"https://gpu.example", true, "gpu.example"},
        {"[::1]:77", false, "[::1]:77"},       {"[::1]", false, "[::1]:11434"},
        {"[::1", false, "127.0.0.1:11434"},    {"a\"b\n", false, "127.0.0.1:11434"},
        {"u:p@h", false, "127.0.0.1:11434"},   {"ftp://gpu:1", false, "gpu:1"},
    };
    set("OPENAI_API_KEY", NULL);
    set("ANTHROPIC_API_KEY", NULL);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[8192];
        set("OLLAMA_HOST", table[i].ollama);
        written_init(text, sizeof text);
        struct settings *settings = loaded(text);
        assert_string_equal(settings->upstreams[0].url.authority, table[i].authority);
        assert_int_equal(settings->upstreams[0].url.tls, table[i].tls);
        assert_string_equal(settings->upstreams[0].url.base_path, "/v1");
        settings_destroy(&settings);
    }
}

static void the_commented_file_in_deploy_loads(void **state) {
    (void)state;
    struct settings *settings = NULL;
    struct detail detail = {""};
    set("OPENAI_API_KEY", CANARY);
    if (settings_load_file(SLUICE_SOURCE_DIR "/deploy/sluice.yaml", loaded_apis, &settings, &detail) != OUTCOME_OK)
        fail_msg("%s", detail.text);
    assert_true(settings->upstream_count >= 1);
    settings_destroy(&settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_demo_runs_on_three_mocks),
        cmocka_unit_test(init_uses_what_the_environment_has),
        cmocka_unit_test(ollama_is_reached_where_its_clients_would),
        cmocka_unit_test(the_commented_file_in_deploy_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
