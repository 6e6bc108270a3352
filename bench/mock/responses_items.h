/* The output items of a Responses answer, whole; a stream is derived from them.
 *
 * All functions answer new references; NULL when there is no memory. */
#ifndef SLUICE_BENCH_MOCK_RESPONSES_ITEMS_H
#define SLUICE_BENCH_MOCK_RESPONSES_ITEMS_H

#include <jansson.h>

#include "bench/mock/behaviour.h"
#include "bench/mock/chat_text.h"

/* How a call of one kind is named in items and events. */
struct responses_call_kind {
    const char *item;  /* the item's type */
    const char *id;    /* prefix of its id */
    const char *field; /* where its text stands, in the item and in the event that ends it */
    const char *event; /* what its events' names begin with; ".delta" and ".done" follow */
};

/* The row of an item's type; NULL when it is no call. */
const struct responses_call_kind *responses_call_kind_of(const char *item_type);

/* reasoning, message, calls, in this order; ids are made of `number`. */
json_t *responses_items(const struct chat_text *text, const struct behaviour *behaviour, unsigned long long number);

/* The item as it is when it begins: in progress, with nothing said yet. */
json_t *responses_item_begun(json_t *item);

/* {"input_tokens": .., ..} */
json_t *responses_usage(const struct chat_text *text, size_t prompt_bytes);

#endif
