#include "bench/mock/signature.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/mock/base64.h"

static const char MARK[] = "mock-signature:";

void signature_of_text(struct slice text, char out[static SIGNATURE_BYTES]) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++) hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    char plain[sizeof MARK + 16];
    (void)snprintf(plain, sizeof plain, "%s%016" PRIx64, MARK, hash);
    struct buffer coded;
    buffer_init(&coded, 0);
    base64_encode(slice_str(plain), &coded);
    /* Without memory the text is empty, and verifies nowhere. */
    const struct slice text_out = coded.failed ? SLICE("") : buffer_slice(&coded);
    (void)snprintf(out, SIGNATURE_BYTES, "%.*s", (int)text_out.len, text_out.data);
    buffer_deinit(&coded);
}

void signature_of_json(json_t *value, char out[static SIGNATURE_BYTES]) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    signature_of_text(slice_str(text ? text : ""), out);
    free(text);
}

/* True for a signature of ours that is not `expected`. */
static bool differs(json_t *signature, const char *expected) {
    const char *text = json_string_value(signature);
    struct buffer plain;
    buffer_init(&plain, 0);
    const bool ours = text && base64_decode(slice_str(text), &plain) && !plain.failed &&
                      slice_starts_with(buffer_slice(&plain), slice_str(MARK));
    buffer_deinit(&plain);
    return ours && strcmp(text, expected) != 0;
}

static struct slice text_of(json_t *string) {
    return json_is_string(string) ? slice_of(json_string_value(string), json_string_length(string)) : SLICE("");
}

static bool text_differs(json_t *signature, json_t *text) {
    char expected[SIGNATURE_BYTES];
    signature_of_text(text_of(text), expected);
    return differs(signature, expected);
}

static bool object_is_edited(json_t *object) {
    json_t *thinking = json_object_get(object, "thinking");
    if (json_is_string(thinking) && text_differs(json_object_get(object, "signature"), thinking)) return true;
    json_t *summary = json_array_get(json_object_get(object, "summary"), 0);
    if (summary && text_differs(json_object_get(object, "encrypted_content"), json_object_get(summary, "text")))
        return true;
    json_t *thought = json_object_get(object, "thoughtSignature");
    json_t *call = json_object_get(object, "functionCall");
    if (thought == NULL) return false;
    if (call == NULL) return text_differs(thought, json_object_get(object, "text"));
    char expected[SIGNATURE_BYTES];
    signature_of_json(call, expected);
    return differs(thought, expected);
}

/* The reader bounds the depth of what it reads (JSON_PARSER_MAX_DEPTH). */
bool signature_check_body(json_t *body) {
    if (json_is_object(body) && object_is_edited(body)) return false;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(body, name, value) {
        if (!signature_check_body(value)) return false;
    }
    size_t i = 0;
    json_array_foreach(body, i, value) {
        if (!signature_check_body(value)) return false;
    }
    return true;
}
