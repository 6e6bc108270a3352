/* sluice-bench: what each step of a request costs, in this process, without sockets or disks.
 *
 * Runs the functions that serve requests over one body, many times, and prints the median and the 99th
 * percentile of every step. Tokens are known after the first round, as they are in a running gateway
 * whose agents resend their history. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/steps/prompt.h"
#include "bench/steps/stopwatch.h"

static const char usage[] =
    "Usage: sluice-bench steps [--body FILE] [--bytes N] [--clean] [--rounds N] [--policy P]\n\n"
    "Prints the cost of every step of a chat request in microseconds.\n\n"
    "  --body FILE   the request's JSON; without it one is made up\n"
    "  --bytes N     how large the made-up request is (default 4096)\n"
    "  --clean       the made-up request holds nothing sensitive\n"
    "  --rounds N    how often (default 2000)\n"
    "  --policy P    balanced (default) or strict\n"
    "  --help        this text\n";

static int read_options(int argc, char **argv, struct stopwatch_options *options, const char **file_out,
                        size_t *bytes_out, bool *clean_out) {
    static const struct option names[] = {{"body", required_argument, NULL, 'b'},
                                          {"bytes", required_argument, NULL, 'n'},
                                          {"clean", no_argument, NULL, 'c'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"policy", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "b:n:cr:p:h", names, NULL)) != -1;) {
        switch (option) {
        case 'b': *file_out = optarg; break;
        case 'n': *bytes_out = strtoul(optarg, NULL, 10); break;
        case 'c': *clean_out = true; break;
        case 'r': options->rounds = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'p': options->policy = optarg; break;
        case 'h': fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 2;
        }
    }
    const bool good = optind == argc && options->rounds > 0 && options->rounds <= 1000000 && *bytes_out >= 256 &&
                      *bytes_out <= 32u << 20;
    if (!good) fputs(usage, stderr);
    return good ? -1 : 2;
}

int main(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "steps") != 0) {
        const bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
        fputs(usage, help ? stdout : stderr);
        return help ? 0 : 2;
    }
    struct stopwatch_options options = {.rounds = 2000, .policy = "balanced"};
    const char *file = NULL;
    size_t bytes = 4096;
    bool clean = false;
    const int exit_code = read_options(argc - 1, argv + 1, &options, &file, &bytes, &clean);
    if (exit_code >= 0) return exit_code;
    struct buffer body;
    buffer_init(&body, 0);
    struct detail detail = {""};
    enum outcome outcome = OUTCOME_OK;
    if (file)
        outcome = prompt_read(file, &body, &detail);
    else
        prompt_make(bytes, clean, &body);
    if (outcome == OUTCOME_OK) outcome = stopwatch_run(&options, buffer_slice(&body), stdout, &detail);
    if (outcome != OUTCOME_OK)
        fprintf(stderr, "sluice-bench: %s\n", detail.text[0] ? detail.text : outcome_text(outcome));
    buffer_deinit(&body);
    return outcome == OUTCOME_OK ? 0 : 1;
}
