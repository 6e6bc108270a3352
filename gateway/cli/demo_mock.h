/* The bundled mock upstream as a child process of `sluice demo`: one listener for each upstream class.
 *
 * Owns: the child and a temporary folder; the child ends with this process, whatever ends that. */
#ifndef SLUICE_GATEWAY_CLI_DEMO_MOCK_H
#define SLUICE_GATEWAY_CLI_DEMO_MOCK_H

#include "base/buffer.h"
#include "base/outcome.h"
#include "gateway/config/starter.h"

struct demo_mock;

/* Starts `sluice-mock` from the folder of this program and waits (at most 10 s) until it listens. */
enum outcome demo_mock_start(struct demo_mock **mock_out, struct starter_ports *ports_out,
                             struct detail *detail) MUST_CHECK;

/* Ends the child and removes the folder; sets *mock to NULL; NULL is allowed. */
void demo_mock_stop(struct demo_mock **mock);

/* Appends every byte that request `number` (from 1) had as its body when it arrived at the mock. False: there was none.
 */
bool demo_mock_received(const struct demo_mock *mock, unsigned number, struct buffer *body);

#endif
