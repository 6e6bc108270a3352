/* sluice demo: the gateway with the bundled mock as its upstreams, and a guided first request.
 *
 * Needs no key and no network. Happy path: mock up, gateway up, one request through it, then serving until
 * ctrl-C. What can fail: a port that is taken, a data folder without its key; both say what to do. */
#include "gateway/cli/command.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/api/api.h"
#include "gateway/cli/demo_mock.h"
#include "gateway/exchange/server.h"

static const char prompt[] =
    "{\\\"model\\\": \\\"demo\\\", \\\"messages\\\": [{\\\"role\\\": \\\"user\\\", \\\"content\\\": "
    "\\\"Please answer ada.lovelace@example.org, phone +44 20 7946 0958.\\\"}]}";
static const char blocked[] = "{\"model\": \"demo\", \"messages\": [{\"role\": \"user\", \"content\": "
                              "\"Deploy with ghp_R4nD0mT0k3nV4lu3F0rTh3Sluic3D3m0x1y2\"}]}";

struct demo {
    struct demo_mock *mock;
    unsigned short port;
    pthread_t guide;
    bool guided;
};

/* One request over a plain socket, as any client would send it. */
static bool ask(unsigned short port, const char *body, struct buffer *answer) {
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct buffer request;
    buffer_init(&request, 0);
    buffer_append_format(
        &request,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\n"
        "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
        port, strlen(body), body);
    bool good = connection >= 0 && !request.failed &&
                connect(connection, (const struct sockaddr *)&to, sizeof to) == 0 &&
                send(connection, request.data, request.len, MSG_NOSIGNAL) == (ssize_t)request.len;
    char block[4096];
    for (ssize_t got; good && (got = recv(connection, block, sizeof block, 0)) > 0;)
        buffer_append(answer, slice_of(block, (size_t)got));
    buffer_deinit(&request);
    if (connection >= 0) close(connection);
    return good && answer->len > 0 && !answer->failed;
}

static struct slice body_of(const struct buffer *answer) {
    const char *end = memmem(answer->data, answer->len, "\r\n\r\n", 4);
    return end ? slice_of(end + 4, answer->len - (size_t)(end + 4 - answer->data)) : slice_of("", 0);
}

static void show(const char *title, struct slice text) {
    printf("  %s\n    %.*s\n\n", title, (int)text.len, text.data);
}

static void show_request(struct demo *demo) {
    static const char body[] = "{\"model\": \"demo\", \"messages\": [{\"role\": \"user\", \"content\": "
                               "\"Please answer ada.lovelace@example.org, phone +44 20 7946 0958.\"}]}";
    struct buffer answer, left;
    buffer_init(&answer, 0);
    buffer_init(&left, 0);
    if (ask(demo->port, body, &answer) && demo_mock_received(demo->mock, 1, &left)) {
        show("This was sent:", slice_str(body));
        show("This left the gateway, for the upstream:", buffer_slice(&left));
        show("This came back to the sender:", body_of(&answer));
    } else {
        puts("  (the first request got no answer)\n");
    }
    buffer_deinit(&left);
    buffer_deinit(&answer);
}

static void show_refusal(struct demo *demo) {
    struct buffer answer;
    buffer_init(&answer, 0);
    if (ask(demo->port, blocked, &answer)) {
        show("A prompt with a key in it goes nowhere:", slice_str(blocked));
        show("and its sender is told why, without the key:", body_of(&answer));
    }
    buffer_deinit(&answer);
}

static void show_next_steps(void) {
    const char *const real[] = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OLLAMA_HOST"};
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        const char *value = getenv(real[i]);
        if (value == NULL || *value == '\0') continue;
        printf("  %s is set: `sluice init` writes sluice.yaml with the real upstream, then\n"
               "  `sluice serve --config sluice.yaml`.\n\n",
               real[i]);
    }
}

static void *guide(void *owner) {
    struct demo *demo = owner;
    printf("\nsluice is serving at http://127.0.0.1:%u, in front of three mock upstreams (local, subscription, "
           "metered).\n\n"
           "  Try it:\n    curl -s http://127.0.0.1:%u/v1/chat/completions -H 'Content-Type: application/json' \\\n"
           "      -d \"%s\"\n\n",
           demo->port, demo->port, prompt);
    show_request(demo);
    show_refusal(demo);
    printf("  From a program: OpenAI(base_url=\"http://127.0.0.1:%u/v1\", api_key=\"unused\")\n\n", demo->port);
    show_next_steps();
    puts("Stop with ctrl-C.");
    fflush(stdout);
    return NULL;
}

static void on_ready(void *owner) {
    struct demo *demo = owner;
    demo->guided = pthread_create(&demo->guide, NULL, guide, demo) == 0;
}

static enum outcome load(const struct starter_ports *ports, struct settings **settings, struct detail *detail) {
    struct buffer yaml;
    buffer_init(&yaml, 0);
    settings_default_yaml(&yaml, *ports);
    const enum outcome outcome =
        yaml.failed ? OUTCOME_NO_MEMORY
                    : settings_load_text(buffer_slice(&yaml), "built-in", api_names(), settings, detail);
    buffer_deinit(&yaml);
    return outcome;
}

static int run(int argc, char **argv) {
    if (argc > 1) {
        const bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
        fputs(command_demo.usage, help ? stdout : stderr);
        return help ? COMMAND_OK : COMMAND_USAGE;
    }
    struct detail detail = {""};
    struct demo demo = {0};
    struct starter_ports ports = {0};
    struct settings *settings = NULL;
    struct server *server = NULL;
    enum outcome outcome = demo_mock_start(&demo.mock, &ports, &detail);
    if (outcome == OUTCOME_OK) outcome = load(&ports, &settings, &detail);
    if (outcome == OUTCOME_OK) {
        demo.port = net_address_port(&settings->listen[0].net);
        outcome = server_create(&settings, &server, &detail);
    }
    if (outcome == OUTCOME_OK) outcome = server_run(server, on_ready, &demo);
    if (demo.guided) pthread_join(demo.guide, NULL);
    server_destroy(&server);
    demo_mock_stop(&demo.mock);
    return outcome == OUTCOME_OK ? COMMAND_OK : command_fail(&command_demo, &detail, outcome);
}

const struct command command_demo = {
    .name = "demo",
    .summary = "run the gateway in front of bundled mock upstreams, with a guided first request",
    .usage = "Usage: sluice demo\n\n"
             "Serves at 127.0.0.1:8787 with the built-in default configuration: policy balanced, keys and vault in\n"
             "./data, three mock upstreams, one for each class. Needs no key and no network. Sends one request\n"
             "through itself and shows what left and what came back; then serves until ctrl-C.\n",
    .run = run,
};
