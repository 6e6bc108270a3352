/* The parts of a vault, and how they are put together at start.
 *
 *     folder (locked) -> keys -> store -> state (genuine? right key? not rolled back?) -> writer -> its thread
 *
 * Either all of them stand, or nothing is left. A first start that fails leaves no half a vault behind.
 * Internal to the room: vault.h is its face. */
#ifndef SLUICE_VAULT_OPENING_H
#define SLUICE_VAULT_OPENING_H

#include "vault/folder.h"
#include "vault/keyring.h"
#include "vault/store.h"
#include "vault/writer.h"

struct vault {
    struct vault_folder folder;
    char created_key[VAULT_PATH_MAX]; /* by this start, or empty */
    struct vault_keyring *keyring;
    unsigned char vault_id[VAULT_ID_LEN];
    struct vault_store *store;
    struct batch_worker *worker;
    bool writer_ready;
    _Atomic unsigned reader_count;
    struct vault_writer writer;
};

#endif
