#include "fhe/secret.h"

#include "base/arena.h"
#include "base/ct.h"
#include "base/random.h"
#include "fhe/internal.h"
#include "field/field.h"
#include "hash/sha256.h"
#include "hash/shake.h"
#include "ring/kernels.h"
#include "ring/ring.h"
#include "ring/sample.h"

#include <assert.h>

#define PRF_KEY_LEN 32

/* Kept coefficients of one answer ciphertext up to which dot products with s beat two transforms
 * and a product (ring/ring.h). */
#define DIRECT_MAX 200

/* One block: the struct, then what it points to. */
struct hats_fhe_secret {
    uint32_t set_id;
    size_t n;
    size_t storage_len;
    const struct hats_ntt *ntt;
    uint64_t *s_hat; /* transform of s */
    uint64_t *b0;    /* -a0 s + e0: public */
    int16_t *s_rev;  /* s_{N-1} .. s_0 */
    uint8_t k_s[PRF_KEY_LEN];
};

/* tag | seed | LE32(set), to which the samplers add LE16(block). */
static size_t key_stream(uint8_t prefix[64], const char *tag, const uint8_t *seed,
                         uint32_t set_id) {
    size_t tag_len = strlen(tag);
    memcpy(prefix, tag, tag_len);
    memcpy(prefix + tag_len, seed, HATS_FHE_SEED_LEN);
    hats_store_le32(prefix + tag_len + HATS_FHE_SEED_LEN, set_id);
    return tag_len + HATS_FHE_SEED_LEN + 4;
}

/* k_s = SHAKE256("HATS-KS-1" | s + 1 as N bytes) */
static void derive_prf_key(struct hats_fhe_secret *sk, const int8_t *s) {
    struct hats_shake x;
    hats_shake256_init(&x);
    hats_shake_absorb(&x, "HATS-KS-1", 9);
    for (size_t i = 0; i < sk->n; i++) {
        uint8_t digit = (uint8_t)(s[i] + 1);
        hats_shake_absorb(&x, &digit, 1);
    }
    hats_shake_squeeze(&x, sk->k_s, sizeof sk->k_s);
    hats_shake_wipe(&x);
}

/* out = small - a s, where `a_hat` holds the transform of a on entry and is used up. */
static void small_minus_product(const struct hats_fhe_secret *sk, uint64_t *out, uint64_t *a_hat,
                                const int8_t *small) {
    const struct hats_field_kernels *k = hats_field_kernels();
    k->mul(a_hat, a_hat, sk->s_hat, sk->n);
    k->ntt_inverse(sk->ntt, a_hat);
    hats_ring_kernels()->from_small(out, small, sk->n);
    k->sub(out, out, a_hat, sk->n);
}

static hats_status fill(struct hats_fhe_secret *sk, const uint8_t seed[HATS_FHE_SEED_LEN]) {
    const uint64_t *a0_hat = hats_fhe_a0_hat(sk->set_id);
    size_t scratch_len = sk->n * (sizeof(uint64_t) + 1), n = sk->n;
    uint64_t *product = hats_alloc(scratch_len);
    if (a0_hat == NULL || product == NULL) {
        hats_free(product);
        return HATS_E_MEMORY;
    }
    int8_t *small = (int8_t *)(product + n);
    uint8_t prefix[64];
    hats_ring_ternary(small, n, prefix, key_stream(prefix, "HATS-S-1", seed, sk->set_id));
    hats_ring_reverse(sk->s_rev, small, n);
    hats_ring_kernels()->from_small(sk->s_hat, small, n);
    hats_ntt_forward(sk->ntt, sk->s_hat);
    derive_prf_key(sk, small);
    hats_ring_cbd21(small, n, prefix, key_stream(prefix, "HATS-E0-1", seed, sk->set_id));
    memcpy(product, a0_hat, n * sizeof *product);
    small_minus_product(sk, sk->b0, product, small);
    HATS_PUBLIC(sk->b0, n * sizeof *sk->b0);
    hats_wipe(prefix, sizeof prefix);
    hats_free_wiped(product, scratch_len);
    return HATS_OK;
}

hats_status hats_fhe_secret_new(struct hats_fhe_secret **out, uint32_t set_id,
                                const uint8_t seed[HATS_FHE_SEED_LEN], struct hats_error *err) {
    struct hats_fhe_params params;
    hats_status status = hats_fhe_params_init(&params, set_id, HATS_LINEAR_LOG_T_MIN, err);
    if (status != HATS_OK)
        return status;
    size_t n = params.n, head = (sizeof(struct hats_fhe_secret) + HATS_ALIGN - 1) / HATS_ALIGN;
    size_t len = head * HATS_ALIGN + n * (2 * sizeof(uint64_t) + sizeof(int16_t));
    struct hats_fhe_secret *sk = hats_alloc(len);
    if (sk == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a secret key");
    sk->set_id = set_id;
    sk->n = n;
    sk->storage_len = len;
    sk->ntt = hats_ntt_shared(params.log_n);
    sk->s_hat = (uint64_t *)(void *)((uint8_t *)sk + head * HATS_ALIGN);
    sk->b0 = sk->s_hat + n;
    sk->s_rev = (int16_t *)(void *)(sk->b0 + n);
    status = sk->ntt != NULL ? fill(sk, seed) : HATS_E_MEMORY;
    if (status != HATS_OK) {
        hats_fhe_secret_free(sk);
        return hats_fail(err, status, "no memory for a secret key");
    }
    *out = sk;
    return HATS_OK;
}

void hats_fhe_secret_free(struct hats_fhe_secret *sk) {
    hats_free_wiped(sk, sk != NULL ? sk->storage_len : 0);
}

uint32_t hats_fhe_secret_set(const struct hats_fhe_secret *sk) { return sk->set_id; }

hats_status hats_fhe_public_key_of(uint8_t *out, size_t len_bytes, const struct hats_fhe_secret *sk,
                                   struct hats_error *err) {
    if (len_bytes != hats_fhe_public_key_bytes(sk->set_id))
        return hats_fail(err, HATS_E_RANGE, "a public key takes %zu bytes, not %zu",
                         hats_fhe_public_key_bytes(sk->set_id), len_bytes);
    hats_ring_kernels()->store_be(hats_fhe_public_key_begin(out, sk->set_id), sk->b0, sk->n);
    return HATS_OK;
}

/* ---- encryption ---- */

struct request {
    uint8_t os32[32];
    uint8_t digest[HATS_SHA256_LEN]; /* H(m) */
    uint8_t salt[HATS_FHE_SALT_LEN];
};

/* H(m) = H("HATS-MSG-1" pad16 | set | log_t | d | B | x_0 .. x_{d-1}), each 4 bytes big-endian */
static void digest_message(uint8_t digest[HATS_SHA256_LEN], const struct hats_fhe_params *params,
                           const struct hats_linear_shape *shape, const int32_t *x) {
    uint8_t head[16 + 4 * 4] = "HATS-MSG-1", piece[256];
    struct hats_sha256 h;
    hats_store_be32(head + 16, params->set_id);
    hats_store_be32(head + 20, params->log_t);
    hats_store_be32(head + 24, shape->d);
    hats_store_be32(head + 28, shape->block);
    hats_sha256_init(&h);
    hats_sha256_update(&h, head, sizeof head);
    for (size_t i = 0; i < shape->d;) {
        size_t len = 0;
        for (; len < sizeof piece && i < shape->d; len += 4, i++)
            hats_store_be32(piece + len, (uint32_t)x[i]);
        hats_sha256_update(&h, piece, len);
    }
    hats_sha256_final(&h, digest);
    hats_wipe(&h, sizeof h);
    hats_wipe(piece, sizeof piece);
}

/* salt = SHAKE256("HATS-SALT" | k_s | os32 | ctx | H(m)) */
static hats_status start_request(struct request *r, const struct hats_fhe_secret *sk,
                                 const struct hats_fhe_params *params,
                                 const struct hats_linear_shape *shape, const uint8_t ctx[32],
                                 const int32_t *x) {
    struct hats_shake h;
    if (hats_random(r->os32, sizeof r->os32) != HATS_OK)
        return HATS_E_RANDOM;
    digest_message(r->digest, params, shape, x);
    hats_shake256_init(&h);
    hats_shake_absorb(&h, "HATS-SALT", 9);
    hats_shake_absorb(&h, sk->k_s, sizeof sk->k_s);
    hats_shake_absorb(&h, r->os32, sizeof r->os32);
    hats_shake_absorb(&h, ctx, 32);
    hats_shake_absorb(&h, r->digest, sizeof r->digest);
    hats_shake_squeeze(&h, r->salt, sizeof r->salt);
    hats_shake_wipe(&h);
    HATS_PUBLIC(r->salt, sizeof r->salt);
    return HATS_OK;
}

/* e: block l = SHAKE256("HATS-E" | k_s | os32 | seed_j | H(m) | LE16(l)) */
static void sample_noise(int8_t *e, const struct hats_fhe_secret *sk, const struct request *r,
                         const uint8_t seed[HATS_FHE_STREAM_SEED_LEN]) {
    uint8_t prefix[6 + 4 * 32] = "HATS-E";
    memcpy(prefix + 6, sk->k_s, 32);
    memcpy(prefix + 38, r->os32, 32);
    memcpy(prefix + 70, seed, 32);
    memcpy(prefix + 102, r->digest, 32);
    hats_ring_cbd21(e, sk->n, prefix, sizeof prefix);
    hats_wipe(prefix, sizeof prefix);
}

/* Is every |x_i| < t/2? Constant time; only the verdict is released. */
static bool in_range(const int32_t *x, size_t d, uint64_t t) {
    uint64_t bad = 0;
    for (size_t i = 0; i < d; i++)
        bad |=
            ((uint64_t)((int64_t)t / 2 - 1 - x[i]) | (uint64_t)((int64_t)t / 2 - 1 + x[i])) >> 63;
    HATS_PUBLIC(&bad, sizeof bad);
    return bad == 0;
}

/* noise: NULL, or room for the e of every ciphertext. */
static hats_status encrypt(uint8_t *ciphertext, size_t len_bytes, int8_t *noise,
                           const struct hats_fhe_secret *sk, const struct hats_fhe_params *params,
                           const struct hats_linear_shape *shape, const uint8_t ctx[32],
                           const int32_t *x, struct hats_error *err) {
    const struct hats_field_kernels *field = hats_field_kernels();
    const struct hats_ring_kernels *ring = hats_ring_kernels();
    size_t n = sk->n, scratch_len = n * (2 * sizeof(uint64_t) + 1);
    struct request r = {0};
    uint64_t *a = NULL;
    hats_status status = HATS_OK;
    if (params->set_id != sk->set_id)
        return hats_fail(err, HATS_E_VERSION,
                         "the key belongs to parameter set %u, the model to %u",
                         (unsigned)sk->set_id, (unsigned)params->set_id);
    if (len_bytes != hats_linear_ciphertext_bytes(sk->set_id, shape))
        return hats_fail(err, HATS_E_RANGE, "the ciphertext takes %zu bytes, not %zu",
                         hats_linear_ciphertext_bytes(sk->set_id, shape), len_bytes);
    if (!in_range(x, shape->d, params->t))
        return hats_fail(err, HATS_E_RANGE, "an input is not in -%llu .. %llu",
                         (unsigned long long)params->t / 2 - 1,
                         (unsigned long long)params->t / 2 - 1);
    a = hats_alloc(scratch_len);
    if (a == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to encrypt");
    status = start_request(&r, sk, params, shape, ctx, x);
    if (status != HATS_OK) {
        status = hats_fail(err, status, "the operating system gives no randomness");
        goto done;
    }
    uint64_t *c0 = a + n;
    int8_t *e = (int8_t *)(c0 + n);
    uint8_t *out = hats_linear_ciphertext_begin(ciphertext, sk->set_id, shape, r.salt);
    for (uint32_t j = 0; j < shape->n_in; j++, out += n * sizeof(uint64_t)) {
        uint8_t seed[HATS_FHE_STREAM_SEED_LEN];
        size_t first = (size_t)j * shape->block;
        hats_fhe_stream_seed(seed, ctx, r.salt, j, n);
        hats_fhe_expand_a(a, n, seed);
        field->ntt_forward(sk->ntt, a);
        sample_noise(e, sk, &r, seed);
        if (noise != NULL)
            memcpy(noise + j * n, e, n);
        small_minus_product(sk, c0, a, e);
        for (size_t i = 0; i < shape->block && first + i < shape->d; i++)
            c0[i] = hats_fp_add(c0[i], hats_fp_mul(params->delta, hats_fp_from_i64(x[first + i])));
        ring->store_be(out, c0, n);
    }
    HATS_PUBLIC(ciphertext, len_bytes);
done:
    hats_free_wiped(a, scratch_len);
    hats_wipe(&r, sizeof r);
    return status;
}

hats_status hats_linear_encrypt(uint8_t *ciphertext, size_t len_bytes,
                                const struct hats_fhe_secret *sk,
                                const struct hats_fhe_params *params,
                                const struct hats_linear_shape *shape, const uint8_t ctx[32],
                                const int32_t *x, struct hats_error *err) {
    return encrypt(ciphertext, len_bytes, NULL, sk, params, shape, ctx, x, err);
}

hats_status hats_linear_encrypt_open(uint8_t *ciphertext, size_t len_bytes, int8_t *e,
                                     const struct hats_fhe_secret *sk,
                                     const struct hats_fhe_params *params,
                                     const struct hats_linear_shape *shape, const uint8_t ctx[32],
                                     const int32_t *x, struct hats_error *err) {
    return encrypt(ciphertext, len_bytes, e, sk, params, shape, ctx, x, err);
}

hats_status hats_fhe_secret_open(int8_t *s, int8_t *e0, const struct hats_fhe_secret *sk,
                                 struct hats_error *err) {
    const uint64_t *a0_hat = hats_fhe_a0_hat(sk->set_id);
    size_t len_bytes = sk->n * sizeof(uint64_t);
    uint64_t *product = hats_alloc(len_bytes);
    if (a0_hat == NULL || product == NULL) {
        hats_free(product);
        return hats_fail(err, HATS_E_MEMORY, "no memory to open a key");
    }
    const struct hats_field_kernels *k = hats_field_kernels();
    k->mul(product, a0_hat, sk->s_hat, sk->n);
    k->ntt_inverse(sk->ntt, product);
    k->add(product, product, sk->b0, sk->n);
    for (size_t i = 0; i < sk->n; i++) {
        s[i] = (int8_t)sk->s_rev[sk->n - 1 - i];
        /* A small integer, plus p where it is negative; p = 1 mod 2^8. */
        e0[i] = (int8_t)(uint8_t)(product[i] - (product[i] >> 63));
    }
    hats_free_wiped(product, len_bytes);
    return HATS_OK;
}

/* ---- decryption ---- */

/* round(t v / p) mod t, centred. t v < 2^90, and 2^64 / p exceeds 1 so little that the quotient is
 * the upper word or one more. Constant time. */
static int64_t round_to_plaintext(uint64_t v, unsigned log_t) {
    hats_u128 scaled = ((hats_u128)v << log_t) + HATS_P / 2;
    uint64_t quotient = (uint64_t)(scaled >> 64);
    hats_u128 rest = scaled - (hats_u128)quotient * HATS_P;
    quotient += (uint64_t)(rest >> 64 != 0) | (uint64_t)((uint64_t)rest >= HATS_P);
    uint64_t t = UINT64_C(1) << log_t;
    uint64_t y = quotient & (t - 1);
    return (int64_t)(y ^ t / 2) - (int64_t)(t / 2);
}

/* out = the kept coefficients of c1 s; c1 is used up. planes is scratch. */
static void product_at(const struct hats_fhe_secret *sk, const struct hats_linear_shape *shape,
                       uint64_t *out, uint64_t *c1, int16_t *planes, uint32_t outs) {
    if (outs <= DIRECT_MAX) {
        hats_ring_kernels()->split(planes, c1, sk->n);
        for (uint32_t i = 0; i < outs; i++)
            out[i] = hats_ring_coefficient(planes, sk->n, sk->s_rev, sk->n, 1,
                                           (size_t)(i + 1) * shape->block - 1);
        return;
    }
    const struct hats_field_kernels *field = hats_field_kernels();
    field->ntt_forward(sk->ntt, c1);
    field->mul(c1, c1, sk->s_hat, sk->n);
    field->ntt_inverse(sk->ntt, c1);
    for (uint32_t i = 0; i < outs; i++)
        out[i] = c1[(size_t)(i + 1) * shape->block - 1];
}

hats_status hats_linear_decrypt(int64_t *y, const struct hats_fhe_secret *sk,
                                const struct hats_fhe_params *params,
                                const struct hats_linear_shape *shape, const uint8_t *answer,
                                size_t len_bytes, struct hats_error *err) {
    struct hats_answer_view view;
    size_t n = sk->n, scratch_len = 4 * n * sizeof(uint64_t);
    if (params->set_id != sk->set_id)
        return hats_fail(err, HATS_E_VERSION,
                         "the key belongs to parameter set %u, the model to %u",
                         (unsigned)sk->set_id, (unsigned)params->set_id);
    hats_status status = hats_linear_answer_open(&view, sk->set_id, shape, answer, len_bytes, err);
    if (status != HATS_OK)
        return status;
    uint64_t *c1 = hats_alloc(scratch_len);
    if (c1 == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to decrypt");
    uint64_t *c0 = c1 + n, *product = c0 + n; /* at most N words are kept */
    int16_t *planes = (int16_t *)(void *)(product + n);
    const uint8_t *at = view.words;
    for (uint32_t q = 0; q < shape->n_out; q++) {
        uint32_t outs = hats_linear_outs_in(shape, q);
        status = hats_fhe_words(c1, at, n, err);
        if (status == HATS_OK)
            status = hats_fhe_words(c0, at + n * sizeof *c1, outs, err);
        if (status != HATS_OK) {
            status = hats_fail_in(err, status, "answer");
            hats_wipe(y, shape->k * sizeof *y);
            goto done;
        }
        product_at(sk, shape, product, c1, planes, outs);
        for (uint32_t i = 0; i < outs; i++)
            y[(size_t)q * shape->outs_per_ct + i] =
                round_to_plaintext(hats_fp_add(c0[i], product[i]), params->log_t);
        at += (n + outs) * sizeof *c1;
    }
done:
    hats_free_wiped(c1, scratch_len);
    return status;
}
