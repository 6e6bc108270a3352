#include "tests/unit/vault/vault_fixture.h"

#include <pthread.h>

#include "tests/unit/failing_alloc.h"
#include "vault/store.h"

#define VALUE_LEN 3000u
#define READERS 3

static struct test_folder folder;

static int setup(void **state) {
    (void)state;
    folder = folder_make();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    folder_remove(&folder);
    return 0;
}

static struct vault_store *open_store(size_t start, size_t limit) {
    const struct vault_store_settings settings = {
        .folder = folder.path, .map_start_bytes = start, .map_limit_bytes = limit, .unlinked = true};
    struct vault_store *store = NULL;
    struct detail detail = {""};
    assert_int_equal(vault_store_open(&settings, &store, &detail), OUTCOME_OK);
    return store;
}

static struct slice number_key(const unsigned *number) {
    return slice_of((const char *)number, sizeof *number);
}

static enum outcome put_number(struct vault_store *store, unsigned number) {
    char value[VALUE_LEN];
    memset(value, (int)(number % 251), sizeof value);
    enum outcome outcome = vault_store_write_begin(store);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = vault_store_write_put(store, VAULT_TABLE_RECORDS, number_key(&number), slice_of(value, sizeof value));
    if (outcome == OUTCOME_OK) return vault_store_write_commit(store);
    vault_store_write_abort(store);
    return outcome;
}

static void test_commit_is_seen_and_abort_is_not(void **state) {
    (void)state;
    struct vault_store *store = open_store(1 << 20, 1 << 20);
    struct vault_store_view *view = NULL;
    struct slice found;
    uint64_t count = 7;
    assert_int_equal(vault_store_view_open(store, &view), OUTCOME_OK);
    assert_int_equal(vault_store_write_begin(store), OUTCOME_OK);
    assert_int_equal(vault_store_write_put(store, VAULT_TABLE_META, SLICE("k"), SLICE("v")), OUTCOME_OK);
    assert_int_equal(vault_store_write_get(store, VAULT_TABLE_META, SLICE("k"), &found), OUTCOME_OK);
    vault_store_write_abort(store);
    assert_int_equal(vault_store_view_begin(view), OUTCOME_OK);
    assert_int_equal(vault_store_view_get(view, VAULT_TABLE_META, SLICE("k"), &found), OUTCOME_NOT_FOUND);
    assert_int_equal(put_number(store, 5), OUTCOME_OK);
    const unsigned five = 5;
    /* The view still sees the commit it began with. */
    assert_int_equal(vault_store_view_get(view, VAULT_TABLE_RECORDS, number_key(&five), &found), OUTCOME_NOT_FOUND);
    vault_store_view_end(view);
    assert_int_equal(vault_store_view_begin(view), OUTCOME_OK);
    assert_int_equal(vault_store_view_get(view, VAULT_TABLE_RECORDS, number_key(&five), &found), OUTCOME_OK);
    assert_int_equal(found.len, VALUE_LEN);
    vault_store_view_end(view);
    vault_store_view_close(&view);
    assert_null(view);
    assert_int_equal(vault_store_count(store, VAULT_TABLE_RECORDS, &count), OUTCOME_OK);
    assert_int_equal(count, 1);
    vault_store_close(&store);
    assert_null(store);
}

struct reading {
    pthread_t thread;
    struct vault_store *store;
    _Atomic unsigned *written; /* numbers below this are committed */
    _Atomic bool *stop;
    unsigned reads;
    bool wrong;
};

static bool read_number(struct vault_store_view *view, unsigned number) {
    struct slice found;
    if (vault_store_view_get(view, VAULT_TABLE_RECORDS, number_key(&number), &found) != OUTCOME_OK) return false;
    for (size_t i = 0; i < found.len; i += 97)
        if ((unsigned char)found.data[i] != number % 251) return false;
    return found.len == VALUE_LEN;
}

static void *read_until_stopped(void *argument) {
    struct reading *reading = argument;
    struct vault_store_view *view = NULL;
    reading->wrong = vault_store_view_open(reading->store, &view) != OUTCOME_OK;
    while (!reading->wrong && !atomic_load(reading->stop)) {
        const unsigned written = atomic_load(reading->written);
        if (vault_store_view_begin(view) != OUTCOME_OK)
            reading->wrong = true;
        else {
            if (written > 0)
                reading->wrong = !read_number(view, written - 1) || !read_number(view, reading->reads % written);
            vault_store_view_end(view);
        }
        reading->reads++;
    }
    vault_store_view_close(&view);
    return NULL;
}

static void test_grows_under_readers(void **state) {
    (void)state;
    /* A reader that loses its core keeps pages from being used again, so that the map may need far more than the data.
     */
    struct vault_store *store = open_store(256 << 10, 1 << 30);
    struct reading readings[READERS];
    _Atomic unsigned written = 0;
    _Atomic bool stop = false;
    unsigned growths = 0;
    for (int i = 0; i < READERS; i++) {
        readings[i] = (struct reading){.store = store, .written = &written, .stop = &stop};
        assert_int_equal(pthread_create(&readings[i].thread, NULL, read_until_stopped, &readings[i]), 0);
    }
    for (unsigned number = 0; number < 2000; number++) {
        enum outcome outcome = put_number(store, number);
        if (outcome == OUTCOME_OVERFLOW) {
            growths++;
            assert_int_equal(vault_store_grow(store, VALUE_LEN), OUTCOME_OK);
            outcome = put_number(store, number);
        }
        assert_int_equal(outcome, OUTCOME_OK);
        atomic_store(&written, number + 1);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readings[i].thread, NULL);
        assert_false(readings[i].wrong);
        assert_true(readings[i].reads > 0);
    }
    assert_in_range(growths, 4, 12); /* 256 KiB doubles to 8 MiB or more */
    vault_store_close(&store);
}

static void test_stops_at_the_limit_and_keeps_what_it_has(void **state) {
    (void)state;
    struct vault_store *store = open_store(128 << 10, 256 << 10);
    struct vault_store_view *view = NULL;
    unsigned number = 0;
    assert_int_equal(vault_store_view_open(store, &view), OUTCOME_OK);
    while (put_number(store, number) == OUTCOME_OK) number++;
    assert_int_equal(vault_store_grow(store, 1), OUTCOME_OK);
    while (put_number(store, number) == OUTCOME_OK) number++;
    assert_int_equal(put_number(store, number), OUTCOME_OVERFLOW);
    assert_int_equal(vault_store_grow(store, 1), OUTCOME_OVERFLOW);
    assert_int_equal(vault_store_view_begin(view), OUTCOME_OK);
    for (unsigned i = 0; i < number; i++) assert_true(read_number(view, i));
    vault_store_view_end(view);
    vault_store_view_close(&view);
    vault_store_close(&store);
}

static void test_reopens_larger_than_it_starts(void **state) {
    (void)state;
    struct vault_store *store = open_store(4 << 20, 4 << 20);
    for (unsigned number = 0; number < 500; number++) assert_int_equal(put_number(store, number), OUTCOME_OK);
    vault_store_close(&store);
    store = open_store(128 << 10, 8 << 20);
    struct vault_store_view *view = NULL;
    assert_int_equal(vault_store_view_open(store, &view), OUTCOME_OK);
    assert_int_equal(vault_store_view_begin(view), OUTCOME_OK);
    for (unsigned i = 0; i < 500; i++) assert_true(read_number(view, i));
    vault_store_view_end(view);
    vault_store_view_close(&view);
    vault_store_close(&store);
}

/* A file that was cut off is found to be corrupt, at open or at the get; it raises no signal. */
static void test_a_truncated_file_is_corrupt(void **state) {
    (void)state;
    static char whole[4 << 20];
    const char *path = folder_path(&folder, "data.mdb");
    struct vault_store *store = open_store(4 << 20, 4 << 20);
    for (unsigned number = 0; number < 200; number++) assert_int_equal(put_number(store, number), OUTCOME_OK);
    vault_store_close(&store);
    const size_t len = file_read(path, whole, sizeof whole);
    for (size_t cut = 8192; cut < len; cut += len / 16) {
        const struct vault_store_settings settings = {
            .folder = folder.path, .map_start_bytes = 4 << 20, .map_limit_bytes = 4 << 20};
        struct vault_store_view *view = NULL;
        unsigned right = 0;
        file_write(path, whole, cut, 0600);
        const enum outcome outcome = vault_store_open(&settings, &store, NULL);
        if (outcome == OUTCOME_OK) {
            assert_int_equal(vault_store_view_open(store, &view), OUTCOME_OK);
            assert_int_equal(vault_store_view_begin(view), OUTCOME_OK);
            for (unsigned number = 0; number < 200; number++) right += read_number(view, number);
            vault_store_view_end(view);
            vault_store_view_close(&view);
            vault_store_close(&store);
            assert_true(right < 200);
        } else
            assert_int_equal(outcome, OUTCOME_CORRUPT);
    }
}

static void test_a_file_of_another_kind_is_refused(void **state) {
    (void)state;
    char noise[16384];
    memset(noise, 0x5a, sizeof noise);
    file_write(folder_path(&folder, "data.mdb"), noise, sizeof noise, 0600);
    const struct vault_store_settings settings = {
        .folder = folder.path, .map_start_bytes = 1 << 20, .map_limit_bytes = 1 << 20};
    struct vault_store *store = NULL;
    struct detail detail = {""};
    assert_int_equal(vault_store_open(&settings, &store, &detail), OUTCOME_CORRUPT);
    assert_null(store);
    assert_non_null(strstr(detail.text, folder.path));
}

static void test_too_many_views(void **state) {
    (void)state;
    static struct vault_store_view *views[2000];
    struct vault_store *store = open_store(1 << 20, 1 << 20);
    unsigned count = 0;
    enum outcome outcome = OUTCOME_OK;
    while (count < 2000 && (outcome = vault_store_view_open(store, &views[count])) == OUTCOME_OK) count++;
    assert_int_equal(outcome, OUTCOME_OVERFLOW);
    assert_true(count > 1000);
    for (unsigned i = 0; i < count; i++) vault_store_view_close(&views[i]);
    vault_store_close(&store);
}

static void test_survives_failed_allocations(void **state) {
    (void)state;
    const struct vault_store_settings settings = {
        .folder = folder.path, .map_start_bytes = 1 << 20, .map_limit_bytes = 1 << 20, .unlinked = true};
    struct vault_store *store = NULL;
    struct vault_store_view *view = NULL;
    struct detail detail;
    failing_alloc_arm(1);
    assert_int_equal(vault_store_open(&settings, &store, &detail), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    store = open_store(1 << 20, 1 << 20);
    failing_alloc_arm(1);
    assert_int_equal(vault_store_view_open(store, &view), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    vault_store_close(&store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commit_is_seen_and_abort_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grows_under_readers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stops_at_the_limit_and_keeps_what_it_has, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopens_larger_than_it_starts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_truncated_file_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_of_another_kind_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_views, setup, teardown),
        cmocka_unit_test_setup_teardown(test_survives_failed_allocations, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
