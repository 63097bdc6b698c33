#include "stark/setup_sizes.h"

enum { ELEMENT = 8, K_ELEMENT = 24, SALT = 16, DIGEST = HATS_SHA256_LEN };

size_t hats_stark_header_bytes(unsigned n_tables, unsigned n_trees) {
    size_t fixed = 16 + 2 + 1 + 1 + 2 + 1 + 4 + 1 + 1 + 4 + 4;
    return fixed + (size_t)n_tables * (1 + DIGEST) + (size_t)n_trees * (2 + 1);
}

/* With P_k known digests in level k a path has 2 P_(k-1) - P_k digests of level k: sum P_k, k = 1 .. log_n - 1,
 * plus 2 P_0 - P_(log_n), and P_k <= min(n_leaves, 2^k) can be reached in all levels at once. */
size_t hats_stark_path_max(unsigned log_n, uint32_t n_leaves) {
    size_t n = 2;
    for (unsigned k = 1; k < log_n; k++)
        n += n_leaves < UINT32_C(1) << k ? n_leaves : UINT32_C(1) << k;
    return log_n == 0 ? 0 : n - n_leaves;
}

/* Of one opening of at most n_leaves leaves: fewer leaves can have the longer path. */
static size_t opening_max(unsigned log_n, uint32_t n_leaves, size_t leaf_bytes) {
    size_t most = 0;
    for (uint32_t n = 1; n <= n_leaves && n <= UINT32_C(1) << log_n; n++) {
        size_t bytes = n * leaf_bytes + DIGEST * hats_stark_path_max(log_n, n);
        most = bytes > most ? bytes : most;
    }
    return 2 + 4 + most;
}

size_t hats_stark_proof_max_bytes(const struct hats_stark_setup *s) {
    unsigned n_trees = s->has_aux ? 3 : 2;
    size_t bytes = hats_stark_header_bytes(s->n_tables, n_trees) + 32 + (size_t)n_trees * DIGEST;
    bytes += (size_t)K_ELEMENT * s->n_opened + (size_t)DIGEST * s->n_folds;
    bytes += (size_t)K_ELEMENT * s->final_len + 8;
    for (unsigned i = 0; i < HATS_STARK_MAX_TREES; i++)
        if (s->width[i] != 0)
            bytes += opening_max(s->log_domain, s->n_queries,
                                 (size_t)ELEMENT * s->width[i] + (s->salted[i] ? SALT : 0));
    for (unsigned l = 0; l < s->n_folds; l++)
        bytes += opening_max(s->log_domain - 3 * (l + 1), s->n_queries,
                             (size_t)HATS_STARK_FOLD * K_ELEMENT);
    return bytes;
}
