/* Accepting connections, by uv_poll and accept4 instead of uv_listen: libuv 1.44 calls back without end,
 * inside one turn, as long as accept fails with ENOBUFS or the like, and on EMFILE it accepts and drops
 * what waits. Here every such error stops the polling until a timer starts it again. */
#include "gateway/net/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/require.h"
#include "gateway/net/loop_inside.h"
#include "gateway/net/stream_inside.h"
#include "gateway/net/uv_outcome.h"

#define REST_MS 100u
#define ACCEPTS_AT_ONCE 64u /* then the loop's other events have their turn */

struct net_listener {
    uv_poll_t poll;
    uv_timer_t rest;
    unsigned open_handles_count;
    struct net_loop *loop;
    int socket;
    bool paused;
    bool closing;
    unsigned short port;
    net_accept_fn *on_accept;
    void *owner;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void update_polling(struct net_listener *listener) {
    if (listener->paused || uv_is_active((const uv_handle_t *)&listener->rest))
        uv_poll_stop(&listener->poll);
    else
        require(uv_poll_start(&listener->poll, UV_READABLE, on_readable) == 0);
}

static void on_rested(uv_timer_t *rest) {
    update_polling(rest->data);
}

static void take_a_rest(struct net_listener *listener) {
    uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
    update_polling(listener);
}

/* What accept(2) reports of a connection that is gone already; the next one may be well. */
static bool concerns_one_connection(int error) {
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH: return true;
    default: return false;
    }
}

/* False when there is nothing more to accept now. */
static bool accept_one(struct net_listener *listener) {
    const int socket = accept4(listener->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
        if (concerns_one_connection(errno)) return true;
        if (errno != EAGAIN && errno != EWOULDBLOCK) take_a_rest(listener);
        return false;
    }
    struct net_stream *stream = NULL;
    if (net_stream_open_socket(listener->loop, socket, &stream) != OUTCOME_OK) {
        take_a_rest(listener);
        return false;
    }
    listener->on_accept(listener->owner, stream);
    return !listener->closing && !listener->paused;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
    struct net_listener *listener = poll->data;
    (void)events;
    if (status) {
        take_a_rest(listener);
        return;
    }
    for (unsigned i = 0; i < ACCEPTS_AT_ONCE && accept_one(listener);) i++;
}

static bool set_options(int socket, const struct net_address *address, bool reuse_port) {
    const int on = 1;
    const int off = 0;
    if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) return false;
    if (reuse_port && setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) return false;
    return address->any.sa_family != AF_INET6 || !setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
}

/* A listening socket, or -1 with errno. */
static int open_socket(const struct net_address *address, bool reuse_port) {
    const int made = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) return -1;
    if (set_options(made, address, reuse_port) && bind(made, &address->any, net_address_len(address)) == 0 &&
        listen(made, SOMAXCONN) == 0)
        return made;
    const int error = errno;
    close(made);
    errno = error;
    return -1;
}

static unsigned short bound_port(int socket) {
    struct sockaddr_storage name = {0};
    socklen_t name_bytes = sizeof name;
    struct net_address address = {0};
    if (getsockname(socket, (struct sockaddr *)&name, &name_bytes)) return 0;
    return net_address_from_socket((const struct sockaddr *)&name, &address) ? net_address_port(&address) : 0;
}

static void on_closed(uv_handle_t *handle) {
    struct net_listener *listener = handle->data;
    if (--listener->open_handles_count == 0) free(listener);
}

static enum outcome start(struct net_listener *listener) {
    const int status = uv_poll_init(&listener->loop->uv, &listener->poll, listener->socket);
    if (status) return net_uv_outcome(status);
    require(uv_timer_init(&listener->loop->uv, &listener->rest) == 0);
    listener->open_handles_count = 2;
    listener->poll.data = listener->rest.data = listener;
    listener->port = bound_port(listener->socket);
    update_polling(listener);
    return OUTCOME_OK;
}

static enum outcome create(struct net_loop *loop, int socket, struct net_listener **listener_out) {
    struct net_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) return OUTCOME_NO_MEMORY;
    listener->loop = loop;
    listener->socket = socket;
    const enum outcome outcome = start(listener);
    if (outcome)
        free(listener);
    else
        *listener_out = listener;
    return outcome;
}

enum outcome net_listener_open(struct net_loop *loop, const struct net_address *address, bool reuse_port,
                               net_accept_fn *on_accept, void *owner, struct net_listener **listener_out,
                               struct detail *detail) {
    char text[NET_ADDRESS_TEXT_BYTES];
    const int socket = open_socket(address, reuse_port);
    if (socket < 0) {
        const int error = errno;
        return detail_set(detail, net_errno_outcome(error), "cannot listen on %s: %s", net_address_text(address, text),
                          uv_strerror(uv_translate_sys_error(error)));
    }
    const enum outcome outcome = create(loop, socket, listener_out);
    if (outcome) {
        close(socket);
        return detail_set(detail, outcome, "cannot listen on %s: %s", net_address_text(address, text),
                          outcome_text(outcome));
    }
    (*listener_out)->on_accept = on_accept;
    (*listener_out)->owner = owner;
    return OUTCOME_OK;
}

unsigned short net_listener_port(const struct net_listener *listener) {
    return listener->port;
}

void net_listener_pause(struct net_listener *listener) {
    listener->paused = true;
    update_polling(listener);
}

void net_listener_resume(struct net_listener *listener) {
    listener->paused = false;
    update_polling(listener);
}

void net_listener_close(struct net_listener **listener) {
    struct net_listener *const gone = *listener;
    if (gone == NULL) return;
    *listener = NULL;
    gone->closing = true;
    uv_close((uv_handle_t *)&gone->poll, on_closed); /* polls no more from here on */
    uv_close((uv_handle_t *)&gone->rest, on_closed);
    close(gone->socket);
}
