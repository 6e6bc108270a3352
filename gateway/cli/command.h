/* The subcommands of `sluice`: one file each, one row each in the table. */
#ifndef SLUICE_GATEWAY_CLI_COMMAND_H
#define SLUICE_GATEWAY_CLI_COMMAND_H

#include "base/outcome.h"
#include "gateway/config/settings.h"

/* Exit codes. */
enum { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

struct command {
    const char *name;
    const char *summary;               /* one line */
    const char *usage;                 /* the whole --help */
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name */
};

extern const struct command command_serve, command_check, command_redact, command_init, command_demo;

/* Reads `--config FILE` and `--help` for a command that takes nothing else. False: *exit_out is what to exit with. */
bool command_read_config(const struct command *command, int argc, char **argv, const char **config_out, int *exit_out);

/* Prints "sluice NAME: detail" to stderr; answers COMMAND_FAILED. */
int command_fail(const struct command *command, const struct detail *detail, enum outcome outcome);

#endif
