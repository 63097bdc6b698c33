/* HATS-CBOR-1: one encoding for every value.
 *
 * The profile is the core deterministic encoding of [RFC8949, 4.2.1], narrowed to what our objects use:
 *
 *     0, 1  integers        -2^63 .. 2^64 - 1, in the shortest form
 *     2, 3  byte and text strings, definite length; text is well-formed UTF-8 [RFC3629]
 *     4, 5  arrays and maps, definite length; the keys of a map are integers and ascend strictly in the
 *           bytewise order of their encodings, so that no key stands there twice
 *     6     tag 18 (COSE_Sign1) and no other
 *     7     false, true, null; no floats, no undefined, no other simple values
 *
 * Arrays, maps and tags nest at most 16 deep, and nothing follows the item. So two different byte strings never mean the
 * same value, and a digest of the bytes is a digest of the value.
 *
 * Writing: every function appends one head or one whole item to a hats_writer and fails with it. The
 * caller writes map keys in ascending order; hats_cbor_validate is what checks it.
 *
 * Reading: call hats_cbor_validate once over the whole document, which says where and why a document is
 * refused; then pull items. A getter takes the next item if it has the type asked for, else it fails the
 * cursor for good and yields zero, NULL or false. The getters demand shortest heads themselves, but not
 * map order. Nothing here allocates.
 */
#ifndef HATS_CBOR_CBOR_H
#define HATS_CBOR_CBOR_H

#include "base/cursor.h"
#include "base/status.h"

#define HATS_CBOR_DEPTH_MAX 16
#define HATS_CBOR_TAG_SIGN1 18 /* [RFC9052, 2] */

enum hats_cbor_kind {
    HATS_CBOR_UINT, /* 0 .. 2^64 - 1 */
    HATS_CBOR_NINT, /* -2^63 .. -1 */
    HATS_CBOR_BYTES,
    HATS_CBOR_TEXT,
    HATS_CBOR_ARRAY,
    HATS_CBOR_MAP,
    HATS_CBOR_TAG,
    HATS_CBOR_BOOL,
    HATS_CBOR_NULL,
    HATS_CBOR_NONE, /* the end, or nothing of this profile */
};

/* --- writing --- */

void hats_cbor_put_uint(struct hats_writer *w, uint64_t v);
void hats_cbor_put_int(struct hats_writer *w, int64_t v);
void hats_cbor_put_bytes(struct hats_writer *w, const void *data, size_t len_bytes);
void hats_cbor_put_text(struct hats_writer *w, const char *text); /* zero-terminated UTF-8 */
void hats_cbor_put_text_len(struct hats_writer *w, const char *text, size_t len_bytes);
void hats_cbor_put_array(struct hats_writer *w,
                         size_t n_items);                      /* the head; n_items items follow */
void hats_cbor_put_map(struct hats_writer *w, size_t n_pairs); /* the head; n_pairs pairs follow */
void hats_cbor_put_tag(struct hats_writer *w, uint64_t tag);
void hats_cbor_put_bool(struct hats_writer *w, bool v);
void hats_cbor_put_null(struct hats_writer *w);
/* The head of a byte string whose len_bytes content the caller writes next. */
void hats_cbor_put_bytes_head(struct hats_writer *w, size_t len_bytes);
/* Bytes that the head of a length, count or unsigned integer takes: 1, 2, 3, 5 or 9. */
size_t hats_cbor_head_len(uint64_t v);

/* --- reading --- */

/* The kind of the next item; the cursor stays. HATS_CBOR_NONE at the end or after a failure. */
enum hats_cbor_kind hats_cbor_peek(const struct hats_reader *r);

/* Each returns true when it took the item. */
bool hats_cbor_get_uint(struct hats_reader *r, uint64_t *out);
bool hats_cbor_get_int(struct hats_reader *r, int64_t *out); /* -2^63 .. 2^63 - 1 */
/* Borrow the content in place. */
bool hats_cbor_get_bytes(struct hats_reader *r, const uint8_t **data, size_t *len_bytes);
bool hats_cbor_get_text(struct hats_reader *r, const char **text, size_t *len_bytes);
/* Copy a byte string of exactly len_bytes. */
bool hats_cbor_get_bytes_exact(struct hats_reader *r, void *out, size_t len_bytes);
/* Copy a text without zero bytes into cap_bytes with a final zero; fails when it does not fit. */
bool hats_cbor_get_string(struct hats_reader *r, char *out, size_t cap_bytes);
/* The counts are bounded by the bytes left: one byte an item, two a pair. */
bool hats_cbor_get_array(struct hats_reader *r, size_t *n_items);
bool hats_cbor_get_map(struct hats_reader *r, size_t *n_pairs);
/* Consumes tag `expected` or fails. */
bool hats_cbor_get_tag(struct hats_reader *r, uint64_t expected);
bool hats_cbor_get_bool(struct hats_reader *r, bool *out);
bool hats_cbor_get_null(struct hats_reader *r);
/* If the next item is null, consume it and return true; otherwise leave the cursor alone. */
bool hats_cbor_take_null(struct hats_reader *r);
/* One whole item with everything in it. */
bool hats_cbor_skip(struct hats_reader *r);
/* Like skip; borrows the bytes of the item. */
bool hats_cbor_get_item(struct hats_reader *r, const uint8_t **data, size_t *len_bytes);

/* --- whole documents --- */

/* Well-formed UTF-8 [RFC3629]. */
bool hats_cbor_text_valid(const char *text, size_t len_bytes);

/* HATS_OK when `bytes` are exactly one item of the profile. HATS_E_MALFORMED: truncated, not CBOR,
 * trailing bytes, not UTF-8, too deep. HATS_E_CANONICAL: a longer head than needed, map keys out of
 * order or twice, indefinite length. HATS_E_UNSUPPORTED: CBOR outside the profile (floats, other
 * tags, map keys that are not integers).
 * err names the byte offset. */
HATS_MUST_USE hats_status hats_cbor_validate(const uint8_t *bytes, size_t len_bytes,
                                             struct hats_error *err);

/* One line of diagnostic notation [RFC8949, 8]: {1: -49, 4: h'00ff'}. For people; the document must have
 * passed hats_cbor_validate, otherwise the output ends where the document stops making sense. Byte
 * strings longer than `bytes_shown` are cut and carry their length; 0 shows all. */
void hats_cbor_diagnose(struct hats_buffer *out, const uint8_t *bytes, size_t len_bytes,
                        size_t bytes_shown);

#endif
