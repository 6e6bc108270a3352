#include "vault/writer.h"

#include "base/clock.h"
#include "base/fault.h"
#include "vault/generation.h"
#include "vault/entry.h"

#define COMMITS_PER_GENERATION 1024u
#define READER_CHECK_NS (UINT64_C(60) * 1000 * 1000 * 1000)
#define ENTRY_COST_BYTES 512u /* keys, page heads and half-full pages of one write, generously */

/* What one transaction has done so far; becomes true only when it commits. */
struct group {
    struct vault_state state;
    uint64_t records, grants, conflicts;
};

static struct slice state_key(void) {
    return SLICE("state");
}

static struct vault_write *write_of(struct batch_item *item) {
    return (struct vault_write *)item; /* its first member */
}

void vault_writer_init(struct vault_writer *writer, struct vault_store *store, const struct vault_keyring *keyring,
                       const struct vault_state *state, const char *generation_path, uint64_t generation_outside) {
    writer->store = store;
    writer->keyring = keyring;
    writer->state = *state;
    writer->generation_path = generation_path;
    writer->generation_outside = generation_outside;
    writer->commits_in_generation = 0;
    writer->readers_checked_ns = clock_monotonic_ns();
    vault_sealer_init(&writer->sealer, keyring, state->vault_id);
}

/* --- generation ------------------------------------------------------------------------------------------ */

/* Brings the file outside up to what is committed inside. When it fails, the next commit tries again. */
static enum outcome publish_generation(struct vault_writer *writer) {
    if (writer->generation_path == NULL) writer->generation_outside = writer->state.generation;
    if (writer->generation_outside == writer->state.generation) return OUTCOME_OK;
    const enum outcome outcome = vault_generation_write(writer->generation_path, writer->keyring,
                                                        writer->state.vault_id, writer->state.generation);
    if (outcome == OUTCOME_OK) writer->generation_outside = writer->state.generation;
    return outcome;
}

static enum outcome put_state(struct vault_writer *writer, const struct vault_state *state) {
    char record[VAULT_STATE_LEN];
    const enum outcome outcome = vault_state_encode(state, writer->keyring, record);
    if (outcome != OUTCOME_OK) return outcome;
    return vault_store_write_put(writer->store, VAULT_TABLE_META, state_key(), slice_of(record, sizeof record));
}

static enum outcome commit_state(struct vault_writer *writer, const struct vault_state *next) {
    enum outcome outcome = vault_store_write_begin(writer->store);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = put_state(writer, next);
    if (outcome == OUTCOME_OK) return vault_store_write_commit(writer->store);
    vault_store_write_abort(writer->store);
    return outcome;
}

enum outcome vault_writer_advance(struct vault_writer *writer) {
    enum outcome outcome = publish_generation(writer);
    if (outcome != OUTCOME_OK) return outcome;
    struct vault_state next = writer->state;
    next.generation++;
    outcome = commit_state(writer, &next);
    if (outcome == OUTCOME_OVERFLOW) {
        outcome = vault_store_grow(writer->store, ENTRY_COST_BYTES);
        if (outcome == OUTCOME_OK) outcome = commit_state(writer, &next);
    }
    if (outcome != OUTCOME_OK) return outcome;
    writer->state = next;
    writer->commits_in_generation = 0;
    return publish_generation(writer);
}

void vault_writer_deinit(struct vault_writer *writer) {
    if (writer->commits_in_generation > 0 && vault_writer_advance(writer) != OUTCOME_OK)
        writer->commits_in_generation = 0; /* the last generation stands: still a true one */
    vault_sealer_deinit(&writer->sealer);
}

/* --- one write ------------------------------------------------------------------------------------------- */

/* A new epoch before the old key has encrypted too often. */
static void count_encryption(struct vault_state *state) {
    if (state->sealed_count >= VAULT_SEALS_PER_EPOCH) {
        state->epoch++;
        state->sealed_count = 0;
    }
    state->sealed_count++;
}

/* A failure to seal is the write's own; what is answered is the transaction's. */
static enum outcome put_record(struct vault_writer *writer, struct group *group, struct vault_write *write,
                               struct slice key) {
    count_encryption(&group->state);
    write->item.outcome = vault_seal(&writer->sealer, group->state.epoch, &write->scope, token_slice(&write->token),
                                     write->value_hash, write->value, writer->record);
    if (write->item.outcome != OUTCOME_OK) return OUTCOME_OK;
    group->records++;
    return vault_store_write_put(writer->store, VAULT_TABLE_RECORDS, key,
                                 slice_of((const char *)writer->record, VAULT_RECORD_HEAD + write->value.len));
}

static enum outcome compare_record(const struct vault_write *write, struct slice stored) {
    struct vault_record record;
    if (vault_record_parse(stored, &record) != OUTCOME_OK) return OUTCOME_CORRUPT;
    return vault_hmac_equal(record.value_hash.data, write->value_hash, sizeof write->value_hash) ? OUTCOME_OK
                                                                                                 : OUTCOME_CONFLICT;
}

/* The check that mint made is made again here, since another thread may have been quicker. */
static enum outcome settle_record(struct vault_writer *writer, struct group *group, struct vault_write *write) {
    const struct vault_entry_key key = vault_record_key(&write->scope, token_slice(&write->token));
    struct slice stored;
    const enum outcome outcome =
        vault_store_write_get(writer->store, VAULT_TABLE_RECORDS, vault_entry_slice(&key), &stored);
    if (outcome == OUTCOME_NOT_FOUND) return put_record(writer, group, write, vault_entry_slice(&key));
    if (outcome == OUTCOME_OK) write->item.outcome = compare_record(write, stored);
    if (write->item.outcome == OUTCOME_CONFLICT) group->conflicts++;
    return outcome;
}

static enum outcome settle_grant(struct vault_writer *writer, struct group *group, struct vault_write *write) {
    const struct vault_entry_key key = vault_grant_key(&write->scope, token_slice(&write->token));
    struct slice stored;
    char grant[VAULT_GRANT_LEN];
    const enum outcome outcome =
        vault_store_write_get(writer->store, VAULT_TABLE_GRANTS, vault_entry_slice(&key), &stored);
    if (outcome != OUTCOME_NOT_FOUND) return outcome;
    write->item.outcome = vault_grant_seal(writer->keyring, &key, grant);
    if (write->item.outcome != OUTCOME_OK) return OUTCOME_OK;
    group->grants++;
    return vault_store_write_put(writer->store, VAULT_TABLE_GRANTS, vault_entry_slice(&key),
                                 slice_of(grant, sizeof grant));
}

static enum outcome settle(struct vault_writer *writer, struct group *group, struct vault_write *write) {
    write->item.outcome = OUTCOME_OK;
    if (write->value.len == 0 || write->value.len > VAULT_VALUE_LONGEST || !token_valid(token_slice(&write->token))) {
        write->item.outcome = OUTCOME_INVALID;
        return OUTCOME_OK;
    }
    const enum outcome outcome = settle_record(writer, group, write);
    if (outcome != OUTCOME_OK || write->item.outcome != OUTCOME_OK) return outcome;
    return settle_grant(writer, group, write);
}

/* --- a group --------------------------------------------------------------------------------------------- */

static enum outcome fill_transaction(struct vault_writer *writer, struct group *group, struct batch_item *first) {
    for (struct batch_item *item = first; item; item = batch_item_next(item)) {
        const enum outcome outcome = settle(writer, group, write_of(item));
        if (outcome != OUTCOME_OK) return outcome;
    }
    if (group->records + group->grants == 0) return OUTCOME_OK;
    const bool due = writer->commits_in_generation + 1 >= COMMITS_PER_GENERATION;
    if (due && writer->generation_outside == writer->state.generation) group->state.generation++;
    return put_state(writer, &group->state);
}

static void account(struct vault_writer *writer, const struct group *group, struct batch_item *first) {
    const bool advanced = group->state.generation != writer->state.generation;
    writer->commits_in_generation = advanced ? 0 : writer->commits_in_generation + 1;
    writer->state = group->state;
    atomic_fetch_add(&writer->records, group->records);
    atomic_fetch_add(&writer->commits, 1);
    for (struct batch_item *item = first; item; item = batch_item_next(item))
        if (item->outcome == OUTCOME_OK) atomic_fetch_add(&writer->writes, 1);
}

static enum outcome commit_group(struct vault_writer *writer, struct batch_item *first) {
    struct group group = {.state = writer->state};
    enum outcome outcome = vault_store_write_begin(writer->store);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = fill_transaction(writer, &group, first);
    const bool changed = group.records + group.grants > 0;
    if (outcome == OUTCOME_OK && changed)
        outcome = vault_store_write_commit(writer->store);
    else
        vault_store_write_abort(writer->store);
    /* Encryptions have happened, whether they were committed or not. */
    writer->state.epoch = group.state.epoch;
    writer->state.sealed_count = group.state.sealed_count;
    if (outcome != OUTCOME_OK) return outcome;
    atomic_fetch_add(&writer->conflicts, group.conflicts);
    if (changed) account(writer, &group, first);
    return OUTCOME_OK;
}

static size_t cost_of(struct batch_item *first) {
    size_t bytes = 0;
    for (struct batch_item *item = first; item; item = batch_item_next(item))
        bytes += ENTRY_COST_BYTES + 2 * write_of(item)->value.len;
    return bytes;
}

static enum outcome commit_or_grow(struct vault_writer *writer, struct batch_item *first) {
    if (fault_hit("vault_commit")) return OUTCOME_IO;
    enum outcome outcome = commit_group(writer, first);
    if (outcome != OUTCOME_OVERFLOW) return outcome;
    outcome = vault_store_grow(writer->store, 2 * cost_of(first));
    return outcome == OUTCOME_OK ? commit_group(writer, first) : outcome;
}

static void check_readers_sometimes(struct vault_writer *writer) {
    const uint64_t now = clock_monotonic_ns();
    if (now - writer->readers_checked_ns < READER_CHECK_NS) return;
    writer->readers_checked_ns = now;
    vault_store_check_readers(writer->store);
}

void vault_writer_commit(void *owner, struct batch_item *first) {
    struct vault_writer *writer = owner;
    const enum outcome outcome = commit_or_grow(writer, first);
    for (struct batch_item *item = first; item && outcome != OUTCOME_OK; item = batch_item_next(item))
        item->outcome = outcome;
    /* A file outside that lags behind by one is allowed for; the next commit tries again. */
    if (outcome == OUTCOME_OK) (void)publish_generation(writer);
    check_readers_sometimes(writer);
}
