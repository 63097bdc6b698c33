/* Public input, weights and scalar of the statement over several moduli. */
#include "statements/rns_internal.h"

#include "base/cursor.h"
#include "statements/functional.h"

#include <assert.h>

/* H of n words, big-endian. */
static void hash_words(uint8_t digest[HATS_SHA256_LEN], const uint64_t *words, size_t n) {
    struct hats_sha256 h;
    uint8_t piece[512];
    hats_sha256_init(&h);
    for (size_t at = 0; at < n; at += sizeof piece / 8) {
        for (size_t i = 0; i < sizeof piece / 8; i++)
            hats_store_be64(piece + 8 * i, words[at + i]);
        hats_sha256_update(&h, piece, sizeof piece);
    }
    hats_sha256_final(&h, digest);
}

/* "HATS-RNS-1" pad16 | log_n (4) | limbs (4) | q of each (8) | tau (8) | b (4) | ciphertexts (4) | H(b0) | ctx |
 * for each ciphertext: H(a), H(c) */
static void write_public(struct hats_rns_work *w) {
    const struct hats_rns_public *pub = w->pub;
    const struct hats_rns_setup *s = pub->setup;
    struct hats_writer out = hats_writer_of(w->public_bytes, HATS_RNS_PUBLIC_MAX(s->shape.n_ct));
    uint8_t digest[HATS_SHA256_LEN];
    size_t words = (size_t)s->shape.n_limbs * s->n;
    hats_write_tag16(&out, "HATS-RNS-1");
    hats_write_be32(&out, s->shape.log_n);
    hats_write_be32(&out, s->shape.n_limbs);
    for (unsigned i = 0; i < s->shape.n_limbs; i++)
        hats_write_be64(&out, s->shape.q[i]);
    hats_write_be64(&out, s->shape.tau);
    hats_write_be32(&out, s->shape.plain_bits);
    hats_write_be32(&out, s->shape.n_ct);
    hash_words(digest, pub->b0, s->n);
    hats_write_bytes(&out, digest, sizeof digest);
    hats_write_bytes(&out, pub->ctx, sizeof pub->ctx);
    for (uint32_t c = 0; c < s->shape.n_ct; c++) {
        hash_words(digest, pub->a + c * words, words);
        hats_write_bytes(&out, digest, sizeof digest);
        hash_words(digest, pub->c + c * words, words);
        hats_write_bytes(&out, digest, sizeof digest);
    }
    assert(hats_writer_ok(&out));
    w->statement.public_len_bytes = hats_writer_len(&out);
}

/* ---- callbacks ---- */

/* batch <- sum of beta^k f_k over all limbs of all ciphertexts, centred, then of one element over F_p. */
static void batch_up(struct hats_rns_work *w, const uint64_t *limbs, const uint64_t *last,
                     struct hats_fp3 beta) {
    const struct hats_rns_setup *s = w->pub->setup;
    struct hats_fp3 weight = hats_fp3_from_fp(1);
    for (int j = 0; j < 3; j++)
        memset(w->batch.c[j], 0, s->n * sizeof(uint64_t));
    for (unsigned k = 0; k < s->shape.n_ct * s->shape.n_limbs; k++) {
        uint64_t q = s->shape.q[k % s->shape.n_limbs];
        for (uint32_t i = 0; i < s->n; i++)
            w->element[i] = q == HATS_P ? limbs[i] : hats_rns_centred(limbs[i], q);
        hats_field_kernels()->fp3_add_scaled_base(w->batch, w->element, weight, s->n);
        weight = hats_fp3_mul(weight, beta);
        limbs += s->n;
    }
    memcpy(w->element, last, s->n * sizeof *last);
    hats_field_kernels()->fp3_add_scaled_base(w->batch, w->element, weight, s->n);
}

/* The weight of the window of ciphertext c; of the key, c = n_ct. */
static struct hats_fp3 window_weight(const struct hats_rns_setup *s,
                                     const struct hats_fp3 *challenges, uint32_t c) {
    return hats_fp3_mul(hats_fp3_pow(challenges[1], s->shape.n_ct * s->shape.n_limbs + 1),
                        hats_fp3_pow(challenges[0], c));
}

static uint32_t weigh_bits(const struct hats_rns_setup *s, const struct hats_fp3 *challenges,
                           struct hats_fp3 *out) {
    unsigned n_bits = HATS_NOISE_WINDOW_BITS(s->shape.log_n);
    for (uint32_t c = 0; c <= s->shape.n_ct; c++) {
        struct hats_fp3 weight = hats_fp3_neg(window_weight(s, challenges, c));
        for (unsigned i = 0; i < n_bits; i++)
            *out++ = hats_fp3_scale(weight, UINT64_C(1) << i);
    }
    return (s->shape.n_ct + 1) * n_bits;
}

/* Powers of gamma, computed once; with the lock held. */
static void prepare(struct hats_rns_work *w, const struct hats_fp3 *challenges) {
    if (w->ready && hats_fp3_equal(w->gamma, challenges[0]) == 1)
        return;
    hats_functional_powers(w->powers, challenges[0], w->pub->setup->n);
    w->gamma = challenges[0];
    w->ready = true;
}

static uint32_t weight_column(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out) {
    struct hats_rns_work *w = *(struct hats_rns_work *const *)ctx;
    const struct hats_rns_setup *s = w->pub->setup;
    assert(t == 0 && c < 3);
    if (c == 2)
        return weigh_bits(s, challenges, out);
    pthread_mutex_lock(&w->lock);
    prepare(w, challenges);
    if (c == 0) {
        batch_up(w, w->pub->a, s->a0, challenges[1]);
        hats_functional_vector(out, w->batch, w->room, w->powers, s->n);
    } else {
        for (uint32_t i = 0; i < s->n; i++)
            out[i] = hats_fp3_vec_at(w->powers, i);
    }
    pthread_mutex_unlock(&w->lock);
    return s->n;
}

/* Columns hold m + 2^(b-1) and r + N/4, so each limb's right side is -c - 2^(b-1) - q N/4 in every coefficient. */
static void scalars(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out) {
    struct hats_rns_work *w = *(struct hats_rns_work *const *)ctx;
    const struct hats_rns_setup *s = w->pub->setup;
    struct hats_fp3 weight = hats_fp3_from_fp(1), shifts = {0}, ones = {0}, total;
    assert(t == 0);
    pthread_mutex_lock(&w->lock);
    prepare(w, challenges);
    for (uint32_t i = 0; i < s->n; i++)
        ones = hats_fp3_add(ones, hats_fp3_vec_at(w->powers, i));
    batch_up(w, w->pub->c, w->pub->b0, challenges[1]);
    total = hats_functional_of(w->batch, w->powers, s->n);
    pthread_mutex_unlock(&w->lock);
    for (unsigned k = 0; k < s->shape.n_ct * s->shape.n_limbs; k++) {
        unsigned limb = k % s->shape.n_limbs;
        uint64_t shift = UINT64_C(1) << (s->shape.plain_bits - 1);
        if (limb < s->n_quotients)
            shift = hats_fp_add(shift, hats_fp_mul(s->shape.q[limb], s->n / 4));
        shifts = hats_fp3_add(shifts, hats_fp3_scale(weight, shift));
        weight = hats_fp3_mul(weight, challenges[1]);
    }
    total = hats_fp3_neg(hats_fp3_add(total, hats_fp3_mul(shifts, ones)));
    for (uint32_t c = 0; c <= s->shape.n_ct; c++)
        total = hats_fp3_add(
            total, hats_fp3_scale(window_weight(s, challenges, c), HATS_NOISE_WINDOW(s->n)));
    out[0] = total;
}

static uint32_t no_public_column(const void *ctx, unsigned t, unsigned c, uint64_t *out) {
    (void)ctx, (void)t, (void)c, (void)out;
    assert(!"the encryption statement has no public columns");
    return 0;
}

/* ---- the work area ---- */

static size_t public_room(const struct hats_rns_setup *s) {
    return (HATS_RNS_PUBLIC_MAX(s->shape.n_ct) + HATS_ALIGN - 1) / HATS_ALIGN * HATS_ALIGN;
}

size_t hats_rns_work_bytes(const struct hats_rns_setup *s) {
    return public_room(s) + 10 * s->n * sizeof(uint64_t);
}

static bool all_below(const uint64_t *words, size_t n, uint64_t q) {
    bool below = true;
    for (size_t i = 0; i < n; i++)
        below &= words[i] < q;
    return below;
}

static hats_status check_public(const struct hats_rns_public *pub, struct hats_error *err) {
    const struct hats_rns_setup *s = pub->setup;
    if (!all_below(pub->b0, s->n, HATS_P))
        return hats_fail(err, HATS_E_CANONICAL, "public key: a word is not below p");
    for (unsigned k = 0; k < s->shape.n_ct * s->shape.n_limbs; k++) {
        unsigned limb = k % s->shape.n_limbs;
        if (!all_below(pub->a + (size_t)k * s->n, s->n, s->shape.q[limb]) ||
            !all_below(pub->c + (size_t)k * s->n, s->n, s->shape.q[limb]))
            return hats_fail(err, HATS_E_CANONICAL,
                             "ciphertext %u, limb %u: a word is not below its modulus",
                             k / s->shape.n_limbs, limb);
    }
    return HATS_OK;
}

hats_status hats_rns_work_init(struct hats_rns_work *w, struct hats_arena *arena,
                               const struct hats_rns_public *pub, struct hats_error *err) {
    const struct hats_rns_setup *s = pub->setup;
    size_t n = s->n;
    hats_status status = check_public(pub, err);
    if (status != HATS_OK)
        return status;
    memset(w, 0, sizeof *w);
    w->self = w;
    w->pub = pub;
    w->public_bytes = hats_arena_alloc(arena, HATS_RNS_PUBLIC_MAX(s->shape.n_ct));
    uint64_t *words = hats_arena_alloc(arena, 10 * n * sizeof *words);
    if (w->public_bytes == NULL || words == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a statement");
    w->element = words;
    for (size_t i = 0; i < 3; i++) {
        w->powers.c[i] = words + (1 + i) * n;
        w->batch.c[i] = words + (4 + i) * n;
        w->room.c[i] = words + (7 + i) * n;
    }
    w->statement = (struct hats_stark_statement){
        .setup = &s->stark,
        .public_bytes = w->public_bytes,
        .ctx = &w->self,
        .public_column = no_public_column,
        .weight_column = weight_column,
        .scalars = scalars,
    };
    write_public(w);
    pthread_mutex_init(&w->lock, NULL);
    return HATS_OK;
}

void hats_rns_work_clear(struct hats_rns_work *w) { pthread_mutex_destroy(&w->lock); }
