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

/* ITU-T E.164 country codes: 1 and 7; two digits; or three digits, by the first two and the set of thirds. */
static bool country_code_assigned(const struct digits *digits) {
    static const uint8_t two_digits[] = {20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46,
                                         47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63,
                                         64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98};
    static const struct {
        uint8_t first_two;
        const char *thirds;
    } three_digits[] = {
        {21, "12368"},      {22, "0123456789"}, {23, "0123456789"}, {24, "0123456789"}, {25, "012345678"},
        {26, "0123456789"}, {29, "01789"},      {35, "0123456789"}, {37, "0123456789"}, {38, "01235679"},
        {42, "013"},        {50, "0123456789"}, {59, "0123456789"}, {67, "023456789"},  {68, "012356789"},
        {69, "012"},        {80, "08"},         {85, "02356"},      {87, "08"},         {88, "012368"},
        {96, "012345678"},  {97, "012345679"},  {99, "234568"},
    };
    if (digits->at[0] == 7) return digits->count == 11;
    if (digits->at[0] == 1) return digits->count == 11 && digits->at[1] >= 2;
    const uint64_t two = digits_number(digits, 0, 2);
    for (size_t i = 0; i < sizeof two_digits; i++)
        if (two == two_digits[i]) return true;
    for (size_t i = 0; i < sizeof three_digits / sizeof *three_digits; i++)
        if (two == three_digits[i].first_two) return char_is_any((char)('0' + digits->at[2]), three_digits[i].thirds);
    return false;
}

/* `+90.000000`, `+35236450.6`: one dot and no other separator, unless it follows a country code. */
static bool is_decimal(struct slice number) {
    size_t dots = 0, whole = 0, zeros = 0;
    for (size_t i = 1; i < number.len; i++) {
        if (!char_is_digit(number.data[i]) && number.data[i] != '.') return false;
        dots += number.data[i] == '.';
        whole += dots == 0;
        zeros += dots > 0 && number.data[i] == '0';
    }
    return dots == 1 && (whole > 3 || zeros >= 5);
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
    return digits.count >= 8 && digits.count <= 15 && country_code_assigned(&digits) && !is_decimal(number);
}

bool validate_phone_nanp(struct slice text, struct text_range value) {
    const struct groups groups = groups_of(text_of(text, value));
    return groups.total >= 10 && groups.total <= 15 && touches_nothing(text, value);
}

/* 01 02 03 04 05 */
static bool counts_up(struct slice number) {
    const struct digits digits = digits_of(number);
    if (digits.count < 6 || digits.count > DIGITS_MOST) return false;
    for (uint32_t i = 2; i + 1 < digits.count; i += 2)
        if (digits_number(&digits, i, 2) != digits_number(&digits, i - 2, 2) + 1) return false;
    return true;
}

/* 02110-1301 is a postal code, 0399 0308 0301 and 012.004.002.000 are rows of some table. */
static bool is_code_of_groups(struct slice number, const struct groups *groups) {
    if (groups->count == 2 && groups->digits[0] == 5 && groups->digits[1] == 4) return true;
    if (memchr(number.data, '.', number.len) && (groups->count != 5 || groups->total != 10)) return true;
    bool all_four = groups->count >= 3;
    for (uint32_t i = 0; i < groups->count; i++) all_four = all_four && groups->digits[i] == 4;
    return all_four;
}

bool validate_phone_national(struct slice text, struct text_range value) {
    const struct slice number = text_of(text, value);
    const struct groups groups = groups_of(number);
    if (groups.total < 9 || groups.total > 12 || groups.count < 2 || groups.count > 5) return false;
    return touches_nothing(text, value) && !counts_up(number) && !is_code_of_groups(number, &groups);
}

bool validate_phone_in_context(struct slice text, struct text_range value) {
    const struct groups groups = groups_of(text_of(text, value));
    if (groups.total < 7 || groups.total > 15 || groups.count > GROUPS_MOST) return false;
    return !char_is_word(text_before(text, value.begin)) && !char_is_word(text_at(text, value.end));
}
