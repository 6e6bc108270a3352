#include "bench/walk/jansson_load.h"

#include <jansson.h>

bool jansson_load(struct slice text) {
    json_error_t error;
    json_t *root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    const bool accepted = root != NULL;
    json_decref(root);
    return accepted;
}
