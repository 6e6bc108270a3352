/* Translates libuv's errors, once. Used by this folder only. */
#ifndef SLUICE_GATEWAY_NET_UV_OUTCOME_H
#define SLUICE_GATEWAY_NET_UV_OUTCOME_H

#include "base/outcome.h"

/* `status` is a libuv result: 0 or more is OK, UV_E... is an outcome. IO is what the network did;
 * NO_MEMORY and OVERFLOW (file descriptors) are this process's own limits. */
enum outcome net_uv_outcome(int status);

/* The same for errno's value of a system call. */
enum outcome net_errno_outcome(int error);

#endif
