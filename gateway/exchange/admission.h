/* The end of the step `read`: who asks, for what, in which form. Refused here means that no body is read. */
#ifndef SLUICE_GATEWAY_EXCHANGE_ADMISSION_H
#define SLUICE_GATEWAY_EXCHANGE_ADMISSION_H

#include "gateway/exchange/exchange_inside.h"

/* Sets the exchange's route, api and agent from the head. status 0: admitted. */
struct api_error admission_judge(struct exchange *exchange, const struct http_head *head, bool admin);

#endif
