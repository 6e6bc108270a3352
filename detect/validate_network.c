/* Addresses and names of machines. Most text that looks like one is a version, a time, a member of an
 * object or a package, so each validator first asks what the value is part of. */
#include "detect/validate.h"

#include <arpa/inet.h>

static bool word_is_any(struct slice word, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(word, slice_str(words[i]))) return true;
    return false;
}
#define WORD_IS_ANY(word, words) word_is_any(word, words, sizeof(words) / sizeof *(words))

/* The first label and the last of a dotted name. */
static struct slice label_first(struct slice name) {
    const char *dot = memchr(name.data, '.', name.len);
    return slice_of(name.data, dot ? (size_t)(dot - name.data) : name.len);
}

static struct slice label_last(struct slice name) {
    const char *dot = memrchr(name.data, '.', name.len);
    return dot ? slice_of(dot + 1, name.len - (size_t)(dot + 1 - name.data)) : name;
}

static uint32_t label_count(struct slice name) {
    uint32_t count = 1;
    for (size_t i = 0; i < name.len; i++) count += name.data[i] == '.';
    return count;
}

static bool labels_well_formed(struct slice name) {
    size_t label_len = 0;
    for (size_t i = 0; i <= name.len; i++) {
        const bool at_end = i == name.len || name.data[i] == '.';
        if (!at_end) {
            label_len++;
            continue;
        }
        if (label_len == 0 || label_len > 63) return false;
        if (name.data[i - label_len] == '-' || name.data[i - 1] == '-') return false;
        label_len = 0;
    }
    return true;
}

/* What stands behind the last dot of `icon@2x.png` or `w@x.shape`. */
static bool is_file_or_member(struct slice last_label) {
    static const char *const endings[] = {"png",  "jpg", "jpeg", "gif",  "svg",  "webp",  "ico",   "css",      "scss",
                                          "js",   "mjs", "ts",   "tsx",  "jsx",  "json",  "html",  "htm",      "txt",
                                          "yaml", "yml", "xml",  "csv",  "log",  "shape", "dtype", "length",   "size",
                                          "py",   "rb",  "java", "conf", "toml", "lock",  "tgz",   "transpose"};
    return WORD_IS_ANY(last_label, endings);
}

static bool is_number_with_x(struct slice label) {
    return label.len >= 2 && char_is_digit(label.data[0]) && label.data[label.len - 1] == 'x';
}

/* `scheme://user:name@host`: what stands before the @ is no mailbox. */
static bool is_url_user(struct slice text, uint32_t begin) {
    uint32_t at = begin;
    while (at > 0 && begin - at < 64 && !char_is_space(text.data[at - 1]) && !char_is_any(text.data[at - 1], "/\"'<>@"))
        at--;
    return text_before(text, at) == '/' && at >= 2 && text_before(text, at - 1) == '/';
}

bool validate_email(struct slice text, struct text_range value) {
    const struct slice address = text_of(text, value);
    const char *at = memrchr(address.data, '@', address.len);
    if (at == NULL) return false;
    const struct slice local = slice_of(address.data, (size_t)(at - address.data));
    const struct slice domain = slice_of(at + 1, address.len - local.len - 1);
    if (local.len == 0 || local.len > 64 || domain.len > 253 || label_count(domain) < 2) return false;
    if (!labels_well_formed(domain) || memmem(local.data, local.len, "..", 2)) return false;
    const struct slice top = label_last(domain);
    for (size_t i = 0; i < top.len; i++)
        if (!char_is_letter(top.data[i]) && !char_is_foreign(top.data[i]) && !slice_starts_with(top, SLICE("xn--")))
            return false;
    if (top.len < 2 || is_file_or_member(top) || is_number_with_x(label_first(domain))) return false;
    if (is_url_user(text, value.begin)) return false;
    /* git@github.com:owner/repo is the address of a repository, not of a person. */
    return !(slice_equal(local, SLICE("git")) && text_at(text, value.end) == ':');
}

static bool parse_ipv4(struct slice address, uint8_t octets[static 4]) {
    char copy[16];
    if (address.len >= sizeof copy) return false;
    memcpy(copy, address.data, address.len);
    copy[address.len] = 0;
    return inet_pton(AF_INET, copy, octets) == 1; /* refuses leading zeros and octets over 255 */
}

/* Ranges that name no machine worth hiding (RFC 6890), and resolvers that everybody knows. */
static bool ipv4_is_special(const uint8_t o[static 4]) {
    if (o[0] == 0 || o[0] == 127 || o[0] >= 224) return true;
    if (o[0] == 192 && o[1] == 0 && o[2] == 2) return true;    /* TEST-NET-1, RFC 5737 */
    if (o[0] == 198 && o[1] == 51 && o[2] == 100) return true; /* TEST-NET-2 */
    if (o[0] == 203 && o[1] == 0 && o[2] == 113) return true;  /* TEST-NET-3 */
    if (o[0] == 8 && o[1] == 8 && o[2] == o[3]) return true;
    return (o[0] == 1 || o[0] == 9) && o[1] == o[0] && o[2] == o[0] && o[3] == o[0];
}

/* The word before the value, blanks and one of : = in between left out. */
static struct slice word_before(struct slice text, uint32_t begin) {
    uint32_t end = begin;
    while (end > 0 && (char_is_blank(text.data[end - 1]) || char_is_any(text.data[end - 1], ":=\"'("))) end--;
    uint32_t start = end;
    while (start > 0 && end - start < 16 && char_is_alnum(text.data[start - 1])) start--;
    return slice_range(text, start, end);
}

static bool ipv4_reads_as_version(struct slice text, struct text_range value) {
    static const char *const words[] = {"version",
                                        "ver",
                                        "v",
                                        "release",
                                        "build",
                                        "firmware",
                                        "chrome",
                                        "section",
                                        "objectidentifier",
                                        "oid",
                                        "assemblyversion",
                                        "fileversion",
                                        "upgrade",
                                        "rev"};
    if (WORD_IS_ANY(word_before(text, value.begin), words)) return true;
    /* Chrome/120.0.0.0, but not http://10.0.0.1 */
    return text_before(text, value.begin) == '/' && value.begin >= 2 && text_at(text, value.begin - 2) != '/';
}

static bool ipv4_in_context(struct slice text, struct text_range value) {
    static const char *const words[] = {"ip",   "ipv4", "addr", "address", "host",  "server",
                                        "from", "ping", "ssh",  "peer",    "client"};
    const char after = text_at(text, value.end);
    return after == ':' || after == '/' || text_before(text, value.begin) == '/' ||
           text_before(text, value.begin) == '@' || WORD_IS_ANY(word_before(text, value.begin), words);
}

bool validate_ipv4(struct slice text, struct text_range value) {
    uint8_t octets[4];
    if (!parse_ipv4(text_of(text, value), octets) || ipv4_is_special(octets)) return false;
    if (!validate_alone(text, value) || ipv4_reads_as_version(text, value)) return false;
    const bool all_small = octets[0] < 10 && octets[1] < 10 && octets[2] < 10 && octets[3] < 10;
    return !all_small || ipv4_in_context(text, value); /* 1.2.3.4 is a section more often than a machine */
}

bool validate_ipv6(struct slice text, struct text_range value) {
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    const struct slice address = text_of(text, value);
    if (address.len >= sizeof copy) return false;
    memcpy(copy, address.data, address.len);
    copy[address.len] = 0;
    if (inet_pton(AF_INET6, copy, bytes) != 1) return false;
    const char before = text_before(text, value.begin), after = text_at(text, value.end);
    if (char_is_word(before) || before == ':' || char_is_word(after) || after == ':') return false;
    const bool global = (bytes[0] & 0xe0) == 0x20, unique_local = (bytes[0] & 0xfe) == 0xfc;
    return global || unique_local || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

bool validate_mac(struct slice text, struct text_range value) {
    const struct slice mac = text_of(text, value);
    const char before = text_before(text, value.begin), after = text_at(text, value.end);
    if (char_is_word(before) || char_is_any(before, ":-.") || char_is_word(after) || char_is_any(after, "-"))
        return false;
    if ((after == ':' || after == '.') && char_hex(text_at(text, value.end + 1)) >= 0) return false;
    unsigned zeros = 0, ones = 0, digits = 0, dashes = 0;
    for (size_t i = 0; i < mac.len; i++) {
        const int digit = char_hex(mac.data[i]);
        if (digit < 0) {
            dashes += mac.data[i] == '-';
            continue;
        }
        digits++;
        zeros += digit == 0;
        ones += digit == 15;
    }
    const bool mixed_separators = dashes != 0 && dashes != 5;
    return digits == 12 && zeros < 12 && ones < 12 && !mixed_separators;
}

/* First words of members, packages and files that only look like hosts: self.local, com.sun.internal. */
static bool is_code_word(struct slice label) {
    static const char *const words[] = {
        "self",    "this",  "cls",      "thread",  "threading", "env",     "config", "settings", "window", "obj",
        "process", "local", "internal", "com",     "org",       "java",    "javax",  "jdk",      "sun",    "io",
        "net",     "torch", "kotlin",   "scala",   "std",       "request", "req",    "app",      "module", "pkg",
        "node",    "vue",   "react",    "angular", "docker",    "git",     "time",   "date",     "data",   "ctx",
        "context", "state", "props",    "options", "opts",      "storage", "np",     "tf"};
    return WORD_IS_ANY(label, words);
}

/* Names that every installation has; they say nothing about this one. */
static bool is_well_known_host(struct slice host) {
    static const char *const hosts[] = {"host.docker.internal",
                                        "gateway.docker.internal",
                                        "kubernetes.docker.internal",
                                        "metadata.google.internal",
                                        "kubernetes.default.svc.cluster.local",
                                        "svc.cluster.local",
                                        "cluster.local",
                                        "host.containers.internal"};
    return WORD_IS_ANY(host, hosts);
}

static bool looks_like_machine(struct slice host) {
    for (size_t i = 0; i < host.len; i++)
        if (char_is_digit(host.data[i]) || host.data[i] == '-') return true;
    return label_count(host) >= 3;
}

/* `SpanKind.INTERNAL`, `lpOverlapped.Internal`: hosts are written in one case. */
static bool mixes_cases(struct slice host) {
    bool lower = false, upper = false;
    for (size_t i = 0; i < host.len; i++) {
        lower = lower || char_is_lower(host.data[i]);
        upper = upper || char_is_upper(host.data[i]);
    }
    return lower && upper;
}

/* What stands on either side makes it a member, a file or a package. */
static bool is_part_of_code(struct slice text, struct text_range value) {
    static const char *const words[] = {"import", "from", "package", "require", "use", "using"};
    const char before = text_before(text, value.begin), after = text_at(text, value.end);
    if (char_is_word(before) || char_is_any(before, ".-$#%")) return true;
    if (char_is_any(before, "/\\") && !looks_like_machine(text_of(text, value))) return true; /* a file in a path */
    if (char_is_word(after) || char_is_any(after, "-(=[")) return true;
    if (after == '.' && char_is_word(text_at(text, value.end + 1))) return true; /* settings.local.json */
    return WORD_IS_ANY(word_before(text, value.begin), words);
}

/* .internal, .private and .local also end names in programs: a name of two plain words must then stand as
 * a host would. */
static bool is_named_like_code(struct slice text, struct text_range value) {
    static const char *const tops[] = {"internal", "private", "local"};
    const struct slice host = text_of(text, value);
    if (is_code_word(label_first(host))) return true;
    if (!WORD_IS_ANY(label_last(host), tops)) return false;
    if (mixes_cases(host) || memchr(host.data, '_', host.len)) return true;
    return !looks_like_machine(host) && !char_is_space(text_at(text, value.end)) &&
           !char_is_any(text_at(text, value.end), ":/,.;\"'`");
}

bool validate_internal_host(struct slice text, struct text_range value) {
    const struct slice host = text_of(text, value);
    if (is_well_known_host(host) || !labels_well_formed(host)) return false;
    const char before = text_before(text, value.begin);
    if (before == '@') return true;
    if (before == '/' && text_before(text, value.begin - 1) == '/') return true; /* a URL's host */
    return !is_part_of_code(text, value) && !is_named_like_code(text, value);
}

/* x1b and u0041: what a string escape leaves behind its backslash. */
static bool is_escape(struct slice name) {
    const bool form = (name.len == 3 && name.data[0] == 'x') || (name.len == 5 && (name.data[0] | 0x20) == 'u');
    for (size_t i = 1; form && i < name.len; i++)
        if (char_hex(name.data[i]) < 0) return false;
    return form;
}

/* `\\server\share`, or `\\\\server\\share` in a program's text. LaTeX and regular expressions write two
 * backslashes too, but seldom two parts with a digit, dash, dot or $ among them. */
bool validate_unc_path(struct slice text, struct text_range value) {
    const struct slice path = text_of(text, value);
    const char before = text_before(text, value.begin);
    size_t begin = 0;
    while (begin < path.len && path.data[begin] == '\\') begin++;
    if (char_is_word(before) || char_is_any(before, ":%.)]}") || (begin != 2 && begin != 4)) return false;
    unsigned parts = 0;
    bool marked = false;
    for (size_t i = begin, part_begin = begin; i <= path.len; i++) {
        if (i < path.len && path.data[i] != '\\') {
            marked = marked || char_is_digit(path.data[i]) || char_is_any(path.data[i], "-.$");
            continue;
        }
        const struct slice part = slice_range(path, part_begin, i);
        if (part.len < (parts == 0 ? 2u : 1u) || is_escape(part)) return false;
        parts++;
        if (begin == 4 && i < path.len && path.data[++i] != '\\') return false; /* not doubled all along */
        part_begin = i + 1;
    }
    return parts >= 3 || (parts == 2 && marked);
}
