#include "tests/unit/gateway/net/net_fixture.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "tests/unit/failing_alloc.h"

#define LARGE_BYTES ((size_t)4 * 1024 * 1024)

/* --- echo --- */

static void echo_on_data(void *owner, struct slice bytes) {
    struct side *side = owner;
    side->data_count++;
    assert_int_equal(net_stream_write(side->stream, &bytes, 1), OUTCOME_OK);
    if (net_stream_queued_bytes(side->stream) > NET_STREAM_HIGH_MARK_BYTES) net_stream_pause(side->stream);
}

static void echo_on_end(void *owner, enum net_end end) {
    struct side *side = owner;
    side_on_end(side, end);
    if (end == NET_END_EOF) net_stream_shutdown(side->stream);
}

static void echo_on_drain(void *owner) {
    struct side *side = owner;
    side->drain_count++;
    net_stream_resume(side->stream);
}

static const struct net_stream_events echoing = {echo_on_data, echo_on_end, echo_on_drain};

struct echo_client {
    pthread_t thread;
    unsigned short port;
    size_t len;
    bool late_reader; /* writes on until the other side is full, then reads */
    bool matched;
    _Atomic bool done;
};

static size_t exchange(int peer, const char *sent, size_t len, char *received, bool late_reader) {
    size_t out = 0;
    size_t in = 0;
    while (in < len) {
        struct pollfd event = {.fd = peer, .events = POLLIN};
        if (out < len) event.events = POLLIN | POLLOUT;
        if (late_reader && out < len) event.events = POLLOUT;
        const int count = poll(&event, 1, late_reader && out < len ? 200 : 10000);
        if (count == 0 && !late_reader) break;
        if (count == 0) late_reader = false;
        if (event.revents & POLLOUT) {
            const ssize_t moved = send(peer, sent + out, len - out, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (moved < 0) break;
            out += (size_t)moved;
        }
        if (event.revents & POLLIN) {
            const ssize_t moved = recv(peer, received + in, len - in, MSG_DONTWAIT);
            if (moved <= 0) break;
            in += (size_t)moved;
        }
    }
    return in;
}

static void *large_client_main(void *argument) {
    struct echo_client *client = argument;
    char *sent = malloc(client->len);
    char *received = malloc(client->len + 1);
    fill_pattern(sent, client->len);
    const int peer = peer_connect(client->port);
    const size_t count = exchange(peer, sent, client->len, received, client->late_reader);
    shutdown(peer, SHUT_WR);
    const size_t surplus = peer_receive(peer, received + client->len, 1);
    client->matched = count == client->len && surplus == 0 && memcmp(sent, received, client->len) == 0;
    close(peer);
    free(sent);
    free(received);
    client->done = true;
    return NULL;
}

static void *small_client_main(void *argument) {
    struct echo_client *client = argument;
    const int peer = peer_connect(client->port);
    bool same = true;
    for (size_t i = 0; i < client->len && same; i++) {
        const char sent = (char)i;
        char received = 0;
        peer_send(peer, &sent, 1);
        same = peer_receive(peer, &received, 1) == 1 && sent == received;
    }
    client->matched = same;
    close(peer);
    client->done = true;
    return NULL;
}

static void run_echo(void *(*client_main)(void *), struct echo_client *client, unsigned *drain_count_out) {
    struct fixture fixture;
    fixture_open(&fixture);
    fixture.events = &echoing;
    client->port = net_listener_port(fixture.listener);
    assert_int_equal(pthread_create(&client->thread, NULL, client_main, client), 0);
    RUN_UNTIL(fixture.loop, fixture.sides[0].end_count);
    pthread_join(client->thread, NULL);
    assert_true(client->matched);
    assert_int_equal(fixture.sides[0].end, NET_END_EOF);
    *drain_count_out = fixture.sides[0].drain_count;
    fixture_close(&fixture);
}

static void it_echoes_byte_by_byte(void **state) {
    (void)state;
    unsigned drain_count = 0;
    run_echo(small_client_main, &(struct echo_client){.len = 500}, &drain_count);
    assert_int_equal(drain_count, 0);
}

static void it_echoes_four_mebibytes(void **state) {
    (void)state;
    unsigned drain_count = 0;
    run_echo(large_client_main, &(struct echo_client){.len = LARGE_BYTES}, &drain_count);
}

static void it_echoes_to_one_who_reads_late(void **state) {
    (void)state;
    unsigned drain_count = 0;
    run_echo(large_client_main, &(struct echo_client){.len = LARGE_BYTES * 8, .late_reader = true}, &drain_count);
    assert_true(drain_count > 0);
}

/* --- one accepted side and a plain peer --- */

static int open_pair(struct fixture *fixture) {
    fixture_open(fixture);
    const int peer = peer_connect(net_listener_port(fixture->listener));
    RUN_UNTIL(fixture->loop, fixture->accepted_count == 1);
    return peer;
}

static enum outcome write_text(struct net_stream *stream, const char *text) {
    const struct slice slice = slice_str(text);
    return net_stream_write(stream, &slice, 1);
}

/* Writes until more than the high mark waits; returns how many bytes were written. */
static size_t fill_up(struct net_stream *stream, const char *pattern, size_t len) {
    size_t written = 0;
    while (net_stream_queued_bytes(stream) <= NET_STREAM_HIGH_MARK_BYTES) {
        const size_t part = len - written < 100000 ? len - written : 100000;
        const struct slice slice = slice_of(pattern + written, part);
        assert_true(part > 0);
        assert_int_equal(net_stream_write(stream, &slice, 1), OUTCOME_OK);
        written += part;
    }
    return written;
}

static void many_slices_leave_in_order(void **state) {
    (void)state;
    struct fixture fixture;
    struct slice slices[40];
    char expected[200] = "";
    char received[200] = "";
    const int peer = open_pair(&fixture);
    for (unsigned i = 0; i < 40; i++) {
        static const char *const words[] = {"", "a", "bc", "def", "ghij"};
        slices[i] = slice_str(words[i % 5]);
        strncat(expected, words[i % 5], 5);
    }
    assert_int_equal(net_stream_write(fixture.sides[0].stream, slices, 40), OUTCOME_OK);
    assert_int_equal(net_stream_write(fixture.sides[0].stream, slices, 0), OUTCOME_OK);
    assert_int_equal(net_stream_write(fixture.sides[0].stream, slices, 1), OUTCOME_OK);
    net_stream_shutdown(fixture.sides[0].stream);
    run_for(fixture.loop, 10);
    peer_receive(peer, received, sizeof received - 1);
    assert_string_equal(received, expected);
    close(peer);
    fixture_close(&fixture);
}

struct reader {
    pthread_t thread;
    int peer;
    char *room;
    size_t most, len;
};

static void *reader_main(void *argument) {
    struct reader *reader = argument;
    reader->len = peer_receive(reader->peer, reader->room, reader->most);
    return NULL;
}

static void it_says_when_the_queue_has_drained(void **state) {
    (void)state;
    struct fixture fixture;
    char *pattern = malloc(LARGE_BYTES * 4);
    struct reader reader = {.room = malloc(LARGE_BYTES * 4)};
    reader.peer = open_pair(&fixture);
    struct side *side = &fixture.sides[0];
    fill_pattern(pattern, LARGE_BYTES * 4);
    for (unsigned round = 1; round <= 3; round++) {
        reader.most = fill_up(side->stream, pattern, LARGE_BYTES * 4);
        run_for(fixture.loop, 20);
        /* The kernel may widen its own buffers and take the queue before anybody reads: once a filling all the same. */
        assert_in_range(side->drain_count, round - 1, round);
        assert_int_equal(pthread_create(&reader.thread, NULL, reader_main, &reader), 0);
        RUN_UNTIL(fixture.loop, side->drain_count == round);
        assert_true(net_stream_queued_bytes(side->stream) < NET_STREAM_LOW_MARK_BYTES);
        RUN_UNTIL(fixture.loop, net_stream_queued_bytes(side->stream) == 0);
        pthread_join(reader.thread, NULL);
        assert_int_equal(reader.len, reader.most);
        assert_memory_equal(reader.room, pattern, reader.len);
    }
    assert_int_equal(side->drain_count, 3);
    close(reader.peer);
    fixture_close(&fixture);
    free(pattern);
    free(reader.room);
}

static void pausing_on_data(void *owner, struct slice bytes) {
    struct side *side = owner;
    side_on_data(side, bytes);
    net_stream_pause(side->stream);
}

static const struct net_stream_events pausing = {pausing_on_data, side_on_end, NULL};

static void paused_it_delivers_nothing_not_even_the_end(void **state) {
    (void)state;
    struct fixture fixture;
    static char data[200000];
    const int peer = open_pair(&fixture);
    struct side *side = &fixture.sides[0];
    net_stream_attach(side->stream, &pausing, side);
    fill_pattern(data, sizeof data);
    peer_send(peer, data, sizeof data);
    close(peer);
    unsigned rounds = 0;
    while (side->end_count == 0) {
        run_for(fixture.loop, 10);
        if (side->end_count) break;
        assert_int_equal(side->data_count, ++rounds);
        net_stream_resume(side->stream);
        assert_int_equal(side->data_count, rounds); /* not inside resume */
        RUN_UNTIL(fixture.loop, side->data_count > rounds || side->end_count);
    }
    assert_int_equal(side->end, NET_END_EOF);
    assert_int_equal(side->received.len, sizeof data);
    assert_memory_equal(side->received.data, data, sizeof data);
    fixture_close(&fixture);
}

static void a_half_open_peer_still_gets_its_answer(void **state) {
    (void)state;
    struct fixture fixture;
    struct reader reader = {.room = malloc(LARGE_BYTES + 1), .most = LARGE_BYTES + 1};
    char *pattern = malloc(LARGE_BYTES);
    reader.peer = open_pair(&fixture);
    struct side *side = &fixture.sides[0];
    peer_send(reader.peer, "question", 8);
    shutdown(reader.peer, SHUT_WR);
    RUN_UNTIL(fixture.loop, side->end_count);
    assert_int_equal(side->end, NET_END_EOF);
    assert_int_equal(net_stream_end(side->stream), NET_END_EOF);
    assert_true(slice_equal(buffer_slice(&side->received), SLICE("question")));
    fill_pattern(pattern, LARGE_BYTES);
    const struct slice answer = slice_of(pattern, LARGE_BYTES);
    assert_int_equal(net_stream_write(side->stream, &answer, 1), OUTCOME_OK);
    net_stream_finish(&side->stream);
    assert_null(side->stream);
    assert_int_equal(pthread_create(&reader.thread, NULL, reader_main, &reader), 0);
    fixture_close(&fixture);
    pthread_join(reader.thread, NULL);
    assert_int_equal(reader.len, LARGE_BYTES);
    assert_memory_equal(reader.room, pattern, LARGE_BYTES);
    close(reader.peer);
    free(pattern);
    free(reader.room);
}

static void a_reset_is_no_orderly_end(void **state) {
    (void)state;
    struct fixture fixture;
    const int peer = open_pair(&fixture);
    peer_reset(peer);
    RUN_UNTIL(fixture.loop, fixture.sides[0].end_count);
    assert_int_equal(fixture.sides[0].end, NET_END_RESET);
    run_for(fixture.loop, 10);
    assert_int_equal(fixture.sides[0].end_count, 1);
    fixture_close(&fixture);
}

/* libuv alone would report the end of a file: it sees data and hang-up at once. */
static void a_reset_behind_data_is_no_orderly_end(void **state) {
    (void)state;
    struct fixture fixture;
    const int peer = open_pair(&fixture);
    peer_send(peer, "half an answer", 14);
    peer_reset(peer);
    RUN_UNTIL(fixture.loop, fixture.sides[0].end_count);
    assert_int_equal(fixture.sides[0].received.len, 14);
    assert_int_equal(fixture.sides[0].end, NET_END_RESET);
    fixture_close(&fixture);
}

/* The failed write swallows the socket's error; the read after it must not take the rest for an end. */
static void an_end_after_a_failed_write_is_a_reset(void **state) {
    (void)state;
    struct fixture fixture;
    const int peer = open_pair(&fixture);
    struct side *side = &fixture.sides[0];
    peer_reset(peer);
    enum outcome outcome = OUTCOME_OK;
    for (unsigned i = 0; i < 100 && outcome == OUTCOME_OK; i++) {
        usleep(1000);
        outcome = write_text(side->stream, "x");
    }
    assert_int_equal(outcome, OUTCOME_IO);
    assert_int_equal(write_text(side->stream, "x"), OUTCOME_IO); /* it stays */
    assert_int_equal(side->end_count, 0);
    RUN_UNTIL(fixture.loop, side->end_count);
    assert_int_equal(side->end, NET_END_RESET);
    fixture_close(&fixture);
}

static void one_who_has_paused_hears_of_a_failed_queued_write(void **state) {
    (void)state;
    struct fixture fixture;
    char *pattern = calloc(1, LARGE_BYTES * 4);
    const int peer = open_pair(&fixture);
    struct side *side = &fixture.sides[0];
    net_stream_pause(side->stream);
    fill_up(side->stream, pattern, LARGE_BYTES * 4);
    peer_reset(peer);
    RUN_UNTIL(fixture.loop, side->end_count);
    assert_int_equal(side->end, NET_END_RESET);
    assert_int_equal(side->drain_count, 0);
    assert_int_equal(write_text(side->stream, "x"), OUTCOME_IO);
    net_stream_finish(&side->stream); /* nothing to wait for */
    fixture_close(&fixture);
    free(pattern);
}

static void what_came_before_a_failed_write_is_still_read(void **state) {
    (void)state;
    struct fixture fixture;
    char *pattern = calloc(1, LARGE_BYTES * 4);
    const int peer = open_pair(&fixture);
    struct side *side = &fixture.sides[0];
    fill_up(side->stream, pattern, LARGE_BYTES * 4);
    peer_send(peer, "413", 3); /* refused, while we are still sending */
    close(peer);               /* with unread bytes: a reset */
    RUN_UNTIL(fixture.loop, side->end_count);
    assert_true(slice_equal(buffer_slice(&side->received), SLICE("413")));
    assert_int_equal(side->end, NET_END_RESET);
    fixture_close(&fixture);
    free(pattern);
}

static void nothing_is_written_after_shutdown(void **state) {
    (void)state;
    struct fixture fixture;
    char received[10];
    const int peer = open_pair(&fixture);
    struct side *side = &fixture.sides[0];
    assert_int_equal(write_text(side->stream, "last"), OUTCOME_OK);
    net_stream_shutdown(side->stream);
    net_stream_shutdown(side->stream);
    assert_int_equal(write_text(side->stream, "more"), OUTCOME_CLOSED);
    run_for(fixture.loop, 10);
    assert_int_equal(peer_receive(peer, received, sizeof received), 4);
    peer_send(peer, "still here", 10); /* the other direction goes on */
    RUN_UNTIL(fixture.loop, side->received.len == 10);
    net_stream_finish(&side->stream);
    close(peer);
    fixture_close(&fixture);
}

/* --- closing inside callbacks --- */

static void closing_on_data(void *owner, struct slice bytes) {
    struct side *side = owner;
    side_on_data(side, bytes);
    net_stream_close(&side->stream);
}

static void closing_on_end(void *owner, enum net_end end) {
    struct side *side = owner;
    side_on_end(side, end);
    net_stream_close(&side->stream);
}

static void closing_on_drain(void *owner) {
    struct side *side = owner;
    side->drain_count++;
    net_stream_close(&side->stream);
}

static const struct net_stream_events closing = {closing_on_data, closing_on_end, closing_on_drain};

static void it_can_be_closed_inside_every_callback(void **state) {
    (void)state;
    struct fixture fixture;
    struct reader reader = {.room = calloc(1, LARGE_BYTES * 4), .most = LARGE_BYTES * 4};
    fixture_open(&fixture);
    fixture.events = &closing;
    const int talking = peer_connect(net_listener_port(fixture.listener));
    const int ending = peer_connect(net_listener_port(fixture.listener));
    const int resetting = peer_connect(net_listener_port(fixture.listener));
    reader.peer = peer_connect(net_listener_port(fixture.listener));
    RUN_UNTIL(fixture.loop, fixture.accepted_count == 4);
    peer_send(talking, "a", 1);
    peer_send(talking, "b", 1);
    close(ending);
    peer_reset(resetting);
    fill_up(fixture.sides[3].stream, reader.room, LARGE_BYTES * 4);
    assert_int_equal(pthread_create(&reader.thread, NULL, reader_main, &reader), 0);
    RUN_UNTIL(fixture.loop, fixture.sides[0].data_count && fixture.sides[1].end_count && fixture.sides[2].end_count &&
                                fixture.sides[3].drain_count);
    for (unsigned i = 0; i < 4; i++) assert_null(fixture.sides[i].stream);
    run_for(fixture.loop, 20);
    assert_int_equal(fixture.sides[0].data_count, 1);
    assert_int_equal(fixture.sides[0].end_count + fixture.sides[3].end_count, 0);
    pthread_join(reader.thread, NULL);
    fixture_close(&fixture);
    close(talking);
    close(reader.peer);
    free(reader.room);
}

static void finishing_on_data(void *owner, struct slice bytes) {
    struct side *side = owner;
    side_on_data(side, bytes);
    assert_int_equal(write_text(side->stream, "refused"), OUTCOME_OK);
    net_stream_finish(&side->stream);
}

static const struct net_stream_events finishing = {finishing_on_data, side_on_end, NULL};

/* A plain close would reset the connection, since the peer's bytes are unread, and the reset would overtake
 * the answer. */
static void an_answer_reaches_one_who_is_still_sending(void **state) {
    (void)state;
    struct fixture fixture;
    char received[20] = "";
    fixture_open(&fixture);
    fixture.events = &finishing;
    const int peer = peer_connect(net_listener_port(fixture.listener));
    peer_send(peer, "a", 1);
    RUN_UNTIL(fixture.loop, fixture.sides[0].data_count);
    for (unsigned i = 0; i < 50; i++) {
        peer_send(peer, received, sizeof received);
        run_for(fixture.loop, 1);
    }
    assert_int_equal(peer_receive(peer, received, sizeof received), 7);
    assert_string_equal(received, "refused");
    assert_int_equal(fixture.sides[0].data_count, 1);
    close(peer);
    fixture_close(&fixture);
}

static void finishing_does_not_wait_for_ever(void **state) {
    (void)state;
    struct fixture fixture;
    char *pattern = calloc(1, LARGE_BYTES * 4);
    const int staying = open_pair(&fixture);                            /* reads all, never closes: 2 s */
    const int deaf = peer_connect(net_listener_port(fixture.listener)); /* never reads: 10 s */
    RUN_UNTIL(fixture.loop, fixture.accepted_count == 2);
    fill_up(fixture.sides[1].stream, pattern, LARGE_BYTES * 4);
    const uint64_t begin_ms = now_ms();
    net_stream_finish(&fixture.sides[0].stream);
    run_for(fixture.loop, 2500);
    char byte;
    assert_int_equal(recv(staying, &byte, 1, 0), 0);
    assert_int_equal(send(staying, &byte, 1, MSG_NOSIGNAL), 1); /* answered with a reset: nobody is there */
    usleep(10000);
    assert_int_equal(send(staying, &byte, 1, MSG_NOSIGNAL), -1);
    net_stream_finish(&fixture.sides[1].stream);
    close(staying);
    fixture_close(&fixture);
    assert_in_range(now_ms() - begin_ms, 12000, 16000);
    close(deaf);
    free(pattern);
}

static void a_stream_that_nobody_attached_can_be_closed(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture.events = NULL;
    const int peer = peer_connect(net_listener_port(fixture.listener));
    const int other = peer_connect(net_listener_port(fixture.listener));
    peer_send(peer, "x", 1);
    RUN_UNTIL(fixture.loop, fixture.accepted_count == 2);
    run_for(fixture.loop, 10);
    net_stream_finish(&fixture.sides[1].stream);
    net_stream_finish(&fixture.sides[1].stream);
    close(other);
    fixture_close(&fixture);
    close(peer);
}

static void an_owner_can_hand_the_stream_on_inside_on_data(void **state) {
    (void)state;
    struct fixture fixture;
    struct side second = {0};
    const int peer = open_pair(&fixture);
    peer_send(peer, "one", 3);
    RUN_UNTIL(fixture.loop, fixture.sides[0].data_count == 1);
    net_stream_pause(fixture.sides[0].stream);
    net_stream_attach(fixture.sides[0].stream, &collecting, &second); /* undoes the pause */
    peer_send(peer, "two", 3);
    RUN_UNTIL(fixture.loop, second.data_count == 1);
    assert_int_equal(fixture.sides[0].data_count, 1);
    assert_true(slice_equal(buffer_slice(&second.received), SLICE("two")));
    close(peer);
    RUN_UNTIL(fixture.loop, second.end_count == 1);
    buffer_deinit(&second.received);
    fixture_close(&fixture);
}

static void want_of_memory_breaks_the_stream_only(void **state) {
    (void)state;
    char *pattern = calloc(1, LARGE_BYTES * 4);
    for (unsigned nth = 1;; nth++) {
        struct fixture fixture;
        const int peer = open_pair(&fixture);
        struct side *side = &fixture.sides[0];
        const struct slice large = slice_of(pattern, LARGE_BYTES * 4);
        failing_alloc_arm(nth);
        const enum outcome outcome = net_stream_write(side->stream, &large, 1);
        const bool any_failed = failing_alloc_disarm();
        assert_int_equal(outcome, any_failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
        if (any_failed) assert_int_equal(write_text(side->stream, "x"), OUTCOME_NO_MEMORY);
        if (any_failed) net_stream_finish(&side->stream);
        close(peer);
        fixture_close(&fixture);
        if (!any_failed) break;
    }
    free(pattern);
}

static void ends_have_names(void **state) {
    (void)state;
    assert_string_equal(net_end_name(NET_END_TRUNCATED), "TRUNCATED");
    assert_string_equal(net_end_name(NET_END_NO_MEMORY), "NO_MEMORY");
    assert_string_equal(net_end_name(NET_END_COUNT), "UNKNOWN");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_echoes_byte_by_byte),
        cmocka_unit_test(it_echoes_four_mebibytes),
        cmocka_unit_test(it_echoes_to_one_who_reads_late),
        cmocka_unit_test(many_slices_leave_in_order),
        cmocka_unit_test(it_says_when_the_queue_has_drained),
        cmocka_unit_test(paused_it_delivers_nothing_not_even_the_end),
        cmocka_unit_test(a_half_open_peer_still_gets_its_answer),
        cmocka_unit_test(a_reset_is_no_orderly_end),
        cmocka_unit_test(a_reset_behind_data_is_no_orderly_end),
        cmocka_unit_test(an_end_after_a_failed_write_is_a_reset),
        cmocka_unit_test(one_who_has_paused_hears_of_a_failed_queued_write),
        cmocka_unit_test(what_came_before_a_failed_write_is_still_read),
        cmocka_unit_test(nothing_is_written_after_shutdown),
        cmocka_unit_test(it_can_be_closed_inside_every_callback),
        cmocka_unit_test(an_answer_reaches_one_who_is_still_sending),
        cmocka_unit_test(finishing_does_not_wait_for_ever),
        cmocka_unit_test(a_stream_that_nobody_attached_can_be_closed),
        cmocka_unit_test(an_owner_can_hand_the_stream_on_inside_on_data),
        cmocka_unit_test(want_of_memory_breaks_the_stream_only),
        cmocka_unit_test(ends_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
