#include "gateway/config/snapshot.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/failing_alloc.h"
#include "tests/unit/gateway/config/loaded.h"

#define RULES_PATH "/tmp/sluice-rules-XXXXXX"

static struct snapshot *snapshot_of(const char *text) {
    struct settings *settings = loaded(text);
    struct snapshot *snapshot = NULL;
    struct detail detail = {""};
    if (snapshot_create(&settings, &snapshot, &detail) != OUTCOME_OK) fail_msg("%s", detail.text);
    assert_null(settings);
    return snapshot;
}

static void snapshot_refused(const char *text, enum outcome outcome, const char *message) {
    struct settings *settings = loaded(text);
    struct snapshot *snapshot = NULL;
    struct detail detail = {""};
    assert_int_equal(snapshot_create(&settings, &snapshot, &detail), outcome);
    assert_null(settings);
    assert_null(snapshot);
    assert_string_equal(detail.text, message);
}

static void settings_are_compiled(void **state) {
    (void)state;
    struct snapshot *snapshot =
        snapshot_of("policy: {threshold: 0.25, binary: block, references: local, kinds: {email: {tier: HIGH}}}\n"
                    "upstreams:\n"
                    "  - {name: a, class: metered, api: openai, url: \"http://h\"}\n"
                    "  - {name: b, class: local, api: anthropic, url: \"http://h\", models: {x: y}}\n");
    const struct policy *policy = &snapshot->policy;
    assert_string_equal(policy->name, "balanced");
    assert_int_equal(policy->pack_count, 4);
    assert_true(policy->threshold == 0.25f);
    assert_int_equal(policy->binary, POLICY_BLOCK);
    assert_int_equal(policy->references, POLICY_LOCAL);
    assert_int_equal(policy_kind_find(policy, "email")->tier, TIER_HIGH);
    assert_int_equal(snapshot->upstream_count, 2);
    assert_string_equal(snapshot->upstreams[0].name, "a");
    assert_int_equal(snapshot->upstreams[0].class_, CLASS_METERED);
    assert_string_equal(snapshot->upstreams[1].api, "anthropic");
    assert_string_equal(snapshot->upstreams[1].models[0].to, "y");
    assert_true(detector_rule_count(snapshot->detector) > 0);
    snapshot_unref(&snapshot);
}

static void *take_and_give(void *argument) {
    for (unsigned i = 0; i < 10000; i++) {
        struct snapshot *mine = snapshot_ref(argument);
        snapshot_unref(&mine);
    }
    return NULL;
}

static void each_has_its_generation_and_goes_with_its_last_reference(void **state) {
    (void)state;
    struct snapshot *first = snapshot_of(LEAST), *second = snapshot_of(LEAST "policy: strict\n");
    assert_int_equal(second->generation, first->generation + 1);
    assert_int_equal(second->policy.pack_count, 5);
    assert_true(second->policy.threshold == 0);
    struct snapshot *kept = snapshot_ref(first);
    assert_ptr_equal(kept, first);
    snapshot_unref(&first);
    assert_null(first);
    assert_int_equal(kept->upstream_count, 1);

    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, kept), 0);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&kept->references), 1);
    snapshot_unref(&kept);
    snapshot_unref(&kept);
    snapshot_unref(&second);
}

/* A file with `text`, named in `path`, and settings that ask for it. */
static void write_rules(char *path, const char *text, char *yaml, size_t size) {
    memcpy(path, RULES_PATH, sizeof RULES_PATH);
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    snprintf(yaml, size, "%srules: %s\npolicy: {kinds: {code_name: {tier: HIGH}}}\n", LEAST, path);
}

static void rule_files_come_on_top(void **state) {
    (void)state;
    char path[64], yaml[512], message[160];
    write_rules(path,
                "kinds: [{name: code_name, label: CODENAME}]\n"
                "rules:\n"
                "  - id: code_name\n"
                "    kind: code_name\n"
                "    tier: MEDIUM\n"
                "    pattern: '\\bPROJECT-[A-Z]{4}\\b'\n"
                "    confidence: 0.9\n"
                "    examples: ['see PROJECT-ABCD', 'PROJECT-WXYZ']\n"
                "    counterexamples: ['project', 'PROJECT-abcd']\n",
                yaml, sizeof yaml);
    struct snapshot *snapshot = snapshot_of(yaml);
    const uint32_t last = detector_rule_count(snapshot->detector) - 1;
    assert_string_equal(detector_rule(snapshot->detector, (uint16_t)last)->kind, "code_name");
    snapshot_unref(&snapshot);
    unlink(path);
    snprintf(message, sizeof message, "rules: %s: No such file or directory", path);
    snapshot_refused(yaml, OUTCOME_NOT_FOUND, message);
}

static void a_broken_rule_file_is_named(void **state) {
    (void)state;
    char path[64], yaml[512];
    write_rules(path, "rules: [{id: x}]\n", yaml, sizeof yaml);
    struct settings *settings = loaded(yaml);
    struct snapshot *snapshot = NULL;
    struct detail detail = {""};
    assert_int_equal(snapshot_create(&settings, &snapshot, &detail), OUTCOME_INVALID);
    assert_non_null(strstr(detail.text, path));
    assert_null(snapshot);
    unlink(path);
}

/* Compiling the packs takes long, and has tests of its own: this fails each allocation before it, and a few within. */
static void failed_allocations_are_survived(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth = nth < 8 ? nth + 1 : nth * 2) {
        struct settings *settings = loaded(LEAST);
        struct snapshot *snapshot = NULL;
        struct detail detail = {""};
        failing_alloc_arm(nth);
        const enum outcome outcome = snapshot_create(&settings, &snapshot, &detail);
        const bool failed = failing_alloc_disarm();
        assert_null(settings);
        if (!failed) {
            assert_int_equal(outcome, OUTCOME_OK);
            snapshot_unref(&snapshot);
            break;
        }
        assert_int_not_equal(outcome, OUTCOME_OK);
        assert_null(snapshot);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_compiled),
        cmocka_unit_test(each_has_its_generation_and_goes_with_its_last_reference),
        cmocka_unit_test(rule_files_come_on_top),
        cmocka_unit_test(a_broken_rule_file_is_named),
        cmocka_unit_test(failed_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
