#include "gateway/translate/image.h"

#include "gateway/translate/json_build.h"

static bool is_base64(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        const bool symbol = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
                            c == '/' || c == '=';
        if (!symbol) return false;
    }
    return text.len > 0;
}

/* "image/" and a token (RFC 2045 section 5.1, without what would need quotes). */
static bool is_image_type(struct slice type) {
    const struct slice prefix = SLICE("image/");
    if (!slice_starts_with(type, prefix) || type.len == prefix.len) return false;
    for (size_t i = prefix.len; i < type.len; i++) {
        const char c = type.data[i];
        const bool symbol = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!symbol) return false;
    }
    return true;
}

static enum outcome image_set(struct reading *reading, uint32_t node, struct slice type, struct slice data,
                              struct part *part) {
    if (!is_image_type(type))
        return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "is an image of an unknown type");
    if (!is_base64(data)) return reading_refuse(reading, node, OUTCOME_INVALID, "must be base64");
    part->media_type = type;
    part->data = data;
    return OUTCOME_OK;
}

/* data:<type>;base64,<data> */
static enum outcome data_url_read(struct reading *reading, uint32_t node, struct slice url, struct part *part) {
    const struct slice coding = SLICE(";base64");
    const char *comma = memchr(url.data, ',', url.len);
    const size_t head_len = comma ? (size_t)(comma - url.data) : 0;
    const size_t scheme_len = SLICE("data:").len;
    if (head_len < scheme_len + coding.len || !slice_equal(slice_range(url, head_len - coding.len, head_len), coding))
        return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "is a data URL that is not base64");
    return image_set(reading, node, slice_range(url, scheme_len, head_len - coding.len),
                     slice_range(url, head_len + 1, url.len), part);
}

enum outcome image_from_url(struct reading *reading, uint32_t node, struct slice encoded, struct part *part) {
    struct slice url;
    if (reading_plain(reading->arena, encoded, &url) != OUTCOME_OK) return OUTCOME_NO_MEMORY;
    if (slice_starts_with(url, SLICE("data:"))) return data_url_read(reading, node, url, part);
    if (!slice_starts_with(url, SLICE("https://")) && !slice_starts_with(url, SLICE("http://")))
        return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "is neither a data URL nor http");
    part->url = encoded;
    return OUTCOME_OK;
}

/* The first bytes of a file, in base64. */
static struct slice type_of(struct slice data) {
    static const struct {
        struct slice begin, type;
    } kinds[] = {
        {{"iVBORw0KGgo", 11}, {"image/png", 9}}, /* 89 "PNG" CR LF 1A LF */
        {{"/9j/", 4}, {"image/jpeg", 10}},       /* FF D8 FF */
        {{"R0lGOD", 6}, {"image/gif", 9}},       /* "GIF8" */
        {{"UklGR", 5}, {"image/webp", 10}},      /* "RIFF" */
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (slice_starts_with(data, kinds[i].begin)) return kinds[i].type;
    return slice_of(NULL, 0);
}

enum outcome image_from_base64(struct reading *reading, uint32_t node, struct slice encoded_type,
                               struct slice encoded_data, struct part *part) {
    struct slice type, data;
    enum outcome outcome = reading_plain(reading->arena, encoded_data, &data);
    if (outcome == OUTCOME_OK) outcome = reading_plain(reading->arena, encoded_type, &type);
    if (outcome != OUTCOME_OK) return outcome;
    return image_set(reading, node, encoded_type.data ? type : type_of(data), data, part);
}

void image_write_url(struct buffer *out, const struct part *part) {
    if (part->url.data) {
        json_build_string(out, "url", part->url);
        return;
    }
    json_build_string_begin(out, "url");
    buffer_append(out, SLICE("data:"));
    buffer_append(out, part->media_type);
    buffer_append(out, SLICE(";base64,"));
    buffer_append(out, part->data);
    json_build_string_end(out);
}
