#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "route/upstream.h"

/* DESIGN.md section 2, written out: every tier with every class. */
static void each_tier_goes_where_the_table_says(void **state) {
    (void)state;
    static const struct {
        enum tier tier;
        bool local, subscription, metered;
    } table[] = {
        {TIER_NONE, false, false, false},       {TIER_LOW, true, true, true},
        {TIER_MEDIUM, true, true, false},       {TIER_HIGH, true, false, false},
        {TIER_BLOCKED, false, false, false},    {(enum tier)5, false, false, false},
        {(enum tier) - 1, false, false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(tier_allows_class(table[i].tier, CLASS_LOCAL), table[i].local);
        assert_int_equal(tier_allows_class(table[i].tier, CLASS_SUBSCRIPTION), table[i].subscription);
        assert_int_equal(tier_allows_class(table[i].tier, CLASS_METERED), table[i].metered);
        assert_false(tier_allows_class(table[i].tier, CLASS_NONE));
        assert_false(tier_allows_class(table[i].tier, (enum upstream_class)4));
        assert_false(tier_allows_class(table[i].tier, (enum upstream_class) - 1));
    }
}

static void class_names_and_parsing_agree(void **state) {
    (void)state;
    for (enum upstream_class class_ = CLASS_LOCAL; class_ <= CLASS_METERED; class_++) {
        enum upstream_class parsed;
        assert_true(upstream_class_parse(slice_str(upstream_class_name(class_)), &parsed));
        assert_int_equal(parsed, class_);
    }
    static const char *const words[] = {"", "none", "Local", "locally", "loca"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        enum upstream_class parsed = CLASS_LOCAL;
        assert_false(upstream_class_parse(slice_str(words[i]), &parsed));
        assert_int_equal(parsed, CLASS_NONE);
    }
    assert_string_equal(upstream_class_name((enum upstream_class)77), "none");
}

static void a_model_is_mapped_or_stays(void **state) {
    (void)state;
    static const struct route_model named[] = {{"gpt-4o", "llama3.3"}, {"same", "same"}};
    static const struct route_model rest_first[] = {{"*", "any"}, {"gpt-4o", "llama3.3"}};
    const struct route_upstream with_names = {.models = named, .model_count = 2};
    const struct route_upstream with_rest = {.models = rest_first, .model_count = 2};
    const struct route_upstream plain = {0};
    static const struct {
        const char *asked, *mapped;
        int upstream;
        bool changed;
    } table[] = {
        {"gpt-4o", "llama3.3", 0, true}, {"gpt-4", "gpt-4", 0, false}, {"GPT-4o", "GPT-4o", 0, false},
        {"same", "same", 0, false},      {"", "", 0, false},           {"gpt-4o", "llama3.3", 1, true},
        {"gpt-4", "any", 1, true},       {"any", "any", 1, false},     {"gpt-4o", "gpt-4o", 2, false},
    };
    const struct route_upstream *upstreams[] = {&with_names, &with_rest, &plain};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct slice mapped;
        const char *changed = upstream_model(upstreams[table[i].upstream], slice_str(table[i].asked), &mapped);
        assert_true(slice_equal(mapped, slice_str(table[i].mapped)));
        assert_int_equal(changed != NULL, table[i].changed);
        if (changed) assert_string_equal(changed, table[i].mapped);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tier_goes_where_the_table_says),
        cmocka_unit_test(class_names_and_parsing_agree),
        cmocka_unit_test(a_model_is_mapped_or_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
