/* Says where in a body something stands, for people: `$.messages[2].content[0].text`.
 *
 * A path is shown to agents and written to the audit log, so it may not carry a value: a member name is
 * shown only if it looks like a field's name and nothing was found in it; otherwise it reads `*`. */
#ifndef SLUICE_GATEWAY_EXCHANGE_JSON_PATH_H
#define SLUICE_GATEWAY_EXCHANGE_JSON_PATH_H

#include "gateway/exchange/inbound.h"

/* The path of the piece that the finding begins in, NUL-terminated in the arena; NULL on overflow or
 * when the body is plain text. */
const char *json_path_of_finding(const struct inbound *in, const struct finding *finding);

#endif
