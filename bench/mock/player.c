#include "bench/mock/player.h"

#include "base/require.h"

static void play_on(struct player *player);

static void on_timer(uv_timer_t *timer) {
    struct player *player = timer->data;
    play_on(player);
}

void player_init(struct player *player, uv_stream_t *stream, player_on_end *on_end) {
    player->stream = stream;
    player->on_end = on_end;
    require(uv_timer_init(stream->loop, &player->timer) == 0);
    player->timer.data = player;
    player->write.data = player;
}

void player_close(struct player *player, uv_close_cb on_closed) {
    player->closed = true;
    uv_close((uv_handle_t *)&player->timer, on_closed);
}

static enum player_end end_of(enum reply_stop stop) {
    switch (stop) {
    case REPLY_KEEP: return PLAYER_KEEP;
    case REPLY_CLOSE: return PLAYER_CLOSE;
    case REPLY_RESET: return PLAYER_RESET;
    case REPLY_STALL: return PLAYER_RUNNING;
    }
    return PLAYER_RESET;
}

/* Up to where the next write may go: the events are separate when they are delayed, the head goes with the first. */
static size_t next_end(const struct player *player) {
    const struct reply *reply = player->reply;
    size_t end = reply->stop_at;
    if (reply->chunk_delay_ms && player->piece < reply->end_count && reply->ends[player->piece] < end)
        end = reply->ends[player->piece];
    if (reply->tcp_bytes && end - player->sent_bytes > reply->tcp_bytes) end = player->sent_bytes + reply->tcp_bytes;
    return end;
}

static void advance(struct player *player, size_t to) {
    player->total_bytes += to - player->sent_bytes;
    player->sent_bytes = to;
}

static void on_written(uv_write_t *write, int status) {
    struct player *player = write->data;
    if (player->closed) return;
    if (status < 0) {
        player->playing = false;
        player->on_end(player, PLAYER_RESET);
        return;
    }
    advance(player, player->write_end);
    const struct reply *reply = player->reply;
    const bool at_end_of_piece = player->piece < reply->end_count && reply->ends[player->piece] == player->sent_bytes;
    if (reply->chunk_delay_ms && at_end_of_piece) {
        player->piece++;
        if (player->piece < reply->end_count && player->sent_bytes < reply->stop_at) {
            require(uv_timer_start(&player->timer, on_timer, reply->chunk_delay_ms, 0) == 0);
            return;
        }
    }
    play_on(player);
}

/* uv_write tells of its end in a later turn of the loop, and that is what keeps two writes apart. */
static enum player_end write_to(struct player *player, size_t end) {
    uv_buf_t part = uv_buf_init(player->reply->bytes.data + player->sent_bytes, (unsigned)(end - player->sent_bytes));
    player->write_end = end;
    if (uv_write(&player->write, player->stream, &part, 1, on_written) == 0) return PLAYER_RUNNING;
    player->playing = false;
    return PLAYER_RESET;
}

/* One step; PLAYER_RUNNING when it waits for a write, or stalls. */
static enum player_end step(struct player *player) {
    const struct reply *reply = player->reply;
    const bool paced = reply->chunk_delay_ms || reply->tcp_bytes;
    if (!paced && player->sent_bytes < reply->stop_at) {
        uv_buf_t rest =
            uv_buf_init(reply->bytes.data + player->sent_bytes, (unsigned)(reply->stop_at - player->sent_bytes));
        const int written = uv_try_write(player->stream, &rest, 1);
        if (written > 0) advance(player, player->sent_bytes + (size_t)written);
    }
    if (player->sent_bytes < reply->stop_at) return write_to(player, next_end(player));
    const enum player_end end = end_of(reply->stop);
    player->playing = end == PLAYER_RUNNING;
    return end;
}

static void play_on(struct player *player) {
    const enum player_end end = step(player);
    if (end != PLAYER_RUNNING) player->on_end(player, end);
}

enum player_end player_start(struct player *player, const struct reply *reply) {
    player->reply = reply;
    player->sent_bytes = 0;
    player->piece = reply->end_count > 1 ? 1 : 0;
    player->playing = true;
    if (reply->delay_ms == 0) return step(player);
    require(uv_timer_start(&player->timer, on_timer, reply->delay_ms, 0) == 0);
    return PLAYER_RUNNING;
}
