/* How a request can be served by an upstream that speaks another format. */
#ifndef SLUICE_GATEWAY_API_BRIDGE_H
#define SLUICE_GATEWAY_API_BRIDGE_H

#include "gateway/api/api.h"
#include "gateway/translate/translate.h"

/* From the agent's format to the upstream's. */
struct api_bridge {
    enum translate_format agent, upstream;
    const struct api *api;     /* the upstream's format */
    const char *upstream_path; /* behind the upstream's base path */
};

/* False: this route cannot be carried to upstreams of that family. Not for the route's own family. */
bool api_bridge_find(const struct api_route *route, struct slice family, struct api_bridge *bridge_out);

/* The families that can serve a route, its own first, ended by NULL. */
const char *const *api_families_for(const struct api_route *route);

#endif
