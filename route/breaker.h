/* Stops asking an upstream that keeps failing, and tries again by itself.
 *
 *     closed --5 failures in a row--> open (10 s) --time is up--> half open: one probe
 *       ^                               ^                            |        |
 *       +---------- success ------------|----------------------------+        |
 *                                       +---- failure: twice as long, 60 s ---+
 *
 * A probe that never reports, because its agent went away, is replaced by another one after the time that
 * the breaker was open. What reports late, from before it opened, changes nothing, unless it is a success:
 * an upstream that answers is well.
 *
 * Owns: nothing; one an upstream and loop, zeroed: closed.
 * Units: milliseconds of the monotonic clock.  Threads: its loop's. */
#ifndef SLUICE_ROUTE_BREAKER_H
#define SLUICE_ROUTE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 5u
#define BREAKER_FIRST_OPEN_MS 10000u
#define BREAKER_LONGEST_OPEN_MS 60000u

enum breaker_state { BREAKER_CLOSED = 0, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
    enum breaker_state state;
    uint32_t failures;    /* in a row, while closed */
    uint32_t open_ms;     /* how long it is open this time */
    uint64_t next_try_ms; /* not closed: when the next probe may go */
};

/* True when a request may be sent now. Half open this *takes* the probe: ask only when about to send,
 * and report how it went. */
bool breaker_allows(struct breaker *breaker, uint64_t now_ms);

/* The upstream answered (whatever it said, short of 5xx). */
void breaker_success(struct breaker *breaker);

/* It could not be reached, broke off, timed out or answered 5xx. */
void breaker_failure(struct breaker *breaker, uint64_t now_ms);

/* How long until breaker_allows could say yes again; 0: now. For Retry-After and metrics; takes nothing. */
uint64_t breaker_wait_ms(const struct breaker *breaker, uint64_t now_ms);

#endif
