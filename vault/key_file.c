#include "vault/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/require.h"
#include "base/wipe.h"
#include "vault/keyring.h"
#include "vault/random.h"

#define HEX_LEN ((size_t)2 * VAULT_KEK_LEN)
#define FILE_LEN (HEX_LEN + 1) /* and a newline */
#define ANY_GROUP_OR_OTHER ((mode_t)077)
#define ANY_BUT_GROUP_READ ((mode_t)037)

static enum outcome place_path(struct vault_key_place *place, const char *dir, const char *name,
                               struct detail *detail) {
    const bool fits = dir != NULL ? vault_path_join(place->path, dir, name)
                                  : (size_t)snprintf(place->path, sizeof place->path, "%s", name) < sizeof place->path;
    if (fits) return OUTCOME_OK;
    return detail_set(detail, OUTCOME_INVALID, "the path of the vault's key is longer than %u bytes",
                      VAULT_PATH_MAX - 1);
}

static bool credential_exists(const char *dir) {
    char path[VAULT_PATH_MAX];
    return dir != NULL && vault_path_join(path, dir, "vault.key") && access(path, F_OK) == 0;
}

enum outcome vault_key_place_find(const struct vault_settings *settings, struct vault_key_place *place_out,
                                  struct detail *detail) {
    *place_out = (struct vault_key_place){.hex = settings->key_hex, .forbidden_mode = ANY_GROUP_OR_OTHER};
    if (settings->key_hex != NULL) return OUTCOME_OK;
    if (settings->key_file != NULL) return place_path(place_out, NULL, settings->key_file, detail);
    if (settings->data_dir == NULL) return OUTCOME_OK;
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (credential_exists(credentials)) {
        place_out->forbidden_mode = ANY_BUT_GROUP_READ;
        return place_path(place_out, credentials, "vault.key", detail);
    }
    place_out->beside_vault = true;
    return place_path(place_out, settings->data_dir, "vault.key", detail);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool decode_hex(const char *hex, unsigned char *bytes) {
    for (size_t i = 0; i < VAULT_KEK_LEN; i++) {
        const int high = hex_digit(hex[2 * i]);
        const int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);
        if (low < 0) return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static enum outcome read_setting(const char *hex, struct secret *kek, struct detail *detail) {
    if (strlen(hex) == HEX_LEN && decode_hex(hex, secret_bytes(kek))) return OUTCOME_OK;
    return detail_set(detail, OUTCOME_INVALID,
                      "the vault's key from the environment: expected exactly 64 hex digits (openssl rand -hex 32)");
}

static enum outcome check_guarded(const struct vault_key_place *place, int fd, struct detail *detail) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return detail_set(detail, OUTCOME_IO, "the vault's key %s: %s", place->path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return detail_set(detail, OUTCOME_INVALID, "the vault's key %s: expected a regular file", place->path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return detail_set(detail, OUTCOME_DENIED,
                          "the vault's key %s: expected user %u (who runs sluice) or root as owner, not user %u; "
                          "chown it, or draw a new key if that user is not trusted",
                          place->path, (unsigned)geteuid(), (unsigned)status.st_uid);
    if (status.st_mode & place->forbidden_mode)
        return detail_set(detail, OUTCOME_DENIED,
                          "the vault's key %s: expected mode 0600, not %04o: others can read it; chmod 600 it",
                          place->path, (unsigned)(status.st_mode & 07777));
    return OUTCOME_OK;
}

/* Reads at most one byte more than the form has, so that a longer file is noticed. */
static ssize_t read_text(int fd, char *text, size_t limit) {
    size_t len = 0;
    while (len < limit) {
        const ssize_t got = read(fd, text + len, limit - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static enum outcome read_form(const struct vault_key_place *place, int fd, struct secret *kek, struct detail *detail) {
    char text[FILE_LEN + 1];
    const ssize_t len = read_text(fd, text, sizeof text);
    const bool well_formed = len == FILE_LEN && text[HEX_LEN] == '\n' && decode_hex(text, secret_bytes(kek));
    wipe(text, sizeof text);
    if (len < 0) return detail_set(detail, OUTCOME_IO, "the vault's key %s: it cannot be read", place->path);
    if (well_formed) return OUTCOME_OK;
    return detail_set(detail, OUTCOME_INVALID,
                      "the vault's key %s: expected 64 hex digits and a newline, found %zd bytes or another form; "
                      "restore the file from a copy",
                      place->path, len);
}

static enum outcome read_file(const struct vault_key_place *place, struct secret *kek, struct detail *detail) {
    /* O_NONBLOCK: a named pipe must not stop the start; it is refused as no regular file. */
    const int fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return OUTCOME_NOT_FOUND;
    if (fd < 0)
        return detail_set(detail, errno == EACCES ? OUTCOME_DENIED : OUTCOME_IO, "the vault's key %s: %s", place->path,
                          strerror(errno));
    enum outcome outcome = check_guarded(place, fd, detail);
    if (outcome == OUTCOME_OK) outcome = read_form(place, fd, kek, detail);
    close(fd);
    return outcome;
}

enum outcome vault_key_read(const struct vault_key_place *place, struct secret *kek, struct detail *detail) {
    require(secret_len(kek) == VAULT_KEK_LEN);
    if (place->hex != NULL) return read_setting(place->hex, kek, detail);
    return place->path[0] != '\0' ? read_file(place, kek, detail) : OUTCOME_NOT_FOUND;
}

enum outcome vault_key_create(const struct vault_key_place *place, struct secret *kek, struct detail *detail) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = secret_view(kek);
    if (!vault_random_fill(secret_bytes(kek), VAULT_KEK_LEN))
        return detail_set(detail, OUTCOME_CRYPTO, "the kernel gave no random bytes for the vault's key");
    if (place->path[0] == '\0') return OUTCOME_OK;
    char text[FILE_LEN];
    for (size_t i = 0; i < VAULT_KEK_LEN; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[HEX_LEN] = '\n';
    const enum outcome outcome = vault_file_create(place->path, slice_of(text, sizeof text));
    wipe(text, sizeof text);
    if (outcome == OUTCOME_OK) return OUTCOME_OK;
    return detail_set(detail, outcome, "the vault's key %s cannot be created: %s", place->path, outcome_text(outcome));
}
