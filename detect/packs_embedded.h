/* The rule packs of detect/packs as bytes in the program; written by cmake/packs.cmake at build time. */
#ifndef SLUICE_DETECT_PACKS_EMBEDDED_H
#define SLUICE_DETECT_PACKS_EMBEDDED_H

#include <stddef.h>

struct pack_embedded {
    const char *name; /* the file's, without .yaml; NULL behind the last */
    const unsigned char *bytes;
    size_t len;
};

extern const struct pack_embedded PACKS_EMBEDDED[];

#endif
