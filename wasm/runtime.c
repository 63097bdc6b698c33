/* What the verifier wants of a C library and of the compiler's own. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void *memcpy(void *restrict out, const void *restrict from, size_t n) {
    uint8_t *to = out;
    const uint8_t *at = from;
    while (n-- > 0)
        *to++ = *at++;
    return out;
}

void *memmove(void *out, const void *from, size_t n) {
    uint8_t *to = out;
    const uint8_t *at = from;
    if ((uintptr_t)to <= (uintptr_t)at)
        return memcpy(out, from, n);
    while (n-- > 0)
        to[n] = at[n];
    return out;
}

void *memset(void *out, int byte, size_t n) {
    uint8_t *to = out;
    while (n-- > 0)
        *to++ = (uint8_t)byte;
    return out;
}

int memcmp(const void *a, const void *b, size_t n) {
    const uint8_t *x = a, *y = b;
    for (; n > 0; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strnlen(const char *s, size_t most) {
    size_t n = 0;
    while (n < most && s[n] != '\0')
        n++;
    return n;
}

size_t strlen(const char *s) { return strnlen(s, SIZE_MAX); }

void explicit_bzero(void *out, size_t n) {
    volatile uint8_t *to = out;
    while (n-- > 0)
        *to++ = 0;
}

/* ---- 128-bit integers: the names are the compiler's ---- */

typedef unsigned __int128 u128;
typedef __int128 i128;

union halves {
    u128 whole;
    struct {
        uint64_t low, high;
    } half;
};

i128 __multi3(i128 a, i128 b);
u128 __udivti3(u128 a, u128 b);
i128 __ashlti3(i128 a, int bits);
i128 __ashrti3(i128 a, int bits);
i128 __lshrti3(i128 a, int bits);

i128 __multi3(i128 a, i128 b) {
    union halves x = {(u128)a}, y = {(u128)b}, product;
    uint64_t x0 = (uint32_t)x.half.low, x1 = x.half.low >> 32;
    uint64_t y0 = (uint32_t)y.half.low, y1 = y.half.low >> 32;
    uint64_t low = x0 * y0, middle = x1 * y0 + (low >> 32), other = x0 * y1 + (uint32_t)middle;
    product.half.low = other << 32 | (uint32_t)low;
    product.half.high = x1 * y1 + (middle >> 32) + (other >> 32) + x.half.low * y.half.high +
                        x.half.high * y.half.low;
    return (i128)product.whole;
}

i128 __ashlti3(i128 a, int bits) {
    union halves x = {(u128)a}, out = {0};
    if (bits >= 64) {
        out.half.high = x.half.low << (bits - 64);
    } else if (bits > 0) {
        out.half.low = x.half.low << bits;
        out.half.high = x.half.high << bits | x.half.low >> (64 - bits);
    } else {
        out = x;
    }
    return (i128)out.whole;
}

static u128 shift_right(u128 a, int bits, uint64_t sign) {
    union halves x = {a}, out;
    if (bits >= 64) {
        out.half.low = x.half.high >> (bits - 64);
        if (bits > 64)
            out.half.low |= sign << (128 - bits);
        out.half.high = sign;
    } else if (bits > 0) {
        out.half.low = x.half.low >> bits | x.half.high << (64 - bits);
        out.half.high = x.half.high >> bits | sign << (64 - bits);
    } else {
        out = x;
    }
    return out.whole;
}

i128 __lshrti3(i128 a, int bits) { return (i128)shift_right((u128)a, bits, 0); }

i128 __ashrti3(i128 a, int bits) {
    union halves x = {(u128)a};
    return (i128)shift_right(x.whole, bits, x.half.high >> 63 != 0 ? UINT64_MAX : 0);
}

/* Bit by bit: the calculator divides some thousand times. */
u128 __udivti3(u128 a, u128 b) {
    u128 quotient = 0, rest = 0;
    for (int bit = 127; bit >= 0; bit--) {
        bool carry = rest >> 127 != 0;
        rest = rest << 1 | (a >> bit & 1);
        if (carry || rest >= b) {
            rest -= b;
            quotient |= (u128)1 << bit;
        }
    }
    return quotient;
}

/* ---- texts ---- */

struct text {
    char *out;
    size_t capacity, len;
};

static void put(struct text *t, char c) {
    if (t->len + 1 < t->capacity)
        t->out[t->len] = c;
    t->len++;
}

static void put_number(struct text *t, unsigned long long v, unsigned base, int width, char pad,
                       bool negative) {
    char digits[24];
    int n = 0;
    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v != 0);
    if (negative)
        digits[n++] = '-';
    for (; width > n; width--)
        put(t, pad);
    while (n > 0)
        put(t, digits[--n]);
}

static unsigned long long next_unsigned(va_list *args, int longs) {
    if (longs == 2)
        return va_arg(*args, unsigned long long);
    return longs == 1 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned);
}

static long long next_signed(va_list *args, int longs) {
    if (longs == 2)
        return va_arg(*args, long long);
    return longs == 1 ? va_arg(*args, long) : va_arg(*args, int);
}

static const char *put_field(struct text *t, const char *fmt, va_list *args) {
    char pad = ' ';
    int width = 0, longs = 0;
    if (*fmt == '0')
        pad = *fmt++;
    for (; *fmt >= '0' && *fmt <= '9'; fmt++)
        width = 10 * width + (*fmt - '0');
    for (; *fmt == 'l' || *fmt == 'z'; fmt++)
        longs++;
    switch (*fmt) {
    case 's':
        for (const char *s = va_arg(*args, const char *); *s != '\0'; s++)
            put(t, *s);
        break;
    case 'c': put(t, (char)va_arg(*args, int)); break;
    case 'd': {
        long long v = next_signed(args, longs);
        unsigned long long size = v < 0 ? 0ull - (unsigned long long)v : (unsigned long long)v;
        put_number(t, size, 10, width, pad, v < 0);
        break;
    }
    case 'u': put_number(t, next_unsigned(args, longs), 10, width, pad, false); break;
    case 'x': put_number(t, next_unsigned(args, longs), 16, width, pad, false); break;
    case '\0': return fmt;
    default: put(t, *fmt);
    }
    return fmt + 1;
}

int vsnprintf(char *out, size_t capacity, const char *fmt, va_list args) {
    struct text t = {out, capacity, 0};
    va_list own;
    va_copy(own, args);
    while (*fmt != '\0') {
        if (*fmt == '%')
            fmt = put_field(&t, fmt + 1, &own);
        else
            put(&t, *fmt++);
    }
    va_end(own);
    if (capacity > 0)
        out[t.len < capacity ? t.len : capacity - 1] = '\0';
    return (int)t.len;
}
