#include "base/text.h"

#include <string.h>

void hats_hex_encode(char *out, const void *data, size_t len_bytes) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;
    for (size_t i = 0; i < len_bytes; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len_bytes] = '\0';
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hats_hex_decode(uint8_t *out, size_t len_bytes, const char *text, size_t text_len) {
    if (text_len != 2 * len_bytes)
        return false;
    for (size_t i = 0; i < len_bytes; i++) {
        int hi = hex_value(text[2 * i]);
        int lo = hex_value(text[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t hats_base64url_len(size_t len_bytes) {
    return len_bytes / 3 * 4 + (len_bytes % 3 * 4 + 2) / 3;
}

static char *encode(char *out, const uint8_t *p, size_t len_bytes, const char *digits) {
    uint32_t bits = 0;
    unsigned n = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        bits = bits << 8 | p[i];
        n += 8;
        while (n >= 6) {
            n -= 6;
            *out++ = digits[bits >> n & 63];
        }
    }
    if (n != 0)
        *out++ = digits[bits << (6 - n) & 63];
    *out = '\0';
    return out;
}

void hats_base64url_encode(char *out, const void *data, size_t len_bytes) {
    (void)encode(out, data, len_bytes, url_digits);
}

size_t hats_base64_len(size_t len_bytes) { return (len_bytes + 2) / 3 * 4; }

void hats_base64_encode(char *out, const void *data, size_t len_bytes) {
    const char *start = out;
    out = encode(out, data, len_bytes, std_digits);
    while ((out - start) % 4 != 0)
        *out++ = '=';
    *out = '\0';
}

static int value_of(char c, const char *digits) {
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool decode(uint8_t *out, size_t cap_bytes, size_t *out_len, const char *text,
                   size_t text_len, const char *digits) {
    if (text_len % 4 == 1 || text_len / 4 * 3 + (text_len % 4 * 3) / 4 > cap_bytes)
        return false;
    uint32_t bits = 0;
    unsigned n = 0;
    size_t len = 0;
    for (size_t i = 0; i < text_len; i++) {
        int v = value_of(text[i], digits);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        if (n >= 8) {
            n -= 8;
            out[len++] = (uint8_t)(bits >> n);
        }
    }
    if ((bits & ((1u << n) - 1)) != 0)
        return false;
    *out_len = len;
    return true;
}

bool hats_base64url_decode(uint8_t *out, size_t cap_bytes, size_t *out_len, const char *text,
                           size_t text_len) {
    return decode(out, cap_bytes, out_len, text, text_len, url_digits);
}

bool hats_base64_decode(uint8_t *out, size_t cap_bytes, size_t *out_len, const char *text,
                        size_t text_len) {
    if (text_len % 4 != 0)
        return false;
    for (unsigned pad = 0; pad < 2 && text_len != 0 && text[text_len - 1] == '='; pad++)
        text_len--;
    return decode(out, cap_bytes, out_len, text, text_len, std_digits);
}

bool hats_parse_u64(uint64_t *out, const char *text, size_t text_len) {
    if (text_len == 0 || text_len > 20 || (text[0] == '0' && text_len > 1))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < text_len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        unsigned digit = (unsigned)(text[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}
