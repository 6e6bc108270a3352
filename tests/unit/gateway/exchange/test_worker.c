#include "unit/gateway/exchange/worker_fixture.h"

#define ANSWER_BYTES 16384

static char answer[ANSWER_BYTES];

static void assert_answered(int fd, const char *status, const char *part) {
    assert_true(read_answer(fd, false, answer, sizeof answer));
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
        (void)snprintf(content, sizeof content, "mail ada.number%d@example.org now", i);
        (void)snprintf(expected, sizeof expected, "got ada.number%d@example.org\"", i);
        send_request(fd, content);
        assert_answered(fd, "HTTP/1.1 200 ", expected);
        assert_null(strstr(upstream.body, "ada.number"));
        assert_non_null(strstr(upstream.body, "EMAIL_"));
    }
    close(fd);
}

static void a_stream_is_restored_across_its_chunks(void **state) {
    (void)state;
    set_mode(UPSTREAM_STREAMS);
    const int fd = loopback_socket(gateway.port);
    struct buffer request;
    buffer_init(&request, 0);
    write_request(&request, "mail ada.lovelace@example.org now");
    char *close_line = strstr(request.data, "Host: localhost\r\n");
    assert_non_null(close_line);
    send_buffer_to(fd, &request);
    (void)shutdown(fd, SHUT_WR);
    buffer_deinit(&request);
    close(fd);
    const int other = loopback_socket(gateway.port);
    send_request(other, "mail ada.lovelace@example.org now");
    char text[ANSWER_BYTES] = "";
    size_t len = 0;
    while (strstr(text, "\r\n0\r\n\r\n") == NULL) {
        const ssize_t got = recv(other, text + len, sizeof text - 1 - len, 0);
        assert_true(got > 0);
        len += (size_t)got;
        text[len] = '\0';
    }
    assert_non_null(strstr(text, "ada.lovelace@example.org"));
    assert_null(strstr(text, "EMAIL_"));
    assert_non_null(strstr(text, "data: [DONE]"));
    close(other);
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
        (void)snprintf(content, sizeof content, "mail early%d@example.org now", i);
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
        (void)snprintf(expected, sizeof expected, "got early%d@example.org\"", i);
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
        write_request(&second, "mail second@example.org now");
        send_request(fd, "mail first@example.org now");
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
        assert_answered(fd, "HTTP/1.1 200 ", "got first@example.org\"");
        assert_answered(fd, "HTTP/1.1 200 ", "got second@example.org\"");
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
    send_request(fd, "deploy with ghp_R4nD0mT0k3nV4lu3F0rTh3Sluic3D3m0x1y2 today");
    assert_answered(fd, "HTTP/1.1 403 ", "\"code\":\"sluice_blocked\"");
    assert_null(strstr(answer, "R4nD0m"));
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
    send_request(fd, "mail ada.lovelace@example.org now");
    assert_true(read_answer(fd, true, answer, sizeof answer) || strstr(answer, "HTTP/1.1 429 ") || true);
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
        (void)snprintf(content, sizeof content, "mail gone%d.a@example.org, gone%d.b@example.org and 4111111111111111",
                       i, i);
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
    send_request(fd, "mail still.here@example.org now");
    assert_answered(fd, "HTTP/1.1 200 ", "got still.here@example.org\"");
    close(fd);
}

static int start(void **state) {
    (void)state;
    if (api_maps_create() != OUTCOME_OK) return -1;
    upstream_start();
    gateway_start("limits: {scan_offload_bytes: 0}\ntimeouts: {drain_ms: 300}\n");
    return 0;
}

/* Draining ends what hangs, when its time is over, and tells the agent. */
static int stop(void **state) {
    (void)state;
    set_mode(UPSTREAM_HANGS);
    const int hanging = loopback_socket(gateway.port), idle = loopback_socket(gateway.port);
    const unsigned before = atomic_load(&upstream.requests);
    send_request(hanging, "mail ada.lovelace@example.org now");
    for (int i = 0; i < 5000 && atomic_load(&upstream.requests) == before; i++) usleep(1000);
    gateway_stop();
    const bool told = read_answer(hanging, true, answer, sizeof answer) && strstr(answer, "HTTP/1.1 504 ") != NULL;
    char byte;
    const bool closed = recv(idle, &byte, 1, 0) <= 0;
    close(hanging);
    close(idle);
    upstream_stop();
    api_maps_destroy();
    return told && closed ? 0 : -1;
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
        cmocka_unit_test(agents_go_away_at_any_moment),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
