/* OpenAI's family: how its upstreams are called, and the error shape that all of its routes share.
 *
 * Source: the official client packages (error object, APIError and its subclasses). */
#include "gateway/api/api.h"
#include "gateway/body/json_text.h"

static const struct http_field no_fields[] = {{{NULL, 0}, {NULL, 0}}};
static const char *const nothing_passed[] = {NULL};

const struct api_family api_family_openai = {
    .name = "openai",
    .key_field = "authorization",
    .key_prefix = "Bearer ",
    .fixed = no_fields,
    .passed = nothing_passed,
};

static void write_list(struct buffer *out, const char *name, const char *const *items) {
    if (items == NULL) return;
    buffer_append_format(out, ",\"%s\":[", name);
    for (size_t i = 0; items[i]; i++) {
        buffer_append_str(out, i ? ",\"" : "\"");
        json_text_encode(out, slice_str(items[i]));
        buffer_append_char(out, '"');
    }
    buffer_append_char(out, ']');
}

void api_error_lists_write(struct buffer *out, const struct api_error *error) {
    write_list(out, "rules", error->rules);
    write_list(out, "paths", error->paths);
}

static const char *error_type(unsigned status) {
    if (status == 401) return "authentication_error";
    if (status == 403) return "permission_error";
    return status < 500 ? "invalid_request_error" : "server_error";
}

void api_openai_write_error(struct buffer *out, const struct api_error *error) {
    buffer_append_str(out, "{\"error\":{\"message\":\"");
    json_text_encode(out, slice_str(error->message));
    buffer_append_format(out, "\",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"", error_type(error->status),
                         error->code);
    api_error_lists_write(out, error);
    buffer_append_str(out, "}}");
}
