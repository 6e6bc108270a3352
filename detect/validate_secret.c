/* Is this text a secret, or does it only stand where one could? Documentation and code are full of
 * keys without values: placeholders, variables, calls, types. A vendor's form decides for itself; for
 * `password = ...` the shape of the value must, and it is judged by what a person would choose
 * (validate_password) or a machine would issue (validate_key).
 *
 * When in doubt a value with letters and digits is a secret: an unneeded refusal is seen, a leak is not. */
#include "detect/base64.h"
#include "detect/validate.h"

#define VALUE_LONGEST 512u /* what of a value is looked at: no text may make a validator slow */

static bool has_any(struct slice text, const char *set) {
    for (size_t i = 0; i < text.len; i++)
        if (char_is_any(text.data[i], set)) return true;
    return false;
}

/* `times` equal bytes of `set` in a row. */
static bool has_run(struct slice text, const char *set, size_t times) {
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = i > 0 && text.data[i] == text.data[i - 1] ? run + 1 : 1;
        if (run >= times && char_is_any(text.data[i], set)) return true;
    }
    return false;
}

/* `%s`, `{name}`: a text that a program will fill in. */
static bool has_format_field(struct slice text) {
    if (memmem(text.data, text.len, "%s", 2)) return true;
    const char *open = memchr(text.data, '{', text.len);
    if (open == NULL) return false;
    const char *end = text.data + text.len, *at = open + 1;
    while (at < end && (char_is_letter(*at) || *at == '_' || *at == '.')) at++;
    return at < end && *at == '}' && at > open + 2;
}

static bool has_placeholder_word(struct slice value) {
    static const char *const words[] = {
        "example",   "placeholder", "changeme",   "change_me", "change-me", "redacted", "your_",    "your-",
        "yourkey",   "yourtoken",   "yoursecret", "yourpass",  "<your",     "insert_",  "insert-",  "my_secret",
        "my-secret", "dummy",       "not-a-real", "fake_",     "fake-",     "todo",     "replace_", "replaceme",
        "replace-",  "my_api_key",  "my-api-key", "put_your",  "hidden",    "masked"};
    char lower[VALUE_LONGEST];
    for (size_t i = 0; i < value.len; i++) lower[i] = slice_ascii_lower(value.data[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(lower, value.len, words[i], strlen(words[i]))) return true;
    return false;
}

static bool contains(struct slice value, const char *part) {
    return memmem(value.data, value.len, part, strlen(part)) != NULL;
}

bool validate_not_placeholder(struct slice text, struct text_range value) {
    struct slice bytes = text_of(text, value);
    if (bytes.len > VALUE_LONGEST) bytes.len = VALUE_LONGEST;
    if (has_placeholder_word(bytes) || has_format_field(bytes)) return false;
    if (has_run(bytes, "xX*#.?", 4) || has_run(bytes, "0", 12)) return false;
    return !contains(bytes, "${") && !contains(bytes, "{{") && !contains(bytes, "...") &&
           !contains(bytes, "\xe2\x80\xa6");
}

/* What a value is made of. */
struct makeup {
    size_t lower, upper, digits, separators, symbols, spaces, foreign;
    size_t switches; /* between upper and lower case, neighbours */
};

static struct makeup makeup_of(struct slice value) {
    struct makeup makeup = {0};
    for (size_t i = 0; i < value.len; i++) {
        const char c = value.data[i];
        makeup.lower += char_is_lower(c);
        makeup.upper += char_is_upper(c);
        makeup.digits += char_is_digit(c);
        makeup.foreign += char_is_foreign(c);
        makeup.spaces += char_is_space(c);
        makeup.separators += char_is_any(c, "_-./:,;'\"?");
        makeup.symbols += char_is_any(c, "!@#$%^&*+=~|()[]{}<>`");
        if (i == 0) continue;
        const char last = value.data[i - 1];
        makeup.switches += (char_is_lower(last) && char_is_upper(c)) || (char_is_upper(last) && char_is_lower(c));
    }
    return makeup;
}

static size_t letters(const struct makeup *makeup) {
    return makeup->lower + makeup->upper;
}

/* log2 by halves: enough to tell a random text from a word. Bits per byte, times 100. */
static unsigned entropy_centibits(struct slice value) {
    unsigned counts[256] = {0};
    const size_t len = value.len < VALUE_LONGEST ? value.len : VALUE_LONGEST;
    for (size_t i = 0; i < len; i++) counts[(unsigned char)value.data[i]]++;
    unsigned long sum = 0;
    for (size_t c = 0; c < 256; c++) {
        if (counts[c] == 0) continue;
        unsigned long centibits = 0; /* of log2(len / counts[c]) */
        unsigned long ratio = (unsigned long)len * 65536u / counts[c];
        for (; ratio >= 2ul * 65536u; ratio /= 2) centibits += 100;
        centibits += (ratio - 65536u) * 100 / 65536u; /* between powers of two: a straight line */
        sum += centibits * counts[c];
    }
    return len ? (unsigned)(sum / len) : 0;
}

static bool in_quotes(struct slice text, struct text_range value) {
    return char_is_any(text_before(text, value.begin), "\"'`");
}

/* `value(` and `value[` in code, and what begins a variable or a tag. In quotes: `'Password: ', stream=` where
 * the quote closed something else. */
static bool is_expression(struct slice text, struct text_range value) {
    const char first = text.data[value.begin];
    if (value.end - value.begin > 2 && memcmp(text.data + value.end - 2, "()", 2) == 0) return true;
    if (in_quotes(text, value)) return char_is_any(first, ",;)]}:");
    return char_is_any(first, "$%<{[(&*@!|>~/.,;\\") || char_is_any(text_at(text, value.end), "([{");
}

/* A path, an address, or a variable's place: nothing that is itself secret. */
static bool is_reference(struct slice value) {
    static const char *const begins[] = {
        "/",    "./",    "../",        "~/",          "http://", "https://", "file:", "env:", "vault:",
        "arn:", "op://", "projects/",  "secretref:",  "ref+",    "ssm:",     "kms:",  "$",    "%(",
        "{{",   "<",     "os.environ", "process.env", "ENV[",    "!",        "data:"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (slice_starts_with(value, slice_str(begins[i]))) return true;
    return value.len > 2 && char_is_letter(value.data[0]) && value.data[1] == ':' && value.data[2] == '\\';
}

/* Words of type systems and hash functions that hold digits. */
static bool is_type_word(struct slice value) {
    static const char *const words[] = {
        "int8",    "int16",       "int32",   "int64",       "uint8",        "uint16",    "uint32",   "uint64",
        "u128",    "float32",     "float64", "utf8",        "utf-8",        "utf16",     "base64",   "base32",
        "sha1",    "sha256",      "sha512",  "sha-256",     "sha-512",      "argon2",    "argon2id", "pbkdf2",
        "oauth2",  "oauth2.0",    "oauth1",  "hs256",       "rs256",        "es256",     "ed25519",  "aes256",
        "aes-256", "aes-256-gcm", "x509",    "hmac-sha256", "varchar(255)", "string255", "bcrypt2",  "k8s"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_equal_nocase(value, slice_str(words[i]))) return true;
    return false;
}

/* A token of sluice's own (LABEL_ and ten symbols): what stands for a value is none. */
static bool is_sluice_token(struct slice value) {
    const char *underscore = memrchr(value.data, '_', value.len);
    if (underscore == NULL || value.len - (size_t)(underscore + 1 - value.data) != 10) return false;
    for (const char *c = value.data; c < underscore; c++)
        if (!char_is_upper(*c)) return false;
    for (const char *c = underscore + 1; c < value.data + value.len; c++)
        if (!char_is_any(*c, "234579BCDFGHJKMNPQRTVWX")) return false;
    return underscore > value.data && underscore - value.data <= 12;
}

/* Letters only: in words and camelCase lower-case letters come in company, in random ones many stand alone. */
static bool letters_look_random(struct slice value, const struct makeup *makeup) {
    size_t lonely = 0;
    for (size_t i = 1; i + 1 < value.len; i++)
        lonely += char_is_lower(value.data[i]) && char_is_upper(value.data[i - 1]) && char_is_upper(value.data[i + 1]);
    return value.len >= 8 && letters(makeup) == value.len && lonely >= 2 && makeup->switches * 3 >= value.len;
}

/* `correct-horse-battery-staple`: at least four lower-case words. */
static bool is_diceware(struct slice value, char separator) {
    size_t words = 1, word_len = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == separator) {
            if (word_len < 3) return false;
            words++;
            word_len = 0;
        } else if (char_is_lower(value.data[i])) {
            word_len++;
        } else {
            return false;
        }
    }
    return words >= 4 && word_len >= 3;
}

/* In a value with blanks, one word that mixes letters with digits or symbols. */
static bool has_mixed_word(struct slice value) {
    size_t begin = 0;
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && !char_is_space(value.data[i])) continue;
        const struct makeup word = makeup_of(slice_range(value, begin, i));
        if (letters(&word) >= 2 && word.digits + word.symbols > 0) return true;
        begin = i + 1;
    }
    return false;
}

/* `user.password2`, `API_KEY_2`: every part between dots and underscores is a word, perhaps with a number
 * behind it, or a number. */
static bool is_identifier(struct slice value) {
    size_t begin = 0;
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && value.data[i] != '.' && value.data[i] != '_') continue;
        size_t at = begin;
        while (at < i && char_is_letter(value.data[at])) at++;
        const size_t digits_begin = at;
        while (at < i && char_is_digit(value.data[at])) at++;
        if (at < i || i - digits_begin > 3) return false;
        begin = i + 1;
    }
    return char_is_letter(value.data[0]) || value.data[0] == '_';
}

static bool never_a_secret(struct slice text, struct text_range value) {
    const struct slice bytes = text_of(text, value);
    return !validate_not_placeholder(text, value) || is_expression(text, value) || is_reference(bytes) ||
           is_type_word(bytes) || is_sluice_token(bytes);
}

static size_t digit_runs(struct slice value) {
    size_t runs = 0;
    for (size_t i = 0; i < value.len; i++)
        runs += char_is_digit(value.data[i]) && (i == 0 || !char_is_digit(value.data[i - 1]));
    return runs;
}

/* An argument, a variable or a type: `login(user, password=arg1)`, `pw = user_2`, `key: Ed25519PrivateKey,`. */
static bool is_bare_identifier(struct slice text, struct text_range value) {
    if (in_quotes(text, value)) return false;
    const struct slice bytes = text_of(text, value);
    if (is_identifier(bytes) && (memchr(bytes.data, '.', bytes.len) || memchr(bytes.data, '_', bytes.len))) return true;
    const size_t runs_most = memchr(bytes.data, '.', bytes.len) ? 2 : 1;
    return char_is_any(text_at(text, value.end), "),") && digit_runs(bytes) <= runs_most &&
           !has_any(bytes, "-+/=!@#$%^&*~:");
}

bool validate_password(struct slice text, struct text_range value) {
    const struct slice bytes = text_of(text, value);
    if (bytes.len < 5 || bytes.len > 256 || never_a_secret(text, value)) return false;
    const struct makeup makeup = makeup_of(bytes);
    if (makeup.spaces > 0) return makeup.spaces <= 6 && (has_mixed_word(bytes) || is_diceware(bytes, ' '));
    if (is_bare_identifier(text, value)) return false;
    if (letters(&makeup) == bytes.len) return bytes.len >= 20 || letters_look_random(bytes, &makeup);
    if (makeup.digits == bytes.len) return bytes.len >= 6;
    if (makeup.digits == 0 && makeup.symbols == 0 && makeup.foreign == 0) return is_diceware(bytes, '-');
    return letters(&makeup) + makeup.foreign > 0 && (makeup.digits > 0 || makeup.symbols > 0);
}

/* `conv-1234`, `my-service-2`: every part between separators is all letters or a short number. */
static bool is_slug(struct slice value) {
    size_t begin = 0;
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && !char_is_any(value.data[i], "-_./:@")) continue;
        const struct makeup part = makeup_of(slice_range(value, begin, i));
        const bool word = part.digits == 0 && part.switches < 4, number = letters(&part) == 0 && part.digits <= 8;
        if (!word && !number) return false;
        begin = i + 1;
    }
    return true;
}

bool validate_key(struct slice text, struct text_range value) {
    const struct slice bytes = text_of(text, value);
    if (bytes.len < 8 || bytes.len > VALUE_LONGEST || never_a_secret(text, value)) return false;
    const struct makeup makeup = makeup_of(bytes);
    if (makeup.spaces > 0 || makeup.foreign > 0 || has_any(bytes, "()[]{}<>\"'`;,|\\")) return false;
    if (is_bare_identifier(text, value)) return false;
    if (letters(&makeup) == bytes.len) return bytes.len >= 16 && letters_look_random(bytes, &makeup);
    if (letters(&makeup) == 0 || makeup.digits == 0) return false;
    return !is_slug(bytes) && entropy_centibits(bytes) >= (bytes.len < 12 ? 220u : 280u);
}

bool validate_mixed(struct slice text, struct text_range value) {
    const struct makeup makeup = makeup_of(text_of(text, value));
    return letters(&makeup) > 0 && makeup.digits > 0;
}

/* The user's name in front of `:password@`. */
static struct slice url_user(struct slice text, uint32_t password_begin) {
    const uint32_t end = password_begin - 1;
    uint32_t begin = end;
    while (begin > 0 && end - begin < 64 && !char_is_any(text.data[begin - 1], "/:@ \n\"'")) begin--;
    return slice_range(text, begin, end);
}

bool validate_url_password(struct slice text, struct text_range value) {
    static const char *const words[] = {"password", "passwd",   "pass",  "pwd",  "pw",    "secret",
                                        "token",    "user",     "admin", "root", "guest", "postgres",
                                        "mysql",    "changeit", "p",     "x",    "key"};
    const struct slice password = text_of(text, value);
    if (value.begin == 0 || password.len < 3 || !validate_not_placeholder(text, value)) return false;
    if (char_is_any(password.data[0], "$<{[%*") && !char_is_digit(text_at(text, value.begin + 1))) return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_equal_nocase(password, slice_str(words[i]))) return false;
    return !slice_equal_nocase(password, url_user(text, value.begin)) && !is_sluice_token(password);
}

/* Printable, and what is not ASCII is well-formed UTF-8 at a glance: leads with their continuations. */
static bool is_text(struct slice bytes) {
    size_t open = 0; /* continuation bytes still due */
    for (size_t i = 0; i < bytes.len; i++) {
        const unsigned char c = (unsigned char)bytes.data[i];
        const bool continues = (c & 0xc0) == 0x80;
        if (c < 0x20 || continues != (open > 0)) return false;
        if (continues)
            open--;
        else if (c >= 0x80)
            open = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    }
    return open == 0;
}

bool validate_basic(struct slice text, struct text_range value) {
    char decoded[256];
    if ((value.end - value.begin) % 4 != 0 || !validate_not_placeholder(text, value)) return false;
    const size_t len = base64_decode(text_of(text, value), decoded, sizeof decoded);
    return len >= 3 && memchr(decoded, ':', len) != NULL && is_text(slice_of(decoded, len));
}

bool validate_jwt(struct slice text, struct text_range value) {
    char header[512];
    const struct slice token = text_of(text, value);
    const char *dot = memchr(token.data, '.', token.len);
    if (dot == NULL) return false;
    const size_t len = base64_decode(slice_of(token.data, (size_t)(dot - token.data)), header, sizeof header);
    return len >= 8 && header[0] == '{' && memmem(header, len, "\"alg\"", 5) != NULL;
}

/* Whether 64 bytes of key stand between the first line and the END line. White space, also as the two
 * bytes `\n` of a program's text, does not count. */
bool validate_pem(struct slice text, struct text_range value) {
    const struct slice block = text_of(text, value);
    const char *end = block.data + block.len;
    const char *at = memmem(block.data, block.len, "KEY", 3);
    if (at == NULL) return false;
    while (at < end && (char_is_upper(*at) || *at == ' ' || *at == '-')) at++;
    size_t key_bytes = 0;
    for (; at + 1 < end && memcmp(at, "--", 2) != 0; at++) {
        if (at[0] == '\\' && char_is_any(at[1], "nr"))
            at++;
        else
            key_bytes += char_is_alnum(*at) || *at == '+' || *at == '/';
    }
    return key_bytes >= 64;
}
