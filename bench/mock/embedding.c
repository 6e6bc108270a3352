#include "bench/mock/embedding.h"

#include <stdint.h>
#include <stdlib.h>

/* splitmix64 (https://prng.di.unimi.it/splitmix64.c) from an FNV-1a hash of the text. */
void embedding_fill(struct slice text, float *numbers_out, size_t count) {
    uint64_t state = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++) state = (state ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < count; i++) {
        uint64_t mixed = state += UINT64_C(0x9e3779b97f4a7c15);
        mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
        /* 24 bits are what a float holds exactly. */
        numbers_out[i] = (float)(mixed >> 40) / (float)(1 << 23) - 1.0F;
    }
}

json_t *embedding_of_value(json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    float numbers[EMBEDDING_DIMENSIONS];
    embedding_fill(slice_str(text ? text : ""), numbers, EMBEDDING_DIMENSIONS);
    free(text);
    json_t *list = json_array();
    for (size_t i = 0; i < EMBEDDING_DIMENSIONS; i++) (void)json_array_append_new(list, json_real((double)numbers[i]));
    return list;
}
