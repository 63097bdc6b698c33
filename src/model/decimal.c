#include "model/input.h"

/* value = digits * 10^exponent, digits without leading and trailing zeros. */
struct decimal {
    bool negative;
    char digit[20]; /* the first ones */
    size_t n_digits;
    int64_t exponent;
};

/* Enough for any exponent that could still give a value in range, with 64 KB of digits. */
#define EXPONENT_MAX 1000000

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits with at most one point; at least one digit. Returns how far it read, 0 for none. */
static size_t read_mantissa(struct decimal *d, const char *text, size_t len) {
    bool point = false;
    bool any = false;
    size_t i;
    int64_t zeros = 0; /* pending: trailing unless another digit follows */

    for (i = 0; i < len && (is_digit(text[i]) || (text[i] == '.' && !point)); i++) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        any = true;
        d->exponent -= point;
        if (text[i] == '0') {
            zeros += d->n_digits > 0;
            continue;
        }
        for (; zeros > 0; zeros--, d->n_digits++)
            if (d->n_digits < sizeof d->digit)
                d->digit[d->n_digits] = '0';
        if (d->n_digits < sizeof d->digit)
            d->digit[d->n_digits] = text[i];
        d->n_digits++;
    }
    d->exponent += zeros;
    return any ? i : 0;
}

static bool read_decimal(struct decimal *d, const char *text, size_t len) {
    size_t i = 0;
    size_t read;
    bool negative = false;
    int64_t e = 0;

    *d = (struct decimal){0};
    if (len > 0 && (text[0] == '-' || text[0] == '+')) {
        d->negative = text[0] == '-';
        i = 1;
    }
    read = read_mantissa(d, text + i, len - i);
    if (read == 0)
        return false;
    i += read;
    if (i == len)
        return true;
    if (text[i] != 'e' && text[i] != 'E')
        return false;
    i++;
    if (i < len && (text[i] == '-' || text[i] == '+'))
        negative = text[i++] == '-';
    if (i == len)
        return false;
    for (; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
        e = e < EXPONENT_MAX ? e * 10 + (text[i] - '0') : e;
    }
    d->exponent += negative ? -e : e;
    return true;
}

hats_status hats_decimal_parse(int64_t *out, const char *text, size_t len_bytes,
                               unsigned decimals) {
    struct decimal d;
    uint64_t v = 0;

    *out = 0;
    if (!read_decimal(&d, text, len_bytes))
        return HATS_E_MALFORMED;
    if (d.n_digits == 0)
        return HATS_OK;
    d.exponent += decimals;
    if (d.exponent < 0 || d.exponent > 18 || d.n_digits > 19)
        return HATS_E_RANGE;
    for (size_t i = 0; i < d.n_digits + (size_t)d.exponent; i++) {
        uint64_t digit = i < d.n_digits ? (uint64_t)(d.digit[i] - '0') : 0;
        if (v > ((uint64_t)INT64_MAX - digit) / 10)
            return HATS_E_RANGE;
        v = v * 10 + digit;
    }
    *out = d.negative ? -(int64_t)v : (int64_t)v;
    return HATS_OK;
}

int hats_decimal_digits(const char *text, size_t len_bytes) {
    struct decimal d;

    if (!read_decimal(&d, text, len_bytes))
        return -1;
    if (d.n_digits == 0 || d.exponent >= 0)
        return 0;
    return d.exponent < -HATS_PLAN_DECIMALS_MAX ? -1 : (int)-d.exponent;
}
