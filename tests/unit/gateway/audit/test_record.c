#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "gateway/audit/record.h"
#include "gateway/body/json_walk.h"
#include "unit/failing_alloc.h"

static const char pack_yaml[] = "kinds:\n"
                                "  - {name: email, label: EMAIL}\n"
                                "  - {name: card, label: CARD}\n"
                                "rules:\n"
                                "  - id: test_email\n"
                                "    kind: email\n"
                                "    tier: MEDIUM\n"
                                "    pattern: '\\b[a-z]{1,20}@[a-z]{1,20}\\b'\n"
                                "    confidence: 0.9\n"
                                "    examples: ['bob@example', 'a@b']\n"
                                "    counterexamples: ['bob', '@']\n"
                                "  - id: test_other_email\n"
                                "    kind: email\n"
                                "    tier: MEDIUM\n"
                                "    pattern: 'MAIL'\n"
                                "    confidence: 0.9\n"
                                "    examples: ['MAIL', 'xMAILx']\n"
                                "    counterexamples: ['mail', 'MAI']\n"
                                "  - id: test_card\n"
                                "    kind: card\n"
                                "    tier: HIGH\n"
                                "    pattern: '4\\d{15}'\n"
                                "    confidence: 0.9\n"
                                "    examples: ['4111111111111111', 'x4111111111111111']\n"
                                "    counterexamples: ['4', '411111']\n";

static struct detector *detector;

static uint16_t rule_named(const char *id) {
    for (uint32_t i = 0; i < detector_rule_count(detector); i++)
        if (strcmp(detector_rule(detector, (uint16_t)i)->id, id) == 0) return (uint16_t)i;
    fail();
    return 0;
}

/* One record and what it is written as; `text` is NUL-terminated, with the closing brace. */
struct written {
    struct finding findings[8];
    struct verdict verdict;
    struct audit_record record;
    struct buffer text;
};

static const struct override overrides[] = {
    {"agent", "email", TIER_LOW, 1700000000000, "ticket \"17\"\n"},
    {"agent", "card", TIER_MEDIUM, 5, "because"},
};

static const struct route_upstream upstreams[] = {
    {.name = "near", .class_ = CLASS_LOCAL, .api = "openai"},
    {.name = "far", .class_ = CLASS_METERED, .api = "openai"},
};

static void write_record(struct written *written) {
    struct audit_record *record = &written->record;
    *record = (struct audit_record){
        .request_id = SLICE("req_1"),
        .wall_ms = 1700000000123,
        .agent = "ag\"ent",
        .tenant = "ten\\ant",
        .method = "POST",
        .path = "/v1/chat/completions",
        .verdict = &written->verdict,
        .detector = detector,
        .findings = {written->findings, record->findings.count},
        .overrides = overrides,
        .upstreams = upstreams,
        .tokens = 2,
        .body_bytes = 100,
        .outgoing_bytes = 120,
    };
    buffer_init(&written->text, 0);
    audit_record_write(record, &written->text);
    buffer_append_str(&written->text, "}");
    assert_false(written->text.failed);
    struct arena arena;
    struct json_doc doc;
    arena_init(&arena, 1u << 20);
    assert_int_equal(json_walk(buffer_slice(&written->text), NULL, &arena, &doc, NULL), OUTCOME_OK);
    assert_true(json_is(&doc, 0, JSON_OBJECT));
    arena_reset(&arena);
    buffer_append_char(&written->text, '\0');
}

static void an_allowed_request_reads_so(void **state) {
    (void)state;
    struct written written = {.verdict = {.state = VERDICT_ALLOW, .tier = TIER_MEDIUM}};
    written.findings[0] = (struct finding){0, 5, rule_named("test_email"), 0.9f};
    written.findings[1] = (struct finding){6, 9, rule_named("test_card"), 0.9f};
    written.findings[2] = (struct finding){10, 12, rule_named("test_other_email"), 0.9f};
    written.record.findings.count = 3;
    written.verdict.reasons[0] = rule_named("test_email");
    written.verdict.reason_count = 1;
    written.verdict.candidates[0] = 1;
    written.verdict.candidates[1] = 0;
    written.verdict.candidate_count = 2;
    write_record(&written);
    assert_string_equal(
        written.text.data,
        "{\"request\":\"req_1\",\"time_ms\":1700000000123,\"agent\":\"ag\\\"ent\",\"tenant\":\"ten\\\\ant\","
        "\"route\":\"POST /v1/chat/completions\",\"verdict\":\"allow\",\"tier\":\"MEDIUM\",\"rules\":[\"test_email\"],"
        "\"findings\":3,\"kinds\":{\"email\":2,\"card\":1},\"candidates\":[\"far\",\"near\"],"
        "\"tokens\":2,\"body_bytes\":100,\"outgoing_bytes\":120}");
    buffer_deinit(&written.text);
}

static void a_blocked_request_reads_so(void **state) {
    (void)state;
    struct written written = {.verdict = {.state = VERDICT_BLOCK, .tier = TIER_BLOCKED}};
    write_record(&written);
    assert_non_null(strstr(written.text.data, "\"verdict\":\"block\",\"tier\":\"BLOCKED\",\"rules\":[],\"findings\":0,"
                                              "\"kinds\":{},\"candidates\":[],"));
    buffer_deinit(&written.text);
}

/* Undecided is no permission. */
static void an_undecided_request_is_written_as_blocked(void **state) {
    (void)state;
    struct written written = {.verdict = {.state = VERDICT_UNDECIDED}};
    write_record(&written);
    assert_non_null(strstr(written.text.data, "\"verdict\":\"block\""));
    buffer_deinit(&written.text);
}

static void every_use_of_an_override_is_written(void **state) {
    (void)state;
    struct written written = {.verdict = {.state = VERDICT_ALLOW, .tier = TIER_LOW, .overrides_used = 2}};
    written.verdict.override_ids[0] = 1;
    written.verdict.override_ids[1] = 0;
    write_record(&written);
    assert_non_null(
        strstr(written.text.data,
               "\"overrides\":[{\"kind\":\"card\",\"reason\":\"because\",\"to\":\"MEDIUM\",\"until_ms\":5},"
               "{\"kind\":\"email\",\"reason\":\"ticket \\\"17\\\"\\n\",\"to\":\"LOW\",\"until_ms\":1700000000000}],"));
    buffer_deinit(&written.text);
}

/* A request may have as many findings as a scan allows; the loop that writes their counts serves others too. */
static void many_findings_are_counted_in_one_pass(void **state) {
    (void)state;
    enum { COUNT = 65536 };
    static struct finding findings[COUNT];
    for (uint32_t i = 0; i < COUNT; i++)
        findings[i] = (struct finding){i, i + 1, rule_named(i < COUNT / 2 ? "test_card" : "test_email"), 0.9f};
    const struct verdict verdict = {.state = VERDICT_BLOCK, .tier = TIER_BLOCKED};
    const struct audit_record record = {.request_id = SLICE("r"),
                                        .agent = "a",
                                        .tenant = "t",
                                        .method = "POST",
                                        .path = "/",
                                        .verdict = &verdict,
                                        .detector = detector,
                                        .findings = {findings, COUNT}};
    struct buffer text;
    buffer_init(&text, 0);
    const uint64_t begin_ns = clock_monotonic_ns();
    audit_record_write(&record, &text);
    assert_true(clock_monotonic_ns() - begin_ns < 200000000u); /* a pass takes under a millisecond */
    assert_false(text.failed);
    buffer_append_char(&text, '\0');
    assert_non_null(strstr(text.data, "\"kinds\":{\"email\":32768,\"card\":32768}"));
    buffer_deinit(&text);
}

static void a_failed_allocation_fails_the_record(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct written written = {.verdict = {.state = VERDICT_ALLOW, .tier = TIER_LOW}};
        written.findings[0] = (struct finding){0, 5, rule_named("test_email"), 0.9f};
        const struct audit_record record = {.agent = "a",
                                            .tenant = "t",
                                            .method = "GET",
                                            .path = "/",
                                            .verdict = &written.verdict,
                                            .detector = detector,
                                            .findings = {written.findings, 1}};
        buffer_init(&written.text, 0);
        failing_alloc_arm(nth);
        audit_record_write(&record, &written.text);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(written.text.failed, failed);
        buffer_deinit(&written.text);
        if (!failed) break;
    }
}

static int make_detector(void **state) {
    (void)state;
    struct detail detail = {""};
    const struct pack_source pack = {"test", slice_of(pack_yaml, sizeof pack_yaml - 1)};
    if (detector_create(&pack, 1, &detector, &detail) == OUTCOME_OK) return 0;
    print_error("%s\n", detail.text);
    return -1;
}

static int drop_detector(void **state) {
    (void)state;
    detector_destroy(&detector);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allowed_request_reads_so),
        cmocka_unit_test(a_blocked_request_reads_so),
        cmocka_unit_test(an_undecided_request_is_written_as_blocked),
        cmocka_unit_test(every_use_of_an_override_is_written),
        cmocka_unit_test(many_findings_are_counted_in_one_pass),
        cmocka_unit_test(a_failed_allocation_fails_the_record),
    };
    return cmocka_run_group_tests(tests, make_detector, drop_detector);
}
