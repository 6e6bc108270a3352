#include "base/require.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fault.h"

/* What the child prints on standard error, and the signal that ended it (0: it exited with 0). */
static int run_in_child(void (*run)(void), char *printed, size_t room) {
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(pipe_ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(pipe_ends[1]);
    size_t len = 0;
    for (ssize_t got; (got = read(pipe_ends[0], printed + len, room - 1 - len)) > 0;) len += (size_t)got;
    printed[len] = '\0';
    close(pipe_ends[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static volatile int answer = 42;

static void require_what_holds(void) {
    require(answer == 42);
    if (broken(answer == 42)) abort();
}

static void require_what_does_not_hold(void) {
    require(answer == 41);
}

static void break_a_fact(void) {
    if (broken(answer == 41)) _exit(7);
}

static void what_holds_says_nothing(void **state) {
    (void)state;
    char printed[500];
    assert_int_equal(run_in_child(require_what_holds, printed, sizeof printed), 0);
    assert_string_equal(printed, "");
}

static void require_aborts_and_prints_no_value(void **state) {
    (void)state;
    char printed[500];
    assert_int_equal(run_in_child(require_what_does_not_hold, printed, sizeof printed), SIGABRT);
    assert_non_null(strstr(printed, "required, but not so: answer == 41"));
    assert_non_null(strstr(printed, "test_require.c:"));
    assert_null(strstr(printed, "42"));
}

/* In debug builds a broken fact aborts; elsewhere the caller handles it. */
static void broken_is_reported(void **state) {
    (void)state;
    char printed[500];
#ifdef SLUICE_DEBUG
    const int expected = SIGABRT;
#else
    const int expected = 7;
#endif
    assert_int_equal(run_in_child(break_a_fact, printed, sizeof printed), expected);
    assert_non_null(strstr(printed, "broken: answer == 41"));
}

static void a_fault_is_hit_only_by_its_name(void **state) {
    (void)state;
    unsetenv("SLUICE_FAULT");
    assert_false(fault_hit("scan"));
    setenv("SLUICE_FAULT", "scan", 1);
#ifdef SLUICE_FAULTS
    assert_true(fault_hit("scan"));
#else
    assert_false(fault_hit("scan"));
#endif
    assert_false(fault_hit("sca"));
    assert_false(fault_hit("scanned"));
    unsetenv("SLUICE_FAULT");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_says_nothing),
        cmocka_unit_test(require_aborts_and_prints_no_value),
        cmocka_unit_test(broken_is_reported),
        cmocka_unit_test(a_fault_is_hit_only_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
