#include "bench/mock/server.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/require.h"
#include "bench/mock/connection.h"

#define BACKLOG 1024

struct listener {
    uv_tcp_t tcp;
    struct server *server;
    const char *name;
    int port;
};

struct server {
    uv_loop_t loop;
    struct listener listeners[ARGS_LISTEN_MOST];
    size_t listener_count; /* those whose handle is initialised */
    uv_signal_t signals[2];
    struct connection_context context;
    struct script script;
    struct history history;
    struct capture capture;
};

static void stop(struct server *server) {
    for (size_t i = 0; i < server->listener_count; i++) uv_close((uv_handle_t *)&server->listeners[i].tcp, NULL);
    for (size_t i = 0; i < 2; i++) uv_close((uv_handle_t *)&server->signals[i], NULL);
    connection_close_all(&server->context);
}

static void on_signal(uv_signal_t *handle, int number) {
    (void)number;
    stop(handle->data);
}

static void on_connection(uv_stream_t *stream, int status) {
    struct listener *listener = stream->data;
    if (status == 0) connection_accept(&listener->server->context, stream, listener->name);
}

/* "127.0.0.1:0" or "[::1]:0" */
static enum outcome read_address(const char *text, struct sockaddr_storage *address_out, struct detail *detail) {
    char host[64];
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    const unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    const bool bracketed = text[0] == '[' && colon && colon > text && colon[-1] == ']';
    const char *begin = bracketed ? text + 1 : text;
    const size_t len = colon ? (size_t)(colon - begin) - (bracketed ? 1u : 0u) : 0;
    if (colon == NULL || end == colon + 1 || *end != '\0' || port > 65535 || len >= sizeof host)
        return detail_set(detail, OUTCOME_INVALID, "--listen %s: expected HOST:PORT", text);
    memcpy(host, begin, len);
    host[len] = '\0';
    const int failed = bracketed ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)address_out)
                                 : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)address_out);
    if (failed) return detail_set(detail, OUTCOME_INVALID, "--listen %s: no IP address", text);
    return OUTCOME_OK;
}

static int bound_port(const uv_tcp_t *tcp) {
    struct sockaddr_storage address;
    int len = sizeof address;
    require(uv_tcp_getsockname(tcp, (struct sockaddr *)&address, &len) == 0);
    const bool six = address.ss_family == AF_INET6;
    return ntohs(six ? ((struct sockaddr_in6 *)&address)->sin6_port : ((struct sockaddr_in *)&address)->sin_port);
}

static enum outcome listen_at(struct server *server, const char *address_text, const char *name,
                              struct detail *detail) {
    struct sockaddr_storage address;
    const enum outcome outcome = read_address(address_text, &address, detail);
    if (outcome != OUTCOME_OK) return outcome;
    struct listener *listener = &server->listeners[server->listener_count++];
    require(uv_tcp_init(&server->loop, &listener->tcp) == 0);
    listener->tcp.data = listener;
    listener->server = server;
    listener->name = name;
    int failed = uv_tcp_bind(&listener->tcp, (struct sockaddr *)&address, 0);
    if (failed == 0) failed = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    if (failed) return detail_set(detail, OUTCOME_IO, "--listen %s: %s", address_text, uv_strerror(failed));
    listener->port = bound_port(&listener->tcp);
    return OUTCOME_OK;
}

/* Written beside its place and renamed: who waits for the file never reads a half. */
static enum outcome write_port_file(const struct server *server, const char *path, struct detail *detail) {
    char fresh[PATH_MAX];
    const int len = snprintf(fresh, sizeof fresh, "%s.part", path);
    FILE *file = len > 0 && (size_t)len < sizeof fresh ? fopen(fresh, "we") : NULL;
    if (file == NULL) return detail_set(detail, OUTCOME_IO, "--port-file %s: %s", path, strerror(errno));
    for (size_t i = 0; i < server->listener_count; i++) (void)fprintf(file, "%d\n", server->listeners[i].port);
    const bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed || rename(fresh, path) != 0)
        return detail_set(detail, OUTCOME_IO, "--port-file %s: %s", path, strerror(errno));
    return OUTCOME_OK;
}

static void watch_signals(struct server *server) {
    static const int NUMBERS[2] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        require(uv_signal_init(&server->loop, &server->signals[i]) == 0);
        server->signals[i].data = server;
        require(uv_signal_start(&server->signals[i], on_signal, NUMBERS[i]) == 0);
    }
}

static enum outcome start(struct server *server, const struct args *args, struct detail *detail) {
    enum outcome outcome = OUTCOME_OK;
    for (size_t i = 0; i < args->listen_count && outcome == OUTCOME_OK; i++)
        outcome = listen_at(server, args->listen[i], args->name[i], detail);
    if (outcome == OUTCOME_OK && args->port_file) outcome = write_port_file(server, args->port_file, detail);
    if (outcome != OUTCOME_OK) return outcome;
    for (size_t i = 0; i < server->listener_count; i++)
        (void)printf("sluice-mock: %s on %s, port %d\n", server->listeners[i].name, args->listen[i],
                     server->listeners[i].port);
    (void)fflush(stdout);
    return OUTCOME_OK;
}

enum outcome server_run(const struct args *args, struct detail *detail) {
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) return detail_set(detail, OUTCOME_NO_MEMORY, "no memory");
    server->context.sources = (struct answer_sources){&server->script, &server->history};
    history_init(&server->history);
    server->context.capture = &server->capture;
    enum outcome outcome = capture_init(&server->capture, args->capture, detail);
    if (outcome == OUTCOME_OK) outcome = script_init(&server->script, args->scenario, detail);
    if (outcome == OUTCOME_OK) {
        require(uv_loop_init(&server->loop) == 0);
        (void)signal(SIGPIPE, SIG_IGN);
        watch_signals(server);
        outcome = start(server, args, detail);
        if (outcome != OUTCOME_OK) stop(server);
        (void)uv_run(&server->loop, UV_RUN_DEFAULT);
        require(uv_loop_close(&server->loop) == 0);
    }
    script_deinit(&server->script);
    history_deinit(&server->history);
    free(server);
    return outcome;
}
