/* The digits of a number as people write it, without the separators between them. */
#ifndef SLUICE_DETECT_DIGITS_H
#define SLUICE_DETECT_DIGITS_H

#include "detect/text_range.h"

#define DIGITS_MOST 40u

struct digits {
    uint8_t at[DIGITS_MOST]; /* 0 to 9 each */
    uint32_t count;          /* DIGITS_MOST + 1: there were more */
};

/* Skips everything that is no digit. */
static inline struct digits digits_of(struct slice text) {
    struct digits digits = {.count = 0};
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.data[i])) continue;
        if (digits.count == DIGITS_MOST) {
            digits.count = DIGITS_MOST + 1;
            break;
        }
        digits.at[digits.count++] = (uint8_t)(text.data[i] - '0');
    }
    return digits;
}

/* The number that `count` digits from `begin` on make; count at most 18, all within the digits. */
static inline uint64_t digits_number(const struct digits *digits, uint32_t begin, uint32_t count) {
    uint64_t number = 0;
    for (uint32_t i = begin; i < begin + count; i++) number = number * 10 + digits->at[i];
    return number;
}

/* The check of cards, SIN and others: every second digit from the right doubled (ISO/IEC 7812-1, annex B). */
bool digits_luhn(const struct digits *digits);

/* A known issuer, a length that it uses, and Luhn. */
bool digits_card(const struct digits *digits);

/* How many symbols an IBAN of that country has (two letters, either case), 0 for no such country. */
uint32_t digits_iban_length(struct slice country);

#endif
