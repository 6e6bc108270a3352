/* sluice serve: runs the gateway in the foreground until SIGTERM or SIGINT. */
#include "gateway/cli/command.h"

#include <stdio.h>

#include "gateway/api/api.h"
#include "gateway/exchange/server.h"

static void on_ready(void *owner) {
    const struct settings *settings = server_settings(owner);
    for (uint32_t i = 0; i < settings->listen_count; i++)
        fprintf(stderr, "sluice: serving at http://%s\n", settings->listen[i].text);
    if (settings->admin.text) fprintf(stderr, "sluice: health at http://%s/healthz\n", settings->admin.text);
}

static int run(int argc, char **argv) {
    const char *config = NULL;
    int exit_code = COMMAND_OK;
    if (!command_read_config(&command_serve, argc, argv, &config, &exit_code)) return exit_code;
    struct detail detail = {""};
    struct settings *settings = NULL;
    struct server *server = NULL;
    enum outcome outcome = settings_load_file(config, api_names(), &settings, &detail);
    if (outcome == OUTCOME_OK) outcome = server_create(&settings, &server, &detail);
    if (outcome == OUTCOME_OK) outcome = server_run(server, on_ready, server);
    server_destroy(&server);
    return outcome == OUTCOME_OK ? COMMAND_OK : command_fail(&command_serve, &detail, outcome);
}

const struct command command_serve = {
    .name = "serve",
    .summary = "run the gateway",
    .usage = "Usage: sluice serve --config FILE\n\n"
             "Runs the gateway in the foreground. SIGTERM and SIGINT drain it: no new requests, running\n"
             "answers are finished, then it exits with 0.\n\n"
             "  --config FILE   YAML; docs/settings.md lists every setting, `sluice init` writes a first one\n"
             "  --help          this text\n\n"
             "Environment: SLUICE_VAULT_KEY (64 hex digits) replaces the vault's key file; ${NAME} in the\n"
             "configuration reads NAME.\n",
    .run = run,
};
