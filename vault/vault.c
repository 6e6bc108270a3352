#include "vault/vault.h"

#include <stdlib.h>

#include "base/require.h"
#include "base/wipe.h"
#include "vault/entry.h"
#include "vault/opening.h"

/* Values that share a token: two are rare (one pair in a million values), more than that mean a damaged vault. */
#define COUNTER_LIMIT 16u

struct vault_reader {
    struct vault *vault;
    struct vault_store_view *view;
    struct vault_sealer sealer;
};

/* What the vault holds under a token, seen from one value. */
enum standing {
    STANDING_FREE,    /* nothing */
    STANDING_SAME,    /* this value */
    STANDING_GRANTED, /* this value, and it is issued to the agent */
    STANDING_TAKEN,   /* another value */
};

enum outcome vault_reader_open(struct vault *vault, struct vault_reader **reader_out) {
    struct vault_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return OUTCOME_NO_MEMORY;
    const enum outcome outcome = vault_store_view_open(vault->store, &reader->view);
    if (outcome != OUTCOME_OK) {
        free(reader);
        return outcome;
    }
    reader->vault = vault;
    vault_sealer_init(&reader->sealer, vault->keyring, vault->vault_id);
    atomic_fetch_add(&vault->reader_count, 1);
    *reader_out = reader;
    return OUTCOME_OK;
}

void vault_reader_close(struct vault_reader **reader) {
    if (*reader == NULL) return;
    atomic_fetch_sub(&(*reader)->vault->reader_count, 1);
    vault_store_view_close(&(*reader)->view);
    vault_sealer_deinit(&(*reader)->sealer);
    free(*reader);
    *reader = NULL;
}

struct vault_scope vault_scope_of(const struct vault *vault, struct slice scope_name, struct slice agent_name) {
    struct vault_scope scope;
    /* Without an id nothing may be stored or restored; SHA-256 in software does not fail. */
    require(vault_scope_derive(vault->keyring, scope_name, agent_name, &scope) == OUTCOME_OK);
    return scope;
}

/* --- mint ------------------------------------------------------------------------------------------------ */

static enum outcome look_up_grant(struct vault_reader *reader, const struct vault_scope *scope, struct slice token,
                                  struct slice *grant_out) {
    const struct vault_entry_key key = vault_grant_key(scope, token);
    return vault_store_view_get(reader->view, VAULT_TABLE_GRANTS, vault_entry_slice(&key), grant_out);
}

static enum outcome look_up_record(struct vault_reader *reader, const struct vault_scope *scope, struct slice token,
                                   struct vault_record *record_out) {
    const struct vault_entry_key key = vault_record_key(scope, token);
    struct slice stored;
    const enum outcome outcome =
        vault_store_view_get(reader->view, VAULT_TABLE_RECORDS, vault_entry_slice(&key), &stored);
    return outcome == OUTCOME_OK ? vault_record_parse(stored, record_out) : outcome;
}

static enum outcome find_standing(struct vault_reader *reader, const struct vault_write *candidate,
                                  enum standing *standing_out) {
    const struct slice token = token_slice(&candidate->token);
    struct vault_record record;
    struct slice grant;
    enum outcome outcome = look_up_record(reader, &candidate->scope, token, &record);
    *standing_out = STANDING_FREE;
    if (outcome == OUTCOME_NOT_FOUND) return OUTCOME_OK;
    if (outcome != OUTCOME_OK) return outcome;
    const bool same = vault_hmac_equal(record.value_hash.data, candidate->value_hash, sizeof candidate->value_hash);
    *standing_out = same ? STANDING_SAME : STANDING_TAKEN;
    if (!same) return OUTCOME_OK;
    outcome = look_up_grant(reader, &candidate->scope, token, &grant);
    if (outcome == OUTCOME_OK) *standing_out = STANDING_GRANTED;
    return outcome == OUTCOME_NOT_FOUND ? OUTCOME_OK : outcome;
}

static enum outcome hash_candidate(const struct vault *vault, struct vault_write *candidate, uint32_t counter) {
    const enum outcome outcome = vault_value_hash(vault->keyring, &candidate->scope, candidate->label, counter,
                                                  candidate->value, candidate->value_hash);
    if (outcome == OUTCOME_OK) candidate->token = token_build(candidate->label, candidate->value_hash);
    return outcome;
}

/* Counts upwards to the first token that no other value has. */
static enum outcome settle_token(struct vault_reader *reader, struct vault_write *candidate,
                                 enum standing *standing_out) {
    for (uint32_t counter = 0; counter < COUNTER_LIMIT; counter++) {
        enum outcome outcome = hash_candidate(reader->vault, candidate, counter);
        if (outcome == OUTCOME_OK) outcome = find_standing(reader, candidate, standing_out);
        if (outcome != OUTCOME_OK || *standing_out != STANDING_TAKEN) return outcome;
    }
    return OUTCOME_CORRUPT;
}

enum outcome vault_mint(struct vault_reader *reader, const struct vault_scope *scope, struct slice label,
                        struct slice value, struct token *token_out, bool *known_out, struct vault_write *write_out) {
    *known_out = false;
    if (!token_label_valid(label) || value.len == 0 || value.len > VAULT_VALUE_LONGEST) return OUTCOME_INVALID;
    *write_out = (struct vault_write){.scope = *scope, .label = label, .value = value};
    enum standing standing = STANDING_TAKEN;
    enum outcome outcome = vault_store_view_begin(reader->view);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = settle_token(reader, write_out, &standing);
    vault_store_view_end(reader->view);
    if (outcome != OUTCOME_OK) return outcome;
    *token_out = write_out->token;
    *known_out = standing == STANDING_GRANTED;
    return OUTCOME_OK;
}

void vault_write_submit(struct vault *vault, struct vault_write *write) {
    batch_worker_submit(vault->worker, &write->item);
}

void vault_write_wipe(struct vault_write *write) {
    wipe(write, sizeof *write);
}

/* --- resolve --------------------------------------------------------------------------------------------- */

/* The grant comes first, so that a token of somebody else's looks the same as one that nobody has. */
static enum outcome find_granted(struct vault_reader *reader, const struct vault_scope *scope, struct slice token,
                                 struct vault_record *record_out) {
    const struct vault_entry_key key = vault_grant_key(scope, token);
    struct slice grant;
    enum outcome outcome = look_up_grant(reader, scope, token, &grant);
    if (outcome == OUTCOME_OK) outcome = vault_grant_verify(reader->vault->keyring, &key, grant);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = look_up_record(reader, scope, token, record_out);
    return outcome == OUTCOME_NOT_FOUND ? OUTCOME_CORRUPT : outcome; /* it was issued, so it was there */
}

static enum outcome open_value(struct vault_reader *reader, const struct vault_scope *scope, struct slice token,
                               struct arena *arena, struct slice *value_out) {
    struct vault_record record;
    enum outcome outcome = find_granted(reader, scope, token, &record);
    if (outcome != OUTCOME_OK) return outcome;
    char *value = arena_alloc(arena, record.ciphertext.len);
    if (value == NULL) return OUTCOME_OVERFLOW;
    outcome = vault_unseal(&reader->sealer, scope, token, &record, value);
    if (outcome == OUTCOME_OK) *value_out = slice_of(value, record.ciphertext.len);
    return outcome;
}

enum outcome vault_resolve(struct vault_reader *reader, const struct vault_scope *scope, struct slice token,
                           struct arena *arena, struct slice *value_out) {
    if (!token_valid(token)) return OUTCOME_NOT_FOUND;
    enum outcome outcome = vault_store_view_begin(reader->view);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = open_value(reader, scope, token, arena, value_out);
    vault_store_view_end(reader->view);
    return outcome;
}

void vault_counts_read(const struct vault *vault, struct vault_counts *counts_out) {
    *counts_out = (struct vault_counts){
        .records = atomic_load(&vault->writer.records),
        .commits = atomic_load(&vault->writer.commits),
        .writes = atomic_load(&vault->writer.writes),
        .conflicts = atomic_load(&vault->writer.conflicts),
    };
}
