/* Finds a key that its object already has.
 *
 * Keys are compared decoded. Small objects compare each key with each other; the keys of large ones go
 * into one table for the whole document, hashed under a key that the process drew at random, so that
 * the cost a key stays constant when somebody chose the keys with care. */
#ifndef SLUICE_GATEWAY_BODY_JSON_KEYS_H
#define SLUICE_GATEWAY_BODY_JSON_KEYS_H

#include <stdint.h>

#include "gateway/body/json_walk.h"

/* Objects of at most so many keys need no table. */
#define JSON_KEYS_FEW 8u

/* *twin_out is the later of two equal keys of one object, or JSON_NONE. The table lives in `arena`:
 * NO_MEMORY when it does not fit.  Threads: any. */
enum outcome json_keys_find_twin(const struct json_doc *doc, struct arena *arena, uint32_t *twin_out) MUST_CHECK;

#endif
