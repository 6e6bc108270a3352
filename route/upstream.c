#include "route/upstream.h"

#include <stddef.h>

#define CLASS_COUNT (CLASS_METERED + 1)

static const char *const names[CLASS_COUNT] = {"none", "local", "subscription", "metered"};

/* What is not said to be allowed is not allowed. */
static const bool allowed[TIER_BLOCKED + 1][CLASS_COUNT] = {
    [TIER_LOW] = {[CLASS_LOCAL] = true, [CLASS_SUBSCRIPTION] = true, [CLASS_METERED] = true},
    [TIER_MEDIUM] = {[CLASS_LOCAL] = true, [CLASS_SUBSCRIPTION] = true},
    [TIER_HIGH] = {[CLASS_LOCAL] = true},
};

bool tier_allows_class(enum tier tier, enum upstream_class class_) {
    if ((unsigned)tier > TIER_BLOCKED || (unsigned)class_ >= CLASS_COUNT) return false;
    return allowed[tier][class_];
}

const char *upstream_class_name(enum upstream_class class_) {
    return names[(unsigned)class_ < CLASS_COUNT ? class_ : CLASS_NONE];
}

bool upstream_class_parse(struct slice text, enum upstream_class *class_out) {
    for (enum upstream_class class_ = CLASS_LOCAL; class_ < CLASS_COUNT; class_++) {
        if (!slice_equal(text, slice_str(names[class_]))) continue;
        *class_out = class_;
        return true;
    }
    *class_out = CLASS_NONE;
    return false;
}

const char *upstream_model(const struct route_upstream *upstream, struct slice asked, struct slice *mapped_out) {
    const char *mapped = NULL;
    for (uint32_t i = 0; i < upstream->model_count; i++) {
        const struct route_model *model = &upstream->models[i];
        if (slice_equal(slice_str(model->from), asked)) {
            mapped = model->to;
            break;
        }
        if (slice_equal(slice_str(model->from), SLICE("*"))) mapped = model->to;
    }
    *mapped_out = mapped ? slice_str(mapped) : asked;
    return mapped && !slice_equal(*mapped_out, asked) ? mapped : NULL;
}
