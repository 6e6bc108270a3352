#include "route/breaker.h"

static void open_for(struct breaker *breaker, uint32_t open_ms, uint64_t now_ms) {
    breaker->state = BREAKER_OPEN;
    breaker->failures = 0;
    breaker->open_ms = open_ms < BREAKER_LONGEST_OPEN_MS ? open_ms : BREAKER_LONGEST_OPEN_MS;
    breaker->next_try_ms = now_ms + breaker->open_ms;
}

bool breaker_allows(struct breaker *breaker, uint64_t now_ms) {
    if (breaker->state == BREAKER_CLOSED) return true;
    if (now_ms < breaker->next_try_ms) return false;
    breaker->state = BREAKER_HALF_OPEN;
    breaker->next_try_ms = now_ms + breaker->open_ms;
    return true;
}

void breaker_success(struct breaker *breaker) {
    *breaker = (struct breaker){.state = BREAKER_CLOSED};
}

void breaker_failure(struct breaker *breaker, uint64_t now_ms) {
    switch (breaker->state) {
    case BREAKER_CLOSED:
        if (++breaker->failures >= BREAKER_FAILURES) open_for(breaker, BREAKER_FIRST_OPEN_MS, now_ms);
        break;
    case BREAKER_HALF_OPEN: open_for(breaker, breaker->open_ms * 2, now_ms); break;
    case BREAKER_OPEN: break;
    }
}

uint64_t breaker_wait_ms(const struct breaker *breaker, uint64_t now_ms) {
    if (breaker->state == BREAKER_CLOSED || now_ms >= breaker->next_try_ms) return 0;
    return breaker->next_try_ms - now_ms;
}
