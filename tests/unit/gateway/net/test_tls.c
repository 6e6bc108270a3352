#include "tests/unit/gateway/net/tls_fixture.h"

#include "gateway/net/upstream_pool.h"
#include "tests/unit/failing_alloc.h"

#define CONNECT_MS 5000u

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A pool that talks to one server. */
struct world {
    struct net_loop *loop;
    struct net_pool *pool;
    struct net_tls_client *tls;
    struct net_origin origin;
    struct net_pool_request request;
    struct side side;
    enum outcome outcome;
    struct detail detail;
    bool is_ready;
};

static void on_ready(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                     const struct detail *detail) {
    struct world *world = owner;
    (void)reused;
    world->is_ready = true;
    world->outcome = outcome;
    world->detail = *detail;
    world->side.stream = stream;
    if (stream) net_stream_attach(stream, &collecting, &world->side);
}

static void world_open(struct world *world, const char *ca_name) {
    const struct net_tls_settings settings = {.ca_file = tls_path(ca_name)};
    struct detail detail;
    *world = (struct world){0};
    alarm(TEST_SECONDS);
    assert_int_equal(net_loop_create(&world->loop), OUTCOME_OK);
    assert_int_equal(net_pool_create(world->loop, &world->pool), OUTCOME_OK);
    assert_int_equal(net_tls_client_create(&settings, &world->tls, &detail), OUTCOME_OK);
    world->origin = (struct net_origin){
        .host = SLICE("127.0.0.1"), .tls = true, .tls_client = world->tls, .server_name = "localhost"};
}

static void world_connect(struct world *world, unsigned short port) {
    world->origin.port = port;
    world->is_ready = false;
    net_pool_acquire(world->pool, &world->origin, CONNECT_MS, &world->request, on_ready, world);
    RUN_UNTIL(world->loop, world->is_ready);
}

static void world_close(struct world *world) {
    net_tls_client_destroy(&world->tls); /* connections may outlive it */
    net_stream_close(&world->side.stream);
    buffer_deinit(&world->side.received);
    net_pool_destroy(&world->pool);
    net_loop_stop(world->loop);
    net_loop_run(world->loop);
    net_loop_destroy(&world->loop);
    alarm(0);
}

static void say(struct world *world, const char *text) {
    const struct slice slice = slice_str(text);
    assert_int_equal(net_stream_write(world->side.stream, &slice, 1), OUTCOME_OK);
}

static void expect(struct world *world, const char *text) {
    RUN_UNTIL(world->loop, world->side.received.len >= strlen(text) || world->side.end_count);
    assert_true(slice_equal(buffer_slice(&world->side.received), slice_str(text)));
    buffer_clear(&world->side.received);
}

/* --- what is accepted --- */

static void a_good_server_is_talked_to(void **state) {
    (void)state;
    const struct {
        const char *certificate;
        const char *const *options;
    } servers[] = {
        {"good", OPTIONS("-rev")},
        {"rsa", OPTIONS("-rev")},
        {"good", OPTIONS("-rev", "-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305")},
        {"rsa", OPTIONS("-rev", "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384")},
        {"good", OPTIONS("-rev", "-tls1_2", "-groups", "X25519")},
        {"good", OPTIONS("-rev", "-tls1_2", "-groups", "P-384")},
    };
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct tls_server server = tls_serve(servers[i].certificate, servers[i].options);
        struct world world;
        world_open(&world, "ca.pem");
        world_connect(&world, server.port);
        if (world.outcome) print_error("%zu: %s\n", i, world.detail.text);
        assert_int_equal(world.outcome, OUTCOME_OK);
        say(&world, "abc\n");
        expect(&world, "cba\n");
        say(&world, "CLOSE\n"); /* s_server says goodbye */
        RUN_UNTIL(world.loop, world.side.end_count);
        assert_int_equal(world.side.end, NET_END_EOF);
        world_close(&world);
        tls_server_kill(&server);
    }
}

static void a_connection_is_reused(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev"));
    struct world world;
    world_open(&world, "ca.pem");
    world_connect(&world, server.port);
    const struct net_stream *first = world.side.stream;
    for (unsigned i = 0; i < 3; i++) {
        say(&world, "abc\n");
        expect(&world, "cba\n");
        net_pool_release(world.pool, &world.origin, &world.side.stream, true);
        assert_int_equal(net_pool_count(world.pool).idle_count, 1);
        world_connect(&world, server.port);
        assert_ptr_equal(world.side.stream, first);
    }
    /* Another client configuration, another name, no TLS: another origin. */
    net_pool_release(world.pool, &world.origin, &world.side.stream, true);
    struct net_tls_client *other = NULL;
    const struct net_tls_settings settings = {.ca_file = tls_path("ca.pem")};
    assert_int_equal(net_tls_client_create(&settings, &other, NULL), OUTCOME_OK);
    struct net_origin others[] = {world.origin, world.origin, world.origin};
    others[0].server_name = "other.example";
    others[1].tls_client = other;
    others[2].tls = false;
    for (unsigned i = 0; i < 3; i++) {
        struct net_pool_request request = {0};
        net_pool_acquire(world.pool, &others[i], CONNECT_MS, &request, on_ready, &world);
        RUN_UNTIL(world.loop, net_pool_count(world.pool).busy_count);
        assert_int_equal(net_pool_count(world.pool).idle_count, 1);
        net_pool_cancel(&request);
    }
    net_tls_client_destroy(&other);
    world_close(&world);
    tls_server_kill(&server);
}

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

/* --- what is refused --- */

static void a_bad_certificate_is_refused_with_its_reason(void **state) {
    (void)state;
    static const struct {
        const char *certificate, *ca, *reason;
    } cases[] = {
        {"wrong", "ca.pem", "another host"},  {"expired", "ca.pem", "expired"},
        {"early", "ca.pem", "not valid yet"}, {"selfsigned", "ca.pem", "not trusted"},
        {"good", "other.pem", "not trusted"}, {"client", "ca.pem", "not one for servers"},
        {"weak", "ca.pem", "too weak"},       {"sha1", "ca.pem", "weak hash"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_server server =
            tls_serve(cases[i].certificate, OPTIONS("-rev", "-cipher", "ALL:@SECLEVEL=0", "-tls1_2"));
        struct world world;
        world_open(&world, cases[i].ca);
        world_connect(&world, server.port);
        if (world.outcome != OUTCOME_CRYPTO || strstr(world.detail.text, cases[i].reason) == NULL)
            print_error("%s: %s: %s\n", cases[i].certificate, outcome_name(world.outcome), world.detail.text);
        assert_int_equal(world.outcome, OUTCOME_CRYPTO);
        assert_null(world.side.stream);
        assert_non_null(strstr(world.detail.text, cases[i].reason));
        assert_non_null(strstr(world.detail.text, "localhost"));
        world_close(&world);
        tls_server_kill(&server);
    }
}

static void weak_protocols_and_ciphers_are_refused(void **state) {
    (void)state;
    const struct {
        const char *certificate;
        const char *const *options;
    } servers[] = {
        {"good", OPTIONS("-rev", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")},
        {"good", OPTIONS("-rev", "-tls1", "-cipher", "ALL:@SECLEVEL=0")},
        {"rsa", OPTIONS("-rev", "-tls1_2", "-cipher", "AES128-GCM-SHA256")},
        {"rsa", OPTIONS("-rev", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256")},
        {"rsa", OPTIONS("-rev", "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256")},
    };
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct tls_server server = tls_serve(servers[i].certificate, servers[i].options);
        struct world world;
        world_open(&world, "ca.pem");
        world_connect(&world, server.port);
        if (world.outcome != OUTCOME_CRYPTO)
            print_error("%zu: %s: %s\n", i, outcome_name(world.outcome), world.detail.text);
        assert_int_equal(world.outcome, OUTCOME_CRYPTO);
        assert_null(world.side.stream);
        world_close(&world);
        tls_server_kill(&server);
    }
}

static void talking_on_accept(void *owner, struct net_stream *stream) {
    struct fixture *fixture = owner;
    const struct slice plain = SLICE("HTTP/1.1 400 Bad Request\r\n\r\n");
    if (fixture->events == NULL) {
        assert_int_equal(net_stream_write(stream, &plain, 1), OUTCOME_OK);
        net_stream_finish(&stream);
    } else {
        net_stream_close(&stream);
    }
    fixture->accepted_count = 0;
}

/* A server without TLS: CRYPTO when it talks, IO when it hangs up, TIMEOUT when it is silent. */
static void who_does_not_speak_tls_is_refused(void **state) {
    (void)state;
    struct world world;
    struct fixture talker = {0};
    const struct net_address any = loopback_address(0);
    unsigned short silent_port = 0;
    const int silent = peer_listen(5, &silent_port);
    world_open(&world, "ca.pem");
    assert_int_equal(net_listener_open(world.loop, &any, false, talking_on_accept, &talker, &talker.listener, NULL),
                     OUTCOME_OK);
    world_connect(&world, net_listener_port(talker.listener));
    assert_int_equal(world.outcome, OUTCOME_CRYPTO);
    talker.events = &collecting;
    world_connect(&world, net_listener_port(talker.listener));
    assert_int_equal(world.outcome, OUTCOME_IO);
    net_listener_close(&talker.listener);
    world.is_ready = false;
    world.origin.port = silent_port;
    net_pool_acquire(world.pool, &world.origin, 100, &world.request, on_ready, &world);
    RUN_UNTIL(world.loop, world.is_ready);
    assert_int_equal(world.outcome, OUTCOME_TIMEOUT);
    world_close(&world);
    close(silent);
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

/* A relay that changes one byte of what the server says, or appends what is no record. */
struct relay {
    struct fixture inner;
    struct net_pool *pool;
    struct net_pool_request request;
    struct net_stream *agent, *server;
    bool corrupts;
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
    const struct slice changed = slice_of(copy, bytes.len);
    assert_int_equal(net_stream_write(relay->agent, &changed, 1), OUTCOME_OK);
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

static void a_changed_record_ends_the_connection(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev", "-tls1_2"));
    struct world world;
    const struct net_address any = loopback_address(0);
    struct net_listener *listener = NULL;
    world_open(&world, "ca.pem");
    struct relay relay = {.pool = world.pool};
    relayed_port = server.port;
    assert_int_equal(net_listener_open(world.loop, &any, false, on_relay_accept, &relay, &listener, NULL), OUTCOME_OK);
    world_connect(&world, net_listener_port(listener));
    assert_int_equal(world.outcome, OUTCOME_OK);
    say(&world, "abc\n");
    expect(&world, "cba\n");
    relay.corrupts = true;
    say(&world, "abc\n");
    RUN_UNTIL(world.loop, world.side.end_count || world.side.received.len);
    assert_int_equal(world.side.received.len, 0);
    assert_int_equal(world.side.end, NET_END_CORRUPT);
    const struct slice more = SLICE("more");
    assert_int_equal(net_stream_write(world.side.stream, &more, 1), OUTCOME_CRYPTO);
    net_stream_close(&relay.agent);
    net_stream_close(&relay.server);
    net_listener_close(&listener);
    world_close(&world);
    tls_server_kill(&server);
}

/* --- configuration, threads, memory --- */

static void a_bad_ca_file_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum outcome outcome;
    } cases[] = {
        {"missing.pem", OUTCOME_NOT_FOUND},
        {"broken.pem", OUTCOME_INVALID}, /* one good certificate, one bad: not exactly 0 */
        {"empty.pem", OUTCOME_INVALID},
        {"new", OUTCOME_IO}, /* a directory */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct net_tls_settings settings = {.ca_file = tls_path(cases[i].name)};
        struct net_tls_client *client = NULL;
        struct detail detail;
        assert_int_equal(net_tls_client_create(&settings, &client, &detail), cases[i].outcome);
        assert_null(client);
        assert_non_null(strstr(detail.text, cases[i].name));
    }
}

static void the_system_bundle_is_usable(void **state) {
    (void)state;
    struct net_tls_client *client = NULL;
    struct detail detail = {{0}};
    const enum outcome outcome = net_tls_client_create(&(struct net_tls_settings){0}, &client, &detail);
    if (outcome == OUTCOME_NOT_FOUND) skip();
    if (outcome) print_error("%s\n", detail.text);
    assert_int_equal(outcome, OUTCOME_OK);
    net_tls_client_destroy(&client);
    net_tls_client_destroy(&client);
}

struct core {
    pthread_t thread;
    struct world world;
    unsigned short port;
    unsigned served_count;
};

/* Handshakes on a loop of its own, with the configuration that all share. */
static void *core_main(void *argument) {
    struct core *core = argument;
    struct world *world = &core->world;
    if (net_loop_create(&world->loop) || net_pool_create(world->loop, &world->pool)) return NULL;
    for (unsigned i = 0; i < 5; i++) {
        world_connect(world, core->port);
        if (world->outcome == OUTCOME_OK) core->served_count++;
        net_pool_release(world->pool, &world->origin, &world->side.stream, false);
    }
    net_pool_destroy(&world->pool);
    net_loop_stop(world->loop);
    net_loop_run(world->loop);
    net_loop_destroy(&world->loop);
    return NULL;
}

static void loops_share_a_configuration(void **state) {
    (void)state;
    /* s_server serves one connection at a time; each thread has its own. */
    struct tls_server servers[4];
    struct core cores[4];
    struct net_tls_client *client = NULL;
    const struct net_tls_settings settings = {.ca_file = tls_path("ca.pem"), .loops_count = 2};
    alarm(TEST_SECONDS);
    assert_int_equal(net_tls_client_create(&settings, &client, NULL), OUTCOME_OK);
    for (unsigned i = 0; i < 4; i++) {
        servers[i] = tls_serve("good", OPTIONS("-rev"));
        cores[i] = (struct core){.port = servers[i].port};
        cores[i].world.origin = (struct net_origin){
            .host = SLICE("127.0.0.1"), .tls = true, .tls_client = client, .server_name = "localhost"};
    }
    for (unsigned i = 0; i < 4; i++) assert_int_equal(pthread_create(&cores[i].thread, NULL, core_main, &cores[i]), 0);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(cores[i].thread, NULL);
        assert_int_equal(cores[i].served_count, 5);
        tls_server_kill(&servers[i]);
    }
    net_tls_client_destroy(&client);
    alarm(0);
}

static void want_of_memory_is_an_outcome(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev"));
    const struct net_tls_settings settings = {.ca_file = tls_path("ca.pem")};
    struct net_tls_client *client = NULL;
    for (unsigned nth = 1; client == NULL; nth++) {
        failing_alloc_arm(nth);
        const enum outcome outcome = net_tls_client_create(&settings, &client, NULL);
        assert_int_equal(failing_alloc_disarm(), outcome != OUTCOME_OK);
    }
    net_tls_client_destroy(&client);
    bool any_failed = true;
    for (unsigned nth = 1; any_failed; nth++) {
        struct world world;
        world_open(&world, "ca.pem");
        failing_alloc_arm(nth);
        world_connect(&world, server.port);
        any_failed = failing_alloc_disarm();
        assert_int_equal(world.outcome, any_failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
        world_close(&world);
    }
    tls_server_kill(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_server_is_talked_to),
        cmocka_unit_test(a_connection_is_reused),
        cmocka_unit_test(large_answers_arrive_whole_also_with_pauses),
        cmocka_unit_test(large_requests_leave_whole),
        cmocka_unit_test(it_can_be_closed_inside_its_callbacks),
        cmocka_unit_test(a_finished_stream_says_goodbye),
        cmocka_unit_test(a_bad_certificate_is_refused_with_its_reason),
        cmocka_unit_test(weak_protocols_and_ciphers_are_refused),
        cmocka_unit_test(who_does_not_speak_tls_is_refused),
        cmocka_unit_test(without_close_notify_the_end_is_a_truncation),
        cmocka_unit_test(a_changed_record_ends_the_connection),
        cmocka_unit_test(a_bad_ca_file_is_refused_by_name),
        cmocka_unit_test(the_system_bundle_is_usable),
        cmocka_unit_test(loops_share_a_configuration),
        cmocka_unit_test(want_of_memory_is_an_outcome),
    };
    return cmocka_run_group_tests(tests, tls_set_up, tls_tear_down);
}
