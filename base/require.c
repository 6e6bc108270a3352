#include "base/require.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void require_failed(const char *expression, const char *file, int line) {
    fprintf(stderr, "sluice: %s:%d: required, but not so: %s\n", file, line, expression);
    abort();
}

bool broken_report(bool holds, const char *expression, const char *file, int line) {
    if (holds) return false;
    fprintf(stderr, "sluice: %s:%d: broken: %s\n", file, line, expression);
#ifdef SLUICE_DEBUG
    abort();
#else
    return true;
#endif
}
