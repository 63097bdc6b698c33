/* HMAC-SHA256 [RFC2104] and HKDF-SHA256 [RFC5869], one message at a time.
 *
 *     HMAC(k, m) = H(k' ^ opad | H(k' ^ ipad | m))     k' = k padded with zeros to 64 bytes, or H(k) padded
 *     HKDF       = T_1 | T_2 | ...  of  prk = HMAC(salt, ikm),  T_i = HMAC(prk, T_{i-1} | info | i)
 *
 * Constant time in key and message but not in their lengths. Keys are wiped from the stack.
 */
#ifndef HATS_HASH_HMAC_H
#define HATS_HASH_HMAC_H

#include "hash/sha256.h"

void hats_hmac_sha256(uint8_t out[HATS_SHA256_LEN], const void *key, size_t key_len_bytes,
                      const void *data, size_t len_bytes);

#define HATS_HKDF_MAX_BYTES (255 * HATS_SHA256_LEN)
/* Extract and expand. salt_len 0 is the salt of 32 zero bytes [RFC5869, 2.2]; info_len at most 64. */
void hats_hkdf_sha256(uint8_t *out, size_t out_len_bytes, const void *salt, size_t salt_len_bytes,
                      const void *ikm, size_t ikm_len_bytes, const void *info,
                      size_t info_len_bytes);

#endif
