#include "base/arena.h"
#include "stark/prove_internal.h"

#include <assert.h>
#include <time.h>

struct hats_stark_workspace *hats_stark_workspace_new(unsigned n_threads) {
    struct hats_stark_workspace *w = hats_alloc(sizeof *w);
    if (w == NULL)
        return NULL;
    w->threads = hats_parallel_new(n_threads);
    if (w->threads == NULL) {
        hats_free(w);
        return NULL;
    }
    return w;
}

void hats_stark_workspace_free(struct hats_stark_workspace *w) {
    if (w == NULL)
        return;
    for (size_t i = 0; i < HATS_STARK_MAX_BLOCKS; i++)
        hats_free_wiped(w->blocks[i], w->block_len[i]);
    for (size_t i = 0; i < w->n_cosets; i++) {
        hats_lde_coset_clear(w->cosets[i]);
        hats_free(w->cosets[i]);
    }
    hats_free(w->cosets);
    hats_parallel_free(w->threads);
    hats_free(w);
}

size_t hats_stark_workspace_bytes(const struct hats_stark_workspace *w) {
    size_t sum = 0;
    for (size_t i = 0; i < HATS_STARK_MAX_BLOCKS; i++)
        sum += w->block_len[i];
    return sum;
}

uint64_t hats_stark_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* The k-th block of a proof is the k-th block of the workspace: proofs of one shape ask for the same. */
void *hats_stark_prover_alloc(struct hats_stark_prover *p, size_t n_items, size_t size_bytes) {
    struct hats_stark_workspace *w = p->workspace;
    assert(p->n_blocks < HATS_STARK_MAX_BLOCKS && n_items > 0);
    unsigned k = p->n_blocks++;
    if (n_items > SIZE_MAX / size_bytes)
        return NULL;
    size_t len = n_items * size_bytes;
    if (w->block_len[k] < len) {
        hats_free_wiped(w->blocks[k], w->block_len[k]);
        w->blocks[k] = hats_alloc(len);
        w->block_len[k] = w->blocks[k] == NULL ? 0 : len;
    }
    return w->blocks[k];
}

void *hats_stark_prover_alloc_zero(struct hats_stark_prover *p, size_t n_items, size_t size_bytes) {
    void *block = hats_stark_prover_alloc(p, n_items, size_bytes);
    if (block != NULL)
        memset(block, 0, n_items * size_bytes);
    return block;
}

const struct hats_lde_coset *hats_stark_coset(struct hats_stark_prover *p, unsigned log_n,
                                              uint64_t shift) {
    struct hats_stark_workspace *w = p->workspace;
    for (size_t i = 0; i < w->n_cosets; i++)
        if (w->cosets[i]->log_n == log_n && w->cosets[i]->shift == shift)
            return w->cosets[i];
    if (w->n_cosets == w->cap_cosets) {
        size_t cap = w->cap_cosets == 0 ? 64 : 2 * w->cap_cosets;
        struct hats_lde_coset **more = hats_alloc_array(cap, sizeof *more);
        if (more == NULL)
            return NULL;
        if (w->n_cosets > 0)
            memcpy(more, w->cosets, w->n_cosets * sizeof *more);
        hats_free(w->cosets);
        w->cosets = more;
        w->cap_cosets = cap;
    }
    struct hats_lde_coset *c = hats_alloc(sizeof *c);
    if (c == NULL || hats_lde_coset_init(c, log_n, shift, NULL) != HATS_OK) {
        hats_free(c);
        return NULL;
    }
    w->cosets[w->n_cosets++] = c;
    return c;
}
