/* The proof, before anything is served, that rules and policy block what they must. */
#ifndef SLUICE_GATEWAY_CONFIG_KNOWN_SECRET_H
#define SLUICE_GATEWAY_CONFIG_KNOWN_SECRET_H

#include "base/outcome.h"
#include "detect/detector.h"
#include "route/policy.h"

/* Scans and judges a text with a private key in it. INVALID with detail when it would not be blocked;
 * otherwise what scanning and deciding answer. */
enum outcome known_secret_blocks(const struct detector *detector, const struct policy *policy,
                                 struct detail *detail) MUST_CHECK;

#endif
