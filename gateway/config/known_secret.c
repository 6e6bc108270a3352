#include "gateway/config/known_secret.h"

#include "base/arena.h"
#include "route/verdict.h"

#define ARENA_BYTES (4u << 20)

/* Made up for this purpose: a form that every rule set must know, with bytes that are nobody's key. */
static const char known_secret[] = "please check this file:\n"
                                   "-----BEGIN PRIVATE KEY-----\n"
                                   "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBALqZ7fTwXb3mKcVu\n"
                                   "0pYd9sQh5RjEv2xLGa8nWiTkC4zMoB1yUrHf6eDtSgJXN3wPqKbA7mFvZ5cYuIl9\n"
                                   "-----END PRIVATE KEY-----\n";

static const struct rule_info *rule_of(const void *detector, uint16_t rule) {
    return detector_rule(detector, rule);
}

static enum outcome judge(const struct detector *detector, const struct policy *policy, struct arena *arena,
                          struct verdict *verdict_out) {
    static const char *const no_apis[] = {NULL};
    struct scan_text text;
    struct verdict_input input = {
        .policy = policy,
        .rule = rule_of,
        .rule_owner = detector,
        .rule_count = detector_rule_count(detector),
        .agent = "",
        .apis = no_apis,
    };
    scan_text_init(&text, arena, sizeof known_secret);
    scan_text_add_run(&text, slice_of(known_secret, sizeof known_secret - 1), 0, 0);
    if (!scan_text_ok(&text)) return OUTCOME_NO_MEMORY;
    const enum outcome outcome = detector_scan(detector, &text, arena, &input.findings);
    return outcome == OUTCOME_OK ? verdict_decide(&input, verdict_out) : outcome;
}

enum outcome known_secret_blocks(const struct detector *detector, const struct policy *policy, struct detail *detail) {
    struct arena arena;
    struct verdict verdict = {0};
    arena_init(&arena, ARENA_BYTES);
    enum outcome outcome = judge(detector, policy, &arena, &verdict);
    arena_reset(&arena);
    if (outcome != OUTCOME_OK)
        return detail_set(detail, outcome, "trying the rules on a private key: %s", outcome_text(outcome));
    if (verdict.state == VERDICT_BLOCK) return OUTCOME_OK;
    return detail_set(detail, OUTCOME_INVALID,
                      "with these rules and thresholds a private key would not be blocked; see policy and rules");
}
