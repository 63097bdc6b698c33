#include "cbor/cbor.h"
#include "cbor/head.h"

#include <string.h>

size_t hats_cbor_head_len(uint64_t v) {
    if (v < 24)
        return 1;
    if (v <= UINT8_MAX)
        return 2;
    if (v <= UINT16_MAX)
        return 3;
    return v <= UINT32_MAX ? 5 : 9;
}

static void put_head(struct hats_writer *w, enum cbor_major major, uint64_t v) {
    uint8_t top = (uint8_t)((unsigned)major << 5);
    switch (hats_cbor_head_len(v)) {
    case 1: hats_write_u8(w, (uint8_t)(top | v)); return;
    case 2:
        hats_write_u8(w, top | 24);
        hats_write_u8(w, (uint8_t)v);
        return;
    case 3:
        hats_write_u8(w, top | 25);
        hats_write_be16(w, (uint16_t)v);
        return;
    case 5:
        hats_write_u8(w, top | 26);
        hats_write_be32(w, (uint32_t)v);
        return;
    default: hats_write_u8(w, top | 27); hats_write_be64(w, v);
    }
}

void hats_cbor_put_uint(struct hats_writer *w, uint64_t v) { put_head(w, CBOR_UINT, v); }

void hats_cbor_put_int(struct hats_writer *w, int64_t v) {
    if (v >= 0)
        put_head(w, CBOR_UINT, (uint64_t)v);
    else
        put_head(w, CBOR_NINT, ~(uint64_t)v); /* -1 - v, without overflow at -2^63 */
}

void hats_cbor_put_bytes(struct hats_writer *w, const void *data, size_t len_bytes) {
    put_head(w, CBOR_BYTES, len_bytes);
    hats_write_bytes(w, data, len_bytes);
}

void hats_cbor_put_bytes_head(struct hats_writer *w, size_t len_bytes) {
    put_head(w, CBOR_BYTES, len_bytes);
}

void hats_cbor_put_text(struct hats_writer *w, const char *text) {
    hats_cbor_put_text_len(w, text, strlen(text));
}

void hats_cbor_put_text_len(struct hats_writer *w, const char *text, size_t len_bytes) {
    put_head(w, CBOR_TEXT, len_bytes);
    hats_write_bytes(w, text, len_bytes);
}

void hats_cbor_put_array(struct hats_writer *w, size_t n_items) {
    put_head(w, CBOR_ARRAY, n_items);
}

void hats_cbor_put_map(struct hats_writer *w, size_t n_pairs) { put_head(w, CBOR_MAP, n_pairs); }

void hats_cbor_put_tag(struct hats_writer *w, uint64_t tag) { put_head(w, CBOR_TAG, tag); }

void hats_cbor_put_bool(struct hats_writer *w, bool v) {
    put_head(w, CBOR_SIMPLE, v ? CBOR_TRUE : CBOR_FALSE);
}

void hats_cbor_put_null(struct hats_writer *w) { put_head(w, CBOR_SIMPLE, CBOR_NULL); }
