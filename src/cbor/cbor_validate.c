#include "cbor/cbor.h"
#include "cbor/head.h"

#include <string.h>

struct walk {
    const uint8_t *start;
    struct hats_reader r;
    struct hats_error *err;
};

static hats_status head_fault(struct walk *w, enum cbor_fault fault, size_t at) {
    switch (fault) {
    case CBOR_TRUNCATED:
        return hats_fail(w->err, HATS_E_MALFORMED,
                         "CBOR is cut off: the item at byte %zu is not all there", at);
    case CBOR_LONG:
        return hats_fail(w->err, HATS_E_CANONICAL,
                         "not canonical CBOR: the number or length at byte %zu has a shorter form",
                         at);
    case CBOR_INDEFINITE:
        return hats_fail(w->err, HATS_E_CANONICAL,
                         "not canonical CBOR: indefinite length or break at byte %zu", at);
    case CBOR_RESERVED:
        return hats_fail(w->err, HATS_E_MALFORMED, "not CBOR: reserved first byte at byte %zu", at);
    case CBOR_FLOAT:
        return hats_fail(w->err, HATS_E_UNSUPPORTED,
                         "CBOR outside the profile: floating point at byte %zu", at);
    default:
        return hats_fail(
            w->err, HATS_E_UNSUPPORTED,
            "CBOR outside the profile: only false, true and null are known simple values "
            "(byte %zu)",
            at);
    }
}

static hats_status check_string(struct walk *w, const struct cbor_head *head, size_t at) {
    if (head->argument > hats_reader_left(&w->r))
        return head_fault(w, CBOR_TRUNCATED, at);
    const uint8_t *s = hats_read_span(&w->r, (size_t)head->argument);
    if (head->major == CBOR_TEXT && !hats_cbor_text_valid((const char *)s, (size_t)head->argument))
        return hats_fail(w->err, HATS_E_MALFORMED, "not CBOR: the text at byte %zu is not UTF-8",
                         at);
    return HATS_OK;
}

static hats_status check_item(struct walk *w, unsigned depth);

static hats_status check_array(struct walk *w, uint64_t n, size_t at, unsigned depth) {
    if (n > hats_reader_left(&w->r))
        return head_fault(w, CBOR_TRUNCATED, at);
    for (uint64_t i = 0; i < n; i++) {
        hats_status s = check_item(w, depth + 1);
        if (s != HATS_OK)
            return s;
    }
    return HATS_OK;
}

/* Bytewise order of encodings; no encoding of an item is the beginning of another. */
static int compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
    int d = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return d != 0 ? d : (a_len > b_len) - (a_len < b_len);
}

static hats_status check_map(struct walk *w, uint64_t n, size_t at, unsigned depth) {
    const uint8_t *last = NULL;
    size_t last_len = 0;
    if (n > hats_reader_left(&w->r) / 2)
        return head_fault(w, CBOR_TRUNCATED, at);
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *key = w->r.at;
        size_t key_at = (size_t)(key - w->start);
        if (w->r.at < w->r.end && *key >> 5 > CBOR_NINT)
            return hats_fail(w->err, HATS_E_UNSUPPORTED,
                             "CBOR outside the profile: the map key at byte %zu is not an integer",
                             key_at);
        hats_status s = check_item(w, depth + 1);
        if (s != HATS_OK)
            return s;
        size_t key_len = (size_t)(w->r.at - key);
        if (last != NULL && compare_keys(last, last_len, key, key_len) >= 0)
            return hats_fail(
                w->err, HATS_E_CANONICAL,
                "not canonical CBOR: the map key at byte %zu is out of order or a repeat", key_at);
        last = key;
        last_len = key_len;
        s = check_item(w, depth + 1);
        if (s != HATS_OK)
            return s;
    }
    return HATS_OK;
}

static bool nests(const struct cbor_head *head) {
    return head->major == CBOR_ARRAY || head->major == CBOR_MAP || head->major == CBOR_TAG;
}

/* depth: of this item if it nests, 1 for the outermost. So the recursion ends at 17. */
static hats_status check_item(struct walk *w, unsigned depth) {
    struct cbor_head head;
    size_t at = (size_t)(w->r.at - w->start);
    enum cbor_fault fault = hats_cbor_read_head(&w->r, &head);
    if (fault != CBOR_FINE)
        return head_fault(w, fault, at);
    if (depth > HATS_CBOR_DEPTH_MAX && nests(&head))
        return hats_fail(w->err, HATS_E_MALFORMED, "CBOR nests deeper than %d at byte %zu",
                         HATS_CBOR_DEPTH_MAX, at);
    switch (head.major) {
    case CBOR_BYTES:
    case CBOR_TEXT: return check_string(w, &head, at);
    case CBOR_ARRAY: return check_array(w, head.argument, at, depth);
    case CBOR_MAP: return check_map(w, head.argument, at, depth);
    case CBOR_TAG:
        if (head.argument != HATS_CBOR_TAG_SIGN1)
            return hats_fail(w->err, HATS_E_UNSUPPORTED,
                             "CBOR outside the profile: tag %llu at byte %zu; only tag 18 is known",
                             (unsigned long long)head.argument, at);
        return check_item(w, depth + 1);
    case CBOR_NINT:
        if (head.argument > INT64_MAX)
            return hats_fail(w->err, HATS_E_UNSUPPORTED,
                             "CBOR outside the profile: an integer below -2^63 at byte %zu", at);
        return HATS_OK;
    default: return HATS_OK;
    }
}

hats_status hats_cbor_validate(const uint8_t *bytes, size_t len_bytes, struct hats_error *err) {
    struct walk w = {.start = bytes, .r = hats_reader_of(bytes, len_bytes), .err = err};
    hats_status s = check_item(&w, 1);
    if (s != HATS_OK)
        return s;
    if (hats_reader_left(&w.r) != 0)
        return hats_fail(err, HATS_E_MALFORMED, "%zu bytes follow the end of the CBOR item",
                         hats_reader_left(&w.r));
    return HATS_OK;
}

static void show_bytes(struct hats_buffer *out, const uint8_t *s, size_t len, size_t shown) {
    size_t n = shown != 0 && len > shown ? shown : len;
    hats_buffer_append(out, "h'", 2);
    for (size_t i = 0; i < n; i++)
        hats_buffer_printf(out, "%02x", s[i]);
    hats_buffer_append(out, "'", 1);
    if (n < len)
        hats_buffer_printf(out, " /... %zu bytes/", len);
}

static void show_text(struct hats_buffer *out, const uint8_t *s, size_t len) {
    hats_buffer_append(out, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '"' || s[i] == '\\')
            hats_buffer_printf(out, "\\%c", s[i]);
        else if (s[i] < 0x20 || s[i] == 0x7f)
            hats_buffer_printf(out, "\\u%04x", s[i]);
        else
            hats_buffer_append(out, s + i, 1);
    }
    hats_buffer_append(out, "\"", 1);
}

static bool show_item(struct hats_buffer *out, struct hats_reader *r, size_t shown, unsigned depth);

static bool show_members(struct hats_buffer *out, struct hats_reader *r,
                         const struct cbor_head *head, size_t shown, unsigned depth) {
    bool map = head->major == CBOR_MAP;
    hats_buffer_append(out, map ? "{" : "[", 1);
    for (uint64_t i = 0; i < head->argument; i++) {
        if (i > 0)
            hats_buffer_append(out, ", ", 2);
        if (!show_item(out, r, shown, depth + 1))
            return false;
        if (!map)
            continue;
        hats_buffer_append(out, ": ", 2);
        if (!show_item(out, r, shown, depth + 1))
            return false;
    }
    hats_buffer_append(out, map ? "}" : "]", 1);
    return true;
}

static bool show_string(struct hats_buffer *out, struct hats_reader *r,
                        const struct cbor_head *head, size_t shown) {
    if (head->argument > hats_reader_left(r))
        return false;
    const uint8_t *s = hats_read_span(r, (size_t)head->argument);
    if (head->major == CBOR_BYTES)
        show_bytes(out, s, (size_t)head->argument, shown);
    else
        show_text(out, s, (size_t)head->argument);
    return true;
}

static bool show_item(struct hats_buffer *out, struct hats_reader *r, size_t shown,
                      unsigned depth) {
    struct cbor_head head;
    if (hats_cbor_read_head(r, &head) != CBOR_FINE)
        return false;
    if (depth > HATS_CBOR_DEPTH_MAX && nests(&head))
        return false;
    switch (head.major) {
    case CBOR_UINT: hats_buffer_printf(out, "%llu", (unsigned long long)head.argument); return true;
    case CBOR_NINT:
        if (head.argument > INT64_MAX)
            return false;
        hats_buffer_printf(out, "%lld", (long long)(-1 - (int64_t)head.argument));
        return true;
    case CBOR_BYTES:
    case CBOR_TEXT: return show_string(out, r, &head, shown);
    case CBOR_ARRAY:
    case CBOR_MAP: return show_members(out, r, &head, shown, depth);
    case CBOR_TAG:
        hats_buffer_printf(out, "%llu(", (unsigned long long)head.argument);
        if (!show_item(out, r, shown, depth + 1))
            return false;
        hats_buffer_append(out, ")", 1);
        return true;
    default:
        hats_buffer_printf(out, "%s",
                           head.argument == CBOR_NULL   ? "null"
                           : head.argument == CBOR_TRUE ? "true"
                                                        : "false");
        return true;
    }
}

void hats_cbor_diagnose(struct hats_buffer *out, const uint8_t *bytes, size_t len_bytes,
                        size_t bytes_shown) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);
    (void)show_item(out, &r, bytes_shown, 1);
}
