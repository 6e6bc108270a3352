/* From a request to its reply: finds the route, reads the body, asks the script, lets the format answer. */
#ifndef SLUICE_BENCH_MOCK_ANSWER_H
#define SLUICE_BENCH_MOCK_ANSWER_H

#include "bench/mock/history.h"
#include "bench/mock/reply.h"
#include "bench/mock/request.h"
#include "bench/mock/script.h"

/* What answers depend on beside the request. */
struct answer_sources {
    struct script *script;
    struct history *history;
};

/* Fills `reply` (initialised, empty). Whatever goes wrong is answered as an error of the format. */
void answer_request(const struct answer_sources *sources, const struct request *request, struct reply *reply);

/* The answer to what is not HTTP: 400, and the connection closes. */
void answer_broken(struct reply *reply);

#endif
