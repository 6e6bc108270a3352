/* Telephone numbers have no checksum, so form and surroundings decide: what touches the number, how
 * its digits are grouped, and whether it could be a date, a version or a part of something longer. */
#include "detect/digits.h"
#include "detect/validate.h"

#define GROUPS_MOST 8u

struct groups {
    uint32_t digits[GROUPS_MOST]; /* of each group, in order */
    uint32_t count;               /* GROUPS_MOST + 1: there were more */
    uint32_t total;
};

static struct groups groups_of(struct slice number) {
    struct groups groups = {.count = 0};
    bool in_group = false;
    for (size_t i = 0; i < number.len; i++) {
        if (!char_is_digit(number.data[i])) {
            in_group = false;
            continue;
        }
        groups.total++;
        if (!in_group && groups.count < GROUPS_MOST + 1 && ++groups.count <= GROUPS_MOST)
            groups.digits[groups.count - 1] = 0;
        in_group = true;
        if (groups.count <= GROUPS_MOST) groups.digits[groups.count - 1]++;
    }
    return groups;
}

/* Nothing beside it that would make it a part of a longer number, path or identifier. */
static bool touches_nothing(struct slice text, struct text_range value) {
    const char before = text_before(text, value.begin), after = text_at(text, value.end);
    if (char_is_word(before) || before == '-' || before == '.' || before == '/' || before == '#' || before == '$')
        return false;
    if (char_is_word(after) || after == '-' || after == '/' || after == '%') return false;
    const char beyond = text_at(text, value.end + 1);
    if ((after == '.' || after == ',' || after == ':' || after == ' ') && char_is_digit(beyond)) return false;
    return !((before == ' ' || before == ':' || before == ',') && value.begin >= 2 &&
             char_is_digit(text_at(text, value.begin - 2)));
}

/* E.164 country codes: one digit (1, 7), two digits as listed, three digits for all other zones. */
static bool country_code_assigned(const struct digits *digits) {
    static const uint8_t two_digits[] = {20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46,
                                         47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63,
                                         64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98};
    if (digits->at[0] == 1 || digits->at[0] == 7) return digits->count == 11;
    const uint64_t two = digits_number(digits, 0, 2);
    for (size_t i = 0; i < sizeof two_digits; i++)
        if (two == two_digits[i]) return true;
    return two == 21 || two == 22 || two == 23 || two == 24 || two == 25 || two == 26 || two == 29 || two == 35 ||
           two == 37 || two == 38 || two == 42 || two == 50 || two == 59 || two == 67 || two == 68 || two == 69 ||
           two == 80 || two == 85 || two == 87 || two == 88 || two == 96 || two == 97 || two == 99;
}

bool validate_phone_international(struct slice text, struct text_range value) {
    const struct slice number = text_of(text, value);
    struct digits digits = digits_of(number);
    const char before = text_before(text, value.begin), after = text_at(text, value.end);
    if (char_is_word(before) || before == '+' || before == '.' || char_is_word(after)) return false;
    if (after == '.' && char_is_digit(text_at(text, value.end + 1))) return false;
    /* `+44 (0)20` writes the trunk zero that callers from abroad leave out. */
    for (size_t i = 0; i + 2 < number.len; i++)
        if (number.data[i] == '(' && number.data[i + 1] == '0' && number.data[i + 2] == ')') digits.count--;
    return digits.count >= 8 && digits.count <= 15 && digits.at[0] != 0 && country_code_assigned(&digits);
}

bool validate_phone_nanp(struct slice text, struct text_range value) {
    const struct groups groups = groups_of(text_of(text, value));
    return groups.total >= 10 && groups.total <= 15 && touches_nothing(text, value);
}

/* 01-02-2024 and 2024-01-02 have eight digits or a group of four at an end; series such as 01 02 03 04 05 count up. */
static bool counts_up(struct slice number) {
    const struct digits digits = digits_of(number);
    if (digits.count < 6 || digits.count > DIGITS_MOST) return false;
    for (uint32_t i = 2; i + 1 < digits.count; i += 2)
        if (digits_number(&digits, i, 2) != digits_number(&digits, i - 2, 2) + 1) return false;
    return true;
}

bool validate_phone_national(struct slice text, struct text_range value) {
    const struct slice number = text_of(text, value);
    const struct groups groups = groups_of(number);
    if (groups.total < 9 || groups.total > 12 || groups.count < 2 || groups.count > 5) return false;
    return touches_nothing(text, value) && !counts_up(number);
}

bool validate_phone_in_context(struct slice text, struct text_range value) {
    const struct groups groups = groups_of(text_of(text, value));
    if (groups.total < 7 || groups.total > 15 || groups.count > GROUPS_MOST) return false;
    return !char_is_word(text_before(text, value.begin)) && !char_is_word(text_at(text, value.end));
}
