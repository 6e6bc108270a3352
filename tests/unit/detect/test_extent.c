/* Extents alone: a hit in a text in, the value out. */
#include "detect/extent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* The hit is the first place where `hit` stands in `text`; value NULL: there must be none. */
static void expect(const char *name, const char *text, const char *hit, const char *value) {
    extent_fn *extent = extent_find(name);
    assert_non_null(extent);
    const char *at = strstr(text, hit);
    assert_non_null(at);
    const size_t len = strlen(text);
    char *exact = malloc(len); /* so that ASan sees a byte too far */
    assert_non_null(exact);
    for (size_t i = 0; i < len; i++) exact[i] = text[i];
    struct text_range range = {(uint32_t)(at - text), (uint32_t)(at - text + (ptrdiff_t)strlen(hit))};
    const bool found = extent(slice_of(exact, len), &range);
    if (found != (value != NULL)) fail_msg("%s: found %d in: %s", name, found, text);
    if (found) assert_true(range.begin < range.end && range.end <= len);
    if (found && value && !slice_equal(text_of(slice_of(exact, len), range), slice_str(value)))
        fail_msg("%s: got %.*s in: %s", name, (int)(range.end - range.begin), exact + range.begin, text);
    free(exact);
}

static void test_unknown_name(void **state) {
    (void)state;
    assert_null(extent_find("nope"));
}

static void test_words_and_numbers(void **state) {
    (void)state;
    expect("token", "x ghp_abc-D_9.", "ghp_", "ghp_abc-D_9");
    expect("token", "ghp_", "ghp_", "ghp_");
    expect("last_word", "id: \"ab+c/d==\", x", "id: \"ab", "ab+c/d==");
    expect("last_word", "auth=abc.", "auth=abc", "abc");
    expect("last_word", "a: =", "a: =", NULL);
    expect("last_number", "MRN: 12 345-6", "MRN: 12 345-6", "12 345-6");
    expect("last_number", "no 7: (415) 555", "no 7: (415) 555", "(415) 555");
    expect("last_number", "none", "none", NULL);
    expect("first_number", "G-118822 is your code 4", "G-118822 is your code", "118822");
    expect("first_number", "none", "none", NULL);
    expect("date", "born on March 14, 1985", "born on March 14, 1985", "March 14, 1985");
    expect("date", "dob 1985-03-14", "dob 1985-03-14", "1985-03-14");
    expect("url_tail", "see s3://b/k?x=1.", "s3://b", "s3://b/k?x=1");
    expect("crypt_hash", "h=$6$ab$cd/ef., x", "$6$ab", "$6$ab$cd/ef");
}

static void test_contacts(void **state) {
    (void)state;
    expect("email_address", "<o'neil+x@mail.example.org>.", "x@m", "o'neil+x@mail.example.org");
    expect("email_address", "'bob@example.org'", "b@e", "bob@example.org");
    expect("email_address", "@b.c", "@b", NULL);
    expect("email_address", "a@", "a@", NULL);
    expect("email_address", "a@.", "a@.", NULL);
    expect("phone", "+1 (415) 555-0132, 7", "+1", "+1 (415) 555-0132");
    expect("phone", "+44 20 7946 0958  12", "+44", "+44 20 7946 0958");
    expect("phone", "+1 234 567 890 123 456 789", "+1", "+1 234 567 890 123");
    expect("phone_behind", "tel: +(41) 44 668 18 00.", "tel: +(4", "+(41) 44 668 18 00");
    expect("host", "https://a-1.b.corp/", "b.corp", "a-1.b.corp");
    expect("host", "..x.lan", "x.lan", "x.lan");
    expect("ipv6", "at 2001:db8::1: no", "2001:d", "2001:db8::1");
    expect("mac", "x 00:1a:2b:3c:4d:5e y", ":1a:2b:3c:", "00:1a:2b:3c:4d:5e");
    expect("mac", ":1a:2b:3c:", ":1a:2b:3c:", NULL);
    expect("unc_path", "\\\\nas-1\\b$\\c d", "\\\\nas-1\\b", "\\\\nas-1\\b$\\c");
    expect("domain_tail", "b(at)x.example.org.", "b(at)x", "b(at)x.example.org");
}

static void test_money(void **state) {
    (void)state;
    expect("card", "4111 1111 1111 1111 12", "4111", "4111 1111 1111 1111");
    expect("card", "41111111111111111", "4111", NULL); /* a digit too many */
    expect("card", "x4111111111111111", "4111", NULL);
    expect("card", "4111-1111 1111-1111", "4111", NULL);
    expect("iban", "DE89 3704 0044 0532 0130 00 x", "DE89", "DE89 3704 0044 0532 0130 00");
    expect("iban", "DE89 3704", "DE89", NULL);
    expect("iban", "XX89370400440532013000", "XX89", NULL);
    expect("money_before", "about $12.5M revenue", "5M revenue", "$12.5M");
    expect("money_before", "EUR 4.5 million payroll", "5 million payroll", "EUR 4.5 million");
    expect("money_before", "$5 profit", "5 profit", NULL);
    expect("money_before", "32k tokens budget", "2k tokens budget", NULL);
    expect("money_behind", "budget: 185,000 USD.", "budget: 1", "185,000 USD");
    expect("money_behind",
           "ARR \xe2\x82\xac"
           "3.2m",
           "ARR \xe2\x82\xac"
           "3",
           "\xe2\x82\xac"
           "3.2m");
    expect("money_behind", "revenue 34%", "revenue 3", NULL);
    expect("percent_behind", "margin of 34.5 %!", "margin of 3", "34.5 %");
    expect("percent_behind", "margin of 34", "margin of 3", NULL);
    expect("percent_before", "a 34% margin", "4% margin", "34%");
}

static void test_assigned_values(void **state) {
    (void)state;
    expect("assigned_value", "password = \"a b'c\";", "password =", "a b'c");
    expect("assigned_value", "password='it\\'s'", "password=", "it\\'s");
    expect("assigned_value", "{\\\"password\\\": \\\"x\\\\y\\\"}", "password\\\":", "x\\\\y");
    expect("assigned_value", "p = b\"ab\"", "p =", "ab");
    expect("assigned_value", "p = '''ab'''", "p =", "ab");
    expect("assigned_value", "p: Option<&str> = \"ab\"", "p:", "ab");
    expect("assigned_value", "p: string='ab'", "p:", "string=");
    expect("assigned_value", "p=abc&x=1", "p=", "abc");
    expect("assigned_value", "p: abc, d", "p:", "abc");
    expect("assigned_value", "password\": \"a b\n\x1e\nx", "password\": \"", "a b");
    expect("assigned_value", "p: \n\x1e\nx", "p:", NULL);
    expect("assigned_value", "p=\"\"", "p=", NULL);
    expect("assigned_value", "p=", "p=", NULL);
    expect("assigned_value", "p=\"abc\\", "p=", "abc\\");
    expect("assigned_value", ":123:secret:name", "secret:", NULL);
    expect("assigned_token", "next_page_token=abc", "token=", NULL);
    expect("assigned_token", "nextPageToken=abc", "Token=", NULL);
    expect("assigned_token", " --lock-token abc", " --lock-token ", NULL);
    expect("assigned_token", "accessToken=abc", "Token=", "abc");
    expect("element", "<password>a b</password>", "<password>", "a b");
    expect("element", "<password>a b", "<password>", NULL);
    expect("url_password", "x://u:p:q@h", "x://u:p:q@", "p:q");
    expect("url_password", "x://u@h", "x://u@", NULL);
}

static void test_tokens_in_armour(void **state) {
    (void)state;
    expect("jwt", "eyJa.b-c.d_e. Next", "eyJa", "eyJa.b-c.d_e");
    expect("jwt", "eyJa.b.c.d.e.f", "eyJa", "eyJa.b.c.d.e");
    expect("jwt", "eyJa. Next", "eyJa", NULL);
    const char *block = "-----BEGIN X PRIVATE KEY-----\\nAB+/=\\n-----END X PRIVATE KEY-----";
    expect("pem_block", "k=\"-----BEGIN X PRIVATE KEY-----\\nAB+/=\\n-----END X PRIVATE KEY-----\\n\"",
           "-----BEGIN X PRIVATE KEY-----", block);
    expect("pem_block", "-----BEGIN X-----\nAB\n\x1e\nCD", "-----BEGIN X-----", "-----BEGIN X-----\nAB");
    expect("pem_block", "-----BEGIN X-----\nAB\n-----BEGIN X-----", "-----BEGIN X-----", "-----BEGIN X-----\nAB");
}

/* Whatever the text and the hit, an extent stays within the text. */
static void test_any_hit_in_any_text(void **state) {
    (void)state;
    static const char *const names[] = {"assigned_token",
                                        "assigned_value",
                                        "card",
                                        "crypt_hash",
                                        "date",
                                        "domain_tail",
                                        "element",
                                        "email_address",
                                        "first_number",
                                        "host",
                                        "iban",
                                        "ipv6",
                                        "jwt",
                                        "last_number",
                                        "last_word",
                                        "mac",
                                        "money_before",
                                        "money_behind",
                                        "pem_block",
                                        "percent_before",
                                        "percent_behind",
                                        "phone",
                                        "phone_behind",
                                        "token",
                                        "unc_path",
                                        "url_password",
                                        "url_tail"};
    static const char alphabet[] = "\\\"'`:=@.-+ /0149aDeE$%,()<\n\x1e\xc3\xa9\xe4\0";
    const unsigned seed = 31337;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 4000; round++) {
        const size_t len = 1 + (size_t)rand() % 24;
        char *text = malloc(len);
        assert_non_null(text);
        for (size_t i = 0; i < len; i++) text[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        const uint32_t begin = (uint32_t)rand() % (uint32_t)len, more = (uint32_t)rand() % (uint32_t)(len - begin);
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            struct text_range range = {begin, begin + 1 + more};
            if (!extent_find(names[n])(slice_of(text, len), &range)) continue;
            if (range.begin >= range.end || range.end > len)
                fail_msg("%s leaves the text, or answers nothing", names[n]);
        }
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_words_and_numbers),
        cmocka_unit_test(test_contacts),
        cmocka_unit_test(test_money),
        cmocka_unit_test(test_assigned_values),
        cmocka_unit_test(test_tokens_in_armour),
        cmocka_unit_test(test_any_hit_in_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
