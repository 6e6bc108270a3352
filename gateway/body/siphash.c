#include "gateway/body/siphash.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned bits) {
    return word << bits | word >> (64 - bits);
}

static void mix(struct state *s) {
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static void absorb(struct state *s, uint64_t word) {
    s->v3 ^= word;
    mix(s);
    mix(s);
    s->v0 ^= word;
}

/* `count` bytes (at most 8), least significant first, whatever the machine's order. */
static uint64_t word_of(const char *bytes, size_t count) {
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++) word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return word;
}

uint64_t siphash(const struct siphash_key *key, uint64_t head, struct slice bytes) {
    struct state s = {
        key->halves[0] ^ UINT64_C(0x736f6d6570736575),
        key->halves[1] ^ UINT64_C(0x646f72616e646f6d),
        key->halves[0] ^ UINT64_C(0x6c7967656e657261),
        key->halves[1] ^ UINT64_C(0x7465646279746573),
    };
    absorb(&s, head);
    const size_t whole = bytes.len / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) absorb(&s, word_of(bytes.data + i, 8));
    const uint64_t last = whole < bytes.len ? word_of(bytes.data + whole, bytes.len - whole) : 0;
    absorb(&s, last | (uint64_t)(bytes.len + 8) << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++) mix(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
