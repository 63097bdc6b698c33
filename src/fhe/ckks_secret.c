#include "fhe/ckks_secret.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "hash/sha256.h"
#include "hash/shake.h"
#include "ring/rns_kernels.h"
#include "ring/sample.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define TAG_LEN 9
#define M_BOUND (UINT64_C(1) << 52)

struct hats_ckks_secret {
    const struct hats_ckks *p;
    unsigned n_primes;
    int8_t *s;
    uint64_t *s_hat; /* modulo every prime, transformed */
    uint8_t k_s[32];
};

static void derive(uint8_t out[32], const char *tag, const uint8_t *in, size_t len_bytes,
                   const void *more, size_t more_len_bytes) {
    struct hats_shake x;
    hats_shake256_init(&x);
    hats_shake_absorb(&x, tag, TAG_LEN);
    hats_shake_absorb(&x, in, len_bytes);
    hats_shake_absorb(&x, more, more_len_bytes);
    hats_shake_squeeze(&x, out, 32);
    hats_wipe(&x, sizeof x);
}

hats_status hats_ckks_secret_new(struct hats_ckks_secret **out, const struct hats_ckks *p,
                                 const uint8_t seed[32], struct hats_error *err) {
    uint8_t prefix[TAG_LEN + 36] = "HATS-CK-S";
    unsigned n_primes = p->n_limbs + p->n_special;
    struct hats_ckks_secret *sk = hats_alloc(sizeof *sk);
    int8_t *s = hats_alloc(2 * p->n);
    uint64_t *s_hat = hats_alloc_array(n_primes * p->n, sizeof *s_hat);
    if (sk == NULL || s == NULL || s_hat == NULL) {
        hats_free(sk);
        hats_free(s);
        hats_free(s_hat);
        return hats_fail(err, HATS_E_MEMORY, "no memory for a secret key");
    }
    *sk = (struct hats_ckks_secret){.p = p, .n_primes = n_primes, .s = s, .s_hat = s_hat};
    memcpy(prefix + TAG_LEN, seed, 32);
    hats_store_le32(prefix + TAG_LEN + 32, p->set_id);
    hats_ring_ternary(s, p->n, prefix, sizeof prefix);
    for (size_t i = 0; i < p->n; i++)
        s[p->n + i] = (int8_t)(s[i] + 1);
    derive(sk->k_s, "HATS-CK-F", (const uint8_t *)s + p->n, p->n, "", 0);
    for (unsigned i = 0; i < n_primes; i++) {
        hats_rns_from_i8(&p->rns->prime[i], s_hat + i * p->n, s);
        hats_rns_kernels()->ntt_forward(&p->rns->prime[i], s_hat + i * p->n);
    }
    hats_wipe(prefix, sizeof prefix);
    *out = sk;
    return HATS_OK;
}

void hats_ckks_secret_free(struct hats_ckks_secret *sk) {
    if (sk == NULL)
        return;
    hats_free_wiped(sk->s, 2 * sk->p->n);
    hats_free_wiped(sk->s_hat, sk->n_primes * sk->p->n * sizeof *sk->s_hat);
    hats_free_wiped(sk, sizeof *sk);
}

/* out = small - a s modulo one prime, transformed; row is scratch. */
static void small_minus_product(const struct hats_ckks_secret *sk, unsigned prime, uint64_t *out,
                                const uint64_t *a, const int8_t *small, uint64_t *row) {
    const struct hats_rns_kernels *k = hats_rns_kernels();
    const struct hats_rns_prime *q = &sk->p->rns->prime[prime];
    const uint64_t *s = sk->s_hat + prime * sk->p->n;
    hats_rns_from_i8(q, out, small);
    k->ntt_forward(q, out);
    k->mul_sum(q, row, &a, &s, 1);
    k->sub(q, out, out, row);
}

/* b += P s' modulo one prime; row is scratch. */
static void add_target(const struct hats_ckks_secret *sk, unsigned prime, uint64_t *b, uint64_t g,
                       const uint32_t *map, uint64_t *row) {
    const struct hats_rns_kernels *k = hats_rns_kernels();
    const struct hats_ckks *p = sk->p;
    const struct hats_rns_prime *q = &p->rns->prime[prime];
    const uint64_t *s = sk->s_hat + prime * p->n;
    uint64_t special = 1;
    for (unsigned j = 0; j < p->n_special; j++) {
        special = (uint64_t)((wide)special * p->rns->prime[p->n_limbs + j].q % q->q);
    }
    struct hats_rns_factor f = hats_rns_factor_of(special, q->q);
    if (g == 0)
        k->mul_sum(q, row, &s, &s, 1);
    else
        hats_rns_permute(row, s, map, p->n);
    k->scale(q, row, row, &f);
    k->add(q, b, b, row);
}

hats_status hats_ckks_key_make(uint64_t *words, const struct hats_ckks_secret *sk, uint64_t g,
                               struct hats_error *err) {
    const struct hats_ckks *p = sk->p;
    uint8_t public_seed[32], a_prefix[TAG_LEN + 36] = "HATS-CK-k";
    uint8_t e_prefix[TAG_LEN + 38] = "HATS-CK-n", le_g[4];
    if (g != 0 && (g % 2 == 0 || g >= 2 * p->n))
        return hats_fail(err, HATS_E_RANGE, "X^%llu is no automorphism", (unsigned long long)g);
    uint64_t *row = hats_alloc_array(p->n, sizeof *row);
    uint32_t *map = hats_alloc_array(p->n, sizeof *map);
    int8_t *e = hats_alloc(p->n);
    hats_status status = HATS_OK;
    if (row == NULL || map == NULL || e == NULL) {
        status = hats_fail(err, HATS_E_MEMORY, "no memory for a switching key");
        goto done;
    }
    hats_rns_automorphism_map(map, p->log_n, g | 1);
    hats_store_le32(le_g, (uint32_t)g);
    derive(public_seed, "HATS-CK-G", sk->k_s, 32, le_g, 4);
    memcpy(a_prefix + TAG_LEN, public_seed, 32);
    memcpy(e_prefix + TAG_LEN, sk->k_s, 32);
    memcpy(e_prefix + TAG_LEN + 32, le_g, 4);
    for (unsigned d = 0; d < p->n_digits; d++) {
        hats_store_le16(e_prefix + TAG_LEN + 36, (uint16_t)d);
        hats_ring_cbd21(e, p->n, e_prefix, sizeof e_prefix);
        hats_store_le16(a_prefix + TAG_LEN + 32, (uint16_t)d);
        for (unsigned i = 0; i < sk->n_primes; i++) {
            uint64_t *b = words + ((size_t)2 * d * sk->n_primes + i) * p->n;
            uint64_t *a = b + sk->n_primes * p->n;
            hats_store_le16(a_prefix + TAG_LEN + 34, (uint16_t)i);
            hats_rns_uniform(&p->rns->prime[i], a, a_prefix, sizeof a_prefix);
            hats_rns_kernels()->ntt_forward(&p->rns->prime[i], a);
            small_minus_product(sk, i, b, a, e, row);
            if (i < p->n_limbs && i / p->digit_limbs == d)
                add_target(sk, i, b, g, map, row);
        }
    }
done:
    hats_wipe(e_prefix, sizeof e_prefix);
    hats_free_wiped(row, p->n * sizeof *row);
    hats_free(map);
    hats_free_wiped(e, p->n);
    return status;
}

static void digest_message(uint8_t digest[32], const int64_t *m, size_t n) {
    static const uint8_t tag[16] = "HATS-CK-MSG";
    struct hats_sha256 h;
    uint8_t piece[512];
    hats_sha256_init(&h);
    hats_sha256_update(&h, tag, sizeof tag);
    for (size_t i = 0; i < n; i += sizeof piece / 8) {
        for (size_t j = 0; j < sizeof piece / 8; j++)
            hats_store_be64(piece + 8 * j, (uint64_t)m[i + j]);
        hats_sha256_update(&h, piece, sizeof piece);
    }
    hats_sha256_final(&h, digest);
    hats_wipe(&h, sizeof h);
    hats_wipe(piece, sizeof piece);
}

hats_status hats_ckks_encrypt(struct hats_ckks_ciphertext *out, uint8_t seed[32],
                              const struct hats_ckks_secret *sk, const uint8_t ctx[32],
                              const int64_t *m, struct hats_error *err) {
    const struct hats_ckks *p = sk->p;
    uint8_t fresh[96], prefix[TAG_LEN + 128] = "HATS-CK-E"; /* fresh: r | ctx | H(m) */
    uint64_t outside = 0;
    for (size_t i = 0; i < p->n; i++)
        outside |= (uint64_t)((uint64_t)m[i] + M_BOUND - 1 > 2 * M_BOUND - 2);
    if (outside != 0)
        return hats_fail(err, HATS_E_RANGE, "an integer to encrypt is not below 2^52");
    if (hats_random(fresh, 32) != HATS_OK)
        return hats_fail(err, HATS_E_RANDOM, "no randomness to encrypt");
    int8_t *e = hats_alloc(p->n);
    uint64_t *rows = hats_alloc_array(2 * p->n, sizeof *rows);
    hats_status status = HATS_OK;
    if (e == NULL || rows == NULL) {
        status = hats_fail(err, HATS_E_MEMORY, "no memory to encrypt");
        goto done;
    }
    memcpy(fresh + 32, ctx, 32);
    digest_message(fresh + 64, m, p->n);
    derive(seed, "HATS-CK-R", sk->k_s, 32, fresh, sizeof fresh);
    memcpy(prefix + TAG_LEN, sk->k_s, 32);
    memcpy(prefix + TAG_LEN + 32, fresh, 32);
    memcpy(prefix + TAG_LEN + 64, seed, 32);
    memcpy(prefix + TAG_LEN + 96, fresh + 64, 32);
    hats_ring_cbd21(e, p->n, prefix, sizeof prefix);
    hats_ckks_expand_a(p, out->part[1], seed);
    out->n_limbs = p->n_limbs;
    for (unsigned i = 0; i < p->n_limbs; i++) {
        const struct hats_rns_prime *q = &p->rns->prime[i];
        small_minus_product(sk, i, out->part[0] + i * p->n, out->part[1] + i * p->n, e, rows);
        hats_rns_from_i64(q, rows, m);
        hats_rns_kernels()->ntt_forward(q, rows);
        hats_rns_kernels()->add(q, out->part[0] + i * p->n, out->part[0] + i * p->n, rows);
    }
done:
    hats_wipe(prefix, sizeof prefix);
    hats_wipe(fresh, sizeof fresh);
    hats_free_wiped(e, p->n);
    hats_free_wiped(rows, 2 * p->n * sizeof *rows);
    return status;
}

hats_status hats_ckks_decrypt(int64_t *m, const struct hats_ckks_secret *sk,
                              const struct hats_ckks_ciphertext *c, struct hats_error *err) {
    const struct hats_rns_kernels *k = hats_rns_kernels();
    const struct hats_ckks *p = sk->p;
    unsigned n_used = c->n_limbs < 2 ? 1 : 2;
    uint64_t *rows = hats_alloc_array(n_used * p->n, sizeof *rows);
    if (rows == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to decrypt");
    for (unsigned i = 0; i < n_used; i++) {
        const struct hats_rns_prime *q = &p->rns->prime[i];
        const uint64_t *x = c->part[1] + i * p->n, *s = sk->s_hat + i * p->n;
        uint64_t *row = rows + i * p->n;
        k->mul_sum(q, row, &x, &s, 1);
        k->add(q, row, row, c->part[0] + i * p->n);
        k->ntt_inverse(q, row);
    }
    /* digits of m + (B-1)/2; what is taken off again is exact modulo 2^64 */
    hats_rns_extend_begin(p->rns, rows, 0, n_used);
    uint64_t q0 = p->rns->prime[0].q, q1 = n_used == 2 ? p->rns->prime[1].q : 1;
    uint64_t half = (uint64_t)((wide)q0 * q1 >> 1);
    for (size_t i = 0; i < p->n; i++) {
        uint64_t high = n_used == 2 ? rows[p->n + i] : 0;
        m[i] = (int64_t)(rows[i] + q0 * high - half);
    }
    hats_free_wiped(rows, n_used * p->n * sizeof *rows);
    return HATS_OK;
}
