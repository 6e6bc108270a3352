#include "tests/unit/vault/vault_fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "vault/entry.h"
#include "vault/generation.h"
#include "vault/writer.h"

/* A writer without its thread: the test decides what is in a group. */
static struct test_folder folder;
static struct vault_keyring *keyring;
static struct vault_store *store;
static struct vault_store_view *view;
static struct vault_writer writer;
static struct vault_scope scope;
static char generation_path[400];

static void start(size_t map_start, size_t map_limit, struct vault_state state) {
    const struct vault_store_settings settings = {
        .folder = folder.path, .map_start_bytes = map_start, .map_limit_bytes = map_limit, .unlinked = true};
    assert_int_equal(vault_store_open(&settings, &store, NULL), OUTCOME_OK);
    memset(&writer, 0, sizeof writer);
    vault_writer_init(&writer, store, keyring, &state, generation_path, state.generation);
    assert_int_equal(vault_writer_advance(&writer), OUTCOME_OK);
    assert_int_equal(vault_store_view_open(store, &view), OUTCOME_OK);
}

static void stop(void) {
    vault_store_view_close(&view);
    vault_writer_deinit(&writer);
    vault_store_close(&store);
}

static struct vault_state new_state(void) {
    struct vault_state state;
    assert_int_equal(vault_state_create(&state), OUTCOME_OK);
    return state;
}

static int setup(void **state) {
    (void)state;
    struct secret *kek = NULL;
    folder = folder_make();
    (void)snprintf(generation_path, sizeof generation_path, "%s/vault.generation", folder.path);
    assert_int_equal(secret_create(VAULT_KEK_LEN, &kek), OUTCOME_OK);
    assert_int_equal(vault_keyring_create(kek, &keyring), OUTCOME_OK);
    secret_destroy(&kek);
    assert_int_equal(vault_scope_derive(keyring, SLICE("tenant"), SLICE("agent"), &scope), OUTCOME_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    vault_keyring_destroy(&keyring);
    folder_remove(&folder);
    return 0;
}

static struct vault_write write_for(const struct vault_scope *of, struct slice value) {
    struct vault_write write = {.scope = *of, .label = SLICE("ORG"), .value = value};
    assert_int_equal(vault_value_hash(keyring, of, write.label, 0, value, write.value_hash), OUTCOME_OK);
    write.token = token_build(write.label, write.value_hash);
    return write;
}

static void commit(struct vault_write *writes, size_t count) {
    for (size_t i = 0; i < count; i++) writes[i].item.node.next = i + 1 < count ? &writes[i + 1].item.node : NULL;
    vault_writer_commit(&writer, &writes[0].item);
}

static bool is_stored(const struct vault_write *write, uint32_t *epoch_out) {
    const struct vault_entry_key record_key = vault_record_key(&write->scope, token_slice(&write->token));
    const struct vault_entry_key grant_key = vault_grant_key(&write->scope, token_slice(&write->token));
    struct slice record, grant;
    struct vault_record parsed;
    char *value = malloc(VAULT_VALUE_LONGEST);
    assert_int_equal(vault_store_view_begin(view), OUTCOME_OK);
    bool stored =
        vault_store_view_get(view, VAULT_TABLE_RECORDS, vault_entry_slice(&record_key), &record) == OUTCOME_OK;
    stored =
        stored && vault_store_view_get(view, VAULT_TABLE_GRANTS, vault_entry_slice(&grant_key), &grant) == OUTCOME_OK;
    if (stored) {
        assert_int_equal(vault_grant_verify(keyring, &grant_key, grant), OUTCOME_OK);
        assert_int_equal(vault_record_parse(record, &parsed), OUTCOME_OK);
        assert_int_equal(vault_unseal(&writer.sealer, &write->scope, token_slice(&write->token), &parsed, value),
                         OUTCOME_OK);
        assert_int_equal(parsed.ciphertext.len, write->value.len);
        assert_memory_equal(value, write->value.data, write->value.len);
        if (epoch_out != NULL) *epoch_out = parsed.epoch;
    }
    vault_store_view_end(view);
    free(value);
    return stored;
}

static void test_each_write_of_a_group_has_its_own_outcome(void **state) {
    (void)state;
    start(1 << 20, 1 << 20, new_state());
    struct vault_scope other_agent;
    assert_int_equal(vault_scope_derive(keyring, SLICE("tenant"), SLICE("other"), &other_agent), OUTCOME_OK);
    struct vault_write writes[] = {
        write_for(&scope, SLICE("Acme")),       /* new */
        write_for(&scope, SLICE("Acme")),       /* the same again */
        write_for(&other_agent, SLICE("Acme")), /* for another agent: a grant only */
        write_for(&scope, SLICE("Umbrella")),   /* its token is taken by Acme, see below */
        write_for(&scope, SLICE("")),           /* nothing to store */
        write_for(&scope, SLICE("Initech")),    /* new */
        write_for(&scope, SLICE("Hooli")),      /* its token is none */
    };
    const struct token umbrella = writes[3].token;
    writes[3].token = writes[0].token;
    writes[6].token.text[5] ^= 1;
    commit(writes, 7);
    static const enum outcome expected[] = {OUTCOME_OK,      OUTCOME_OK, OUTCOME_OK,     OUTCOME_CONFLICT,
                                            OUTCOME_INVALID, OUTCOME_OK, OUTCOME_INVALID};
    for (int i = 0; i < 7; i++) assert_int_equal(writes[i].item.outcome, expected[i]);
    for (int i = 0; i < 7; i++)
        if (expected[i] == OUTCOME_OK) assert_true(is_stored(&writes[i], NULL));
    writes[3].token = umbrella;
    assert_false(is_stored(&writes[3], NULL));
    assert_int_equal(writer.records, 2);
    assert_int_equal(writer.writes, 4);
    assert_int_equal(writer.conflicts, 1);
    assert_int_equal(writer.commits, 1);
    /* A group that changes nothing is no commit. */
    commit(writes, 1);
    assert_int_equal(writes[0].item.outcome, OUTCOME_OK);
    assert_int_equal(writer.commits, 1);
    stop();
}

static void test_epoch_advances_before_the_key_has_encrypted_too_often(void **state) {
    (void)state;
    struct vault_state nearly = new_state();
    nearly.sealed_count = VAULT_SEALS_PER_EPOCH - 2;
    start(1 << 20, 1 << 20, nearly);
    struct vault_write writes[4];
    static const char *const values[] = {"one", "two", "three", "four"};
    static const uint32_t epochs[] = {1, 1, 2, 2};
    for (int i = 0; i < 4; i++) writes[i] = write_for(&scope, slice_str(values[i]));
    commit(writes, 4);
    for (int i = 0; i < 4; i++) {
        uint32_t epoch = 0;
        assert_true(is_stored(&writes[i], &epoch));
        assert_int_equal(epoch, epochs[i]);
    }
    assert_int_equal(writer.state.epoch, 2);
    assert_int_equal(writer.state.sealed_count, 2);
    stop();
}

static void fill_values(char *memory, struct vault_write *writes, unsigned count, size_t len) {
    for (unsigned i = 0; i < count; i++) {
        memset(memory + i * len, (int)('a' + i % 26), len);
        memcpy(memory + i * len, &i, sizeof i);
        writes[i] = write_for(&scope, slice_of(memory + i * len, len));
    }
}

static void test_a_full_map_grows_and_the_group_is_tried_again(void **state) {
    (void)state;
    enum { COUNT = 100, LEN = 60000 };
    static struct vault_write writes[COUNT];
    char *memory = malloc((size_t)COUNT * LEN);
    start(256 << 10, 64 << 20, new_state());
    fill_values(memory, writes, COUNT, LEN);
    commit(writes, COUNT); /* 6 MB into 256 KiB */
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(writes[i].item.outcome, OUTCOME_OK);
        assert_true(is_stored(&writes[i], NULL));
    }
    stop();
    free(memory);
}

static void test_at_the_limit_a_group_fails_and_smaller_ones_go_on(void **state) {
    (void)state;
    enum { COUNT = 20, LEN = 60000 };
    static struct vault_write writes[COUNT];
    char *memory = malloc((size_t)COUNT * LEN);
    start(256 << 10, 512 << 10, new_state());
    fill_values(memory, writes, COUNT, LEN);
    commit(writes, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(writes[i].item.outcome, OUTCOME_OVERFLOW);
        assert_false(is_stored(&writes[i], NULL));
    }
    assert_int_equal(writer.records, 0);
    assert_true(writer.state.sealed_count > 0); /* the encryptions have happened all the same */
    struct vault_write small = write_for(&scope, SLICE("Acme"));
    commit(&small, 1);
    assert_int_equal(small.item.outcome, OUTCOME_OK);
    assert_true(is_stored(&small, NULL));
    stop();
    free(memory);
}

static void test_a_disk_that_is_full_blocks_and_recovers_alone(void **state) {
    (void)state;
    enum { COUNT = 20, LEN = 60000 };
    static struct vault_write writes[COUNT];
    char *memory = malloc((size_t)COUNT * LEN);
    start(16 << 20, 16 << 20, new_state());
    fill_values(memory, writes, COUNT, LEN);
    struct rlimit before, full;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full = before;
    full.rlim_cur = 128 << 10;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    commit(writes, COUNT);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(writes[i].item.outcome, OUTCOME_IO);
        assert_false(is_stored(&writes[i], NULL));
    }
    commit(writes, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(writes[i].item.outcome, OUTCOME_OK);
        assert_true(is_stored(&writes[i], NULL));
    }
    stop();
    free(memory);
}

static uint64_t generation_outside(void) {
    uint64_t generation = 0;
    assert_int_equal(vault_generation_read(generation_path, keyring, writer.state.vault_id, &generation), OUTCOME_OK);
    return generation;
}

/* With a file that cannot be written for a while, the vault is never more than one ahead of it. */
static void test_generation_advances_and_never_runs_away(void **state) {
    (void)state;
    char fresh[420];
    (void)snprintf(fresh, sizeof fresh, "%s.new", generation_path);
    start(16 << 20, 16 << 20, new_state());
    assert_int_equal(generation_outside(), 1);
    for (unsigned i = 1; i <= 3500; i++) {
        struct vault_write write = write_for(&scope, slice_of((const char *)&i, sizeof i));
        if (i == 1500) assert_int_equal(mkdir(fresh, 0700), 0);
        if (i == 3300) assert_int_equal(rmdir(fresh), 0);
        commit(&write, 1);
        assert_int_equal(write.item.outcome, OUTCOME_OK);
        assert_true(writer.state.generation - generation_outside() <= 1);
        if (i == 1100) assert_int_equal(generation_outside(), 2);
        if (i == 3200) assert_int_equal(generation_outside(), 2);
        if (i == 3200) assert_int_equal(writer.state.generation, 3);
    }
    assert_int_equal(generation_outside(), writer.state.generation);
    const uint64_t before_end = writer.state.generation;
    stop();
    assert_int_equal(generation_outside(), before_end + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_write_of_a_group_has_its_own_outcome, setup, teardown),
        cmocka_unit_test_setup_teardown(test_epoch_advances_before_the_key_has_encrypted_too_often, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_map_grows_and_the_group_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at_the_limit_a_group_fails_and_smaller_ones_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_disk_that_is_full_blocks_and_recovers_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_generation_advances_and_never_runs_away, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
