/* Reading a rule is a walk over one table of members: each has a name and a reader, so that an unknown
 * or missing member is seen in one place. */
#include "detect/pack.h"

#include <stdarg.h>
#include <stdio.h>

#include "detect/extent.h"
#include "detect/validate.h"

#define NAME_LONGEST 64u

struct reading {
    const char *pack;
    const struct yaml_node *id; /* of the rule, once it is known */
    struct rule *rule;
    struct detail *detail;
};

typedef enum outcome member_reader(struct reading *reading, const struct yaml_node *node);

static enum outcome refuse(const struct reading *reading, const struct yaml_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum outcome refuse(const struct reading *reading, const struct yaml_node *node, const char *format, ...) {
    char what[192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    const char *id = reading->id ? reading->id->text.data : NULL;
    return detail_set(reading->detail, OUTCOME_INVALID, "%s:%u:%u: %s%s%s%s", reading->pack, node->line, node->column,
                      id ? "rule `" : "", id ? id : "", id ? "`: " : "", what);
}

/* Lower-case letters, digits and underscores: names stand in headers, records and metrics. */
static bool is_name(const struct yaml_node *node) {
    if (node == NULL || node->type != YAML_SCALAR) return false;
    if (node->text.len == 0 || node->text.len > NAME_LONGEST) return false;
    for (size_t i = 0; i < node->text.len; i++) {
        const char c = node->text.data[i];
        if (!char_is_lower(c) && !char_is_digit(c) && c != '_') return false;
    }
    return true;
}

static bool is_label(const struct yaml_node *node) {
    if (node == NULL || node->type != YAML_SCALAR) return false;
    if (node->text.len == 0 || node->text.len > PACK_LABEL_LONGEST) return false;
    for (size_t i = 0; i < node->text.len; i++)
        if (!char_is_upper(node->text.data[i])) return false;
    return true;
}

static enum outcome read_id(struct reading *reading, const struct yaml_node *node) {
    if (!is_name(node)) return refuse(reading, node, "an id is a-z, 0-9 and _, at most %u", NAME_LONGEST);
    reading->rule->info.id = node->text.data;
    return OUTCOME_OK;
}

static enum outcome read_kind(struct reading *reading, const struct yaml_node *node) {
    if (!is_name(node)) return refuse(reading, node, "a kind is a-z, 0-9 and _, at most %u", NAME_LONGEST);
    reading->rule->info.kind = node->text.data;
    return OUTCOME_OK;
}

static enum outcome read_tier(struct reading *reading, const struct yaml_node *node) {
    static const struct {
        const char *name;
        enum tier tier;
    } tiers[] = {{"LOW", TIER_LOW}, {"MEDIUM", TIER_MEDIUM}, {"HIGH", TIER_HIGH}, {"BLOCKED", TIER_BLOCKED}};
    for (size_t i = 0; node->type == YAML_SCALAR && i < sizeof tiers / sizeof *tiers; i++) {
        if (!slice_equal(node->text, slice_str(tiers[i].name))) continue;
        reading->rule->info.tier = tiers[i].tier;
        return OUTCOME_OK;
    }
    return refuse(reading, node, "a tier is LOW, MEDIUM, HIGH or BLOCKED");
}

static enum outcome read_pattern(struct reading *reading, const struct yaml_node *node) {
    if (node->type != YAML_SCALAR || node->text.len == 0) return refuse(reading, node, "a pattern is a text");
    reading->rule->pattern = node->text.data;
    return OUTCOME_OK;
}

static enum outcome read_flags(struct reading *reading, const struct yaml_node *node) {
    if (node->type != YAML_LIST) return refuse(reading, node, "flags are a list");
    for (const struct yaml_node *flag = node->first; flag; flag = flag->next) {
        if (flag->type != YAML_SCALAR || !slice_equal(flag->text, SLICE("caseless")))
            return refuse(reading, flag, "the only flag is caseless");
        reading->rule->caseless = true;
    }
    return OUTCOME_OK;
}

static enum outcome add_validator(struct reading *reading, const struct yaml_node *node) {
    struct rule *rule = reading->rule;
    validate_fn *validator = node->type == YAML_SCALAR ? validate_find(node->text.data) : NULL;
    if (validator == NULL) return refuse(reading, node, "there is no such validator");
    if (rule->validator_count == RULE_VALIDATORS_MOST)
        return refuse(reading, node, "at most %u validators", RULE_VALIDATORS_MOST);
    rule->validators[rule->validator_count++] = validator;
    return OUTCOME_OK;
}

static enum outcome read_validator(struct reading *reading, const struct yaml_node *node) {
    if (node->type != YAML_LIST) return add_validator(reading, node);
    for (const struct yaml_node *name = node->first; name; name = name->next) {
        const enum outcome outcome = add_validator(reading, name);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

static enum outcome read_extent(struct reading *reading, const struct yaml_node *node) {
    reading->rule->extent = node->type == YAML_SCALAR ? extent_find(node->text.data) : NULL;
    return reading->rule->extent ? OUTCOME_OK : refuse(reading, node, "there is no such extent");
}

static enum outcome read_replace(struct reading *reading, const struct yaml_node *node) {
    if (yaml_bool(node, &reading->rule->info.replace)) return OUTCOME_OK;
    return refuse(reading, node, "replace is true or false");
}

static enum outcome read_confidence(struct reading *reading, const struct yaml_node *node) {
    double confidence = 0;
    if (!yaml_double(node, &confidence) || !(confidence > 0 && confidence <= 1))
        return refuse(reading, node, "a confidence is over 0 and at most 1");
    reading->rule->info.confidence = (float)confidence;
    return OUTCOME_OK;
}

static bool is_example(const struct yaml_node *node) {
    if (node->type == YAML_SCALAR) return node->text.len > 0;
    if (node->type != YAML_MAP) return false;
    for (const struct yaml_node *member = node->first; member; member = member->next) {
        const bool known =
            slice_equal(member->key->text, SLICE("text")) || slice_equal(member->key->text, SLICE("value"));
        if (!known || member->type != YAML_SCALAR || member->text.len == 0) return false;
    }
    return yaml_member(node, "text") && yaml_member(node, "value");
}

static enum outcome check_examples(struct reading *reading, const struct yaml_node *node, bool values_allowed) {
    if (node->type != YAML_LIST) return refuse(reading, node, "examples are a list");
    unsigned count = 0;
    for (const struct yaml_node *example = node->first; example; example = example->next, count++)
        if (!is_example(example) || (!values_allowed && example->type != YAML_SCALAR))
            return refuse(reading, example, "an example is a text%s", values_allowed ? ", or {text, value}" : "");
    if (count < PACK_EXAMPLES_FEWEST)
        return refuse(reading, node, "at least %u examples in both directions", PACK_EXAMPLES_FEWEST);
    return OUTCOME_OK;
}

static enum outcome read_examples(struct reading *reading, const struct yaml_node *node) {
    reading->rule->examples = node;
    return check_examples(reading, node, true);
}

static enum outcome read_counterexamples(struct reading *reading, const struct yaml_node *node) {
    reading->rule->counterexamples = node;
    return check_examples(reading, node, false);
}

static const struct member {
    const char *name;
    bool needed;
    member_reader *read;
} MEMBERS[] = {
    {"id", true, read_id},
    {"kind", true, read_kind},
    {"tier", true, read_tier},
    {"pattern", true, read_pattern},
    {"flags", false, read_flags},
    {"validator", false, read_validator},
    {"extent", false, read_extent},
    {"replace", false, read_replace},
    {"confidence", true, read_confidence},
    {"examples", true, read_examples},
    {"counterexamples", true, read_counterexamples},
};
#define MEMBER_COUNT (sizeof MEMBERS / sizeof *MEMBERS)

static enum outcome read_member(struct reading *reading, const struct yaml_node *node) {
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (slice_equal(node->key->text, slice_str(MEMBERS[i].name))) return MEMBERS[i].read(reading, node);
    return refuse(reading, node->key, "unknown key `%.64s`", node->key->text.data);
}

enum outcome pack_read_rule(const struct yaml_tree *tree, const struct yaml_node *node, struct rule *rule_out,
                            struct detail *detail) {
    const char *pack = yaml_tree_name(tree);
    *rule_out = (struct rule){.pack = pack, .line = node->line, .column = node->column, .info.replace = true};
    struct reading reading = {.pack = pack, .rule = rule_out, .detail = detail};
    if (node->type != YAML_MAP) return refuse(&reading, node, "a rule is a map");
    const struct yaml_node *id = yaml_member(node, "id");
    if (is_name(id)) reading.id = id;
    for (const struct yaml_node *member = node->first; member; member = member->next) {
        const enum outcome outcome = read_member(&reading, member);
        if (outcome != OUTCOME_OK) return outcome;
    }
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (MEMBERS[i].needed && yaml_member(node, MEMBERS[i].name) == NULL)
            return refuse(&reading, node, "`%s` is missing", MEMBERS[i].name);
    return OUTCOME_OK;
}

enum outcome pack_read_kind(const struct yaml_tree *tree, const struct yaml_node *node, struct pack_kind *kind_out,
                            struct detail *detail) {
    const struct reading reading = {.pack = yaml_tree_name(tree), .detail = detail};
    if (node->type != YAML_MAP) return refuse(&reading, node, "a kind is a map");
    for (const struct yaml_node *member = node->first; member; member = member->next)
        if (!slice_equal(member->key->text, SLICE("name")) && !slice_equal(member->key->text, SLICE("label")))
            return refuse(&reading, member->key, "unknown key `%.64s`", member->key->text.data);
    const struct yaml_node *name = yaml_member(node, "name"), *label = yaml_member(node, "label");
    if (!is_name(name)) return refuse(&reading, node, "a kind's name is a-z, 0-9 and _, at most %u", NAME_LONGEST);
    if (!is_label(label)) return refuse(&reading, node, "a kind's label is 1 to %u letters A-Z", PACK_LABEL_LONGEST);
    *kind_out = (struct pack_kind){.name = name->text.data, .label = label->text.data};
    return OUTCOME_OK;
}

enum outcome pack_check(const struct yaml_tree *tree, struct detail *detail) {
    const struct reading reading = {.pack = yaml_tree_name(tree), .detail = detail};
    const struct yaml_node *root = yaml_tree_root(tree);
    if (root->type != YAML_MAP) return refuse(&reading, root, "a pack is a map with kinds and rules");
    for (const struct yaml_node *member = root->first; member; member = member->next) {
        if (!slice_equal(member->key->text, SLICE("kinds")) && !slice_equal(member->key->text, SLICE("rules")))
            return refuse(&reading, member->key, "unknown key `%.64s`", member->key->text.data);
        if (member->type != YAML_LIST) return refuse(&reading, member, "this must be a list");
    }
    return OUTCOME_OK;
}

const struct yaml_node *pack_members(const struct yaml_tree *tree, const char *list) {
    const struct yaml_node *members = yaml_member(yaml_tree_root(tree), list);
    return members ? members->first : NULL;
}
