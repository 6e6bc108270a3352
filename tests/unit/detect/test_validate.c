/* Validators alone: a value and its surroundings in, yes or no out. */
#include "detect/validate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The value stands between ^ and ~, which are taken out; without them it is all of the text. */
static bool validate(const char *name, const char *marked) {
    validate_fn *validator = validate_find(name);
    assert_non_null(validator);
    const char *open = strchr(marked, '^'), *close = strchr(marked, '~');
    const uint32_t begin = open ? (uint32_t)(open - marked) : 0;
    const uint32_t end = close ? (uint32_t)(close - marked) - 1 : (uint32_t)strlen(marked);
    const size_t len = strlen(marked) - (open ? 2 : 0);
    char *exact = malloc(len ? len : 1); /* so that ASan sees a byte too far */
    assert_non_null(exact);
    size_t at = 0;
    for (const char *c = marked; *c; c++)
        if (*c != '^' && *c != '~') exact[at++] = *c;
    const bool holds = validator(slice_of(exact, len), (struct text_range){begin, end});
    free(exact);
    return holds;
}

static void expect_all(const char *name, bool expected, const char *const *cases, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (validate(name, cases[i]) != expected) fail_msg("%s should be %d for: %s", name, expected, cases[i]);
}
#define YES(name, ...)                                         \
    expect_all(name, true, (const char *const[]){__VA_ARGS__}, \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define NO(name, ...)                                           \
    expect_all(name, false, (const char *const[]){__VA_ARGS__}, \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void test_unknown_name(void **state) {
    (void)state;
    assert_null(validate_find("nope"));
    assert_null(validate_find(""));
}

static void test_numbers(void **state) {
    (void)state;
    YES("card", "4111111111111111", "378282246310005", "6011 1111 1111 1117", "5555-5555-5555-4444", "36227206271667",
        "4222222222222", "3530111333300000", "2223003122003222", "6205500000000000004");
    NO("card", "4111111111111112", "1234567812345670", "411111111111", "41111111111111111111", "9999999999999995", "");
    YES("iban", "DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S");
    NO("iban", "DE89370400440532013001", "XX89370400440532013000", "DE8937040044053201300", "D", "");
    YES("ssn", "536-22-8145", "899999999");
    NO("ssn", "666-12-3456", "900-12-3456", "536-00-8145", "536-22-0000", "53622814");
    YES("sin", "130-692-544", "193456787");
    NO("sin", "130-692-545", "030692544", "100000000");
    YES("aba_routing", "021000021", "011401533");
    NO("aba_routing", "021000022", "000000000", "02100002");
    YES("nhs", "943 476 5919");
    NO("nhs", "943 476 5918", "94347659190");
    YES("cpf", "529.982.247-25");
    NO("cpf", "529.982.247-26", "111.111.111-11");
    YES("dni", "12345678Z", "X1234567L", "Y1234567X");
    NO("dni", "12345678A", "X1234567A");
    YES("nir", "255081416802538", "2 55 08 14 168 025 38");
    NO("nir", "255081416802539", "2550814168025");
    YES("codice_fiscale", "RSSMRA85T10A562S", "rssmra85t10a562s");
    NO("codice_fiscale", "RSSMRA85T10A562T", "RSSMRA85T10A562");
    YES("aadhaar", "2341 2341 2346", "499118665246");
    NO("aadhaar", "2341 2341 2347", "1341 2341 2346");
}

/* Every single wrong digit, and every swap of neighbours, breaks a Verhoeff number. */
static void test_verhoeff_sees_every_single_error(void **state) {
    (void)state;
    char number[] = "234123412346";
    for (size_t i = 1; i < 12; i++) {
        const char right = number[i];
        for (int digit = '0'; digit <= '9'; digit++) {
            number[i] = (char)digit;
            assert_int_equal(validate("aadhaar", number), digit == right);
        }
        number[i] = right;
        const char left = number[i - 1];
        if (i == 1 || left == right) continue;
        number[i - 1] = right, number[i] = left;
        assert_false(validate("aadhaar", number));
        number[i - 1] = left, number[i] = right;
    }
}

static void test_surroundings(void **state) {
    (void)state;
    YES("alone", "^12~", "(^12~)", "x ^12~.", "^12~, 3", "\xe5\x8f\xb7^12~");
    NO("alone", "a^12~", "^12~b", "_^12~", "^12~-3", "3-^12~", "4.^12~", "^12~.5");
    YES("not_in_series", "a ^12~ b", "^12~");
    NO("not_in_series", "1 ^12~", "^12~ 1", "^12~\n1");
    YES("not_in_base64", " ^ab~=", "^ab~");
    NO("not_in_base64", "+^ab~", "^ab~/");
    YES("upper_case", "AB1");
    NO("upper_case", "Ab1");
    YES("mixed", "a1", "1A");
    NO("mixed", "aa", "11", "");
}

static void test_phones(void **state) {
    (void)state;
    YES("phone_international", "+1 (415) 555-0132", "+442079460958", "+49 (0)30 901820-55", "+358 40 1234567",
        "+1.8005550123");
    NO("phone_international", "+1 (115) 555-0132", "+4294967295", "+90.000000", "+35236450.6", "a^+442079460958~",
       "+1234567", "^+442079460958~x");
    YES("phone_nanp", "415-555-0132", "1-800-555-0199", "(415) 555-0132", "x: ^415 555 0132~, y");
    NO("phone_nanp", "9-^415-555-0132~", "^415-555-0132~-7", "v^415.555.0132~", "10.^415.555.0132~");
    YES("phone_national", "020 7946 0958", "06 12 34 56 78", "030/901820 55", "(07700) 900123", "01.42.68.53.00");
    NO("phone_national", "02110-1301", "01 02 03 04 05", "01-02-2024", "0584.0020.0002", "0399 0308 0301",
       "1 ^020 7946 0958~");
    YES("phone_in_context", "5550132", "415 555 0132");
    NO("phone_in_context", "12345", "1234567890123456", "^5550132~a");
}

static void test_networks(void **state) {
    (void)state;
    YES("email", "bob@example.org", "a.b+c@x-y.co.uk", "\303\274@b\303\274cher.example", "x@xn--bcher-kva.example");
    NO("email", "bob@example", "bob@.org", "a..b@example.org", "bob@-x.org", "icon@2x.png", "w@x.shape", "x@1.2",
       "^git@github.com~:a/b", "postgres://u:^p@db.example.org~");
    YES("ipv4", "10.0.0.1", "185.220.101.34", "ip ^1.2.3.4~", "//^1.2.3.4~", "^1.2.3.4~:80");
    NO("ipv4", "127.0.0.1", "0.0.0.0", "255.255.0.0", "192.0.2.1", "198.51.100.9", "203.0.113.5", "8.8.8.8", "1.1.1.1",
       "224.0.0.1", "256.1.1.1", "10.0.0.01", "1.2.3.4", "v^10.0.0.1~", "version ^10.20.30.40~", "^10.0.0.1~.5",
       "Chrome/^120.0.0.10~");
    YES("ipv6", "2001:db8::1", "fd12:3456:789a:1::1", "fe80::1");
    NO("ipv6", "::1", "12:34:56", "2001:db8", "ff02::1", "x^2001:db8::1~");
    YES("mac", "00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E");
    NO("mac", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "00:1a:2b:3c:4d-5e", "11:^00:1a:2b:3c:4d:5e~",
       "^00:1a:2b:3c:4d:5e~:11");
    YES("internal_host", "db-1.corp", "a.b.internal", "nas.local", "//^jira.corp~/x", "printer.lan");
    NO("internal_host", "threading.local", "^x.local~(", ".^env.local~", "^settings.local~.json",
       "host.docker.internal", "SpanKind.INTERNAL", "import ^acme.core.internal~", "_x_.internal");
    YES("unc_path", "\\\\nas-1\\share", "\\\\server\\share\\dir", "\\\\\\\\nas-1\\\\share");
    NO("unc_path", "\\\\alpha\\beta", "\\\\x1b\\x5b", "c:^\\\\nas-1\\share~", "\\\\\\\\nas-1\\share",
       "\\\\u0020\\uD7FF");
}

static void test_placeholders(void **state) {
    (void)state;
    YES("not_placeholder", "hunter2", "AKIAQ3EGT5NB7TJ6WLKM", "aAbBcC");
    NO("not_placeholder", "AKIAIOSFODNN7EXAMPLE", "sk_live_xxxxxxxx", "<your-key>", "${VAR}", "*****", "changeme",
       "{{ x }}", "sk-...", "user:%s", "a{name}b", "000000000000");
}

static void test_passwords(void **state) {
    (void)state;
    YES("password", "hunter2", "S3cr3t!", "p@ssword", "\"^lunar crater velvet sunrise~\"",
        "correct-horse-battery-staple", "correcthorsebatterystaple", "123456", "aBxKqZpWmT", "'^pa55 word~'",
        "gehe\xc3\xadm7");
    NO("password", "abc", "secret", "password", "12345", "^getpass~(", "os.environ", "config.db.password2", "$PASS1",
       "%PASS1%", "/run/secrets/db1", "user_2", "^arg1~)", "uint64", "int32", "\"^Enter your password~\"",
       "https://x.example/1", "EMAIL_7KD3MWQ9TX", "SecretStr", "dataStoreTestQuery", "'^, stream=1~", "`^Sign.sign()~`",
       "!vault1");
}

static void test_keys(void **state) {
    (void)state;
    YES("key", "9f8Kd72mQpL0xZ3v", "3f2b8c1d-9a47-4e6b-8d21-7c5e0f9a1b34", "v1.MjE0Nzk4.aQ3kLr9xT7",
        "aBxKqZpWmTrYcVdN");
    NO("key", "conv-1234", "my-service-2", "4096", "abcdefgh", "a1", "my-app-secret-1", "EMAIL_7KD3MWQ9TX",
       "^settings.API_KEY_2~", "9f8Kd72m QpL0xZ3v", "aaaaaaa1", "sha256", "^PKCS7PrivateKeyTypes~,");
}

static void test_encoded(void **state) {
    (void)state;
    YES("basic", "ZXZhOmh1bnRlcjI=", "dXNlcjpwYXNz");
    NO("basic", "ZXZhaHVudGVyMg==", "Operations", "ZXZh", "");
    YES("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJ9.x");
    NO("jwt", "eyJhbGciOiJIUzI1NiJ9", "eyJuYW1lIjoiYm9iIn0.e30.x", "abc.def");
    YES("url_password", "://app:^lantern-9~", "://:^letmein~");
    NO("url_password", "://app:^password~", "://app:^app~", "://app:^${PASS}~", "://app:^pw~", "^abc~");
    YES("pem",
        "-----BEGIN PRIVATE KEY-----\\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\nBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\\n-----END");
    NO("pem", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----", "no");
}

/* Whatever the text and the value, a validator stays within the text. */
static void test_any_value_in_any_text(void **state) {
    (void)state;
    static const char *const names[] = {"aadhaar",
                                        "aba_routing",
                                        "alone",
                                        "basic",
                                        "card",
                                        "codice_fiscale",
                                        "cpf",
                                        "dni",
                                        "email",
                                        "iban",
                                        "internal_host",
                                        "ipv4",
                                        "ipv6",
                                        "jwt",
                                        "key",
                                        "mac",
                                        "mixed",
                                        "nhs",
                                        "nir",
                                        "not_in_base64",
                                        "not_in_series",
                                        "not_placeholder",
                                        "password",
                                        "pem",
                                        "phone_in_context",
                                        "phone_international",
                                        "phone_nanp",
                                        "phone_national",
                                        "sin",
                                        "ssn",
                                        "unc_path",
                                        "upper_case",
                                        "url_password"};
    static const char alphabet[] = "\\\"':=@.-+ /0149aXeE$%,({}K\n\x1e\xc3\xa9\xe4\0";
    const unsigned seed = 271828;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 4000; round++) {
        const size_t len = 1 + (size_t)rand() % 24;
        char *text = malloc(len);
        assert_non_null(text);
        for (size_t i = 0; i < len; i++) text[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        const uint32_t begin = (uint32_t)rand() % (uint32_t)len, more = (uint32_t)rand() % (uint32_t)(len - begin);
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            assert_non_null(validate_find(names[n]));
            (void)validate_find(names[n])(slice_of(text, len), (struct text_range){begin, begin + 1 + more});
        }
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_verhoeff_sees_every_single_error),
        cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_phones),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_encoded),
        cmocka_unit_test(test_any_value_in_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
