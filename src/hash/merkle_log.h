/* Merkle trees of any number of leaves, grown at the right end [RFC9162, 2.1.1].
 *
 * The root of n > 1 leaves is H(0x01 | root of the first k | root of the others), k the largest power of two
 * below n; that of one leaf is the leaf digest. What stands in memory are the roots of the perfect trees
 * that n is the sum of, largest first: 13 = 8 + 4 + 1 leaves are three of them.
 */
#ifndef HATS_HASH_MERKLE_LOG_H
#define HATS_HASH_MERKLE_LOG_H

#include "hash/sha256.h"

struct hats_merkle_log {
    uint64_t n_leaves;
    uint8_t peaks[64][HATS_SHA256_LEN];
};

void hats_merkle_log_init(struct hats_merkle_log *log);
void hats_merkle_log_append(struct hats_merkle_log *log, const uint8_t leaf[HATS_SHA256_LEN]);
/* Of no leaves it is the digest of nothing. */
void hats_merkle_log_root(uint8_t root[HATS_SHA256_LEN], const struct hats_merkle_log *log);

#endif
