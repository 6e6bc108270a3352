#include "gateway/config/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/require.h"
#include "gateway/config/kinds_check.h"
#include "gateway/config/known_secret.h"

#define LARGEST_PACK_BYTES (16u << 20)

static enum outcome read_pack(const char *path, struct buffer *text, struct detail *detail) {
    buffer_init(text, LARGEST_PACK_BYTES);
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return detail_set(detail, errno == ENOENT ? OUTCOME_NOT_FOUND : OUTCOME_IO, "rules: %s: %s", path,
                          strerror(errno));
    char block[16384];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;) buffer_append(text, slice_of(block, got));
    const bool bad = ferror(file) != 0;
    fclose(file);
    if (bad) return detail_set(detail, OUTCOME_IO, "rules: %s: reading failed", path);
    if (text->failed) return detail_set(detail, OUTCOME_OVERFLOW, "rules: %s: larger than 16 MiB", path);
    return OUTCOME_OK;
}

/* The policy's own packs, then the settings'; `texts` holds the files and is as long as they are. */
static enum outcome gather_packs(const struct snapshot *snapshot, struct pack_source *packs, struct buffer *texts,
                                 struct detail *detail) {
    const struct policy *policy = &snapshot->policy;
    for (uint32_t i = 0; i < policy->pack_count; i++) {
        packs[i] = pack_builtin(policy->packs[i]);
        if (packs[i].yaml.data == NULL)
            return detail_set(detail, OUTCOME_NOT_FOUND, "policy %s: the program has no rule pack %s", policy->name,
                              policy->packs[i]);
    }
    for (uint32_t i = 0; i < snapshot->settings->rule_count; i++) {
        const char *path = snapshot->settings->rules[i];
        const enum outcome outcome = read_pack(path, &texts[i], detail);
        if (outcome != OUTCOME_OK) return outcome;
        packs[policy->pack_count + i] = (struct pack_source){path, buffer_slice(&texts[i])};
    }
    return OUTCOME_OK;
}

static enum outcome compile_rules(struct snapshot *snapshot, struct detail *detail) {
    const uint32_t files = snapshot->settings->rule_count;
    const uint32_t count = snapshot->policy.pack_count + files;
    struct pack_source *packs = calloc(count, sizeof *packs);
    struct buffer *texts = calloc(files + 1, sizeof *texts);
    enum outcome outcome = packs && texts ? OUTCOME_OK : OUTCOME_NO_MEMORY;
    if (outcome == OUTCOME_OK) outcome = gather_packs(snapshot, packs, texts, detail);
    if (outcome == OUTCOME_OK) outcome = detector_create(packs, count, &snapshot->detector, detail);
    for (uint32_t i = 0; texts && i < files; i++) buffer_deinit(&texts[i]);
    free(texts);
    free(packs);
    return outcome;
}

static enum outcome adjust_policy(struct snapshot *snapshot) {
    const struct settings_policy *own = &snapshot->settings->policy;
    const struct policy *builtin = policy_builtin(own->name);
    if (broken(builtin != NULL)) return OUTCOME_INVALID;
    snapshot->policy = *builtin;
    snapshot->policy.binary = own->binary;
    snapshot->policy.references = own->references;
    if (own->threshold >= 0) snapshot->policy.threshold = own->threshold;
    snapshot->policy.kinds = own->kinds;
    snapshot->policy.kind_count = own->kind_count;
    return OUTCOME_OK;
}

static enum outcome view_upstreams(struct snapshot *snapshot) {
    const struct settings *settings = snapshot->settings;
    snapshot->upstreams = calloc(settings->upstream_count, sizeof *snapshot->upstreams);
    if (snapshot->upstreams == NULL) return OUTCOME_NO_MEMORY;
    snapshot->upstream_count = settings->upstream_count;
    for (uint32_t i = 0; i < settings->upstream_count; i++) {
        const struct settings_upstream *upstream = &settings->upstreams[i];
        snapshot->upstreams[i] = (struct route_upstream){.name = upstream->name,
                                                         .api = upstream->api,
                                                         .models = upstream->models,
                                                         .model_count = upstream->model_count,
                                                         .class_ = upstream->class_};
    }
    return OUTCOME_OK;
}

static void destroy(struct snapshot *snapshot) {
    detector_destroy(&snapshot->detector);
    settings_destroy(&snapshot->settings);
    free(snapshot->upstreams);
    free(snapshot);
}

static enum outcome build(struct snapshot *snapshot, struct detail *detail) {
    enum outcome outcome = adjust_policy(snapshot);
    if (outcome == OUTCOME_OK) outcome = view_upstreams(snapshot);
    if (outcome == OUTCOME_OK) outcome = compile_rules(snapshot, detail);
    if (outcome == OUTCOME_OK) outcome = kinds_check(snapshot->settings, snapshot->detector, detail);
    if (outcome == OUTCOME_OK) outcome = known_secret_blocks(snapshot->detector, &snapshot->policy, detail);
    if (outcome == OUTCOME_NO_MEMORY) detail_set(detail, outcome, "%s", outcome_text(outcome));
    return outcome;
}

enum outcome snapshot_create(struct settings **settings, struct snapshot **snapshot_out, struct detail *detail) {
    static _Atomic uint64_t created;
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    *snapshot_out = NULL;
    if (snapshot == NULL) {
        settings_destroy(settings);
        return detail_set(detail, OUTCOME_NO_MEMORY, "%s", outcome_text(OUTCOME_NO_MEMORY));
    }
    snapshot->settings = *settings;
    *settings = NULL;
    atomic_init(&snapshot->references, 1);
    const enum outcome outcome = build(snapshot, detail);
    if (outcome != OUTCOME_OK) {
        destroy(snapshot);
        return outcome;
    }
    snapshot->generation = atomic_fetch_add(&created, 1) + 1;
    *snapshot_out = snapshot;
    return OUTCOME_OK;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot) {
    require(atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed) > 0);
    return snapshot;
}

void snapshot_unref(struct snapshot **snapshot) {
    struct snapshot *mine = *snapshot;
    *snapshot = NULL;
    if (mine && atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) == 1) destroy(mine);
}
