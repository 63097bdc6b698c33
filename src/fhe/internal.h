/* What the files of this folder share, and its tests see. */
#ifndef HATS_FHE_INTERNAL_H
#define HATS_FHE_INTERNAL_H

#include "fhe/linear.h"

#include "base/bytes.h"

#define HATS_FHE_SALT_LEN 32
#define HATS_FHE_STREAM_SEED_LEN 32

/* ---- constant.c: what is derived from public values ---- */

/* The transform of the global a0 of a set: made at first use, kept for the life of the process.
 * NULL without memory. */
const uint64_t *hats_fhe_a0_hat(uint32_t set_id);
/* seed_j of ciphertext j of a request, and its uniform a (coefficients). */
void hats_fhe_stream_seed(uint8_t seed[HATS_FHE_STREAM_SEED_LEN], const uint8_t ctx[32],
                          const uint8_t salt[HATS_FHE_SALT_LEN], uint32_t j, size_t n);
void hats_fhe_expand_a(uint64_t *a, size_t n, const uint8_t seed[HATS_FHE_STREAM_SEED_LEN]);

/* ---- codec.c ---- */

/* A ciphertext or answer object taken apart in place; words are not looked at. */
struct hats_ciphertext_view {
    const uint8_t *salt;
    const uint8_t *c0; /* n_in * N words */
};
struct hats_answer_view {
    const uint8_t *words; /* per q: N words of c1, then outs words of c0 */
};
HATS_MUST_USE hats_status hats_linear_ciphertext_open(struct hats_ciphertext_view *v,
                                                      uint32_t set_id,
                                                      const struct hats_linear_shape *s,
                                                      const uint8_t *bytes, size_t len_bytes,
                                                      struct hats_error *err);
HATS_MUST_USE hats_status hats_linear_answer_open(struct hats_answer_view *v, uint32_t set_id,
                                                  const struct hats_linear_shape *s,
                                                  const uint8_t *bytes, size_t len_bytes,
                                                  struct hats_error *err);
/* Write the header of an object of the right size; returns where the body begins. */
uint8_t *hats_fhe_public_key_begin(uint8_t *out, uint32_t set_id);
uint8_t *hats_linear_ciphertext_begin(uint8_t *out, uint32_t set_id,
                                      const struct hats_linear_shape *s,
                                      const uint8_t salt[HATS_FHE_SALT_LEN]);
uint8_t *hats_linear_answer_begin(uint8_t *out, uint32_t set_id, const struct hats_linear_shape *s);
/* n big-endian words; HATS_E_CANONICAL when one is not below p. */
HATS_MUST_USE hats_status hats_fhe_words(uint64_t *out, const uint8_t *bytes, size_t n,
                                         struct hats_error *err);

/* ---- linear.c ---- */

struct hats_fhe_public {
    uint32_t set_id;
    uint64_t *b0_hat;   /* transform of b0 */
    int16_t *b0_planes; /* limb planes of b0 (ring/kernels.h) */
};

/* How the kept coefficients of c0 are found; the field elements are the same. */
enum hats_linear_path {
    HATS_PATH_BEST,
    HATS_PATH_DIRECT,   /* dot products with the coefficients of c0 and b0 */
    HATS_PATH_TRANSFORM /* transforms of c0, one inverse transform an output ciphertext */
};

struct hats_linear_model {
    struct hats_fhe_params params;
    struct hats_linear_shape shape;
    struct hats_linear_budget budget;
    uint64_t *w_hat; /* [n_out][n_in][N]: transforms of W_{q,k} */
    int16_t *w_rev;  /* [n_out][n_in][span]: W_{q,k}, highest coefficient first; direct path only */
    int w_max;       /* max |w|, at least 1 */
    size_t span;     /* outs_per_ct * block */
    int64_t *bias;   /* k */
};

HATS_MUST_USE hats_status hats_linear_model_new_path(struct hats_linear_model **out,
                                                     uint32_t set_id, unsigned log_t,
                                                     const struct hats_linear_shape *shape,
                                                     const struct hats_linear_weights *weights,
                                                     enum hats_linear_path path,
                                                     struct hats_error *err);

#endif
