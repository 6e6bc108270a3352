#include "vault/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vault/durable_file.h"

#define TEXT_MAX 256u

#define NUMBER_LINE "\ngeneration "

static size_t append_hex(char *text, size_t len, const unsigned char *bytes, size_t count) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        text[len++] = digits[bytes[i] >> 4];
        text[len++] = digits[bytes[i] & 15];
    }
    return len;
}

static size_t append_text(char *text, size_t len, struct slice more) {
    memcpy(text + len, more.data, more.len);
    return len + more.len;
}

static enum outcome render(const struct vault_keyring *keyring, const unsigned char *vault_id, uint64_t generation,
                           char text[static TEXT_MAX], size_t *len_out) {
    char number[24];
    (void)snprintf(number, sizeof number, "%" PRIu64, generation);
    size_t len = append_text(text, 0, SLICE("sluice vault generation 1\nid "));
    len = append_hex(text, len, vault_id, VAULT_ID_LEN);
    len = append_text(text, len, SLICE(NUMBER_LINE));
    len = append_text(text, len, slice_str(number));
    len = append_text(text, len, SLICE("\n"));
    const struct slice lines = slice_of(text, len);
    unsigned char mac[VAULT_HMAC_LEN];
    const enum outcome outcome = vault_keyring_hmac(keyring, VAULT_KEY_STATE, &lines, 1, mac);
    len = append_text(text, len, SLICE("mac "));
    len = append_hex(text, len, mac, sizeof mac);
    *len_out = append_text(text, len, SLICE("\n"));
    return outcome;
}

static enum outcome load(const char *path, char text[static TEXT_MAX], size_t *len_out) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return errno == ENOENT ? OUTCOME_NOT_FOUND : errno == EACCES ? OUTCOME_DENIED : OUTCOME_IO;
    const ssize_t len = read(fd, text, TEXT_MAX - 1); /* a regular file this small comes at once */
    close(fd);
    if (len < 0) return OUTCOME_IO;
    text[len] = '\0';
    *len_out = (size_t)len;
    return OUTCOME_OK;
}

/* The file is genuine when it is, byte for byte, what we would have written with the number in it. */
enum outcome vault_generation_read(const char *path, const struct vault_keyring *keyring,
                                   const unsigned char vault_id[static VAULT_ID_LEN], uint64_t *generation_out) {
    char text[TEXT_MAX], expected[TEXT_MAX];
    size_t len = 0, expected_len = 0;
    enum outcome outcome = load(path, text, &len);
    if (outcome != OUTCOME_OK) return outcome;
    const char *number = strstr(text, NUMBER_LINE);
    if (number == NULL) return OUTCOME_CORRUPT;
    const uint64_t generation = strtoull(number + sizeof NUMBER_LINE - 1, NULL, 10);
    outcome = render(keyring, vault_id, generation, expected, &expected_len);
    if (outcome != OUTCOME_OK) return outcome;
    if (len != expected_len || !vault_hmac_equal(text, expected, len)) return OUTCOME_CORRUPT;
    *generation_out = generation;
    return OUTCOME_OK;
}

enum outcome vault_generation_write(const char *path, const struct vault_keyring *keyring,
                                    const unsigned char vault_id[static VAULT_ID_LEN], uint64_t generation) {
    char text[TEXT_MAX];
    size_t len = 0;
    const enum outcome outcome = render(keyring, vault_id, generation, text, &len);
    return outcome == OUTCOME_OK ? vault_file_replace(path, slice_of(text, len)) : outcome;
}
