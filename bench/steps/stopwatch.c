#include "bench/steps/stopwatch.h"

#include <semaphore.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/require.h"
#include "gateway/body/json_text.h"
#include "gateway/config/snapshot.h"
#include "gateway/exchange/answer_document.h"
#include "gateway/exchange/inbound.h"
#include "gateway/exchange/issued.h"

enum timed { SPAN, SCAN, DECIDE, SELECT, MINT, ASSEMBLE, RECHECK, RESTORE, TOTAL, TIMED_COUNT };

static const char *const names[TIMED_COUNT] = {
    "span",    "scan",    "decide",   "tokenise: select", "tokenise: mint", "tokenise: assemble",
    "recheck", "restore", "all of it"};

struct bench {
    struct snapshot *snapshot;
    struct vault *vault;
    struct vault_reader *reader;
    struct vault_scope scope;
    struct inbound_rules rules;
    struct slice *labels;
    uint32_t label_count;
    uint64_t *ns[TIMED_COUNT]; /* one row a step, one entry a round */
    uint32_t tokens;
    size_t outgoing_bytes;
    enum tier tier;
};

static void on_written(struct batch_item *item) {
    require(sem_post(((struct minted_write *)item)->owner) == 0);
}

static void write_tokens(const struct bench *bench, struct inbound *in) {
    sem_t done;
    require(sem_init(&done, 0, 0) == 0);
    for (uint32_t i = 0; i < in->minted_count; i++) {
        if (in->minted[i].durable) continue;
        in->minted[i].pending->owner = &done;
        in->minted[i].pending->write.item.on_done = on_written;
        vault_write_submit(bench->vault, &in->minted[i].pending->write);
        while (sem_wait(&done) != 0) continue;
    }
    sem_destroy(&done);
}

static uint64_t lap(uint64_t *since) {
    const uint64_t now = clock_monotonic_ns();
    const uint64_t spent = now - *since;
    *since = now;
    return spent;
}

/* An answer that says back what was sent, so that every token in it is restored. */
static enum outcome restore(const struct bench *bench, const struct inbound *in) {
    struct issued issued;
    struct restore_counts counts = {0};
    struct buffer out;
    buffer_init(&out, 0);
    enum outcome outcome = issued_init(&issued, in, bench->reader, &bench->scope, bench->labels, bench->label_count);
    if (outcome == OUTCOME_OK)
        outcome = answer_document_restore(in->outgoing, in->api, &issued.source, in->minted_count > 0, in->arena, &out,
                                          &counts);
    buffer_deinit(&out);
    return outcome;
}

static enum outcome run_round(struct bench *bench, struct slice body, uint32_t round) {
    struct arena arena;
    arena_init(&arena, 1u << 30);
    struct inbound in;
    uint64_t at = clock_monotonic_ns();
    const uint64_t begin = at;
    inbound_init(&in, &arena, &bench->rules, api_default(), body);
    enum outcome outcome = inbound_span(&in);
    bench->ns[SPAN][round] = lap(&at);
    if (outcome == OUTCOME_OK) outcome = inbound_scan(&in);
    bench->ns[SCAN][round] = lap(&at);
    if (outcome == OUTCOME_OK) outcome = inbound_decide(&in, clock_wall_ms());
    bench->ns[DECIDE][round] = lap(&at);
    if (outcome == OUTCOME_OK) outcome = inbound_select(&in);
    bench->ns[SELECT][round] = lap(&at);
    if (outcome == OUTCOME_OK) outcome = inbound_mint(&in, bench->reader, &bench->scope);
    if (outcome == OUTCOME_AGAIN) {
        write_tokens(bench, &in);
        outcome = inbound_mint(&in, bench->reader, &bench->scope);
    }
    bench->ns[MINT][round] = lap(&at);
    if (outcome == OUTCOME_OK) outcome = inbound_assemble(&in);
    bench->ns[ASSEMBLE][round] = lap(&at);
    if (outcome == OUTCOME_OK) outcome = inbound_recheck(&in, clock_wall_ms());
    bench->ns[RECHECK][round] = lap(&at);
    if (outcome == OUTCOME_OK) outcome = restore(bench, &in);
    bench->ns[RESTORE][round] = lap(&at);
    bench->ns[TOTAL][round] = at - begin;
    bench->tokens = in.minted_count;
    bench->outgoing_bytes = in.outgoing.len;
    bench->tier = in.verdict.tier;
    arena_reset(&arena);
    return outcome;
}

static int compare_ns(const void *a, const void *b) {
    const uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;
    return (one > two) - (one < two);
}

/* Of sorted times. */
static double microseconds(const uint64_t *ns, uint32_t count, uint32_t percentile) {
    const uint64_t place = (uint64_t)count * percentile / 100;
    return (double)ns[place] / 1000;
}

static void print_table(const struct bench *bench, const struct stopwatch_options *options, size_t body_bytes,
                        FILE *to) {
    fprintf(to, "%zu bytes in, %zu bytes out, %u values, %u rounds\n\n| step | median µs | p99 µs |\n|---|---:|---:|\n",
            body_bytes, bench->outgoing_bytes, bench->tokens, options->rounds);
    for (int i = 0; i < TIMED_COUNT; i++) {
        qsort(bench->ns[i], options->rounds, sizeof *bench->ns[i], compare_ns);
        fprintf(to, "| %s | %.2f | %.2f |\n", names[i], microseconds(bench->ns[i], options->rounds, 50),
                microseconds(bench->ns[i], options->rounds, 99));
    }
}

static enum outcome open_bench(struct bench *bench, const char *policy, struct detail *detail) {
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "listen: 127.0.0.1:8787\npolicy: %s\nupstreams:\n"
             "  - {name: local, class: local, api: openai, url: \"http://127.0.0.1:11434/v1\"}\n",
             policy);
    struct settings *settings = NULL;
    enum outcome outcome = settings_load_text(slice_str(yaml), "built-in", api_names(), &settings, detail);
    if (outcome == OUTCOME_OK) outcome = api_maps_create();
    if (outcome == OUTCOME_OK) outcome = snapshot_create(&settings, &bench->snapshot, detail);
    settings_destroy(&settings);
    if (outcome == OUTCOME_OK) outcome = vault_open(&(struct vault_settings){0}, &bench->vault, detail);
    if (outcome == OUTCOME_OK) outcome = vault_reader_open(bench->vault, &bench->reader);
    if (outcome != OUTCOME_OK) return outcome;
    bench->scope = vault_scope_of(bench->vault, SLICE("tenant:default"), SLICE("default"));
    bench->rules = (struct inbound_rules){.detector = bench->snapshot->detector,
                                          .policy = &bench->snapshot->policy,
                                          .upstreams = bench->snapshot->upstreams,
                                          .upstream_count = bench->snapshot->upstream_count,
                                          .agent = "default"};
    const uint32_t rules = detector_rule_count(bench->snapshot->detector);
    bench->labels = calloc(rules, sizeof *bench->labels);
    if (bench->labels == NULL) return OUTCOME_NO_MEMORY;
    for (uint32_t i = 0; i < rules; i++)
        bench->labels[bench->label_count++] = slice_str(detector_rule(bench->snapshot->detector, (uint16_t)i)->label);
    return OUTCOME_OK;
}

enum outcome stopwatch_run(const struct stopwatch_options *options, struct slice body, FILE *to,
                           struct detail *detail) {
    struct bench bench = {0};
    enum outcome outcome = open_bench(&bench, options->policy, detail);
    for (int i = 0; i < TIMED_COUNT && outcome == OUTCOME_OK; i++) {
        bench.ns[i] = calloc(options->rounds, sizeof *bench.ns[i]);
        if (bench.ns[i] == NULL) outcome = OUTCOME_NO_MEMORY;
    }
    if (outcome == OUTCOME_OK) outcome = run_round(&bench, body, 0); /* warms up, and makes the tokens known */
    for (uint32_t i = 0; i < options->rounds && outcome == OUTCOME_OK; i++) outcome = run_round(&bench, body, i);
    if (outcome == OUTCOME_OK) print_table(&bench, options, body.len, to);
    for (int i = 0; i < TIMED_COUNT; i++) free(bench.ns[i]);
    free(bench.labels);
    vault_reader_close(&bench.reader);
    vault_close(&bench.vault);
    snapshot_unref(&bench.snapshot);
    api_maps_destroy();
    return outcome;
}
