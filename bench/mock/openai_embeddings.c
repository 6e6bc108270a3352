#include "bench/mock/openai_embeddings.h"

#include <stdlib.h>

#include "bench/mock/base64.h"
#include "bench/mock/embedding.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/openai.h"

static bool wants_base64(json_t *body) {
    const char *format = json_string_value(json_object_get(body, "encoding_format"));
    return format && strcmp(format, "base64") == 0;
}

static json_t *vector_base64(const float *numbers, size_t count) {
    struct buffer coded;
    buffer_init(&coded, 0);
    base64_encode(slice_of((const char *)numbers, count * sizeof *numbers), &coded);
    json_t *string = coded.failed ? NULL : json_reply_string(buffer_slice(&coded));
    buffer_deinit(&coded);
    return string;
}

static json_t *vector_list(const float *numbers, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) (void)json_array_append_new(list, json_real((double)numbers[i]));
    return list;
}

/* The vector of one input: a string, or a list of token ids. */
static json_t *vector_of(json_t *input, size_t count, bool base64) {
    char *text = json_dumps(input, JSON_COMPACT | JSON_ENCODE_ANY);
    float *numbers = calloc(count, sizeof *numbers);
    json_t *vector = NULL;
    if (text && numbers) {
        embedding_fill(slice_str(text), numbers, count);
        vector = base64 ? vector_base64(numbers, count) : vector_list(numbers, count);
    }
    free(numbers);
    free(text);
    return vector;
}

/* One text, several, one list of ids, or several. */
static bool is_one(json_t *input) {
    return json_is_string(input) || json_is_integer(json_array_get(input, 0));
}

bool openai_embeddings_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    json_t *input = json_object_get(asked->body, "input");
    json_t *dimensions = json_object_get(asked->body, "dimensions");
    const json_int_t count = dimensions ? json_integer_value(dimensions) : EMBEDDING_DIMENSIONS;
    if (!(json_is_string(input) || json_array_size(input)) || count < 1 || count > EMBEDDING_DIMENSIONS_MOST) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected input, and dimensions from 1 to %u",
                         EMBEDDING_DIMENSIONS_MOST);
        return false;
    }
    json_t *data = json_array();
    const size_t inputs = is_one(input) ? 1 : json_array_size(input);
    for (size_t i = 0; i < inputs; i++) {
        json_t *one = is_one(input) ? input : json_array_get(input, i);
        (void)json_array_append_new(data,
                                    json_pack("{s:s,s:I,s:o}", "object", "embedding", "index", (json_int_t)i,
                                              "embedding", vector_of(one, (size_t)count, wants_base64(asked->body))));
    }
    const json_int_t tokens = (json_int_t)(asked->request->body.len + 3) / 4;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:s,s:o,s:s,s:{s:I,s:I}}", "object", "list", "data", data, "model",
                               openai_model(asked->body), "usage", "prompt_tokens", tokens, "total_tokens", tokens));
    return true;
}

static void last_user(json_t *body, struct buffer *out) {
    json_t *input = json_object_get(body, "input");
    if (json_is_array(input)) input = json_array_get(input, json_array_size(input) - 1);
    if (json_is_string(input)) buffer_append(out, slice_of(json_string_value(input), json_string_length(input)));
}

static enum reply_form form(const struct request *request, json_t *body) {
    (void)request;
    (void)body;
    return REPLY_WHOLE;
}

const struct format openai_embeddings_format = {.error = openai_error, .last_user = last_user, .form = form};
