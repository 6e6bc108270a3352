/* Many threads mint, submit and resolve at once; built with -fsanitize=thread too. */
#include "tests/unit/vault/vault_fixture.h"

#include <pthread.h>

#define THREADS 4
#define VALUES 300 /* shared by all threads: most are minted by several at the same moment */

struct life {
    pthread_t thread;
    struct vault *vault;
    unsigned index;
    struct token tokens[VALUES];
    unsigned failures;
};

static struct slice value_of(unsigned number, char text[static 32]) {
    (void)snprintf(text, 32, "value %u of the test", number % 100000);
    return slice_str(text);
}

static bool store_quietly(struct life *life, struct vault_reader *reader, const struct vault_scope *scope,
                          unsigned number) {
    struct waited_write waited;
    bool known = false;
    char text[32];
    for (int attempt = 0; attempt < 8; attempt++) {
        if (vault_mint(reader, scope, SLICE("ORG"), value_of(number, text), &life->tokens[number], &known,
                       &waited.write) != OUTCOME_OK)
            return false;
        if (known) return true;
        const enum outcome outcome = submit_and_wait(life->vault, &waited);
        if (outcome != OUTCOME_OK && outcome != OUTCOME_CONFLICT) return false;
    }
    return false;
}

static bool resolves(struct vault_reader *reader, const struct vault_scope *scope, const struct token *token,
                     unsigned number) {
    struct arena arena;
    struct slice found;
    char text[32];
    arena_init(&arena, 4096);
    const bool right = vault_resolve(reader, scope, token_slice(token), &arena, &found) == OUTCOME_OK &&
                       slice_equal(found, value_of(number, text));
    arena_reset(&arena);
    return right;
}

static void *live(void *argument) {
    struct life *life = argument;
    struct vault_reader *reader = NULL;
    struct vault_counts counts;
    if (vault_reader_open(life->vault, &reader) != OUTCOME_OK) {
        life->failures++;
        return NULL;
    }
    /* Two agents in one scope, two threads each. */
    const struct vault_scope scope =
        vault_scope_of(life->vault, SLICE("tenant"), life->index % 2 ? SLICE("a") : SLICE("b"));
    for (unsigned i = 0; i < VALUES; i++) {
        const unsigned number = life->index < 2 ? i : VALUES - 1 - i;
        if (!store_quietly(life, reader, &scope, number)) life->failures++;
        if (!resolves(reader, &scope, &life->tokens[number], number)) life->failures++;
        vault_counts_read(life->vault, &counts);
    }
    vault_reader_close(&reader);
    return NULL;
}

static void test_threads_agree_on_every_token(void **state) {
    (void)state;
    static struct life lives[THREADS];
    const struct test_folder folder = folder_make();
    const struct vault_settings settings = {.data_dir = folder.path};
    struct vault *vault = vault_must_open(&settings);
    for (unsigned i = 0; i < THREADS; i++) {
        lives[i] = (struct life){.vault = vault, .index = i};
        assert_int_equal(pthread_create(&lives[i].thread, NULL, live, &lives[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(lives[i].thread, NULL);
        assert_int_equal(lives[i].failures, 0);
        for (unsigned number = 0; number < VALUES; number++)
            assert_string_equal(lives[i].tokens[number].text, lives[0].tokens[number].text);
    }
    struct vault_counts counts;
    vault_counts_read(vault, &counts);
    assert_int_equal(counts.records, VALUES);
    assert_int_equal(counts.conflicts, 0);
    vault_close(&vault);
    folder_remove(&folder);
}

struct reading {
    pthread_t thread;
    struct vault *vault;
    struct vault_scope scope;
    struct token token;
    _Atomic bool *stop;
    unsigned reads, failures;
};

static void *read_on(void *argument) {
    struct reading *reading = argument;
    struct vault_reader *reader = NULL;
    if (vault_reader_open(reading->vault, &reader) != OUTCOME_OK) reading->failures++;
    while (reader != NULL && !atomic_load(reading->stop)) {
        if (!resolves(reader, &reading->scope, &reading->token, 1)) reading->failures++;
        reading->reads++;
    }
    vault_reader_close(&reader);
    return NULL;
}

/* More than the first 64 MiB of the map, written while two threads read. */
static void test_the_map_grows_under_readers(void **state) {
    (void)state;
    enum { COUNT = 1100, LEN = 65536 };
    const struct vault_settings settings = {0};
    struct vault *vault = vault_must_open(&settings);
    struct vault_reader *reader = NULL;
    struct reading readings[2];
    _Atomic bool stop = false;
    char text[32], *value = malloc(LEN);
    memset(value, 'v', LEN);
    assert_int_equal(vault_reader_open(vault, &reader), OUTCOME_OK);
    const struct vault_scope scope = vault_scope_of(vault, SLICE("tenant"), SLICE("a"));
    const struct token token = store_value(vault, reader, &scope, "ORG", value_of(1, text));
    for (int i = 0; i < 2; i++) {
        readings[i] = (struct reading){.vault = vault, .scope = scope, .token = token, .stop = &stop};
        assert_int_equal(pthread_create(&readings[i].thread, NULL, read_on, &readings[i]), 0);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        memcpy(value, &i, sizeof i);
        (void)store_value(vault, reader, &scope, "ORG", slice_of(value, LEN));
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(readings[i].thread, NULL);
        assert_int_equal(readings[i].failures, 0);
        assert_true(readings[i].reads > 0);
    }
    vault_reader_close(&reader);
    vault_close(&vault);
    free(value);
}

static void on_done_count(struct batch_item *item) {
    atomic_fetch_add(*(_Atomic unsigned **)(void *)((struct vault_write *)item)->label.data, 1);
}

/* What is queued when the vault closes is committed first. */
static void test_close_commits_what_is_queued(void **state) {
    (void)state;
    enum { COUNT = 200 };
    static struct vault_write writes[COUNT];
    static char texts[COUNT][32];
    const struct test_folder folder = folder_make();
    const struct vault_settings settings = {.data_dir = folder.path};
    struct vault *vault = vault_must_open(&settings);
    struct vault_reader *reader = NULL;
    _Atomic unsigned done = 0, *counter = &done;
    bool known = false;
    assert_int_equal(vault_reader_open(vault, &reader), OUTCOME_OK);
    const struct vault_scope scope = vault_scope_of(vault, SLICE("tenant"), SLICE("a"));
    struct token tokens[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(
            vault_mint(reader, &scope, SLICE("ORG"), value_of(i, texts[i]), &tokens[i], &known, &writes[i]),
            OUTCOME_OK);
        writes[i].item.on_done = on_done_count;
        writes[i].label = slice_of((const char *)&counter, sizeof(void *)); /* only mint needs the label */
    }
    for (unsigned i = 0; i < COUNT; i++) vault_write_submit(vault, &writes[i]);
    vault_reader_close(&reader);
    vault_close(&vault);
    assert_int_equal(done, COUNT);
    vault = vault_must_open(&settings);
    assert_int_equal(vault_reader_open(vault, &reader), OUTCOME_OK);
    for (unsigned i = 0; i < COUNT; i++) assert_true(resolves(reader, &scope, &tokens[i], i));
    vault_reader_close(&reader);
    vault_close(&vault);
    folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_agree_on_every_token),
        cmocka_unit_test(test_the_map_grows_under_readers),
        cmocka_unit_test(test_close_commits_what_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
