/* SipHash-2-4, a keyed hash that an attacker cannot aim at one bucket.
 *
 * Source: Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012. For hash tables only; tokens
 * and digests use HMAC-SHA256.  Threads: pure; any thread. */
#ifndef SLUICE_GATEWAY_BODY_SIPHASH_H
#define SLUICE_GATEWAY_BODY_SIPHASH_H

#include <stdint.h>

#include "base/slice.h"

struct siphash_key {
    uint64_t halves[2];
};

/* The hash of the message that begins with the eight bytes of `head` (least significant first) and
 * continues with `bytes`. */
uint64_t siphash(const struct siphash_key *key, uint64_t head, struct slice bytes);

#endif
