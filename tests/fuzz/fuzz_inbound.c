/* Whatever a chat body holds: if it may leave, what leaves is the same document with tokens in the place of values,
 * and holds none of the values. */
#include <semaphore.h>
#include <stdint.h>

#include "base/require.h"
#include "gateway/body/json_text.h"
#include "gateway/body/restore_window.h"
#include "gateway/exchange/inbound.h"

#define MEMORY_BYTES (64u << 20)
#define LARGEST_INPUT (1u << 14)

static const char pack_yaml[] =
    "kinds:\n"
    "  - {name: email, label: EMAIL}\n"
    "  - {name: part, label: PART}\n"
    "  - {name: word, label: WORD}\n"
    "  - {name: credential, label: SECRET}\n"
    "rules:\n"
    "  - {id: email, kind: email, tier: MEDIUM, pattern: '[a-z]{1,8}@[a-z]{1,8}', confidence: 0.9,\n"
    "     examples: [a@b, x bob@host], counterexamples: [bob, '@']}\n"
    "  - {id: part, kind: part, tier: MEDIUM, pattern: '77[0-9]{2}', confidence: 0.9,\n"
    "     examples: ['7712', 'x7712'], counterexamples: ['771', '88']}\n"
    "  - {id: alone, kind: part, tier: HIGH, pattern: '\\b9[0-9]\\b', confidence: 0.9,\n"
    "     examples: ['91', 'x 91'], counterexamples: ['912', 'x91']}\n"
    "  - {id: cross, kind: word, tier: MEDIUM, pattern: 'who\": \"[A-Z]{2}', confidence: 0.9,\n"
    "     examples: ['who\": \"AB', 'x who\": \"AB'], counterexamples: [who, AB]}\n"
    "  - {id: secret, kind: credential, tier: BLOCKED, pattern: 'sk-[a-z]{4}', confidence: 0.9,\n"
    "     examples: [sk-abcd, x sk-abcd], counterexamples: [sk, sk-abc]}\n";

static const struct slice labels[] = {{"EMAIL", 5}, {"PART", 4}, {"WORD", 4}, {"SECRET", 6}};
static const struct route_upstream upstreams[] = {{.name = "near", .api = "openai", .class_ = CLASS_LOCAL}};
static const struct policy policy = {.name = "fuzz", .binary = POLICY_LOCAL, .references = POLICY_LOCAL};

static struct inbound_rules rules = {.policy = &policy, .upstreams = upstreams, .upstream_count = 1, .agent = "agent"};
static struct vault *vault;
static struct vault_reader *reader;
static struct vault_scope scope;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's signature. */
int LLVMFuzzerInitialize(int *argc, char ***argv) { /* NOLINT(readability-non-const-parameter) */
    (void)argc, (void)argv;
    struct detector *detector = NULL;
    struct detail detail = {""};
    const struct pack_source pack = {"fuzz", slice_of(pack_yaml, sizeof pack_yaml - 1)};
    const struct vault_settings in_memory = {0};
    require(api_maps_create() == OUTCOME_OK);
    require(detector_create(&pack, 1, &detector, &detail) == OUTCOME_OK);
    require(vault_open(&in_memory, &vault, &detail) == OUTCOME_OK);
    require(vault_reader_open(vault, &reader) == OUTCOME_OK);
    rules.detector = detector;
    scope = vault_scope_of(vault, SLICE("tenant:fuzz"), SLICE("agent"));
    return 0;
}

static void on_written(struct batch_item *item) {
    require(sem_post(((struct minted_write *)item)->owner) == 0);
}

static enum outcome mint(struct inbound *in) {
    enum outcome outcome = inbound_mint(in, reader, &scope);
    if (outcome != OUTCOME_AGAIN) return outcome;
    sem_t done;
    require(sem_init(&done, 0, 0) == 0);
    for (uint32_t i = 0; i < in->minted_count; i++) {
        if (in->minted[i].durable) continue;
        in->minted[i].pending->owner = &done;
        in->minted[i].pending->write.item.on_done = on_written;
        vault_write_submit(vault, &in->minted[i].pending->write);
        while (sem_wait(&done) != 0) {
        }
    }
    sem_destroy(&done);
    return inbound_mint(in, reader, &scope);
}

static bool lookup(void *owner, struct slice token, struct slice *value_out) {
    const struct inbound *in = owner;
    for (uint32_t i = 0; i < in->minted_count; i++) {
        if (!slice_equal(token_slice(&in->minted[i].token), token)) continue;
        *value_out = in->minted[i].value;
        return true;
    }
    return false;
}

/* A decoded text with its values back; or, with `blank`, with something in their place that is no value. */
static bool blank(void *owner, struct slice token, struct slice *value_out) {
    const bool known = lookup(owner, token, value_out);
    *value_out = SLICE("\x01");
    return known;
}

static struct buffer restored(struct inbound *in, struct slice text,
                              bool (*with)(void *owner, struct slice token, struct slice *value_out)) {
    struct restore_source source;
    struct restore_window window;
    struct buffer out;
    restore_source_init(&source, in, with, labels, 4, 0);
    restore_window_init(&window);
    buffer_init(&out, 0);
    require(restore_window_feed(&window, &source, RESTORE_PLAIN, text, &out) == OUTCOME_OK);
    restore_window_flush(&window, &out);
    return out;
}

static struct slice decoded(struct arena *arena, const struct json_doc *doc, uint32_t node) {
    const struct slice raw = json_raw(doc, node);
    char *text = arena_alloc(arena, raw.len);
    require(text != NULL);
    return slice_of(text, json_text_decode(raw, text));
}

static void require_no_value(struct inbound *in, struct slice text) {
    struct buffer bare = restored(in, text, blank);
    for (uint32_t i = 0; i < in->minted_count; i++) {
        const struct slice value = in->minted[i].value;
        require(value.len < 4 || bare.len == 0 || memmem(bare.data, bare.len, value.data, value.len) == NULL);
    }
    buffer_deinit(&bare);
}

/* A text that holds a token before anything is replaced says nothing: the token may be cut by what is. */
static void require_same_text(struct inbound *in, struct slice before, struct slice after) {
    struct buffer one = restored(in, before, lookup), two = restored(in, after, lookup);
    const bool clean = slice_equal(buffer_slice(&one), before);
    require(!clean || slice_equal(buffer_slice(&two), before));
    buffer_deinit(&one);
    buffer_deinit(&two);
}

static void require_inverse(struct inbound *in) {
    struct json_doc doc;
    require(json_walk(in->outgoing, NULL, in->arena, &doc, NULL) == OUTCOME_OK);
    require(doc.count == in->doc.count);
    const struct field_map *map = api_maps_of(in->api)->request;
    for (uint32_t i = 0; i < doc.count; i++) {
        const struct json_node *was = &in->doc.nodes[i], *is = &doc.nodes[i];
        require(was->type == is->type || (was->type == JSON_NUMBER && is->type == JSON_STRING));
        if (is->type != JSON_STRING && is->type != JSON_KEY && is->type != JSON_NUMBER) continue;
        const struct slice text = decoded(in->arena, &doc, i);
        require_no_value(in, text);
        if (field_map_meaning(map, was) == FIELD_JSON_TEXT) continue; /* values are escaped once more there */
        require_same_text(in, decoded(in->arena, &in->doc, i), text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > LARGEST_INPUT) return 0;
    struct arena arena;
    struct inbound in;
    arena_init(&arena, MEMORY_BYTES);
    inbound_init(&in, &arena, &rules, &api_openai_chat, slice_of((const char *)data, size));
    enum outcome outcome = inbound_span(&in);
    if (outcome == OUTCOME_OK) outcome = inbound_scan(&in);
    if (outcome == OUTCOME_OK) outcome = inbound_decide(&in, 0);
    if (outcome == OUTCOME_OK) outcome = inbound_select(&in);
    if (outcome == OUTCOME_OK) outcome = mint(&in);
    if (outcome == OUTCOME_OK) outcome = inbound_assemble(&in);
    if (outcome == OUTCOME_OK) outcome = inbound_recheck(&in, 0);
    require((outcome == OUTCOME_OK) == (in.progress == INBOUND_RECHECKED));
    if (outcome == OUTCOME_OK && in.cover_count == 0) require(in.outgoing.data == in.body.data);
    if (outcome == OUTCOME_OK && in.cover_count > 0) require_inverse(&in);
    arena_reset(&arena);
    return 0;
}
