#include "bench/mock/responses_stream.h"

#include <stdio.h>

#include "bench/mock/json_reply.h"
#include "bench/mock/openai.h"
#include "bench/mock/responses_items.h"

struct stream {
    const struct format_asked *asked;
    struct reply *reply;
    size_t once_bytes;
    json_int_t sequence;
    json_int_t output_index;
    const char *item_id;
};

/* Takes over `members`, which go behind the type and the sequence number. */
static void emit(struct stream *stream, const char *type, json_t *members) {
    json_t *event = json_pack("{s:s,s:I}", "type", type, "sequence_number", stream->sequence++);
    if (members == NULL || json_object_update(event, members) != 0) stream->reply->failed = true;
    json_decref(members);
    json_reply_event(stream->reply, stream->asked->frame, type, event);
}

/* The same with the place that all events of an item have. */
static void emit_in_item(struct stream *stream, const char *type, json_t *members) {
    json_t *place = json_pack("{s:s,s:I}", "item_id", stream->item_id, "output_index", stream->output_index);
    if (members == NULL || json_object_update(place, members) != 0) stream->reply->failed = true;
    json_decref(members);
    emit(stream, type, place);
}

static void emit_response(struct stream *stream, const char *type, json_t *response) {
    emit(stream, type, json_pack("{s:o}", "response", response));
}

/* The response while it is in progress: nothing said, nothing counted. */
static json_t *begun(json_t *response) {
    json_t *copy = json_copy(response);
    (void)json_object_set_new(copy, "status", json_string("in_progress"));
    (void)json_object_set_new(copy, "output", json_array());
    (void)json_object_set_new(copy, "usage", json_null());
    (void)json_object_set_new(copy, "completed_at", json_null());
    (void)json_object_set_new(copy, "incomplete_details", json_null());
    return copy;
}

static struct chat_pieces pieces_of(const struct stream *stream, json_t *string, bool is_content) {
    const struct slice text = {json_string_value(string), json_string_length(string)};
    struct chat_pieces pieces = chat_pieces_of(text, stream->asked->frame->behaviour);
    if (is_content && pieces.bytes == 0) pieces.bytes = stream->once_bytes;
    return pieces;
}

static json_t *logprobs_of(const struct stream *stream, struct slice piece) {
    json_t *list = json_array();
    if (stream->asked->frame->behaviour->logprobs) (void)json_array_append_new(list, openai_logprob(piece));
    return list;
}

static void stream_text(struct stream *stream, json_t *part) {
    json_t *text = json_object_get(part, "text");
    struct chat_pieces pieces = pieces_of(stream, text, true);
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece))
        emit_in_item(stream, "response.output_text.delta",
                     json_pack("{s:i,s:o,s:o}", "content_index", 0, "delta", json_reply_string(piece), "logprobs",
                               logprobs_of(stream, piece)));
    size_t i = 0;
    json_t *annotation = NULL;
    json_array_foreach(json_object_get(part, "annotations"), i, annotation) emit_in_item(
        stream, "response.output_text.annotation.added",
        json_pack("{s:i,s:I,s:O}", "content_index", 0, "annotation_index", (json_int_t)i, "annotation", annotation));
    emit_in_item(
        stream, "response.output_text.done",
        json_pack("{s:i,s:O,s:O}", "content_index", 0, "text", text, "logprobs", json_object_get(part, "logprobs")));
}

static void stream_refusal(struct stream *stream, json_t *part) {
    json_t *text = json_object_get(part, "refusal");
    struct chat_pieces pieces = pieces_of(stream, text, false);
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece))
        emit_in_item(stream, "response.refusal.delta",
                     json_pack("{s:i,s:o}", "content_index", 0, "delta", json_reply_string(piece)));
    emit_in_item(stream, "response.refusal.done", json_pack("{s:i,s:O}", "content_index", 0, "refusal", text));
}

static void stream_message(struct stream *stream, json_t *item) {
    json_t *part = json_array_get(json_object_get(item, "content"), 0);
    const bool refusal = json_object_get(part, "refusal") != NULL;
    json_t *empty = json_copy(part);
    (void)json_object_set_new(empty, refusal ? "refusal" : "text", json_string(""));
    if (!refusal) {
        (void)json_object_set_new(empty, "annotations", json_array());
        (void)json_object_set_new(empty, "logprobs", json_array());
    }
    emit_in_item(stream, "response.content_part.added", json_pack("{s:i,s:o}", "content_index", 0, "part", empty));
    if (refusal)
        stream_refusal(stream, part);
    else
        stream_text(stream, part);
    emit_in_item(stream, "response.content_part.done", json_pack("{s:i,s:O}", "content_index", 0, "part", part));
}

static void stream_reasoning(struct stream *stream, json_t *item) {
    json_t *part = json_array_get(json_object_get(item, "summary"), 0);
    json_t *text = json_object_get(part, "text");
    emit_in_item(stream, "response.reasoning_summary_part.added",
                 json_pack("{s:i,s:{s:s,s:s}}", "summary_index", 0, "part", "type", "summary_text", "text", ""));
    struct chat_pieces pieces = pieces_of(stream, text, false);
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece))
        emit_in_item(stream, "response.reasoning_summary_text.delta",
                     json_pack("{s:i,s:o}", "summary_index", 0, "delta", json_reply_string(piece)));
    emit_in_item(stream, "response.reasoning_summary_text.done",
                 json_pack("{s:i,s:O}", "summary_index", 0, "text", text));
    emit_in_item(stream, "response.reasoning_summary_part.done",
                 json_pack("{s:i,s:O}", "summary_index", 0, "part", part));
}

static void stream_call(struct stream *stream, json_t *item, const struct responses_call_kind *kind) {
    char type[64];
    json_t *text = json_object_get(item, kind->field);
    (void)snprintf(type, sizeof type, "%s.delta", kind->event);
    struct chat_pieces pieces = pieces_of(stream, text, false);
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece))
        emit_in_item(stream, type, json_pack("{s:o}", "delta", json_reply_string(piece)));
    (void)snprintf(type, sizeof type, "%s.done", kind->event);
    emit_in_item(stream, type, json_pack("{s:O}", kind->field, text));
}

static void stream_item(struct stream *stream, json_t *item) {
    const char *type = json_string_value(json_object_get(item, "type"));
    stream->item_id = json_string_value(json_object_get(item, "id"));
    emit(stream, "response.output_item.added",
         json_pack("{s:I,s:o}", "output_index", stream->output_index, "item", responses_item_begun(item)));
    const struct responses_call_kind *kind = responses_call_kind_of(type);
    if (kind)
        stream_call(stream, item, kind);
    else if (strcmp(type, "reasoning") == 0)
        stream_reasoning(stream, item);
    else
        stream_message(stream, item);
    emit(stream, "response.output_item.done",
         json_pack("{s:I,s:O}", "output_index", stream->output_index, "item", item));
}

/* An error event, or the response that failed when the type says so. */
static void stream_error(struct stream *stream, json_t *response, json_t *told) {
    const char *type = json_string_value(json_object_get(told, "type"));
    const char *message = json_string_value(json_object_get(told, "message"));
    const char *code = json_string_value(json_object_get(told, "code"));
    if (type == NULL || strcmp(type, "response.failed") != 0) {
        emit(stream, "error",
             json_pack("{s:s?,s:s,s:n}", "code", code, "message", message ? message : "the mock was told to fail",
                       "param"));
        return;
    }
    json_t *failed = json_copy(response);
    (void)json_object_set_new(failed, "status", json_string("failed"));
    (void)json_object_set_new(failed, "error",
                              json_pack("{s:s,s:s}", "code", code ? code : "server_error", "message",
                                        message ? message : "the mock was told to fail"));
    emit_response(stream, type, failed);
}

void responses_stream(const struct format_asked *asked, struct reply *reply, json_t *response, size_t once_bytes) {
    struct stream stream = {.asked = asked, .reply = reply, .once_bytes = once_bytes};
    reply_stream_begin(reply, asked->frame, REPLY_EVENTS);
    emit_response(&stream, "response.created", begun(response));
    emit_response(&stream, "response.in_progress", begun(response));
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(response, "output"), i, item) {
        stream.output_index = (json_int_t)i;
        stream_item(&stream, item);
    }
    json_t *error = asked->frame->behaviour->mid_stream_error;
    const char *status = json_string_value(json_object_get(response, "status"));
    if (error)
        stream_error(&stream, response, error);
    else if (!asked->frame->behaviour->no_done)
        emit_response(&stream, strcmp(status, "completed") == 0 ? "response.completed" : "response.incomplete",
                      json_incref(response));
    reply_stream_end(reply);
}
