/* A worker that serves on loopback, with an upstream of blocking threads behind it: for what only shows when
 * connections, works and writes come and go at the same time. */
#ifndef SLUICE_TESTS_WORKER_FIXTURE_H
#define SLUICE_TESTS_WORKER_FIXTURE_H

#include "unit/gateway/exchange/inbound_fixture.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/exchange/worker.h"

/* --- the upstream --- */

enum upstream_mode {
    UPSTREAM_ANSWERS,
    UPSTREAM_STREAMS,
    UPSTREAM_WAITS,
    UPSTREAM_HANGS,
    UPSTREAM_CUTS,
    UPSTREAM_BUSY,
    UPSTREAM_EMPTY,
    UPSTREAM_CODED
};

struct test_upstream {
    int listener;
    unsigned short port;
    _Atomic enum upstream_mode mode;
    _Atomic unsigned requests, open;
    _Atomic bool released; /* UPSTREAM_WAITS answers now */
    pthread_t thread;
    pthread_mutex_t lock;
    char body[8192]; /* of the last request */
};

static struct test_upstream upstream;

static inline bool send_all(int fd, const char *text) {
    const size_t len = strlen(text);
    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Reads one request; answers the length of its body, kept in upstream.body, or -1 at the end. */
static inline long upstream_read(int fd) {
    char text[16384];
    size_t len = 0;
    for (;;) {
        const ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (got <= 0) return -1;
        len += (size_t)got;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        if (end == NULL) continue;
        const char *field = strstr(text, "Content-Length: ");
        const size_t body_len = field && field < end ? strtoul(field + 16, NULL, 10) : 0;
        if (len - (size_t)(end + 4 - text) < body_len) continue;
        pthread_mutex_lock(&upstream.lock);
        (void)snprintf(upstream.body, sizeof upstream.body, "%s", end + 4);
        pthread_mutex_unlock(&upstream.lock);
        return (long)body_len;
    }
}

/* The first token in the last body, or "none". */
static inline void upstream_token(char token[static 64]) {
    pthread_mutex_lock(&upstream.lock);
    const char *found = strstr(upstream.body, "EMAIL_");
    (void)snprintf(token, 64, "%.*s", found ? 16 : 4, found ? found : "none");
    pthread_mutex_unlock(&upstream.lock);
}

static inline bool upstream_answer(int fd) {
    char token[64], body[256], text[512];
    upstream_token(token);
    (void)snprintf(body, sizeof body, "{\"choices\":[{\"message\":{\"content\":\"got %s\"}}]}", token);
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
                   body);
    return send_all(fd, text);
}

static inline bool upstream_stream(int fd) {
    char token[64], text[512];
    upstream_token(token);
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
                   "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"got %.8s\"}}]}\n\n",
                   token);
    if (!send_all(fd, text)) return false;
    usleep(20000);
    (void)snprintf(text, sizeof text,
                   "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"}}]}\n\ndata: [DONE]\n\n",
                   strlen(token) > 8 ? token + 8 : "");
    (void)send_all(fd, text);
    return false;
}

static inline bool upstream_serve(int fd) {
    char byte;
    switch (atomic_load(&upstream.mode)) {
    case UPSTREAM_ANSWERS: return upstream_answer(fd);
    case UPSTREAM_STREAMS: return upstream_stream(fd);
    case UPSTREAM_WAITS:
        while (!atomic_load(&upstream.released)) usleep(1000);
        return upstream_answer(fd);
    case UPSTREAM_HANGS:
        while (recv(fd, &byte, 1, 0) > 0) {
        }
        return false;
    case UPSTREAM_CUTS:
        (void)send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"cho");
        return false;
    case UPSTREAM_EMPTY: return send_all(fd, "HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\n\r\n");
    case UPSTREAM_CODED:
        return send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: identity\r\n"
                            "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}");
    case UPSTREAM_BUSY: return send_all(fd, "HTTP/1.1 429 Busy\r\nContent-Length: 0\r\n\r\n");
    }
    return false;
}

static inline void *upstream_connection(void *argument) {
    const int fd = *(const int *)argument;
    free(argument);
    while (upstream_read(fd) >= 0) {
        atomic_fetch_add(&upstream.requests, 1);
        if (!upstream_serve(fd)) break;
    }
    close(fd);
    atomic_fetch_sub(&upstream.open, 1);
    return NULL;
}

static inline void *upstream_main(void *unused) {
    (void)unused;
    for (int fd; (fd = accept(upstream.listener, NULL, NULL)) >= 0;) {
        pthread_t thread;
        int *connection = malloc(sizeof *connection);
        assert_non_null(connection);
        *connection = fd;
        atomic_fetch_add(&upstream.open, 1);
        assert_int_equal(pthread_create(&thread, NULL, upstream_connection, connection), 0);
        pthread_detach(thread);
    }
    return NULL;
}

static inline int loopback_socket(unsigned short port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const struct timeval patience = {.tv_sec = 10};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (port)
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    else
        assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline void upstream_start(void) {
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    pthread_mutex_init(&upstream.lock, NULL);
    upstream.listener = loopback_socket(0);
    assert_int_equal(listen(upstream.listener, 64), 0);
    assert_int_equal(getsockname(upstream.listener, (struct sockaddr *)&address, &len), 0);
    upstream.port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&upstream.thread, NULL, upstream_main, NULL), 0);
}

static inline void upstream_stop(void) {
    atomic_store(&upstream.released, true);
    (void)shutdown(upstream.listener, SHUT_RDWR);
    close(upstream.listener);
    pthread_join(upstream.thread, NULL);
    for (int i = 0; i < 2000 && atomic_load(&upstream.open); i++) usleep(1000);
    assert_int_equal(atomic_load(&upstream.open), 0);
    pthread_mutex_destroy(&upstream.lock);
}

/* --- the gateway --- */

struct test_gateway {
    char folder[64];
    struct settings *settings;
    struct slice *labels;
    struct vault_scope scope;
    struct service_upstream origins[2];
    struct route_upstream upstreams[2];
    struct service service; /* made by hand, so that it has the fixture's few rules */
    struct worker *worker;
    pthread_t thread;
    unsigned short port, admin_port;
};

static struct test_gateway gateway;

static inline void *gateway_main(void *worker) {
    worker_run(worker);
    return NULL;
}

static inline void gateway_load(const char *more) {
    struct detail detail = {""};
    char yaml[2048];
    (void)snprintf(gateway.folder, sizeof gateway.folder, "/tmp/sluice-test-worker-XXXXXX");
    assert_non_null(mkdtemp(gateway.folder));
    (void)snprintf(yaml, sizeof yaml,
                   "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata_dir: %s\n"
                   "upstreams:\n"
                   "  - {name: first, class: local, api: openai, url: \"http://127.0.0.1:%u/v1\"}\n"
                   "  - {name: second, class: subscription, api: openai, url: \"http://127.0.0.1:%u/v1\"}\n%s",
                   gateway.folder, upstream.port, upstream.port, more);
    const enum outcome outcome = settings_load_text(slice_str(yaml), "test", api_names(), &gateway.settings, &detail);
    if (outcome != OUTCOME_OK) print_error("%s\n", detail.text);
    assert_int_equal(outcome, OUTCOME_OK);
}

static inline void gateway_assemble(void) {
    struct service *service = &gateway.service;
    const uint32_t rules = detector_rule_count(fixture.detector);
    gateway.labels = calloc(rules, sizeof *gateway.labels);
    assert_non_null(gateway.labels);
    service->settings = gateway.settings;
    service->rules = fixture.rules;
    service->labels = gateway.labels;
    for (uint32_t i = 0; i < rules; i++) {
        const struct slice label = slice_str(detector_rule(fixture.detector, (uint16_t)i)->label);
        bool known = false;
        for (uint32_t k = 0; k < service->label_count; k++) known = known || slice_equal(service->labels[k], label);
        if (!known) service->labels[service->label_count++] = label;
    }
    for (uint32_t i = 0; i < 2; i++) {
        const struct settings_upstream *settings = &gateway.settings->upstreams[i];
        gateway.origins[i].settings = settings;
        gateway.origins[i].origin =
            (struct net_origin){.host = slice_str(settings->url.host), .port = settings->url.port};
        gateway.upstreams[i] =
            (struct route_upstream){.name = settings->name, .class_ = settings->class_, .api = settings->api};
    }
    service->upstreams = gateway.origins;
    service->rules.upstreams = gateway.upstreams;
    service->rules.upstream_count = 2;
    service->scopes = &gateway.scope;
}

/* `settings` is more YAML, each line with its end. The fixture is made. */
static inline void gateway_start(const char *settings) {
    struct detail detail = {""};
    const struct vault_settings in_memory = {0};
    gateway_load(settings);
    gateway_assemble();
    enum outcome outcome = vault_open(&in_memory, &gateway.service.vault, &detail);
    if (outcome == OUTCOME_OK)
        outcome = audit_chain_open(gateway.settings->audit_file, &gateway.service.audit, &detail);
    if (outcome == OUTCOME_OK) outcome = worker_create(&gateway.service, true, &gateway.worker, &detail);
    if (outcome != OUTCOME_OK) print_error("%s: %s\n", outcome_text(outcome), detail.text);
    assert_int_equal(outcome, OUTCOME_OK);
    gateway.scope = vault_scope_of(gateway.service.vault, SLICE("tenant:default"), SLICE("default"));
    gateway.admin_port = net_listener_port(gateway.worker->listeners[0]);
    gateway.port = net_listener_port(gateway.worker->listeners[1]);
    assert_int_equal(pthread_create(&gateway.thread, NULL, gateway_main, gateway.worker), 0);
}

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* Waits for the drained worker's thread, and takes all apart in the server's order. */
static inline void gateway_end(void) {
    pthread_join(gateway.thread, NULL);
    worker_close(gateway.worker);
    service_close(&gateway.service);
    worker_destroy(&gateway.worker);
    settings_destroy(&gateway.settings);
    free(gateway.labels);
    (void)nftw(gateway.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- the agent --- */

/* Appends a whole request for `content`. */
static inline void write_request(struct buffer *out, const char *content) {
    char body[4096];
    (void)snprintf(body, sizeof body, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
                   content);
    buffer_append_format(out,
                         "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         strlen(body), body);
}

static inline void send_buffer_to(int fd, const struct buffer *text) {
    assert_int_equal(send(fd, text->data, text->len, MSG_NOSIGNAL), (ssize_t)text->len);
}

static inline void send_request(int fd, const char *content) {
    struct buffer request;
    buffer_init(&request, 0);
    write_request(&request, content);
    send_buffer_to(fd, &request);
    buffer_deinit(&request);
}

static inline bool is_whole_answer(const char *text, size_t len) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) return false;
    if (strncmp(text, "HTTP/1.1 204 ", 13) == 0) return true;
    const char *field = strstr(text, "Content-Length: ");
    if (field && field < end) return len >= (size_t)(end + 4 - text) + strtoul(field + 16, NULL, 10);
    return strstr(text, "Transfer-Encoding: chunked") && strstr(end, "0\r\n\r\n");
}

/* Reads one answer, head and body. False: the connection ended before, or it took 10 s. */
static inline bool read_answer(int fd, char *text, size_t room) {
    /* One byte at a time: what follows belongs to the next answer. */
    for (size_t len = 0; len < room - 1;) {
        if (recv(fd, text + len, 1, 0) <= 0) return false;
        text[++len] = '\0';
        if (is_whole_answer(text, len)) return true;
    }
    return false;
}

#endif
