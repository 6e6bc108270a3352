#include "gateway/exchange/issued.h"

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

static bool note_literal(void *owner, struct slice token, struct slice *value_out) {
    struct issued *issued = owner;
    (void)value_out;
    buffer_append(&issued->literal, token);
    buffer_append_char(&issued->literal, '\n');
    return false;
}

/* Looks for tokens in the request exactly as answers are searched, spelling variants included. */
static bool find_literals(struct issued *issued) {
    struct restore_source search;
    restore_source_init(&search, issued, note_literal, issued->source.labels, issued->source.label_count,
                        issued->source.label_count);
    struct restore_window window;
    restore_window_init(&window);
    struct buffer unused;
    buffer_init(&unused, 0);
    const struct scan_text *text = &issued->in->layout.text;
    const enum outcome outcome =
        restore_window_feed(&window, &search, RESTORE_PLAIN, slice_of(text->text, text->len), &unused);
    buffer_deinit(&unused);
    issued->literal_known = outcome == OUTCOME_OK && !issued->literal.failed;
    return issued->literal_known;
}

static bool stood_in_request(struct issued *issued, struct slice token) {
    if (!issued->literal_known && !find_literals(issued)) return true;
    return issued->literal.len && memmem(issued->literal.data, issued->literal.len, token.data, token.len) != NULL;
}

static bool lookup(void *owner, struct slice token, struct slice *value_out) {
    struct issued *issued = owner;
    const struct minted *minted = minted_by_token(issued, token);
    if (minted) {
        *value_out = minted->value;
        return true;
    }
    if (stood_in_request(issued, token)) return false;
    return vault_resolve(issued->reader, &issued->scope, token, issued->in->arena, value_out) == OUTCOME_OK;
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
    buffer_init(&issued->literal, 0);
    if (order_labels(issued, labels, label_count) != OUTCOME_OK) return OUTCOME_OVERFLOW;
    if (in->minted_count == 0) return OUTCOME_OK;
    issued->slot_count = 4;
    while (issued->slot_count < in->minted_count * 2) issued->slot_count *= 2;
    issued->slots = arena_zalloc(in->arena, issued->slot_count, sizeof *issued->slots);
    if (issued->slots == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < in->minted_count; i++) remember_token(issued, i);
    return OUTCOME_OK;
}

void issued_deinit(struct issued *issued) {
    buffer_deinit(&issued->literal);
}
