#include "tests/unit/gateway/net/net_fixture.h"

#include <string.h>
#include <sys/resource.h>

#include "tests/unit/failing_alloc.h"

static void it_accepts_on_the_port_that_it_tells(void **state) {
    (void)state;
    struct fixture fixture;
    char text[NET_ADDRESS_TEXT_BYTES];
    fixture_open(&fixture);
    assert_int_not_equal(net_listener_port(fixture.listener), 0);
    const int peer = peer_connect(net_listener_port(fixture.listener));
    RUN_UNTIL(fixture.loop, fixture.accepted_count == 1);
    const struct net_address *from = net_stream_peer(fixture.sides[0].stream);
    assert_true(net_address_is_loopback(from));
    assert_int_equal(strncmp(net_address_text(from, text), "127.0.0.1:", 10), 0);
    close(peer);
    fixture_close(&fixture);
}

static void a_taken_port_is_a_conflict_that_names_it(void **state) {
    (void)state;
    struct fixture fixture;
    struct net_listener *second = NULL;
    struct detail detail;
    char text[NET_ADDRESS_TEXT_BYTES];
    fixture_open(&fixture);
    const struct net_address address = loopback_address(net_listener_port(fixture.listener));
    assert_int_equal(net_listener_open(fixture.loop, &address, false, fixture_on_accept, &fixture, &second, &detail),
                     OUTCOME_CONFLICT);
    assert_null(second);
    assert_non_null(strstr(detail.text, net_address_text(&address, text)));
    assert_non_null(strstr(detail.text, "in use"));
    fixture_close(&fixture);
}

static void with_reuse_port_two_share_the_connections(void **state) {
    (void)state;
    struct fixture one;
    struct net_listener *listeners[2] = {0};
    int peers[40];
    fixture_open(&one);
    struct net_address address = loopback_address(0);
    struct fixture counted[2] = {{0}, {0}};
    assert_int_equal(net_listener_open(one.loop, &address, true, fixture_on_accept, &counted[0], &listeners[0], NULL),
                     OUTCOME_OK);
    address = loopback_address(net_listener_port(listeners[0]));
    assert_int_equal(net_listener_open(one.loop, &address, true, fixture_on_accept, &counted[1], &listeners[1], NULL),
                     OUTCOME_OK);
    for (unsigned i = 0; i < 40; i++) peers[i] = peer_connect(net_listener_port(listeners[1]));
    RUN_UNTIL(one.loop, counted[0].accepted_count + counted[1].accepted_count == 40);
    assert_true(counted[0].accepted_count > 0 && counted[1].accepted_count > 0);
    for (unsigned i = 0; i < 40; i++) close(peers[i]);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < counted[i].accepted_count; j++) net_stream_close(&counted[i].sides[j].stream);
        net_listener_close(&listeners[i]);
    }
    fixture_close(&one);
}

static void paused_it_leaves_connections_in_the_backlog(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    net_listener_pause(fixture.listener);
    net_listener_pause(fixture.listener);
    const int peer = peer_connect(net_listener_port(fixture.listener));
    run_for(fixture.loop, 50);
    assert_int_equal(fixture.accepted_count, 0);
    net_listener_resume(fixture.listener);
    RUN_UNTIL(fixture.loop, fixture.accepted_count == 1);
    close(peer);
    fixture_close(&fixture);
}

static void closing_inside_on_accept(void *owner, struct net_stream *stream) {
    struct fixture *fixture = owner;
    fixture->accepted_count++;
    net_stream_close(&stream);
    net_listener_close(&fixture->listener);
}

static void it_can_be_closed_inside_on_accept(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    net_listener_close(&fixture.listener);
    const struct net_address any = loopback_address(0);
    assert_int_equal(
        net_listener_open(fixture.loop, &any, false, closing_inside_on_accept, &fixture, &fixture.listener, NULL),
        OUTCOME_OK);
    const unsigned short port = net_listener_port(fixture.listener);
    const int one = peer_connect(port);
    const int two = peer_connect(port);
    RUN_UNTIL(fixture.loop, fixture.accepted_count == 1);
    run_for(fixture.loop, 20);
    assert_int_equal(fixture.accepted_count, 1);
    const struct net_address same = loopback_address(port); /* the port is free again */
    assert_int_equal(
        net_listener_open(fixture.loop, &same, false, closing_inside_on_accept, &fixture, &fixture.listener, NULL),
        OUTCOME_OK);
    fixture.accepted_count = 0;
    close(one);
    close(two);
    fixture_close(&fixture);
}

static uint64_t cpu_ms(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000u + (uint64_t)used.tv_nsec / 1000000u;
}

static void without_descriptors_it_rests_and_goes_on(void **state) {
    (void)state;
    struct fixture fixture;
    struct rlimit before;
    int peers[8];
    fixture_open(&fixture);
    for (unsigned i = 0; i < 8; i++) peers[i] = peer_connect(net_listener_port(fixture.listener));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int lowest_free = dup(0);
    close(lowest_free);
    const struct rlimit tight = {.rlim_cur = (rlim_t)lowest_free + 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    const uint64_t cpu_before_ms = cpu_ms();
    run_for(fixture.loop, 500);
    const uint64_t cpu_used_ms = cpu_ms() - cpu_before_ms;
    const unsigned accepted_count = fixture.accepted_count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_in_range(accepted_count, 1, 3); /* libuv keeps a descriptor in reserve */
    assert_true(cpu_used_ms < 200);        /* it does not spin */
    RUN_UNTIL(fixture.loop, fixture.accepted_count == 8);
    for (unsigned i = 0; i < 8; i++) close(peers[i]);
    fixture_close(&fixture);
}

static void it_can_be_closed_while_it_rests(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    const int peer = peer_connect(net_listener_port(fixture.listener));
    failing_alloc_arm(1);
    while (fixture.accepted_count == 0 && uv_run(&fixture.loop->uv, UV_RUN_NOWAIT) && !failing_alloc_disarm())
        failing_alloc_arm(1);
    assert_int_equal(fixture.accepted_count, 0);
    close(peer);
    fixture_close(&fixture);
}

/* A connection for which there is no memory is dropped; the next one is served. */
static void want_of_memory_costs_one_connection(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct fixture fixture;
        fixture_open(&fixture);
        const int lost = peer_connect(net_listener_port(fixture.listener));
        failing_alloc_arm(nth);
        uv_run(&fixture.loop->uv, UV_RUN_ONCE);
        const bool any_failed = failing_alloc_disarm();
        if (any_failed) {
            char byte;
            assert_int_equal(fixture.accepted_count, 0);
            assert_int_equal(peer_receive(lost, &byte, 1), 0);
            const int served = peer_connect(net_listener_port(fixture.listener));
            RUN_UNTIL(fixture.loop, fixture.accepted_count == 1);
            close(served);
        }
        close(lost);
        fixture_close(&fixture);
        if (!any_failed) break;
    }
    struct fixture fixture;
    struct net_listener *listener = NULL;
    const struct net_address any = loopback_address(0);
    fixture_open(&fixture);
    failing_alloc_arm(1);
    assert_int_equal(net_listener_open(fixture.loop, &any, false, fixture_on_accept, &fixture, &listener, NULL),
                     OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    fixture_close(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_accepts_on_the_port_that_it_tells),
        cmocka_unit_test(a_taken_port_is_a_conflict_that_names_it),
        cmocka_unit_test(with_reuse_port_two_share_the_connections),
        cmocka_unit_test(paused_it_leaves_connections_in_the_backlog),
        cmocka_unit_test(it_can_be_closed_inside_on_accept),
        cmocka_unit_test(without_descriptors_it_rests_and_goes_on),
        cmocka_unit_test(it_can_be_closed_while_it_rests),
        cmocka_unit_test(want_of_memory_costs_one_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
