/* sluice: finds the subcommand and runs it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "gateway/api/api.h"
#include "gateway/cli/command.h"

static const struct command *const commands[] = {&command_serve, &command_check, &command_redact, &command_init,
                                                 &command_demo};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *to) {
    fputs("sluice: a fail-closed egress gateway for LLM traffic\n\nUsage: sluice COMMAND [OPTIONS]\n\n", to);
    for (size_t i = 0; i < COMMAND_COUNT; i++) fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`sluice COMMAND --help` tells more; `sluice --version` which one this is.\n", to);
}

/* Prompts and keys are in this process's memory: no core file, and no debugger of another user. */
static void close_memory(void) {
#ifndef SLUICE_DEBUG /* the leak checker of a debug build must look inside */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return COMMAND_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("sluice " SLUICE_VERSION);
        return COMMAND_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i]->name) != 0) continue;
        close_memory();
        signal(SIGPIPE, SIG_IGN);
        if (api_maps_create() != OUTCOME_OK) {
            fputs("sluice: out of memory\n", stderr);
            return COMMAND_FAILED;
        }
        const int exit_code = commands[i]->run(argc - 1, argv + 1);
        api_maps_destroy();
        return exit_code;
    }
    fprintf(stderr, "sluice: there is no command `%s`\n\n", argv[1]);
    print_usage(stderr);
    return COMMAND_USAGE;
}
