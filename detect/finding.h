/* The one word that detect and route share: what was found, where, and how bad it is. Types only.
 *
 * Units: offsets into the scanned text, half-open. Confidence from 0 to 1. */
#ifndef SLUICE_DETECT_FINDING_H
#define SLUICE_DETECT_FINDING_H

#include <stdbool.h>
#include <stdint.h>

/* How sensitive; greater is worse. Zero is no tier: a request without one is blocked. */
enum tier { TIER_NONE = 0, TIER_LOW, TIER_MEDIUM, TIER_HIGH, TIER_BLOCKED };

/* What every finding of one rule has in common. Strings live as long as the detector. */
struct rule_info {
    const char *id;    /* "aws_access_key_id" */
    const char *kind;  /* "email", "credential", ... */
    const char *label; /* the kind's word in tokens: "EMAIL" */
    enum tier tier;
    bool replace; /* a value that a token can stand for; false: a word that only routes */
    float confidence;
};

struct finding {
    uint32_t begin, end;
    uint16_t rule; /* index for detector_rule */
    float confidence;
};

/* Sorted by begin, then longer first. Overlaps stay: each counts for the tier. */
struct finding_list {
    struct finding *items;
    uint32_t count;
};

#endif
