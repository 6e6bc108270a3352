/* What the tests of the configuration share: loading a text, and expecting it to load or to fail with an exact message.
 */
#ifndef SLUICE_TESTS_UNIT_GATEWAY_CONFIG_LOADED_H
#define SLUICE_TESTS_UNIT_GATEWAY_CONFIG_LOADED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/config/settings.h"

static const char *const loaded_apis[] = {"openai", "anthropic", NULL};

/* The least that every file needs; tests append to it. Its lines are 1 to 2. */
#define LEAST "upstreams:\n  - {name: o, class: local, api: openai, url: \"http://127.0.0.1:1/v1\"}\n"

/* The text as settings; fails the test when it does not load. */
static inline struct settings *loaded(const char *text) {
    struct settings *settings = NULL;
    struct detail detail = {"(no detail)"};
    const enum outcome outcome = settings_load_text(slice_str(text), "t", loaded_apis, &settings, &detail);
    if (outcome != OUTCOME_OK) fail_msg("%s\n%s", detail.text, text);
    assert_non_null(settings);
    return settings;
}

/* Fails the test unless the text is refused with exactly this message. */
static inline void refused(const char *text, const char *message) {
    struct settings *settings = NULL;
    struct detail detail = {"(no detail)"};
    const enum outcome outcome = settings_load_text(slice_str(text), "t", loaded_apis, &settings, &detail);
    if (outcome == OUTCOME_OK) {
        settings_destroy(&settings);
        fail_msg("loaded, but expected: %s\n%s", message, text);
    }
    assert_null(settings);
    assert_int_equal(outcome, OUTCOME_INVALID);
    assert_string_equal(detail.text, message);
}

#endif
