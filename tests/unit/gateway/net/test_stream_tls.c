/* Bytes over TLS: whole, paused, closed at any moment, cut off, changed on the way. */
#include "tests/unit/gateway/net/tls_fixture.h"

static void write_file(const char *name, const char *bytes, size_t len) {
    FILE *file = fopen(tls_path(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void pausing_on_data(void *owner, struct slice bytes) {
    struct side *side = owner;
    side_on_data(side, bytes);
    net_stream_pause(side->stream);
}

static const struct net_stream_events pausing = {pausing_on_data, side_on_end, side_on_drain};

static bool ends_with(const struct buffer *received, const char *bytes, size_t len) {
    return received->len >= len && memcmp(received->data + received->len - len, bytes, len) == 0;
}

static void large_answers_arrive_whole_also_with_pauses(void **state) {
    (void)state;
    static char file[3000000];
    fill_pattern(file, sizeof file);
    write_file("large", file, sizeof file);
    struct tls_server server = tls_serve("good", OPTIONS("-WWW", "-tls1_2"));
    for (unsigned with_pauses = 0; with_pauses < 2; with_pauses++) {
        struct world world;
        world_open(&world, "ca.pem");
        world_connect(&world, server.port);
        assert_int_equal(world.outcome, OUTCOME_OK);
        if (with_pauses) net_stream_attach(world.side.stream, &pausing, &world.side);
        say(&world, "GET /large HTTP/1.0\r\n\r\n");
        unsigned seen = 0;
        while (world.side.end_count == 0) {
            RUN_UNTIL(world.loop, world.side.data_count > seen || world.side.end_count);
            if (with_pauses && world.side.end_count == 0) assert_int_equal(world.side.data_count, seen + 1);
            seen = world.side.data_count;
            net_stream_resume(world.side.stream);
            assert_int_equal(world.side.data_count, seen); /* not inside resume */
        }
        assert_int_equal(world.side.end, NET_END_EOF);
        assert_true(ends_with(&world.side.received, file, sizeof file));
        world_close(&world);
    }
    tls_server_kill(&server);
}

static void large_requests_leave_whole(void **state) {
    (void)state;
    static char line[12001];
    static char reversed[12001];
    struct tls_server server = tls_serve("rsa", OPTIONS("-rev"));
    struct world world;
    world_open(&world, "ca.pem");
    world_connect(&world, server.port);
    for (unsigned round = 0; round < 40; round++) {
        for (size_t i = 0; i < sizeof line - 1; i++) line[i] = (char)('a' + (i * 7 + round) % 26);
        for (size_t i = 0; i < sizeof line - 1; i++) reversed[sizeof line - 2 - i] = line[i];
        line[sizeof line - 1] = reversed[sizeof line - 1] = '\n';
        const struct slice parts[] = {slice_of(line, 1), slice_of(line, 0), slice_of(line + 1, sizeof line - 1)};
        assert_int_equal(net_stream_write(world.side.stream, parts, 3), OUTCOME_OK);
        RUN_UNTIL(world.loop, world.side.received.len == sizeof reversed || world.side.end_count);
        assert_true(ends_with(&world.side.received, reversed, sizeof reversed));
        buffer_clear(&world.side.received);
    }
    world_close(&world);
    tls_server_kill(&server);
}

static void closing_on_data(void *owner, struct slice bytes) {
    struct side *side = owner;
    (void)bytes;
    side->data_count++;
    net_stream_close(&side->stream);
}

static void closing_on_end(void *owner, enum net_end end) {
    struct side *side = owner;
    side_on_end(side, end);
    net_stream_close(&side->stream);
}

static const struct net_stream_events closing = {closing_on_data, closing_on_end, NULL};

static void it_can_be_closed_inside_its_callbacks(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev"));
    for (unsigned at_end = 0; at_end < 2; at_end++) {
        struct world world;
        world_open(&world, "ca.pem");
        world_connect(&world, server.port);
        net_stream_attach(world.side.stream, &closing, &world.side);
        say(&world, at_end ? "CLOSE\n" : "abc\n");
        RUN_UNTIL(world.loop, world.side.stream == NULL);
        assert_int_equal(world.side.end_count, at_end);
        world_close(&world);
    }
    tls_server_kill(&server);
}

static void a_finished_stream_says_goodbye(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev"));
    struct world world;
    world_open(&world, "ca.pem");
    world_connect(&world, server.port);
    say(&world, "abc\n");
    expect(&world, "cba\n");
    net_stream_shutdown(world.side.stream);
    const struct slice more = SLICE("more");
    assert_int_equal(net_stream_write(world.side.stream, &more, 1), OUTCOME_CLOSED);
    RUN_UNTIL(world.loop, world.side.end_count);
    net_stream_finish(&world.side.stream);
    world_close(&world);
    tls_server_kill(&server);
}

static void without_close_notify_the_end_is_a_truncation(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev"));
    struct world world;
    world_open(&world, "ca.pem");
    world_connect(&world, server.port);
    say(&world, "abc\n");
    expect(&world, "cba\n");
    tls_server_kill(&server); /* the kernel closes the connection, in good order as far as TCP can tell */
    RUN_UNTIL(world.loop, world.side.end_count);
    assert_int_equal(world.side.end, NET_END_TRUNCATED);
    world_close(&world);
}

/* A relay that changes one byte of what the server says, or sends its bytes one by one. */
struct relay {
    struct net_listener *listener;
    struct net_pool *pool;
    struct net_pool_request request;
    struct net_stream *agent, *server;
    bool corrupts, splits;
};

static void relay_up(void *owner, struct slice bytes) {
    struct relay *relay = owner;
    assert_int_equal(net_stream_write(relay->server, &bytes, 1), OUTCOME_OK);
}

static void relay_down(void *owner, struct slice bytes) {
    struct relay *relay = owner;
    char copy[65536];
    memcpy(copy, bytes.data, bytes.len);
    if (relay->corrupts) copy[bytes.len - 1] = (char)(copy[bytes.len - 1] ^ 1);
    const size_t step = relay->splits ? 1 : bytes.len;
    for (size_t i = 0; i < bytes.len; i += step) {
        const struct slice part = slice_of(copy + i, step);
        assert_int_equal(net_stream_write(relay->agent, &part, 1), OUTCOME_OK);
    }
}

static void relay_end(void *owner, enum net_end end) {
    (void)owner, (void)end;
}

static const struct net_stream_events up = {relay_up, relay_end, NULL};
static const struct net_stream_events down = {relay_down, relay_end, NULL};

static void on_relay_ready(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                           const struct detail *detail) {
    struct relay *relay = owner;
    (void)reused, (void)detail;
    assert_int_equal(outcome, OUTCOME_OK);
    relay->server = stream;
    net_stream_attach(relay->server, &down, relay);
    net_stream_attach(relay->agent, &up, relay);
}

static unsigned short relayed_port;

static void on_relay_accept(void *owner, struct net_stream *stream) {
    struct relay *relay = owner;
    const struct net_origin origin = {.host = SLICE("127.0.0.1"), .port = relayed_port};
    relay->agent = stream;
    net_pool_acquire(relay->pool, &origin, CONNECT_MS, &relay->request, on_relay_ready, relay);
}

/* A connection to `server` by way of the relay. */
static void relay_open(struct world *world, struct relay *relay, const struct tls_server *server) {
    const struct net_address any = loopback_address(0);
    world_open(world, "ca.pem");
    relay->pool = world->pool;
    relayed_port = server->port;
    assert_int_equal(net_listener_open(world->loop, &any, false, on_relay_accept, relay, &relay->listener, NULL),
                     OUTCOME_OK);
    world_connect(world, net_listener_port(relay->listener));
    assert_int_equal(world->outcome, OUTCOME_OK);
}

static void relay_close(struct world *world, struct relay *relay) {
    net_stream_close(&relay->agent);
    net_stream_close(&relay->server);
    net_listener_close(&relay->listener);
    world_close(world);
}

static void a_changed_record_ends_the_connection(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev", "-tls1_2"));
    struct world world;
    struct relay relay = {0};
    relay_open(&world, &relay, &server);
    say(&world, "abc\n");
    expect(&world, "cba\n");
    relay.corrupts = true;
    say(&world, "abc\n");
    RUN_UNTIL(world.loop, world.side.end_count || world.side.received.len);
    assert_int_equal(world.side.received.len, 0);
    assert_int_equal(world.side.end, NET_END_CORRUPT);
    const struct slice more = SLICE("more");
    assert_int_equal(net_stream_write(world.side.stream, &more, 1), OUTCOME_CRYPTO);
    relay_close(&world, &relay);
    tls_server_kill(&server);
}

static void records_may_arrive_byte_by_byte(void **state) {
    (void)state;
    struct tls_server server = tls_serve("rsa", OPTIONS("-rev"));
    struct world world;
    struct relay relay = {.splits = true};
    relay_open(&world, &relay, &server);
    for (unsigned i = 0; i < 10; i++) {
        say(&world, "byte by byte\n");
        expect(&world, "etyb yb etyb\n");
    }
    relay_close(&world, &relay);
    tls_server_kill(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_answers_arrive_whole_also_with_pauses),
        cmocka_unit_test(large_requests_leave_whole),
        cmocka_unit_test(it_can_be_closed_inside_its_callbacks),
        cmocka_unit_test(a_finished_stream_says_goodbye),
        cmocka_unit_test(without_close_notify_the_end_is_a_truncation),
        cmocka_unit_test(a_changed_record_ends_the_connection),
        cmocka_unit_test(records_may_arrive_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, tls_set_up, tls_tear_down);
}
