/* Random bytes for keys, nonces and ids, from the kernel's generator: no state of ours that a fork or a
 * snapshot of the machine could repeat. */
#ifndef SLUICE_VAULT_RANDOM_H
#define SLUICE_VAULT_RANDOM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/random.h>

/* False when the kernel gave none; the bytes must not be used then. Threads: any. */
static inline bool vault_random_fill(void *bytes, size_t len) {
    unsigned char *at = bytes;
    while (len > 0) {
        const ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

#endif
