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

static uint32_t weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    struct hats_key_work *w = *(struct hats_key_work *const *)ctx;
    const struct hats_key_setup *s = w->pub->setup;
    struct hats_fp3 weights[3];
    assert(t == 0 && c < 3);
    switch (c) {
    case 0: /* the only user of the room */
        hats_functional_powers(w->powers, challenges[0], s->n);
        memcpy(w->room.c[0], s->a0, s->n * sizeof *s->a0);
        for (int i = 1; i < 3; i++)
            memset(w->room.c[i], 0, s->n * sizeof *s->a0);
        hats_functional_vector(out, w->room, w->powers, s->n);
        return s->n;
    case 1: hats_functional_powers(out, challenges[0], s->n); return s->n;
    default:
        window_weights(weights, challenges);
        weigh_bits(out, HATS_NOISE_WINDOW_BITS, hats_fp3_neg(weights[0]));
        weigh_bits(out + HATS_KEY_ABOVE_AT, HATS_KEY_WEIGHT_BITS, hats_fp3_neg(weights[1]));
        weigh_bits(out + HATS_KEY_BELOW_AT, HATS_KEY_WEIGHT_BITS, weights[2]);
        return HATS_KEY_USED_BITS;
    }
}

static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    const struct hats_key_work *w = *(struct hats_key_work *const *)ctx;
    const struct hats_key_setup *s = w->pub->setup;
    struct hats_fp3 weights[3];
    assert(t == 0);
    window_weights(weights, challenges);
    struct hats_fp3 total = hats_fp3_neg(hats_functional_at(w->b0, challenges[0], s->n));
    total = hats_fp3_add(total, hats_fp3_scale(weights[0], HATS_NOISE_WINDOW(s->n)));
    total = hats_fp3_add(total, hats_fp3_scale(weights[1], s->lo));
    out[0] = hats_fp3_add(total, hats_fp3_scale(weights[2], s->hi));
}

static uint32_t no_public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    (void)ctx, (void)t, (void)c, (void)out;
    assert(!"the key statement has no public columns");
    return 0;
}

size_t hats_key_work_bytes(const struct hats_key_setup *s) {
    return s->n * (4 * sizeof(uint64_t) + sizeof(struct hats_fp3));
}

hats_status hats_key_work_init(struct hats_key_work *w, struct hats_arena *arena,
                               const struct hats_key_public *pub, struct hats_error *err) {
    size_t n = pub->setup->n;
    memset(w, 0, sizeof *w);
    w->self = w;
    w->pub = pub;
    w->b0 = hats_arena_alloc(arena, n * sizeof *w->b0);
    w->powers = hats_arena_alloc(arena, n * sizeof *w->powers);
    uint64_t *room = hats_arena_alloc(arena, 3 * n * sizeof *room);
    if (w->b0 == NULL || w->powers == NULL || room == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a statement");
    for (size_t i = 0; i < 3; i++)
        w->room.c[i] = room + i * n;
    if (!hats_ring_kernels()->load_be(w->b0, pub->b0, n))
        return hats_fail(err, HATS_E_CANONICAL, "public key: a word is not below p");
    write_public(w);
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
