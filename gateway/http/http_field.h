/* One header field of a message, as a view. */
#ifndef SLUICE_HTTP_HTTP_FIELD_H
#define SLUICE_HTTP_HTTP_FIELD_H

#include "base/slice.h"

/* No head may hold more of them; one that does is refused. */
#define HTTP_FIELDS_MAX 100

struct http_field {
    struct slice name;  /* as the sender spelled it; compare without regard to case */
    struct slice value; /* without the white space around it; may be empty */
};

#endif
