#include "vault/opening.h"

#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

#include "base/require.h"
#include "vault/generation.h"
#include "vault/key_file.h"

#define MAP_START_BYTES ((size_t)64 << 20)
#define MAP_LIMIT_BYTES ((size_t)64 << 30)

/* --- keys ------------------------------------------------------------------------------------------------ */

static enum outcome create_key(struct vault *vault, const struct vault_key_place *place, struct secret *kek,
                               struct detail *detail) {
    if (!vault->folder.is_new)
        return detail_set(
            detail, OUTCOME_NOT_FOUND,
            "the vault in %s exists, but its key %s is missing: restore the key from a copy; without it no "
            "value can be restored. To start anew, move %s and %s away",
            vault->folder.data_dir, place->path, vault->folder.store, vault->folder.generation);
    const enum outcome outcome = vault_key_create(place, kek, detail);
    if (outcome == OUTCOME_OK) memcpy(vault->created_key, place->path, sizeof vault->created_key);
    return outcome;
}

/* A key in the data_dir itself was put there by a vault, which is gone. A key from elsewhere may well be older than
 * this vault: replicas share one. */
static enum outcome check_key_has_vault(const struct vault *vault, const struct vault_key_place *place,
                                        struct detail *detail) {
    if (!place->beside_vault || !vault->folder.is_new) return OUTCOME_OK;
    return detail_set(detail, OUTCOME_CORRUPT,
                      "the vault %s was deleted, but its key %s is there: restore the vault from a copy or, to start "
                      "anew, move the key away (or name it as key_file)",
                      vault->folder.store_file, place->path);
}

static enum outcome read_or_create_key(struct vault *vault, const struct vault_key_place *place, struct secret *kek,
                                       struct detail *detail) {
    const enum outcome outcome = vault_key_read(place, kek, detail);
    if (outcome == OUTCOME_NOT_FOUND) return create_key(vault, place, kek, detail);
    return outcome == OUTCOME_OK ? check_key_has_vault(vault, place, detail) : outcome;
}

static enum outcome load_keyring(struct vault *vault, const struct vault_settings *settings, struct detail *detail) {
    struct vault_key_place place;
    struct secret *kek = NULL;
    enum outcome outcome = vault_key_place_find(settings, &place, detail);
    if (outcome != OUTCOME_OK) return outcome;
    if (secret_create(VAULT_KEK_LEN, &kek) != OUTCOME_OK)
        return detail_set(detail, OUTCOME_NO_MEMORY, "no memory for the vault's key");
    outcome = read_or_create_key(vault, &place, kek, detail);
    if (outcome == OUTCOME_OK) {
        outcome = vault_keyring_create(kek, &vault->keyring);
        if (outcome != OUTCOME_OK) detail_set(detail, outcome, "the vault's keys: %s", outcome_text(outcome));
    }
    secret_destroy(&kek);
    return outcome;
}

/* --- state ----------------------------------------------------------------------------------------------- */

static enum outcome open_store(struct vault *vault, const struct vault_settings *settings, struct detail *detail) {
    const struct vault_store_settings store = {
        .folder = vault->folder.store,
        .map_start_bytes = MAP_START_BYTES,
        .map_limit_bytes = settings->map_limit_bytes > 0 ? settings->map_limit_bytes : MAP_LIMIT_BYTES,
        .unlinked = vault->folder.temporary,
    };
    const enum outcome outcome = vault_store_open(&store, &vault->store, detail);
    if (outcome != OUTCOME_OK || !vault->folder.is_new) return outcome;
    return vault_folder_settle(&vault->folder, detail);
}

static enum outcome explain_state(const struct vault *vault, enum outcome outcome, struct detail *detail) {
    const char *store = vault->folder.store_file;
    switch (outcome) {
    case OUTCOME_OK: return OUTCOME_OK;
    case OUTCOME_DENIED:
        return detail_set(detail, OUTCOME_DENIED,
                          "the key is not the key of the vault %s: give it the key it was created with, or another "
                          "data_dir",
                          store);
    case OUTCOME_NOT_FOUND:
    case OUTCOME_CORRUPT:
        return detail_set(
            detail, OUTCOME_CORRUPT,
            "the vault %s is damaged or was replaced: its state record does not verify; restore it from a "
            "copy or, to start anew, move %s and %s away",
            store, vault->folder.store, vault->folder.generation);
    default: return detail_set(detail, outcome, "the vault %s: %s", store, outcome_text(outcome));
    }
}

static enum outcome read_state(const struct vault *vault, struct vault_state *state_out, struct detail *detail) {
    struct slice record;
    enum outcome outcome = vault_store_write_begin(vault->store);
    if (outcome == OUTCOME_OK) {
        outcome = vault_store_write_get(vault->store, VAULT_TABLE_META, SLICE("state"), &record);
        if (outcome == OUTCOME_OK) outcome = vault_state_decode(record, vault->keyring, state_out);
        vault_store_write_abort(vault->store);
    }
    return explain_state(vault, outcome, detail);
}

/* The file is equal to the vault or one behind (writer.h). Everything else means that one of both was set back. */
static enum outcome check_generation(const struct vault *vault, const struct vault_state *state, uint64_t *outside_out,
                                     struct detail *detail) {
    const char *store = vault->folder.store, *file = vault->folder.generation;
    const enum outcome outcome = vault_generation_read(file, vault->keyring, state->vault_id, outside_out);
    if (outcome == OUTCOME_CORRUPT)
        return detail_set(
            detail, OUTCOME_CORRUPT,
            "%s does not verify, or is another vault's: restore it together with %s or, to start anew and "
            "lose all values behind tokens, move both away",
            file, store);
    if (outcome != OUTCOME_OK) return detail_set(detail, outcome, "%s cannot be read: %s", file, outcome_text(outcome));
    if (*outside_out == state->generation || *outside_out + 1 == state->generation) return OUTCOME_OK;
    const bool rolled_back = state->generation < *outside_out;
    return detail_set(
        detail, OUTCOME_CORRUPT,
        "%s was rolled back (the vault is at generation %llu, the file outside at %llu): restore the newest "
        "copy of both or, to start anew and lose all values behind tokens, move %s and %s away",
        rolled_back ? vault->folder.store_file : file, (unsigned long long)state->generation,
        (unsigned long long)*outside_out, store, file);
}

static enum outcome load_state(struct vault *vault, struct vault_state *state_out, uint64_t *outside_out,
                               struct detail *detail) {
    *outside_out = 0;
    if (vault->folder.is_new) return explain_state(vault, vault_state_create(state_out), detail);
    const enum outcome outcome = read_state(vault, state_out, detail);
    return outcome == OUTCOME_OK ? check_generation(vault, state_out, outside_out, detail) : outcome;
}

static enum outcome start_writer(struct vault *vault, struct detail *detail) {
    struct vault_state state = {.epoch = 0};
    uint64_t outside = 0, records = 0;
    enum outcome outcome = load_state(vault, &state, &outside, detail);
    if (outcome != OUTCOME_OK) return outcome;
    vault_writer_init(&vault->writer, vault->store, vault->keyring, &state,
                      vault->folder.temporary ? NULL : vault->folder.generation, outside);
    memcpy(vault->vault_id, state.vault_id, VAULT_ID_LEN);
    vault->writer_ready = true;
    outcome = vault_store_count(vault->store, VAULT_TABLE_RECORDS, &records);
    if (outcome == OUTCOME_OK) outcome = vault_writer_advance(&vault->writer);
    if (outcome == OUTCOME_OK)
        outcome = batch_worker_start(vault_writer_commit, &vault->writer, "vault-writer", &vault->worker);
    atomic_store(&vault->writer.records, records);
    if (outcome == OUTCOME_OK) return OUTCOME_OK;
    return detail_set(detail, outcome, "the vault in %s cannot be written: %s", vault->folder.store,
                      outcome_text(outcome));
}

/* --- open and close -------------------------------------------------------------------------------------- */

static void close_parts(struct vault *vault) {
    batch_worker_stop(&vault->worker);
    if (vault->writer_ready) vault_writer_deinit(&vault->writer);
    vault_store_close(&vault->store);
    vault_keyring_destroy(&vault->keyring);
}

static enum outcome open_parts(struct vault *vault, const struct vault_settings *settings, struct detail *detail) {
    enum outcome outcome = load_keyring(vault, settings, detail);
    if (outcome == OUTCOME_OK) outcome = open_store(vault, settings, detail);
    if (outcome == OUTCOME_OK) outcome = start_writer(vault, detail);
    if (outcome == OUTCOME_OK) return OUTCOME_OK;
    close_parts(vault);
    if (vault->folder.is_new) vault_folder_forget(&vault->folder);
    if (vault->created_key[0] != '\0') (void)unlink(vault->created_key);
    return outcome;
}

enum outcome vault_open(const struct vault_settings *settings, struct vault **vault_out, struct detail *detail) {
    struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL) return detail_set(detail, OUTCOME_NO_MEMORY, "no memory for the vault");
    enum outcome outcome = vault_folder_open(settings->data_dir, &vault->folder, detail);
    if (outcome == OUTCOME_OK) {
        outcome = open_parts(vault, settings, detail);
        if (outcome != OUTCOME_OK) vault_folder_close(&vault->folder);
    }
    if (outcome == OUTCOME_OK)
        *vault_out = vault;
    else
        free(vault);
    return outcome;
}

void vault_close(struct vault **vault) {
    if (*vault == NULL) return;
    require(atomic_load(&(*vault)->reader_count) == 0);
    close_parts(*vault);
    vault_folder_close(&(*vault)->folder); /* last: the lock covers all of it */
    free(*vault);
    *vault = NULL;
}
