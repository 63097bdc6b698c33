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

/* The same for messages that their maker has padded in place, which saves putting them together: message i
 * is the padded_bytes bytes at messages + i * padded_bytes, the last of them written by hats_sha256_pad.
 * Whoever hashes many messages of one length keeps a buffer of them, pads it once, and overwrites what
 * differs. */
#define HATS_SHA256_PADDED(len_bytes) (((len_bytes) + 8) / 64 * 64 + 64)
void hats_sha256_pad(uint8_t *message,
                     size_t len_bytes); /* room for HATS_SHA256_PADDED(len_bytes) */
void hats_sha256_whole(uint8_t *out, const uint8_t *messages, size_t padded_bytes,
                       size_t n_messages);

/* hats_sha256_many on the kernels of a given table, for tests and benchmarks. */
struct hats_hash_kernels;
void hats_sha256_many_with(const struct hats_hash_kernels *kernels, uint8_t *out,
                           const struct hats_sha256_part *parts, size_t n_parts, size_t n_messages);

#endif
