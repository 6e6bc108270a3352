/* Signatures of thinking, as providers give them out: a part that comes back edited is refused.
 *
 * A signature is base64 of "mock-signature:" and an FNV-1a hash (http://www.isthe.com/chongo/tech/comp/fnv/) in
 * hex: it proves that bytes are the same, not who wrote them. Signatures of others are left alone. */
#ifndef SLUICE_BENCH_MOCK_SIGNATURE_H
#define SLUICE_BENCH_MOCK_SIGNATURE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/slice.h"

/* Long enough for a signature and its NUL. */
#define SIGNATURE_BYTES 48

void signature_of_text(struct slice text, char out[static SIGNATURE_BYTES]);

/* Of a JSON value, whatever the order of its keys and the spacing. */
void signature_of_json(json_t *value, char out[static SIGNATURE_BYTES]);

/* False when somewhere in the body a signed part does not match its signature any more: Anthropic's thinking
 * with its signature, Responses' reasoning summary with its encrypted_content, Gemini's text or functionCall
 * with its thoughtSignature. */
bool signature_check_body(json_t *body);

#endif
