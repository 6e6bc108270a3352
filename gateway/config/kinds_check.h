/* The kinds that settings name, against the kinds that rules find.
 *
 * A kind that is misspelt would protect or permit nothing, silently. */
#ifndef SLUICE_GATEWAY_CONFIG_KINDS_CHECK_H
#define SLUICE_GATEWAY_CONFIG_KINDS_CHECK_H

#include "base/outcome.h"
#include "detect/detector.h"
#include "gateway/config/settings.h"

/* INVALID with detail when policy.kinds or overrides name a kind that no rule finds, or when policy.kinds
 * gives one a tier below all of its rules: a policy only raises. */
enum outcome kinds_check(const struct settings *settings, const struct detector *detector,
                         struct detail *detail) MUST_CHECK;

#endif
