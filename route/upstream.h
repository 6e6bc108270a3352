/* What the decision knows of an upstream: its name, how far it is trusted, the wire format it speaks, and
 * what it calls the models. Addresses, keys and connections are no business of this room.
 *
 * Glossary
 *   class   how far an upstream is trusted: local (our own machines), subscription (a contract forbids
 *           training and sharing), metered (anybody's endpoint, paid by the token)
 *
 * Owns: nothing; a struct route_upstream is a view of settings that outlive it.  Threads: any. */
#ifndef SLUICE_ROUTE_UPSTREAM_H
#define SLUICE_ROUTE_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "detect/finding.h"

#define ROUTE_UPSTREAMS_MAX 64

/* Zero is no class: nothing may go there. */
enum upstream_class { CLASS_NONE = 0, CLASS_LOCAL, CLASS_SUBSCRIPTION, CLASS_METERED };

/* A model's name as agents ask for it, and what this upstream calls it. `from` "*" stands for every
 * model that no other entry names. */
struct route_model {
    const char *from, *to;
};

struct route_upstream {
    const char *name;
    const char *api; /* the wire format: "openai" */
    const struct route_model *models;
    uint32_t model_count;
    enum upstream_class class_;
};

/* The table of DESIGN.md section 2. TIER_NONE, TIER_BLOCKED, CLASS_NONE and unknown numbers: false. */
bool tier_allows_class(enum tier tier, enum upstream_class class_);

/* "local", "subscription", "metered"; "none" for anything else. Static storage. */
const char *upstream_class_name(enum upstream_class class_);

/* The three words above, exactly; *class_out is CLASS_NONE when false. */
bool upstream_class_parse(struct slice text, enum upstream_class *class_out);

/* The name under which `upstream` knows the model `asked`. *mapped_out is always set: the mapped name, or
 * `asked` unchanged. Answers the mapped name, or NULL when nothing needs to change. */
const char *upstream_model(const struct route_upstream *upstream, struct slice asked, struct slice *mapped_out);

#endif
