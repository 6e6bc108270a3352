/* Integers in records: big-endian, so that a dump reads like the number. */
#ifndef SLUICE_VAULT_BYTES_H
#define SLUICE_VAULT_BYTES_H

#include <stdint.h>

static inline void vault_bytes_put32(unsigned char *at, uint32_t number) {
    for (int i = 3; i >= 0; i--, number >>= 8) at[i] = (unsigned char)number;
}

static inline void vault_bytes_put64(unsigned char *at, uint64_t number) {
    for (int i = 7; i >= 0; i--, number >>= 8) at[i] = (unsigned char)number;
}

static inline uint64_t vault_bytes_get(const unsigned char *at, unsigned count) {
    uint64_t number = 0;
    for (unsigned i = 0; i < count; i++) number = number << 8 | at[i];
    return number;
}

#endif
