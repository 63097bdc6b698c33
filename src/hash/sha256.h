/* SHA-256 [FIPS180-4], one message at a time.
 *
 * Portable C, or the SHA instructions where the processor has them; the same bytes from both.
 * Many messages at once: sha256_many.h.
 */
#ifndef HATS_HASH_SHA256_H
#define HATS_HASH_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define HATS_SHA256_LEN 32 /* bytes */

struct hats_sha256 {
    uint32_t h[8];
    uint64_t len_bytes;
    uint8_t block[64];
};

void hats_sha256_init(struct hats_sha256 *c);
void hats_sha256_update(struct hats_sha256 *c, const void *data, size_t len_bytes);
void hats_sha256_final(struct hats_sha256 *c, uint8_t out[HATS_SHA256_LEN]);
void hats_sha256(uint8_t out[HATS_SHA256_LEN], const void *data, size_t len_bytes);
/* H(tag zero-padded to 16 bytes || data): the tagged digests of this system. strlen(tag) <= 16. */
void hats_sha256_tagged(uint8_t out[HATS_SHA256_LEN], const char *tag, const void *data,
                        size_t len_bytes);

#endif
