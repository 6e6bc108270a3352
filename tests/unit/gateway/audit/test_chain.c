#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <mbedtls/md.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "gateway/audit/chain.h"
#include "unit/failing_alloc.h"

#define NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

struct log_file {
    char folder[64];
    char path[96];
};

static struct log_file make_log(void) {
    struct log_file file;
    (void)snprintf(file.folder, sizeof file.folder, "/tmp/sluice-test-audit-XXXXXX");
    assert_non_null(mkdtemp(file.folder));
    (void)snprintf(file.path, sizeof file.path, "%s/audit.log", file.folder);
    return file;
}

static void drop_log(const struct log_file *file) {
    (void)unlink(file->path);
    (void)rmdir(file->folder);
}

static struct audit_chain *open_chain(const struct log_file *file) {
    struct audit_chain *chain = NULL;
    struct detail detail = {""};
    const enum outcome outcome = audit_chain_open(file->path, &chain, &detail);
    if (outcome != OUTCOME_OK) print_error("%s\n", detail.text);
    assert_int_equal(outcome, OUTCOME_OK);
    return chain;
}

/* An entry whose writing is waited for. */
struct waited {
    struct audit_entry entry;
    sem_t done;
};

static void on_done(struct batch_item *item) {
    sem_post(&((struct waited *)item)->done);
}

static enum outcome append(struct audit_chain *chain, const char *record, uint64_t *sequence_out) {
    struct waited waited = {.entry = {.item = {.on_done = on_done}, .record = slice_str(record)}};
    assert_int_equal(sem_init(&waited.done, 0, 0), 0);
    audit_chain_submit(chain, &waited.entry);
    while (sem_wait(&waited.done) != 0) {
    }
    sem_destroy(&waited.done);
    if (sequence_out) *sequence_out = waited.entry.sequence;
    return waited.entry.item.outcome;
}

static void append_well(struct audit_chain *chain, const char *record, uint64_t expected_sequence) {
    uint64_t sequence = 0;
    assert_int_equal(append(chain, record, &sequence), OUTCOME_OK);
    assert_int_equal(sequence, expected_sequence);
}

static struct buffer read_log(const struct log_file *file) {
    struct buffer text;
    char block[4096];
    buffer_init(&text, 0);
    const int fd = open(file->path, O_RDONLY);
    assert_true(fd >= 0);
    for (ssize_t got; (got = read(fd, block, sizeof block)) > 0;) buffer_append(&text, slice_of(block, (size_t)got));
    close(fd);
    buffer_append_char(&text, '\0');
    assert_false(text.failed);
    return text;
}

static void append_raw(const struct log_file *file, const char *text) {
    const int fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void hash_hex(const char *line, size_t len, char hex[static 65]) {
    unsigned char hash[32];
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), (const unsigned char *)line, len, hash),
                     0);
    for (size_t i = 0; i < 32; i++) (void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

/* Every line names its number and the hash of the one before; answers how many there are. */
static uint64_t verify_log(const struct log_file *file) {
    struct buffer text = read_log(file);
    char previous[65] = NO_HASH;
    uint64_t count = 0;
    for (char *line = text.data, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        char expected[128];
        (void)snprintf(expected, sizeof expected, ",\"seq\":%llu,\"prev\":\"%s\"}", (unsigned long long)++count,
                       previous);
        assert_true((size_t)(end - line) > strlen(expected));
        assert_memory_equal(end - strlen(expected), expected, strlen(expected));
        hash_hex(line, (size_t)(end - line), previous);
    }
    buffer_deinit(&text);
    return count;
}

static void lines_are_bound_to_each_other(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    append_well(chain, "{\"a\":1", 1);
    append_well(chain, "{\"b\":\"\\\",\\\"seq\\\":99\"", 2);
    append_well(chain, "{\"c\":3", 3);
    audit_chain_close(&chain);
    assert_null(chain);
    assert_int_equal(verify_log(&file), 3);
    struct stat status;
    assert_int_equal(stat(file.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    drop_log(&file);
}

static void a_restart_goes_on_where_the_chain_ended(void **state) {
    (void)state;
    const struct log_file file = make_log();
    for (uint64_t run = 0; run < 4; run++) {
        struct audit_chain *chain = open_chain(&file);
        append_well(chain, "{\"x\":\",\\\"seq\\\":7,\"", 2 * run + 1);
        append_well(chain, "{\"y\":0", 2 * run + 2);
        audit_chain_close(&chain);
    }
    assert_int_equal(verify_log(&file), 8);
    drop_log(&file);
}

static void a_torn_tail_is_cut_off(void **state) {
    (void)state;
    static const char *const tails[] = {"{", "{\"a\":1,\"seq\":2,\"prev\":\"00", "x\\n", "{\"a\":1,\"seq\":2}"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        const struct log_file file = make_log();
        struct audit_chain *chain = open_chain(&file);
        append_well(chain, "{\"first\":1", 1);
        audit_chain_close(&chain);
        append_raw(&file, tails[i]);
        chain = open_chain(&file);
        append_well(chain, "{\"second\":2", 2);
        audit_chain_close(&chain);
        assert_int_equal(verify_log(&file), 2);
        drop_log(&file);
    }
}

/* A crash in the very first write leaves half a line and nothing else. */
static void a_torn_first_line_is_cut_off(void **state) {
    (void)state;
    const struct log_file file = make_log();
    append_raw(&file, "{\"request\":\"req_");
    struct audit_chain *chain = open_chain(&file);
    append_well(chain, "{\"first\":1", 1);
    audit_chain_close(&chain);
    assert_int_equal(verify_log(&file), 1);
    drop_log(&file);
}

static void assert_refused(const char *path, enum outcome expected) {
    struct audit_chain *chain = NULL;
    struct detail detail = {""};
    assert_int_equal(audit_chain_open(path, &chain, &detail), expected);
    assert_null(chain);
    assert_true(strstr(detail.text, path) != NULL);
}

static void a_file_that_is_no_log_is_left_alone(void **state) {
    (void)state;
    static const char *const texts[] = {"hello\n", "\n", "{\"a\":1}\n", "{\"a\":1,\"seq\":0,\"prev\":\"\"}\n",
                                        "{\"a\":1,\"seq\":2,\"prev\":\"x\"\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct log_file file = make_log();
        append_raw(&file, texts[i]);
        assert_refused(file.path, OUTCOME_CORRUPT);
        struct buffer text = read_log(&file);
        assert_string_equal(text.data, texts[i]);
        buffer_deinit(&text);
        drop_log(&file);
    }
}

static void only_a_regular_file_is_a_log(void **state) {
    (void)state;
    const struct log_file file = make_log();
    assert_refused("/dev/full", OUTCOME_IO);
    assert_refused(file.folder, OUTCOME_IO);
    assert_refused("/nonexistent/folder/audit.log", OUTCOME_IO);
    assert_int_equal(mkfifo(file.path, 0600), 0);
    assert_refused(file.path, OUTCOME_IO);
    drop_log(&file);
}

static void two_openers_are_one_too_many(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    assert_refused(file.path, OUTCOME_CONFLICT);
    append_well(chain, "{\"a\":1", 1);
    audit_chain_close(&chain);
    chain = open_chain(&file);
    audit_chain_close(&chain);
    drop_log(&file);
}

static void limit_file_size(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What a full disk does to a write: part of it, or nothing, and an error. */
static void a_full_disk_fails_the_group_and_nothing_else(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    append_well(chain, "{\"a\":1", 1);
    struct stat before, after;
    assert_int_equal(stat(file.path, &before), 0);
    limit_file_size((rlim_t)before.st_size + 20);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(append(chain, "{\"lost\":1", NULL), OUTCOME_IO);
        assert_int_equal(stat(file.path, &after), 0);
        assert_int_equal(after.st_size, before.st_size);
    }
    limit_file_size(RLIM_INFINITY);
    append_well(chain, "{\"b\":2", 2);
    audit_chain_close(&chain);
    assert_int_equal(verify_log(&file), 2);
    drop_log(&file);
}

/* What rotates a log by copying it and emptying it leaves the chain unbroken. */
static void rotation_by_truncation_goes_on(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    append_well(chain, "{\"a\":1", 1);
    struct buffer old = read_log(&file);
    char hash[65];
    hash_hex(old.data, old.len - 2, hash);
    buffer_deinit(&old);
    assert_int_equal(truncate(file.path, 0), 0);
    append_well(chain, "{\"b\":2", 2);
    append_well(chain, "{\"c\":3", 3);
    audit_chain_close(&chain);
    struct buffer text = read_log(&file);
    char expected[128];
    (void)snprintf(expected, sizeof expected, "{\"b\":2,\"seq\":2,\"prev\":\"%s\"}\n", hash);
    assert_memory_equal(text.data, expected, strlen(expected));
    buffer_deinit(&text);
    chain = open_chain(&file);
    append_well(chain, "{\"d\":4", 4);
    audit_chain_close(&chain);
    drop_log(&file);
}

/* Bytes that somebody else appended are no records: they are cut off before the next one is written. */
static void foreign_bytes_behind_the_end_are_cut_off(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    append_well(chain, "{\"a\":1", 1);
    append_raw(&file, "noise\n");
    append_well(chain, "{\"b\":2", 2);
    audit_chain_close(&chain);
    assert_int_equal(verify_log(&file), 2);
    drop_log(&file);
}

#ifdef SLUICE_FAULTS
static void an_injected_fault_writes_nothing(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    assert_int_equal(setenv("SLUICE_FAULT", "record", 1), 0);
    uint64_t sequence = 0;
    assert_int_not_equal(append(chain, "{\"a\":1", &sequence), OUTCOME_OK);
    assert_int_equal(sequence, 0);
    assert_int_equal(unsetenv("SLUICE_FAULT"), 0);
    append_well(chain, "{\"b\":2", 1);
    audit_chain_close(&chain);
    assert_int_equal(verify_log(&file), 1);
    drop_log(&file);
}
#endif

enum { THREADS = 4, EACH = 50 };

static void *append_many(void *chain) {
    for (int i = 0; i < EACH; i++) assert_int_equal(append(chain, "{\"many\":1", NULL), OUTCOME_OK);
    return NULL;
}

static void threads_share_one_chain(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, append_many, chain), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    audit_chain_close(&chain);
    assert_int_equal(verify_log(&file), THREADS * EACH);
    drop_log(&file);
}

/* A group of many is one append: all of it is there, in order, when the chain is closed right after. */
static void closing_commits_what_was_queued(void **state) {
    (void)state;
    enum { COUNT = 500 };
    static struct waited many[COUNT];
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    for (int i = 0; i < COUNT; i++) {
        many[i] = (struct waited){.entry = {.item = {.on_done = on_done}, .record = SLICE("{\"q\":1")}};
        assert_int_equal(sem_init(&many[i].done, 0, 0), 0);
        audit_chain_submit(chain, &many[i].entry);
    }
    audit_chain_close(&chain);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(sem_trywait(&many[i].done), 0);
        assert_int_equal(many[i].entry.item.outcome, OUTCOME_OK);
        assert_int_equal(many[i].entry.sequence, i + 1);
        sem_destroy(&many[i].done);
    }
    assert_int_equal(verify_log(&file), COUNT);
    drop_log(&file);
}

static void opening_survives_failed_allocations(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *first = open_chain(&file);
    append_well(first, "{\"a\":1", 1);
    audit_chain_close(&first);
    for (unsigned nth = 1;; nth++) {
        struct audit_chain *chain = (struct audit_chain *)&file; /* must be set in any case */
        struct detail detail = {""};
        failing_alloc_arm(nth);
        const enum outcome outcome = audit_chain_open(file.path, &chain, &detail);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome, failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
        assert_int_equal(chain == NULL, failed);
        audit_chain_close(&chain);
        if (!failed) break;
    }
    drop_log(&file);
}

static void a_failed_allocation_fails_the_group(void **state) {
    (void)state;
    const struct log_file file = make_log();
    struct audit_chain *chain = open_chain(&file);
    append_well(chain, "{\"a\":1", 1);
    failing_alloc_arm(1);
    const enum outcome outcome = append(chain, "{\"b\":2", NULL);
    assert_true(failing_alloc_disarm());
    assert_int_not_equal(outcome, OUTCOME_OK);
    append_well(chain, "{\"c\":3", 2);
    audit_chain_close(&chain);
    assert_int_equal(verify_log(&file), 2);
    drop_log(&file);
}

int main(void) {
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_bound_to_each_other),
        cmocka_unit_test(a_restart_goes_on_where_the_chain_ended),
        cmocka_unit_test(a_torn_tail_is_cut_off),
        cmocka_unit_test(a_torn_first_line_is_cut_off),
        cmocka_unit_test(a_file_that_is_no_log_is_left_alone),
        cmocka_unit_test(only_a_regular_file_is_a_log),
        cmocka_unit_test(two_openers_are_one_too_many),
        cmocka_unit_test(a_full_disk_fails_the_group_and_nothing_else),
        cmocka_unit_test(rotation_by_truncation_goes_on),
        cmocka_unit_test(foreign_bytes_behind_the_end_are_cut_off),
#ifdef SLUICE_FAULTS
        cmocka_unit_test(an_injected_fault_writes_nothing),
#endif
        cmocka_unit_test(threads_share_one_chain),
        cmocka_unit_test(closing_commits_what_was_queued),
        cmocka_unit_test(opening_survives_failed_allocations),
        cmocka_unit_test(a_failed_allocation_fails_the_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
