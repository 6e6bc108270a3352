/* The validators that packs can name, and the one lookup by name.
 *
 * A validator sees the whole text, so that it can also ask what stands on either side of the value.
 * Validators are grouped by what they know: numbers with checksums, phones, networks, secrets.
 *
 * Threads: any; pure functions over the text. Cost: bounded by the value's length, not the text's. */
#ifndef SLUICE_DETECT_VALIDATE_H
#define SLUICE_DETECT_VALIDATE_H

#include "detect/rule.h"

/* NULL when there is no validator of that name. */
validate_fn *validate_find(const char *name);

/* -- any value -- */

/* No letter, digit, underscore, dash, or dot with a digit behind it, touches the value. */
bool validate_alone(struct slice text, struct text_range value);

/* No + or / touches the value: it is not a piece of base64. */
bool validate_not_in_base64(struct slice text, struct text_range value);
/* No other number beside it, one blank away: `2048 4096 8192`. */
bool validate_not_in_series(struct slice text, struct text_range value);
/* No lower-case letter. */
bool validate_upper_case(struct slice text, struct text_range value);

/* -- numbers with checksums (validate_number.c) -- */

bool validate_aadhaar(struct slice text, struct text_range value);        /* Verhoeff, UIDAI */
bool validate_aba_routing(struct slice text, struct text_range value);    /* weights 3 7 1, ABA */
bool validate_card(struct slice text, struct text_range value);           /* ISO/IEC 7812: issuer, length, Luhn */
bool validate_codice_fiscale(struct slice text, struct text_range value); /* Italy, D.M. 23 December 1976 */
bool validate_cpf(struct slice text, struct text_range value);            /* Brazil, two digits modulo 11 */
bool validate_dni(struct slice text, struct text_range value);            /* Spain, DNI and NIE: letter modulo 23 */
bool validate_iban(struct slice text, struct text_range value);           /* ISO 13616: country length, modulo 97 */
bool validate_nhs(struct slice text, struct text_range value);            /* England, modulo 11 */
bool validate_nir(struct slice text, struct text_range value);            /* France, 97 - n modulo 97 */
bool validate_sin(struct slice text, struct text_range value);            /* Canada, Luhn */
bool validate_ssn(struct slice text, struct text_range value);            /* USA, areas and groups never issued */

/* -- phones (validate_phone.c) -- */

/* 8 to 15 digits behind + and an assigned country code (ITU-T E.164). */
bool validate_phone_international(struct slice text, struct text_range value);
/* North America: neither part of a longer number, nor a version, date or identifier. */
bool validate_phone_nanp(struct slice text, struct text_range value);
/* A national number with trunk prefix 0: 9 to 12 digits in plausible groups. */
bool validate_phone_national(struct slice text, struct text_range value);
/* A number behind a word such as "phone": 7 to 15 digits. */
bool validate_phone_in_context(struct slice text, struct text_range value);

/* -- networks (validate_network.c) -- */

bool validate_email(struct slice text, struct text_range value);
/* Valid octets; not loopback, this-network, mask, broadcast, multicast, documentation (RFC 5737) or a
 * public resolver; not a version or section number. */
bool validate_ipv4(struct slice text, struct text_range value);
/* Readable by inet_pton, global, unique-local or link-local. */
bool validate_ipv6(struct slice text, struct text_range value);
bool validate_mac(struct slice text, struct text_range value);
bool validate_internal_host(struct slice text, struct text_range value);
bool validate_unc_path(struct slice text, struct text_range value);

/* -- secrets (validate_secret.c) -- */

/* No EXAMPLE, xxxx, your_key, <...>, ${...}, *** and the like. */
bool validate_not_placeholder(struct slice text, struct text_range value);
/* What a person would choose as a password, not a word, type, call or variable. */
bool validate_password(struct slice text, struct text_range value);
/* What a machine would issue: letters and digits mixed, enough of them, and no words joined by dashes. */
bool validate_key(struct slice text, struct text_range value);
/* Letters and digits both, in whatever case. */
bool validate_mixed(struct slice text, struct text_range value);
/* A URL's password that is neither a placeholder nor the user's name. */
bool validate_url_password(struct slice text, struct text_range value);
/* Base64 of `user:password` (RFC 7617). */
bool validate_basic(struct slice text, struct text_range value);
/* Base64url whose first part is a JSON object with a member "alg" (RFC 7515). */
bool validate_jwt(struct slice text, struct text_range value);
/* A PEM block with at least 64 bytes of key behind its first line. */
bool validate_pem(struct slice text, struct text_range value);

#endif
