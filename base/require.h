/* Two kinds of assertion.
 *
 * require(x)  a fact without which the process must not go on; always compiled in; aborts.
 * broken(x)   a fact whose absence the caller must handle, by blocking: `if (broken(len <= cap)) return OUTCOME_FAULT;`
 *             In debug builds it also aborts, so that tests find it. */
#ifndef SLUICE_BASE_REQUIRE_H
#define SLUICE_BASE_REQUIRE_H

#include <stdbool.h>

/* Prints the expression's text and place, never a value of the program's, and aborts. */
_Noreturn void require_failed(const char *expression, const char *file, int line);

/* True when the fact does not hold. */
bool broken_report(bool holds, const char *expression, const char *file, int line);

#define require(x) ((x) ? (void)0 : require_failed(#x, __FILE__, __LINE__))
#define broken(x) (__builtin_expect(!(x), 0) && broken_report(false, #x, __FILE__, __LINE__))

#endif
