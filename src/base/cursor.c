#include "base/cursor.h"

#include "base/bytes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct hats_reader hats_reader_of(const void *data, size_t len_bytes) {
    static const uint8_t nothing[1];
    const uint8_t *p = data != NULL ? data : nothing;
    assert(data != NULL || len_bytes == 0);
    return (struct hats_reader){.at = p, .end = p + len_bytes, .failed = false};
}

size_t hats_reader_left(const struct hats_reader *r) { return (size_t)(r->end - r->at); }

bool hats_reader_done(const struct hats_reader *r) { return !r->failed && r->at == r->end; }

const uint8_t *hats_read_span(struct hats_reader *r, size_t len_bytes) {
    if (r->failed || hats_reader_left(r) < len_bytes) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += len_bytes;
    return p;
}

uint8_t hats_read_u8(struct hats_reader *r) {
    const uint8_t *p = hats_read_span(r, 1);
    return p != NULL ? *p : 0;
}

uint16_t hats_read_be16(struct hats_reader *r) {
    const uint8_t *p = hats_read_span(r, 2);
    return p != NULL ? hats_load_be16(p) : 0;
}

uint32_t hats_read_be32(struct hats_reader *r) {
    const uint8_t *p = hats_read_span(r, 4);
    return p != NULL ? hats_load_be32(p) : 0;
}

uint64_t hats_read_be64(struct hats_reader *r) {
    const uint8_t *p = hats_read_span(r, 8);
    return p != NULL ? hats_load_be64(p) : 0;
}

void hats_read_bytes(struct hats_reader *r, void *out, size_t len_bytes) {
    const uint8_t *p = hats_read_span(r, len_bytes);
    if (p != NULL)
        memcpy(out, p, len_bytes);
    else
        memset(out, 0, len_bytes);
}

void hats_read_tag(struct hats_reader *r, const void *expected, size_t len_bytes) {
    const uint8_t *p = hats_read_span(r, len_bytes);
    if (p == NULL || memcmp(p, expected, len_bytes) != 0)
        r->failed = true;
}

struct hats_writer hats_writer_of(void *buffer, size_t capacity_bytes) {
    uint8_t *p = buffer;
    assert(p != NULL || capacity_bytes == 0);
    return (struct hats_writer){
        .start = p, .at = p, .end = p == NULL ? NULL : p + capacity_bytes, .failed = false};
}

size_t hats_writer_len(const struct hats_writer *w) { return (size_t)(w->at - w->start); }

bool hats_writer_ok(const struct hats_writer *w) { return !w->failed; }

uint8_t *hats_write_reserve(struct hats_writer *w, size_t len_bytes) {
    if (w->failed || (size_t)(w->end - w->at) < len_bytes) {
        w->failed = true;
        return NULL;
    }
    uint8_t *p = w->at;
    w->at += len_bytes;
    return p;
}

void hats_write_u8(struct hats_writer *w, uint8_t v) { hats_write_bytes(w, &v, 1); }

void hats_write_be16(struct hats_writer *w, uint16_t v) {
    uint8_t *p = hats_write_reserve(w, 2);
    if (p != NULL)
        hats_store_be16(p, v);
}

void hats_write_be32(struct hats_writer *w, uint32_t v) {
    uint8_t *p = hats_write_reserve(w, 4);
    if (p != NULL)
        hats_store_be32(p, v);
}

void hats_write_be64(struct hats_writer *w, uint64_t v) {
    uint8_t *p = hats_write_reserve(w, 8);
    if (p != NULL)
        hats_store_be64(p, v);
}

void hats_write_bytes(struct hats_writer *w, const void *data, size_t len_bytes) {
    uint8_t *p = hats_write_reserve(w, len_bytes);
    if (p != NULL && len_bytes != 0)
        memcpy(p, data, len_bytes);
}

void hats_write_tag16(struct hats_writer *w, const char *tag) {
    uint8_t padded[16] = {0};
    size_t len = strlen(tag);
    assert(len <= sizeof padded);
    memcpy(padded, tag, len);
    hats_write_bytes(w, padded, sizeof padded);
}

void hats_buffer_init(struct hats_buffer *b, size_t max_bytes) {
    *b = (struct hats_buffer){.max = max_bytes};
}

void hats_buffer_clear(struct hats_buffer *b) {
    if (b->data != NULL) {
        hats_wipe(b->data, b->cap);
        free(b->data);
    }
    *b = (struct hats_buffer){.max = b->max};
}

/* Grows by doubling into fresh memory, so that what the old block held can be wiped. */
static bool buffer_grow(struct hats_buffer *b, size_t need) {
    size_t cap = b->cap != 0 ? b->cap : 256;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    uint8_t *data = malloc(cap);
    if (data == NULL)
        return false;
    if (b->len != 0)
        memcpy(data, b->data, b->len);
    if (b->data != NULL) {
        hats_wipe(b->data, b->cap);
        free(b->data);
    }
    b->data = data;
    b->cap = cap;
    return true;
}

uint8_t *hats_buffer_reserve(struct hats_buffer *b, size_t len_bytes) {
    if (b->failed || len_bytes > b->max - b->len) {
        b->failed = true;
        return NULL;
    }
    if (b->len + len_bytes > b->cap && !buffer_grow(b, b->len + len_bytes)) {
        b->failed = true;
        return NULL;
    }
    uint8_t *p = b->data + b->len;
    b->len += len_bytes;
    return p;
}

void hats_buffer_append(struct hats_buffer *b, const void *data, size_t len_bytes) {
    if (len_bytes == 0)
        return;
    uint8_t *p = hats_buffer_reserve(b, len_bytes);
    if (p != NULL)
        memcpy(p, data, len_bytes);
}

void hats_buffer_printf(struct hats_buffer *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        b->failed = true;
    } else {
        /* vsnprintf writes a final zero: reserve it and give it back. */
        uint8_t *p = hats_buffer_reserve(b, (size_t)n + 1);
        if (p != NULL) {
            vsnprintf((char *)p, (size_t)n + 1, fmt, again);
            b->len -= 1;
        }
    }
    va_end(again);
}
