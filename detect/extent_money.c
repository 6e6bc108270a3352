/* An amount of money that says something about a business: with a magnitude, or of four digits and
 * more, or a share in percent. `$5` says nothing. */
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
    static const char *const signs[] = {"$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5", "\xe2\x82\xb9"}; /* $ euro pound yen rupee */
    static const char *const codes[] = {"USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD", "INR", "SEK", "NOK", "DKK",
                                        "CNY", "dollars", "euros", "pounds"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const size_t len = strlen(signs[i]);
        if (at + len <= text.len && memcmp(text.data + at, signs[i], len) == 0) return (uint32_t)len;
    }
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (word_at(text, at, codes[i])) return (uint32_t)strlen(codes[i]);
    return 0;
}

static uint32_t magnitude_len(struct slice text, uint32_t at) {
    static const char *const words[] = {"k", "m", "mm", "mn", "b", "bn", "t", "mio", "mrd", "thousand", "million", "billion",
                                        "trillion", "crore", "lakh"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_at(text, at, words[i])) return (uint32_t)strlen(words[i]);
    return 0;
}

static uint32_t skip_blank(struct slice text, uint32_t at) {
    return text_at(text, at) == ' ' ? at + 1 : at;
}

/* The currency that ends right before `begin`, one blank allowed: where it begins, or `begin`. */
static uint32_t currency_before(struct slice text, uint32_t begin) {
    const uint32_t end = begin > 0 && text.data[begin - 1] == ' ' ? begin - 1 : begin;
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

static bool says_something(const struct amount *amount) {
    return amount->percent || amount->magnitude || (amount->currency && amount->digits >= 4) || amount->digits >= 5;
}

bool extent_money(struct slice text, struct text_range *range) {
    for (uint32_t at = range->begin; at < range->end; at++) {
        if (!char_is_digit(text.data[at]) || char_is_word(text_before(text, at))) continue;
        const struct amount amount = amount_at(text, at);
        if (says_something(&amount)) {
            *range = (struct text_range){amount.begin, amount.end};
            return true;
        }
        at = amount.end > at ? amount.end - 1 : at;
    }
    return false;
}
