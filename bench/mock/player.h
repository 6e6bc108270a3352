/* Plays a reply on a connection: waits, splits, stalls, and says how it ended.
 *
 * One reply at a time. What needs no waiting is out before player_start returns.
 *
 * Owns:          the timer and the write request; the stream and the reply are the caller's, and the reply must
 *                stay as it is until the play ended.
 * Re-entrancy:   on_end never fires before player_start returned PLAYER_RUNNING; it may start the next play. */
#ifndef SLUICE_BENCH_MOCK_PLAYER_H
#define SLUICE_BENCH_MOCK_PLAYER_H

#include <stdbool.h>
#include <uv.h>

#include "bench/mock/reply.h"

enum player_end {
    PLAYER_RUNNING, /* not ended */
    PLAYER_KEEP,    /* the next request may be read */
    PLAYER_CLOSE,   /* close the connection */
    PLAYER_RESET    /* reset it; also after a write failed */
};

struct player;
typedef void player_on_end(struct player *player, enum player_end end);

struct player {
    uv_stream_t *stream;
    player_on_end *on_end;
    const struct reply *reply;
    uv_write_t write;
    uv_timer_t timer;
    size_t sent_bytes;    /* of this reply */
    size_t write_end;     /* sent_bytes once the pending write is done */
    size_t piece;         /* index in reply->ends of the piece that is being sent */
    uint64_t total_bytes; /* of all replies */
    bool playing;         /* also while it stalls */
    bool closed;
};

/* The timer belongs to the stream's loop. */
void player_init(struct player *player, uv_stream_t *stream, player_on_end *on_end);

enum player_end player_start(struct player *player, const struct reply *reply);

/* No on_end any more. on_closed fires when the timer is closed; the stream is closed by the caller. */
void player_close(struct player *player, uv_close_cb on_closed);

#endif
