#include "tests/unit/vault/vault_fixture.h"

#include "tests/unit/failing_alloc.h"
#include "vault/store.h"

static struct test_folder folder;
static struct vault *vault;
static struct vault_reader *reader;
static struct vault_scope scope;

static void open_all(void) {
    const struct vault_settings settings = {.data_dir = folder_path(&folder, "data"), .key_hex = KEY_A};
    vault = vault_must_open(&settings);
    assert_int_equal(vault_reader_open(vault, &reader), OUTCOME_OK);
    scope = vault_scope_of(vault, SLICE("tenant-1"), SLICE("agent-1"));
}

static void close_all(void) {
    vault_reader_close(&reader);
    vault_close(&vault);
    assert_null(reader);
    assert_null(vault);
}

static int setup(void **state) {
    (void)state;
    folder = folder_make();
    open_all();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    close_all();
    folder_remove(&folder);
    return 0;
}

static struct token store(const char *label, struct slice value) {
    return store_value(vault, reader, &scope, label, value);
}

static void test_mint_and_resolve(void **state) {
    (void)state;
    static const char with_nul[] = {'a', 0, 'b', '\n', (char)0xff};
    const struct token email = store("EMAIL", SLICE("jane@corp.example"));
    const struct token binary = store("HOST", slice_of(with_nul, sizeof with_nul));
    assert_true(token_valid(token_slice(&email)));
    assert_memory_equal(email.text, "EMAIL_", 6);
    assert_resolves(reader, &scope, email, SLICE("jane@corp.example"));
    assert_resolves(reader, &scope, binary, slice_of(with_nul, sizeof with_nul));
}

/* Not known until it is durable; then known at once, the same token each time. */
static void test_known_only_when_durable(void **state) {
    (void)state;
    struct token first, second;
    struct waited_write waited;
    bool known = true;
    const struct slice value = SLICE("+49 170 1234567");
    assert_int_equal(vault_mint(reader, &scope, SLICE("PHONE"), value, &first, &known, &waited.write), OUTCOME_OK);
    assert_false(known);
    assert_int_equal(resolve_outcome(reader, &scope, first), OUTCOME_NOT_FOUND);
    assert_int_equal(submit_and_wait(vault, &waited), OUTCOME_OK);
    vault_write_wipe(&waited.write);
    assert_int_equal(vault_mint(reader, &scope, SLICE("PHONE"), value, &second, &known, &waited.write), OUTCOME_OK);
    assert_true(known);
    assert_string_equal(first.text, second.text);
}

/* The format of tokens is a promise: the same key, scope, label and value give this one for ever. The expected
 * token was computed with an independent HKDF and HMAC. */
static void test_golden_token(void **state) {
    (void)state;
    const struct token token = store("EMAIL", SLICE("jane@corp.example"));
    assert_string_equal(token.text, "EMAIL_CKPF9W5N49");
}

static void test_tokens_differ_by_value_label_and_scope(void **state) {
    (void)state;
    const struct vault_scope other = vault_scope_of(vault, SLICE("tenant-2"), SLICE("agent-1"));
    const struct token base = store("ORG", SLICE("Acme"));
    const struct token value = store("ORG", SLICE("acme"));
    const struct token label = store("PROJECT", SLICE("Acme"));
    const struct token scoped = store_value(vault, reader, &other, "ORG", SLICE("Acme"));
    assert_string_not_equal(base.text, value.text);
    assert_string_not_equal(base.text + 4, label.text + 8);
    assert_string_not_equal(base.text, scoped.text);
}

static void test_grants_are_per_agent(void **state) {
    (void)state;
    const struct vault_scope other_agent = vault_scope_of(vault, SLICE("tenant-1"), SLICE("agent-2"));
    const struct vault_scope other_tenant = vault_scope_of(vault, SLICE("tenant-2"), SLICE("agent-1"));
    const struct slice value = SLICE("Jane Doe");
    const struct token token = store("PERSON", value);
    struct token again;
    struct waited_write waited;
    bool known = true;
    assert_int_equal(resolve_outcome(reader, &other_agent, token), OUTCOME_NOT_FOUND);
    assert_int_equal(resolve_outcome(reader, &other_tenant, token), OUTCOME_NOT_FOUND);
    /* The value is stored, but not granted: one write is due, and the token is the same. */
    assert_int_equal(vault_mint(reader, &other_agent, SLICE("PERSON"), value, &again, &known, &waited.write),
                     OUTCOME_OK);
    assert_false(known);
    assert_string_equal(again.text, token.text);
    assert_int_equal(submit_and_wait(vault, &waited), OUTCOME_OK);
    assert_resolves(reader, &other_agent, token, value);
    assert_resolves(reader, &scope, token, value);
    struct vault_counts counts;
    vault_counts_read(vault, &counts);
    assert_int_equal(counts.records, 1);
    assert_int_equal(counts.writes, 2);
}

static void test_same_token_after_close_and_open(void **state) {
    (void)state;
    const struct token before = store("IBAN", SLICE("DE89370400440532013000"));
    close_all();
    open_all();
    struct token after;
    struct vault_write write;
    bool known = false;
    assert_int_equal(vault_mint(reader, &scope, SLICE("IBAN"), SLICE("DE89370400440532013000"), &after, &known, &write),
                     OUTCOME_OK);
    assert_true(known);
    assert_string_equal(before.text, after.text);
    assert_resolves(reader, &scope, before, SLICE("DE89370400440532013000"));
    struct vault_counts counts;
    vault_counts_read(vault, &counts);
    assert_int_equal(counts.records, 1);
    assert_int_equal(counts.commits, 0);
}

static void test_same_token_in_a_replica_with_the_key(void **state) {
    (void)state;
    const struct vault_settings same = {.data_dir = folder_path(&folder, "b"), .key_hex = KEY_A};
    const struct vault_settings other = {.data_dir = folder_path(&folder, "c"), .key_hex = KEY_B};
    const struct token here = store("EMAIL", SLICE("jane@corp.example"));
    for (int i = 0; i < 2; i++) {
        struct vault *replica = vault_must_open(i == 0 ? &same : &other);
        struct vault_reader *replica_reader = NULL;
        assert_int_equal(vault_reader_open(replica, &replica_reader), OUTCOME_OK);
        const struct vault_scope there = vault_scope_of(replica, SLICE("tenant-1"), SLICE("agent-1"));
        const struct token token = store_value(replica, replica_reader, &there, "EMAIL", SLICE("jane@corp.example"));
        assert_int_equal(memcmp(&there, &scope, sizeof scope) == 0, i == 0);
        assert_int_equal(strcmp(token.text, here.text) == 0, i == 0);
        vault_reader_close(&replica_reader);
        vault_close(&replica);
    }
}

/* B's token is taken by A, as if their hashes began alike: B gets the next candidate, the same each time, and nothing
 * is rebound. */
static void test_a_taken_token_is_passed_over(void **state) {
    (void)state;
    struct waited_write a, b;
    struct token token_a, token_b, token_next, token_again;
    bool known = false;
    const struct slice value_a = SLICE("value A"), value_b = SLICE("value B");
    assert_int_equal(vault_mint(reader, &scope, SLICE("ORG"), value_a, &token_a, &known, &a.write), OUTCOME_OK);
    assert_int_equal(vault_mint(reader, &scope, SLICE("ORG"), value_b, &token_b, &known, &b.write), OUTCOME_OK);
    a.write.token = token_b;
    assert_int_equal(submit_and_wait(vault, &a), OUTCOME_OK);
    assert_int_equal(submit_and_wait(vault, &b), OUTCOME_CONFLICT);
    assert_int_equal(vault_mint(reader, &scope, SLICE("ORG"), value_b, &token_next, &known, &b.write), OUTCOME_OK);
    assert_false(known);
    assert_string_not_equal(token_next.text, token_b.text);
    assert_int_equal(submit_and_wait(vault, &b), OUTCOME_OK);
    assert_int_equal(vault_mint(reader, &scope, SLICE("ORG"), value_b, &token_again, &known, &b.write), OUTCOME_OK);
    assert_true(known);
    assert_string_equal(token_again.text, token_next.text);
    assert_resolves(reader, &scope, token_b, value_a);
    assert_resolves(reader, &scope, token_next, value_b);
    struct vault_counts counts;
    vault_counts_read(vault, &counts);
    assert_int_equal(counts.conflicts, 1);
}

static void test_refuses_what_it_must(void **state) {
    (void)state;
    struct token token;
    struct vault_write write;
    bool known = true;
    static char long_value[65537];
    memset(long_value, 'v', sizeof long_value);
    assert_int_equal(vault_mint(reader, &scope, SLICE("email"), SLICE("v"), &token, &known, &write), OUTCOME_INVALID);
    assert_int_equal(vault_mint(reader, &scope, SLICE(""), SLICE("v"), &token, &known, &write), OUTCOME_INVALID);
    assert_int_equal(vault_mint(reader, &scope, SLICE("EMAIL"), SLICE(""), &token, &known, &write), OUTCOME_INVALID);
    assert_int_equal(vault_mint(reader, &scope, SLICE("EMAIL"), slice_of(long_value, 65537), &token, &known, &write),
                     OUTCOME_INVALID);
    assert_false(known);
    const struct token longest = store("EMAIL", slice_of(long_value, 65536));
    assert_resolves(reader, &scope, longest, slice_of(long_value, 65536));
    struct arena arena;
    struct slice found;
    arena_init(&arena, 1000);
    assert_int_equal(vault_resolve(reader, &scope, SLICE("no token"), &arena, &found), OUTCOME_NOT_FOUND);
    assert_int_equal(vault_resolve(reader, &scope, SLICE(""), &arena, &found), OUTCOME_NOT_FOUND);
    assert_int_equal(vault_resolve(reader, &scope, token_slice(&longest), &arena, &found), OUTCOME_OVERFLOW);
    arena_reset(&arena);
}

#ifdef SLUICE_FAULTS
static void test_faults(void **state) {
    (void)state;
    struct token token;
    struct waited_write waited;
    bool known = true;
    assert_int_equal(vault_mint(reader, &scope, SLICE("EMAIL"), SLICE("v"), &token, &known, &waited.write), OUTCOME_OK);
    setenv("SLUICE_FAULT", "vault_commit", 1);
    assert_int_equal(submit_and_wait(vault, &waited), OUTCOME_IO);
    unsetenv("SLUICE_FAULT");
    assert_int_equal(resolve_outcome(reader, &scope, token), OUTCOME_NOT_FOUND);
}
#endif

/* --- edited on disk -------------------------------------------------------------------------------------- */

/* The vault is closed: opens its store as somebody would who has the file but not the key. */
static struct vault_store *open_store(void) {
    const char *path = folder_path(&folder, "data/vault.mdb");
    const struct vault_store_settings settings = {
        .folder = path, .map_start_bytes = 64 << 20, .map_limit_bytes = 64 << 20, .unlinked = true};
    struct vault_store *disk = NULL;
    assert_int_equal(vault_store_open(&settings, &disk, NULL), OUTCOME_OK);
    return disk;
}

static size_t record_key(char *key, struct token token) {
    memcpy(key, scope.scope_id, 16);
    memcpy(key + 16, token.text, token.len);
    return 16u + token.len;
}

static size_t grant_key(char *key, struct token token) {
    memcpy(key, scope.agent_id, 8);
    return 8 + record_key(key + 8, token);
}

static size_t fetch(struct vault_store *disk, enum vault_table table, struct slice key, char *bytes) {
    struct slice found;
    assert_int_equal(vault_store_write_get(disk, table, key, &found), OUTCOME_OK);
    memcpy(bytes, found.data, found.len);
    return found.len;
}

static void flip_byte(struct vault_store *disk, enum vault_table table, struct slice key, size_t at) {
    char bytes[256];
    const size_t len = fetch(disk, table, key, bytes);
    bytes[at % len] ^= 1;
    assert_int_equal(vault_store_write_put(disk, table, key, slice_of(bytes, len)), OUTCOME_OK);
}

static void test_every_edited_byte_is_corrupt(void **state) {
    (void)state;
    enum { VALUE_LEN = 20, RECORD_LEN = 65 + VALUE_LEN, GRANT_LEN = 16, COUNT = RECORD_LEN + GRANT_LEN };
    struct token tokens[COUNT];
    char value[VALUE_LEN + 8], key[64];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(value, sizeof value, "value number %07d", i);
        tokens[i] = store("ORG", slice_of(value, VALUE_LEN));
        assert_resolves(reader, &scope, tokens[i], slice_of(value, VALUE_LEN));
    }
    close_all();
    struct vault_store *disk = open_store();
    assert_int_equal(vault_store_write_begin(disk), OUTCOME_OK);
    for (int i = 0; i < RECORD_LEN; i++)
        flip_byte(disk, VAULT_TABLE_RECORDS, slice_of(key, record_key(key, tokens[i])), (size_t)i);
    for (int i = RECORD_LEN; i < COUNT; i++)
        flip_byte(disk, VAULT_TABLE_GRANTS, slice_of(key, grant_key(key, tokens[i])), (size_t)(i - RECORD_LEN));
    assert_int_equal(vault_store_write_commit(disk), OUTCOME_OK);
    vault_store_close(&disk);
    open_all();
    for (int i = 0; i < COUNT; i++) assert_int_equal(resolve_outcome(reader, &scope, tokens[i]), OUTCOME_CORRUPT);
}

static void test_swapped_truncated_and_copied_entries_are_corrupt(void **state) {
    (void)state;
    const struct vault_scope thief = vault_scope_of(vault, SLICE("tenant-1"), SLICE("thief"));
    const struct token a = store("ORG", SLICE("value A")), b = store("ORG", SLICE("value B"));
    const struct token c = store("ORG", SLICE("value C"));
    char key_a[64], key_b[64], key_c[64], record_a[256], record_b[256], record_c[256], grant[64];
    const size_t key_len = record_key(key_a, a);
    record_key(key_b, b);
    record_key(key_c, c);
    close_all();
    struct vault_store *disk = open_store();
    assert_int_equal(vault_store_write_begin(disk), OUTCOME_OK);
    const size_t len = fetch(disk, VAULT_TABLE_RECORDS, slice_of(key_a, key_len), record_a);
    fetch(disk, VAULT_TABLE_RECORDS, slice_of(key_b, key_len), record_b);
    fetch(disk, VAULT_TABLE_RECORDS, slice_of(key_c, key_len), record_c);
    const struct slice swaps[][2] = {{slice_of(key_a, key_len), slice_of(record_b, len)},
                                     {slice_of(key_b, key_len), slice_of(record_a, len)},
                                     {slice_of(key_c, key_len), slice_of(record_c, len - 1)}};
    for (int i = 0; i < 3; i++)
        assert_int_equal(vault_store_write_put(disk, VAULT_TABLE_RECORDS, swaps[i][0], swaps[i][1]), OUTCOME_OK);
    /* A grant of one agent, copied under the key of another. */
    char key_grant[64];
    const size_t grant_key_len = grant_key(key_grant, a);
    const size_t grant_len = fetch(disk, VAULT_TABLE_GRANTS, slice_of(key_grant, grant_key_len), grant);
    memcpy(key_grant, thief.agent_id, 8);
    assert_int_equal(
        vault_store_write_put(disk, VAULT_TABLE_GRANTS, slice_of(key_grant, grant_key_len), slice_of(grant, grant_len)),
        OUTCOME_OK);
    assert_int_equal(vault_store_write_commit(disk), OUTCOME_OK);
    vault_store_close(&disk);
    open_all();
    assert_int_equal(resolve_outcome(reader, &scope, a), OUTCOME_CORRUPT);
    assert_int_equal(resolve_outcome(reader, &scope, b), OUTCOME_CORRUPT);
    assert_int_equal(resolve_outcome(reader, &scope, c), OUTCOME_CORRUPT);
    assert_int_equal(resolve_outcome(reader, &thief, a), OUTCOME_CORRUPT);
}

/* --- memory ---------------------------------------------------------------------------------------------- */

static void test_in_memory_leaves_no_trace(void **state) {
    (void)state;
    const struct vault_settings settings = {0};
    assert_int_equal(setenv("TMPDIR", folder_path(&folder, "."), 1), 0);
    struct vault *first = vault_must_open(&settings), *second = vault_must_open(&settings);
    struct vault_reader *first_reader = NULL, *second_reader = NULL;
    assert_int_equal(vault_reader_open(first, &first_reader), OUTCOME_OK);
    assert_int_equal(vault_reader_open(second, &second_reader), OUTCOME_OK);
    const struct vault_scope in_first = vault_scope_of(first, SLICE("t"), SLICE("a"));
    const struct vault_scope in_second = vault_scope_of(second, SLICE("t"), SLICE("a"));
    const struct token a = store_value(first, first_reader, &in_first, "ORG", SLICE("Acme"));
    const struct token b = store_value(second, second_reader, &in_second, "ORG", SLICE("Acme"));
    assert_resolves(first_reader, &in_first, a, SLICE("Acme"));
    assert_string_not_equal(a.text, b.text); /* random keys */
    /* Only this test's own vault is left in the folder. */
    assert_int_equal(rmdir(folder_path(&folder, "data")), -1);
    unsetenv("TMPDIR");
    struct stat status;
    assert_int_equal(stat(folder.path, &status), 0);
    assert_int_equal(status.st_nlink, 3); /* . .. and data */
    vault_reader_close(&first_reader);
    vault_reader_close(&second_reader);
    vault_close(&first);
    vault_close(&second);
}

static enum outcome one_life(struct waited_write *waited) {
    const struct vault_settings settings = {0};
    struct vault *made = NULL;
    struct vault_reader *its_reader = NULL;
    struct arena arena;
    struct token token;
    struct slice found;
    bool known = false;
    arena_init(&arena, 4096);
    enum outcome outcome = vault_open(&settings, &made, NULL);
    if (outcome == OUTCOME_OK) outcome = vault_reader_open(made, &its_reader);
    if (outcome == OUTCOME_OK) {
        const struct vault_scope in_it = vault_scope_of(made, SLICE("t"), SLICE("a"));
        outcome = vault_mint(its_reader, &in_it, SLICE("ORG"), SLICE("Acme"), &token, &known, &waited->write);
        if (outcome == OUTCOME_OK) outcome = submit_and_wait(made, waited);
        if (outcome == OUTCOME_OK) outcome = vault_resolve(its_reader, &in_it, token_slice(&token), &arena, &found);
    }
    arena_reset(&arena);
    vault_reader_close(&its_reader);
    vault_close(&made);
    return outcome;
}

static void test_survives_every_failed_allocation(void **state) {
    (void)state;
    struct waited_write waited;
    unsigned nth = 1;
    for (;; nth++) {
        failing_alloc_arm(nth);
        const enum outcome outcome = one_life(&waited);
        if (!failing_alloc_disarm()) {
            assert_int_equal(outcome, OUTCOME_OK);
            break;
        }
        assert_true(outcome == OUTCOME_NO_MEMORY || outcome == OUTCOME_OVERFLOW);
    }
    assert_true(nth > 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mint_and_resolve, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_only_when_durable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_golden_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens_differ_by_value_label_and_scope, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grants_are_per_agent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_token_after_close_and_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_token_in_a_replica_with_the_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_taken_token_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_what_it_must, setup, teardown),
#ifdef SLUICE_FAULTS
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
#endif
        cmocka_unit_test_setup_teardown(test_every_edited_byte_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_swapped_truncated_and_copied_entries_are_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_memory_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_survives_every_failed_allocation, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
