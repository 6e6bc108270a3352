/* Addresses, numbers and amounts: where they begin and end is a matter of their own form. */
#include "detect/digits.h"
#include "detect/extent.h"

#define LOCAL_LONGEST 64u
#define DOMAIN_LONGEST 253u

/* Scripts that are written without blanks: a run of them must not swallow the Latin address beside it.
 * In UTF-8 they lead with E0 to EF (but E2 and EF, punctuation and full-width forms, belong to nothing). */
static bool leads_dense_script(unsigned char c) {
    return c >= 0xe0 && c <= 0xed && c != 0xe2;
}

/* A letter with accents, Greek, Cyrillic, Arabic ...: C3 to DF. C2 is Latin-1 punctuation. */
static bool leads_letter(unsigned char c) {
    return c >= 0xc3 && c <= 0xdf;
}

enum glyph { GLYPH_NONE, GLYPH_ASCII, GLYPH_LETTER, GLYPH_DENSE };

static enum glyph glyph_of_lead(unsigned char lead) {
    if (leads_letter(lead)) return GLYPH_LETTER;
    return leads_dense_script(lead) ? GLYPH_DENSE : GLYPH_NONE;
}

/* The glyph that ends at `end`, and its length; GLYPH_NONE for bytes that no address holds. */
static enum glyph glyph_before(struct slice text, uint32_t end, const char *ascii, uint32_t *len_out) {
    const char last = text_before(text, end);
    *len_out = 1;
    if (!char_is_foreign(last)) return char_is_alnum(last) || char_is_any(last, ascii) ? GLYPH_ASCII : GLYPH_NONE;
    while (*len_out < 4 && *len_out < end && ((unsigned char)text.data[end - *len_out] & 0xc0) == 0x80) ++*len_out;
    return glyph_of_lead((unsigned char)text.data[end - *len_out]);
}

static enum glyph glyph_at(struct slice text, uint32_t begin, const char *ascii, uint32_t *len_out) {
    const char first = text_at(text, begin);
    *len_out = 1;
    if (!char_is_foreign(first)) return char_is_alnum(first) || char_is_any(first, ascii) ? GLYPH_ASCII : GLYPH_NONE;
    while (*len_out < 4 && ((unsigned char)text_at(text, begin + *len_out) & 0xc0) == 0x80) ++*len_out;
    return glyph_of_lead((unsigned char)first);
}

/* One script on each side of the change: Latin does not go on in dense script, nor the other way. */
static bool script_changes(enum glyph seen, enum glyph next) {
    return seen != GLYPH_NONE && (seen == GLYPH_DENSE) != (next == GLYPH_DENSE);
}

static uint32_t local_begin(struct slice text, uint32_t at) {
    uint32_t begin = at, len = 0;
    enum glyph seen = GLYPH_NONE;
    while (begin > 0 && at - begin < LOCAL_LONGEST) {
        const enum glyph next = glyph_before(text, begin, "._%+'-", &len);
        if (next == GLYPH_NONE || script_changes(seen, next)) break;
        seen = next;
        begin -= len;
    }
    while (begin < at && char_is_any(text.data[begin], ".'-+%")) begin++;
    return begin;
}

/* A label may be of another script than its neighbour, so the change counts within labels only. */
static uint32_t domain_end(struct slice text, uint32_t begin) {
    uint32_t end = begin, len = 0;
    enum glyph seen = GLYPH_NONE;
    while (end - begin < DOMAIN_LONGEST) {
        const enum glyph next = glyph_at(text, end, ".-", &len);
        if (next == GLYPH_NONE || script_changes(seen, next)) break;
        seen = text.data[end] == '.' ? GLYPH_NONE : next;
        end += len;
    }
    while (end > begin && char_is_any(text.data[end - 1], ".-")) end--;
    return end;
}

bool extent_email(struct slice text, struct text_range *range) {
    const char *sign = memchr(text.data + range->begin, '@', range->end - range->begin);
    if (sign == NULL) return false;
    const uint32_t at = (uint32_t)(sign - text.data);
    range->begin = local_begin(text, at);
    range->end = domain_end(text, at + 1);
    return range->begin < at && range->end > at + 1;
}

/* Digits in a row, or groups of four (the last may differ) or 4-6-5 and 4-6-4, with one separator all along. */
static bool card_groups_plausible(const uint32_t *groups, uint32_t count) {
    if (count == 1) return true;
    if (count == 3) return groups[0] == 4 && groups[1] == 6 && (groups[2] == 5 || groups[2] == 4);
    for (uint32_t i = 0; i + 1 < count; i++)
        if (groups[i] != 4) return false;
    return count >= 4 && groups[count - 1] <= 4;
}

#define CARD_GROUPS_MOST 5u

struct card_walk {
    uint32_t groups[CARD_GROUPS_MOST];
    uint32_t group_count;
    struct digits digits;
    char separator; /* 0: none yet */
};

/* Takes the byte at `at` into the number; false where the number cannot go on. */
static bool card_take(struct card_walk *walk, struct slice text, uint32_t at) {
    const char c = text_at(text, at);
    if (char_is_digit(c)) {
        if (walk->digits.count == 19) return false;
        walk->digits.at[walk->digits.count++] = (uint8_t)(c - '0');
        walk->groups[walk->group_count - 1]++;
        return true;
    }
    if (!char_is_any(c, " -.") || !char_is_digit(text_at(text, at + 1))) return false;
    if ((walk->separator != 0 && walk->separator != c) || walk->group_count == CARD_GROUPS_MOST) return false;
    walk->separator = c;
    walk->groups[walk->group_count++] = 0;
    return true;
}

static bool card_touches_nothing(struct slice text, uint32_t begin, uint32_t end) {
    const char before = text_before(text, begin), after = text_at(text, end);
    if (char_is_word(before) || char_is_word(after)) return false;
    if ((before == '.' || before == ',') && begin >= 2 && char_is_digit(text.data[begin - 2])) return false;
    return after != '.' || !char_is_digit(text_at(text, end + 1));
}

bool extent_card(struct slice text, struct text_range *range) {
    struct card_walk walk = {.group_count = 1};
    uint32_t longest_end = 0;
    for (uint32_t at = range->begin; card_take(&walk, text, at); at++) {
        const bool ends_group = !char_is_digit(text_at(text, at + 1));
        if (ends_group && char_is_digit(text.data[at]) && digits_card(&walk.digits) &&
            card_groups_plausible(walk.groups, walk.group_count) && card_touches_nothing(text, range->begin, at + 1))
            longest_end = at + 1;
    }
    range->end = longest_end;
    return longest_end > 0;
}

bool extent_iban(struct slice text, struct text_range *range) {
    const uint32_t wanted = digits_iban_length(text_of(text, *range));
    uint32_t end = range->begin, count = 0;
    while (count < wanted) {
        const char c = text_at(text, end);
        if (char_is_alnum(c))
            count++;
        else if (!char_is_any(c, " -") || !char_is_alnum(text_at(text, end + 1)))
            return false;
        end++;
    }
    range->end = end;
    return wanted > 0 && !char_is_word(text_at(text, end));
}

bool extent_ipv6(struct slice text, struct text_range *range) {
    const uint32_t limit = range->begin + 45;
    while (range->end < limit && (char_hex(text_at(text, range->end)) >= 0 || text_at(text, range->end) == ':' ||
                                  (text_at(text, range->end) == '.' && char_is_digit(text_at(text, range->end + 1)))))
        range->end++;
    if (text.data[range->end - 1] == ':' && text.data[range->end - 2] != ':') range->end--; /* of the sentence */
    return true;
}

bool extent_unc_path(struct slice text, struct text_range *range) {
    const uint32_t reach = range->end + 512;
    for (char c; range->end < reach &&
                 (c = text_at(text, range->end), char_is_word(c) || char_is_any(c, "\\.$-~()%&{}!#'"));)
        range->end++;
    while (range->end > range->begin && char_is_any(text.data[range->end - 1], "\\.)'!")) range->end--;
    return true;
}
