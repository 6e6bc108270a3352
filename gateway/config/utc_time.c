#include "gateway/config/utc_time.h"

struct moment {
    uint32_t year, month, day, hour, minute, second;
};

/* Digits stand where `form` has `0`; everything else must be as it is there. */
static bool has_form(struct slice text, const char *form) {
    if (text.len != strlen(form)) return false;
    for (size_t i = 0; i < text.len; i++) {
        const bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (form[i] == '0' ? !digit : text.data[i] != form[i]) return false;
    }
    return true;
}

static uint32_t number(const char *digits, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) value = value * 10 + (uint32_t)(digits[i] - '0');
    return value;
}

static bool is_leap(uint32_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_of_month(uint32_t year, uint32_t month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static bool exists(const struct moment *at) {
    if (at->year < 1970 || at->month < 1 || at->month > 12) return false;
    if (at->day < 1 || at->day > days_of_month(at->year, at->month)) return false;
    return at->hour < 24 && at->minute < 60 && at->second < 60;
}

static uint64_t days_since_1970(const struct moment *at) {
    uint64_t days = at->day - 1;
    for (uint32_t month = 1; month < at->month; month++) days += days_of_month(at->year, month);
    for (uint32_t year = 1970; year < at->year; year++) days += is_leap(year) ? 366 : 365;
    return days;
}

bool utc_time_parse(struct slice text, uint64_t *ms_out) {
    const bool with_time = has_form(text, "0000-00-00T00:00:00Z");
    if (!with_time && !has_form(text, "0000-00-00")) return false;
    struct moment at = {number(text.data, 4), number(text.data + 5, 2), number(text.data + 8, 2), 0, 0, 0};
    if (with_time) {
        at.hour = number(text.data + 11, 2);
        at.minute = number(text.data + 14, 2);
        at.second = number(text.data + 17, 2);
    }
    if (!exists(&at)) return false;
    *ms_out = (((days_since_1970(&at) * 24 + at.hour) * 60 + at.minute) * 60 + at.second) * 1000;
    return true;
}
