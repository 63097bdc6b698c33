/* Bounded cursors: the only way this system reads and writes encodings.
 *
 * A reader never passes its end and a writer never passes its capacity. After the first failure a
 * cursor is failed for good, every further read yields zeros and every write is dropped, so a decoder
 * may read a whole fixed layout and ask once, at the end, whether it was all there.
 */
#ifndef HATS_BASE_CURSOR_H
#define HATS_BASE_CURSOR_H

#include "base/status.h"

struct hats_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct hats_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool failed;
};

struct hats_reader hats_reader_of(const void *data, size_t len_bytes);
size_t hats_reader_left(const struct hats_reader *r);
/* All there and nothing left over. */
HATS_MUST_USE bool hats_reader_done(const struct hats_reader *r);
uint8_t hats_read_u8(struct hats_reader *r);
uint16_t hats_read_be16(struct hats_reader *r);
uint32_t hats_read_be32(struct hats_reader *r);
uint64_t hats_read_be64(struct hats_reader *r);
/* Copy len bytes out (zeros when they are not there). */
void hats_read_bytes(struct hats_reader *r, void *out, size_t len_bytes);
/* Borrow len bytes in place; NULL when they are not there. */
const uint8_t *hats_read_span(struct hats_reader *r, size_t len_bytes);
/* Consume len bytes that must equal `expected` (a tag); the cursor fails otherwise. */
void hats_read_tag(struct hats_reader *r, const void *expected, size_t len_bytes);

struct hats_writer hats_writer_of(void *buffer, size_t capacity_bytes);
size_t hats_writer_len(const struct hats_writer *w);
/* HATS_OK when everything fitted. */
HATS_MUST_USE bool hats_writer_ok(const struct hats_writer *w);
void hats_write_u8(struct hats_writer *w, uint8_t v);
void hats_write_be16(struct hats_writer *w, uint16_t v);
void hats_write_be32(struct hats_writer *w, uint32_t v);
void hats_write_be64(struct hats_writer *w, uint64_t v);
void hats_write_bytes(struct hats_writer *w, const void *data, size_t len_bytes);
/* ASCII zero-padded to 16 bytes: the domain tags of this system. strlen(tag) <= 16. */
void hats_write_tag16(struct hats_writer *w, const char *tag);
/* Reserve len bytes and return where they begin; NULL (and failed) when they do not fit. */
uint8_t *hats_write_reserve(struct hats_writer *w, size_t len_bytes);

/* A growing byte buffer with a hard upper bound; for output whose size is known only at the end. */
struct hats_buffer {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};
void hats_buffer_init(struct hats_buffer *b, size_t max_bytes);
void hats_buffer_clear(struct hats_buffer *b); /* frees, wipes */
void hats_buffer_append(struct hats_buffer *b, const void *data, size_t len_bytes);
void hats_buffer_printf(struct hats_buffer *b, const char *fmt, ...) HATS_PRINTF(2, 3);
uint8_t *hats_buffer_reserve(struct hats_buffer *b, size_t len_bytes);

#endif
