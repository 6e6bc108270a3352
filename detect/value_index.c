/* The values are sorted by their bytes. A bitmap of the hashes of their first four bytes turns nearly
 * every place of the text away with one load; where it does not, the longest value that stands there
 * is found by binary search and a walk up `shorter` links (the longest other value that is a prefix).
 * The cost of a place is the logarithm of the count, whatever values and text an attacker chooses.
 *
 * Values under four bytes must stand alone, so they are looked up one length at a time, and only
 * where a word can begin.
 *
 * What can fail: only the arena. */
#include "detect/value_index.h"

#include <stdlib.h>
#include <string.h>

#include "detect/text_range.h"

#define NO_ENTRY UINT32_MAX
#define FILTER_BITS_FEWEST (1u << 14)
#define FILTER_BITS_PER_VALUE 32u /* one place in 32 passes the bitmap by chance */
#define FILTER_MULTIPLIER 0x9e3779b1u
#define VALUES_MOST (UINT32_MAX / (2 * FILTER_BITS_PER_VALUE))

struct entry {
    struct slice bytes;
    uint32_t value;   /* the caller's number */
    uint32_t shorter; /* the entry that is the longest proper prefix of this one, or NO_ENTRY */
};

struct value_index {
    struct entry *entries; /* sorted by bytes, no duplicates, none empty */
    uint32_t entry_count;
    uint64_t *filter;
    uint32_t filter_shift; /* a hash's upper bits are its place in the filter */
    bool has_short[VALUE_SHORTEST_BYTES];
    bool has_long;
};

static int compare_bytes(struct slice a, struct slice b) {
    const int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    if (order != 0) return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_entries(const void *left, const void *right) {
    const struct entry *a = left, *b = right;
    const int order = compare_bytes(a->bytes, b->bytes);
    if (order != 0) return order;
    return a->value < b->value ? -1 : a->value > b->value;
}

/* The filter's bit for the four bytes at `bytes`. */
static uint32_t filter_bit(const struct value_index *index, const char *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return (word * FILTER_MULTIPLIER) >> index->filter_shift;
}

static bool filter_passes(const struct value_index *index, const char *bytes) {
    const uint32_t bit = filter_bit(index, bytes);
    return index->filter[bit / 64] >> (bit % 64) & 1;
}

static enum outcome filter_create(struct value_index *index, struct arena *arena, uint32_t value_count) {
    uint32_t bits = FILTER_BITS_FEWEST;
    index->filter_shift = 32 - 14;
    while (bits < value_count * FILTER_BITS_PER_VALUE) {
        bits *= 2;
        index->filter_shift--;
    }
    index->filter = arena_zalloc(arena, bits / 64, sizeof *index->filter);
    return index->filter ? OUTCOME_OK : OUTCOME_OVERFLOW;
}

static void filter_fill(struct value_index *index) {
    for (uint32_t i = 0; i < index->entry_count; i++) {
        const struct slice bytes = index->entries[i].bytes;
        if (bytes.len < VALUE_SHORTEST_BYTES) {
            index->has_short[bytes.len] = true;
            continue;
        }
        const uint32_t bit = filter_bit(index, bytes.data);
        index->filter[bit / 64] |= (uint64_t)1 << (bit % 64);
        index->has_long = true;
    }
}

/* In sorted order an entry's prefixes are its predecessor, or prefixes of that. */
static void link_prefixes(struct value_index *index) {
    for (uint32_t i = 0; i < index->entry_count; i++) {
        uint32_t shorter = i > 0 ? i - 1 : NO_ENTRY;
        while (shorter != NO_ENTRY && !slice_starts_with(index->entries[i].bytes, index->entries[shorter].bytes))
            shorter = index->entries[shorter].shorter;
        index->entries[i].shorter = shorter;
    }
}

static void keep_distinct(struct value_index *index, const struct slice *values, uint32_t count) {
    uint32_t filled = 0;
    for (uint32_t i = 0; i < count; i++)
        if (values[i].len > 0) index->entries[filled++] = (struct entry){.bytes = values[i], .value = i};
    if (filled > 0) qsort(index->entries, filled, sizeof *index->entries, compare_entries);
    for (uint32_t i = 0; i < filled; i++) {
        const struct entry *last = index->entry_count ? &index->entries[index->entry_count - 1] : NULL;
        if (last == NULL || !slice_equal(last->bytes, index->entries[i].bytes))
            index->entries[index->entry_count++] = index->entries[i];
    }
}

enum outcome value_index_create(const struct slice *values, uint32_t count, struct arena *arena,
                                struct value_index **index_out) {
    if (count > VALUES_MOST) return OUTCOME_OVERFLOW;
    struct value_index *index = arena_zalloc(arena, 1, sizeof *index);
    if (index == NULL || filter_create(index, arena, count) != OUTCOME_OK) return OUTCOME_OVERFLOW;
    index->entries = arena_zalloc(arena, count, sizeof *index->entries);
    if (index->entries == NULL) return OUTCOME_OVERFLOW;
    keep_distinct(index, values, count);
    link_prefixes(index);
    filter_fill(index);
    *index_out = index;
    return OUTCOME_OK;
}

/* The longest entry that `rest` begins with, or NO_ENTRY. It is the last entry that sorts at or before
 * `rest`, or one above that in its `shorter` links: whatever sorts between a prefix of `rest` and
 * `rest` itself begins with that prefix. */
static uint32_t longest_prefix_of(const struct value_index *index, struct slice rest) {
    uint32_t low = 0, high = index->entry_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (compare_bytes(index->entries[middle].bytes, rest) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t entry = low > 0 ? low - 1 : NO_ENTRY;
    while (entry != NO_ENTRY && !slice_starts_with(rest, index->entries[entry].bytes))
        entry = index->entries[entry].shorter;
    return entry;
}

static uint32_t long_at(const struct value_index *index, struct slice text, uint32_t begin) {
    if (text.len - begin < VALUE_SHORTEST_BYTES || !filter_passes(index, text.data + begin)) return NO_ENTRY;
    const uint32_t entry = longest_prefix_of(index, slice_range(text, begin, text.len));
    const bool found = entry != NO_ENTRY && index->entries[entry].bytes.len >= VALUE_SHORTEST_BYTES;
    return found ? entry : NO_ENTRY;
}

/* A letter of any language, a digit or an underscore. */
static bool goes_on(char c) {
    return char_is_word(c) || char_is_foreign(c);
}

static uint32_t short_at(const struct value_index *index, struct slice text, uint32_t begin) {
    if (goes_on(text_before(text, begin))) return NO_ENTRY;
    for (uint32_t len = VALUE_SHORTEST_BYTES - 1; len > 0; len--) {
        if (!index->has_short[len] || text.len - begin < len || goes_on(text_at(text, begin + len))) continue;
        const uint32_t entry = longest_prefix_of(index, slice_of(text.data + begin, len));
        if (entry != NO_ENTRY && index->entries[entry].bytes.len == len) return entry;
    }
    return NO_ENTRY;
}

/* The next place that the bitmap does not turn away: the loop that all of the text goes through. */
static uint32_t skip_to_candidate(const struct value_index *index, struct slice text, uint32_t at) {
    const uint64_t *filter = index->filter;
    const uint32_t shift = index->filter_shift;
    const uint32_t end = text.len < VALUE_SHORTEST_BYTES ? 0 : (uint32_t)text.len - VALUE_SHORTEST_BYTES + 1;
    for (; at < end; at++) {
        uint32_t word;
        memcpy(&word, text.data + at, sizeof word);
        const uint32_t bit = (word * FILTER_MULTIPLIER) >> shift;
        if (filter[bit / 64] >> (bit % 64) & 1) break;
    }
    return at < end ? at : (uint32_t)text.len;
}

enum outcome value_index_next(const struct value_index *index, struct slice text, uint32_t from,
                              struct value_hit *hit_out) {
    if (text.len > UINT32_MAX) return OUTCOME_OVERFLOW;
    const bool any_short = index->has_short[1] || index->has_short[2] || index->has_short[3];
    for (uint32_t at = from; at < text.len; at++) {
        if (!any_short) at = skip_to_candidate(index, text, at);
        if (at >= text.len) break;
        uint32_t entry = index->has_long ? long_at(index, text, at) : NO_ENTRY;
        if (entry == NO_ENTRY && any_short) entry = short_at(index, text, at);
        if (entry == NO_ENTRY) continue;
        const struct entry *found = &index->entries[entry];
        *hit_out = (struct value_hit){at, at + (uint32_t)found->bytes.len, found->value};
        return OUTCOME_OK;
    }
    return OUTCOME_NOT_FOUND;
}
