/* sluice redact: what would leave of each prompt on standard input, without a running gateway. */
#include "gateway/cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/api/api.h"
#include "gateway/cli/redact_line.h"
#include "gateway/config/snapshot.h"

struct options {
    const char *config, *policy;
    bool strip;
};

/* No upstream is ever asked, but a configuration must name one. */
static const char built_in[] = "listen: 127.0.0.1:8787\n"
                               "data_dir: ./data\n"
                               "policy: balanced\n"
                               "upstreams:\n"
                               "  - {name: local, class: local, api: openai, url: \"http://127.0.0.1:11434/v1\"}\n";

static int bad_usage(const char *problem) {
    fprintf(stderr, "sluice redact: %s\n\n%s", problem, command_redact.usage);
    return COMMAND_USAGE;
}

/* COMMAND_OK: go on. */
static int read_options(int argc, char **argv, struct options *options, bool *done_out) {
    static const struct option names[] = {{"config", required_argument, NULL, 'c'},
                                          {"policy", required_argument, NULL, 'p'},
                                          {"mode", required_argument, NULL, 'm'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *done_out = true;
    for (int option; (option = getopt_long(argc, argv, "c:p:m:h", names, NULL)) != -1;) {
        if (option == 'c')
            options->config = optarg;
        else if (option == 'p')
            options->policy = optarg;
        else if (option == 'm' && strcmp(optarg, "strip") == 0)
            options->strip = true;
        else if (option == 'm' && strcmp(optarg, "policy") == 0)
            options->strip = false;
        else if (option == 'm')
            return bad_usage("--mode takes `policy` or `strip`");
        else if (option == 'h')
            return fputs(command_redact.usage, stdout), COMMAND_OK;
        else
            return bad_usage("unknown option");
    }
    if (optind != argc) return bad_usage("expected no further words; prompts come on standard input");
    if (options->policy && policy_builtin(options->policy) == NULL)
        return bad_usage("--policy takes `balanced` or `strict`");
    *done_out = false;
    return COMMAND_OK;
}

static enum outcome load(const struct options *options, struct snapshot **snapshot, struct detail *detail) {
    struct settings *settings = NULL;
    enum outcome outcome = options->config ? settings_load_file(options->config, api_names(), &settings, detail)
                                           : settings_load_text(slice_of(built_in, sizeof built_in - 1), "built-in",
                                                                api_names(), &settings, detail);
    if (outcome != OUTCOME_OK) return outcome;
    if (options->policy) settings->policy.name = options->policy;
    return snapshot_create(&settings, snapshot, detail);
}

static int redact_all(const struct redactor *redactor) {
    char *line = NULL;
    size_t capacity = 0;
    int exit_code = COMMAND_OK;
    struct buffer out;
    buffer_init(&out, 0);
    for (ssize_t len; (len = getline(&line, &capacity, stdin)) > 0;) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) len--;
        if (len == 0) continue;
        if (!redact_line(redactor, slice_of(line, (size_t)len), &out)) exit_code = COMMAND_FAILED;
        const bool written = !out.failed && fwrite(out.data, 1, out.len, stdout) == out.len;
        buffer_clear(&out);
        if (!written) {
            fputs("sluice redact: the output could not be written\n", stderr);
            exit_code = COMMAND_FAILED;
            break;
        }
    }
    if (fflush(stdout) != 0) exit_code = COMMAND_FAILED;
    buffer_deinit(&out);
    free(line);
    return exit_code;
}

static int run(int argc, char **argv) {
    struct options options = {0};
    bool done = false;
    int exit_code = read_options(argc, argv, &options, &done);
    if (done) return exit_code;
    struct detail detail = {""};
    struct snapshot *snapshot = NULL;
    struct redactor redactor = {.strip = options.strip};
    enum outcome outcome = load(&options, &snapshot, &detail);
    const struct vault_settings in_memory = {0};
    if (outcome == OUTCOME_OK) outcome = vault_open(&in_memory, &redactor.vault, &detail);
    if (outcome == OUTCOME_OK) outcome = vault_reader_open(redactor.vault, &redactor.reader);
    if (outcome == OUTCOME_OK) {
        const struct inbound_rules rules = {.detector = snapshot->detector,
                                            .policy = &snapshot->policy,
                                            .overrides = snapshot->settings->overrides,
                                            .override_count = snapshot->settings->override_count,
                                            .agent = SETTINGS_DEFAULT_AGENT};
        redactor.rules = &rules;
        redactor.scope = vault_scope_of(redactor.vault, SLICE("tenant:default"), SLICE("default"));
        exit_code = redact_all(&redactor);
    } else {
        exit_code = command_fail(&command_redact, &detail, outcome);
    }
    vault_reader_close(&redactor.reader);
    vault_close(&redactor.vault);
    snapshot_unref(&snapshot);
    return exit_code;
}

const struct command command_redact = {
    .name = "redact",
    .summary = "show what would leave of prompts on standard input",
    .usage =
        "Usage: sluice redact [--policy P] [--mode policy|strip] [--config FILE] < in.jsonl > out.jsonl\n\n"
        "Reads one JSON object a line, {\"id\": ..., \"text\": \"...\"} or {\"id\": ..., \"body\": {a chat request}},\n"
        "and writes one a line, in the same order: tier, action, route, what would leave, findings. It runs\n"
        "the code that serves requests; it needs no running gateway and writes no files (the tokens live in\n"
        "a vault of their own that ends with the command).\n\n"
        "  --policy P      balanced (default) or strict; goes before the configuration's\n"
        "  --mode policy   what a request would do: a blocked one has no text (default)\n"
        "  --mode strip    replaces every finding, also what would block, and always gives text\n"
        "  --config FILE   rules, policy and overrides of this configuration\n"
        "  --help          this text\n\n"
        "Exits with 1 when a line could not be judged; its output says why in `error`.\n",
    .run = run,
};
