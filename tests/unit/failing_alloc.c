#include "tests/unit/failing_alloc.h"

#include <stdatomic.h>
#include <stddef.h>

static _Atomic unsigned countdown;
static _Atomic bool failed;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

void failing_alloc_arm(unsigned nth) {
    failed = false;
    countdown = nth;
}

bool failing_alloc_disarm(void) {
    countdown = 0;
    return failed;
}

static bool fails_now(void) {
    if (countdown == 0 || --countdown != 0) return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t bytes) {
    return fails_now() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return fails_now() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes) {
    return fails_now() ? NULL : __real_realloc(old, bytes);
}
