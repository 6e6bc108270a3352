#include "bench/mock/args.h"

#include <getopt.h>
#include <stdio.h>

#include "bench/mock/behaviour.h"

enum option_code { OPT_LISTEN = 256, OPT_NAME, OPT_PORT_FILE, OPT_CAPTURE, OPT_SCENARIO, OPT_HELP };

static const struct option OPTIONS[] = {
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"name", required_argument, NULL, OPT_NAME},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"capture", required_argument, NULL, OPT_CAPTURE},
    {"scenario", required_argument, NULL, OPT_SCENARIO},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static const char HELP[] =
    "sluice-mock: an upstream that answers exactly as it is told, for tests, demos and load.\n"
    "\n"
    "  sluice-mock --listen HOST:PORT [--name NAME] [--listen ... up to 8] [options]\n"
    "\n"
    "  --listen HOST:PORT   where to listen; an IPv4 address or an IPv6 address in brackets; port 0 takes a free one\n"
    "  --name NAME          what the listener of the same place in the order is called (default: mock)\n"
    "  --port-file FILE     once all listen, the bound ports, one a line, in the order of --listen\n"
    "  --capture DIR        an existing folder; keeps what arrives:\n"
    "                         conn-N.raw   every byte of connection N, as it came\n"
    "                         conn-N.json  its listener, whether it is open, and who closed it\n"
    "                         req-N.json   each parsed request: connection, listener, method, path, headers, body\n"
    "  --scenario FILE      how to answer; read again when it changes:\n"
    "                         {\"default\": {keys},\n"
    "                          \"rules\": [{\"when\": {\"listener\": .., \"path\": .., \"contains\": ..}, \"then\": "
    "{keys}}]}\n"
    "                         the first rule whose conditions all hold is laid over the default\n"
    "  --help               this\n"
    "\n"
    "It speaks, with or without the /v1:\n"
    "  OpenAI     POST /v1/chat/completions, /v1/completions, /v1/embeddings; GET /v1/models, /v1/models/M\n"
    "             POST /v1/responses, /v1/responses/compact, /v1/responses/input_tokens, /v1/responses/ID/cancel;\n"
    "             GET, DELETE /v1/responses/ID; GET /v1/responses/ID/input_items\n"
    "  Anthropic  POST /v1/messages, /v1/messages/count_tokens; GET /v1/models, /v1/models/M with anthropic-version\n"
    "  Ollama     POST /api/chat, /api/generate, /api/embed, /api/embeddings; GET /api/tags, /api/version\n"
    "  Gemini     POST /v1beta/models/M:generateContent, (or :streamGenerateContent, :countTokens); GET "
    "/v1beta/models\n"
    "\n"
    "The default reply is \"You said: \" and the text of the last user message. A request may carry keys of its\n"
    "own, in its body's \"mock\" object, or in \"metadata\" or \"options\": {\"mock\": {..} or JSON text}; they are\n"
    "laid over the scenario's. {{last_user}} stands for the last user text, {{last_token}} for the first token in\n"
    "the body, {{token N}} for the Nth different one, {{earlier_token N}} for one of the requests before it in the\n"
    "same conversation; in JSON texts they are inserted escaped. Thinking is signed, and so are the other parts\n"
    "that a provider takes back only as they were: an edited one is refused with 400.\n"
    "\n"
    "Keys:\n";

static void print_help(void) {
    (void)fputs(HELP, stdout);
    behaviour_print_keys(stdout);
}

static enum outcome add_listen(struct args *args, const char *address, struct detail *detail) {
    if (args->listen_count == ARGS_LISTEN_MOST)
        return detail_set(detail, OUTCOME_INVALID, "at most %u times --listen", ARGS_LISTEN_MOST);
    args->listen[args->listen_count++] = address;
    return OUTCOME_OK;
}

static enum outcome add_name(struct args *args, size_t *name_count, const char *name, struct detail *detail) {
    if (*name_count == ARGS_LISTEN_MOST)
        return detail_set(detail, OUTCOME_INVALID, "at most %u times --name", ARGS_LISTEN_MOST);
    args->name[(*name_count)++] = name;
    return OUTCOME_OK;
}

static enum outcome check(struct args *args, size_t name_count, struct detail *detail) {
    if (args->listen_count == 0) return detail_set(detail, OUTCOME_INVALID, "--listen HOST:PORT is needed; see --help");
    if (name_count > args->listen_count)
        return detail_set(detail, OUTCOME_INVALID, "more --name (%zu) than --listen (%zu)", name_count,
                          args->listen_count);
    for (size_t i = name_count; i < args->listen_count; i++) args->name[i] = "mock";
    return OUTCOME_OK;
}

enum outcome args_parse(int argc, char **argv, struct args *args_out, struct detail *detail) {
    *args_out = (struct args){.listen_count = 0};
    size_t name_count = 0;
    enum outcome outcome = OUTCOME_OK;
    int code = 0;
    while (outcome == OUTCOME_OK && (code = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (code) {
        case OPT_LISTEN: outcome = add_listen(args_out, optarg, detail); break;
        case OPT_NAME: outcome = add_name(args_out, &name_count, optarg, detail); break;
        case OPT_PORT_FILE: args_out->port_file = optarg; break;
        case OPT_CAPTURE: args_out->capture = optarg; break;
        case OPT_SCENARIO: args_out->scenario = optarg; break;
        case OPT_HELP: print_help(); return OUTCOME_CLOSED;
        default: return detail_set(detail, OUTCOME_INVALID, "unknown option or missing value; see --help");
        }
    }
    if (outcome != OUTCOME_OK) return outcome;
    if (optind < argc) return detail_set(detail, OUTCOME_INVALID, "unexpected argument %s; see --help", argv[optind]);
    return check(args_out, name_count, detail);
}
