#include "detect/validate.h"

static const struct named {
    const char *name;
    validate_fn *validate;
} VALIDATORS[] = {
    {"aadhaar", validate_aadhaar},
    {"aba_routing", validate_aba_routing},
    {"alone", validate_alone},
    {"basic", validate_basic},
    {"card", validate_card},
    {"codice_fiscale", validate_codice_fiscale},
    {"cpf", validate_cpf},
    {"dni", validate_dni},
    {"email", validate_email},
    {"iban", validate_iban},
    {"internal_host", validate_internal_host},
    {"ipv4", validate_ipv4},
    {"ipv6", validate_ipv6},
    {"jwt", validate_jwt},
    {"key", validate_key},
    {"mac", validate_mac},
    {"mixed", validate_mixed},
    {"nhs", validate_nhs},
    {"nir", validate_nir},
    {"not_in_base64", validate_not_in_base64},
    {"not_in_series", validate_not_in_series},
    {"not_placeholder", validate_not_placeholder},
    {"password", validate_password},
    {"pem", validate_pem},
    {"phone_in_context", validate_phone_in_context},
    {"phone_international", validate_phone_international},
    {"phone_nanp", validate_phone_nanp},
    {"phone_national", validate_phone_national},
    {"sin", validate_sin},
    {"ssn", validate_ssn},
    {"unc_path", validate_unc_path},
    {"upper_case", validate_upper_case},
    {"url_password", validate_url_password},
};

validate_fn *validate_find(const char *name) {
    for (size_t i = 0; i < sizeof VALIDATORS / sizeof *VALIDATORS; i++)
        if (strcmp(VALIDATORS[i].name, name) == 0) return VALIDATORS[i].validate;
    return NULL;
}

bool validate_alone(struct slice text, struct text_range value) {
    const char before = text_before(text, value.begin), after = text_at(text, value.end);
    if (char_is_word(before) || before == '-' || char_is_word(after) || after == '-') return false;
    if (before == '.' && value.begin >= 2 && char_is_digit(text_at(text, value.begin - 2))) return false;
    return after != '.' || !char_is_digit(text_at(text, value.end + 1));
}

bool validate_not_in_series(struct slice text, struct text_range value) {
    const bool before = char_is_space(text_before(text, value.begin)) && value.begin >= 2 &&
                        char_is_digit(text_at(text, value.begin - 2));
    return !before && !(char_is_space(text_at(text, value.end)) && char_is_digit(text_at(text, value.end + 1)));
}

bool validate_not_in_base64(struct slice text, struct text_range value) {
    return !char_is_any(text_before(text, value.begin), "+/") && !char_is_any(text_at(text, value.end), "+/");
}

bool validate_upper_case(struct slice text, struct text_range value) {
    for (uint32_t i = value.begin; i < value.end; i++)
        if (char_is_lower(text.data[i])) return false;
    return true;
}
