/* A linear model made ready: weights placed as polynomials, in the transform domain. */
#include "fhe/internal.h"

#include "base/arena.h"
#include "field/field.h"

#include <assert.h>

/* Coefficients of W_{q,k}: output o' of the ciphertext takes o' B .. o' B + B - 1, in reverse. */
static void place(int32_t *coefficients, const struct hats_linear_shape *s, const int32_t *w,
                  uint32_t q, uint32_t k) {
    uint32_t first = k * s->block;
    uint32_t width = s->d - first < s->block ? s->d - first : s->block;
    for (uint32_t i = 0; i < hats_linear_outs_in(s, q); i++) {
        const int32_t *row = w + (size_t)(q * s->outs_per_ct + i) * s->d + first;
        int32_t *at = coefficients + (size_t)i * s->block + s->block - 1;
        for (uint32_t j = 0; j < width; j++)
            at[-(ptrdiff_t)j] = row[j];
    }
}

/* Work in units of a dot product of N coefficients, of which a transform costs about 100 and a
 * pointwise product of N about 10 (bench/linear.c: dot, ntt, product). */
static bool direct_is_cheaper(const struct hats_linear_shape *s, size_t n) {
    uint64_t span = (uint64_t)s->outs_per_ct * s->block, n_in = s->n_in, n_out = s->n_out;
    uint64_t direct = s->k * (n_in * span + n);
    uint64_t transform = n * (100 * (n_in + n_out) + 10 * (n_in + 1) * n_out);
    return direct <= transform;
}

static uint32_t largest_weight(const struct hats_linear_shape *s, const int32_t *w) {
    uint32_t most = 1;
    for (size_t i = 0; i < (size_t)s->k * s->d; i++) {
        uint32_t magnitude = w[i] < 0 ? 0 - (uint32_t)w[i] : (uint32_t)w[i];
        most = magnitude > most ? magnitude : most;
    }
    return most;
}

static hats_status fill(struct hats_linear_model *m, const struct hats_linear_weights *weights,
                        bool direct) {
    const struct hats_linear_shape *s = &m->shape;
    size_t n = m->params.n, n_products = (size_t)s->n_out * s->n_in;
    const struct hats_ntt *ntt = hats_ntt_shared(m->params.log_n);
    int32_t *w = hats_alloc_array(m->span, sizeof *w);
    hats_status status = HATS_E_MEMORY;
    m->w_hat = hats_alloc_array(n_products * n, sizeof *m->w_hat);
    m->bias = hats_alloc_array(s->k, sizeof *m->bias);
    m->w_rev = direct ? hats_alloc_array(n_products * m->span, sizeof *m->w_rev) : NULL;
    if (ntt == NULL || w == NULL || m->w_hat == NULL || m->bias == NULL ||
        (direct && m->w_rev == NULL))
        goto done;
    memcpy(m->bias, weights->bias, s->k * sizeof *m->bias);
    for (size_t at = 0; at < n_products; at++) {
        uint64_t *w_hat = m->w_hat + at * n;
        memset(w, 0, m->span * sizeof *w);
        place(w, s, weights->w, (uint32_t)(at / s->n_in), (uint32_t)(at % s->n_in));
        for (size_t i = 0; i < m->span; i++)
            w_hat[i] = hats_fp_from_i64(w[i]);
        hats_ntt_forward(ntt, w_hat);
        for (size_t i = 0; direct && i < m->span; i++)
            m->w_rev[at * m->span + i] = (int16_t)w[m->span - 1 - i];
    }
    status = HATS_OK;
done:
    hats_free(w);
    return status;
}

hats_status hats_linear_model_new_path(struct hats_linear_model **out, uint32_t set_id,
                                       unsigned log_t, const struct hats_linear_shape *shape,
                                       const struct hats_linear_weights *weights,
                                       enum hats_linear_path path, struct hats_error *err) {
    struct hats_linear_budget budget;
    struct hats_fhe_params params;
    struct hats_linear_model *m = NULL;
    hats_status status = hats_linear_budget_of(&budget, set_id, log_t, shape, weights, err);
    if (status == HATS_OK)
        status = hats_fhe_params_init(&params, set_id, budget.log_t, err);
    if (status != HATS_OK)
        return status;
    uint32_t w_max = largest_weight(shape, weights->w);
    bool direct = w_max <= INT16_MAX && /* what dot products take (ring/kernels.h) */
                  (path == HATS_PATH_DIRECT ||
                   (path == HATS_PATH_BEST && direct_is_cheaper(shape, params.n)));
    m = hats_alloc(sizeof *m);
    if (m == NULL) {
        status = HATS_E_MEMORY;
        goto done;
    }
    m->params = params;
    m->shape = *shape;
    m->budget = budget;
    m->w_max = (int)w_max;
    m->span = (size_t)shape->outs_per_ct * shape->block;
    status = fill(m, weights, direct);
    if (status != HATS_OK)
        goto done;
    *out = m;
    m = NULL;
done:
    hats_linear_model_free(m);
    return status == HATS_OK ? HATS_OK
                             : hats_fail(err, status, "no memory for a %u x %u model",
                                         (unsigned)shape->k, (unsigned)shape->d);
}

hats_status hats_linear_model_new(struct hats_linear_model **out, uint32_t set_id, unsigned log_t,
                                  const struct hats_linear_shape *shape,
                                  const struct hats_linear_weights *weights,
                                  struct hats_error *err) {
    return hats_linear_model_new_path(out, set_id, log_t, shape, weights, HATS_PATH_BEST, err);
}

void hats_linear_model_free(struct hats_linear_model *m) {
    if (m == NULL)
        return;
    hats_free(m->w_hat);
    hats_free(m->w_rev);
    hats_free(m->bias);
    hats_free(m);
}

const struct hats_linear_shape *hats_linear_model_shape(const struct hats_linear_model *m) {
    return &m->shape;
}
const struct hats_fhe_params *hats_linear_model_params(const struct hats_linear_model *m) {
    return &m->params;
}
const struct hats_linear_budget *hats_linear_model_budget(const struct hats_linear_model *m) {
    return &m->budget;
}
