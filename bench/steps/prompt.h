/* The body that is measured: a chat request from a file, or one made up to a size.
 *
 * A made-up request is a short agent conversation of ordinary prose and code; unless it is `clean`, every
 * kilobyte or so holds an e-mail address, a phone number or a host name. */
#ifndef SLUICE_BENCH_STEPS_PROMPT_H
#define SLUICE_BENCH_STEPS_PROMPT_H

#include "base/buffer.h"
#include "base/outcome.h"

enum outcome prompt_read(const char *path, struct buffer *body, struct detail *detail) MUST_CHECK;

/* About `bytes` long, at least the few hundred bytes around the text. A failure is the buffer's. */
void prompt_make(size_t bytes, bool clean, struct buffer *body);

#endif
