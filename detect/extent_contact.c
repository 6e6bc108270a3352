/* How people and machines are reached: where an address or a number begins and ends is a matter of its own
 * form. */
#include "detect/extent.h"

#define LOCAL_LONGEST 64u
#define DOMAIN_LONGEST 253u
#define PHONE_DIGITS_MOST 15u
#define UNC_LONGEST 260u /* MAX_PATH */

/* Scripts that are written without blanks: a run of them must not swallow the Latin address beside it.
 * In UTF-8 they lead with E0 to EF (but E2 and EF, punctuation and full-width forms, belong to nothing). */
static bool leads_dense_script(unsigned char c) {
    return c >= 0xe0 && c <= 0xed && c != 0xe2;
}

/* A letter with accents, Greek, Cyrillic, Arabic ...: C3 to DF. C2 is Latin-1 punctuation. */
static bool leads_letter(unsigned char c) {
    return c >= 0xc3 && c <= 0xdf;
}

enum glyph { GLYPH_NONE, GLYPH_JOINT, GLYPH_ASCII, GLYPH_LETTER, GLYPH_DENSE };

/* Of the character at `begin`; GLYPH_NONE for what no address holds. A joint is one of `joints`. */
static enum glyph glyph_of(struct slice text, uint32_t begin, const char *joints) {
    const char c = text_at(text, begin);
    if (char_is_any(c, joints)) return GLYPH_JOINT;
    if (!char_is_foreign(c)) return char_is_alnum(c) ? GLYPH_ASCII : GLYPH_NONE;
    const unsigned char lead = (unsigned char)c, second = (unsigned char)text_at(text, begin + 1);
    if (leads_letter(lead)) return GLYPH_LETTER;
    const bool cjk_punctuation = lead == 0xe3 && second == 0x80;
    return leads_dense_script(lead) && !cjk_punctuation ? GLYPH_DENSE : GLYPH_NONE;
}

static bool continues_character(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

static uint32_t character_before(struct slice text, uint32_t end) {
    uint32_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && continues_character(text.data[begin])) begin--;
    return begin;
}

static uint32_t character_end(struct slice text, uint32_t begin) {
    uint32_t end = begin + 1;
    while (end - begin < 4 && continues_character(text_at(text, end))) end++;
    return end;
}

/* Latin does not go on in dense script, nor the other way. */
static bool script_changes(enum glyph seen, enum glyph next) {
    return seen != GLYPH_NONE && next != GLYPH_JOINT && (seen == GLYPH_DENSE) != (next == GLYPH_DENSE);
}

static uint32_t local_begin(struct slice text, uint32_t at) {
    uint32_t begin = at;
    enum glyph seen = GLYPH_NONE;
    while (begin > 0 && at - begin < LOCAL_LONGEST) {
        const uint32_t character = character_before(text, begin);
        const enum glyph next = glyph_of(text, character, "._%+'-");
        if (next == GLYPH_NONE || script_changes(seen, next)) break;
        if (next != GLYPH_JOINT) seen = next;
        begin = character;
    }
    while (begin < at && char_is_any(text.data[begin], ".'-+%")) begin++;
    return begin;
}

/* A label may be of another script than its neighbour, so the change counts within labels only. */
static uint32_t domain_end(struct slice text, uint32_t begin) {
    uint32_t end = begin;
    enum glyph seen = GLYPH_NONE;
    while (end < text.len && end - begin < DOMAIN_LONGEST) {
        const enum glyph next = glyph_of(text, end, ".-");
        if (next == GLYPH_NONE || script_changes(seen, next)) break;
        if (text.data[end] == '.') seen = GLYPH_NONE;
        if (next != GLYPH_JOINT) seen = next;
        end = character_end(text, end);
    }
    if (end > text.len) end = (uint32_t)text.len;
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

bool extent_domain_tail(struct slice text, struct text_range *range) {
    const uint32_t reach = range->end + DOMAIN_LONGEST;
    for (char c; range->end < reach; range->end++) {
        c = text_at(text, range->end);
        const bool goes_on = c == '.' || c == '-' ? char_is_alnum(text_at(text, range->end + 1)) : char_is_alnum(c);
        if (!goes_on) break;
    }
    return true;
}

/* One separator between digits, or two where one is a parenthesis: `(415) 555`, `+49 (0)30`. */
static uint32_t phone_separator_len(struct slice text, uint32_t at) {
    uint32_t len = 0;
    while (len < 3 && char_is_any(text_at(text, at + len), " ()./-")) len++;
    if (!char_is_digit(text_at(text, at + len))) return 0;
    for (uint32_t i = 0; len > 1 && i < len; i++)
        if (char_is_any(text.data[at + i], "()")) return len;
    return len == 1 ? 1 : 0;
}

static uint32_t phone_end(struct slice text, uint32_t begin) {
    uint32_t at = begin, group_end = begin, digits = 0;
    while (char_is_any(text_at(text, at), "+(")) at++;
    for (;;) {
        while (char_is_digit(text_at(text, at))) at++, digits++;
        if (digits > PHONE_DIGITS_MOST) return group_end;
        group_end = at;
        const uint32_t separator = phone_separator_len(text, at);
        if (separator == 0) return group_end;
        at += separator;
    }
}

bool extent_phone(struct slice text, struct text_range *range) {
    range->end = phone_end(text, range->begin);
    return range->begin < range->end;
}

bool extent_phone_behind(struct slice text, struct text_range *range) {
    uint32_t begin = range->end - 1;
    while (begin > range->begin && char_is_any(text.data[begin - 1], "+(")) begin--;
    range->begin = begin;
    return extent_phone(text, range);
}

bool extent_host(struct slice text, struct text_range *range) {
    uint32_t begin = range->begin;
    while (begin > 0 && range->end - begin < DOMAIN_LONGEST &&
           (char_is_alnum(text.data[begin - 1]) || char_is_any(text.data[begin - 1], "_-.")))
        begin--;
    while (begin < range->begin && char_is_any(text.data[begin], "_-.")) begin++;
    range->begin = begin;
    return true;
}

bool extent_ipv6(struct slice text, struct text_range *range) {
    const uint32_t limit = range->begin + 45;
    while (range->end < limit && (char_hex(text_at(text, range->end)) >= 0 || text_at(text, range->end) == ':' ||
                                  (text_at(text, range->end) == '.' && char_is_digit(text_at(text, range->end + 1)))))
        range->end++;
    const bool colon = text_before(text, range->end) == ':' && text_before(text, range->end - 1) != ':';
    if (colon) range->end--; /* of the sentence */
    return range->begin < range->end;
}

bool extent_mac(struct slice text, struct text_range *range) {
    if (range->begin < 2 || range->begin + 15 > text.len) return false;
    *range = (struct text_range){range->begin - 2, range->begin + 15};
    return true;
}

bool extent_unc_path(struct slice text, struct text_range *range) {
    while (text_before(text, range->begin) == '\\') range->begin--;
    const uint32_t reach = range->end + UNC_LONGEST;
    for (char c; range->end < reach && (c = text_at(text, range->end),
                                       char_is_word(c) || char_is_foreign(c) || char_is_any(c, "\\.$-~()%&{}!#'"));)
        range->end++;
    while (range->end > range->begin && char_is_any(text.data[range->end - 1], "\\.)'!")) range->end--;
    return range->begin < range->end;
}
