/* Merkle trees of any number of leaves [RFC9162, 2.1], written once from left to right, and paths in them.
 *
 * The digests of a tree stand in the order in which they become known: a leaf, then every parent that it
 * completes. So a tree of millions of leaves is written as a stream, and a digest is found by arithmetic: the
 * perfect subtree of 2^h leaves whose last leaf is e stands at 2e - popcount(e) + h. Three leaves:
 *
 *     leaf 0, leaf 1, node(0, 1), leaf 2        the root, node(node(0, 1), leaf 2), is not stored
 *
 * A path holds the siblings from the leaf up to the root, 32 bytes each.
 */
#ifndef HATS_PROVENANCE_TREE_H
#define HATS_PROVENANCE_TREE_H

#include "base/status.h"
#include "hash/sha256.h"

#define HATS_TREE_MAX_DEPTH 40 /* at most 2^40 leaves */
#define HATS_TREE_PATH_MAX ((size_t)HATS_TREE_MAX_DEPTH * HATS_SHA256_LEN)

/* Digests stored of a tree of n leaves. */
uint64_t hats_tree_n_stored(uint64_t n_leaves);

struct hats_tree_writer {
    uint64_t n_leaves;
    uint8_t peaks[HATS_TREE_MAX_DEPTH + 1][HATS_SHA256_LEN]; /* perfect trees, largest first */
};
/* Writes to out the digests that become known, at most HATS_TREE_MAX_DEPTH + 1 of them, and returns how
 * many. */
size_t hats_tree_append(uint8_t *out, struct hats_tree_writer *t,
                        const uint8_t leaf[HATS_SHA256_LEN]);
/* Of at least one leaf. */
void hats_tree_root(uint8_t root[HATS_SHA256_LEN], const struct hats_tree_writer *t);

/* Gives the stored digest at `place`; false when it cannot. */
typedef bool hats_tree_fetch(void *ctx, uint64_t place, uint8_t digest[HATS_SHA256_LEN]);
/* fetch for digests in memory: ctx points to the first. */
hats_tree_fetch hats_tree_fetch_memory;

/* The path of a leaf; index < n_leaves <= 2^40. HATS_E_IO: a digest was not to be had. */
HATS_MUST_USE hats_status hats_tree_path(uint8_t path[HATS_TREE_PATH_MAX], size_t *path_len_bytes,
                                         uint64_t n_leaves, uint64_t index, hats_tree_fetch *fetch,
                                         void *ctx, struct hats_error *err);
/* Is `leaf` leaf number `index` of the tree of this root? [RFC9162, 2.1.3.2] */
bool hats_tree_verify(const uint8_t root[HATS_SHA256_LEN], uint64_t n_leaves, uint64_t index,
                      const uint8_t leaf[HATS_SHA256_LEN], const uint8_t *path,
                      size_t path_len_bytes);

#endif
