/* What the tests of the vault share: a folder that goes away, a vault in it, a write that is waited for. */
#ifndef SLUICE_TESTS_VAULT_FIXTURE_H
#define SLUICE_TESTS_VAULT_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/vault.h"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct test_folder {
    char path[256];
};

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline struct test_folder folder_make(void) {
    struct test_folder folder;
    (void)snprintf(folder.path, sizeof folder.path, "/tmp/sluice-test-vault-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static inline void folder_remove(const struct test_folder *folder) {
    (void)nftw(folder->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in the folder; valid until the fourth call after this one. */
static inline const char *folder_path(const struct test_folder *folder, const char *name) {
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder->path, name);
    return path;
}

static inline void file_write(const char *path, const void *bytes, size_t len, mode_t mode) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static inline size_t file_read(const char *path, void *bytes, size_t limit) {
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    const ssize_t len = read(fd, bytes, limit);
    close(fd);
    assert_true(len >= 0);
    return (size_t)len;
}

static inline struct vault *vault_must_open(const struct vault_settings *settings) {
    struct vault *vault = NULL;
    struct detail detail = {""};
    const enum outcome outcome = vault_open(settings, &vault, &detail);
    if (outcome != OUTCOME_OK) print_error("%s: %s\n", outcome_name(outcome), detail.text);
    assert_int_equal(outcome, OUTCOME_OK);
    return vault;
}

struct waited_write {
    struct vault_write write; /* first member */
    sem_t done;
};

static inline void on_waited_done(struct batch_item *item) {
    sem_post(&((struct waited_write *)item)->done);
}

/* Submits what waited->write holds and waits. */
static inline enum outcome submit_and_wait(struct vault *vault, struct waited_write *waited) {
    waited->write.item.on_done = on_waited_done;
    assert_int_equal(sem_init(&waited->done, 0, 0), 0);
    vault_write_submit(vault, &waited->write);
    while (sem_wait(&waited->done) != 0) continue;
    sem_destroy(&waited->done);
    return waited->write.item.outcome;
}

/* Mints until the token is known, as an exchange does. */
static inline struct token store_value(struct vault *vault, struct vault_reader *reader,
                                       const struct vault_scope *scope, const char *label, struct slice value) {
    struct token token;
    struct waited_write waited;
    bool known = false;
    for (int attempt = 0; attempt < 4; attempt++) {
        assert_int_equal(vault_mint(reader, scope, slice_str(label), value, &token, &known, &waited.write), OUTCOME_OK);
        if (known) return token;
        const enum outcome outcome = submit_and_wait(vault, &waited);
        assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_CONFLICT);
    }
    assert_true(known);
    return token;
}

static inline void assert_resolves(struct vault_reader *reader, const struct vault_scope *scope, struct token token,
                                   struct slice value) {
    struct arena arena;
    struct slice found;
    arena_init(&arena, 1 << 20);
    assert_int_equal(vault_resolve(reader, scope, token_slice(&token), &arena, &found), OUTCOME_OK);
    assert_int_equal(found.len, value.len);
    assert_memory_equal(found.data, value.data, value.len);
    arena_reset(&arena);
}

static inline enum outcome resolve_outcome(struct vault_reader *reader, const struct vault_scope *scope,
                                           struct token token) {
    struct arena arena;
    struct slice found = {NULL, 0};
    arena_init(&arena, 1 << 20);
    const enum outcome outcome = vault_resolve(reader, scope, token_slice(&token), &arena, &found);
    if (outcome != OUTCOME_OK) assert_null(found.data);
    arena_reset(&arena);
    return outcome;
}

#endif
