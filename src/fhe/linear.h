/* Linear models on encrypted records: y = W x + b, exact.
 *
 * Packing. The d inputs are cut into n_in blocks of B features; block k is X_k = sum_i x_{kB+i} X^i
 * (coefficients from B on, and beyond d, are zero). Output ciphertext q carries up to floor(N/B)
 * outputs; with W_{q,k} = sum_o sum_i w_{o,kB+i} X^{o' B + (B-1-i)} (o' = o - q floor(N/B)),
 * coefficient (o'+1) B - 1 of sum_k X_k W_{q,k} is <w_o, x>. No rotations, no evaluation keys.
 *
 * An answer ciphertext is sum_k c_k W_{q,k} + Delta b + Enc_pk(0) + flood, with a fresh Enc_pk(0) =
 * (b0 u + e1, a0 u + e2) and flooding noise on the result coefficients. All other coefficients of
 * c0 are dropped: they would leak correlations. Without the fresh Enc_pk(0) the client would read
 * the model off c1 = W a.
 *
 * Exactness. With X = max |x|, A_o = ||w_o||_1, S = max over output ciphertexts of sum A_o:
 *     t = least 2^k, 16 <= k <= 26, with t/2 > max_o (A_o X + |bias_o|) and t/2 > X
 *     noise B = 40 S + 40 N + 21 N + 21 (e W, e0 u, e2 s, e1: worst case for |e|, |e0| <= 40)
 *     F = floor(Delta/2) - B - 2, and F >= 2^8 B is required
 * The flood is a sum of 12 uniforms on [-G, G], G = floor(F/12), so |noise + flood| <= Delta/2 - 2
 * always: round(t * phase / p) is the answer, and decryption fails with probability 0. What one
 * output word tells about the weights beyond the answer is at most KL = (B/sigma)^2 / 2,
 * sigma = F/6.
 *
 * Randomness of the server. Everything fresh in output ciphertext q comes from flood_seed (32
 * bytes, never the same for two calls: the gate hands in the mask seed of wire/core.h, which
 * depends on the request as well as on fresh randomness) through the samplers of ring/sample.h,
 * block l of each being SHAKE256(tag | flood_seed | LE32(q) | LE16(l)); tags are plain ASCII
 * without padding:
 *     u      ternary     "HATS-U"      N coefficients, 8 blocks of N/8
 *     e2     cbd21       "HATS-E2"     N coefficients, 8 blocks of N/8; added to c1
 *     e1     cbd21_few   "HATS-E1"     one value a kept coefficient, added to c0
 *     flood  flood       "HATS-FLD"    one value a kept coefficient, g = G, added to c0
 * In the last two, value i belongs to output i of the ciphertext and comes from stream i mod 8. So
 *     c1 = sum_k a_k W_{q,k} + a0 u + e2
 *     c0 at (i+1) B - 1 = (sum_k c0_k W_{q,k} + b0 u) there + Delta bias_i + e1_i + flood_i
 *
 * Everything here is a function of its arguments, bit for bit the same on every backend.
 */
#ifndef HATS_FHE_LINEAR_H
#define HATS_FHE_LINEAR_H

#include "fhe/params.h"

#define HATS_LINEAR_MAX_INPUTS 65536   /* d */
#define HATS_LINEAR_MAX_OUTPUTS 65536  /* K */
#define HATS_LINEAR_MAX_CIPHERTEXTS 64 /* per direction and call */

struct hats_linear_shape {
    uint32_t d;           /* inputs */
    uint32_t k;           /* outputs */
    uint32_t block;       /* B, features in one input ciphertext; 1 <= B <= N */
    uint32_t n_in;        /* ceil(d / B) */
    uint32_t outs_per_ct; /* min(k, floor(N / B)) */
    uint32_t n_out;       /* ceil(k / outs_per_ct) */
};

/* Checks and fills the derived fields. HATS_E_RANGE when a bound is passed. */
HATS_MUST_USE hats_status hats_linear_shape_init(struct hats_linear_shape *s, uint32_t set_id,
                                                 uint32_t d, uint32_t k, uint32_t block,
                                                 struct hats_error *err);
/* The block of at most min(d, N) features that makes n_in + n_out smallest (ties: the larger
 * block); so d itself where one ciphertext up and one down do. d >= 1, k >= 1. min(d, N) where no
 * block stays within HATS_LINEAR_MAX_CIPHERTEXTS, which hats_linear_shape_init then refuses. */
uint32_t hats_linear_best_block(uint32_t set_id, uint32_t d, uint32_t k);
/* Outputs in output ciphertext q < n_out. */
uint32_t hats_linear_outs_in(const struct hats_linear_shape *s, uint32_t q);

/* Integer weights: w is k rows of d, row-major; bias has k entries. x_max bounds every |x_i|. */
struct hats_linear_weights {
    const int32_t *w;
    const int64_t *bias;
    uint32_t x_max;
    /* Optional proven box -x_max <= lo[i] <= x_i <= hi[i] <= x_max (both NULL: -x_max .. x_max). It
     * may lower t: the answer is then bounded by sum_i max(w_i lo_i, w_i hi_i) + bias and its twin.
     * A cap that is not proven must not be given here. */
    const int32_t *lo, *hi;
};

/* What the parameters cost and guarantee. log2 figures are in thousandths of a bit. */
struct hats_linear_budget {
    unsigned log_t;           /* chosen */
    uint64_t answer_max;      /* max_o of |<w_o, x> + bias_o| over all admissible x */
    uint64_t l1_max;          /* max_o A_o */
    uint64_t l1_sum;          /* S */
    uint64_t noise;           /* B */
    uint64_t flood;           /* F */
    int32_t kl_millibits;     /* log2 of KL per output word, thousandths; e.g. -35100 */
    int32_t kl_all_millibits; /* the same for K words times d+1 calls */
};
/* log_t = 0 chooses it; otherwise it is used as it is, and refused when too small. HATS_E_RANGE
 * when no t <= 2^26 holds the answers, or F < 2^8 B, or the box is no box. b may be NULL: only the
 * check. The millibit figures are rounded up. */
HATS_MUST_USE hats_status hats_linear_budget_of(struct hats_linear_budget *b, uint32_t set_id,
                                                unsigned log_t,
                                                const struct hats_linear_shape *shape,
                                                const struct hats_linear_weights *weights,
                                                struct hats_error *err);

/* ---- objects that travel: big-endian, of fixed size once the shape is known (docs/FORMATS.md) --
 *
 * public key   "HATS-PK-1" pad16 | set id (4) | b0: N words
 * ciphertext   "HATS-CT-1" pad16 | set id (4) | n_in (4) | salt (32) | c0: n_in * N words
 * answer       "HATS-OUT-1" pad16 | set id (4) | n_out (4) | per q: c1: N words, c0: outs words
 *
 * Every word is a field element < p; anything else is HATS_E_CANONICAL. Another tag, count or
 * length is HATS_E_MALFORMED, another or unknown set HATS_E_VERSION. a_k of a ciphertext follows
 * from its salt and the ctx it was made under (secret.h); a0 is the constant of the set:
 *     a0     : block l = SHAKE128("HATS-a0" | LE32(N) | LE16(0) | LE16(l)), as coefficients
 * It must never be chosen by a client: with a trapdoor in a0, one c1 gives u, e2 and the model.
 */
size_t hats_fhe_public_key_bytes(uint32_t set_id);
size_t hats_linear_ciphertext_bytes(uint32_t set_id, const struct hats_linear_shape *s);
size_t hats_linear_answer_bytes(uint32_t set_id, const struct hats_linear_shape *s);

/* The words of b0 in a public key object, whatever its set; *set_id receives it. They are not looked at. */
HATS_MUST_USE hats_status hats_fhe_public_key_open(const uint8_t **words, uint32_t *set_id,
                                                   const uint8_t *bytes, size_t len_bytes,
                                                   struct hats_error *err);
/* What a ciphertext object made under ctx consists of, for proofs about it: for each of its n_in ciphertexts
 * the seed of a, and the N words of c0 in place, which are not looked at. */
struct hats_ciphertext_part {
    uint8_t seed[32];
    const uint8_t *c0;
};
HATS_MUST_USE hats_status hats_linear_ciphertext_parts(struct hats_ciphertext_part *parts,
                                                       uint32_t set_id,
                                                       const struct hats_linear_shape *s,
                                                       const uint8_t ctx[32], const uint8_t *bytes,
                                                       size_t len_bytes, struct hats_error *err);

#define HATS_KID_LEN 32
/* kid = H("HATS-KID-1" pad16 | set id (4) | b0 as 8-byte words), of an encoded public key. */
HATS_MUST_USE hats_status hats_fhe_kid(uint8_t kid[HATS_KID_LEN], const uint8_t *public_key,
                                       size_t len_bytes, struct hats_error *err);

/* A registered public key, ready for use (b0 in the transform domain). Immutable. */
struct hats_fhe_public;
HATS_MUST_USE hats_status hats_fhe_public_decode(struct hats_fhe_public **out, const uint8_t *bytes,
                                                 size_t len_bytes, struct hats_error *err);
void hats_fhe_public_free(struct hats_fhe_public *pk);
size_t hats_fhe_public_memory(uint32_t set_id); /* bytes one of them holds, for caches */

/* A prepared model: weights in the transform domain. Immutable, shared between threads. */
struct hats_linear_model;
HATS_MUST_USE hats_status hats_linear_model_new(struct hats_linear_model **out, uint32_t set_id,
                                                unsigned log_t,
                                                const struct hats_linear_shape *shape,
                                                const struct hats_linear_weights *weights,
                                                struct hats_error *err);
void hats_linear_model_free(struct hats_linear_model *m);
const struct hats_linear_shape *hats_linear_model_shape(const struct hats_linear_model *m);
const struct hats_fhe_params *hats_linear_model_params(const struct hats_linear_model *m);
const struct hats_linear_budget *hats_linear_model_budget(const struct hats_linear_model *m);

/* Is this exactly one well-encoded ciphertext object of this shape? Touches every word. */
HATS_MUST_USE hats_status hats_linear_ciphertext_check(uint32_t set_id,
                                                       const struct hats_linear_shape *s,
                                                       const uint8_t *bytes, size_t len_bytes,
                                                       struct hats_error *err);

/* Evaluate. `ciphertext` is a ciphertext object made under ctx (32 bytes, wire/core.h); `answer`
 * receives hats_linear_answer_bytes. All randomness comes from flood_seed, which must be fresh for
 * every (key, ctx, ciphertext) and is as secret as the model: the same arguments give the same
 * bytes on every backend. Allocates its scratch, about (2 n_in + 3) * 8 N bytes, and wipes what
 * could unmask the answer. On failure `answer` is unchanged. HATS_E_MALFORMED, HATS_E_VERSION,
 * HATS_E_CANONICAL, HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_linear_evaluate(
    uint8_t *answer, size_t answer_len_bytes, const struct hats_linear_model *model,
    const struct hats_fhe_public *pk, const uint8_t ctx[32], const uint8_t *ciphertext,
    size_t ciphertext_len_bytes, const uint8_t flood_seed[32], struct hats_error *err);

#endif
