/* Proofs over an append-only log: a Merkle tree that grows at its right end [RFC9162, 2.1], SHA-256.
 *
 *     leaf digest   H(0x00 | entry)             node   H(0x01 | left | right)
 *
 * With D[a:b] the leaves a .. b - 1 and k the largest power of two below n:
 *
 *     MTH(D[0:n])            = node(MTH(D[0:k]), MTH(D[k:n]))
 *     inclusion of leaf m    = the roots beside the way from leaf m to the root, from below
 *     consistency of m in n  = roots from which both MTH(D[0:m]) and MTH(D[0:n]) can be computed
 *
 * A proof has exactly as many digests as sizes and index demand, at most 64 for inclusion and 65 for consistency;
 * one with any other number is refused, and so is any changed bit of it.
 *
 * Proofs are made from perfect subtrees, which a hats_tlog_source hands out: level h and index i stand for
 * MTH(D[i 2^h : (i + 1) 2^h]).
 */
#ifndef HATS_EVIDENCE_TLOG_H
#define HATS_EVIDENCE_TLOG_H

#include "base/status.h"
#include "hash/sha256.h"

#define HATS_TLOG_PATH_MAX 65
#define HATS_TLOG_SIZE_MAX ((uint64_t)1 << 62) /* leaves; larger trees are refused */

struct hats_tlog_path {
    size_t n;
    uint8_t digests[HATS_TLOG_PATH_MAX][HATS_SHA256_LEN];
};

/* Where the digests of perfect subtrees come from. */
struct hats_tlog_source {
    hats_status (*node)(void *arg, uint8_t out[HATS_SHA256_LEN], unsigned level, uint64_t index,
                        struct hats_error *err);
    void *arg;
};

void hats_tlog_leaf(uint8_t out[HATS_SHA256_LEN], const void *entry, size_t len_bytes);
void hats_tlog_node(uint8_t out[HATS_SHA256_LEN], const uint8_t left[HATS_SHA256_LEN],
                    const uint8_t right[HATS_SHA256_LEN]);

/* ---- verifying ---- */

/* HATS_OK: `leaf` (a leaf digest) stands at `index` of the tree of `size` leaves with this root.
 * HATS_E_VERIFY otherwise; HATS_E_RANGE when size or index cannot be. */
HATS_MUST_USE hats_status hats_tlog_verify_inclusion(const uint8_t root[HATS_SHA256_LEN],
                                                     uint64_t size, uint64_t index,
                                                     const uint8_t leaf[HATS_SHA256_LEN],
                                                     const struct hats_tlog_path *path,
                                                     struct hats_error *err);
/* The root that leaf and path lead to; HATS_E_VERIFY for a path of another length, HATS_E_RANGE. */
HATS_MUST_USE hats_status hats_tlog_root_from_inclusion(uint8_t root[HATS_SHA256_LEN],
                                                        uint64_t size, uint64_t index,
                                                        const uint8_t leaf[HATS_SHA256_LEN],
                                                        const struct hats_tlog_path *path,
                                                        struct hats_error *err);
/* HATS_OK: the tree of old_size leaves is a prefix of that of new_size leaves. An empty tree is a prefix of
 * every tree, by the empty path, and its root is that of no leaves. HATS_E_VERIFY otherwise; HATS_E_RANGE when
 * old_size is larger than new_size. */
HATS_MUST_USE hats_status hats_tlog_verify_consistency(uint64_t old_size,
                                                       const uint8_t old_root[HATS_SHA256_LEN],
                                                       uint64_t new_size,
                                                       const uint8_t new_root[HATS_SHA256_LEN],
                                                       const struct hats_tlog_path *path,
                                                       struct hats_error *err);

/* ---- making ---- */

/* Each asks the source for at most 130 subtrees and passes its errors on; HATS_E_RANGE as above. */
HATS_MUST_USE hats_status hats_tlog_root(uint8_t root[HATS_SHA256_LEN], uint64_t size,
                                         const struct hats_tlog_source *source,
                                         struct hats_error *err);
HATS_MUST_USE hats_status hats_tlog_prove_inclusion(struct hats_tlog_path *path, uint64_t size,
                                                    uint64_t index,
                                                    const struct hats_tlog_source *source,
                                                    struct hats_error *err);
HATS_MUST_USE hats_status hats_tlog_prove_consistency(struct hats_tlog_path *path,
                                                      uint64_t old_size, uint64_t new_size,
                                                      const struct hats_tlog_source *source,
                                                      struct hats_error *err);

#endif
