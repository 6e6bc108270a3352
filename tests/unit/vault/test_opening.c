#include "tests/unit/vault/vault_fixture.h"

#include <sys/wait.h>

static struct test_folder folder;
static char data_dir[300];

static int setup(void **state) {
    (void)state;
    folder = folder_make();
    (void)snprintf(data_dir, sizeof data_dir, "%s/data", folder.path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    folder_remove(&folder);
    return 0;
}

static struct vault_settings plain(void) {
    return (struct vault_settings){.data_dir = data_dir};
}

static void live_once(const struct vault_settings *settings, const char *value) {
    struct vault *vault = vault_must_open(settings);
    struct vault_reader *reader = NULL;
    assert_int_equal(vault_reader_open(vault, &reader), OUTCOME_OK);
    const struct vault_scope scope = vault_scope_of(vault, SLICE("t"), SLICE("a"));
    const struct token token = store_value(vault, reader, &scope, "ORG", slice_str(value));
    assert_resolves(reader, &scope, token, slice_str(value));
    vault_reader_close(&reader);
    vault_close(&vault);
}

/* Refused with that outcome, a detail that holds `hint`, and nothing left open: the lock is free again. */
static void assert_refused(const struct vault_settings *settings, enum outcome expected, const char *hint) {
    for (int i = 0; i < 2; i++) {
        struct vault *vault = NULL;
        struct detail detail = {""};
        const enum outcome outcome = vault_open(settings, &vault, &detail);
        if (outcome != expected || strstr(detail.text, hint) == NULL) print_error("%s\n", detail.text);
        assert_int_equal(outcome, expected);
        assert_null(vault);
        assert_non_null(strstr(detail.text, hint));
        assert_true(strlen(detail.text) < sizeof detail.text - 1); /* nothing was cut off */
    }
}

static void copy_file(const char *from, const char *to) {
    static char bytes[4 << 20];
    const size_t len = file_read(from, bytes, sizeof bytes);
    assert_true(len < sizeof bytes);
    file_write(to, bytes, len, 0600);
}

static void test_first_start_creates_guarded_files(void **state) {
    (void)state;
    static const char *const names[] = {"data/vault.key", "data/vault.lock", "data/vault.generation",
                                        "data/vault.mdb/data.mdb", "data/vault.mdb/lock.mdb"};
    struct stat status;
    const struct vault_settings settings = plain();
    live_once(&settings, "Acme");
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(stat(folder_path(&folder, names[i]), &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
    assert_int_equal(stat(data_dir, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    for (int i = 0; i < 3; i++) live_once(&settings, "Acme");
}

static void test_wrong_key(void **state) {
    (void)state;
    const struct vault_settings right = {.data_dir = data_dir, .key_hex = KEY_A};
    const struct vault_settings wrong = {.data_dir = data_dir, .key_hex = KEY_B};
    live_once(&right, "Acme");
    assert_refused(&wrong, OUTCOME_DENIED, "not the key of the vault");
    live_once(&right, "Acme");
}

static void test_readable_key(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    live_once(&settings, "Acme");
    assert_int_equal(chmod(folder_path(&folder, "data/vault.key"), 0640), 0);
    assert_refused(&settings, OUTCOME_DENIED, "chmod 600");
    assert_int_equal(chmod(folder_path(&folder, "data/vault.key"), 0600), 0);
    live_once(&settings, "Acme");
}

static void test_missing_key(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    live_once(&settings, "Acme");
    assert_int_equal(rename(folder_path(&folder, "data/vault.key"), folder_path(&folder, "away")), 0);
    assert_refused(&settings, OUTCOME_NOT_FOUND, "restore the key");
    assert_int_equal(access(folder_path(&folder, "data/vault.key"), F_OK), -1); /* no new key was drawn */
    assert_int_equal(rename(folder_path(&folder, "away"), folder_path(&folder, "data/vault.key")), 0);
    live_once(&settings, "Acme");
}

static void test_deleted_vault(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    live_once(&settings, "Acme");
    assert_int_equal(rename(folder_path(&folder, "data/vault.mdb"), folder_path(&folder, "away")), 0);
    assert_refused(&settings, OUTCOME_CORRUPT, "was deleted");
    assert_int_equal(unlink(folder_path(&folder, "data/vault.generation")), 0);
    assert_refused(&settings, OUTCOME_CORRUPT, "was deleted"); /* the key is still there */
    assert_int_equal(access(folder_path(&folder, "data/vault.key"), F_OK), 0);
    /* What the detail says: with the key away too, it starts anew. */
    assert_int_equal(unlink(folder_path(&folder, "data/vault.key")), 0);
    live_once(&settings, "Acme");
}

static void test_emptied_vault(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    live_once(&settings, "Acme");
    file_write(folder_path(&folder, "data/vault.mdb/data.mdb"), "", 0, 0600);
    assert_refused(&settings, OUTCOME_CORRUPT, "damaged or was replaced");
}

static void test_missing_generation(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    live_once(&settings, "Acme");
    assert_int_equal(rename(folder_path(&folder, "data/vault.generation"), folder_path(&folder, "away")), 0);
    assert_refused(&settings, OUTCOME_CORRUPT, "vault.generation is missing");
    assert_int_equal(rename(folder_path(&folder, "away"), folder_path(&folder, "data/vault.generation")), 0);
    live_once(&settings, "Acme");
}

static void test_rolled_back_vault(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    char store[400], copy[400];
    (void)snprintf(store, sizeof store, "%s/vault.mdb/data.mdb", data_dir);
    (void)snprintf(copy, sizeof copy, "%s/copy", folder.path);
    live_once(&settings, "Acme");
    copy_file(store, copy);
    live_once(&settings, "Umbrella");
    copy_file(copy, store);
    assert_refused(&settings, OUTCOME_CORRUPT, "rolled back");
}

static void test_rolled_back_generation(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    char file[400], copy[400];
    (void)snprintf(file, sizeof file, "%s/vault.generation", data_dir);
    (void)snprintf(copy, sizeof copy, "%s/copy", folder.path);
    live_once(&settings, "Acme");
    copy_file(file, copy);
    live_once(&settings, "Umbrella");
    copy_file(copy, file);
    assert_refused(&settings, OUTCOME_CORRUPT, "rolled back");
}

static void test_another_vaults_parts(void **state) {
    (void)state;
    const struct vault_settings a = {.data_dir = data_dir, .key_hex = KEY_A};
    const struct vault_settings b = {.data_dir = folder_path(&folder, "b"), .key_hex = KEY_A};
    live_once(&a, "Acme");
    live_once(&b, "Acme");
    copy_file(folder_path(&folder, "b/vault.generation"), folder_path(&folder, "data/vault.generation"));
    assert_refused(&a, OUTCOME_CORRUPT, "another vault's");
}

/* The process was killed between the commit and the file: the file is one behind, which is no roll-back. */
static void test_generation_one_behind_is_accepted(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    char file[400], copy[400];
    (void)snprintf(file, sizeof file, "%s/vault.generation", data_dir);
    (void)snprintf(copy, sizeof copy, "%s/copy", folder.path);
    struct vault *vault = vault_must_open(&settings);
    vault_close(&vault);
    copy_file(file, copy);
    vault = vault_must_open(&settings); /* advances once, writes nothing more */
    vault_close(&vault);
    copy_file(copy, file);
    live_once(&settings, "Acme");
}

static void test_open_twice(void **state) {
    (void)state;
    const struct vault_settings settings = plain();
    struct vault *vault = vault_must_open(&settings);
    assert_refused(&settings, OUTCOME_CONFLICT, "open already");
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct vault *second = NULL;
        _exit(vault_open(&settings, &second, NULL) == OUTCOME_CONFLICT ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    vault_close(&vault);
    vault = vault_must_open(&settings);
    vault_close(&vault);
}

static void test_first_start_that_fails_leaves_nothing(void **state) {
    (void)state;
    const struct vault_settings tiny = {.data_dir = data_dir, .map_limit_bytes = 16384}; /* no room for the tables */
    struct vault *vault = NULL;
    struct detail detail = {""};
    assert_int_equal(vault_open(&tiny, &vault, &detail), OUTCOME_OVERFLOW);
    assert_int_equal(access(folder_path(&folder, "data/vault.key"), F_OK), -1);
    assert_int_equal(access(folder_path(&folder, "data/vault.mdb"), F_OK), -1);
    const struct vault_settings settings = plain();
    live_once(&settings, "Acme");
}

static void test_named_key_file_is_created_and_shared(void **state) {
    (void)state;
    char key[400], second[400];
    (void)snprintf(key, sizeof key, "%s/the.key", folder.path);
    (void)snprintf(second, sizeof second, "%s/second", folder.path);
    const struct vault_settings a = {.data_dir = data_dir, .key_file = key};
    const struct vault_settings b = {.data_dir = second, .key_file = key};
    live_once(&a, "Acme");
    live_once(&b, "Acme");
    live_once(&a, "Acme");
    assert_int_equal(access(folder_path(&folder, "data/vault.key"), F_OK), -1);
}

static void test_bad_places(void **state) {
    (void)state;
    char long_path[1100];
    memset(long_path, 'd', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    const struct vault_settings too_long = {.data_dir = long_path};
    const struct vault_settings no_parent = {.data_dir = folder_path(&folder, "no/such/folder")};
    assert_refused(&too_long, OUTCOME_INVALID, "longer than");
    assert_refused(&no_parent, OUTCOME_IO, "cannot be created");
    assert_int_equal(setenv("TMPDIR", "/no/such/folder", 1), 0);
    const struct vault_settings memory = {0};
    assert_refused(&memory, OUTCOME_IO, "temporary folder");
    unsetenv("TMPDIR");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_start_creates_guarded_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deleted_vault, setup, teardown),
        cmocka_unit_test_setup_teardown(test_emptied_vault, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_generation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rolled_back_vault, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rolled_back_generation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_vaults_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_generation_one_behind_is_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_start_that_fails_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_named_key_file_is_created_and_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_places, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
