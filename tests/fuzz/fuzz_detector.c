/* Any bytes, laid into the scan text in pieces, through the default packs: no crash, findings in order and
 * within the text, and the same answer twice. */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/require.h"

#define ARENA_BYTES (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct detector *detector(void) {
    static struct detector *made;
    if (made == NULL) {
        const struct pack_source packs[] = {pack_builtin("secrets"), pack_builtin("pii"), pack_builtin("network"),
                                            pack_builtin("finance"), pack_builtin("strict")};
        struct detail detail;
        require(detector_create(packs, 5, &made, &detail) == OUTCOME_OK);
    }
    return made;
}

/* Runs of up to 255 bytes, atoms and separators, as the first byte of each says. */
static void lay(struct scan_text *text, const uint8_t *data, size_t size) {
    uint32_t piece = 0;
    for (size_t at = 0; at < size; piece++) {
        const size_t len = data[at] < size - at - 1 ? data[at] : size - at - 1;
        const struct slice bytes = slice_of((const char *)data + at + 1, len);
        if (len % 7 == 6)
            scan_text_add_atom(text, bytes, (uint32_t)at, (uint32_t)len + 3, piece);
        else
            scan_text_add_run(text, bytes, (uint32_t)at + 1, piece);
        if (len % 3 == 0) scan_text_add_glue(text, len % 2 ? SLICE(SCAN_SEPARATOR) : SLICE("\": \""));
        at += 1 + len;
    }
}

static void check(const struct scan_text *text, const struct finding_list *findings) {
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        require(finding->begin < finding->end && finding->end <= text->len);
        require(finding->rule < detector_rule_count(detector()));
        require(i == 0 || findings->items[i - 1].begin <= finding->begin);
        struct scan_origin origins[4];
        require(scan_text_origins(text, finding->begin, finding->end, origins, 4) != UINT32_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct scan_text text;
    scan_text_init(&text, &arena, size);
    lay(&text, data, size);
    struct finding_list first, second;
    const enum outcome outcome = detector_scan(detector(), &text, &arena, &first);
    require(outcome == OUTCOME_OK || outcome == OUTCOME_OVERFLOW);
    check(&text, &first);
    require(detector_scan(detector(), &text, &arena, &second) == outcome && first.count == second.count);
    arena_reset(&arena);
    return 0;
}
