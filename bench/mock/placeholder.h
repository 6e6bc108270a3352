/* {{last_user}}, {{last_token}}, {{token N}} and {{earlier_token N}} in the texts of a scenario.
 *
 * A token is what looks like one, [A-Z]{1,12}_[2-9B-X]{10}; the mock does not know which were issued.
 * What has no value (no token in the request) becomes nothing. Other braces stay as they are. */
#ifndef SLUICE_BENCH_MOCK_PLACEHOLDER_H
#define SLUICE_BENCH_MOCK_PLACEHOLDER_H

#include "base/buffer.h"

/* Where the values come from; views. */
struct placeholder_source {
    struct slice last_user; /* decoded text */
    struct slice body;      /* the raw body, in which tokens are looked for */
    struct slice earlier;   /* the raw bodies of earlier requests of the same conversation */
};

enum placeholder_form {
    PLACEHOLDER_PLAIN, /* the value as it is */
    PLACEHOLDER_JSON   /* escaped, since the template is JSON text and the placeholder stands in a string of it */
};

/* Appends the template with its placeholders filled. Inserted text is not searched again. */
void placeholder_expand(struct slice template_text, const struct placeholder_source *source, enum placeholder_form form,
                        struct buffer *out);

#endif
