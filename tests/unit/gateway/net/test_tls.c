#include "tests/unit/gateway/net/tls_fixture.h"

#include "tests/unit/failing_alloc.h"

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

static void a_handshake_can_be_cancelled_at_any_moment(void **state) {
    (void)state;
    struct tls_server server = tls_serve("good", OPTIONS("-rev"));
    for (unsigned turns = 0; turns < 8; turns++) {
        struct world world;
        world_open(&world, "ca.pem");
        world.origin.port = server.port;
        net_pool_acquire(world.pool, &world.origin, CONNECT_MS, &world.request, on_ready, &world);
        for (unsigned i = 0; i < turns && !world.is_ready; i++) uv_run(&world.loop->uv, UV_RUN_ONCE);
        if (turns % 2) net_pool_cancel(&world.request);
        world_close(&world); /* else the pool goes first */
    }
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
        assert_int_equal(world.outcome == OUTCOME_OK, !any_failed);
        assert_int_equal(world.side.stream == NULL, any_failed);
        world_close(&world);
    }
    tls_server_kill(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_server_is_talked_to),
        cmocka_unit_test(a_connection_is_reused),
        cmocka_unit_test(a_bad_certificate_is_refused_with_its_reason),
        cmocka_unit_test(weak_protocols_and_ciphers_are_refused),
        cmocka_unit_test(who_does_not_speak_tls_is_refused),
        cmocka_unit_test(a_handshake_can_be_cancelled_at_any_moment),
        cmocka_unit_test(a_bad_ca_file_is_refused_by_name),
        cmocka_unit_test(the_system_bundle_is_usable),
        cmocka_unit_test(loops_share_a_configuration),
        cmocka_unit_test(want_of_memory_is_an_outcome),
    };
    return cmocka_run_group_tests(tests, tls_set_up, tls_tear_down);
}
