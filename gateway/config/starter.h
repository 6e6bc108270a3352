/* Configurations that sluice writes itself: the one that `sluice demo` runs on, and the file that `sluice
 * init` leaves for a person to edit. Both load as they are. */
#ifndef SLUICE_GATEWAY_CONFIG_STARTER_H
#define SLUICE_GATEWAY_CONFIG_STARTER_H

#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"

/* The ports of the mock upstreams on 127.0.0.1, one for each class. */
struct starter_ports {
    uint16_t local, subscription, metered;
};

/* Appends the YAML that needs no key and no network: policy balanced, data in ./data, three upstreams. */
void settings_default_yaml(struct buffer *yaml, struct starter_ports ports);

/* Writes a commented file with the upstreams that OPENAI_API_KEY, ANTHROPIC_API_KEY and OLLAMA_HOST speak
 * of; the others stand there as comments. Keys are named, never written. With none of them set: Ollama at
 * its usual address. The caller asks ferror(file). */
void settings_init_yaml(FILE *file);

#endif
