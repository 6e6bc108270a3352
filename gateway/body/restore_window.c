/* Every token has an underscore, so the search goes from underscore to underscore, at memchr's speed, and
 * looks at the few places before each where a label may begin. What is held is searched on its own, byte
 * by byte as more arrives, until nothing of it can be a token any more.
 *
 * At one place at most one label fits, and a token can only begin inside another's label, never complete
 * before it: so the leftmost match is also the first to complete, and cutting the text changes nothing. */
#include "gateway/body/restore_window.h"

#include "base/require.h"
#include "gateway/body/json_text.h"

#define MOST_BACKSLASHES 2u

/* restore_window.escape_left counts down \uXXXX from behind the backslash. */
#define ESCAPE_LETTER 5u
#define ESCAPE_DIGITS 4u

enum fit {
    FIT_NONE,  /* no token begins here */
    FIT_MAYBE, /* all bytes so far may be the beginning of one */
    FIT_TOKEN
};

struct match {
    enum fit fit;
    size_t len;         /* of a token as it is written */
    struct token token; /* in canonical form */
};

/* What one call of feed works with. */
struct feed {
    struct restore_window *window;
    const struct restore_source *source;
    enum restore_form form;
    struct buffer *out;
};

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static char upper(char c) {
    if (c >= 'a' && c <= 'z') return (char)(c - ('a' - 'A'));
    return c;
}

void restore_source_init(struct restore_source *source, void *owner,
                         bool (*lookup)(void *owner, struct slice canonical_token, struct slice *value_out),
                         const struct slice *labels, uint32_t label_count, uint32_t any_case_count) {
    *source = (struct restore_source){.owner = owner,
                                      .lookup = lookup,
                                      .labels = labels,
                                      .label_count = label_count,
                                      .any_case_count = any_case_count};
    for (unsigned byte = 0; byte < 256; byte++) source->symbols[byte] = token_symbol((char)byte) >= 0;
    for (uint32_t i = 0; i < label_count; i++) {
        require(token_label_valid(labels[i]));
        source->starts[(unsigned char)labels[i].data[0]] = true;
        if (i < any_case_count) source->starts[(unsigned char)slice_ascii_lower(labels[i].data[0])] = true;
    }
}

void restore_window_init(struct restore_window *window) {
    *window = (struct restore_window){.held_len = 0};
}

/* Whether `letters` are a label, or, when `open`, may become one. */
static bool label_fits(const struct restore_source *source, struct slice letters, bool open) {
    for (uint32_t i = 0; i < source->label_count; i++) {
        const struct slice label = source->labels[i];
        if (open ? label.len < letters.len : label.len != letters.len) continue;
        const struct slice begin = slice_of(label.data, letters.len);
        if (i < source->any_case_count ? slice_equal_nocase(begin, letters) : slice_equal(begin, letters)) return true;
    }
    return false;
}

/* The length of the underscore at `at` with its backslashes: 0 when there is none, or when it is not all
 * there; *cut_out tells which. */
static size_t underscore_len(enum restore_form form, const char *at, size_t left, bool *cut_out) {
    const size_t most = form == RESTORE_JSON ? MOST_BACKSLASHES : 1;
    size_t backslashes = 0;
    while (backslashes < left && backslashes < most && at[backslashes] == '\\') backslashes++;
    *cut_out = backslashes == left;
    return !*cut_out && at[backslashes] == '_' ? backslashes + 1 : 0;
}

static size_t tail_len(const struct restore_source *source, const char *at, size_t left) {
    size_t len = 0;
    while (len < left && len < TOKEN_TAIL_LEN && source->symbols[(unsigned char)at[len]]) len++;
    return len;
}

static void canonical_set(struct token *token, const char *label, size_t label_len, const char *tail) {
    size_t len = 0;
    for (size_t i = 0; i < label_len; i++) token->text[len++] = upper(label[i]);
    token->text[len++] = '_';
    for (size_t i = 0; i < TOKEN_TAIL_LEN; i++) token->text[len++] = upper(tail[i]);
    token->text[len] = '\0';
    token->len = (uint8_t)len;
}

/* Whether a token begins at the first of `len` (> 0) bytes. */
static struct match match_at(const struct feed *feed, const char *bytes, size_t len) {
    struct match match = {.fit = FIT_NONE};
    if (!feed->source->starts[(unsigned char)bytes[0]]) return match;
    size_t label_len = 0;
    while (label_len < len && label_len <= TOKEN_LABEL_LONGEST && is_letter(bytes[label_len])) label_len++;
    const bool open = label_len == len;
    if (!label_fits(feed->source, slice_of(bytes, label_len), open)) return match;
    match.fit = FIT_MAYBE;
    if (open) return match;

    bool cut = false;
    const size_t underscore = underscore_len(feed->form, bytes + label_len, len - label_len, &cut);
    if (cut) return match;
    const char *tail = bytes + label_len + underscore;
    const size_t left = len - label_len - underscore;
    const size_t symbols = underscore ? tail_len(feed->source, tail, left) : 0;
    if (underscore && symbols == left && symbols < TOKEN_TAIL_LEN) return match;

    match.fit = FIT_NONE;
    if (symbols < TOKEN_TAIL_LEN) return match;
    canonical_set(&match.token, bytes, label_len, tail);
    match.len = label_len + underscore + TOKEN_TAIL_LEN;
    if (token_valid(token_slice(&match.token))) match.fit = FIT_TOKEN;
    return match;
}

/* Follows the escapes of inner JSON over text that leaves, to know which letters belong to one. */
static void escape_follow(struct restore_window *window, struct slice text) {
    size_t at = 0;
    while (at < text.len) {
        if (window->escape_left == 0) {
            const char *backslash = memchr(text.data + at, '\\', text.len - at);
            if (backslash == NULL) return;
            at = (size_t)(backslash - text.data);
            window->escape_left = ESCAPE_LETTER;
        } else if (window->escape_left == ESCAPE_LETTER) {
            window->escape_left = text.data[at] == 'u' ? ESCAPE_DIGITS : 0;
        } else {
            window->escape_left--;
        }
        at++;
    }
}

static void leave(const struct feed *feed, struct slice text) {
    buffer_append(feed->out, text);
    if (feed->form == RESTORE_JSON) escape_follow(feed->window, text);
}

/* Appends the token's value; false when the source does not know it, and it stays literal. */
static bool token_restore(const struct feed *feed, const struct token *token) {
    struct slice value = {NULL, 0};
    if (!feed->source->lookup(feed->source->owner, token_slice(token), &value)) {
        feed->window->left++;
        return false;
    }
    feed->window->restored++;
    if (feed->form == RESTORE_JSON)
        json_text_encode(feed->out, value);
    else
        buffer_append(feed->out, value);
    return true;
}

/* Decides what happens at the first of the bytes, where nothing was decided yet. Answers how many of them
 * are dealt with: 0 when only more text can tell. */
static size_t decide(const struct feed *feed, const char *bytes, size_t len) {
    if (feed->window->escape_left == 0) {
        const struct match match = match_at(feed, bytes, len);
        if (match.fit == FIT_MAYBE) return 0;
        if (match.fit == FIT_TOKEN && token_restore(feed, &match.token)) return match.len;
    }
    leave(feed, slice_of(bytes, 1));
    return 1;
}

/* Goes on with what is held, until it is gone or all of the text is held as well. Answers how many bytes
 * of the text it took. */
static size_t feed_held(const struct feed *feed, struct slice text) {
    struct restore_window *window = feed->window;
    size_t taken = 0;
    while (window->held_len > 0) {
        const size_t gone = decide(feed, window->held, window->held_len);
        if (gone > 0) {
            window->held_len = (uint8_t)(window->held_len - gone);
            memmove(window->held, window->held + gone, window->held_len);
        } else if (taken < text.len) {
            window->held[window->held_len++] = text.data[taken++];
        } else {
            break;
        }
    }
    return taken;
}

/* Where the letters begin that stand directly before `stop`, perhaps with backslashes between: no more of
 * them than the longest label has, and none before `from`. */
static size_t letters_before(struct slice text, size_t from, size_t stop) {
    size_t at = stop;
    while (at > from && stop - at < MOST_BACKSLASHES && text.data[at - 1] == '\\') at--;
    const size_t letters_end = at;
    while (at > from && letters_end - at < TOKEN_LABEL_LONGEST && is_letter(text.data[at - 1])) at--;
    return at;
}

/* Whether what stands at `tail` is a token's tail, or may become one. */
static bool tail_fits(const struct restore_source *source, struct slice text, size_t tail) {
    const size_t left = text.len - tail;
    const size_t symbols = tail_len(source, text.data + tail, left);
    return symbols == TOKEN_TAIL_LEN || symbols == left;
}

/* The first place at or behind `at` where a token may begin: a label's first letter, and only letters from
 * there to an underscore with a tail, or to the end of the text. text.len when there is none. */
static size_t place_after(const struct restore_source *source, struct slice text, size_t at) {
    while (at < text.len) {
        const char *underscore = memchr(text.data + at, '_', text.len - at);
        const size_t stop = underscore ? (size_t)(underscore - text.data) : text.len;
        if (underscore == NULL || tail_fits(source, text, stop + 1))
            for (at = letters_before(text, at, stop); at < stop; at++)
                if (source->starts[(unsigned char)text.data[at]]) return at;
        at = stop + 1;
    }
    return text.len;
}

/* Nothing is held. */
static void feed_text(const struct feed *feed, struct slice text) {
    size_t at = 0;
    while (at < text.len) {
        const size_t place = place_after(feed->source, text, at);
        leave(feed, slice_range(text, at, place));
        at = place;
        if (at == text.len) break;
        const size_t gone = decide(feed, text.data + at, text.len - at);
        if (gone == 0) {
            feed->window->held_len = (uint8_t)(text.len - at);
            memcpy(feed->window->held, text.data + at, text.len - at);
            break;
        }
        at += gone;
    }
}

enum outcome restore_window_feed(struct restore_window *window, const struct restore_source *source,
                                 enum restore_form form, struct slice text, struct buffer *out) {
    const struct feed feed = {.window = window, .source = source, .form = form, .out = out};
    const size_t taken = feed_held(&feed, text);
    if (taken < text.len) feed_text(&feed, slice_range(text, taken, text.len));
    return out->failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

void restore_window_flush(struct restore_window *window, struct buffer *out) {
    buffer_append(out, slice_of(window->held, window->held_len));
    window->held_len = 0;
    window->escape_left = 0;
}
