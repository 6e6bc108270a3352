/* The states of both readers, and the one way through them.
 *
 *     HEAD --head--> BODY --done--> DONE --reset--> HEAD
 *       any --refused--> REFUSED, for ever */
#ifndef SLUICE_HTTP_READER_STATE_H
#define SLUICE_HTTP_READER_STATE_H

#include "gateway/http/http_event.h"

enum reader_state { READER_REFUSED, READER_IN_HEAD, READER_IN_BODY, READER_DONE };

static inline enum reader_state reader_state_after(enum reader_state state, enum http_event event) {
    switch (event) {
    case HTTP_NEED_MORE:
    case HTTP_BODY: return state;
    case HTTP_HEAD: return READER_IN_BODY;
    case HTTP_DONE: return READER_DONE;
    case HTTP_REFUSED: break;
    }
    return READER_REFUSED;
}

#endif
