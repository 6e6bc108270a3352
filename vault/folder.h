/* Where a vault lives, and that it lives there alone.
 *
 *     data_dir/vault.lock         flock()ed as long as the vault is open: one process, once
 *     data_dir/vault.mdb/         the store
 *     data_dir/vault.generation   generation.h
 *     data_dir/vault.key          key_file.h, unless the settings name another place
 *
 * In memory: a temporary folder of a random name, removed as soon as the store has its files open.
 *
 * Owns:    the lock.  Threads: one at a time.
 * Errors:  CONFLICT (open elsewhere), CORRUPT (part of the vault is missing), DENIED, INVALID, IO. */
#ifndef SLUICE_VAULT_FOLDER_H
#define SLUICE_VAULT_FOLDER_H

#include "base/outcome.h"
#include "vault/durable_file.h"

struct vault_folder {
    char data_dir[VAULT_PATH_MAX];
    char store[VAULT_PATH_MAX];
    char generation[VAULT_PATH_MAX];
    char store_file[VAULT_PATH_MAX]; /* data.mdb in the store's folder */
    int lock_fd;                     /* -1: not locked */
    bool temporary;
    bool is_new; /* neither store nor generation existed at open */
};

/* Creates data_dir (0700, its parent must exist) and the store's folder, and locks. NULL: a temporary folder. On an
 * error nothing is held. CORRUPT when the store or the generation is there without the other. */
enum outcome vault_folder_open(const char *data_dir, struct vault_folder *folder_out, struct detail *detail) MUST_CHECK;

/* After the store has created its files: makes them durable, or, in a temporary folder, nameless. */
enum outcome vault_folder_settle(const struct vault_folder *folder, struct detail *detail) MUST_CHECK;

/* After a first start that failed: removes what it left, so that the next start is a first one again. */
void vault_folder_forget(const struct vault_folder *folder);

/* Unlocks. */
void vault_folder_close(struct vault_folder *folder);

#endif
