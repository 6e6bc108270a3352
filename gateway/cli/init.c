/* sluice init: writes a first configuration for a person to edit. */
#include "gateway/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/starter.h"

static int write_file(const char *path) {
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (file == NULL) {
        const char *why = errno == EEXIST ? "it exists already; move it away, or give another name" : strerror(errno);
        fprintf(stderr, "sluice init: %s: %s\n", path, why);
        if (descriptor >= 0) close(descriptor);
        return COMMAND_FAILED;
    }
    settings_init_yaml(file);
    const bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad) {
        fprintf(stderr, "sluice init: %s: writing failed\n", path);
        return COMMAND_FAILED;
    }
    printf("Wrote %s. Next:\n\n  sluice check --config %s\n  sluice serve --config %s\n", path, path, path);
    return COMMAND_OK;
}

static int run(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        fputs(command_init.usage, option == 'h' ? stdout : stderr);
        return option == 'h' ? COMMAND_OK : COMMAND_USAGE;
    }
    if (argc - optind > 1) {
        fputs(command_init.usage, stderr);
        return COMMAND_USAGE;
    }
    return write_file(optind < argc ? argv[optind] : "sluice.yaml");
}

const struct command command_init = {
    .name = "init",
    .summary = "write a first configuration",
    .usage = "Usage: sluice init [FILE]\n\n"
             "Writes a commented configuration (default: sluice.yaml) with the upstreams that OPENAI_API_KEY,\n"
             "ANTHROPIC_API_KEY and OLLAMA_HOST speak of. Keys are named, never written. An existing file is\n"
             "left alone.\n",
    .run = run,
};
