#include "gateway/exchange/exchange_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/require.h"
#include "gateway/exchange/admission.h"

#define CODING_RATIO_MAX 20 /* a body may be that many times larger than what arrived */
#define MINT_ROUNDS_MAX 16  /* each lost race for a token costs one; losing more than a few is no accident */

/* What a state's function answers: go on with the outcome, or wait to be entered again. */
enum step { STEP_FINISHED, STEP_WAITS };

struct state {
    const char *name;
    enum step (*run)(struct exchange *exchange);
    void (*judge)(struct net_work *work); /* pure steps: may run on a worker thread instead */
    enum exchange_state next;             /* after OK */
    uint32_t may_follow;                  /* bits of states */
};

static const struct state states[EXCHANGE_STATE_COUNT];

static struct exchange *of_work(struct net_work *work) {
    return (struct exchange *)((char *)work - offsetof(struct exchange, work));
}

static struct exchange *of_post(struct net_post *post) {
    return (struct exchange *)((char *)post - offsetof(struct exchange, post));
}

void exchange_enter(struct exchange *exchange) {
    exchange->entered++;
}

static void exchange_destroy(struct exchange *exchange) {
    struct worker *worker = exchange->worker;
    outbound_end(exchange, false);
    return_deinit(exchange);
    buffer_deinit(&exchange->body);
    buffer_deinit(&exchange->decoded);
    arena_reset(&exchange->arena);
    free(exchange);
    worker_exchange_gone(worker);
}

void exchange_leave(struct exchange *exchange) {
    require(exchange->entered > 0);
    if (--exchange->entered == 0 && exchange->held == 0 && exchange->state == EXCHANGE_DONE) exchange_destroy(exchange);
}

void exchange_move(struct exchange *exchange, enum exchange_state state) {
    require(states[exchange->state].may_follow & 1u << state);
    exchange->state = state;
}

struct answer_marks exchange_marks(const struct exchange *exchange) {
    const bool sent = exchange->state == EXCHANGE_SENDING || exchange->state == EXCHANGE_ANSWERING;
    return (struct answer_marks){
        .request_id = slice_str(exchange->request_id),
        .tier = exchange->in.verdict.tier,
        .upstream = sent ? exchange->rules.upstreams[exchange->outbound.upstream].name : NULL,
        .tokens = exchange->in.minted_count,
    };
}

void exchange_refuse(struct exchange *exchange, struct api_error error) {
    exchange->error = error;
    exchange_move(exchange, EXCHANGE_REFUSING);
}

/* --- the steps that judge: pure, on this thread or on a worker's --- */

/* One layer of content coding comes off; what is scanned and sent is the decoded body. */
static enum outcome decode_body(struct exchange *exchange) {
    if (exchange->coding == CONTENT_CODING_IDENTITY) return OUTCOME_OK;
    const enum outcome outcome =
        content_decode(exchange->coding, buffer_slice(&exchange->body),
                       exchange->worker->service->settings->limits.body_bytes, CODING_RATIO_MAX, &exchange->decoded);
    exchange->in.body = buffer_slice(&exchange->decoded);
    if (outcome == OUTCOME_INVALID) exchange->in.json_error.reason = "it does not decode as its Content-Encoding says";
    return outcome;
}

static void judge_span(struct net_work *work) {
    struct exchange *exchange = of_work(work);
    exchange->outcome = decode_body(exchange);
    if (exchange->outcome == OUTCOME_OK) exchange->outcome = inbound_span(&exchange->in);
}

static void judge_scan(struct net_work *work) {
    struct exchange *exchange = of_work(work);
    exchange->outcome = inbound_scan(&exchange->in);
}

static void judge_decide(struct net_work *work) {
    struct exchange *exchange = of_work(work);
    exchange->outcome = inbound_decide(&exchange->in, clock_wall_ms());
}

static void judge_select(struct net_work *work) {
    struct exchange *exchange = of_work(work);
    exchange->outcome = inbound_select(&exchange->in);
}

static void judge_assemble(struct net_work *work) {
    struct exchange *exchange = of_work(work);
    exchange->outcome = inbound_assemble(&exchange->in);
}

static void judge_recheck(struct net_work *work) {
    struct exchange *exchange = of_work(work);
    exchange->outcome = inbound_recheck(&exchange->in, clock_wall_ms());
}

/* Where a state leads when its step has succeeded. */
static enum exchange_state after_success(const struct exchange *exchange) {
    const struct verdict *verdict = &exchange->in.verdict;
    if (exchange->state == EXCHANGE_DECIDE && verdict->state != VERDICT_ALLOW) return EXCHANGE_RECORD;
    return states[exchange->state].next;
}

/* Moves on from a state whose step has ended, one way or the other. */
static void step_ended(struct exchange *exchange) {
    if (exchange->outcome == OUTCOME_OK)
        exchange_move(exchange, after_success(exchange));
    else
        exchange_refuse(exchange, refusal_of_step(&exchange->in, exchange->outcome));
}

static void on_judged(struct net_work *work) {
    struct exchange *exchange = of_work(work);
    exchange_enter(exchange);
    exchange->held--;
    if (exchange->state != EXCHANGE_DONE) {
        step_ended(exchange);
        exchange_tick(exchange);
    }
    exchange_leave(exchange);
}

static enum step run_judge(struct exchange *exchange) {
    const struct state *state = &states[exchange->state];
    const bool large = exchange->body.len > exchange->worker->service->settings->limits.scan_offload_bytes ||
                       exchange->coding != CONTENT_CODING_IDENTITY;
    if (large) {
        exchange->work = (struct net_work){.run = state->judge, .on_done = on_judged};
        /* From here on the outcome is the other thread's, until on_judged. */
        const enum outcome offloaded = net_loop_offload(exchange->worker->loop, &exchange->work);
        if (offloaded != OUTCOME_OK) {
            exchange->outcome = offloaded;
            return STEP_FINISHED;
        }
        exchange->held++;
        return STEP_WAITS;
    }
    state->judge(&exchange->work);
    return STEP_FINISHED;
}

/* --- the steps that wait for the disk --- */

/* The last write that comes back, on the vault's or the audit log's thread, wakes the loop. */
static void write_came_back(struct exchange *exchange) {
    if (atomic_fetch_sub(&exchange->writes_left, 1) == 1) net_loop_post(exchange->worker->loop, &exchange->post);
}

static void on_vault_write(struct batch_item *item) {
    write_came_back(((struct minted_write *)item)->owner);
}

static void on_minted(struct net_post *post) {
    struct exchange *exchange = of_post(post);
    exchange_enter(exchange);
    exchange->held--;
    for (uint32_t i = 0; i < exchange->in.minted_count && exchange->outcome == OUTCOME_AGAIN; i++) {
        const struct minted *minted = &exchange->in.minted[i];
        if (minted->durable) continue;
        const enum outcome written = minted->pending->write.item.outcome;
        if (written != OUTCOME_OK && written != OUTCOME_CONFLICT) exchange->outcome = written;
    }
    if (exchange->state != EXCHANGE_DONE) {
        if (exchange->outcome != OUTCOME_AGAIN) step_ended(exchange);
        exchange_tick(exchange);
    }
    exchange_leave(exchange);
}

static void submit_writes(struct exchange *exchange) {
    struct vault *vault = exchange->worker->service->vault;
    uint32_t count = 0;
    for (uint32_t i = 0; i < exchange->in.minted_count; i++) count += !exchange->in.minted[i].durable;
    exchange->post.on_post = on_minted;
    exchange->held++;
    atomic_store(&exchange->writes_left, count);
    for (uint32_t i = 0; i < exchange->in.minted_count; i++) {
        struct minted *minted = &exchange->in.minted[i];
        if (minted->durable) continue;
        minted->pending->write.item.on_done = on_vault_write;
        minted->pending->owner = exchange;
        vault_write_submit(vault, &minted->pending->write);
    }
}

static enum step run_mint(struct exchange *exchange) {
    const struct vault_scope *scope = service_scope_of(exchange->worker->service, exchange->agent);
    exchange->outcome = inbound_mint(&exchange->in, exchange->worker->reader, scope);
    if (exchange->outcome != OUTCOME_AGAIN) return STEP_FINISHED;
    if (++exchange->mint_rounds > MINT_ROUNDS_MAX) {
        exchange->outcome = OUTCOME_CONFLICT;
        return STEP_FINISHED;
    }
    submit_writes(exchange);
    return STEP_WAITS;
}

static void on_audit_written(struct batch_item *item) {
    struct audit_entry *entry = (struct audit_entry *)item;
    write_came_back((struct exchange *)((char *)entry - offsetof(struct exchange, audit)));
}

/* A request that may not go anywhere is recorded too, and then refused. */
static void after_record(struct exchange *exchange) {
    const struct verdict *verdict = &exchange->in.verdict;
    if (verdict->state != VERDICT_ALLOW) {
        exchange_refuse(exchange, refusal_of_verdict(&exchange->in));
    } else if (exchange->outcome != OUTCOME_OK) {
        exchange_refuse(exchange,
                        (struct api_error){503, "sluice_audit_unavailable",
                                           "the audit log cannot be written, so nothing was sent", NULL, NULL, false});
    } else {
        exchange_move(exchange, EXCHANGE_CLEAR);
    }
}

static void on_recorded(struct net_post *post) {
    struct exchange *exchange = of_post(post);
    exchange_enter(exchange);
    exchange->held--;
    if (exchange->state != EXCHANGE_DONE) {
        exchange->outcome = exchange->audit.item.outcome;
        after_record(exchange);
        exchange_tick(exchange);
    }
    exchange_leave(exchange);
}

static struct slice write_record(struct exchange *exchange) {
    struct buffer line;
    buffer_init(&line, 0);
    const struct audit_record record = {
        .request_id = slice_str(exchange->request_id),
        .wall_ms = clock_wall_ms(),
        .agent = exchange->agent->name,
        .tenant = exchange->agent->tenant,
        .method = api_method_name(exchange->call.route->method),
        .path = exchange->call.route->path,
        .verdict = &exchange->in.verdict,
        .detector = exchange->rules.detector,
        .findings = exchange->in.findings,
        .overrides = exchange->rules.overrides,
        .upstreams = exchange->rules.upstreams,
        .tokens = exchange->in.minted_count,
        .body_bytes = exchange->body.len,
        .outgoing_bytes = exchange->in.outgoing.len,
    };
    audit_record_write(&record, &line);
    const struct slice copy = line.failed ? slice_of(NULL, 0) : arena_copy(&exchange->arena, buffer_slice(&line));
    buffer_deinit(&line);
    return copy;
}

static enum step run_record(struct exchange *exchange) {
    exchange->audit = (struct audit_entry){.record = write_record(exchange)};
    if (exchange->audit.record.data == NULL) {
        exchange->outcome = OUTCOME_OVERFLOW;
        after_record(exchange);
        return STEP_WAITS;
    }
    exchange->audit.item.on_done = on_audit_written;
    exchange->post.on_post = on_recorded;
    exchange->held++;
    atomic_store(&exchange->writes_left, 1);
    audit_chain_submit(exchange->worker->service->audit, &exchange->audit);
    return STEP_WAITS;
}

/* --- the rest of the way --- */

static enum step run_clear(struct exchange *exchange) {
    const struct service *service = exchange->worker->service;
    exchange->outcome = cleared_body_create(&exchange->in, &exchange->audit, &exchange->cleared);
    if (exchange->outcome == OUTCOME_OK)
        exchange->outcome =
            issued_init(&exchange->issued, &exchange->in, exchange->worker->reader,
                        service_scope_of(service, exchange->agent), service->labels, service->label_count);
    return STEP_FINISHED;
}

static enum step run_sending(struct exchange *exchange) {
    outbound_start(exchange);
    return STEP_WAITS;
}

static enum step run_refusing(struct exchange *exchange) {
    const struct answer_marks marks = exchange_marks(exchange);
    struct buffer out;
    buffer_init(&out, 0);
    refusal_write(&out, &marks, exchange->api, &exchange->error,
                  (struct refusal_connection){exchange->keep_alive, exchange->client_minor_version});
    struct client *client = exchange->client;
    exchange->client = NULL;
    exchange_move(exchange, EXCHANGE_DONE);
    if (client && !out.failed && client_send(client, buffer_slice(&out)))
        client_answered(client, exchange->keep_alive);
    else if (client)
        client_abort(client);
    buffer_deinit(&out);
    return STEP_WAITS;
}

static enum step run_nothing(struct exchange *exchange) {
    (void)exchange;
    return STEP_WAITS;
}

#define BIT(name) (1u << EXCHANGE_##name)
#define ENDS (BIT(REFUSING) | BIT(DONE))
static const struct state states[EXCHANGE_STATE_COUNT] = {
    [EXCHANGE_READING] = {"reading", run_nothing, NULL, EXCHANGE_SPAN, BIT(SPAN) | ENDS},
    [EXCHANGE_SPAN] = {"span", run_judge, judge_span, EXCHANGE_SCAN, BIT(SCAN) | ENDS},
    [EXCHANGE_SCAN] = {"scan", run_judge, judge_scan, EXCHANGE_DECIDE, BIT(DECIDE) | ENDS},
    [EXCHANGE_DECIDE] = {"decide", run_judge, judge_decide, EXCHANGE_SELECT, BIT(SELECT) | BIT(RECORD) | ENDS},
    [EXCHANGE_SELECT] = {"select", run_judge, judge_select, EXCHANGE_MINT, BIT(MINT) | ENDS},
    [EXCHANGE_MINT] = {"mint", run_mint, NULL, EXCHANGE_ASSEMBLE, BIT(ASSEMBLE) | ENDS},
    [EXCHANGE_ASSEMBLE] = {"assemble", run_judge, judge_assemble, EXCHANGE_RECHECK, BIT(RECHECK) | ENDS},
    [EXCHANGE_RECHECK] = {"recheck", run_judge, judge_recheck, EXCHANGE_RECORD, BIT(RECORD) | ENDS},
    [EXCHANGE_RECORD] = {"record", run_record, NULL, EXCHANGE_CLEAR, BIT(CLEAR) | ENDS},
    [EXCHANGE_CLEAR] = {"clear", run_clear, NULL, EXCHANGE_SENDING, BIT(SENDING) | ENDS},
    [EXCHANGE_SENDING] = {"sending", run_sending, NULL, EXCHANGE_ANSWERING, BIT(ANSWERING) | ENDS},
    [EXCHANGE_ANSWERING] = {"answering", run_nothing, NULL, EXCHANGE_DONE, BIT(DONE)},
    [EXCHANGE_REFUSING] = {"refusing", run_refusing, NULL, EXCHANGE_DONE, BIT(DONE)},
    [EXCHANGE_DONE] = {"done", run_nothing, NULL, EXCHANGE_DONE, 0},
};

void exchange_tick(struct exchange *exchange) {
    for (;;) {
        const enum exchange_state before = exchange->state;
        if (states[before].run(exchange) == STEP_FINISHED) step_ended(exchange);
        if (exchange->state == before) return; /* it waits */
    }
}

enum outcome exchange_create(struct worker *worker, struct client *client, const struct http_head *head, bool admin,
                             struct exchange **exchange_out) {
    const struct settings *settings = worker->service->settings;
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) return OUTCOME_NO_MEMORY;
    exchange->worker = worker;
    worker->exchange_count++;
    exchange->client = client;
    arena_init(&exchange->arena, settings->limits.exchange_memory_bytes);
    buffer_init(&exchange->body, settings->limits.body_bytes);
    buffer_init(&exchange->decoded, settings->limits.body_bytes);
    buffer_init(&exchange->answer.document, settings->limits.body_bytes);
    snprintf(exchange->request_id, sizeof exchange->request_id, "req_%016llx%08llx",
             (unsigned long long)worker->request_seed, (unsigned long long)++worker->request_count);
    exchange->api = api_default();
    exchange->coding = CONTENT_CODING_IDENTITY;
    exchange->rules = worker->service->rules;
    exchange->client_minor_version = head->minor_version;
    exchange->keep_alive = head->keep_alive && !worker->draining;
    const struct api_error refused = admission_judge(exchange, head, admin);
    if (refused.status) {
        exchange->keep_alive = false; /* the body, if any, was not read */
        exchange_refuse(exchange, refused);
    } else if (head->content_length) {
        (void)buffer_reserve(&exchange->body, (size_t)head->content_length);
    }
    *exchange_out = exchange;
    return OUTCOME_OK;
}

bool exchange_wants_body(const struct exchange *exchange) {
    return exchange->state == EXCHANGE_READING;
}

void exchange_body(struct exchange *exchange, struct slice bytes) {
    buffer_append(&exchange->body, bytes);
}

/* What goes on from the head is scanned like the body. */
static void carry(struct exchange *exchange) {
    struct inbound *in = &exchange->in;
    for (uint32_t i = 0; i < exchange->call.word_count && in->carried_count < API_PASSED_MAX; i++)
        in->carried[in->carried_count++] = exchange->call.words[i];
    for (uint32_t i = 0; i < exchange->passed_count && in->carried_count < API_PASSED_MAX; i++)
        in->carried[in->carried_count++] = exchange->passed[i].value;
}

void exchange_begin(struct exchange *exchange) {
    exchange_enter(exchange);
    if (exchange->state == EXCHANGE_READING) {
        if (exchange->body.failed) {
            exchange_refuse(exchange, refusal_too_large);
        } else {
            const bool has_body = exchange->call.route->kind != ROUTE_LISTING;
            inbound_init(&exchange->in, &exchange->arena, &exchange->rules, exchange->api,
                         buffer_slice(&exchange->body));
            exchange->in.families = api_families_for(exchange->call.route);
            exchange->in.no_body = !has_body;
            exchange->in.embedding = exchange->call.route->kind == ROUTE_EMBEDDING;
            carry(exchange);
            exchange_move(exchange, EXCHANGE_SPAN);
        }
    }
    exchange_tick(exchange);
    exchange_leave(exchange);
}

void exchange_cancel(struct exchange *exchange) {
    exchange_enter(exchange);
    exchange->client = NULL;
    outbound_end(exchange, false);
    if (exchange->state != EXCHANGE_DONE) exchange_move(exchange, EXCHANGE_DONE);
    exchange_leave(exchange);
}

void exchange_drained(struct exchange *exchange) {
    exchange_enter(exchange);
    outbound_resume(exchange);
    exchange_leave(exchange);
}

void exchange_timeout(struct exchange *exchange) {
    static const struct api_error slow = {
        504, "sluice_upstream_timeout", "the upstream did not answer in time", NULL, NULL, false};
    exchange_enter(exchange);
    if (exchange->state == EXCHANGE_SENDING) {
        breaker_failure(&exchange->worker->breakers[exchange->outbound.upstream], clock_monotonic_ns() / 1000000);
        outbound_end(exchange, false);
        exchange_refuse(exchange, slow);
        exchange_tick(exchange);
    } else if (exchange->state == EXCHANGE_ANSWERING) {
        return_broken(exchange, &slow);
    }
    exchange_leave(exchange);
}
