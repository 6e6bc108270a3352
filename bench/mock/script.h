/* Which behaviour a request gets: the scenario file's default, its rules, and the request's own keys.
 *
 *     default  <-  the first rule whose conditions hold  <-  body.mock, body.metadata.mock or body.options.mock (JSON
 * text or object)
 *
 * The file is looked at for every request, and read again when it changed, so that a test can change the
 * story while the mock runs.
 * Errors: a file that does not read, or keys that do not, are answered with a detail; no request gets a guess. */
#ifndef SLUICE_BENCH_MOCK_SCRIPT_H
#define SLUICE_BENCH_MOCK_SCRIPT_H

#include <jansson.h>
#include <sys/stat.h>

#include "base/outcome.h"
#include "bench/mock/behaviour.h"
#include "bench/mock/request.h"

struct script {
    const char *path; /* NULL: no file */
    json_t *scenario; /* NULL: no file */
    struct stat seen; /* the file when it was read */
};

/* `path` may be NULL. INVALID when the file does not read, or its default or a rule does not. */
enum outcome script_init(struct script *script, const char *path, struct detail *detail) MUST_CHECK;
void script_deinit(struct script *script);

/* `body` is the request's JSON or NULL. behaviour_out needs behaviour_deinit when the answer is OK. */
enum outcome script_behaviour(struct script *script, const struct request *request, json_t *body,
                              struct behaviour *behaviour_out, struct detail *detail) MUST_CHECK;

#endif
