#include "tests/unit/vault/vault_fixture.h"

#include "vault/key_file.h"
#include "vault/keyring.h"

#define TEXT_A KEY_A "\n"

static struct test_folder folder;
static struct secret *kek;

static int setup(void **state) {
    (void)state;
    folder = folder_make();
    return secret_create(VAULT_KEK_LEN, &kek) == OUTCOME_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    secret_destroy(&kek);
    folder_remove(&folder);
    return 0;
}

static enum outcome read_place(const char *path, struct detail *detail) {
    struct vault_key_place place;
    const struct vault_settings settings = {.data_dir = folder.path, .key_file = path};
    assert_int_equal(vault_key_place_find(&settings, &place, detail), OUTCOME_OK);
    return vault_key_read(&place, kek, detail);
}

static void test_reads_what_it_should(void **state) {
    (void)state;
    struct detail detail = {""};
    const char *path = folder_path(&folder, "key");
    file_write(path, TEXT_A, strlen(TEXT_A), 0600);
    assert_int_equal(read_place(path, &detail), OUTCOME_OK);
    assert_int_equal(secret_view(kek)[0], 0x00);
    assert_int_equal(secret_view(kek)[1], 0x11);
    assert_int_equal(secret_view(kek)[31], 0xff);
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(read_place(path, &detail), OUTCOME_OK);
}

static void test_every_right_of_others_is_refused(void **state) {
    (void)state;
    const char *path = folder_path(&folder, "key");
    file_write(path, TEXT_A, strlen(TEXT_A), 0600);
    for (mode_t bit = 1; bit <= 040; bit = (mode_t)(bit << 1)) {
        struct detail detail = {""};
        assert_int_equal(chmod(path, 0600 | bit), 0);
        assert_int_equal(read_place(path, &detail), OUTCOME_DENIED);
        assert_non_null(strstr(detail.text, path));
        assert_non_null(strstr(detail.text, "chmod 600"));
    }
}

static void test_foreign_owner_is_refused(void **state) {
    (void)state;
    struct detail detail = {""};
    const char *path = folder_path(&folder, "key");
    file_write(path, TEXT_A, strlen(TEXT_A), 0600);
    if (chown(path, 12345, (gid_t)-1) != 0) skip();
    if (geteuid() != 0) skip();
    assert_int_equal(read_place(path, &detail), OUTCOME_DENIED);
    assert_non_null(strstr(detail.text, "owner"));
}

static void test_a_link_counts_as_its_target(void **state) {
    (void)state;
    struct detail detail = {""};
    const char *path = folder_path(&folder, "key"), *link = folder_path(&folder, "link");
    file_write(path, TEXT_A, strlen(TEXT_A), 0600);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(read_place(link, &detail), OUTCOME_OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(read_place(link, &detail), OUTCOME_DENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(read_place(link, &detail), OUTCOME_NOT_FOUND);
}

static void test_no_regular_file_is_refused(void **state) {
    (void)state;
    struct detail detail = {""};
    const char *path = folder_path(&folder, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(read_place(path, &detail), OUTCOME_INVALID);
    assert_int_equal(read_place(folder.path, &detail), OUTCOME_INVALID);
}

/* Every length but the right one, and every position with a byte that is no hex digit. */
static void test_other_forms_are_refused(void **state) {
    (void)state;
    const char *path = folder_path(&folder, "key");
    char text[80];
    memset(text, 'a', sizeof text);
    for (size_t len = 0; len < sizeof text; len++) {
        struct detail detail = {""};
        if (len > 0) text[len - 1] = '\n';
        file_write(path, text, len, 0600);
        assert_int_equal(read_place(path, &detail), len == 65 ? OUTCOME_OK : OUTCOME_INVALID);
        if (len > 0) text[len - 1] = 'a';
        assert_null(strstr(detail.text, "aaaa"));
    }
    for (size_t at = 0; at < 65; at++) {
        struct detail detail = {""};
        memcpy(text, TEXT_A, sizeof TEXT_A);
        text[at] = 'g';
        file_write(path, text, 65, 0600);
        assert_int_equal(read_place(path, &detail), OUTCOME_INVALID);
    }
}

static void test_setting_wins_and_is_strict(void **state) {
    (void)state;
    struct vault_key_place place;
    struct detail detail = {""};
    struct vault_settings settings = {.data_dir = folder.path, .key_file = "/nowhere", .key_hex = KEY_B};
    assert_int_equal(vault_key_place_find(&settings, &place, &detail), OUTCOME_OK);
    assert_int_equal(vault_key_read(&place, kek, &detail), OUTCOME_OK);
    assert_int_equal(secret_view(kek)[0], 0xff);
    static const char *const wrong[] = {"", "ff", KEY_A "0", KEY_A "\n", ("x" KEY_A)};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        place.hex = wrong[i];
        assert_int_equal(vault_key_read(&place, kek, &detail), OUTCOME_INVALID);
        assert_null(strstr(detail.text, "0011"));
    }
}

static void test_create_writes_once_and_guarded(void **state) {
    (void)state;
    struct vault_key_place place;
    struct detail detail = {""};
    const struct vault_settings settings = {.data_dir = folder.path};
    unsigned char drawn[VAULT_KEK_LEN];
    struct stat status;
    assert_int_equal(vault_key_place_find(&settings, &place, &detail), OUTCOME_OK);
    assert_true(place.beside_vault);
    assert_int_equal(vault_key_read(&place, kek, &detail), OUTCOME_NOT_FOUND);
    assert_int_equal(vault_key_create(&place, kek, &detail), OUTCOME_OK);
    memcpy(drawn, secret_view(kek), sizeof drawn);
    assert_int_equal(stat(folder_path(&folder, "vault.key"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 65);
    memset(secret_bytes(kek), 0, VAULT_KEK_LEN);
    assert_int_equal(vault_key_read(&place, kek, &detail), OUTCOME_OK);
    assert_memory_equal(secret_view(kek), drawn, sizeof drawn);
    assert_int_equal(vault_key_create(&place, kek, &detail), OUTCOME_CONFLICT);
    assert_int_equal(vault_key_read(&place, kek, &detail), OUTCOME_OK);
    assert_memory_equal(secret_view(kek), drawn, sizeof drawn);
}

static void test_systemd_credential(void **state) {
    (void)state;
    struct vault_key_place place;
    struct detail detail = {""};
    const struct vault_settings settings = {.data_dir = "/nonexistent"};
    const char *path = folder_path(&folder, "vault.key");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder.path, 1), 0);
    file_write(path, TEXT_A, strlen(TEXT_A), 0440);
    assert_int_equal(vault_key_place_find(&settings, &place, &detail), OUTCOME_OK);
    assert_string_equal(place.path, path);
    assert_false(place.beside_vault);
    assert_int_equal(vault_key_read(&place, kek, &detail), OUTCOME_OK);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(vault_key_read(&place, kek, &detail), OUTCOME_DENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(vault_key_place_find(&settings, &place, &detail), OUTCOME_OK);
    assert_string_equal(place.path, "/nonexistent/vault.key");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void test_long_paths_are_refused(void **state) {
    (void)state;
    struct vault_key_place place;
    struct detail detail = {""};
    char path[VAULT_PATH_MAX + 10];
    memset(path, 'd', sizeof path);
    path[sizeof path - 1] = '\0';
    const struct vault_settings as_file = {.key_file = path}, as_folder = {.data_dir = path};
    assert_int_equal(vault_key_place_find(&as_file, &place, &detail), OUTCOME_INVALID);
    assert_int_equal(vault_key_place_find(&as_folder, &place, &detail), OUTCOME_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_what_it_should, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_right_of_others_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_owner_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_link_counts_as_its_target, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_regular_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_forms_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_setting_wins_and_is_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_writes_once_and_guarded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_credential, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_paths_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
