#include "fhe/ckks.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "ring/rns_kernels.h"

#include <string.h>

#define DIGITS_MAX 4

struct set {
    uint32_t id;
    const char *name;
    unsigned log_n, n_limbs, n_special, digit_limbs;
    uint64_t q[HATS_CKKS_LIMBS_MAX + HATS_CKKS_SPECIAL_MAX];
    struct hats_fhe_security security;
};

static const struct set sets[] = {
    {HATS_SET_S8192,
     "S8192",
     13,
     4,
     1,
     1,
     {8589852673, 133857281, 133644289, 133611521, 140737488273409},
     {146, 133}},
    {HATS_SET_M16384,
     "M16384",
     14,
     7,
     2,
     2,
     {1099510054913, 8589475841, 8589279233, 8588886017, 8588820481, 8588230657, 8588197889,
      4398046150657, 4398044938241},
     {146, 132}},
};

hats_status hats_ckks_new(struct hats_ckks **out, uint32_t set_id, struct hats_error *err) {
    const struct set *s = NULL;
    for (size_t i = 0; i < HATS_COUNT_OF(sets); i++)
        if (sets[i].id == set_id)
            s = &sets[i];
    if (s == NULL)
        return hats_fail(err, HATS_E_VERSION,
                         "unknown parameter set %u; for networks this program knows S8192 (%u) and "
                         "M16384 (%u)",
                         (unsigned)set_id, (unsigned)HATS_SET_S8192, (unsigned)HATS_SET_M16384);
    unsigned log_qp = 0, n_primes = s->n_limbs + s->n_special;
    for (unsigned i = 0; i < n_primes; i++)
        log_qp += 64 - (unsigned)__builtin_clzll(s->q[i]);
    hats_status status = hats_fhe_guard(s->log_n, log_qp, err);
    if (status != HATS_OK)
        return status;
    struct hats_ckks *p = hats_alloc(sizeof *p);
    if (p == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for parameters");
    *p = (struct hats_ckks){
        .set_id = set_id,
        .name = s->name,
        .n = (size_t)1 << s->log_n,
        .log_n = s->log_n,
        .log_qp = log_qp,
        .n_limbs = s->n_limbs,
        .n_special = s->n_special,
        .digit_limbs = s->digit_limbs,
        .n_digits = (s->n_limbs + s->digit_limbs - 1) / s->digit_limbs,
        .security = s->security,
    };
    status = hats_rns_new(&p->rns, s->log_n, s->q, n_primes, err);
    if (status != HATS_OK) {
        hats_free(p);
        return status;
    }
    *out = p;
    return HATS_OK;
}

void hats_ckks_free(struct hats_ckks *p) {
    if (p == NULL)
        return;
    hats_rns_free(p->rns);
    hats_free(p);
}

size_t hats_ckks_part_words(const struct hats_ckks *p) { return p->n_limbs * p->n; }

size_t hats_ckks_key_words(const struct hats_ckks *p) {
    return (size_t)2 * p->n_digits * (p->n_limbs + p->n_special) * p->n;
}

/* the part to switch, its digits, one row a digit, two sums modulo QP, one row */
size_t hats_ckks_scratch_words(const struct hats_ckks *p) {
    return (2 * p->n_limbs + DIGITS_MAX + 2 * (p->n_limbs + p->n_special) + 1) * p->n;
}

void hats_ckks_expand_a(const struct hats_ckks *p, uint64_t *a, const uint8_t seed[32]) {
    uint8_t prefix[9 + 32 + 2] = "HATS-CK-a";
    memcpy(prefix + 9, seed, 32);
    for (unsigned i = 0; i < p->n_limbs; i++) {
        hats_store_le16(prefix + 41, (uint16_t)i);
        hats_rns_uniform(&p->rns->prime[i], a + i * p->n, prefix, sizeof prefix);
        hats_rns_kernels()->ntt_forward(&p->rns->prime[i], a + i * p->n);
    }
}

void hats_ckks_plaintext(const struct hats_ckks *p, uint64_t *out, unsigned n_limbs,
                         const int64_t *m) {
    for (unsigned i = 0; i < n_limbs; i++) {
        hats_rns_from_i64(&p->rns->prime[i], out + i * p->n, m);
        hats_rns_kernels()->ntt_forward(&p->rns->prime[i], out + i * p->n);
    }
}

static hats_status check_levels(const struct hats_ckks_ciphertext *a,
                                const struct hats_ckks_ciphertext *b, struct hats_error *err) {
    if (a->n_limbs != b->n_limbs)
        return hats_fail(err, HATS_E_RANGE, "ciphertexts of levels %u and %u; rescale one first",
                         a->n_limbs, b->n_limbs);
    return HATS_OK;
}

hats_status hats_ckks_add(const struct hats_ckks *p, struct hats_ckks_ciphertext *out,
                          const struct hats_ckks_ciphertext *a,
                          const struct hats_ckks_ciphertext *b, struct hats_error *err) {
    hats_status status = check_levels(a, b, err);
    if (status != HATS_OK)
        return status;
    out->n_limbs = a->n_limbs;
    for (unsigned k = 0; k < 2; k++)
        for (size_t i = 0; i < a->n_limbs; i++)
            hats_rns_kernels()->add(&p->rns->prime[i], out->part[k] + i * p->n,
                                    a->part[k] + i * p->n, b->part[k] + i * p->n);
    return HATS_OK;
}

void hats_ckks_mul_plain(const struct hats_ckks *p, struct hats_ckks_ciphertext *out,
                         const struct hats_ckks_ciphertext *a, const uint64_t *plain) {
    out->n_limbs = a->n_limbs;
    for (unsigned k = 0; k < 2; k++)
        for (size_t i = 0; i < a->n_limbs; i++) {
            const uint64_t *x = a->part[k] + i * p->n, *y = plain + i * p->n;
            hats_rns_kernels()->mul_sum(&p->rns->prime[i], out->part[k] + i * p->n, &x, &y, 1);
        }
}

hats_status hats_ckks_rescale(const struct hats_ckks *p, struct hats_ckks_ciphertext *c,
                              uint64_t *scratch, struct hats_error *err) {
    if (c->n_limbs < 2)
        return hats_fail(err, HATS_E_RANGE, "a ciphertext of level 1 has no limb to drop");
    unsigned last = c->n_limbs - 1;
    for (unsigned k = 0; k < 2; k++)
        hats_rns_divide_round(p->rns, c->part[k], c->part[k], last, c->part[k] + last * p->n, last,
                              1, scratch);
    c->n_limbs = last;
    return HATS_OK;
}

/* ---- key switching ---- */

struct switching {
    unsigned n_limbs, n_digits;
    uint64_t *part;   /* n_limbs rows, transformed: what is switched */
    uint64_t *digits; /* the same, ready to extend */
    uint64_t *rows;   /* one a digit, modulo the prime that is worked on */
    uint64_t *sum[2]; /* n_limbs + n_special rows of Q P */
    uint64_t *row;
};

static struct switching switching_of(const struct hats_ckks *p, unsigned n_limbs,
                                     uint64_t *scratch) {
    struct switching w = {.n_limbs = n_limbs,
                          .n_digits = (n_limbs + p->digit_limbs - 1) / p->digit_limbs};
    w.part = scratch;
    w.digits = w.part + p->n_limbs * p->n;
    w.rows = w.digits + p->n_limbs * p->n;
    w.sum[0] = w.rows + DIGITS_MAX * p->n;
    w.sum[1] = w.sum[0] + (p->n_limbs + p->n_special) * p->n;
    w.row = w.sum[1] + (p->n_limbs + p->n_special) * p->n;
    return w;
}

static unsigned digit_size(const struct hats_ckks *p, const struct switching *w, unsigned d) {
    unsigned left = w->n_limbs - d * p->digit_limbs;
    return left < p->digit_limbs ? left : p->digit_limbs;
}

static void make_digits(const struct hats_ckks *p, const struct switching *w) {
    memcpy(w->digits, w->part, w->n_limbs * p->n * sizeof *w->digits);
    for (unsigned i = 0; i < w->n_limbs; i++)
        hats_rns_kernels()->ntt_inverse(&p->rns->prime[i], w->digits + i * p->n);
    for (unsigned d = 0; d < w->n_digits; d++)
        hats_rns_extend_begin(p->rns, w->digits + d * p->digit_limbs * p->n, d * p->digit_limbs,
                              digit_size(p, w, d));
}

/* Both sums modulo one prime: the digits are extended to it, transformed, and multiplied by the key. A digit
 * that has the prime is the part itself there. */
static void inner_products(const struct hats_ckks *p, const struct switching *w, unsigned prime,
                           const uint64_t *key) {
    const struct hats_rns_kernels *k = hats_rns_kernels();
    const uint64_t *x[DIGITS_MAX], *y[2][DIGITS_MAX];
    size_t key_part = (p->n_limbs + p->n_special) * p->n;
    for (unsigned d = 0; d < w->n_digits; d++) {
        unsigned from = d * p->digit_limbs, size = digit_size(p, w, d);
        uint64_t *row = w->rows + d * p->n;
        x[d] = prime >= from && prime < from + size ? w->part + prime * p->n : row;
        if (x[d] == row) {
            hats_rns_extend(p->rns, row, prime, w->digits + from * p->n, from, size);
            k->ntt_forward(&p->rns->prime[prime], row);
        }
        for (unsigned j = 0; j < 2; j++)
            y[j][d] = key + (2 * d + j) * key_part + prime * p->n;
    }
    for (unsigned j = 0; j < 2; j++)
        k->mul_sum(&p->rns->prime[prime], w->sum[j] + prime * p->n, x, y[j], w->n_digits);
}

/* w->part s' becomes sum[0] + sum[1] s. */
static void key_switch(const struct hats_ckks *p, const struct switching *w, const uint64_t *key) {
    make_digits(p, w);
    for (unsigned i = 0; i < w->n_limbs; i++)
        inner_products(p, w, i, key);
    for (unsigned i = p->n_limbs; i < p->n_limbs + p->n_special; i++)
        inner_products(p, w, i, key);
    for (unsigned j = 0; j < 2; j++)
        hats_rns_divide_round(p->rns, w->sum[j], w->sum[j], w->n_limbs,
                              w->sum[j] + p->n_limbs * p->n, p->n_limbs, p->n_special, w->row);
}

hats_status hats_ckks_mul(const struct hats_ckks *p, struct hats_ckks_ciphertext *out,
                          const struct hats_ckks_ciphertext *a,
                          const struct hats_ckks_ciphertext *b, const struct hats_ckks_key *key,
                          uint64_t *scratch, struct hats_error *err) {
    const struct hats_rns_kernels *k = hats_rns_kernels();
    hats_status status = check_levels(a, b, err);
    if (status != HATS_OK)
        return status;
    if (key->g != 0)
        return hats_fail(err, HATS_E_RANGE, "a product needs the key of s^2, not one of X^%llu",
                         (unsigned long long)key->g);
    struct switching w = switching_of(p, a->n_limbs, scratch);
    out->n_limbs = a->n_limbs;
    for (unsigned i = 0; i < a->n_limbs; i++) {
        const struct hats_rns_prime *prime = &p->rns->prime[i];
        const uint64_t *x[2] = {a->part[0] + i * p->n, a->part[1] + i * p->n};
        const uint64_t *y[2] = {b->part[1] + i * p->n, b->part[0] + i * p->n};
        k->mul_sum(prime, out->part[0] + i * p->n, &x[0], &y[1], 1);
        k->mul_sum(prime, out->part[1] + i * p->n, x, y, 2);
        k->mul_sum(prime, w.part + i * p->n, &x[1], &y[0], 1);
    }
    key_switch(p, &w, key->words);
    for (unsigned j = 0; j < 2; j++)
        for (unsigned i = 0; i < a->n_limbs; i++)
            k->add(&p->rns->prime[i], out->part[j] + i * p->n, out->part[j] + i * p->n,
                   w.sum[j] + i * p->n);
    return HATS_OK;
}

hats_status hats_ckks_rotate(const struct hats_ckks *p, struct hats_ckks_ciphertext *out,
                             const struct hats_ckks_ciphertext *a, const struct hats_ckks_key *key,
                             const uint32_t *map, uint64_t *scratch, struct hats_error *err) {
    if (key->g % 2 == 0)
        return hats_fail(err, HATS_E_RANGE, "a rotation needs the key of an automorphism");
    struct switching w = switching_of(p, a->n_limbs, scratch);
    out->n_limbs = a->n_limbs;
    for (unsigned i = 0; i < a->n_limbs; i++) {
        hats_rns_permute(out->part[0] + i * p->n, a->part[0] + i * p->n, map, p->n);
        hats_rns_permute(w.part + i * p->n, a->part[1] + i * p->n, map, p->n);
    }
    key_switch(p, &w, key->words);
    for (unsigned i = 0; i < a->n_limbs; i++)
        hats_rns_kernels()->add(&p->rns->prime[i], out->part[0] + i * p->n, out->part[0] + i * p->n,
                                w.sum[0] + i * p->n);
    memcpy(out->part[1], w.sum[1], a->n_limbs * p->n * sizeof *out->part[1]);
    return HATS_OK;
}
