/* One answer: sum_k c_k W_{q,k} + Delta b + Enc_pk(0) + flood for every output ciphertext q. */
#include "fhe/internal.h"

#include "base/arena.h"
#include "field/field.h"
#include "ring/kernels.h"
#include "ring/ring.h"
#include "ring/sample.h"

#include <assert.h>

#define TERMS_MAX (HATS_LINEAR_MAX_CIPHERTEXTS + 1)

/* Everything one call needs, in one allocation. */
struct work {
    const struct hats_linear_model *model;
    const struct hats_fhe_public *pk;
    const struct hats_field_kernels *field;
    const struct hats_ring_kernels *ring;
    const struct hats_ntt *ntt;
    const uint64_t *a0_hat;
    const uint8_t *flood_seed;
    uint64_t *c0;    /* n_in * N: transforms, or in their place limb planes (direct path) */
    uint64_t *a_hat; /* n_in * N */
    uint64_t *u_hat; /* N */
    uint64_t *sum;   /* N */
    uint64_t *kept;  /* outs_per_ct */
    int64_t *flood;  /* outs_per_ct */
    int8_t *u;       /* N */
    int16_t *u_rev;  /* u, highest coefficient first; direct path */
    int8_t *e2;      /* N */
    int8_t *e1;      /* outs_per_ct */
    uint8_t *storage;
    size_t secret_at, storage_len; /* what follows secret_at is wiped */
};

static hats_status work_init(struct work *w) {
    const struct hats_linear_shape *s = &w->model->shape;
    size_t n = w->model->params.n, outs = s->outs_per_ct;
    size_t poly = n * sizeof(uint64_t), round = HATS_ALIGN - 1;
    size_t words = (outs * sizeof(uint64_t) + round) & ~round, bytes = (outs + round) & ~round;
    struct hats_arena arena;
    w->secret_at = 2 * s->n_in * poly;
    w->storage_len = w->secret_at + 2 * poly + 2 * words + 4 * n + bytes;
    w->storage = hats_alloc(w->storage_len);
    if (w->storage == NULL)
        return HATS_E_MEMORY;
    hats_arena_init(&arena, w->storage, w->storage_len);
    w->c0 = hats_arena_alloc(&arena, s->n_in * poly);
    w->a_hat = hats_arena_alloc(&arena, s->n_in * poly);
    w->u_hat = hats_arena_alloc(&arena, poly);
    w->sum = hats_arena_alloc(&arena, poly);
    w->kept = hats_arena_alloc(&arena, outs * sizeof(uint64_t));
    w->flood = hats_arena_alloc(&arena, outs * sizeof(int64_t));
    w->u = hats_arena_alloc(&arena, n);
    w->u_rev = hats_arena_alloc(&arena, n * sizeof(int16_t));
    w->e2 = hats_arena_alloc(&arena, n);
    w->e1 = hats_arena_alloc(&arena, outs);
    assert(w->e1 != NULL);
    return HATS_OK;
}

static void work_clear(struct work *w) {
    if (w->storage != NULL)
        hats_wipe(w->storage + w->secret_at, w->storage_len - w->secret_at);
    hats_free(w->storage);
}

static int16_t *c0_planes(const struct work *w, uint32_t k) {
    return (int16_t *)(void *)(w->c0 + k * w->model->params.n);
}

/* Limb planes or transforms of c0_k, and transforms of a_k. */
static hats_status take_ciphertext(struct work *w, const struct hats_ciphertext_view *v,
                                   const uint8_t ctx[32], struct hats_error *err) {
    size_t n = w->model->params.n;
    bool direct = w->model->w_rev != NULL;
    for (uint32_t k = 0; k < w->model->shape.n_in; k++) {
        uint8_t seed[HATS_FHE_STREAM_SEED_LEN];
        uint64_t *a_hat = w->a_hat + k * n, *c0 = direct ? w->sum : w->c0 + k * n;
        hats_status status = hats_fhe_words(c0, v->c0 + k * n * sizeof(uint64_t), n, err);
        if (status != HATS_OK)
            return hats_fail_in(err, status, "ciphertext");
        if (direct)
            w->ring->split(c0_planes(w, k), c0, n);
        else
            w->field->ntt_forward(w->ntt, c0);
        hats_fhe_stream_seed(seed, ctx, v->salt, k, n);
        hats_fhe_expand_a(a_hat, n, seed);
        w->field->ntt_forward(w->ntt, a_hat);
    }
    return HATS_OK;
}

/* tag | flood_seed | LE32(q), to which the samplers add LE16(block). Returns the length. */
static size_t stream_of(uint8_t prefix[48], const struct work *w, const char *tag, uint32_t q) {
    size_t tag_len = strlen(tag);
    memcpy(prefix, tag, tag_len);
    memcpy(prefix + tag_len, w->flood_seed, 32);
    hats_store_le32(prefix + tag_len + 32, q);
    return tag_len + 36;
}

static void sample(struct work *w, uint32_t q, uint32_t outs) {
    size_t n = w->model->params.n;
    uint8_t prefix[48];
    hats_ring_ternary(w->u, n, prefix, stream_of(prefix, w, "HATS-U", q));
    hats_ring_cbd21(w->e2, n, prefix, stream_of(prefix, w, "HATS-E2", q));
    hats_ring_cbd21_few(w->e1, outs, prefix, stream_of(prefix, w, "HATS-E1", q));
    hats_ring_flood(w->flood, outs, w->model->budget.flood / HATS_RING_FLOOD_TERMS, prefix,
                    stream_of(prefix, w, "HATS-FLD", q));
    hats_wipe(prefix, sizeof prefix);
}

/* sum = inverse transform of sum_k x_k W_{q,k} + z u. */
static void combine(struct work *w, uint32_t q, const uint64_t *x_hat, const uint64_t *z_hat) {
    size_t n = w->model->params.n;
    uint32_t n_in = w->model->shape.n_in;
    const uint64_t *left[TERMS_MAX], *right[TERMS_MAX];
    for (uint32_t k = 0; k < n_in; k++) {
        left[k] = x_hat + k * n;
        right[k] = w->model->w_hat + ((size_t)q * n_in + k) * n;
    }
    left[n_in] = z_hat;
    right[n_in] = w->u_hat;
    w->ring->mul_sum(w->sum, left, right, n_in + 1, n);
    w->field->ntt_inverse(w->ntt, w->sum);
}

/* The kept coefficients of sum_k c0_k W_{q,k} + b0 u. */
static void keep(struct work *w, uint32_t q, uint32_t outs) {
    const struct hats_linear_model *m = w->model;
    size_t n = m->params.n;
    if (m->w_rev == NULL) {
        combine(w, q, w->c0, w->pk->b0_hat);
        for (uint32_t i = 0; i < outs; i++)
            w->kept[i] = w->sum[(size_t)(i + 1) * m->shape.block - 1];
        return;
    }
    hats_ring_reverse(w->u_rev, w->u, n);
    for (uint32_t i = 0; i < outs; i++) {
        size_t index = (size_t)(i + 1) * m->shape.block - 1;
        uint64_t sum = hats_ring_coefficient(w->pk->b0_planes, n, w->u_rev, n, 1, index);
        for (uint32_t k = 0; k < m->shape.n_in; k++) {
            const int16_t *w_rev = m->w_rev + ((size_t)q * m->shape.n_in + k) * m->span;
            uint64_t term =
                hats_ring_coefficient(c0_planes(w, k), n, w_rev, m->span, m->w_max, index);
            sum = hats_fp_add(sum, term);
        }
        w->kept[i] = sum;
    }
}

/* Writes c1 and the kept words of output ciphertext q; returns where the next one begins. */
static uint8_t *answer_one(struct work *w, uint8_t *out, uint32_t q) {
    const struct hats_linear_model *m = w->model;
    size_t n = m->params.n;
    uint32_t outs = hats_linear_outs_in(&m->shape, q);
    const int64_t *bias = m->bias + (size_t)q * m->shape.outs_per_ct;
    sample(w, q, outs);
    w->ring->from_small(w->u_hat, w->u, n);
    w->field->ntt_forward(w->ntt, w->u_hat);
    combine(w, q, w->a_hat, w->a0_hat);
    w->ring->add_small(w->sum, w->sum, w->e2, n);
    w->ring->store_be(out, w->sum, n);
    keep(w, q, outs);
    for (uint32_t i = 0; i < outs; i++) {
        uint64_t shift = hats_fp_mul(m->params.delta, hats_fp_from_i64(bias[i]));
        uint64_t noise = hats_fp_from_i64(w->flood[i] + w->e1[i]);
        w->kept[i] = hats_fp_add(w->kept[i], hats_fp_add(shift, noise));
    }
    w->ring->store_be(out + n * sizeof(uint64_t), w->kept, outs);
    return out + (n + outs) * sizeof(uint64_t);
}

hats_status hats_linear_evaluate(uint8_t *answer, size_t answer_len_bytes,
                                 const struct hats_linear_model *model,
                                 const struct hats_fhe_public *pk, const uint8_t ctx[32],
                                 const uint8_t *ciphertext, size_t ciphertext_len_bytes,
                                 const uint8_t flood_seed[32], struct hats_error *err) {
    uint32_t set_id = model->params.set_id;
    struct hats_ciphertext_view view;
    struct work w = {
        .model = model,
        .pk = pk,
        .field = hats_field_kernels(),
        .ring = hats_ring_kernels(),
        .flood_seed = flood_seed,
    };
    assert(answer_len_bytes == hats_linear_answer_bytes(set_id, &model->shape));
    (void)answer_len_bytes;
    if (pk->set_id != set_id)
        return hats_fail(err, HATS_E_VERSION,
                         "the key belongs to parameter set %u, the model to %u",
                         (unsigned)pk->set_id, (unsigned)set_id);
    hats_status status = hats_linear_ciphertext_open(&view, set_id, &model->shape, ciphertext,
                                                     ciphertext_len_bytes, err);
    if (status != HATS_OK)
        return status;
    w.ntt = hats_ntt_shared(model->params.log_n);
    w.a0_hat = hats_fhe_a0_hat(set_id);
    if (w.ntt == NULL || w.a0_hat == NULL || work_init(&w) != HATS_OK) {
        status = hats_fail(err, HATS_E_MEMORY, "no memory to evaluate a model");
        goto done;
    }
    status = take_ciphertext(&w, &view, ctx, err);
    if (status != HATS_OK)
        goto done;
    uint8_t *at = hats_linear_answer_begin(answer, set_id, &model->shape);
    for (uint32_t q = 0; q < model->shape.n_out; q++)
        at = answer_one(&w, at, q);
done:
    work_clear(&w);
    return status;
}
