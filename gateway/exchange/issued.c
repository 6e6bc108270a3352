#include "gateway/exchange/issued.h"

#include <sys/random.h>

#define FIRST_TOLD 16u
#define SEARCHED_AT_ONCE (64u << 10)

/* --- tokens that this exchange issued --- */

/* The tail is a keyed hash already: its symbols spread well enough, and an agent cannot choose them. */
static uint32_t slot_of(const struct issued *issued, struct slice token) {
    uint32_t hash = 0;
    for (size_t i = token.len - TOKEN_TAIL_LEN; i < token.len; i++)
        hash = hash * TOKEN_ALPHABET_SIZE + (uint32_t)token_symbol(token.data[i]);
    return hash & (issued->slot_count - 1);
}

static void remember_token(struct issued *issued, uint32_t index) {
    uint32_t slot = slot_of(issued, token_slice(&issued->in->minted[index].token));
    while (issued->slots[slot]) slot = (slot + 1) & (issued->slot_count - 1);
    issued->slots[slot] = index + 1;
}

static const struct minted *minted_by_token(const struct issued *issued, struct slice token) {
    if (issued->slot_count == 0) return NULL;
    for (uint32_t slot = slot_of(issued, token); issued->slots[slot]; slot = (slot + 1) & (issued->slot_count - 1)) {
        const struct minted *minted = &issued->in->minted[issued->slots[slot] - 1];
        if (slice_equal(token_slice(&minted->token), token)) return minted;
    }
    return NULL;
}

/* --- all others --- */

/* The token's slot, or the empty one where it belongs. These tokens are anybody's choice, so the hash is keyed. */
static uint32_t *told_slot(const struct issued *issued, struct slice token) {
    const uint32_t mask = 2 * issued->told_capacity - 1;
    uint32_t slot = (uint32_t)siphash(&issued->told_key, 0, token) & mask;
    for (; issued->told_slots[slot]; slot = (slot + 1) & mask)
        if (slice_equal(token_slice(&issued->told[issued->told_slots[slot] - 1].token), token)) break;
    return &issued->told_slots[slot];
}

static bool told_grow(struct issued *issued) {
    struct arena *arena = issued->in->arena;
    const uint32_t capacity = issued->told_capacity ? issued->told_capacity * 2 : FIRST_TOLD;
    uint32_t *slots = arena_zalloc(arena, 2 * (size_t)capacity, sizeof *slots);
    struct told *told = arena_grow(arena, issued->told, issued->told_capacity * sizeof *told, capacity * sizeof *told);
    if (slots == NULL || told == NULL) return false;
    issued->told = told;
    issued->told_slots = slots;
    issued->told_capacity = capacity;
    for (uint32_t i = 0; i < issued->told_count; i++) *told_slot(issued, token_slice(&told[i].token)) = i + 1;
    return true;
}

static struct told *told_find(const struct issued *issued, struct slice token) {
    const uint32_t index = issued->told_capacity ? *told_slot(issued, token) : 0;
    return index ? &issued->told[index - 1] : NULL;
}

/* A new entry for a token that has none; it stays literal so far. NULL: the arena is full. */
static struct told *told_add(struct issued *issued, struct slice token) {
    const bool full = issued->told == NULL || issued->told_count == issued->told_capacity;
    if (full && !told_grow(issued)) return NULL;
    struct told *told = &issued->told[issued->told_count++];
    *told = (struct told){.token = {.len = (uint8_t)token.len}};
    memcpy(told->token.text, token.data, token.len);
    *told_slot(issued, token) = issued->told_count;
    return told;
}

static bool note_literal(void *owner, struct slice token, struct slice *value_out) {
    struct issued *issued = owner;
    (void)value_out;
    if (told_find(issued, token) == NULL && told_add(issued, token) == NULL) issued->literals_lost = true;
    return false;
}

/* Looks for tokens in the request exactly as answers are searched, spelling variants included. */
static void find_literals(struct issued *issued) {
    struct restore_source search;
    restore_source_init(&search, issued, note_literal, issued->source.labels, issued->source.label_count,
                        issued->source.label_count);
    struct restore_window window;
    restore_window_init(&window);
    struct buffer unused;
    buffer_init(&unused, 0);
    struct slice rest = slice_of(issued->in->layout.text.text, issued->in->layout.text.len);
    while (rest.len && !issued->literals_lost) {
        const size_t len = rest.len < SEARCHED_AT_ONCE ? rest.len : SEARCHED_AT_ONCE;
        if (restore_window_feed(&window, &search, RESTORE_PLAIN, slice_range(rest, 0, len), &unused) != OUTCOME_OK)
            issued->literals_lost = true;
        buffer_clear(&unused);
        rest = slice_range(rest, len, rest.len);
    }
    buffer_deinit(&unused);
    issued->literals_known = true;
}

static bool lookup(void *owner, struct slice token, struct slice *value_out) {
    struct issued *issued = owner;
    const struct minted *minted = minted_by_token(issued, token);
    if (minted) {
        *value_out = minted->value;
        return true;
    }
    if (!issued->literals_known) find_literals(issued);
    if (issued->literals_lost) return false;
    struct told *told = told_find(issued, token);
    if (told == NULL) {
        if (issued->asks == ISSUED_ASKS_MAX) return false;
        issued->asks++;
        told = told_add(issued, token);
        if (told == NULL) return false;
        if (vault_resolve(issued->reader, &issued->scope, token, issued->in->arena, &told->value) != OUTCOME_OK)
            told->value = slice_of(NULL, 0);
    }
    *value_out = told->value;
    return told->value.data != NULL;
}

static bool was_minted(const struct inbound *in, struct slice label) {
    for (uint32_t i = 0; i < in->minted_count; i++)
        if (slice_equal(in->minted[i].label, label)) return true;
    return false;
}

/* The labels of tokens that this request carries come first: those a model may well spell in another case. */
static enum outcome order_labels(struct issued *issued, const struct slice *labels, uint32_t label_count) {
    struct slice *ordered = arena_alloc(issued->in->arena, label_count * sizeof *ordered);
    if (ordered == NULL) return OUTCOME_OVERFLOW;
    uint32_t first = 0, last = label_count;
    for (uint32_t i = 0; i < label_count; i++)
        ordered[was_minted(issued->in, labels[i]) ? first++ : --last] = labels[i];
    restore_source_init(&issued->source, issued, lookup, ordered, label_count, first);
    return OUTCOME_OK;
}

enum outcome issued_init(struct issued *issued, const struct inbound *in, struct vault_reader *reader,
                         const struct vault_scope *scope, const struct slice *labels, uint32_t label_count) {
    *issued = (struct issued){.in = in, .reader = reader, .scope = *scope};
    if (order_labels(issued, labels, label_count) != OUTCOME_OK) return OUTCOME_OVERFLOW;
    if (getrandom(&issued->told_key, sizeof issued->told_key, 0) != sizeof issued->told_key) return OUTCOME_IO;
    if (in->minted_count == 0) return OUTCOME_OK;
    issued->slot_count = 4;
    while (issued->slot_count < in->minted_count * 2) issued->slot_count *= 2;
    issued->slots = arena_zalloc(in->arena, issued->slot_count, sizeof *issued->slots);
    if (issued->slots == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < in->minted_count; i++) remember_token(issued, i);
    return OUTCOME_OK;
}
