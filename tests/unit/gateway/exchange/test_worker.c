#include "unit/gateway/exchange/worker_fixture.h"

#define ANSWER_BYTES 16384

static char answer[ANSWER_BYTES];

static void assert_answered(int fd, const char *status, const char *part) {
    const bool whole = read_answer(fd, answer, sizeof answer);
    if (!whole) print_error("cut: %s\n", answer);
    assert_true(whole);
    if (strncmp(answer, status, strlen(status)) != 0 || strstr(answer, part) == NULL) print_error("%s\n", answer);
    assert_int_equal(strncmp(answer, status, strlen(status)), 0);
    assert_non_null(strstr(answer, part));
    assert_non_null(strstr(answer, "x-sluice-request-id: req_"));
    assert_non_null(strstr(answer, "x-sluice-tier: "));
    assert_non_null(strstr(answer, "x-sluice-upstream: "));
    assert_non_null(strstr(answer, "x-sluice-tokens: "));
}

static void set_mode(enum upstream_mode mode) {
    atomic_store(&upstream.released, false);
    atomic_store(&upstream.mode, mode);
}

static void values_leave_as_tokens_and_come_back(void **state) {
    (void)state;
    set_mode(UPSTREAM_ANSWERS);
    const int fd = loopback_socket(gateway.port);
    for (int i = 0; i < 3; i++) {
        char content[64], expected[64];
        (void)snprintf(content, sizeof content, "mail ada%c@host.org now", 'a' + i);
        (void)snprintf(expected, sizeof expected, "got ada%c@host.org\"", 'a' + i);
        send_request(fd, content);
        assert_answered(fd, "HTTP/1.1 200 ", expected);
        assert_null(strstr(upstream.body, "@host.org"));
        assert_non_null(strstr(upstream.body, "EMAIL_"));
    }
    close(fd);
}

static void a_stream_is_restored_across_its_chunks(void **state) {
    (void)state;
    set_mode(UPSTREAM_STREAMS);
    const int fd = loopback_socket(gateway.port);
    send_request(fd, "mail ada@host.org now");
    assert_answered(fd, "HTTP/1.1 200 ", "data: [DONE]");
    assert_null(strstr(answer, "EMAIL_"));
    assert_non_null(strstr(answer, "ada@host.org"));
    close(fd);
}

/* Requests that come before the answer wait their turn and stay in order, whole or cut. */
static void early_requests_wait_their_turn(void **state) {
    (void)state;
    set_mode(UPSTREAM_WAITS);
    const int fd = loopback_socket(gateway.port);
    struct buffer all;
    buffer_init(&all, 0);
    for (int i = 0; i < 4; i++) {
        char content[64];
        (void)snprintf(content, sizeof content, "mail early%c@host.org now", 'a' + i);
        write_request(&all, content);
    }
    for (size_t at = 0; at < all.len; at += 97) {
        const size_t left = all.len - at;
        assert_true(send(fd, all.data + at, left < 97 ? left : 97, MSG_NOSIGNAL) > 0);
        if (at > all.len / 2) atomic_store(&upstream.released, true);
        usleep(500);
    }
    for (int i = 0; i < 4; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "got early%c@host.org\"", 'a' + i);
        assert_answered(fd, "HTTP/1.1 200 ", expected);
    }
    buffer_deinit(&all);
    close(fd);
}

/* Keeps the loop busy while others send, so that its next poll has events of several sockets at once. */
struct nap {
    struct net_post post;
    _Atomic bool over;
};

static void on_nap(struct net_post *post) {
    usleep(100000);
    atomic_store(&((struct nap *)post)->over, true);
}

/* The rest of an early request must not overtake its beginning, when the answer before it and that rest are there in
 * one poll. */
static void the_rest_of_an_early_request_comes_behind_it(void **state) {
    (void)state;
    for (int round = 0; round < 3; round++) {
        set_mode(UPSTREAM_WAITS);
        const int fd = loopback_socket(gateway.port);
        struct buffer second;
        buffer_init(&second, 0);
        write_request(&second, "mail second@host.org now");
        send_request(fd, "mail first@host.org now");
        const unsigned before = atomic_load(&upstream.requests);
        assert_int_equal(send(fd, second.data, 40, MSG_NOSIGNAL), 40);
        for (int i = 0; i < 1000 && atomic_load(&upstream.requests) == before; i++) usleep(1000);
        usleep(5000);
        struct nap nap = {.post = {.on_post = on_nap}};
        net_loop_post(gateway.worker->loop, &nap.post);
        usleep(20000);
        atomic_store(&upstream.released, true);
        usleep(20000);
        assert_int_equal(send(fd, second.data + 40, second.len - 40, MSG_NOSIGNAL), (ssize_t)(second.len - 40));
        assert_answered(fd, "HTTP/1.1 200 ", "got first@host.org\"");
        assert_answered(fd, "HTTP/1.1 200 ", "got second@host.org\"");
        while (!atomic_load(&nap.over)) usleep(1000);
        buffer_deinit(&second);
        close(fd);
    }
}

static void a_blocked_request_stays_here(void **state) {
    (void)state;
    set_mode(UPSTREAM_ANSWERS);
    const unsigned before = atomic_load(&upstream.requests);
    const int fd = loopback_socket(gateway.port);
    send_request(fd, "deploy with sk-abcd1234 today");
    assert_answered(fd, "HTTP/1.1 403 ", "\"code\":\"sluice_blocked\"");
    assert_null(strstr(answer, "abcd1234"));
    send_request(fd, "{");
    assert_answered(fd, "HTTP/1.1 200 ", "got none");
    assert_int_equal(atomic_load(&upstream.requests), before + 1);
    close(fd);
}

static void an_answer_that_breaks_off_is_a_failure(void **state) {
    (void)state;
    set_mode(UPSTREAM_CUTS);
    const int fd = loopback_socket(gateway.port);
    send_request(fd, "hello");
    assert_answered(fd, "HTTP/1.1 502 ", "sluice_upstream_failed");
    close(fd);
}

static void a_definite_refusal_asks_the_next_one(void **state) {
    (void)state;
    set_mode(UPSTREAM_BUSY);
    const unsigned before = atomic_load(&upstream.requests);
    const int fd = loopback_socket(gateway.port);
    send_request(fd, "mail ada@host.org now");
    assert_answered(fd, "HTTP/1.1 429 ", "x-sluice-upstream: second");
    close(fd);
    assert_int_equal(atomic_load(&upstream.requests), before + 2);
}

/* An agent may go away in every state: while works and writes are on their way, while the upstream is asked or
 * answers. Nothing of it may stay, and nothing may be touched afterwards. */
static void agents_go_away_at_any_moment(void **state) {
    (void)state;
    for (int i = 0; i < 120; i++) {
        set_mode(i % 3 == 0 ? UPSTREAM_ANSWERS : i % 3 == 1 ? UPSTREAM_STREAMS : UPSTREAM_HANGS);
        const int fd = loopback_socket(gateway.port);
        char content[128];
        (void)snprintf(content, sizeof content, "mail gone%c%c@host.org and 4111111111111111", 'a' + i / 26,
                       'a' + i % 26);
        send_request(fd, content);
        usleep((useconds_t)(i % 40) * 250);
        if (i % 2) {
            const struct linger reset = {1, 0};
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
        close(fd);
    }
    set_mode(UPSTREAM_ANSWERS);
    const int fd = loopback_socket(gateway.port);
    send_request(fd, "mail here@host.org now");
    assert_answered(fd, "HTTP/1.1 200 ", "got here@host.org\"");
    close(fd);
}

static void an_upstream_that_says_nothing_is_given_up(void **state) {
    (void)state;
    set_mode(UPSTREAM_HANGS);
    const int fd = loopback_socket(gateway.port);
    send_request(fd, "hello");
    assert_answered(fd, "HTTP/1.1 504 ", "sluice_upstream_timeout");
    close(fd);
}

static void an_answer_without_a_body_is_passed_on(void **state) {
    (void)state;
    set_mode(UPSTREAM_EMPTY);
    const int fd = loopback_socket(gateway.port);
    for (int i = 0; i < 2; i++) {
        send_request(fd, "hello");
        assert_answered(fd, "HTTP/1.1 204 ", "x-sluice-upstream: first");
    }
    close(fd);
}

static void a_coded_answer_is_refused_wherever_it_says_so(void **state) {
    (void)state;
    set_mode(UPSTREAM_CODED);
    const int fd = loopback_socket(gateway.port);
    send_request(fd, "hello");
    assert_answered(fd, "HTTP/1.1 502 ", "sluice_upstream_coded");
    close(fd);
}

static void ask_plainly(int fd, const char *path) {
    char request[128];
    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    assert_true(send_all(fd, request));
    assert_true(read_answer(fd, answer, sizeof answer));
}

static void health_is_told_everywhere_and_nothing_else_at_the_admins(void **state) {
    (void)state;
    const unsigned short ports[] = {gateway.port, gateway.admin_port};
    for (int i = 0; i < 2; i++) {
        const int fd = loopback_socket(ports[i]);
        ask_plainly(fd, "/healthz");
        assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
        ask_plainly(fd, "/readyz");
        assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
        close(fd);
    }
    const int fd = loopback_socket(gateway.admin_port);
    const unsigned before = atomic_load(&upstream.requests);
    send_request(fd, "hello");
    assert_answered(fd, "HTTP/1.1 404 ", "sluice_unknown_route");
    assert_int_equal(atomic_load(&upstream.requests), before);
    close(fd);
}

#define LATE_COUNT 24

/* Draining lets finish what runs, ends what hangs when its time is over and tells the agent, and closes what idles.
 * The last of the tests: nothing serves after it. */
static void draining_leaves_nobody_without_an_end(void **state) {
    (void)state;
    set_mode(UPSTREAM_HANGS);
    const int hanging = loopback_socket(gateway.port), idle = loopback_socket(gateway.port);
    const unsigned before = atomic_load(&upstream.requests);
    send_request(hanging, "mail ada@host.org now");
    for (int i = 0; i < 5000 && atomic_load(&upstream.requests) == before; i++) usleep(1000);
    set_mode(UPSTREAM_ANSWERS);
    int late[LATE_COUNT];
    for (int i = 0; i < LATE_COUNT; i++) {
        char content[64];
        (void)snprintf(content, sizeof content, "mail late%c@host.org now", 'a' + i);
        late[i] = loopback_socket(gateway.port);
        send_request(late[i], content);
    }
    worker_drain(gateway.worker);
    for (int i = 0; i < LATE_COUNT; i++) {
        if (read_answer(late[i], answer, sizeof answer)) assert_non_null(strstr(answer, "@host.org"));
        close(late[i]);
    }
    assert_answered(hanging, "HTTP/1.1 504 ", "sluice_upstream_timeout");
    char byte;
    assert_true(recv(idle, &byte, 1, 0) <= 0);
    close(hanging);
    close(idle);
    gateway_end();
}

static int start(void **state) {
    if (fixture_make(state) != 0) return -1;
    upstream_start();
    gateway_start("limits: {scan_offload_bytes: 0}\ntimeouts: {drain_ms: 150, upstream_first_byte_ms: 900}\n");
    return 0;
}

static int stop(void **state) {
    upstream_stop();
    return fixture_drop(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_leave_as_tokens_and_come_back),
        cmocka_unit_test(a_stream_is_restored_across_its_chunks),
        cmocka_unit_test(early_requests_wait_their_turn),
        cmocka_unit_test(the_rest_of_an_early_request_comes_behind_it),
        cmocka_unit_test(a_blocked_request_stays_here),
        cmocka_unit_test(an_answer_that_breaks_off_is_a_failure),
        cmocka_unit_test(a_definite_refusal_asks_the_next_one),
        cmocka_unit_test(an_upstream_that_says_nothing_is_given_up),
        cmocka_unit_test(an_answer_without_a_body_is_passed_on),
        cmocka_unit_test(a_coded_answer_is_refused_wherever_it_says_so),
        cmocka_unit_test(health_is_told_everywhere_and_nothing_else_at_the_admins),
        cmocka_unit_test(agents_go_away_at_any_moment),
        cmocka_unit_test(draining_leaves_nobody_without_an_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
