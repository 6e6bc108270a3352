/* What the tests of gateway/net share: a loop that can be run until something has happened, a listener,
 * and plain sockets as peers. Everything is on 127.0.0.1, and every test is killed after 30 s. */
#ifndef SLUICE_TESTS_NET_FIXTURE_H
#define SLUICE_TESTS_NET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "gateway/net/listener.h"
#include "gateway/net/loop_inside.h"
#include "gateway/net/timer.h"

#define TEST_SECONDS 30u

/* One end of a connection, as our code sees it. */
struct side {
    struct net_stream *stream;
    struct buffer received;
    enum net_end end;
    unsigned data_count, end_count, drain_count;
};

struct fixture {
    struct net_loop *loop;
    struct net_listener *listener;
    struct side sides[64]; /* accepted, in order */
    unsigned accepted_count;
    const struct net_stream_events *events; /* attached on accept; NULL: left alone */
};

static inline void side_on_data(void *owner, struct slice bytes) {
    struct side *side = owner;
    assert_int_equal(side->end, NET_END_NONE);
    side->data_count++;
    buffer_append(&side->received, bytes);
}

static inline void side_on_end(void *owner, enum net_end end) {
    struct side *side = owner;
    side->end = end;
    side->end_count++;
}

static inline void side_on_drain(void *owner) {
    struct side *side = owner;
    side->drain_count++;
}

static const struct net_stream_events collecting = {side_on_data, side_on_end, side_on_drain};

static inline void fixture_on_accept(void *owner, struct net_stream *stream) {
    struct fixture *fixture = owner;
    assert_true(fixture->accepted_count < sizeof fixture->sides / sizeof fixture->sides[0]);
    struct side *side = &fixture->sides[fixture->accepted_count++];
    side->stream = stream;
    if (fixture->events) net_stream_attach(stream, fixture->events, side);
}

static inline struct net_address loopback_address(unsigned short port) {
    struct net_address address;
    assert_true(net_address_from_host(SLICE("127.0.0.1"), port, &address));
    return address;
}

static inline void fixture_open(struct fixture *fixture) {
    const struct net_address address = loopback_address(0);
    *fixture = (struct fixture){.events = &collecting};
    alarm(TEST_SECONDS);
    assert_int_equal(net_loop_create(&fixture->loop), OUTCOME_OK);
    assert_int_equal(
        net_listener_open(fixture->loop, &address, false, fixture_on_accept, fixture, &fixture->listener, NULL),
        OUTCOME_OK);
}

/* Also proves that every handle closes: the loop ends, and is empty. */
static inline void fixture_close(struct fixture *fixture) {
    for (unsigned i = 0; i < fixture->accepted_count; i++) {
        net_stream_close(&fixture->sides[i].stream);
        buffer_deinit(&fixture->sides[i].received);
    }
    net_listener_close(&fixture->listener);
    net_loop_stop(fixture->loop);
    net_loop_run(fixture->loop);
    net_loop_destroy(&fixture->loop);
    alarm(0);
}

#define RUN_UNTIL(loop, condition) \
    while (!(condition)) uv_run(&(loop)->uv, UV_RUN_ONCE)

static inline void on_time_is_up(void *owner) {
    *(bool *)owner = true;
}

/* Runs the loop for a while. */
static inline void run_for(struct net_loop *loop, uint64_t ms) {
    bool is_up = false;
    struct net_timer *timer = NULL;
    assert_int_equal(net_timer_create(loop, on_time_is_up, &is_up, &timer), OUTCOME_OK);
    net_timer_start(timer, ms, 0);
    RUN_UNTIL(loop, is_up);
    net_timer_close(&timer);
}

static inline uint64_t now_ms(void) {
    return clock_monotonic_ns() / 1000000u;
}

/* A plain, blocking socket connected to the port; reads give up after 10 s. */
static inline int peer_connect(unsigned short port) {
    const struct net_address address = loopback_address(port);
    const struct timeval patience = {.tv_sec = 10};
    const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer >= 0);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(peer, &address.any, net_address_len(&address)), 0);
    return peer;
}

/* A listening socket that nobody accepts from. */
static inline int peer_listen(int backlog, unsigned short *port_out) {
    struct net_address address = loopback_address(0);
    socklen_t len = sizeof address;
    const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer >= 0);
    assert_int_equal(bind(peer, &address.any, net_address_len(&address)), 0);
    assert_int_equal(listen(peer, backlog), 0);
    assert_int_equal(getsockname(peer, &address.any, &len), 0);
    *port_out = net_address_port(&address);
    return peer;
}

static inline void peer_send(int peer, const char *data, size_t len) {
    while (len) {
        const ssize_t count = send(peer, data, len, MSG_NOSIGNAL);
        assert_true(count > 0);
        data += count;
        len -= (size_t)count;
    }
}

/* Everything up to the end (or `most`); the number of bytes. */
static inline size_t peer_receive(int peer, char *room, size_t most) {
    size_t len = 0;
    while (len < most) {
        const ssize_t count = recv(peer, room + len, most - len, 0);
        if (count <= 0) break;
        len += (size_t)count;
    }
    return len;
}

/* Closes with a reset. */
static inline void peer_reset(int peer) {
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(peer);
}

/* Bytes that tell where they belong. */
static inline void fill_pattern(char *room, size_t len) {
    for (size_t i = 0; i < len; i++) room[i] = (char)((i * 131) ^ (i >> 8));
}

#endif
