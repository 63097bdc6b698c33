#include "hash/merkle_log.h"

#include <string.h>

enum { DIGEST = HATS_SHA256_LEN };

static void hash_node(uint8_t out[DIGEST], const uint8_t left[DIGEST],
                      const uint8_t right[DIGEST]) {
    uint8_t node[1 + 2 * DIGEST] = {0x01};
    memcpy(node + 1, left, DIGEST);
    memcpy(node + 1 + DIGEST, right, DIGEST);
    hats_sha256(out, node, sizeof node);
}

static size_t n_peaks(uint64_t n_leaves) {
    size_t n = 0;
    for (; n_leaves != 0; n_leaves &= n_leaves - 1)
        n++;
    return n;
}

void hats_merkle_log_init(struct hats_merkle_log *log) { log->n_leaves = 0; }

/* A carry of binary addition merges two trees of one size. */
void hats_merkle_log_append(struct hats_merkle_log *log, const uint8_t leaf[HATS_SHA256_LEN]) {
    size_t at = n_peaks(log->n_leaves);
    uint8_t digest[DIGEST];
    memcpy(digest, leaf, DIGEST);
    for (uint64_t n = log->n_leaves; (n & 1) != 0; n >>= 1)
        hash_node(digest, log->peaks[--at], digest);
    memcpy(log->peaks[at], digest, DIGEST);
    log->n_leaves++;
}

void hats_merkle_log_root(uint8_t root[HATS_SHA256_LEN], const struct hats_merkle_log *log) {
    size_t at = n_peaks(log->n_leaves);
    if (at == 0) {
        hats_sha256(root, NULL, 0);
        return;
    }
    memcpy(root, log->peaks[--at], DIGEST);
    while (at > 0)
        hash_node(root, log->peaks[--at], root);
}
