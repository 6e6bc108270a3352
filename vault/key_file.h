/* Where the key of the vault (the KEK) comes from, and that nobody else can read it.
 *
 * In this order: 64 hex digits from the environment (key_hex); the file that the settings name; the systemd
 * credential `vault.key` (systemd.exec(5), LoadCredential=); data_dir/vault.key.
 *
 * The form of a file: 64 hex digits and a newline. It is a regular file (a symbolic link counts as what it
 * points to), owned by this user or root, without any right for group or others. A systemd credential may
 * show the right to read for its group: that is how the mask of its access list is displayed.
 *
 * Threads: any; reads the environment, so at start.
 * Errors:  NOT_FOUND, DENIED (others can read it, wrong owner), INVALID (form), IO, CRYPTO (no random bytes). */
#ifndef SLUICE_VAULT_KEY_FILE_H
#define SLUICE_VAULT_KEY_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/outcome.h"
#include "base/secret.h"
#include "vault/durable_file.h"
#include "vault/vault.h"

struct vault_key_place {
    const char *hex;           /* the settings', or NULL: then `path` is set */
    char path[VAULT_PATH_MAX]; /* empty with neither a key setting nor a data_dir: a random key */
    mode_t forbidden_mode;
    bool beside_vault; /* data_dir/vault.key: nobody but the vault itself has put it there */
};

/* INVALID when a path is too long. Does not look whether the file exists. */
enum outcome vault_key_place_find(const struct vault_settings *settings, struct vault_key_place *place_out,
                                  struct detail *detail) MUST_CHECK;

/* `kek` has VAULT_KEK_LEN bytes. NOT_FOUND leaves `detail` alone: the caller knows what a missing key means. */
enum outcome vault_key_read(const struct vault_key_place *place, struct secret *kek, struct detail *detail) MUST_CHECK;

/* Draws a key and, when the place is a file, stores it there, mode 0600; never over a file that exists. */
enum outcome vault_key_create(const struct vault_key_place *place, struct secret *kek,
                              struct detail *detail) MUST_CHECK;

#endif
