/* The extents that packs can name, and the one lookup by name: from a hit to its value.
 *
 * An extent may narrow (the value behind `password = `) or widen (all of a key whose first 20 symbols
 * are enough to know it). It looks at most EXTENT_REACH_BYTES past the hit (a web token: 8 KiB a part; a PEM block: 32
 * KiB), so that no text makes it slow.
 *
 * Threads: any; pure functions over the text. */
#ifndef SLUICE_DETECT_EXTENT_H
#define SLUICE_DETECT_EXTENT_H

#include "detect/rule.h"

#define EXTENT_REACH_BYTES 1024u

/* NULL when there is no extent of that name. */
extent_fn *extent_find(const char *name);

/* -- general (extent.c) -- */

/* The hit and the letters, digits, _ and - that follow it. */
bool extent_token(struct slice text, struct text_range *range);
/* The word that the hit ends in, whole: no blanks, quotes, brackets, commas, : or =. */
bool extent_last_word(struct slice text, struct text_range *range);
/* The hit and what else a password hash in crypt(5) form holds. */
bool extent_crypt_hash(struct slice text, struct text_range *range);
/* The number that the hit ends in: digits with single separators in between. */
bool extent_last_number(struct slice text, struct text_range *range);
/* The first digits in the hit. */
bool extent_first_number(struct slice text, struct text_range *range);
/* The hit and what may follow it in a URL. */
bool extent_url_tail(struct slice text, struct text_range *range);
/* The date that the hit ends in, with its month's name. */
bool extent_date(struct slice text, struct text_range *range);

/* -- contact and machines (extent_contact.c) -- */

/* From an @ in the hit both ways over what local part and domain may hold; stops where the script changes. */
bool extent_email(struct slice text, struct text_range *range);
/* The hit and the labels that follow it, each behind a dot. */
bool extent_domain_tail(struct slice text, struct text_range *range);
/* From the hit's begin over digits and their separators, to at most 15 digits (ITU-T E.164). */
bool extent_phone(struct slice text, struct text_range *range);
/* The same from the digit that the hit ends in, with a + or ( before it. */
bool extent_phone_behind(struct slice text, struct text_range *range);
/* The host name that the hit ends in, from its first label on. */
bool extent_host(struct slice text, struct text_range *range);
/* The hexadecimal digits, colons and dots that follow the hit. */
bool extent_ipv6(struct slice text, struct text_range *range);
/* The 17 bytes of a MAC address whose first separator the hit begins with. */
bool extent_mac(struct slice text, struct text_range *range);
/* All leading backslashes, the rest of the host name, the share and the path. */
bool extent_unc_path(struct slice text, struct text_range *range);

/* -- money (extent_money.c) -- */

/* The longest valid card number that begins where the hit begins. */
bool extent_card(struct slice text, struct text_range *range);
/* As many symbols as the country's IBAN has, from where the hit begins. */
bool extent_iban(struct slice text, struct text_range *range);
/* The amount whose last digit the hit begins with, its currency and magnitude; false when it is too
 * small to matter (`$5`) or counts something else (`32k tokens`). */
bool extent_money_before(struct slice text, struct text_range *range);
/* The same for the amount whose first digit the hit ends with. */
bool extent_money_behind(struct slice text, struct text_range *range);
/* The same for shares in percent. */
bool extent_percent_before(struct slice text, struct text_range *range);
bool extent_percent_behind(struct slice text, struct text_range *range);

/* -- secrets (extent_secret.c) -- */

/* The value assigned behind the hit: quoted, or up to the next blank; reaches over a type annotation. */
bool extent_assigned_value(struct slice text, struct text_range *range);
/* The same, but nothing behind names of tokens that are no secret: max_token, next_page_token, lock-token. */
bool extent_assigned_token(struct slice text, struct text_range *range);
/* The element's text behind `<password>`. */
bool extent_element(struct slice text, struct text_range *range);
/* The password of `scheme://user:password@`. */
bool extent_url_password(struct slice text, struct text_range *range);
/* All parts of a JWS or JWE, with their dots. */
bool extent_jwt(struct slice text, struct text_range *range);
/* From BEGIN to END, both included; to the last byte that looks like a key where END is missing. */
bool extent_pem(struct slice text, struct text_range *range);

#endif
