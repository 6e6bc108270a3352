/* The state table is private to exchange.c: this program is built around that file, and its worker thread is a function
 * call. */
#include "gateway/net/loop.h"

static enum outcome offload_at_once(struct net_loop *loop, struct net_work *work);

#define net_loop_offload offload_at_once
#include "gateway/exchange/exchange.c" /* NOLINT(bugprone-suspicious-include) */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static enum outcome offload_outcome;

/* A worker thread that is done before the loop's goes on. */
static enum outcome offload_at_once(struct net_loop *loop, struct net_work *work) {
    (void)loop;
    if (offload_outcome == OUTCOME_OK) work->run(work);
    return offload_outcome;
}

static bool may(enum exchange_state from, enum exchange_state to) {
    return states[from].may_follow & 1u << to;
}

/* The bits of all states that can be reached from `state`, itself included, without passing through `without`. */
static uint32_t reachable(enum exchange_state state, uint32_t without) {
    uint32_t found = 1u << state;
    for (uint32_t before = 0; before != found;) {
        before = found;
        for (uint32_t i = 0; i < EXCHANGE_STATE_COUNT; i++)
            if (found & 1u << i) found |= states[i].may_follow & ~without;
    }
    return found;
}

static void every_state_is_filled_in(void **state) {
    (void)state;
    for (uint32_t i = 0; i < EXCHANGE_STATE_COUNT; i++) {
        assert_non_null(states[i].name);
        assert_non_null(states[i].run);
        assert_true(states[i].next < EXCHANGE_STATE_COUNT);
        assert_int_equal(states[i].run == run_judge, states[i].judge != NULL);
        assert_int_equal(states[i].may_follow >> EXCHANGE_STATE_COUNT, 0);
        assert_false(may((enum exchange_state)i, (enum exchange_state)i));
        for (uint32_t k = 0; k < i; k++) assert_string_not_equal(states[i].name, states[k].name);
    }
}

static void success_leads_to_a_state_that_may_follow(void **state) {
    (void)state;
    for (uint32_t i = 0; i < EXCHANGE_DONE; i++) assert_true(may((enum exchange_state)i, states[i].next));
}

static void every_state_is_reached_and_comes_to_its_end(void **state) {
    (void)state;
    assert_int_equal(reachable(EXCHANGE_READING, 0), (1u << EXCHANGE_STATE_COUNT) - 1);
    for (uint32_t i = 0; i < EXCHANGE_STATE_COUNT; i++)
        assert_true(reachable((enum exchange_state)i, 0) & 1u << EXCHANGE_DONE);
    assert_int_equal(states[EXCHANGE_DONE].may_follow, 0);
}

/* An agent may go away at any moment, and until an answer has begun every state can refuse. */
static void every_state_can_be_left(void **state) {
    (void)state;
    for (uint32_t i = 0; i < EXCHANGE_DONE; i++) assert_true(may((enum exchange_state)i, EXCHANGE_DONE));
    for (uint32_t i = 0; i < EXCHANGE_ANSWERING; i++) assert_true(may((enum exchange_state)i, EXCHANGE_REFUSING));
    assert_false(may(EXCHANGE_ANSWERING, EXCHANGE_REFUSING));
    assert_int_equal(states[EXCHANGE_REFUSING].may_follow, 1u << EXCHANGE_DONE);
}

/* No way to the upstream leads around any of the steps. */
static void nothing_is_sent_without_every_step(void **state) {
    (void)state;
    static const enum exchange_state steps[] = {EXCHANGE_SPAN, EXCHANGE_SCAN, EXCHANGE_DECIDE, EXCHANGE_RECORD,
                                                EXCHANGE_CLEAR};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_false(reachable(EXCHANGE_READING, 1u << steps[i]) & 1u << EXCHANGE_SENDING);
    assert_false(reachable(EXCHANGE_READING, 1u << EXCHANGE_SENDING) & 1u << EXCHANGE_ANSWERING);
    for (uint32_t i = 0; i < EXCHANGE_STATE_COUNT; i++) {
        assert_int_equal(may((enum exchange_state)i, EXCHANGE_SENDING), i == EXCHANGE_CLEAR);
        assert_int_equal(may((enum exchange_state)i, EXCHANGE_CLEAR), i == EXCHANGE_RECORD);
        assert_int_equal(may((enum exchange_state)i, EXCHANGE_RECORD), i == EXCHANGE_RECHECK || i == EXCHANGE_DECIDE);
    }
}

/* What is not allowed goes from DECIDE straight to its record; what is allowed never does. */
static void only_what_is_refused_skips_the_recheck(void **state) {
    (void)state;
    struct exchange exchange = {.state = EXCHANGE_DECIDE};
    static const enum verdict_state verdicts[] = {VERDICT_UNDECIDED, VERDICT_BLOCK};
    for (size_t i = 0; i < 2; i++) {
        exchange.in.verdict.state = verdicts[i];
        assert_int_equal(after_success(&exchange), EXCHANGE_RECORD);
    }
    exchange.in.verdict.state = VERDICT_ALLOW;
    assert_int_equal(after_success(&exchange), EXCHANGE_SELECT);
}

/* What a judge on a worker thread says stands, however early it comes. */
static void a_judge_is_heard_whenever_it_speaks(void **state) {
    (void)state;
    const struct settings settings = {.limits = {.scan_offload_bytes = 0}};
    const struct service service = {.settings = &settings};
    struct worker worker = {.service = &service};
    struct exchange exchange = {.worker = &worker, .state = EXCHANGE_SPAN, .coding = CONTENT_CODING_IDENTITY};
    arena_init(&exchange.arena, 1u << 20);
    buffer_init(&exchange.body, 0);
    buffer_append_str(&exchange.body, "no JSON");
    inbound_init(&exchange.in, &exchange.arena, &exchange.rules, &api_openai_chat, buffer_slice(&exchange.body));
    offload_outcome = OUTCOME_OK;
    assert_int_equal(run_judge(&exchange), STEP_WAITS);
    assert_int_equal(exchange.outcome, OUTCOME_INVALID);
    assert_int_equal(exchange.held, 1);
    exchange.held = 0;
    offload_outcome = OUTCOME_NO_MEMORY;
    assert_int_equal(run_judge(&exchange), STEP_FINISHED);
    assert_int_equal(exchange.outcome, OUTCOME_NO_MEMORY);
    assert_int_equal(exchange.held, 0);
    buffer_deinit(&exchange.body);
    arena_reset(&exchange.arena);
}

static void an_illegal_move_aborts(void **state) {
    (void)state;
    for (uint32_t from = 0; from < EXCHANGE_STATE_COUNT; from += 3) {
        for (uint32_t to = 0; to < EXCHANGE_STATE_COUNT; to += 2) {
            if (may((enum exchange_state)from, (enum exchange_state)to)) continue;
            const pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                const struct rlimit none = {0, 0};
                (void)setrlimit(RLIMIT_CORE, &none);
                (void)signal(SIGABRT, SIG_DFL);
                (void)close(STDERR_FILENO);
                struct exchange exchange = {.state = (enum exchange_state)from};
                exchange_move(&exchange, (enum exchange_state)to);
                _exit(0);
            }
            int status = 0;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_is_filled_in),
        cmocka_unit_test(success_leads_to_a_state_that_may_follow),
        cmocka_unit_test(every_state_is_reached_and_comes_to_its_end),
        cmocka_unit_test(every_state_can_be_left),
        cmocka_unit_test(nothing_is_sent_without_every_step),
        cmocka_unit_test(only_what_is_refused_skips_the_recheck),
        cmocka_unit_test(a_judge_is_heard_whenever_it_speaks),
        cmocka_unit_test(an_illegal_move_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
