/* SHA-256 [FIPS180-4] of many messages of one length at once.
 *
 * Messages of equal length have equal padding and equally many blocks, so they can advance in step:
 * sixteen in the lanes of AVX-512 vectors, eight in those of AVX2, two by two with the SHA instructions,
 * which is the quicker of the two where both are there. Each digest is the one hats_sha256 gives.
 *
 * A message is given as parts laid end to end. Part p of message i is the len_bytes bytes at
 * data + i * stride_bytes; a stride of 0 repeats one part in all messages (a tag). So the leaves of a tree
 * are three parts, (tag, salts, rows), and nothing is copied together by the caller.
 */
#ifndef HATS_HASH_SHA256_MANY_H
#define HATS_HASH_SHA256_MANY_H

#include "hash/sha256.h"

struct hats_sha256_part {
    const uint8_t *data; /* may be NULL when len_bytes is 0 */
    size_t stride_bytes;
    size_t len_bytes;
};

/* out[32 i ..] = SHA-256 of message i, for i < n_messages. out must not overlap the messages. Never fails,
 * allocates nothing; the time depends on lengths and counts alone. */
void hats_sha256_many(uint8_t *out, const struct hats_sha256_part *parts, size_t n_parts,
                      size_t n_messages);

/* The same on the kernels of a given table, for tests and benchmarks. */
struct hats_hash_kernels;
void hats_sha256_many_with(const struct hats_hash_kernels *kernels, uint8_t *out,
                           const struct hats_sha256_part *parts, size_t n_parts, size_t n_messages);

#endif
