#include "gateway/net/uv_outcome.h"

#include <uv.h>

enum outcome net_uv_outcome(int status) {
    if (status >= 0) return OUTCOME_OK;
    switch (status) {
    case UV_ENOMEM:
    case UV_ENOBUFS:
    case UV_EAI_MEMORY: return OUTCOME_NO_MEMORY;
    case UV_EMFILE:
    case UV_ENFILE: return OUTCOME_OVERFLOW;
    case UV_EADDRINUSE: return OUTCOME_CONFLICT;
    case UV_EACCES:
    case UV_EPERM: return OUTCOME_DENIED;
    case UV_ETIMEDOUT: return OUTCOME_TIMEOUT;
    case UV_EOF:
    case UV_ECANCELED: return OUTCOME_CLOSED;
    default: return OUTCOME_IO;
    }
}

enum outcome net_errno_outcome(int error) {
    return net_uv_outcome(uv_translate_sys_error(error));
}
