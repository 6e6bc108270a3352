/* Amounts of money that say something about a business (with a magnitude, or of four digits and more, or a
 * share in percent; `$5` says nothing), and the numbers that money moves by. */
#include "detect/digits.h"
#include "detect/extent.h"

struct amount {
    uint32_t begin, end;
    uint32_t digits;
    bool currency, magnitude, percent;
};

static bool word_at(struct slice text, uint32_t at, const char *word) {
    const size_t len = strlen(word);
    if (at + len > text.len || !slice_equal_nocase(slice_range(text, at, at + len), slice_of(word, len))) return false;
    return !char_is_word(text_at(text, at + (uint32_t)len));
}

/* The length of the currency's sign or code at `at`, 0 when there is none. */
static uint32_t currency_len(struct slice text, uint32_t at) {
    static const char *const signs[] = {"$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5",
                                        "\xe2\x82\xb9"}; /* $ euro pound yen rupee */
    static const char *const codes[] = {"USD", "EUR", "GBP", "CHF", "JPY",     "CAD",   "AUD",   "INR",
                                        "SEK", "NOK", "DKK", "CNY", "dollars", "euros", "pounds"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const size_t len = strlen(signs[i]);
        if (at + len <= text.len && memcmp(text.data + at, signs[i], len) == 0) return (uint32_t)len;
    }
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (word_at(text, at, codes[i])) return (uint32_t)strlen(codes[i]);
    return 0;
}

static uint32_t magnitude_len(struct slice text, uint32_t at) {
    static const char *const words[] = {"k",   "m",        "mm",      "mn",      "b",        "bn",    "t",   "mio",
                                        "mrd", "thousand", "million", "billion", "trillion", "crore", "lakh"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_at(text, at, words[i])) return (uint32_t)strlen(words[i]);
    return 0;
}

static uint32_t skip_blank(struct slice text, uint32_t at) {
    return text_at(text, at) == ' ' ? at + 1 : at;
}

/* The currency that ends right before `begin`, one blank allowed: where it begins, or `begin`. */
static uint32_t currency_before(struct slice text, uint32_t begin) {
    const uint32_t end = text_before(text, begin) == ' ' ? begin - 1 : begin;
    for (uint32_t len = 1; len <= 7 && len <= end; len++)
        if (currency_len(text, end - len) == len && !char_is_letter(text_before(text, end - len))) return end - len;
    return begin;
}

/* `$12M`, `12M USD`, `EUR 1,200,000`, `4.2 million`, `34%` from its first digit on. */
static struct amount amount_at(struct slice text, uint32_t digit) {
    struct amount amount = {.begin = currency_before(text, digit), .end = digit};
    amount.currency = amount.begin < digit;
    for (char c; c = text_at(text, amount.end),
                 char_is_digit(c) || (char_is_any(c, ",.'") && char_is_digit(text_at(text, amount.end + 1)));
         amount.end++)
        amount.digits += char_is_digit(c);
    uint32_t at = skip_blank(text, amount.end);
    if (text_at(text, at) == '%') {
        amount.percent = true;
        amount.end = at + 1;
        return amount;
    }
    uint32_t len = magnitude_len(text, at);
    amount.magnitude = len > 0;
    if (len > 0) amount.end = at + len;
    at = skip_blank(text, amount.end);
    len = amount.currency ? 0 : currency_len(text, at);
    amount.currency = amount.currency || len > 0;
    if (len > 0) amount.end = at + len;
    return amount;
}

/* `32k tokens`, `5 million rows`: a count of something that is not money. */
static bool counts_things(struct slice text, const struct amount *amount) {
    static const char *const things[] = {"token",  "tokens",  "rows",     "requests",   "users",      "lines",  "files",
                                         "bytes",  "items",   "records",  "times",      "calls",      "ops",    "qps",
                                         "rps",    "ms",      "s",        "px",         "steps",      "params", "words",
                                         "points", "samples", "messages", "parameters", "characters", "days",   "weeks",
                                         "months", "years",   "hours",    "minutes"};
    const uint32_t at = skip_blank(text, amount->end);
    for (size_t i = 0; !amount->currency && i < sizeof things / sizeof *things; i++)
        if (word_at(text, at, things[i])) return true;
    return false;
}

static bool is_money(struct slice text, const struct amount *amount) {
    if (amount->percent || counts_things(text, amount)) return false;
    return amount->magnitude || (amount->currency && amount->digits >= 4);
}

/* The first digit of the number that has a digit at `at`. */
static uint32_t number_begin(struct slice text, uint32_t at) {
    uint32_t begin = at;
    while (begin > 0 && at - begin < 32) {
        const char before = text.data[begin - 1];
        const bool separator = char_is_any(before, ",.'") && char_is_digit(text_before(text, begin - 1));
        if (!char_is_digit(before) && !separator) break;
        begin--;
    }
    return begin;
}

static bool narrow_to_amount(struct slice text, struct text_range *range, uint32_t digit, bool percent) {
    if (char_is_word(text_before(text, digit))) return false; /* Q3, v2 */
    const struct amount amount = amount_at(text, digit);
    *range = (struct text_range){amount.begin, amount.end};
    return percent ? amount.percent : is_money(text, &amount);
}

bool extent_money_before(struct slice text, struct text_range *range) {
    return narrow_to_amount(text, range, number_begin(text, range->begin), false);
}

bool extent_money_behind(struct slice text, struct text_range *range) {
    return narrow_to_amount(text, range, range->end - 1, false);
}

bool extent_percent_before(struct slice text, struct text_range *range) {
    return narrow_to_amount(text, range, number_begin(text, range->begin), true);
}

bool extent_percent_behind(struct slice text, struct text_range *range) {
    return narrow_to_amount(text, range, range->end - 1, true);
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

/* Four symbols of a hexadecimal number with a digit among them, from `begin` on, alone. */
static bool group_of_four(struct slice text, uint32_t begin) {
    bool digit = false;
    for (uint32_t i = begin; i < begin + 4; i++) {
        if (char_hex(text_at(text, i)) < 0) return false;
        digit = digit || char_is_digit(text.data[i]);
    }
    return digit && !char_is_word(text_at(text, begin + 4)) && !char_is_word(text_before(text, begin));
}

/* `5112 5118 5114 5110` in a row of many such groups. */
static bool card_in_series(struct slice text, uint32_t begin, uint32_t end) {
    if (begin >= 5 && char_is_space(text.data[begin - 1]) && group_of_four(text, begin - 5)) return true;
    return char_is_space(text_at(text, end)) && group_of_four(text, end + 1);
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
    return longest_end > 0 && (walk.group_count == 1 || !card_in_series(text, range->begin, longest_end));
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
