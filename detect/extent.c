#include "detect/extent.h"

static const struct named {
    const char *name;
    extent_fn *extent;
} EXTENTS[] = {
    {"assigned_token", extent_assigned_token},
    {"assigned_value", extent_assigned_value},
    {"card", extent_card},
    {"crypt_hash", extent_crypt_hash},
    {"date", extent_date},
    {"domain_tail", extent_domain_tail},
    {"element", extent_element},
    {"email_address", extent_email},
    {"first_number", extent_first_number},
    {"host", extent_host},
    {"iban", extent_iban},
    {"ipv6", extent_ipv6},
    {"jwt", extent_jwt},
    {"last_number", extent_last_number},
    {"last_word", extent_last_word},
    {"mac", extent_mac},
    {"money_before", extent_money_before},
    {"money_behind", extent_money_behind},
    {"pem_block", extent_pem},
    {"percent_before", extent_percent_before},
    {"percent_behind", extent_percent_behind},
    {"phone", extent_phone},
    {"phone_behind", extent_phone_behind},
    {"token", extent_token},
    {"unc_path", extent_unc_path},
    {"url_password", extent_url_password},
    {"url_tail", extent_url_tail},
};

extent_fn *extent_find(const char *name) {
    for (size_t i = 0; i < sizeof EXTENTS / sizeof *EXTENTS; i++)
        if (strcmp(EXTENTS[i].name, name) == 0) return EXTENTS[i].extent;
    return NULL;
}

bool extent_token(struct slice text, struct text_range *range) {
    const uint32_t reach = range->end + EXTENT_REACH_BYTES;
    for (char c; range->end < reach && (c = text_at(text, range->end), char_is_alnum(c) || c == '_' || c == '-');)
        range->end++;
    return true;
}

static bool in_word(char c) {
    return char_is_alnum(c) || char_is_foreign(c) || char_is_any(c, "_-+/.~%$@");
}

bool extent_last_word(struct slice text, struct text_range *range) {
    const uint32_t reach = range->end + EXTENT_REACH_BYTES;
    uint32_t begin = range->end;
    while (begin > range->begin && text.data[begin - 1] == '=') begin--; /* padding of base64 */
    const uint32_t word_end = begin;
    while (begin > range->begin && in_word(text.data[begin - 1])) begin--;
    if (begin == word_end) return false;
    while (range->end < reach && in_word(text_at(text, range->end))) range->end++;
    while (range->end < reach && text_at(text, range->end) == '=') range->end++;
    while (range->end > begin && text.data[range->end - 1] == '.') range->end--; /* of the sentence */
    range->begin = begin;
    return range->begin < range->end;
}

bool extent_crypt_hash(struct slice text, struct text_range *range) {
    const uint32_t reach = range->end + EXTENT_REACH_BYTES;
    while (range->end < reach &&
           (char_is_alnum(text_at(text, range->end)) || char_is_any(text_at(text, range->end), "./$=,+-")))
        range->end++;
    while (range->end > range->begin && char_is_any(text.data[range->end - 1], ".,")) range->end--;
    return range->begin < range->end;
}

bool extent_last_number(struct slice text, struct text_range *range) {
    uint32_t begin = range->end;
    while (begin > range->begin && !char_is_digit(text.data[begin - 1])) begin--;
    range->end = begin;
    while (begin > range->begin) {
        const char before = text.data[begin - 1];
        const bool separator = char_is_any(before, " ,-./()+") && begin >= range->begin + 2 &&
                               (char_is_digit(text.data[begin - 2]) || char_is_any(text.data[begin - 2], " )("));
        if (!char_is_digit(before) && !separator && before != '+' && before != '(') break;
        begin--;
    }
    while (begin < range->end && char_is_any(text.data[begin], " -./)")) begin++;
    range->begin = begin;
    return range->begin < range->end;
}

static uint32_t first_digit(struct slice text, struct text_range range) {
    while (range.begin < range.end && !char_is_digit(text.data[range.begin])) range.begin++;
    return range.begin;
}

bool extent_first_number(struct slice text, struct text_range *range) {
    const uint32_t begin = first_digit(text, *range);
    uint32_t end = begin;
    while (end < range->end && char_is_digit(text.data[end])) end++;
    *range = (struct text_range){begin, end};
    return begin < end;
}

bool extent_url_tail(struct slice text, struct text_range *range) {
    const uint32_t reach = range->end + EXTENT_REACH_BYTES;
    while (range->end < reach) {
        const char c = text_at(text, range->end);
        if (!char_is_alnum(c) && !char_is_any(c, "_-./~%:@!$&+=?#*")) break;
        range->end++;
    }
    while (range->end > range->begin && char_is_any(text.data[range->end - 1], ".!?:*")) range->end--;
    return range->begin < range->end;
}

static bool is_month(struct slice word) {
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (size_t i = 0; word.len >= 3 && i < sizeof months - 1; i += 3)
        if (slice_equal_nocase(slice_of(word.data, 3), slice_of(months + i, 3))) return true;
    return false;
}

bool extent_date(struct slice text, struct text_range *range) {
    const uint32_t digit = first_digit(text, *range);
    uint32_t end = digit;
    while (end > range->begin && char_is_any(text.data[end - 1], " .")) end--;
    uint32_t begin = end;
    while (begin > range->begin && char_is_letter(text.data[begin - 1])) begin--;
    range->begin = is_month(slice_range(text, begin, end)) ? begin : digit;
    return range->begin < range->end;
}
