/* Which bytes may stand where in a message. Nothing at or above 0x80 may stand anywhere in a head.
 *
 * Sources: RFC 9110 sections 5.5 (field values) and 5.6.2 (token), RFC 3986 section 3.3 (path). */
#ifndef SLUICE_HTTP_BYTE_CLASS_H
#define SLUICE_HTTP_BYTE_CLASS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum byte_class {
    BYTE_TOKEN = 1,   /* methods and field names */
    BYTE_VISIBLE = 2, /* 0x21 to 0x7e */
    BYTE_TEXT = 4,    /* visible, space and tab: field values and reasons */
    BYTE_PATH = 8,    /* pchar and '/', but no percent escapes: a path is one of ours, spelled exactly, or none */
    BYTE_QUERY = 16,  /* what clients leave unescaped in a query: visible without `"<>#\` */
    BYTE_HOST = 32,   /* a name or an address, in brackets or not, and a port */
};

extern const unsigned char byte_classes[256];

static inline bool byte_is(char c, enum byte_class class) {
    return (byte_classes[(unsigned char)c] & class) != 0;
}

/* The offset of the first byte at or after `from` that is not of the class; text.len when all are. */
static inline size_t byte_run(struct slice text, size_t from, enum byte_class class) {
    while (from < text.len && byte_is(text.data[from], class)) from++;
    return from;
}

/* Whether there are bytes, and all are of the class. */
static inline bool bytes_are(struct slice text, enum byte_class class) {
    return text.len > 0 && byte_run(text, 0, class) == text.len;
}

#endif
