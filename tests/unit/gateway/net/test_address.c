#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/net/address.h"

static void addresses_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text, *canonical;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:8787", "127.0.0.1:8787", true},
        {"127.9.8.7:0", "127.9.8.7:0", true},
        {"localhost:80", "127.0.0.1:80", true},
        {"LocalHost:80", "127.0.0.1:80", true},
        {"[::1]:8787", "[::1]:8787", true},
        {"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true},
        {"[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1", false},
        {":8787", "0.0.0.0:8787", false},
        {"[::]:65535", "[::]:65535", false},
        {"128.0.0.1:1", "128.0.0.1:1", false},
        {"[fe80::1]:1", "[fe80::1]:1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_address address;
        char text[NET_ADDRESS_TEXT_BYTES];
        assert_int_equal(net_address_parse(slice_str(cases[i].text), &address, NULL), OUTCOME_OK);
        assert_string_equal(net_address_text(&address, text), cases[i].canonical);
        assert_int_equal(net_address_is_loopback(&address), cases[i].is_loopback);
    }
}

static void what_is_no_address_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {"",
                                        "8787",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "127.0.0.1:+1",
                                        "[::1]",
                                        "::1:8787",
                                        "127.1:80",
                                        "[127.0.0.1]:80",
                                        "1.2.3.4.5:80",
                                        "[]:80",
                                        "[::1:80",
                                        "127.0.0.1 :80",
                                        "127.0.0.1: 80",
                                        "[fe80::1%eth0]:1",
                                        "256.0.0.1:1",
                                        "127.0.0.1:000080"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_address address;
        struct detail detail;
        const enum outcome outcome = net_address_parse(slice_str(cases[i]), &address, &detail);
        if (outcome != OUTCOME_INVALID) assert_int_equal(outcome, OUTCOME_UNSUPPORTED); /* looks like a name */
    }
    struct net_address address;
    struct detail detail;
    assert_int_equal(net_address_parse(SLICE("unix:/run/x"), &address, &detail), OUTCOME_UNSUPPORTED);
    assert_int_equal(net_address_parse(SLICE("example.org:80"), &address, &detail), OUTCOME_UNSUPPORTED);
    assert_int_equal(net_address_parse(SLICE("127.0.0.1\0x:80"), &address, &detail), OUTCOME_INVALID);
}

static void a_host_must_be_numeric_as_a_whole(void **state) {
    (void)state;
    struct net_address address;
    assert_true(net_address_from_host(SLICE("::1"), 443, &address));
    assert_int_equal(net_address_port(&address), 443);
    assert_int_equal(net_address_len(&address), sizeof(struct sockaddr_in6));
    assert_false(net_address_from_host(SLICE("localhost"), 443, &address));
    assert_false(net_address_from_host(SLICE(""), 443, &address));
    assert_false(net_address_from_host(SLICE("127.0.0.1\0"), 443, &address));
    assert_false(net_address_from_host(SLICE("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"), 443, &address));
}

static void no_address_is_nowhere(void **state) {
    (void)state;
    const struct net_address none = {0};
    const struct sockaddr other = {.sa_family = AF_UNIX};
    struct net_address address;
    char text[NET_ADDRESS_TEXT_BYTES];
    assert_false(net_address_is_loopback(&none));
    assert_int_equal(net_address_port(&none), 0);
    assert_string_equal(net_address_text(&none, text), "?");
    assert_false(net_address_from_socket(&other, &address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_host_must_be_numeric_as_a_whole),
        cmocka_unit_test(no_address_is_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
