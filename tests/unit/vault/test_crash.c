/* kill -9 at any moment loses nothing that was acknowledged. */
#include "tests/unit/vault/vault_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 12

static int acknowledge_fd;

struct numbered_write {
    struct vault_write write; /* first member */
    unsigned number;
    char text[32];
};

static struct slice value_of(unsigned number, char text[static 32]) {
    (void)snprintf(text, 32, "value %u of the test", number);
    return slice_str(text);
}

static void on_numbered_done(struct batch_item *item) {
    const struct numbered_write *numbered = (struct numbered_write *)item;
    if (item->outcome == OUTCOME_OK && write(acknowledge_fd, &numbered->number, sizeof numbered->number) < 0) _exit(3);
    free(item);
}

/* Writes without waiting, from `first` on, and acknowledges through the pipe, until it is killed. */
static void write_for_ever(const char *data_dir, unsigned first) {
    const struct vault_settings settings = {.data_dir = data_dir};
    struct vault *vault = NULL;
    struct vault_reader *reader = NULL;
    struct detail detail = {""};
    if (vault_open(&settings, &vault, &detail) != OUTCOME_OK || vault_reader_open(vault, &reader) != OUTCOME_OK) {
        print_error("%s\n", detail.text);
        _exit(1);
    }
    const struct vault_scope scope = vault_scope_of(vault, SLICE("tenant"), SLICE("a"));
    for (unsigned number = first;; number++) {
        struct numbered_write *numbered = malloc(sizeof *numbered);
        struct token token;
        bool known = false;
        numbered->number = number;
        if (vault_mint(reader, &scope, SLICE("ORG"), value_of(number, numbered->text), &token, &known,
                       &numbered->write) != OUTCOME_OK)
            _exit(2);
        numbered->write.item.on_done = on_numbered_done;
        vault_write_submit(vault, &numbered->write);
        if (number % 32 == 0) usleep(200);
    }
}

static unsigned seed_of_this_run(void) {
    const char *replay = getenv("SEED");
    const unsigned seed = replay != NULL ? (unsigned)strtoul(replay, NULL, 10) : (unsigned)time(NULL);
    print_message("SEED=%u\n", seed);
    return seed;
}

static unsigned read_acknowledged(int fd, unsigned count, unsigned *numbers) {
    unsigned got = 0;
    while (got < count && read(fd, &numbers[got], sizeof numbers[0]) == (ssize_t)sizeof numbers[0]) got++;
    return got;
}

static void assert_all_there(const char *data_dir, const unsigned *numbers, unsigned count) {
    const struct vault_settings settings = {.data_dir = data_dir};
    struct vault *vault = vault_must_open(&settings);
    struct vault_reader *reader = NULL;
    assert_int_equal(vault_reader_open(vault, &reader), OUTCOME_OK);
    const struct vault_scope scope = vault_scope_of(vault, SLICE("tenant"), SLICE("a"));
    for (unsigned i = 0; i < count; i++) {
        struct token token;
        struct vault_write write;
        bool known = false;
        char text[32];
        const struct slice value = value_of(numbers[i], text);
        assert_int_equal(vault_mint(reader, &scope, SLICE("ORG"), value, &token, &known, &write), OUTCOME_OK);
        assert_true(known);
        assert_resolves(reader, &scope, token, value);
    }
    vault_reader_close(&reader);
    vault_close(&vault);
}

static void test_kill_loses_nothing_acknowledged(void **state) {
    (void)state;
    static unsigned numbers[100000];
    unsigned total = 0;
    const struct test_folder folder = folder_make();
    unsigned seed = seed_of_this_run();
    for (unsigned round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alarm(30);
            acknowledge_fd = ends[1];
            close(ends[0]);
            write_for_ever(folder.path, round * 1000000);
        }
        close(ends[1]);
        const unsigned wanted = 1 + (unsigned)rand_r(&seed) % 400;
        total += read_acknowledged(ends[0], wanted, numbers + total);
        assert_int_equal(kill(child, SIGKILL), 0);
        /* What it acknowledged before it died. */
        total += read_acknowledged(ends[0], 4000, numbers + total);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        close(ends[0]);
        assert_all_there(folder.path, numbers, total);
    }
    assert_true(total > ROUNDS);
    folder_remove(&folder);
}

/* Killed while it opens, again and again: the generation never gets out of step. */
static void test_kill_while_opening(void **state) {
    (void)state;
    const struct test_folder folder = folder_make();
    const struct vault_settings settings = {.data_dir = folder.path};
    struct vault *vault = vault_must_open(&settings);
    vault_close(&vault);
    unsigned seed = seed_of_this_run();
    for (unsigned round = 0; round < 40; round++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alarm(30);
            for (;;) {
                struct vault *its_vault = NULL;
                if (vault_open(&settings, &its_vault, NULL) != OUTCOME_OK) _exit(1);
                vault_close(&its_vault);
            }
        }
        usleep((useconds_t)(rand_r(&seed) % 20000));
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    vault = vault_must_open(&settings);
    vault_close(&vault);
    folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill_loses_nothing_acknowledged),
        cmocka_unit_test(test_kill_while_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
