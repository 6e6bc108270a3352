/* An outgoing connection until TCP stands: one address, one attempt, one timer. */
#include "base/require.h"
#include "gateway/net/stream_inside.h"
#include "gateway/net/uv_outcome.h"

static void tell(struct net_stream *stream, enum outcome outcome, const struct detail *detail) {
    net_stream_ready_fn *on_ready = stream->on_ready;
    void *owner = stream->owner;
    uv_timer_stop(&stream->timer);
    stream->on_ready = NULL;
    stream->owner = NULL;
    if (on_ready) on_ready(owner, outcome, detail);
}

static void on_connected(uv_connect_t *request, int status) {
    struct net_stream *stream = request->data;
    if (stream->phase != STREAM_CONNECTING || stream->on_ready == NULL) return;
    struct detail detail;
    if (status) {
        tell(stream, net_uv_outcome(status), (detail_set(&detail, OUTCOME_IO, "%s", uv_strerror(status)), &detail));
        return;
    }
    stream_opened(stream);
    tell(stream, OUTCOME_OK, NULL);
}

static void on_timeout(uv_timer_t *timer) {
    struct detail detail;
    (void)detail_set(&detail, OUTCOME_TIMEOUT, "no answer in time");
    tell(timer->data, OUTCOME_TIMEOUT, &detail);
}

enum outcome net_stream_connect(struct net_loop *loop, const struct net_address *address, uint32_t timeout_ms,
                                net_stream_ready_fn *on_ready, void *owner, struct net_stream **stream_out) {
    struct net_stream *stream = NULL;
    const enum outcome outcome = net_stream_create(loop, &stream);
    if (outcome) return outcome;
    const int status = uv_tcp_connect(&stream->connect_request, &stream->tcp, &address->any, on_connected);
    if (status) {
        stream_close(stream);
        return net_uv_outcome(status);
    }
    stream->on_ready = on_ready;
    stream->owner = owner;
    require(uv_timer_start(&stream->timer, on_timeout, timeout_ms, 0) == 0);
    *stream_out = stream;
    return OUTCOME_OK;
}
