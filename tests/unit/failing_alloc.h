/* Fails the Nth heap allocation that our own code makes, so that tests can fail every one of them once.
 *
 *     for (unsigned nth = 1;; nth++) {
 *         failing_alloc_arm(nth);
 *         run_what_is_tested();             must survive: an error, no crash, no leak
 *         if (!failing_alloc_disarm()) break;   it never came to the Nth: all were failed
 *     }
 *
 * The linker routes malloc, calloc and realloc of our objects here (--wrap); shared libraries keep
 * their own.  Threads: the count is shared by all; arm only when one thread allocates. */
#ifndef SLUICE_TESTS_FAILING_ALLOC_H
#define SLUICE_TESTS_FAILING_ALLOC_H

#include <stdbool.h>

void failing_alloc_arm(unsigned nth);

/* True when an allocation was failed since arming. */
bool failing_alloc_disarm(void);

#endif
