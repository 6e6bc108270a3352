/* The values of secrets. An assignment is read as the languages that people paste would read it:
 * quotes of six kinds, escapes, type annotations; without quotes the value goes to the next blank. */
#include "detect/extent.h"

#define VALUE_LONGEST 512u
#define PEM_LONGEST (32u << 10)
#define KEY_LONGEST 64u
#define JWT_HEADER_LONGEST 1024u
#define JWT_PART_LONGEST (8u << 10)

static uint32_t skip_blanks(struct slice text, uint32_t at) {
    while (char_is_blank(text_at(text, at))) at++;
    return at;
}

static bool is_quote(char c) {
    return char_is_any(c, "\"'`");
}

/* `: str = "x"`: behind the equals sign, where a type stands at `at`; else `at`. */
static uint32_t skip_annotation(struct slice text, uint32_t at) {
    uint32_t end = at;
    while (end - at < 40 && (char_is_word(text_at(text, end)) || char_is_any(text_at(text, end), "&<>[]., |?*"))) end++;
    if (end == at || text_at(text, end) != '=' || is_quote(text_at(text, at))) return at;
    const char last = text_before(text, end);
    if (last != ' ' && last != '>' && last != ']' && last != '?') return at; /* `a=b=c` is a value */
    return skip_blanks(text, end + 1);
}

/* r"..", b'..', @"..", L".." and the like: where the quote stands; else `at`. */
static uint32_t skip_string_prefix(struct slice text, uint32_t at) {
    uint32_t quote = at;
    while (quote - at < 2 && char_is_any(text_at(text, quote), "rRbBfFuUL@")) quote++;
    return is_quote(text_at(text, quote)) ? quote : at;
}

/* Up to the closing quote, or to the line's end where it is missing: a string laid into the scan text
 * with glue ends at the separator. A backslash takes the next byte with it, unless it opened the string. */
static struct text_range quoted_value(struct slice text, uint32_t quote, bool escaped) {
    const char mark = text.data[quote];
    uint32_t begin = quote + 1;
    if (text_at(text, begin) == mark && text_at(text, begin + 1) == mark) begin += 2; /* """text""" */
    uint32_t end = begin;
    for (char c; end - begin < VALUE_LONGEST && end < text.len && (c = text.data[end], c != mark && c != '\n'); end++) {
        if (c != '\\') continue;
        if (escaped && text_at(text, end + 1) == mark) break;
        end++;
    }
    if (end > text.len) end = (uint32_t)text.len;
    return (struct text_range){begin, end};
}

static struct text_range plain_value(struct slice text, uint32_t begin) {
    uint32_t end = begin;
    while (end - begin < VALUE_LONGEST && end < text.len && !char_is_space(text.data[end]) &&
           !char_is_any(text.data[end], "\"'`,;()[]{}<>&|\x1e"))
        end++;
    while (end > begin && char_is_any(text.data[end - 1], ".:?")) end--; /* of the sentence */
    if (end > begin && text.data[end - 1] == '\\') end--;                /* a line that goes on, or `\n` as text */
    return (struct text_range){begin, end};
}

/* `...:123456789012:secret:name`: a field of a colon-separated name, as in ARNs. */
static bool is_name_in_list(struct slice text, struct text_range hit) {
    return text_before(text, hit.begin) == ':' && hit.begin >= 2 && char_is_digit(text.data[hit.begin - 2]) &&
           text_before(text, hit.end) == ':';
}

bool extent_assigned_value(struct slice text, struct text_range *range) {
    if (is_name_in_list(text, *range)) return false;
    uint32_t at = skip_annotation(text, skip_blanks(text, range->end));
    at = skip_string_prefix(text, at);
    const bool escaped = text_at(text, at) == '\\' && is_quote(text_at(text, at + 1));
    if (escaped) at++;
    /* The hit may already hold the opening quote, as in the glue between a key and its value. */
    const bool opened = at == range->end && is_quote(text_before(text, at)) && range->end > range->begin;
    if (opened)
        *range = quoted_value(text, at - 1, false);
    else
        *range = is_quote(text_at(text, at)) ? quoted_value(text, at, escaped) : plain_value(text, at);
    return range->begin < range->end;
}

/* Words in front of `token` in names of things that are counted, or are places in lists and texts. */
static bool names_no_secret(struct slice word) {
    static const char *const words[] = {
        "max",    "min",   "num",          "page",   "next",       "prev",     "previous",    "continuation", "cursor",
        "eos",    "bos",   "pad",          "unk",    "mask",       "sep",      "cls",         "special",      "stop",
        "start",  "end",   "cancellation", "cancel", "sync",       "lex",      "csrf",        "xsrf",         "comma",
        "image",  "audio", "text",         "prompt", "completion", "thinking", "idempotency", "lock",         "budget",
        "cached", "total", "count",        "per",    "first",      "last",     "user_cancel"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_equal_nocase(word, slice_str(words[i]))) return true;
    return false;
}

/* The part of the key right before `end`: `next` in next_page (of nextPage as well). */
static struct slice key_word_before(struct slice text, uint32_t end) {
    while (end > 0 && char_is_any(text.data[end - 1], "_-")) end--;
    uint32_t begin = end;
    while (begin > 0 && end - begin < KEY_LONGEST && char_is_letter(text.data[begin - 1])) {
        begin--;
        const bool camel = char_is_upper(text.data[begin]) && char_is_lower(text_at(text, begin + 1));
        if (camel) break;
    }
    return slice_range(text, begin, end);
}

/* Where the word `token` begins in the hit, or its end. */
static uint32_t token_word(struct slice text, struct text_range hit) {
    uint32_t at = hit.begin;
    while (at < hit.end && (hit.end - at < 5 || !slice_equal_nocase(slice_range(text, at, at + 5), SLICE("token"))))
        at++;
    return at;
}

bool extent_assigned_token(struct slice text, struct text_range *range) {
    const uint32_t word = token_word(text, *range);
    if (word < range->end && names_no_secret(key_word_before(text, word))) return false;
    return extent_assigned_value(text, range);
}

bool extent_element(struct slice text, struct text_range *range) {
    const uint32_t begin = range->end;
    uint32_t end = begin;
    while (end - begin < VALUE_LONGEST && end < text.len && !char_is_any(text.data[end], "<>\n")) end++;
    *range = (struct text_range){begin, end};
    return begin < end && text_at(text, end) == '<';
}

bool extent_url_password(struct slice text, struct text_range *range) {
    const char *mark = memmem(text.data + range->begin, range->end - range->begin, "://", 3);
    if (mark == NULL) return false;
    uint32_t colon = (uint32_t)(mark - text.data) + 3;
    while (colon < range->end && text.data[colon] != ':') colon++;
    uint32_t end = range->end;
    while (end > colon && text.data[end - 1] != '@') end--;
    if (end <= colon + 2) return false;
    *range = (struct text_range){colon + 1, end - 1};
    return true;
}

static uint32_t base64url_end(struct slice text, uint32_t begin, uint32_t longest) {
    uint32_t end = begin;
    while (end - begin < longest && (char_is_alnum(text_at(text, end)) || char_is_any(text_at(text, end), "_-=")))
        end++;
    return end;
}

/* Two to four more parts, each behind a dot; the last may be empty (an unsigned token). */
bool extent_jwt(struct slice text, struct text_range *range) {
    uint32_t end = base64url_end(text, range->begin, JWT_HEADER_LONGEST), parts = 1;
    while (parts < 5 && text_at(text, end) == '.') {
        const uint32_t next = base64url_end(text, end + 1, JWT_PART_LONGEST);
        if (next == end + 1 && parts < 2) break;
        if (next == end + 1 && parts >= 3) break; /* the full stop of the sentence */
        end = next;
        parts++;
    }
    range->end = end;
    return parts >= 2;
}

static bool in_pem(char c) {
    return char_is_alnum(c) || char_is_space(c) || char_is_any(c, "+/=\\-:,.()\"'>|_@<");
}

bool extent_pem(struct slice text, struct text_range *range) {
    const uint32_t limit = text.len - range->end > PEM_LONGEST ? range->end + PEM_LONGEST : (uint32_t)text.len;
    uint32_t end = range->end;
    while (end < limit && in_pem(text.data[end])) {
        if (text.data[end] != '-' || !slice_starts_with(slice_range(text, end, limit), SLICE("-----"))) {
            end++;
            continue;
        }
        const bool closes = slice_starts_with(slice_range(text, end, limit), SLICE("-----END "));
        if (!closes) break; /* another block begins */
        uint32_t close = end + 9;
        while (close < limit && (char_is_upper(text.data[close]) || text.data[close] == ' ')) close++;
        while (close < limit && text.data[close] == '-') close++;
        range->end = close;
        return true;
    }
    while (end > range->end && char_is_space(text.data[end - 1])) end--;
    range->end = end;
    return true;
}
