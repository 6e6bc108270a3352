/* walk_bench [FILE...]: how fast json_walk and jansson's json_loadb read the same bytes.
 *
 * Without a file it measures a generated prompt body of 1 MiB. Each parser runs for at least half a
 * second; the best run counts, since everything that disturbs a run only makes it slower. A file that
 * either parser refuses is reported, and ends the program with 1. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/walk/jansson_load.h"
#include "bench/walk/prompt_body.h"
#include "gateway/body/json_walk.h"

#define GENERATED_BYTES (1u << 20)
#define LARGEST_FILE_BYTES ((size_t)1 << 30)
#define ARENA_BYTES ((size_t)4 << 30)
#define MEASURE_NS UINT64_C(500000000)

static bool walk_load(struct slice text) {
    struct arena arena;
    struct json_doc doc;
    arena_init(&arena, ARENA_BYTES);
    const struct json_limits limits = {.max_nodes = UINT32_MAX - 1};
    const enum outcome outcome = json_walk(text, &limits, &arena, &doc, NULL);
    arena_reset(&arena);
    return outcome == OUTCOME_OK;
}

/* Nanoseconds of the best run; 0 when the parser refuses the text. */
static uint64_t best_run_ns(bool (*load)(struct slice text), struct slice text) {
    const uint64_t begin_ns = clock_monotonic_ns();
    uint64_t best_ns = UINT64_MAX;
    uint64_t now_ns = begin_ns;
    while (now_ns - begin_ns < MEASURE_NS) {
        const uint64_t run_begin_ns = now_ns;
        if (!load(text)) return 0;
        now_ns = clock_monotonic_ns();
        if (now_ns - run_begin_ns < best_ns) best_ns = now_ns - run_begin_ns;
    }
    return best_ns ? best_ns : 1;
}

static bool measure(const char *name, struct slice text) {
    const uint64_t walk_ns = best_run_ns(walk_load, text);
    const uint64_t jansson_ns = best_run_ns(jansson_load, text);
    if (walk_ns == 0 || jansson_ns == 0) {
        printf("%s: refused by %s\n", name, walk_ns ? "jansson" : jansson_ns ? "json_walk" : "both");
        return false;
    }
    const double thousand_bytes = (double)text.len * 1000.0;
    printf("%s: %zu bytes, json_walk %.0f MB/s, jansson %.0f MB/s, ratio %.1f\n", name, text.len,
           thousand_bytes / (double)walk_ns, thousand_bytes / (double)jansson_ns, (double)jansson_ns / (double)walk_ns);
    return true;
}

static bool file_read(const char *path, struct buffer *out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    size_t got = 1;
    while (got > 0 && buffer_reserve(out, 1u << 16)) {
        got = fread(out->data + out->len, 1, 1u << 16, file);
        out->len += got;
    }
    const bool read = !ferror(file) && !out->failed;
    return fclose(file) == 0 && read;
}

int main(int argc, char **argv) {
    int status = EXIT_SUCCESS;
    struct buffer text;
    buffer_init(&text, LARGEST_FILE_BYTES);
    if (argc < 2) {
        prompt_body_write(&text, GENERATED_BYTES);
        if (text.failed || !measure("generated", buffer_slice(&text))) status = EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i++) {
        buffer_clear(&text);
        if (!file_read(argv[i], &text)) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            status = EXIT_FAILURE;
        } else if (!measure(argv[i], buffer_slice(&text))) {
            status = EXIT_FAILURE;
        }
    }
    buffer_deinit(&text);
    return status;
}
