#include "gateway/cli/command.h"

#include <getopt.h>
#include <stdio.h>

bool command_read_config(const struct command *command, int argc, char **argv, const char **config_out, int *exit_out) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    *config_out = NULL;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (option == 'c') {
            *config_out = optarg;
        } else {
            fputs(command->usage, option == 'h' ? stdout : stderr);
            *exit_out = option == 'h' ? COMMAND_OK : COMMAND_USAGE;
            return false;
        }
    }
    if (*config_out && optind == argc) return true;
    fprintf(stderr, "sluice %s: expected --config FILE and nothing else\n\n%s", command->name, command->usage);
    *exit_out = COMMAND_USAGE;
    return false;
}

int command_fail(const struct command *command, const struct detail *detail, enum outcome outcome) {
    fprintf(stderr, "sluice %s: %s\n", command->name, detail->text[0] ? detail->text : outcome_text(outcome));
    return COMMAND_FAILED;
}
