/* Numbers that prove themselves: each validator is the issuer's published check and nothing else, so
 * that a wrong finding needs both the form and the checksum by chance. */
#include "detect/digits.h"
#include "detect/validate.h"

bool digits_luhn(const struct digits *digits) {
    unsigned sum = 0;
    for (uint32_t i = 0; i < digits->count; i++) {
        unsigned digit = digits->at[digits->count - 1 - i];
        if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

/* Ranges of first digits, as the networks publish them, and the lengths in use: bit n for n digits. */
#define LENGTH(n) (1u << (n))
static const struct issuer {
    uint32_t first, last; /* of `prefix_digits` digits, inclusive */
    uint8_t prefix_digits;
    uint32_t lengths;
} ISSUERS[] = {
    {4, 4, 1, LENGTH(13) | LENGTH(16) | LENGTH(19)},                    /* Visa */
    {51, 55, 2, LENGTH(16)},                                            /* Mastercard */
    {2221, 2720, 4, LENGTH(16)},                                        /* Mastercard */
    {34, 34, 2, LENGTH(15)},                                            /* American Express */
    {37, 37, 2, LENGTH(15)},                                            /* American Express */
    {6011, 6011, 4, LENGTH(16) | LENGTH(19)},                           /* Discover */
    {644, 659, 3, LENGTH(16) | LENGTH(19)},                             /* Discover */
    {300, 305, 3, LENGTH(14) | LENGTH(16)},                             /* Diners Club */
    {36, 36, 2, LENGTH(14)},                                            /* Diners Club */
    {38, 39, 2, LENGTH(14) | LENGTH(16)},                               /* Diners Club */
    {3528, 3589, 4, LENGTH(16) | LENGTH(19)},                           /* JCB */
    {62, 62, 2, LENGTH(16) | LENGTH(17) | LENGTH(18) | LENGTH(19)},     /* UnionPay */
    {5018, 5018, 4, LENGTH(13) | LENGTH(16) | LENGTH(18) | LENGTH(19)}, /* Maestro */
    {5020, 5020, 4, LENGTH(13) | LENGTH(16) | LENGTH(18) | LENGTH(19)}, /* Maestro */
    {5038, 5038, 4, LENGTH(13) | LENGTH(16) | LENGTH(18) | LENGTH(19)}, /* Maestro */
    {6304, 6304, 4, LENGTH(16) | LENGTH(18) | LENGTH(19)},              /* Maestro */
    {6759, 6759, 4, LENGTH(16) | LENGTH(18) | LENGTH(19)},              /* Maestro */
    {6761, 6763, 4, LENGTH(16) | LENGTH(18) | LENGTH(19)},              /* Maestro */
    {60, 60, 2, LENGTH(16)},                                            /* RuPay */
    {2200, 2204, 4, LENGTH(16)},                                        /* Mir */
};

bool digits_card(const struct digits *digits) {
    if (digits->count < 13 || digits->count > 19 || !digits_luhn(digits)) return false;
    for (size_t i = 0; i < sizeof ISSUERS / sizeof *ISSUERS; i++) {
        const struct issuer *issuer = &ISSUERS[i];
        const uint64_t prefix = digits_number(digits, 0, issuer->prefix_digits);
        if (prefix >= issuer->first && prefix <= issuer->last && issuer->lengths & LENGTH(digits->count)) return true;
    }
    return false;
}

bool validate_card(struct slice text, struct text_range value) {
    const struct digits digits = digits_of(text_of(text, value));
    return digits_card(&digits);
}

/* ISO 13616 registry (SWIFT): country and length of its IBAN. */
static const struct iban_country {
    char code[3];
    uint8_t len;
} IBAN_COUNTRIES[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
    {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
    {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22},
    {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32},
    {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19},
    {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31},
    {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TL", 23},
    {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

uint32_t digits_iban_length(struct slice country) {
    for (size_t i = 0; country.len >= 2 && i < sizeof IBAN_COUNTRIES / sizeof *IBAN_COUNTRIES; i++)
        if (slice_equal_nocase(slice_of(country.data, 2), slice_of(IBAN_COUNTRIES[i].code, 2)))
            return IBAN_COUNTRIES[i].len;
    return 0;
}

static unsigned iban_fold(unsigned remainder, char c) {
    if (char_is_digit(c)) return (remainder * 10 + (unsigned)(c - '0')) % 97;
    return (remainder * 100 + (unsigned)(slice_ascii_lower(c) - 'a' + 10)) % 97;
}

/* ISO 7064 MOD 97-10: the first four symbols count last. */
bool validate_iban(struct slice text, struct text_range value) {
    char symbols[40];
    uint32_t count = 0;
    for (uint32_t i = value.begin; i < value.end; i++) {
        if (!char_is_alnum(text.data[i])) continue;
        if (count == sizeof symbols) return false;
        symbols[count++] = text.data[i];
    }
    if (count < 5 || count != digits_iban_length(slice_of(symbols, count))) return false;
    unsigned remainder = 0;
    for (uint32_t i = 4; i < count; i++) remainder = iban_fold(remainder, symbols[i]);
    for (uint32_t i = 0; i < 4; i++) remainder = iban_fold(remainder, symbols[i]);
    return remainder == 1;
}

bool validate_ssn(struct slice text, struct text_range value) {
    const struct digits digits = digits_of(text_of(text, value));
    if (digits.count != 9) return false;
    const uint64_t area = digits_number(&digits, 0, 3);
    return area != 0 && area != 666 && area < 900 && digits_number(&digits, 3, 2) != 0 &&
           digits_number(&digits, 5, 4) != 0;
}

/* First digits 0 and 8 were never issued; a number that ends in 000 is more likely a round amount. */
bool validate_sin(struct slice text, struct text_range value) {
    const struct digits digits = digits_of(text_of(text, value));
    if (digits.count != 9 || digits.at[0] == 0 || digits.at[0] == 8) return false;
    return digits_number(&digits, 6, 3) != 0 && digits_luhn(&digits);
}

bool validate_aba_routing(struct slice text, struct text_range value) {
    static const unsigned weights[] = {3, 7, 1};
    const struct digits digits = digits_of(text_of(text, value));
    if (digits.count != 9) return false;
    unsigned sum = 0;
    for (uint32_t i = 0; i < 9; i++) sum += digits.at[i] * weights[i % 3];
    return sum % 10 == 0 && sum > 0;
}

bool validate_nhs(struct slice text, struct text_range value) {
    const struct digits digits = digits_of(text_of(text, value));
    if (digits.count != 10) return false;
    unsigned sum = 0;
    for (uint32_t i = 0; i < 9; i++) sum += digits.at[i] * (10 - i);
    return (11 - sum % 11) % 11 == digits.at[9];
}

static bool cpf_digit_holds(const struct digits *digits, uint32_t count) {
    unsigned sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += digits->at[i] * (count + 1 - i);
    return sum * 10 % 11 % 10 == digits->at[count];
}

bool validate_cpf(struct slice text, struct text_range value) {
    const struct digits digits = digits_of(text_of(text, value));
    if (digits.count != 11) return false;
    bool all_same = true;
    for (uint32_t i = 1; i < 11; i++) all_same = all_same && digits.at[i] == digits.at[0];
    return !all_same && cpf_digit_holds(&digits, 9) && cpf_digit_holds(&digits, 10);
}

/* The number modulo 97 and its complement; Corsica's 2A and 2B count as 19 and 18. */
bool validate_nir(struct slice text, struct text_range value) {
    char symbols[15];
    uint32_t count = 0;
    for (uint32_t i = value.begin; i < value.end; i++) {
        if (!char_is_alnum(text.data[i])) continue;
        if (count == sizeof symbols) return false;
        symbols[count++] = text.data[i];
    }
    if (count != sizeof symbols) return false;
    if (symbols[6] == 'A' || symbols[6] == 'B') {
        symbols[5] = '1';
        symbols[6] = symbols[6] == 'A' ? '9' : '8';
    }
    const struct digits digits = digits_of(slice_of(symbols, count));
    return digits.count == 15 && 97 - digits_number(&digits, 0, 13) % 97 == digits_number(&digits, 13, 2);
}

bool validate_dni(struct slice text, struct text_range value) {
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    const struct slice dni = text_of(text, value);
    const struct digits digits = digits_of(dni);
    const char first = dni.data[0];
    if (first >= 'X' && first <= 'Z')
        return digits.count == 7 && letters[((uint64_t)(first - 'X') * 10000000 + digits_number(&digits, 0, 7)) % 23] ==
                                        dni.data[dni.len - 1];
    return digits.count == 8 && letters[digits_number(&digits, 0, 8) % 23] == dni.data[dni.len - 1];
}

/* Odd places by table, even places by value; the sum's remainder is the last letter. */
bool validate_codice_fiscale(struct slice text, struct text_range value) {
    static const uint8_t odd[26] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    const struct slice code = text_of(text, value);
    if (code.len != 16) return false;
    unsigned sum = 0;
    for (uint32_t i = 0; i < 15; i++) {
        const char c = code.data[i];
        const unsigned rank = (unsigned)(char_is_digit(c) ? c - '0' : slice_ascii_lower(c) - 'a');
        if (rank > 25) return false;
        sum += i % 2 == 0 ? odd[rank] : rank;
    }
    return slice_ascii_lower(code.data[15]) - 'a' == (int)(sum % 26);
}

/* Verhoeff's check: the digits' product in the dihedral group D5 (0-4 rotations, 5-9 reflections). */
static unsigned dihedral(unsigned a, unsigned b) {
    if (a < 5) return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
    return b < 5 ? 5 + (a - b) % 5 : (a + 5 - b) % 5;
}

/* Each digit is permuted as often as its place from the right says. */
bool validate_aadhaar(struct slice text, struct text_range value) {
    static const uint8_t permuted[10] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
    const struct digits digits = digits_of(text_of(text, value));
    if (digits.count != 12 || digits.at[0] < 2) return false;
    unsigned product = 0;
    for (uint32_t place = 0; place < 12; place++) {
        unsigned digit = digits.at[11 - place];
        for (uint32_t turn = 0; turn < place % 8; turn++) digit = permuted[digit];
        product = dihedral(product, digit);
    }
    return product == 0;
}
