#include "base/outcome.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[OUTCOME_COUNT] = {
#define X(name, text) #name,
    OUTCOME_LIST(X)
#undef X
};

static const char *const texts[OUTCOME_COUNT] = {
#define X(name, text) text,
    OUTCOME_LIST(X)
#undef X
};

const char *outcome_name(enum outcome outcome) {
    return (unsigned)outcome < OUTCOME_COUNT ? names[outcome] : "UNKNOWN";
}

const char *outcome_text(enum outcome outcome) {
    return (unsigned)outcome < OUTCOME_COUNT ? texts[outcome] : "unknown outcome";
}

enum outcome detail_set(struct detail *detail, enum outcome outcome, const char *format, ...) {
    if (detail == NULL) return outcome;
    va_list args;
    va_start(args, format);
    vsnprintf(detail->text, sizeof detail->text, format, args);
    va_end(args);
    return outcome;
}
