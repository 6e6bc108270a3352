#include "gateway/body/json_keys.h"

#include <pthread.h>
#include <sys/random.h>

#include "base/require.h"
#include "gateway/body/json_text.h"
#include "gateway/body/siphash.h"

/* node 0 is the root and never a key, so that a zeroed slot is a free one. */
struct slot {
    uint32_t node;
    uint32_t tag; /* upper half of the hash: long keys are hardly ever compared in vain */
};

struct key_table {
    const struct json_doc *doc;
    struct arena *arena;
    struct slot *slots;
    size_t mask;   /* slot count - 1, a power of two - 1 */
    char *scratch; /* the newest escaped key, decoded */
    size_t scratch_bytes;
};

static struct siphash_key process_key;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void process_key_draw(void) {
    require(getrandom(&process_key, sizeof process_key, 0) == (ssize_t)sizeof process_key);
}

static enum outcome table_init(struct key_table *table, const struct json_doc *doc, size_t key_count,
                               struct arena *arena) {
    size_t count = (size_t)4 * JSON_KEYS_FEW;
    while (count < 2 * key_count) count *= 2;
    *table = (struct key_table){.doc = doc, .arena = arena, .mask = count - 1};
    table->slots = arena_zalloc(arena, count, sizeof *table->slots);
    return table->slots ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

/* The key as its object's other keys are compared with it; data is NULL when the arena is exhausted. */
static struct slice decoded_key(struct key_table *table, uint32_t key) {
    const struct slice raw = json_raw(table->doc, key);
    if (!table->doc->nodes[key].escaped) return raw;
    if (raw.len > table->scratch_bytes) {
        char *fresh = arena_grow(table->arena, table->scratch, table->scratch_bytes, 2 * raw.len);
        if (fresh == NULL) return slice_of(NULL, 0);
        table->scratch = fresh;
        table->scratch_bytes = 2 * raw.len;
    }
    return slice_of(table->scratch, json_text_decode(raw, table->scratch));
}

static bool keys_equal(const struct json_doc *doc, uint32_t a, uint32_t b) {
    const struct slice raw_a = json_raw(doc, a);
    const struct slice raw_b = json_raw(doc, b);
    if (!doc->nodes[a].escaped && !doc->nodes[b].escaped) return slice_equal(raw_a, raw_b);
    return json_text_equal(raw_a, raw_b);
}

static bool same_object(const struct json_doc *doc, uint32_t a, uint32_t b) {
    return doc->nodes[a].parent == doc->nodes[b].parent;
}

/* Adds the key; *twin_out is the key itself when an equal one was there before. */
static enum outcome table_add(struct key_table *table, uint32_t key, uint32_t *twin_out) {
    const struct slice name = decoded_key(table, key);
    if (name.data == NULL) return OUTCOME_NO_MEMORY;
    const uint64_t hash = siphash(&process_key, table->doc->nodes[key].parent, name);
    const uint32_t tag = (uint32_t)(hash >> 32);
    size_t at = (size_t)hash & table->mask;
    for (; table->slots[at].node != 0; at = (at + 1) & table->mask) {
        const uint32_t other = table->slots[at].node;
        if (table->slots[at].tag != tag || !same_object(table->doc, other, key)) continue;
        if (!keys_equal(table->doc, other, key)) continue;
        *twin_out = key;
        return OUTCOME_OK;
    }
    table->slots[at] = (struct slot){.node = key, .tag = tag};
    return OUTCOME_OK;
}

/* The object's first keys, up to one more than few; answers their count. */
static uint32_t first_keys(const struct json_doc *doc, uint32_t object, uint32_t keys[JSON_KEYS_FEW + 1]) {
    uint32_t count = 0;
    for (uint32_t key = json_first(doc, object); key != JSON_NONE; key = json_after(doc, object, key)) {
        keys[count++] = key;
        if (count > JSON_KEYS_FEW) break;
    }
    return count;
}

static uint32_t twin_among(const struct json_doc *doc, const uint32_t *keys, uint32_t count) {
    for (uint32_t later = 1; later < count; later++)
        for (uint32_t earlier = 0; earlier < later; earlier++)
            if (keys_equal(doc, keys[earlier], keys[later])) return keys[later];
    return JSON_NONE;
}

static size_t key_count_of(const struct json_doc *doc, uint32_t object) {
    size_t count = 0;
    for (uint32_t key = json_first(doc, object); key != JSON_NONE; key = json_after(doc, object, key)) count++;
    return count;
}

/* Looks through the small objects; *large_key_count_out is how many keys are left for the table. */
static uint32_t twin_in_small_objects(const struct json_doc *doc, size_t *large_key_count_out) {
    uint32_t keys[JSON_KEYS_FEW + 1];
    *large_key_count_out = 0;
    for (uint32_t node = 0; node < doc->count; node++) {
        if (doc->nodes[node].type != JSON_OBJECT) continue;
        const uint32_t count = first_keys(doc, node, keys);
        if (count > JSON_KEYS_FEW) {
            *large_key_count_out += key_count_of(doc, node);
            continue;
        }
        const uint32_t twin = twin_among(doc, keys, count);
        if (twin != JSON_NONE) return twin;
    }
    return JSON_NONE;
}

static bool is_large_object(const struct json_doc *doc, uint32_t node) {
    uint32_t keys[JSON_KEYS_FEW + 1];
    return doc->nodes[node].type == JSON_OBJECT && first_keys(doc, node, keys) > JSON_KEYS_FEW;
}

static enum outcome twin_in_large_objects(const struct json_doc *doc, size_t key_count, struct arena *arena,
                                          uint32_t *twin_out) {
    struct key_table table;
    enum outcome outcome = table_init(&table, doc, key_count, arena);
    for (uint32_t node = 0; node < doc->count; node++) {
        if (!is_large_object(doc, node)) continue;
        uint32_t key = json_first(doc, node);
        for (; outcome == OUTCOME_OK && *twin_out == JSON_NONE && key != JSON_NONE; key = json_after(doc, node, key))
            outcome = table_add(&table, key, twin_out);
    }
    return outcome;
}

enum outcome json_keys_find_twin(const struct json_doc *doc, struct arena *arena, uint32_t *twin_out) {
    size_t large_key_count = 0;
    *twin_out = twin_in_small_objects(doc, &large_key_count);
    if (*twin_out != JSON_NONE || large_key_count == 0) return OUTCOME_OK;
    pthread_once(&process_key_once, process_key_draw);
    return twin_in_large_objects(doc, large_key_count, arena, twin_out);
}
