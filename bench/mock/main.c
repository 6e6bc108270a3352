/* sluice-mock: an upstream that answers exactly as it is told. See --help. */
#include <stdio.h>

#include "bench/mock/args.h"
#include "bench/mock/server.h"

int main(int argc, char **argv) {
    struct args args;
    struct detail detail = {""};
    enum outcome outcome = args_parse(argc, argv, &args, &detail);
    if (outcome == OUTCOME_CLOSED) return 0;
    if (outcome == OUTCOME_OK) outcome = server_run(&args, &detail);
    if (outcome == OUTCOME_OK) return 0;
    (void)fprintf(stderr, "sluice-mock: %s\n", detail.text);
    return outcome == OUTCOME_INVALID ? 2 : 1;
}
