#include "tests/unit/gateway/net/net_fixture.h"

#include <stdio.h>
#include <string.h>

#include "gateway/net/dial.h"
#include "gateway/net/upstream_pool.h"
#include "tests/unit/failing_alloc.h"

#define CONNECT_MS 5000u

/* One who wants a connection. */
struct client {
    struct net_pool_request request;
    struct side side;
    struct detail detail;
    enum outcome outcome;
    unsigned ready_count;
    bool reused;
};

static void on_ready(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                     const struct detail *detail) {
    struct client *client = owner;
    client->ready_count++;
    client->outcome = outcome;
    client->reused = reused;
    client->detail = *detail;
    client->side.stream = stream;
    if (stream) net_stream_attach(stream, &collecting, &client->side);
}

struct world {
    struct fixture server; /* its loop is everybody's */
    struct net_pool *pool;
    struct net_origin origin;
};

static void world_open(struct world *world) {
    fixture_open(&world->server);
    assert_int_equal(net_pool_create(world->server.loop, &world->pool), OUTCOME_OK);
    world->origin = (struct net_origin){.host = SLICE("127.0.0.1"), .port = net_listener_port(world->server.listener)};
}

static void world_close(struct world *world) {
    net_pool_destroy(&world->pool);
    fixture_close(&world->server);
}

static void ask(struct world *world, struct client *client, uint32_t timeout_ms) {
    const unsigned before = client->ready_count;
    net_pool_acquire(world->pool, &world->origin, timeout_ms, &client->request, on_ready, client);
    assert_int_equal(client->ready_count, before); /* never inside */
}

static void get(struct world *world, struct client *client) {
    const unsigned before = client->ready_count;
    ask(world, client, CONNECT_MS);
    RUN_UNTIL(world->server.loop, client->ready_count > before);
}

static void limit(struct world *world, unsigned idle_count, unsigned connection_count, uint32_t idle_ms) {
    struct net_pool_limits limits = net_pool_limits(world->pool);
    limits.idle_per_origin_count = idle_count;
    limits.connections_per_origin_count = connection_count;
    limits.idle_ms = idle_ms;
    net_pool_set_limits(world->pool, &limits);
}

static void give_back(struct world *world, struct client *client, bool reusable) {
    net_pool_release(world->pool, &world->origin, &client->side.stream, reusable);
    assert_null(client->side.stream);
    buffer_deinit(&client->side.received);
    client->side = (struct side){0};
}

static void a_returned_connection_serves_again(void **state) {
    (void)state;
    struct world world;
    struct client one = {0};
    struct client two = {0};
    world_open(&world);
    get(&world, &one);
    assert_int_equal(one.outcome, OUTCOME_OK);
    assert_false(one.reused);
    assert_int_equal(net_pool_count(world.pool).busy_count, 1);
    const struct net_stream *first = one.side.stream;
    give_back(&world, &one, true);
    assert_int_equal(net_pool_count(world.pool).idle_count, 1);
    get(&world, &two);
    assert_true(two.reused);
    assert_ptr_equal(two.side.stream, first);
    RUN_UNTIL(world.server.loop, world.server.accepted_count == 1);
    const struct slice hello = SLICE("hello");
    assert_int_equal(net_stream_write(two.side.stream, &hello, 1), OUTCOME_OK);
    RUN_UNTIL(world.server.loop, world.server.sides[0].received.len == 5);
    assert_int_equal(net_stream_write(world.server.sides[0].stream, &hello, 1), OUTCOME_OK);
    RUN_UNTIL(world.server.loop, two.side.received.len == 5);
    give_back(&world, &two, false);
    assert_int_equal(net_pool_count(world.pool).idle_count + net_pool_count(world.pool).busy_count, 0);
    get(&world, &one);
    assert_false(one.reused);
    net_stream_close(&one.side.stream); /* instead of release */
    assert_int_equal(net_pool_count(world.pool).busy_count, 0);
    get(&world, &one);
    net_stream_finish(&one.side.stream);
    assert_int_equal(net_pool_count(world.pool).busy_count, 0);
    world_close(&world);
}

static void an_idle_connection_that_the_peer_closed_is_not_used(void **state) {
    (void)state;
    struct world world;
    struct client client = {0};
    world_open(&world);
    get(&world, &client);
    RUN_UNTIL(world.server.loop, world.server.accepted_count == 1);
    give_back(&world, &client, true);
    net_stream_close(&world.server.sides[0].stream);
    RUN_UNTIL(world.server.loop, net_pool_count(world.pool).idle_count == 0);
    get(&world, &client);
    assert_false(client.reused);
    /* The same, without a turn in which the end could have been seen. */
    RUN_UNTIL(world.server.loop, world.server.accepted_count == 2);
    give_back(&world, &client, true);
    net_stream_close(&world.server.sides[1].stream);
    get(&world, &client);
    assert_int_equal(client.outcome, OUTCOME_OK);
    assert_false(client.reused);
    give_back(&world, &client, false);
    world_close(&world);
}

static void an_idle_connection_that_talks_is_not_used(void **state) {
    (void)state;
    struct world world;
    struct client client = {0};
    const struct slice surplus = SLICE("HTTP/1.1 200 OK\r\n\r\n");
    world_open(&world);
    get(&world, &client);
    RUN_UNTIL(world.server.loop, world.server.accepted_count == 1);
    give_back(&world, &client, true);
    assert_int_equal(net_stream_write(world.server.sides[0].stream, &surplus, 1), OUTCOME_OK);
    RUN_UNTIL(world.server.loop, net_pool_count(world.pool).idle_count == 0);
    /* Bytes that wait in the kernel when the connection is handed out again. */
    get(&world, &client);
    RUN_UNTIL(world.server.loop, world.server.accepted_count == 2);
    net_stream_pause(client.side.stream);
    assert_int_equal(net_stream_write(world.server.sides[1].stream, &surplus, 1), OUTCOME_OK);
    usleep(10000);
    give_back(&world, &client, true);
    get(&world, &client);
    assert_false(client.reused);
    assert_int_equal(client.side.received.len, 0);
    give_back(&world, &client, false);
    world_close(&world);
}

static void what_cannot_be_reused_is_closed(void **state) {
    (void)state;
    struct world world;
    struct client clients[3] = {0};
    world_open(&world);
    limit(&world, 1, 10, 30000);
    for (unsigned i = 0; i < 3; i++) get(&world, &clients[i]);
    give_back(&world, &clients[0], true);
    give_back(&world, &clients[1], true); /* one too many */
    assert_int_equal(net_pool_count(world.pool).idle_count, 1);
    assert_int_equal(net_pool_count(world.pool).busy_count, 1);
    net_stream_shutdown(clients[2].side.stream);
    give_back(&world, &clients[2], true); /* half closed */
    assert_int_equal(net_pool_count(world.pool).idle_count, 1);
    limit(&world, 10, 10, 30000);
    get(&world, &clients[0]);
    get(&world, &clients[1]);
    RUN_UNTIL(world.server.loop, world.server.accepted_count == 4);
    struct net_origin other = world.origin;
    other.host = SLICE("localhost");
    net_pool_release(world.pool, &other, &clients[0].side.stream, true); /* not its origin */
    assert_int_equal(net_pool_count(world.pool).idle_count, 0);
    net_pool_release(world.pool, &world.origin, &world.server.sides[3].stream, true); /* not the pool's */
    net_pool_release(world.pool, &world.origin, &world.server.sides[3].stream, true); /* NULL */
    RUN_UNTIL(world.server.loop, clients[1].side.end_count);
    give_back(&world, &clients[1], true); /* ended */
    assert_int_equal(net_pool_count(world.pool).idle_count, 0);
    world_close(&world);
}

static void idle_connections_expire(void **state) {
    (void)state;
    struct world world;
    struct client client = {0};
    world_open(&world);
    limit(&world, 10, 10, 40);
    get(&world, &client);
    RUN_UNTIL(world.server.loop, world.server.accepted_count == 1);
    give_back(&world, &client, true);
    const uint64_t begin_ms = now_ms();
    RUN_UNTIL(world.server.loop, world.server.sides[0].end_count);
    assert_in_range(now_ms() - begin_ms, 38, 2000);
    assert_int_equal(net_pool_count(world.pool).idle_count, 0);
    world_close(&world);
}

static void at_the_limit_they_wait_first_come_first_served(void **state) {
    (void)state;
    struct world world;
    struct client clients[5] = {0};
    world_open(&world);
    limit(&world, 10, 1, 30000);
    for (unsigned i = 0; i < 5; i++) ask(&world, &clients[i], CONNECT_MS);
    RUN_UNTIL(world.server.loop, clients[0].ready_count);
    assert_int_equal(net_pool_count(world.pool).waiting_count, 4);
    give_back(&world, &clients[0], true);
    assert_int_equal(clients[1].ready_count, 0); /* not inside release */
    RUN_UNTIL(world.server.loop, clients[1].ready_count);
    assert_true(clients[1].reused);
    net_pool_cancel(&clients[2].request);
    give_back(&world, &clients[1], false); /* a slot is free: the next one dials */
    RUN_UNTIL(world.server.loop, clients[3].ready_count);
    assert_false(clients[3].reused);
    assert_int_equal(clients[2].ready_count + clients[4].ready_count, 0);
    net_stream_close(&clients[3].side.stream);
    RUN_UNTIL(world.server.loop, clients[4].ready_count);
    give_back(&world, &clients[4], false);
    world_close(&world);
}

static void one_who_waits_too_long_is_told(void **state) {
    (void)state;
    struct world world;
    struct client holder = {0};
    struct client late = {0};
    struct client patient = {0};
    world_open(&world);
    limit(&world, 10, 1, 30000);
    get(&world, &holder);
    ask(&world, &patient, CONNECT_MS);
    ask(&world, &late, 50);
    const uint64_t begin_ms = now_ms();
    RUN_UNTIL(world.server.loop, late.ready_count);
    assert_in_range(now_ms() - begin_ms, 48, 2000);
    assert_int_equal(late.outcome, OUTCOME_TIMEOUT);
    assert_non_null(strstr(late.detail.text, "in use"));
    assert_int_equal(patient.ready_count, 0);
    give_back(&world, &holder, true);
    RUN_UNTIL(world.server.loop, patient.ready_count);
    assert_int_equal(patient.outcome, OUTCOME_OK);
    give_back(&world, &patient, true);
    world_close(&world);
}

static void a_refused_connection_is_io(void **state) {
    (void)state;
    struct world world;
    struct client client = {0};
    unsigned short port = 0;
    char text[40];
    close(peer_listen(1, &port)); /* nobody listens there now */
    world_open(&world);
    world.origin.port = port;
    get(&world, &client);
    assert_int_equal(client.outcome, OUTCOME_IO);
    assert_null(client.side.stream);
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port);
    assert_non_null(strstr(client.detail.text, text));
    assert_non_null(strstr(client.detail.text, "refused"));
    assert_int_equal(net_pool_count(world.pool).busy_count, 0);
    world_close(&world);
}

/* A listener whose backlog is full: the kernel drops what else wants to connect. */
static int full_listener(unsigned short *port_out, int peers[2]) {
    const int listening = peer_listen(0, port_out);
    const struct net_address address = loopback_address(*port_out);
    for (unsigned i = 0; i < 2; i++) {
        peers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(peers[i], &address.any, net_address_len(&address));
        usleep(20000);
    }
    return listening;
}

static void an_upstream_that_does_not_answer_is_a_timeout(void **state) {
    (void)state;
    struct world world;
    struct client client = {0};
    int peers[2];
    unsigned short port = 0;
    const int listening = full_listener(&port, peers);
    world_open(&world);
    world.origin.port = port;
    const uint64_t begin_ms = now_ms();
    ask(&world, &client, 150);
    RUN_UNTIL(world.server.loop, client.ready_count);
    assert_int_equal(client.outcome, OUTCOME_TIMEOUT);
    assert_in_range(now_ms() - begin_ms, 148, 3000);
    assert_int_equal(net_pool_count(world.pool).busy_count, 0);
    world_close(&world);
    close(listening);
    close(peers[0]);
    close(peers[1]);
}

static void names_are_looked_up_and_remembered(void **state) {
    (void)state;
    struct world world;
    struct client clients[20] = {0};
    world_open(&world);
    world.origin.host = SLICE("localhost");
    for (unsigned i = 0; i < 20; i++) ask(&world, &clients[i], CONNECT_MS);
    for (unsigned i = 0; i < 20; i++) {
        RUN_UNTIL(world.server.loop, clients[i].ready_count);
        assert_int_equal(clients[i].outcome, OUTCOME_OK);
        give_back(&world, &clients[i], false);
    }
    world_close(&world);
}

static void a_name_without_address_is_io(void **state) {
    (void)state;
    struct world world;
    struct client clients[3] = {0};
    world_open(&world);
    world.origin.host = SLICE("no..such..name");
    for (unsigned i = 0; i < 3; i++) ask(&world, &clients[i], CONNECT_MS);
    for (unsigned i = 0; i < 3; i++) {
        RUN_UNTIL(world.server.loop, clients[i].ready_count);
        assert_int_equal(clients[i].outcome, OUTCOME_IO);
        assert_non_null(strstr(clients[i].detail.text, "no..such..name"));
    }
    world_close(&world);
}

static void an_origin_that_makes_no_sense_is_invalid(void **state) {
    (void)state;
    struct world world;
    struct client client = {0};
    char longest[300];
    memset(longest, 'a', sizeof longest);
    const struct net_origin origins[] = {
        {.host = SLICE(""), .port = 80},
        {.host = SLICE("localhost\0.example"), .port = 80},
        {.host = slice_of(longest, sizeof longest), .port = 80},
        {.host = SLICE("localhost"), .port = 443, .tls = true},
    };
    world_open(&world);
    for (unsigned i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        world.origin = origins[i];
        get(&world, &client);
        assert_int_equal(client.outcome, OUTCOME_INVALID);
        assert_true(client.detail.text[0] != '\0');
    }
    world_close(&world);
}

static void a_request_can_be_cancelled_at_any_moment(void **state) {
    (void)state;
    struct world world;
    struct client client = {0};
    int peers[2];
    unsigned short full_port = 0;
    const int listening = full_listener(&full_port, peers);
    world_open(&world);
    const struct net_origin open = world.origin;
    for (unsigned turns = 0; turns < 6; turns++) {
        const struct net_origin origins[] = {
            open,
            {.host = SLICE("localhost"), .port = open.port},
            {.host = SLICE("127.0.0.1"), .port = full_port},
            {.host = SLICE("no..such..name"), .port = 1},
            {.host = SLICE(""), .port = 1},
        };
        for (unsigned i = 0; i < sizeof origins / sizeof origins[0]; i++) {
            client.ready_count = 0;
            world.origin = origins[i];
            ask(&world, &client, CONNECT_MS);
            for (unsigned j = 0; j < turns && client.ready_count == 0; j++)
                uv_run(&world.server.loop->uv, UV_RUN_NOWAIT);
            net_pool_cancel(&client.request);
            net_pool_cancel(&client.request);
            const unsigned before = client.ready_count;
            run_for(world.server.loop, 2);
            assert_int_equal(client.ready_count, before);
            if (client.side.stream) net_stream_close(&client.side.stream);
            assert_int_equal(net_pool_count(world.pool).busy_count, 0);
        }
    }
    world_close(&world);
    close(listening);
    close(peers[0]);
    close(peers[1]);
}

static void the_pool_can_go_with_everything_under_way(void **state) {
    (void)state;
    for (unsigned turns = 0; turns < 5; turns++) {
        struct world world;
        struct client clients[6] = {0};
        world_open(&world);
        limit(&world, 10, 2, 30000);
        get(&world, &clients[0]);
        get(&world, &clients[1]);
        give_back(&world, &clients[1], true);
        for (unsigned i = 2; i < 5; i++) ask(&world, &clients[i], CONNECT_MS);
        world.origin.host = SLICE("localhost");
        ask(&world, &clients[5], CONNECT_MS);
        unsigned before = 0;
        for (unsigned j = 0; j < turns; j++) uv_run(&world.server.loop->uv, UV_RUN_NOWAIT);
        for (unsigned i = 0; i < 6; i++) before += clients[i].ready_count;
        net_pool_destroy(&world.pool);
        run_for(world.server.loop, 10);
        for (unsigned i = 0; i < 6; i++) before -= clients[i].ready_count;
        assert_int_equal(before, 0);
        for (unsigned i = 0; i < 6; i++) net_stream_close(&clients[i].side.stream); /* out: their holders' */
        world_close(&world);
    }
}

struct destroyer {
    struct net_pool_request request;
    struct net_pool **pool;
    unsigned ready_count;
};

static void destroying_on_ready(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                                const struct detail *detail) {
    struct destroyer *destroyer = owner;
    (void)outcome, (void)reused, (void)detail;
    destroyer->ready_count++;
    net_stream_close(&stream);
    net_pool_destroy(destroyer->pool);
}

static void the_pool_can_go_inside_on_ready(void **state) {
    (void)state;
    static const struct slice hosts[] = {{"127.0.0.1", 9}, {"no..such..name", 14}, {"", 0}};
    for (unsigned i = 0; i < 4; i++) {
        struct world world;
        struct client client = {0};
        world_open(&world);
        struct destroyer destroyers[2] = {{.pool = &world.pool}, {.pool = &world.pool}};
        if (i == 3) { /* by an idle connection */
            get(&world, &client);
            give_back(&world, &client, true);
        }
        world.origin.host = hosts[i % 3];
        for (unsigned j = 0; j < 2; j++)
            net_pool_acquire(world.pool, &world.origin, CONNECT_MS, &destroyers[j].request, destroying_on_ready,
                             &destroyers[j]);
        RUN_UNTIL(world.server.loop, destroyers[0].ready_count);
        assert_null(world.pool);
        run_for(world.server.loop, 5);
        assert_int_equal(destroyers[1].ready_count, 0);
        world_close(&world);
    }
}

struct again {
    struct net_pool_request request;
    struct world *world;
    unsigned ready_count;
};

static void asking_again_on_ready(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                                  const struct detail *detail) {
    struct again *again = owner;
    (void)detail;
    assert_int_equal(outcome, OUTCOME_OK);
    assert_int_equal(reused, again->ready_count > 0);
    net_pool_release(again->world->pool, &again->world->origin, &stream, true);
    if (++again->ready_count < 5)
        net_pool_acquire(again->world->pool, &again->world->origin, CONNECT_MS, &again->request, asking_again_on_ready,
                         again);
}

static void a_request_can_be_used_again_inside_on_ready(void **state) {
    (void)state;
    struct world world;
    world_open(&world);
    struct again again = {.world = &world};
    net_pool_acquire(world.pool, &world.origin, CONNECT_MS, &again.request, asking_again_on_ready, &again);
    RUN_UNTIL(world.server.loop, again.ready_count == 5);
    assert_int_equal(net_pool_count(world.pool).idle_count, 1);
    world_close(&world);
}

struct dialler {
    struct net_dial *dial;
    struct net_stream *stream;
    enum outcome outcome;
    unsigned done_count;
};

static void on_dialled(void *owner, enum outcome outcome, struct net_stream *stream, const struct detail *detail) {
    struct dialler *dialler = owner;
    (void)detail;
    dialler->outcome = outcome;
    dialler->stream = stream;
    dialler->done_count++;
}

static void every_address_is_tried_in_order(void **state) {
    (void)state;
    struct fixture server;
    int peers[2];
    unsigned short refused_port = 0;
    unsigned short full_port = 0;
    struct dialler dialler = {0};
    close(peer_listen(1, &refused_port));
    const int listening = full_listener(&full_port, peers);
    fixture_open(&server);
    const struct net_address addresses[] = {
        loopback_address(refused_port),
        loopback_address(full_port), /* silent: gets half of the time */
        loopback_address(net_listener_port(server.listener)),
        loopback_address(refused_port),
    };
    const struct net_dial_target target = {.addresses = addresses, .count = 4, .label = "test", .timeout_ms = 600};
    const uint64_t begin_ms = now_ms();
    assert_int_equal(net_dial_start(server.loop, &target, on_dialled, &dialler, &dialler.dial, NULL), OUTCOME_OK);
    assert_int_equal(dialler.done_count, 0);
    RUN_UNTIL(server.loop, dialler.done_count);
    assert_int_equal(dialler.outcome, OUTCOME_OK);
    assert_in_range(now_ms() - begin_ms, 150, 590);
    net_stream_close(&dialler.stream);
    fixture_close(&server);
    close(listening);
    close(peers[0]);
    close(peers[1]);
}

/* Every allocation of a new, a waiting and a reused connection fails once. */
static void want_of_memory_is_an_outcome(void **state) {
    (void)state;
    unsigned nth = 1;
    for (bool any_failed = true; any_failed; nth++) {
        struct world world = {0};
        struct client client = {0};
        struct client second = {0};
        fixture_open(&world.server);
        world.server.events = NULL;
        failing_alloc_arm(nth);
        if (net_pool_create(world.server.loop, &world.pool) == OUTCOME_OK) {
            world.origin =
                (struct net_origin){.host = SLICE("localhost"), .port = net_listener_port(world.server.listener)};
            ask(&world, &client, 1000);
            ask(&world, &second, 1000);
            RUN_UNTIL(world.server.loop, client.ready_count && second.ready_count);
            any_failed = failing_alloc_disarm();
            assert_true(any_failed || (client.outcome == OUTCOME_OK && second.outcome == OUTCOME_OK));
            if (client.outcome == OUTCOME_OK) give_back(&world, &client, true);
            if (second.outcome == OUTCOME_OK) give_back(&world, &second, true);
            assert_int_equal(net_pool_count(world.pool).busy_count, 0);
            get(&world, &client); /* it has recovered */
            assert_int_equal(client.outcome, OUTCOME_OK);
            give_back(&world, &client, false);
        } else {
            assert_true(failing_alloc_disarm());
        }
        world_close(&world);
    }
    assert_true(nth > 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_returned_connection_serves_again),
        cmocka_unit_test(an_idle_connection_that_the_peer_closed_is_not_used),
        cmocka_unit_test(an_idle_connection_that_talks_is_not_used),
        cmocka_unit_test(what_cannot_be_reused_is_closed),
        cmocka_unit_test(idle_connections_expire),
        cmocka_unit_test(at_the_limit_they_wait_first_come_first_served),
        cmocka_unit_test(one_who_waits_too_long_is_told),
        cmocka_unit_test(a_refused_connection_is_io),
        cmocka_unit_test(an_upstream_that_does_not_answer_is_a_timeout),
        cmocka_unit_test(names_are_looked_up_and_remembered),
        cmocka_unit_test(a_name_without_address_is_io),
        cmocka_unit_test(an_origin_that_makes_no_sense_is_invalid),
        cmocka_unit_test(a_request_can_be_cancelled_at_any_moment),
        cmocka_unit_test(the_pool_can_go_with_everything_under_way),
        cmocka_unit_test(the_pool_can_go_inside_on_ready),
        cmocka_unit_test(a_request_can_be_used_again_inside_on_ready),
        cmocka_unit_test(every_address_is_tried_in_order),
        cmocka_unit_test(want_of_memory_is_an_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
