/* Hex, base64, base64url and decimal text, both ways and strict. */
#ifndef HATS_BASE_TEXT_H
#define HATS_BASE_TEXT_H

#include "base/status.h"

/* Lower-case hex of len bytes and a final zero; out holds 2 * len + 1. */
void hats_hex_encode(char *out, const void *data, size_t len_bytes);
/* Exactly 2 * len hex digits, either case, nothing else. */
HATS_MUST_USE bool hats_hex_decode(uint8_t *out, size_t len_bytes, const char *text,
                                   size_t text_len);

/* base64url without padding (RFC 4648, section 5); out holds hats_base64url_len(len) + 1. */
size_t hats_base64url_len(size_t len_bytes);
void hats_base64url_encode(char *out, const void *data, size_t len_bytes);
/* Strict: no padding, no other characters, unused bits zero. *out_len gets the number of bytes. */
HATS_MUST_USE bool hats_base64url_decode(uint8_t *out, size_t cap_bytes, size_t *out_len,
                                         const char *text, size_t text_len);

/* Base 64 with padding (RFC 4648, section 4); out holds hats_base64_len(len) + 1. */
size_t hats_base64_len(size_t len_bytes);
void hats_base64_encode(char *out, const void *data, size_t len_bytes);
/* Strict: padded to a multiple of four, no other characters, unused bits zero. */
HATS_MUST_USE bool hats_base64_decode(uint8_t *out, size_t cap_bytes, size_t *out_len,
                                      const char *text, size_t text_len);

/* Decimal digits only, no sign, no leading zero except "0" itself. */
HATS_MUST_USE bool hats_parse_u64(uint64_t *out, const char *text, size_t text_len);

#endif
