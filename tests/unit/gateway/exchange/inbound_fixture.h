/* What the tests of the exchange share: a detector of a few plain rules, a vault in memory, three upstreams, and a
 * body's trip through the steps of struct inbound. */
#ifndef SLUICE_TESTS_INBOUND_FIXTURE_H
#define SLUICE_TESTS_INBOUND_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>
#include <string.h>

#include "gateway/exchange/inbound.h"

#define NOW_MS 1000u
#define TRIP_BYTES ((size_t)64 << 20)

static const char fixture_pack[] =
    "kinds:\n"
    "  - {name: email, label: EMAIL}\n"
    "  - {name: person, label: PERSON}\n"
    "  - {name: org, label: ORG}\n"
    "  - {name: card, label: CARD}\n"
    "  - {name: part, label: PART}\n"
    "  - {name: word, label: WORD}\n"
    "  - {name: credential, label: SECRET}\n"
    "rules:\n"
    "  - {id: test_email, kind: email, tier: MEDIUM, pattern: '\\b[a-z]{1,20}@[a-z]{1,20}\\.org\\b', confidence: 0.9,\n"
    "     examples: [a@b.org, x bob@host.org y], counterexamples: [bob, a@b.com]}\n"
    "  - {id: test_person, kind: person, tier: MEDIUM, pattern: '\\bAda Lovelace\\b', confidence: 0.9,\n"
    "     examples: [Ada Lovelace, x Ada Lovelace y], counterexamples: [Ada, Lovelace]}\n"
    "  - {id: test_accent, kind: person, tier: MEDIUM, pattern: 'Jürgen', confidence: 0.9,\n"
    "     examples: [Jürgen, xJürgen], counterexamples: [Jurgen, J]}\n"
    "  - {id: test_quote, kind: person, tier: MEDIUM, pattern: 'O\"Neil', confidence: 0.9,\n"
    "     examples: ['O\"Neil', 'x O\"Neil'], counterexamples: [ONeil, O]}\n"
    "  - {id: test_short, kind: person, tier: MEDIUM, pattern: '\\bQz\\b', confidence: 0.9,\n"
    "     examples: [Qz, x Qz y], counterexamples: [xQzy, qz]}\n"
    "  - {id: test_cross, kind: person, tier: MEDIUM, pattern: 'who\": \"[A-Z]{3}', confidence: 0.9,\n"
    "     examples: ['who\": \"ABC', 'x who\": \"ABC'], counterexamples: [who, ABC]}\n"
    "  - {id: test_org, kind: org, tier: HIGH, pattern: '\\bLovelace Ltd\\b', confidence: 0.9,\n"
    "     examples: [Lovelace Ltd, x Lovelace Ltd y], counterexamples: [Lovelace, Ltd]}\n"
    "  - {id: test_card, kind: card, tier: HIGH, pattern: '\\b4\\d{15}\\b', confidence: 0.9,\n"
    "     examples: ['4111111111111111', 'x 4111111111111111'], counterexamples: ['4111', '5111111111111111']}\n"
    "  - {id: test_part, kind: part, tier: MEDIUM, pattern: '77[0-9]{2}', confidence: 0.9,\n"
    "     examples: ['7712', 'x7712y'], counterexamples: ['771', '8812']}\n"
    "  - {id: test_pin, kind: part, tier: MEDIUM, pattern: '\\b91\\d{2}\\b', confidence: 0.9,\n"
    "     examples: ['9112', 'x 9112'], counterexamples: ['91123', 'x9112']}\n"
    "  - {id: test_pair, kind: part, tier: MEDIUM, pattern: '\\b91\\d{2}-Lovelace Ltd', confidence: 0.9,\n"
    "     examples: [9112-Lovelace Ltd, x 9112-Lovelace Ltd], counterexamples: ['9112', Lovelace Ltd]}\n"
    "  - {id: test_label, kind: org, tier: MEDIUM, pattern: '\\bPERSON\\b', confidence: 0.9,\n"
    "     examples: [PERSON, x PERSON], counterexamples: [PERSONS, person]}\n"
    "  - {id: test_assigned, kind: credential, tier: BLOCKED, pattern: '[A-Z]{2,8}_[0-9A-Z]{10}', confidence: 0.9,\n"
    "     examples: [AB_0123456789, x AB_0123456789], counterexamples: [AB, AB_012]}\n"
    "  - {id: test_unsure, kind: part, tier: MEDIUM, pattern: 'perhaps', confidence: 0.2,\n"
    "     examples: [perhaps, x perhaps], counterexamples: [per, haps]}\n"
    "  - {id: test_word, kind: word, tier: HIGH, pattern: '\\bforecast\\b', replace: false, confidence: 0.9,\n"
    "     examples: [forecast, x forecast], counterexamples: [fore, forecasts]}\n"
    "  - {id: test_secret, kind: credential, tier: BLOCKED, pattern: 'sk-[a-z0-9]{8}', confidence: 0.9,\n"
    "     examples: [sk-abcd1234, x sk-abcd1234], counterexamples: [sk, sk-abc]}\n";

enum { LOCAL = 0, SUBSCRIPTION = 1, METERED = 2, UPSTREAM_COUNT = 3 };

struct fixture {
    struct detector *detector;
    struct vault *vault;
    struct vault_reader *reader;
    struct vault_scope scope, other_scope;
    struct policy policy;
    struct route_upstream upstreams[UPSTREAM_COUNT];
    struct inbound_rules rules;
};

static struct fixture fixture;

static const struct route_model fixture_models[] = {{"gpt-4o", "llama \"3\""}};

static inline void fixture_rules(void) {
    fixture.policy =
        (struct policy){.name = "test", .threshold = 0.5f, .binary = POLICY_LOCAL, .references = POLICY_BLOCK};
    fixture.upstreams[LOCAL] = (struct route_upstream){
        .name = "near", .class_ = CLASS_LOCAL, .api = "openai", .models = fixture_models, .model_count = 1};
    fixture.upstreams[SUBSCRIPTION] =
        (struct route_upstream){.name = "middle", .class_ = CLASS_SUBSCRIPTION, .api = "openai"};
    fixture.upstreams[METERED] = (struct route_upstream){.name = "far", .class_ = CLASS_METERED, .api = "openai"};
    fixture.rules = (struct inbound_rules){.detector = fixture.detector,
                                           .policy = &fixture.policy,
                                           .upstreams = fixture.upstreams,
                                           .upstream_count = UPSTREAM_COUNT,
                                           .agent = "agent"};
}

static inline int fixture_make(void **state) {
    (void)state;
    struct detail detail = {""};
    const struct pack_source pack = {"test", slice_of(fixture_pack, sizeof fixture_pack - 1)};
    const struct vault_settings in_memory = {0};
    enum outcome outcome = api_maps_create();
    if (outcome == OUTCOME_OK) outcome = detector_create(&pack, 1, &fixture.detector, &detail);
    if (outcome == OUTCOME_OK) outcome = vault_open(&in_memory, &fixture.vault, &detail);
    if (outcome == OUTCOME_OK) outcome = vault_reader_open(fixture.vault, &fixture.reader);
    if (outcome != OUTCOME_OK) {
        print_error("%s: %s\n", outcome_text(outcome), detail.text);
        return -1;
    }
    fixture.scope = vault_scope_of(fixture.vault, SLICE("tenant:a"), SLICE("agent"));
    fixture.other_scope = vault_scope_of(fixture.vault, SLICE("tenant:b"), SLICE("other"));
    fixture_rules();
    return 0;
}

static inline int fixture_drop(void **state) {
    (void)state;
    vault_reader_close(&fixture.reader);
    vault_close(&fixture.vault);
    detector_destroy(&fixture.detector);
    api_maps_destroy();
    return 0;
}

static inline uint16_t fixture_rule(const char *id) {
    for (uint32_t i = 0; i < detector_rule_count(fixture.detector); i++)
        if (strcmp(detector_rule(fixture.detector, (uint16_t)i)->id, id) == 0) return (uint16_t)i;
    fail();
    return 0;
}

/* One body on its way. */
struct trip {
    struct arena arena;
    struct inbound in;
};

static inline void trip_begin(struct trip *trip, const struct api *api, struct slice body) {
    arena_init(&trip->arena, TRIP_BYTES);
    inbound_init(&trip->in, &trip->arena, &fixture.rules, api, body);
}

static inline void trip_end(struct trip *trip) {
    arena_reset(&trip->arena);
}

static inline void trip_on_written(struct batch_item *item) {
    (void)sem_post(((struct minted_write *)item)->owner);
}

/* Writes what mint asks for; answers the first outcome that is neither OK nor CONFLICT. */
static inline enum outcome trip_write(struct inbound *in) {
    sem_t done;
    enum outcome outcome = OUTCOME_OK;
    (void)sem_init(&done, 0, 0);
    for (uint32_t i = 0; i < in->minted_count; i++) {
        if (in->minted[i].durable) continue;
        in->minted[i].pending->owner = &done;
        in->minted[i].pending->write.item.on_done = trip_on_written;
        vault_write_submit(fixture.vault, &in->minted[i].pending->write);
    }
    for (uint32_t i = 0; i < in->minted_count; i++)
        while (!in->minted[i].durable && sem_wait(&done) != 0) {
        }
    for (uint32_t i = 0; i < in->minted_count; i++) {
        if (in->minted[i].durable) continue;
        const enum outcome written = in->minted[i].pending->write.item.outcome;
        if (outcome == OUTCOME_OK && written != OUTCOME_CONFLICT) outcome = written;
    }
    sem_destroy(&done);
    return outcome;
}

static inline enum outcome trip_mint(struct inbound *in, const struct vault_scope *scope) {
    enum outcome outcome = OUTCOME_AGAIN;
    for (int round = 0; round < 8 && outcome == OUTCOME_AGAIN; round++) {
        outcome = inbound_mint(in, fixture.reader, scope);
        if (outcome != OUTCOME_AGAIN) break;
        outcome = trip_write(in);
        if (outcome == OUTCOME_OK) outcome = OUTCOME_AGAIN;
    }
    return outcome;
}

/* Takes the next step. */
static inline enum outcome trip_step(struct trip *trip) {
    struct inbound *in = &trip->in;
    switch (in->progress) {
    case INBOUND_NEW: return inbound_span(in);
    case INBOUND_SPANNED: return inbound_scan(in);
    case INBOUND_SCANNED: return inbound_decide(in, NOW_MS);
    case INBOUND_DECIDED: return inbound_select(in);
    case INBOUND_SELECTED: return trip_mint(in, &fixture.scope);
    case INBOUND_MINTED: return inbound_assemble(in);
    case INBOUND_ASSEMBLED: return inbound_recheck(in, NOW_MS);
    case INBOUND_RECHECKED: break;
    }
    return OUTCOME_DENIED;
}

/* Takes steps until one fails or that far is reached. */
static inline enum outcome trip_to(struct trip *trip, enum inbound_progress until) {
    enum outcome outcome = OUTCOME_OK;
    while (outcome == OUTCOME_OK && trip->in.progress < until) outcome = trip_step(trip);
    return outcome;
}

/* The whole way of a chat body; NUL-terminated text. */
static inline enum outcome trip_chat(struct trip *trip, const char *body) {
    trip_begin(trip, &api_openai_chat, slice_str(body));
    return trip_to(trip, INBOUND_RECHECKED);
}

/* The token of a value that this trip minted. */
static inline const char *trip_token(const struct trip *trip, const char *value) {
    for (uint32_t i = 0; i < trip->in.minted_count; i++)
        if (slice_equal(trip->in.minted[i].value, slice_str(value))) return trip->in.minted[i].token.text;
    print_error("no token for %s\n", value);
    fail();
    return "";
}

/* `format` has a $ for each value, in order: the body that would leave must read so. */
static inline void assert_outgoing(const struct trip *trip, const char *format, ...) {
    struct buffer expected;
    va_list values;
    buffer_init(&expected, 0);
    va_start(values, format);
    for (const char *at = format; *at; at++) {
        if (*at == '$')
            buffer_append_str(&expected, trip_token(trip, va_arg(values, const char *)));
        else
            buffer_append_char(&expected, *at);
    }
    va_end(values);
    if (!slice_equal(trip->in.outgoing, buffer_slice(&expected)))
        print_error("%.*s\n%.*s\n", (int)trip->in.outgoing.len, trip->in.outgoing.data, (int)expected.len,
                    expected.data);
    assert_true(slice_equal(trip->in.outgoing, buffer_slice(&expected)));
    buffer_deinit(&expected);
}

static inline bool slice_holds(struct slice text, const char *part) {
    return text.len && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

#endif
