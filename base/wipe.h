/* Overwriting memory that held a value, in a way that the compiler may not remove. */
#ifndef SLUICE_BASE_WIPE_H
#define SLUICE_BASE_WIPE_H

#include <stddef.h>
#include <string.h>

/* bytes == 0 is allowed with any pointer. */
static inline void wipe(void *memory, size_t bytes) {
    if (bytes) explicit_bzero(memory, bytes);
}

#endif
