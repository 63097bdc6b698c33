/* Public input, weights and scalar of the key statement. */
#include "statements/key_internal.h"

#include "base/cursor.h"
#include "ring/kernels.h"
#include "statements/functional.h"

#include <assert.h>

/* "HATS-KEYPROOF-1" pad16 | set id (4) | kid | nonce, kid = H("HATS-KID-1" pad16 | set id (4) | b0) */
static void write_public(struct hats_key_work *w) {
    const struct hats_key_setup *s = w->pub->setup;
    struct hats_writer out = hats_writer_of(w->public_bytes, sizeof w->public_bytes);
    uint8_t head[16 + 4] = "HATS-KID-1", kid[HATS_SHA256_LEN];
    struct hats_sha256 h;
    hats_store_be32(head + 16, s->set_id);
    hats_sha256_init(&h);
    hats_sha256_update(&h, head, sizeof head);
    hats_sha256_update(&h, w->pub->b0, (size_t)s->n * 8);
    hats_sha256_final(&h, kid);
    hats_write_tag16(&out, "HATS-KEYPROOF-1");
    hats_write_be32(&out, s->set_id);
    hats_write_bytes(&out, kid, sizeof kid);
    hats_write_bytes(&out, w->pub->nonce, HATS_KEY_NONCE_LEN);
    assert(hats_writer_ok(&out) && hats_writer_len(&out) == sizeof w->public_bytes);
}

/* beta, beta gamma, beta gamma^2 */
static void window_weights(struct hats_fp3 weights[3], const struct hats_fp3 *challenges) {
    weights[0] = challenges[1];
    weights[1] = hats_fp3_mul(weights[0], challenges[0]);
    weights[2] = hats_fp3_mul(weights[1], challenges[0]);
}

static void weigh_bits(struct hats_fp3 *out, unsigned n, struct hats_fp3 weight) {
    for (unsigned i = 0; i < n; i++)
        out[i] = hats_fp3_scale(weight, UINT64_C(1) << i);
}

/* batch <- f, an element of F_p[X]/(X^N + 1). */
static void take(struct hats_key_work *w, const uint64_t *f) {
    size_t n = w->pub->setup->n;
    memcpy(w->batch.c[0], f, n * sizeof *f);
    memset(w->batch.c[1], 0, n * sizeof *f);
    memset(w->batch.c[2], 0, n * sizeof *f);
}

static uint32_t weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    struct hats_key_work *w = *(struct hats_key_work *const *)ctx;
    const struct hats_key_setup *s = w->pub->setup;
    struct hats_fp3 weights[3];
    assert(t == 0 && c < 3);
    if (c == 2) {
        window_weights(weights, challenges);
        weigh_bits(out, HATS_KEY_WINDOW_BITS, hats_fp3_neg(weights[0]));
        weigh_bits(out + HATS_KEY_ABOVE_AT, HATS_KEY_WEIGHT_BITS, hats_fp3_neg(weights[1]));
        weigh_bits(out + HATS_KEY_BELOW_AT, HATS_KEY_WEIGHT_BITS, weights[2]);
        return HATS_KEY_USED_BITS;
    }
    pthread_mutex_lock(&w->lock);
    hats_functional_powers(w->powers, challenges[0], s->n);
    if (c == 0) {
        take(w, s->a0);
        hats_functional_vector(out, w->batch, w->room, w->powers, s->n);
    } else {
        for (size_t i = 0; i < s->n; i++)
            out[i] = hats_fp3_vec_at(w->powers, i);
    }
    pthread_mutex_unlock(&w->lock);
    return s->n;
}

static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    struct hats_key_work *w = *(struct hats_key_work *const *)ctx;
    const struct hats_key_setup *s = w->pub->setup;
    struct hats_fp3 weights[3];
    assert(t == 0);
    window_weights(weights, challenges);
    pthread_mutex_lock(&w->lock);
    hats_functional_powers(w->powers, challenges[0], s->n);
    take(w, w->b0);
    struct hats_fp3 total = hats_fp3_neg(hats_functional_of(w->batch, w->powers, s->n));
    pthread_mutex_unlock(&w->lock);
    total = hats_fp3_add(total, hats_fp3_scale(weights[0], HATS_NOISE_WINDOW(s->n)));
    total = hats_fp3_add(total, hats_fp3_scale(weights[1], s->lo));
    out[0] = hats_fp3_add(total, hats_fp3_scale(weights[2], s->hi));
}

static uint32_t no_public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    (void)ctx, (void)t, (void)c, (void)out;
    assert(!"the key statement has no public columns");
    return 0;
}

size_t hats_key_work_bytes(const struct hats_key_setup *s) { return 10 * s->n * sizeof(uint64_t); }

hats_status hats_key_work_init(struct hats_key_work *w, struct hats_arena *arena,
                               const struct hats_key_public *pub, struct hats_error *err) {
    size_t n = pub->setup->n;
    uint64_t *words = hats_arena_alloc(arena, 10 * n * sizeof *words);
    if (words == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a statement");
    memset(w, 0, sizeof *w);
    w->self = w;
    w->pub = pub;
    w->b0 = words;
    for (size_t i = 0; i < 3; i++) {
        w->powers.c[i] = words + (1 + i) * n;
        w->batch.c[i] = words + (4 + i) * n;
        w->room.c[i] = words + (7 + i) * n;
    }
    if (!hats_ring_kernels()->load_be(w->b0, pub->b0, n))
        return hats_fail(err, HATS_E_CANONICAL, "public key: a word is not below p");
    write_public(w);
    pthread_mutex_init(&w->lock, NULL);
    w->statement = (struct hats_stark_statement){
        .setup = &pub->setup->stark,
        .public_bytes = w->public_bytes,
        .public_len_bytes = sizeof w->public_bytes,
        .ctx = &w->self,
        .public_column = no_public_column,
        .weight_column = weight_column,
        .scalars = scalars,
    };
    return HATS_OK;
}

void hats_key_work_clear(struct hats_key_work *w) { pthread_mutex_destroy(&w->lock); }
