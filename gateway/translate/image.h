/* Images: data URLs (RFC 2397), references, and base64 whose type nobody told. */
#ifndef SLUICE_GATEWAY_TRANSLATE_IMAGE_H
#define SLUICE_GATEWAY_TRANSLATE_IMAGE_H

#include "base/buffer.h"
#include "gateway/translate/reading.h"

/* Fills an IMAGE part from an encoded url: a base64 data URL, http or https. UNSUPPORTED: another scheme or
 * coding. INVALID: not base64. NO_MEMORY. `node` is for the problem. */
enum outcome image_from_url(struct reading *reading, uint32_t node, struct slice encoded, struct part *part) MUST_CHECK;

/* From encoded base64 and an encoded media type; an absent type is read off the first bytes of the image (PNG,
 * JPEG, GIF, WebP; UNSUPPORTED else). */
enum outcome image_from_base64(struct reading *reading, uint32_t node, struct slice encoded_type,
                               struct slice encoded_data, struct part *part) MUST_CHECK;

/* Appends the member `url` that image_from_url reads. */
void image_write_url(struct buffer *out, const struct part *part);

#endif
