/* Binary Merkle trees of SHA-256 digests, and pruned openings of many leaves at once.
 *
 *   leaf   SHA-256(0x00 | salt (16) | row)     an unsalted tree leaves the salt out
 *   node   SHA-256(0x01 | left (32) | right (32))
 *
 * A tree has 2^log_n leaves and lives in one array of 2^(log_n + 1) digests: the root is digest 1, the
 * children of digest i are digests 2i and 2i + 1, leaf j is digest 2^log_n + j; digest 0 is zero. A leaf's
 * tag, salt length and row length are fixed by whoever uses the tree, so no leaf reads as a node or as a
 * leaf of another shape. The salt hides a row of little entropy; rows of much entropy need none.
 *
 * An opening shows the leaves of a strictly ascending list of indices. Its path holds the digests that the
 * verifier cannot compute, each once: level by level from the leaves up, from left to right in a level, the
 * sibling of every known digest whose sibling is not known. No counts, no separators: the indices alone
 * decide how many digests there are, and in which order.
 *
 *              1              2^3 leaves, of which 2, 3 and 5 are opened: digests 10, 11, 13.
 *       2             3       Digest 12 is missing; then 5 and 6 are known, 4 and 7 missing;
 *    4     5       6     7    then 2 and 3 are known. The path is 12, 4, 7.
 *   8 9  10 11  12 13  14 15
 *
 * [BCS16], [RFC9162, 2.1] (whose tags these are).
 */
#ifndef HATS_HASH_MERKLE_H
#define HATS_HASH_MERKLE_H

#include "base/arena.h"
#include "hash/sha256.h"

#define HATS_MERKLE_MAX_LOG_N 30
#define HATS_MERKLE_MAX_OPENED 4096 /* leaves of one opening */
#define HATS_MERKLE_SALT_LEN 16     /* bytes */
#define HATS_MERKLE_LEAF_TAG \
    0x00 /* for those who hash leaves themselves, in a buffer of messages */

/* Rows as the tree hashes them: row i is the row_len_bytes bytes at rows + i * stride_bytes, its salt the
 * 16 bytes at salts + 16 i. salts is NULL for an unsalted tree. */
struct hats_merkle_rows {
    const uint8_t *rows;
    size_t stride_bytes;
    size_t row_len_bytes;
    const uint8_t *salts;
};

struct hats_merkle {
    uint8_t *digests; /* the array above; the caller's */
    unsigned log_n;
};

/* The leaf digests of n rows, out[32 i ..]; the prover writes them to hats_merkle_leaves (from several
 * threads if it likes, each its own rows), the verifier to a buffer of its own. */
void hats_merkle_hash_rows(uint8_t *out, const struct hats_merkle_rows *rows, size_t n_rows);

/* Bytes of the array of a tree of 2^log_n leaves; log_n <= HATS_MERKLE_MAX_LOG_N. */
size_t hats_merkle_len_bytes(unsigned log_n);
/* Where the tree's 2^log_n leaf digests stand. */
uint8_t *hats_merkle_leaves(const struct hats_merkle *t);
/* Compute everything above the leaf digests. */
void hats_merkle_build(struct hats_merkle *t);
/* Compute digests first .. first + n - 1, all of one level, from those of their children: the same in
 * pieces, from the leaves up, so that several threads can share a level. first >= 1. */
void hats_merkle_build_nodes(struct hats_merkle *t, size_t first, size_t n);
const uint8_t *hats_merkle_root(const struct hats_merkle *t);

/* *len_bytes = length of the path that opens these leaves. HATS_E_RANGE: log_n > HATS_MERKLE_MAX_LOG_N,
 * no index, more than HATS_MERKLE_MAX_OPENED, or one not below 2^log_n. HATS_E_CANONICAL: indices that do
 * not ascend strictly. */
HATS_MUST_USE hats_status hats_merkle_path_len_bytes(size_t *len_bytes, unsigned log_n,
                                                     const uint32_t *indices, size_t n_indices,
                                                     struct hats_error *err);
/* Write that path to out, which has room for it. Errors as above. */
HATS_MUST_USE hats_status hats_merkle_open(uint8_t *out, const struct hats_merkle *t,
                                           const uint32_t *indices, size_t n_indices,
                                           struct hats_error *err);

/* Bytes that hats_merkle_verify takes from its arena and gives back. */
#define HATS_MERKLE_SCRATCH(n_indices) (((size_t)(n_indices)*3 * HATS_SHA256_LEN) + 3 * 64)

/* Does the tree of this root have digests[32 k ..] as leaf indices[k], for all k? The path must be of
 * exactly the right length. HATS_E_RANGE and HATS_E_CANONICAL as above; HATS_E_MALFORMED: the path is too
 * short or too long; HATS_E_MEMORY: the arena is too small; HATS_E_VERIFY: another root. */
HATS_MUST_USE hats_status hats_merkle_verify(const uint8_t root[HATS_SHA256_LEN], unsigned log_n,
                                             const uint8_t *digests, const uint32_t *indices,
                                             size_t n_indices, const uint8_t *path,
                                             size_t path_len_bytes, struct hats_arena *scratch,
                                             struct hats_error *err);

#endif
