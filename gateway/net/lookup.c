#include "gateway/net/lookup.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/net/loop_inside.h"
#include "gateway/net/uv_outcome.h"

struct net_lookup {
    uv_getaddrinfo_t request;
    unsigned short port;
    net_lookup_fn *on_done; /* NULL: cancelled */
    void *owner;
};

static unsigned collect(const struct addrinfo *found, unsigned short port, struct net_address *addresses) {
    unsigned count = 0;
    for (; found && count < NET_LOOKUP_LARGEST_COUNT; found = found->ai_next) {
        struct net_address *address = &addresses[count];
        if (found->ai_addr == NULL || !net_address_from_socket(found->ai_addr, address)) continue;
        if (address->any.sa_family == AF_INET)
            address->v4.sin_port = htons(port);
        else
            address->v6.sin6_port = htons(port);
        count++;
    }
    return count;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
    struct net_lookup *lookup = request->data;
    struct net_address addresses[NET_LOOKUP_LARGEST_COUNT];
    struct detail detail = {{0}};
    const unsigned count = status == 0 ? collect(found, lookup->port, addresses) : 0;
    net_lookup_fn *on_done = lookup->on_done;
    void *owner = lookup->owner;
    uv_freeaddrinfo(found);
    free(lookup);
    if (on_done == NULL) return;
    enum outcome outcome = net_uv_outcome(status);
    if (outcome == OUTCOME_OK && count == 0) outcome = OUTCOME_IO;
    if (outcome) (void)detail_set(&detail, outcome, "%s", status ? uv_strerror(status) : "the name has no address");
    on_done(owner, outcome, addresses, count, &detail);
}

enum outcome net_lookup_start(struct net_loop *loop, const char *host, unsigned short port, net_lookup_fn *on_done,
                              void *owner, struct net_lookup **lookup_out, struct detail *detail) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct net_lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) return OUTCOME_NO_MEMORY;
    lookup->request.data = lookup;
    lookup->port = port;
    lookup->on_done = on_done;
    lookup->owner = owner;
    const int status = uv_getaddrinfo(&loop->uv, &lookup->request, on_resolved, host, NULL, &hints);
    if (status) {
        free(lookup);
        return detail_set(detail, net_uv_outcome(status), "%s", uv_strerror(status));
    }
    *lookup_out = lookup;
    return OUTCOME_OK;
}

void net_lookup_cancel(struct net_lookup **lookup) {
    if (*lookup == NULL) return;
    (*lookup)->on_done = NULL;
    (void)uv_cancel((uv_req_t *)&(*lookup)->request); /* EBUSY: a worker is at it; its answer is dropped */
    *lookup = NULL;
}
