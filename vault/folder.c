#include "vault/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool name_paths(struct vault_folder *folder, const char *data_dir) {
    return (size_t)snprintf(folder->data_dir, sizeof folder->data_dir, "%s", data_dir) < sizeof folder->data_dir &&
           vault_path_join(folder->store, data_dir, "vault.mdb") &&
           vault_path_join(folder->generation, data_dir, "vault.generation") &&
           vault_path_join(folder->store_file, folder->store, "data.mdb");
}

static enum outcome make_folder(const char *path, struct detail *detail) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return OUTCOME_OK;
    const enum outcome outcome = errno == EACCES || errno == EPERM || errno == EROFS ? OUTCOME_DENIED : OUTCOME_IO;
    return detail_set(detail, outcome, "the folder %s cannot be created: %s; create it for the user who runs sluice",
                      path, strerror(errno));
}

static enum outcome lock(struct vault_folder *folder, struct detail *detail) {
    char path[VAULT_PATH_MAX];
    if (!vault_path_join(path, folder->data_dir, "vault.lock"))
        return detail_set(detail, OUTCOME_INVALID, "the path of the vault is too long");
    folder->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (folder->lock_fd < 0)
        return detail_set(detail, errno == EACCES ? OUTCOME_DENIED : OUTCOME_IO, "%s cannot be opened: %s", path,
                          strerror(errno));
    if (flock(folder->lock_fd, LOCK_EX | LOCK_NB) == 0) return OUTCOME_OK;
    const bool taken = errno == EWOULDBLOCK;
    const char *why = strerror(errno);
    if (taken)
        return detail_set(detail, OUTCOME_CONFLICT,
                          "the vault in %s is open already, here or in another process (%s is locked): stop that one, "
                          "or give each its own data_dir with the same key",
                          folder->data_dir, path);
    return detail_set(detail, OUTCOME_IO, "%s cannot be locked: %s", path, why);
}

static bool exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 || errno != ENOENT;
}

static enum outcome look(struct vault_folder *folder, struct detail *detail) {
    const bool store = exists(folder->store_file), generation = exists(folder->generation);
    folder->is_new = !store && !generation;
    if (store == generation) return OUTCOME_OK;
    if (generation)
        return detail_set(detail, OUTCOME_CORRUPT,
                          "the vault %s was deleted, but %s remembers it: restore it from a copy or, to start anew and "
                          "lose all values behind tokens, move %s away",
                          folder->store_file, folder->generation, folder->generation);
    return detail_set(detail, OUTCOME_CORRUPT,
                      "%s is missing, so nobody can tell whether the vault %s was rolled back: restore it or, to start "
                      "anew and lose all values behind tokens, move %s away",
                      folder->generation, folder->store_file, folder->store);
}

static enum outcome open_durable(const char *data_dir, struct vault_folder *folder, struct detail *detail) {
    if (!name_paths(folder, data_dir))
        return detail_set(detail, OUTCOME_INVALID, "the path of data_dir is longer than %u bytes", VAULT_PATH_MAX - 32);
    enum outcome outcome = make_folder(data_dir, detail);
    if (outcome == OUTCOME_OK) outcome = lock(folder, detail);
    if (outcome == OUTCOME_OK) outcome = look(folder, detail);
    if (outcome == OUTCOME_OK) outcome = make_folder(folder->store, detail);
    return outcome;
}

static enum outcome open_temporary(struct vault_folder *folder, struct detail *detail) {
    const char *parent = getenv("TMPDIR");
    char path[VAULT_PATH_MAX];
    folder->temporary = folder->is_new = true;
    if (!vault_path_join(path, parent != NULL && parent[0] != '\0' ? parent : "/tmp", "sluice-vault-XXXXXX"))
        return detail_set(detail, OUTCOME_INVALID, "TMPDIR is too long");
    if (mkdtemp(path) == NULL)
        return detail_set(detail, OUTCOME_IO, "no temporary folder %s for the vault in memory: %s", path,
                          strerror(errno));
    (void)snprintf(folder->store, sizeof folder->store, "%s", path);
    return OUTCOME_OK;
}

enum outcome vault_folder_open(const char *data_dir, struct vault_folder *folder_out, struct detail *detail) {
    *folder_out = (struct vault_folder){.lock_fd = -1};
    const enum outcome outcome =
        data_dir != NULL ? open_durable(data_dir, folder_out, detail) : open_temporary(folder_out, detail);
    if (outcome != OUTCOME_OK) vault_folder_close(folder_out);
    return outcome;
}

static void remove_store(const struct vault_folder *folder) {
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[VAULT_PATH_MAX];
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (vault_path_join(path, folder->store, names[i])) (void)unlink(path);
    (void)rmdir(folder->store);
}

enum outcome vault_folder_settle(const struct vault_folder *folder, struct detail *detail) {
    if (folder->temporary) {
        remove_store(folder);
        return OUTCOME_OK;
    }
    enum outcome outcome = vault_file_sync_entry(folder->store_file);
    if (outcome == OUTCOME_OK) outcome = vault_file_sync_entry(folder->store);
    if (outcome == OUTCOME_OK) outcome = vault_file_sync_entry(folder->data_dir);
    return outcome == OUTCOME_OK ? outcome
                                 : detail_set(detail, outcome, "the folder %s cannot be synced", folder->data_dir);
}

void vault_folder_forget(const struct vault_folder *folder) {
    remove_store(folder);
    if (!folder->temporary) (void)unlink(folder->generation);
}

void vault_folder_close(struct vault_folder *folder) {
    if (folder->lock_fd >= 0) close(folder->lock_fd);
    folder->lock_fd = -1;
}
