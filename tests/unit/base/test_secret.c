#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void is_zero_and_writable(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 32, 4096, 100000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct secret *secret = NULL;
        assert_int_equal(secret_create(lengths[i], &secret), OUTCOME_OK);
        assert_int_equal(secret_len(secret), lengths[i]);
        for (size_t k = 0; k < lengths[i]; k++) assert_int_equal(secret_view(secret)[k], 0);
        memset(secret_bytes(secret), 0x5a, lengths[i]);
        assert_ptr_equal(secret_view(secret), secret_bytes(secret));
        secret_destroy(&secret);
        assert_null(secret);
        secret_destroy(&secret);
    }
}

static void is_never_printed(void **state) {
    (void)state;
    struct secret *secret = NULL;
    assert_int_equal(secret_create(6, &secret), OUTCOME_OK);
    memcpy(secret_bytes(secret), "canary", 6);
    assert_string_equal(secret_text(secret), "(hidden)");
    secret_destroy(&secret);
}

static void a_length_that_wraps_is_refused(void **state) {
    (void)state;
    struct secret *secret = NULL;
    for (size_t below = 0; below < 5000; below += 7)
        assert_int_equal(secret_create(SIZE_MAX - below, &secret), OUTCOME_NO_MEMORY);
    assert_null(secret);
}

/* The kernel's own word for a mapping: VmFlags in /proc/self/smaps, proc(5). */
static bool mapping_has_flag(const void *address, const char *flag) {
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    char line[512];
    bool inside = false, found = false;
    while (fgets(line, sizeof line, maps)) {
        unsigned long begin = 0, end = 0;
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2) /* NOLINT(cert-err34-c): the kernel wrote it */
            inside = (uintptr_t)address >= begin && (uintptr_t)address < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    fclose(maps);
    return found;
}

static void its_pages_stay_out_of_core_dumps(void **state) {
    (void)state;
    struct secret *secret = NULL;
    assert_int_equal(secret_create(32, &secret), OUTCOME_OK);
    assert_true(mapping_has_flag(secret, " dd"));
    assert_true(mapping_has_flag(secret, " wf"));
    secret_destroy(&secret);
}

static void a_forked_child_does_not_have_it(void **state) {
    (void)state;
    struct secret *secret = NULL;
    assert_int_equal(secret_create(32, &secret), OUTCOME_OK);
    unsigned char *bytes = secret_bytes(secret);
    memset(bytes, 0x5a, 32);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool clean = true;
        for (size_t i = 0; i < 32; i++) clean = clean && bytes[i] == 0;
        _exit(clean ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (size_t i = 0; i < 32; i++) assert_int_equal(bytes[i], 0x5a);
    secret_destroy(&secret);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_zero_and_writable),
        cmocka_unit_test(is_never_printed),
        cmocka_unit_test(a_length_that_wraps_is_refused),
        cmocka_unit_test(its_pages_stay_out_of_core_dumps),
        cmocka_unit_test(a_forked_child_does_not_have_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
