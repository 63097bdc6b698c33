#include "stark/lazy.h"
#include "stark/verify_internal.h"

enum { FOLD = HATS_STARK_FOLD, STEP = 24 }; /* coefficients of the final polynomial at a time */

/* The values that the next layer must have, at indices of its points. */
struct claims {
    const uint32_t *indices; /* ascending */
    size_t n;
    struct hats_fp3 *values;
};

/* The inverse of 8 and the powers of 1/rho, rho = g_8: the eight points of a leaf are y rho^s. */
struct fold_constants {
    uint64_t eighth, rho[FOLD / 2];
};

static struct fold_constants constants(void) {
    struct fold_constants c = {hats_fp_inv(FOLD), {1}};
    uint64_t inverse = hats_fp_inv(hats_stark_generator(3));
    for (int i = 1; i < FOLD / 2; i++)
        c.rho[i] = hats_fp_mul(c.rho[i - 1], inverse);
    return c;
}

/* Eight values at y rho^s to one at y^8, by halves: with f = E(X^2) + X O(X^2),
 *
 *     E + beta O = [f(x) + f(-x) + beta/x (f(x) - f(-x))] / 2   at x^2,
 *
 * then with beta^2 and beta^4. ratio is beta / y. */
static struct hats_fp3 fold_leaf(const struct fold_constants *c, const uint8_t *leaf,
                                 struct hats_fp3 ratio) {
    struct hats_fp3 values[FOLD];
    for (size_t s = 0; s < FOLD; s++)
        values[s] = hats_stark_load_k(leaf + s * HATS_STARK_K_LEN);
    for (unsigned half = FOLD / 2, stride = 1; half != 0; half /= 2, stride *= 2) {
        for (unsigned s = 0; s < half; s++) {
            struct hats_fp3 sum = hats_fp3_add(values[s], values[s + half]);
            struct hats_fp3 difference = hats_fp3_sub(values[s], values[s + half]);
            struct hats_fp3 factor = hats_fp3_scale(ratio, c->rho[s * stride]);
            values[s] = hats_fp3_add(sum, hats_fp3_mul(factor, difference));
        }
        ratio = hats_fp3_square(ratio);
    }
    return hats_fp3_scale(values[0], c->eighth);
}

/* Point i of layer l is 7^(8^l) w^(8^l i); this is 1 over it. */
static uint64_t inverse_point(const struct hats_stark_verifier *v, unsigned layer, uint32_t i,
                              uint64_t inverse_shift) {
    uint32_t n = UINT32_C(1) << v->setup->log_domain;
    return hats_fp_mul(inverse_shift,
                       hats_stark_domain_power(v, (n - (i << (3 * layer))) & (n - 1)));
}

/* Are the claims in the layer's leaves? Then they become what the folded leaves claim of the next. */
static hats_status check_layer(struct hats_stark_verifier *v, unsigned l, struct claims *claims,
                               const struct fold_constants *c) {
    const struct hats_stark_opening *opening = &v->proof.layers[l];
    const uint32_t *indices = v->layer_leaves[l];
    unsigned log_leaves = v->setup->log_domain - 3 * (l + 1);
    uint32_t mask = (UINT32_C(1) << log_leaves) - 1;
    for (size_t i = 0; i < claims->n; i++) {
        uint32_t leaf = claims->indices[i] & mask;
        size_t at = 0;
        while (indices[at] != leaf)
            at++;
        size_t slot = claims->indices[i] >> log_leaves;
        struct hats_fp3 value = hats_stark_load_k(opening->leaves + at * opening->leaf_len_bytes +
                                                  slot * HATS_STARK_K_LEN);
        if (!hats_fp3_equal(value, claims->values[i]))
            return hats_stark_refuse(v, HATS_STARK_R_FOLD,
                                     "layer %u at position %u is not what comes before it", l,
                                     (unsigned)claims->indices[i]);
    }
    uint64_t inverse_shift = hats_fp_inv(hats_fp_pow(HATS_P_GENERATOR, UINT64_C(1) << (3 * l)));
    claims->n = v->n_layer_leaves[l];
    claims->indices = indices;
    for (size_t i = 0; i < claims->n; i++) {
        uint64_t inverse = inverse_point(v, l, indices[i], inverse_shift);
        claims->values[i] = fold_leaf(c, opening->leaves + i * opening->leaf_len_bytes,
                                      hats_fp3_scale(v->beta[l], inverse));
    }
    return HATS_OK;
}

/* The final polynomial at x: pieces of STEP coefficients as inner products with powers of x, and the pieces
 * by Horner's rule. */
static struct hats_fp3 final_value(const struct hats_stark_verifier *v, uint64_t x) {
    uint64_t powers[STEP + 1] = {1};
    for (int i = 0; i < STEP; i++)
        powers[i + 1] = hats_fp_mul(powers[i], x);
    uint32_t len = v->setup->final_len, begin = (len - 1) / STEP * STEP;
    struct hats_fp3 value = {{0}};
    for (;; begin -= STEP) {
        struct hats_lazy3 sum = {0};
        for (uint32_t i = 0; i < STEP && begin + i < len; i++)
            hats_lazy3_add_base(&sum, powers[i], v->final_polynomial[begin + i]);
        value = hats_fp3_add(hats_fp3_scale(value, powers[STEP]), hats_lazy3_reduce(&sum));
        if (begin == 0)
            return value;
    }
}

hats_status hats_stark_check_folds(struct hats_stark_verifier *v) {
    const struct fold_constants c = constants();
    struct claims claims = {v->positions, v->n_positions, v->batch};
    unsigned n_folds = v->setup->n_folds;
    for (unsigned l = 0; l < n_folds; l++) {
        hats_status s = check_layer(v, l, &claims, &c);
        if (s != HATS_OK)
            return s;
    }
    uint64_t shift = hats_fp_pow(HATS_P_GENERATOR, UINT64_C(1) << (3 * n_folds));
    for (size_t i = 0; i < claims.n; i++) {
        uint64_t x =
            hats_fp_mul(shift, hats_stark_domain_power(v, claims.indices[i] << (3 * n_folds)));
        if (!hats_fp3_equal(final_value(v, x), claims.values[i]))
            return hats_stark_refuse(v, HATS_STARK_R_FOLD,
                                     "the final polynomial at position %u is not what comes "
                                     "before it",
                                     (unsigned)claims.indices[i]);
    }
    return HATS_OK;
}
