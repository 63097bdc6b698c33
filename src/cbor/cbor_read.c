#include "cbor/cbor.h"
#include "cbor/head.h"

#include <string.h>

/* The argument that follows a first byte with additional information 24 .. 27, and the smallest value
 * that may be written that way. */
static uint64_t read_argument(struct hats_reader *r, unsigned info, uint64_t *least) {
    switch (info) {
    case 24: *least = 24; return hats_read_u8(r);
    case 25: *least = (uint64_t)UINT8_MAX + 1; return hats_read_be16(r);
    case 26: *least = (uint64_t)UINT16_MAX + 1; return hats_read_be32(r);
    default: *least = (uint64_t)UINT32_MAX + 1; return hats_read_be64(r);
    }
}

static enum cbor_fault check_simple(unsigned info) {
    if (info == CBOR_FALSE || info == CBOR_TRUE || info == CBOR_NULL)
        return CBOR_FINE;
    if (info >= 25 && info <= 27)
        return CBOR_FLOAT;
    return CBOR_OTHER_SIMPLE;
}

enum cbor_fault hats_cbor_read_head(struct hats_reader *r, struct cbor_head *out) {
    uint8_t first = hats_read_u8(r);
    if (r->failed)
        return CBOR_TRUNCATED;
    unsigned info = first & 31;
    out->major = (enum cbor_major)(first >> 5);
    out->argument = info;
    if (info == 31)
        return CBOR_INDEFINITE;
    if (info >= 28)
        return CBOR_RESERVED;
    if (out->major == CBOR_SIMPLE)
        return check_simple(info);
    if (info < 24)
        return CBOR_FINE;
    uint64_t least;
    out->argument = read_argument(r, info, &least);
    if (r->failed)
        return CBOR_TRUNCATED;
    return out->argument < least ? CBOR_LONG : CBOR_FINE;
}

/* One well-formed sequence of RFC 3629, its length, or 0. */
static size_t utf8_sequence(const uint8_t *s, size_t left) {
    static const struct {
        uint8_t first_lo, first_hi, second_lo, second_hi, len;
    } forms[] = {
        {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        if (s[0] < forms[f].first_lo || s[0] > forms[f].first_hi)
            continue;
        size_t len = forms[f].len;
        if (len > left)
            return 0;
        if (len > 1 && (s[1] < forms[f].second_lo || s[1] > forms[f].second_hi))
            return 0;
        for (size_t i = 2; i < len; i++)
            if ((s[i] & 0xc0) != 0x80)
                return 0;
        return len;
    }
    return 0;
}

bool hats_cbor_text_valid(const char *text, size_t len_bytes) {
    const uint8_t *s = (const uint8_t *)text;
    for (size_t at = 0; at < len_bytes;) {
        size_t n = utf8_sequence(s + at, len_bytes - at);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

static bool fail(struct hats_reader *r) {
    r->failed = true;
    return false;
}

/* The argument of the next item when it has this major type. */
static bool take(struct hats_reader *r, enum cbor_major major, uint64_t *argument) {
    struct cbor_head head;
    *argument = 0;
    if (hats_cbor_read_head(r, &head) != CBOR_FINE || head.major != major)
        return fail(r);
    *argument = head.argument;
    return true;
}

enum hats_cbor_kind hats_cbor_peek(const struct hats_reader *r) {
    struct hats_reader ahead = *r;
    struct cbor_head head;
    if (hats_cbor_read_head(&ahead, &head) != CBOR_FINE)
        return HATS_CBOR_NONE;
    switch (head.major) {
    case CBOR_UINT: return HATS_CBOR_UINT;
    case CBOR_NINT: return HATS_CBOR_NINT;
    case CBOR_BYTES: return HATS_CBOR_BYTES;
    case CBOR_TEXT: return HATS_CBOR_TEXT;
    case CBOR_ARRAY: return HATS_CBOR_ARRAY;
    case CBOR_MAP: return HATS_CBOR_MAP;
    case CBOR_TAG: return HATS_CBOR_TAG;
    default: return head.argument == CBOR_NULL ? HATS_CBOR_NULL : HATS_CBOR_BOOL;
    }
}

bool hats_cbor_get_uint(struct hats_reader *r, uint64_t *out) { return take(r, CBOR_UINT, out); }

bool hats_cbor_get_int(struct hats_reader *r, int64_t *out) {
    struct cbor_head head;
    *out = 0;
    if (hats_cbor_read_head(r, &head) != CBOR_FINE || head.argument > INT64_MAX)
        return fail(r);
    if (head.major != CBOR_UINT && head.major != CBOR_NINT)
        return fail(r);
    *out = head.major == CBOR_UINT ? (int64_t)head.argument : -1 - (int64_t)head.argument;
    return true;
}

bool hats_cbor_get_bytes(struct hats_reader *r, const uint8_t **data, size_t *len_bytes) {
    uint64_t n;
    *data = NULL;
    *len_bytes = 0;
    if (!take(r, CBOR_BYTES, &n) || n > hats_reader_left(r))
        return fail(r);
    *data = hats_read_span(r, (size_t)n);
    *len_bytes = (size_t)n;
    return true;
}

bool hats_cbor_get_text(struct hats_reader *r, const char **text, size_t *len_bytes) {
    uint64_t n;
    *text = NULL;
    *len_bytes = 0;
    if (!take(r, CBOR_TEXT, &n) || n > hats_reader_left(r))
        return fail(r);
    const uint8_t *span = hats_read_span(r, (size_t)n);
    if (!hats_cbor_text_valid((const char *)span, (size_t)n))
        return fail(r);
    *text = (const char *)span;
    *len_bytes = (size_t)n;
    return true;
}

bool hats_cbor_get_bytes_exact(struct hats_reader *r, void *out, size_t len_bytes) {
    const uint8_t *data;
    size_t n;
    memset(out, 0, len_bytes);
    if (!hats_cbor_get_bytes(r, &data, &n) || n != len_bytes)
        return fail(r);
    memcpy(out, data, n);
    return true;
}

bool hats_cbor_get_string(struct hats_reader *r, char *out, size_t cap_bytes) {
    const char *text;
    size_t n;
    memset(out, 0, cap_bytes);
    if (!hats_cbor_get_text(r, &text, &n) || n >= cap_bytes || memchr(text, 0, n) != NULL)
        return fail(r);
    memcpy(out, text, n);
    return true;
}

bool hats_cbor_get_array(struct hats_reader *r, size_t *n_items) {
    uint64_t n;
    *n_items = 0;
    if (!take(r, CBOR_ARRAY, &n) || n > hats_reader_left(r))
        return fail(r);
    *n_items = (size_t)n;
    return true;
}

bool hats_cbor_get_map(struct hats_reader *r, size_t *n_pairs) {
    uint64_t n;
    *n_pairs = 0;
    if (!take(r, CBOR_MAP, &n) || n > hats_reader_left(r) / 2)
        return fail(r);
    *n_pairs = (size_t)n;
    return true;
}

bool hats_cbor_get_tag(struct hats_reader *r, uint64_t expected) {
    uint64_t tag;
    return take(r, CBOR_TAG, &tag) && (tag == expected || fail(r));
}

bool hats_cbor_get_bool(struct hats_reader *r, bool *out) {
    uint64_t v;
    *out = false;
    if (!take(r, CBOR_SIMPLE, &v) || v == CBOR_NULL)
        return fail(r);
    *out = v == CBOR_TRUE;
    return true;
}

bool hats_cbor_get_null(struct hats_reader *r) {
    uint64_t v;
    return take(r, CBOR_SIMPLE, &v) && (v == CBOR_NULL || fail(r));
}

bool hats_cbor_take_null(struct hats_reader *r) {
    return hats_cbor_peek(r) == HATS_CBOR_NULL && hats_cbor_get_null(r);
}

bool hats_cbor_skip(struct hats_reader *r) {
    const uint8_t *data;
    size_t len_bytes;
    return hats_cbor_get_item(r, &data, &len_bytes);
}

/* Items that one item still owes, after its head: counts, not recursion, so depth costs nothing. */
static bool owed_after(struct hats_reader *r, const struct cbor_head *head, uint64_t *owed) {
    uint64_t left = hats_reader_left(r);
    *owed = 0;
    switch (head->major) {
    case CBOR_BYTES:
    case CBOR_TEXT:
        if (head->argument > left)
            return false;
        (void)hats_read_span(r, (size_t)head->argument);
        return true;
    case CBOR_ARRAY: *owed = head->argument; return head->argument <= left;
    case CBOR_MAP: *owed = head->argument * 2; return head->argument <= left / 2;
    case CBOR_TAG: *owed = 1; return true;
    default: return true;
    }
}

bool hats_cbor_get_item(struct hats_reader *r, const uint8_t **data, size_t *len_bytes) {
    const uint8_t *start = r->at;
    *data = NULL;
    *len_bytes = 0;
    for (uint64_t owed = 1; owed > 0; owed--) {
        struct cbor_head head;
        uint64_t more;
        if (hats_cbor_read_head(r, &head) != CBOR_FINE || !owed_after(r, &head, &more))
            return fail(r);
        owed += more;
        if (owed - 1 > hats_reader_left(r)) /* each item takes a byte: so no overflow either */
            return fail(r);
    }
    *data = start;
    *len_bytes = (size_t)(r->at - start);
    return true;
}
