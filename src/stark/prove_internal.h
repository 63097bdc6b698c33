/* What the files of the prover share. The order of work:
 *
 *   workspace.c       memory, tables and threads that outlive a proof
 *   prove.c           memory, coins, the transcript, the whole
 *   prove_commit.c    polynomials to values on the domain, rows to trees
 *   prove_aux.c       helpers and accumulator: the columns that need challenges
 *   prove_quotient.c  constraints on a few cosets, the quotient, its chunks
 *   prove_open.c      values at zeta, the batch
 *   prove_fold.c      folding, proof of work
 *   prove_write.c     queries, the bytes
 *
 * The domain is the cosets 7 w^k <g>, k < n_cosets, of the subgroup of order N; the value of column c at
 * element j of coset k is values[(c n_cosets + k) N + hats_ntt_position(j)], and is row k + j n_cosets.
 */
#ifndef HATS_STARK_PROVE_INTERNAL_H
#define HATS_STARK_PROVE_INTERNAL_H

#include "field/lde.h"
#include "hash/merkle.h"
#include "hash/shake.h"
#include "stark/air_block.h"
#include "stark/parallel.h"
#include "stark/prove.h"
#include "stark/transcript.h"

#define HATS_STARK_MAX_BLOCKS 256 /* allocations of one proof */
#define HATS_STARK_MAX_WIDTH 512  /* base columns of one tree */

/* The columns of one tree. */
struct hats_stark_oracle {
    unsigned width;
    bool salted;
    uint64_t *coeffs; /* [width][d_max] */
    uint32_t *n_coeffs;
    uint64_t *values; /* [width][n] */
    uint8_t *salts;   /* [n][16], in the order of leaves */
    struct hats_merkle tree;
};

struct hats_stark_workspace {
    struct hats_parallel *threads;
    void *blocks[HATS_STARK_MAX_BLOCKS];
    size_t block_len[HATS_STARK_MAX_BLOCKS];
    struct hats_lde_coset **cosets; /* all that were ever asked for */
    size_t n_cosets, cap_cosets;
};

struct hats_stark_prover {
    const struct hats_stark_setup *setup;
    const struct hats_stark_statement *statement;
    const uint64_t *const *trace;
    struct hats_error *err;
    struct hats_parallel *threads;
    struct hats_stark_times times;

    struct hats_stark_workspace *workspace;
    unsigned n_blocks; /* of the workspace, taken so far */

    uint8_t key[64]; /* of the coins */
    struct hats_stark_transcript transcript;
    uint32_t n_rows;                                               /* N */
    unsigned n_cosets;                                             /* n / N */
    const struct hats_lde_coset **cosets;                          /* [n_cosets] */
    const struct hats_lde_coset *subgroup[HATS_AIR_LOG_N_MAX + 1]; /* of sizes in use, shift 1 */
    uint32_t *element_of;  /* [N] j at a position: inverse of hats_ntt_position */
    uint32_t *position_of; /* [N] */
    struct hats_stark_oracle oracle[HATS_STARK_MAX_TREES];

    struct hats_fp3 alpha, theta, delta, lambda, zeta, eta;
    struct hats_fp3 *challenges;
    struct hats_fp3 *scalars[HATS_STARK_MAX_TABLES];
    /* Row values of weight columns and of 1 / A(table), [3 c + j][N_t], in rows; base public columns. */
    uint64_t *weights[HATS_STARK_MAX_TABLES], *publics[HATS_STARK_MAX_TABLES];
    uint64_t *table_inverse[HATS_STARK_MAX_TABLES];

    uint8_t *opened;        /* encoded, n_opened x 24 */
    struct hats_fp3 *batch; /* B, d_max coefficients, then each fold of it in turn */
    uint8_t layer_root[HATS_STARK_MAX_FRI_LAYERS][HATS_SHA256_LEN];
    uint8_t *layer_leaves[HATS_STARK_MAX_FRI_LAYERS]; /* [n_l / 8][192] */
    struct hats_merkle layer_tree[HATS_STARK_MAX_FRI_LAYERS];
    uint8_t salt[32];
    uint8_t *final; /* encoded */
    uint64_t nonce;
    uint32_t positions[HATS_STARK_MAX_QUERIES];
    size_t n_positions;
};

/* Elements i, i + 1, .. of a K column that stands as three base columns of n_rows. */
static inline struct hats_fp3_vec hats_stark_vec_at(uint64_t *k, size_t n_rows, size_t i) {
    return (struct hats_fp3_vec){{k + i, k + n_rows + i, k + 2 * n_rows + i}};
}
/* Of a power of two. */
static inline unsigned hats_stark_log2(size_t n) { return 63u - (unsigned)__builtin_clzll(n); }

/* Processor time of the process, ns. */
uint64_t hats_stark_clock(void);

/* 64-byte aligned, the workspace's, its contents anything, or zero; NULL without memory. */
void *hats_stark_prover_alloc(struct hats_stark_prover *p, size_t n_items, size_t size_bytes);
void *hats_stark_prover_alloc_zero(struct hats_stark_prover *p, size_t n_items, size_t size_bytes);
/* The coset shift <g> of 2^log_n points: made once in the life of a workspace. NULL without memory. */
const struct hats_lde_coset *hats_stark_coset(struct hats_stark_prover *p, unsigned log_n,
                                              uint64_t shift);
/* n elements of F_p from the coins; `stream` names the use, each value once. */
void hats_stark_coins(const struct hats_stark_prover *p, uint32_t stream, uint64_t *out, size_t n);
void hats_stark_coin_bytes(const struct hats_stark_prover *p, uint32_t stream, uint8_t *out,
                           size_t n);
enum hats_stark_stream { /* + number of the column */
                         HATS_STARK_COIN_SALT = 0x01000000,
                         HATS_STARK_COIN_LEAVES = 0x02000000,
                         HATS_STARK_COIN_TRACE = 0x03000000,
                         HATS_STARK_COIN_AUX = 0x04000000,
                         HATS_STARK_COIN_CHUNK = 0x05000000,
                         HATS_STARK_COIN_R = 0x06000000,
};

/* Room for the columns of one tree. */
HATS_MUST_USE hats_status hats_stark_oracle_init(struct hats_stark_prover *p,
                                                 enum hats_stark_tree tree);
/* Column c of the tree: the interpolation of n_rows values, masked with h random coefficients. rows may be
 * NULL for the constant 0. room: N words. */
void hats_stark_column(const struct hats_stark_prover *p, struct hats_stark_oracle *o, unsigned c,
                       const uint64_t *rows, uint32_t n_rows, uint32_t h, uint32_t stream,
                       uint64_t *room);
/* Interpolate n_rows values given in rows: coeffs[n_rows]. room: n_rows words. */
void hats_stark_interpolate(const struct hats_stark_prover *p, uint64_t *coeffs,
                            const uint64_t *rows, unsigned log_n, uint64_t *room);
/* Values on the domain, salts, leaves, tree. ntt_ns and hash_ns are added to. */
HATS_MUST_USE hats_status hats_stark_oracle_commit(struct hats_stark_prover *p,
                                                   enum hats_stark_tree tree, uint64_t *ntt_ns,
                                                   uint64_t *hash_ns);
/* Build the inner nodes of a tree on all threads. */
void hats_stark_build_tree(struct hats_stark_prover *p, struct hats_merkle *tree);
static inline uint64_t *hats_stark_values(const struct hats_stark_prover *p,
                                          const struct hats_stark_oracle *o, unsigned column,
                                          unsigned coset) {
    return o->values + ((size_t)column * p->n_cosets + coset) * p->n_rows;
}

HATS_MUST_USE hats_status hats_stark_prove_trace(struct hats_stark_prover *p);
HATS_MUST_USE hats_status hats_stark_prove_aux(struct hats_stark_prover *p);
HATS_MUST_USE hats_status hats_stark_prove_quotient(struct hats_stark_prover *p);
HATS_MUST_USE hats_status hats_stark_prove_opened(struct hats_stark_prover *p);
HATS_MUST_USE hats_status hats_stark_prove_folds(struct hats_stark_prover *p);
void hats_stark_prove_work(struct hats_stark_prover *p);
HATS_MUST_USE hats_status hats_stark_prove_final(struct hats_stark_prover *p);
HATS_MUST_USE hats_status hats_stark_prove_write(struct hats_stark_prover *p,
                                                 struct hats_buffer *proof);

#endif
