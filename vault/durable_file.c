#include "vault/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static enum outcome outcome_of_errno(void) {
    switch (errno) {
    case EEXIST: return OUTCOME_CONFLICT;
    case EACCES:
    case EPERM:
    case EROFS: return OUTCOME_DENIED;
    default: return OUTCOME_IO;
    }
}

bool vault_path_join(char path_out[static VAULT_PATH_MAX], const char *dir, const char *name) {
    const int len = snprintf(path_out, VAULT_PATH_MAX, "%s/%s", dir, name);
    return len > 0 && (unsigned)len < VAULT_PATH_MAX;
}

static bool write_all(int fd, struct slice bytes) {
    while (bytes.len > 0) {
        const ssize_t written = write(fd, bytes.data, bytes.len);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = slice_range(bytes, (size_t)written, bytes.len);
    }
    return true;
}

enum outcome vault_file_sync_entry(const char *path) {
    char folder[VAULT_PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (len >= sizeof folder) return OUTCOME_INVALID;
    memcpy(folder, path, len);
    folder[len] = '\0';
    const int fd = open(len > 0 ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return outcome_of_errno();
    const enum outcome outcome = fsync(fd) == 0 ? OUTCOME_OK : outcome_of_errno();
    close(fd);
    return outcome;
}

/* Writes a file that nothing else knows yet; removes it when that fails. */
static enum outcome fill(const char *path, int extra_flags, struct slice bytes) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | extra_flags, 0600);
    if (fd < 0) return outcome_of_errno();
    enum outcome outcome = write_all(fd, bytes) && fsync(fd) == 0 ? OUTCOME_OK : outcome_of_errno();
    if (close(fd) != 0 && outcome == OUTCOME_OK) outcome = outcome_of_errno();
    if (outcome != OUTCOME_OK) (void)unlink(path);
    return outcome;
}

enum outcome vault_file_create(const char *path, struct slice bytes) {
    enum outcome outcome = fill(path, O_EXCL, bytes);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = vault_file_sync_entry(path);
    if (outcome != OUTCOME_OK) (void)unlink(path);
    return outcome;
}

enum outcome vault_file_replace(const char *path, struct slice bytes) {
    char fresh[VAULT_PATH_MAX];
    const int len = snprintf(fresh, sizeof fresh, "%s.new", path);
    if (len < 0 || (unsigned)len >= sizeof fresh) return OUTCOME_INVALID;
    enum outcome outcome = fill(fresh, O_TRUNC, bytes);
    if (outcome != OUTCOME_OK) return outcome;
    if (rename(fresh, path) != 0) {
        outcome = outcome_of_errno();
        (void)unlink(fresh);
        return outcome;
    }
    return vault_file_sync_entry(path);
}
