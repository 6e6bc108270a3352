/* Settings, compiled: the detector, the policy with this place's adjustments, the upstreams as the decision
 * sees them. Built beside the one in use, published with one pointer; an exchange keeps the one that it
 * started with.
 *
 * Start-up refuses what would not protect: kinds that no rule finds, and rules and thresholds under which
 * a private key would not be blocked.
 *
 * Owns:    all it points to. It goes with its last reference.
 * Errors:  INVALID with detail (a pack, a kind, the proof), NOT_FOUND or IO (a rule file), NO_MEMORY, ENGINE.
 * Threads: immutable once created; snapshot_ref and snapshot_unref from any thread. */
#ifndef SLUICE_GATEWAY_CONFIG_SNAPSHOT_H
#define SLUICE_GATEWAY_CONFIG_SNAPSHOT_H

#include <stdatomic.h>

#include "detect/detector.h"
#include "gateway/config/settings.h"
#include "route/policy.h"
#include "route/upstream.h"

struct snapshot {
    uint64_t generation; /* 1, 2, ... in the order of creation in this process */
    struct settings *settings;
    struct detector *detector;
    struct policy policy;             /* the built-in one, with the settings' own */
    struct route_upstream *upstreams; /* index by index those of the settings */
    uint32_t upstream_count;
    _Atomic uint32_t references; /* snapshot_ref and snapshot_unref only */
};

/* Compiles the rule packs: fractions of a second. Takes the settings whatever comes of it, and sets
 * *settings to NULL. The caller holds the first reference. */
enum outcome snapshot_create(struct settings **settings, struct snapshot **snapshot_out,
                             struct detail *detail) MUST_CHECK;

/* One more reference, for a caller that can be sure of one. Answers `snapshot`. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);

/* Gives one back and sets *snapshot to NULL; the last one destroys. NULL is allowed. */
void snapshot_unref(struct snapshot **snapshot);

#endif
