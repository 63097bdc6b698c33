#include "hash/sha256_many.h"
#include "stark/prove_internal.h"

#include <assert.h>

enum { K_LEN = 24, LEAF_LEN = HATS_STARK_FOLD * K_LEN };

/* ---- folding ---- */

struct layer {
    struct hats_stark_prover *p;
    uint8_t *leaves;
    struct hats_merkle *tree;
    unsigned log_n, log_s; /* the layer's domain; the subgroup whose cosets it is evaluated on */
    const struct hats_lde_coset **cosets;
    uint32_t *position_of; /* [2^log_s] */
    uint64_t *coeffs;      /* [3][len padded] */
    size_t len, stride;
    uint64_t *rooms; /* [threads][3][2^log_s] */
};

/* Leaves k, k + n_cosets, ...: the eight points of a leaf lie on one coset, 2^log_s / 8 apart. */
static void layer_coset(void *arg, size_t k, unsigned thread) {
    struct layer *l = arg;
    size_t s = (size_t)1 << l->log_s, n_cosets = (size_t)1 << (l->log_n - l->log_s);
    uint64_t *values = l->rooms + thread * 3 * s;
    const struct hats_lde_coset *coset = l->cosets[k];
    for (unsigned i = 0; i < 3; i++)
        hats_lde_evaluate(coset, values + i * s, l->coeffs + i * l->stride, l->len);
    for (uint32_t j = 0; j < s / HATS_STARK_FOLD; j++) {
        size_t leaf = k + j * n_cosets;
        uint8_t *out = l->leaves + leaf * LEAF_LEN;
        for (uint32_t m = 0; m < HATS_STARK_FOLD; m++) {
            uint32_t at = l->position_of[j + m * (uint32_t)(s / HATS_STARK_FOLD)];
            for (unsigned i = 0; i < 3; i++, out += 8)
                hats_store_be64(out, values[i * s + at]);
        }
    }
}

static void hash_leaves(void *arg, size_t i, unsigned thread) {
    (void)thread;
    struct layer *l = arg;
    size_t n = (size_t)1 << l->tree->log_n, piece = n < 64 ? n : 64;
    struct hats_merkle_rows rows = {l->leaves + i * piece * LEAF_LEN, LEAF_LEN, LEAF_LEN, NULL};
    hats_merkle_hash_rows(hats_merkle_leaves(l->tree) + i * piece * HATS_SHA256_LEN, &rows, piece);
}

/* The subgroup to transform on: as many points as coefficients, about, and 8 at least. */
static unsigned subgroup_log(size_t len, unsigned log_n) {
    unsigned log = HATS_AIR_LOG_N_MIN;
    while (log < HATS_AIR_LOG_N_MAX && log < log_n && (size_t)2 << log <= len)
        log++;
    return log;
}

static hats_status commit_layer(struct hats_stark_prover *p, unsigned fold, size_t len) {
    struct layer l = {.p = p, .tree = &p->layer_tree[fold], .len = len};
    l.log_n = p->setup->log_domain - 3 * fold;
    l.log_s = subgroup_log(len, l.log_n);
    l.stride = (len + 7) / 8 * 8;
    l.tree->log_n = l.log_n - 3;
    size_t n_leaves = (size_t)1 << l.tree->log_n;
    l.leaves = p->layer_leaves[fold] = hats_stark_prover_alloc(p, n_leaves, LEAF_LEN);
    l.tree->digests = hats_stark_prover_alloc(p, hats_merkle_len_bytes(l.tree->log_n), 1);
    l.coeffs = hats_stark_prover_alloc(p, 3 * l.stride, sizeof *l.coeffs);
    l.rooms = hats_stark_prover_alloc(p, (size_t)hats_parallel_n_threads(p->threads) * 3 << l.log_s,
                                      sizeof *l.rooms);
    size_t n_cosets = (size_t)1 << (l.log_n - l.log_s);
    l.cosets = hats_stark_prover_alloc(p, n_cosets, sizeof *l.cosets);
    l.position_of = hats_stark_prover_alloc(p, (size_t)1 << l.log_s, sizeof *l.position_of);
    if (l.leaves == NULL || l.tree->digests == NULL || l.coeffs == NULL || l.rooms == NULL ||
        l.cosets == NULL || l.position_of == NULL)
        return HATS_E_MEMORY;
    uint64_t shift = hats_fp_pow(HATS_P_GENERATOR, (uint64_t)1 << (3 * fold));
    for (size_t k = 0; k < n_cosets; k++) {
        if ((l.cosets[k] = hats_stark_coset(p, l.log_s, shift)) == NULL)
            return HATS_E_MEMORY;
        shift = hats_fp_mul(shift, hats_stark_generator(l.log_n));
    }
    for (uint32_t j = 0; j < (uint32_t)1 << l.log_s; j++)
        l.position_of[j] = hats_ntt_position(l.cosets[0]->ntt, j);
    for (size_t j = 0; j < len; j++)
        for (unsigned i = 0; i < 3; i++)
            l.coeffs[i * l.stride + j] = p->batch[j].c[i];
    hats_parallel_for(p->threads, n_cosets, layer_coset, &l);
    hats_parallel_for(p->threads, n_leaves < 64 ? 1 : n_leaves / 64, hash_leaves, &l);
    hats_stark_build_tree(p, l.tree);
    memcpy(p->layer_root[fold], hats_merkle_root(l.tree), HATS_SHA256_LEN);
    return HATS_OK;
}

/* sum_k X^k F_k(X^8) -> sum_k beta^k F_k(X). */
static void fold_batch(struct hats_fp3 *f, size_t len, struct hats_fp3 beta) {
    for (size_t j = 0; j < len / HATS_STARK_FOLD; j++) {
        struct hats_fp3 sum = f[HATS_STARK_FOLD * j + HATS_STARK_FOLD - 1];
        for (unsigned k = HATS_STARK_FOLD - 1; k-- > 0;)
            sum = hats_fp3_add(hats_fp3_mul(sum, beta), f[HATS_STARK_FOLD * j + k]);
        f[j] = sum;
    }
}

hats_status hats_stark_prove_folds(struct hats_stark_prover *p) {
    const struct hats_stark_setup *s = p->setup;
    uint64_t start = hats_stark_clock();
    size_t len = s->d_max;
    for (unsigned fold = 0; fold < s->n_folds; fold++) {
        struct hats_fp3 beta;
        if (commit_layer(p, fold, len) != HATS_OK)
            return hats_fail(p->err, HATS_E_MEMORY, "no memory to fold a proof");
        hats_stark_absorb(&p->transcript, HATS_STARK_L_LAYER, p->layer_root[fold], HATS_SHA256_LEN);
        hats_stark_draw_k(&p->transcript, HATS_STARK_L_BETA, &beta, 1);
        fold_batch(p->batch, len, beta);
        len /= HATS_STARK_FOLD;
    }
    assert(len == s->final_len);
    p->times.fri += hats_stark_clock() - start;
    return HATS_OK;
}

/* ---- proof of work ---- */

enum { TRIES = 64, PIECES = 32, WORK_LEN = 16 + HATS_STARK_WORK_SEED_LEN + 8 };

struct work {
    unsigned bits;
    uint8_t message[HATS_SHA256_PADDED(WORK_LEN)]; /* the nonce is to be filled in */
    uint64_t first;                                /* nonce of piece 0 */
    uint64_t found[PIECES];
};

/* 8 TRIES nonces; the smallest that does. */
static void try_nonces(void *arg, size_t i, unsigned thread) {
    (void)thread;
    struct work *w = arg;
    uint8_t messages[TRIES][sizeof w->message], digests[TRIES][HATS_SHA256_LEN];
    for (size_t k = 0; k < TRIES; k++)
        memcpy(messages[k], w->message, sizeof w->message);
    w->found[i] = UINT64_MAX;
    uint64_t nonce = w->first + i * 8 * TRIES;
    for (unsigned part = 0; part < 8 && w->found[i] == UINT64_MAX; part++, nonce += TRIES) {
        for (size_t k = 0; k < TRIES; k++)
            hats_store_be64(messages[k] + WORK_LEN - 8, nonce + k);
        hats_sha256_whole(digests[0], messages[0], sizeof messages[0], TRIES);
        for (size_t k = TRIES; k-- > 0;)
            if ((uint64_t)hats_load_be32(digests[k]) >> (32 - w->bits) == 0)
                w->found[i] = nonce + k;
    }
}

void hats_stark_prove_work(struct hats_stark_prover *p) {
    uint64_t start = hats_stark_clock();
    struct work w = {.bits = p->setup->grinding, .message = "HATS-WORK-1"};
    hats_stark_draw_bytes(&p->transcript, HATS_STARK_L_WORK_SEED, w.message + 16,
                          HATS_STARK_WORK_SEED_LEN);
    hats_sha256_pad(w.message, WORK_LEN);
    unsigned n_pieces = hats_parallel_n_threads(p->threads) == 1 ? 1 : PIECES;
    for (p->nonce = UINT64_MAX; p->nonce == UINT64_MAX; w.first += (uint64_t)n_pieces * 8 * TRIES) {
        hats_parallel_for(p->threads, n_pieces, try_nonces, &w);
        for (unsigned i = n_pieces; i-- > 0;)
            if (w.found[i] != UINT64_MAX)
                p->nonce = w.found[i];
    }
    uint8_t nonce[8];
    hats_store_be64(nonce, p->nonce);
    hats_stark_absorb(&p->transcript, HATS_STARK_L_NONCE, nonce, sizeof nonce);
    p->times.work += hats_stark_clock() - start;
}
