/* Connections of a pool, idle or busy. Each watches its stream: whoever closes it, the slot is free. */
#include <stdlib.h>

#include "gateway/net/pool_inside.h"
#include "gateway/net/stream_inside.h"

struct connection {
    struct ring link; /* in the origin's idle or busy ring */
    struct net_pool_origin *origin;
    struct net_stream *stream;
    bool is_idle;
    uint64_t idle_since_ms;
};

/* The stream was closed or finished. */
static void on_gone(void *gone_owner) {
    struct connection *connection = gone_owner;
    struct net_pool_origin *origin = connection->origin;
    ring_remove(&connection->link);
    if (connection->is_idle) origin->idle_count--;
    free(connection);
    pool_origin_free_slot(origin);
}

/* Nobody asked: what an idle upstream says could only be taken for the answer to the next request. */
static void on_idle_data(void *owner, struct slice bytes) {
    (void)bytes;
    struct connection *connection = owner;
    net_stream_close(&connection->stream);
}

static void on_idle_end(void *owner, enum net_end end) {
    (void)end;
    struct connection *connection = owner;
    net_stream_close(&connection->stream);
}

static const struct net_stream_events idle_events = {.on_data = on_idle_data, .on_end = on_idle_end};

enum outcome pool_connection_adopt(struct net_pool_origin *origin, struct net_stream *stream) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) return OUTCOME_NO_MEMORY;
    connection->origin = origin;
    connection->stream = stream;
    ring_append(&origin->busy, &connection->link);
    net_stream_watch_gone(stream, on_gone, connection);
    return OUTCOME_OK;
}

static void make_busy(struct connection *connection) {
    ring_remove(&connection->link);
    ring_append(&connection->origin->busy, &connection->link);
    connection->origin->idle_count--;
    connection->is_idle = false;
    net_stream_detach(connection->stream);
}

struct net_stream *pool_connection_take(struct net_pool_origin *origin) {
    while (!ring_empty(&origin->idle)) {
        struct connection *connection = RING_ITEM(origin->idle.next, struct connection, link);
        if (net_stream_is_quiet(connection->stream)) {
            make_busy(connection);
            return connection->stream;
        }
        net_stream_close(&connection->stream);
    }
    return NULL;
}

static struct connection *connection_of(const struct net_pool *pool, const struct net_stream *stream) {
    if (stream->on_gone != on_gone) return NULL;
    struct connection *connection = stream->gone_owner;
    return connection->origin->pool == pool && !connection->is_idle ? connection : NULL;
}

bool pool_connection_keep(struct net_pool *pool, const struct net_origin *key, struct net_stream *stream) {
    struct connection *connection = connection_of(pool, stream);
    if (connection == NULL || !pool_origin_matches(connection->origin, key)) return false;
    struct net_pool_origin *origin = connection->origin;
    const bool is_wanted = !ring_empty(&origin->waiting) || origin->idle_count < pool->limits.idle_per_origin_count;
    if (!is_wanted || !net_stream_is_reusable(stream)) return false;
    ring_remove(&connection->link);
    ring_insert(&origin->idle, &connection->link);
    origin->idle_count++;
    connection->is_idle = true;
    connection->idle_since_ms = net_loop_now_ms(pool->loop);
    net_stream_attach(stream, &idle_events, connection);
    if (!ring_empty(&origin->waiting)) net_loop_soon(pool->loop, &origin->serve);
    return true;
}

void pool_connection_expire(struct net_pool_origin *origin, uint64_t before_ms) {
    while (!ring_empty(&origin->idle)) {
        struct connection *oldest = RING_ITEM(origin->idle.prev, struct connection, link);
        if (oldest->idle_since_ms >= before_ms) return;
        net_stream_close(&oldest->stream);
    }
}

void pool_connection_abandon(struct net_pool_origin *origin) {
    for (struct ring *link = NULL; (link = ring_pop(&origin->busy)) != NULL;) {
        struct connection *connection = RING_ITEM(link, struct connection, link);
        net_stream_watch_gone(connection->stream, NULL, NULL);
        free(connection);
    }
}
