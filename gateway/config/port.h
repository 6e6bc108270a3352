/* A TCP port in decimal digits. */
#ifndef SLUICE_GATEWAY_CONFIG_PORT_H
#define SLUICE_GATEWAY_CONFIG_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* One to five digits, 0 to 65535, nothing else. */
static inline bool port_parse(struct slice text, uint16_t *port_out) {
    uint32_t number = 0;
    if (text.len == 0 || text.len > 5) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        number = number * 10 + (uint32_t)(text.data[i] - '0');
    }
    *port_out = (uint16_t)number;
    return number <= UINT16_MAX;
}

#endif
