#include "ring/rns.h"

#include "base/arena.h"
#include "ring/rns_kernels.h"
#include "ring/rns_scalar.h"

#include <assert.h>

#define ROWS_PER_PRIME 8 /* of tables: four of factors each way */

static uint64_t mul_mod(uint64_t a, uint64_t b, uint64_t q) {
    return (uint64_t)((rns_u128)a * b % q);
}

uint64_t hats_rns_pow(uint64_t a, uint64_t e, uint64_t q) {
    uint64_t result = 1;
    for (a %= q; e != 0; e >>= 1) {
        if ((e & 1) != 0)
            result = mul_mod(result, a, q);
        a = mul_mod(a, a, q);
    }
    return result;
}

uint64_t hats_rns_invert(uint64_t a, uint64_t q) { return hats_rns_pow(a, q - 2, q); }

struct hats_rns_factor hats_rns_factor_of(uint64_t w, uint64_t q) {
    uint64_t shoup = (uint64_t)(((rns_u128)w << 64) / q), upper = mul_mod(w, 1u << 25, q);
    return (struct hats_rns_factor){
        .w = w,
        .shoup = shoup,
        .upper = upper,
        .quotients = shoup >> 32 | (uint64_t)(((rns_u128)upper << 32) / q) << 32,
    };
}

/* Miller and Rabin with the primes up to 37, which decides below 3.3e24 [Sorenson and Webster 2017]. */
static bool is_prime(uint64_t q) {
    static const uint8_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    unsigned twos = (unsigned)__builtin_ctzll(q - 1);
    for (size_t i = 0; i < HATS_COUNT_OF(bases); i++) {
        uint64_t x = hats_rns_pow(bases[i], (q - 1) >> twos, q);
        bool witness = x != 1 && x != q - 1;
        for (unsigned r = 1; witness && r < twos; r++) {
            x = mul_mod(x, x, q);
            witness = x != q - 1;
        }
        if (witness)
            return false;
    }
    return true;
}

static hats_status check(unsigned log_n, const uint64_t *q, unsigned n_primes,
                         struct hats_error *err) {
    if (log_n < HATS_RNS_LOG_N_MIN || log_n > HATS_RNS_LOG_N_MAX)
        return hats_fail(err, HATS_E_RANGE, "N = 2^%u; it must be 2^%u .. 2^%u", log_n,
                         HATS_RNS_LOG_N_MIN, HATS_RNS_LOG_N_MAX);
    if (n_primes < 1 || n_primes > HATS_RNS_PRIMES_MAX)
        return hats_fail(err, HATS_E_RANGE, "%u primes; it must be 1 .. %u", n_primes,
                         HATS_RNS_PRIMES_MAX);
    for (unsigned i = 0; i < n_primes; i++) {
        if (q[i] >> (HATS_RNS_BITS_MIN - 1) == 0 || q[i] >> HATS_RNS_BITS_MAX != 0)
            return hats_fail(err, HATS_E_RANGE, "prime %u has not %u .. %u bits", i,
                             HATS_RNS_BITS_MIN, HATS_RNS_BITS_MAX);
        if ((q[i] - 1) % (UINT64_C(2) << log_n) != 0 || !is_prime(q[i]))
            return hats_fail(err, HATS_E_RANGE, "modulus %u is no prime that is 1 modulo 2^%u", i,
                             log_n + 1);
        for (unsigned j = 0; j < i; j++)
            if (q[i] == q[j])
                return hats_fail(err, HATS_E_RANGE, "primes %u and %u are the same", j, i);
    }
    return HATS_OK;
}

static uint64_t root_of(uint64_t q, unsigned log_n) {
    for (uint64_t x = 2;; x++) {
        uint64_t psi = hats_rns_pow(x, (q - 1) >> (log_n + 1), q);
        if (hats_rns_pow(psi, UINT64_C(1) << log_n, q) == q - 1)
            return psi;
    }
}

static size_t reverse_bits(size_t i, unsigned n_bits) {
    size_t r = 0;
    for (unsigned b = 0; b < n_bits; b++)
        r |= (i >> b & 1) << (n_bits - 1 - b);
    return r;
}

static void fill_factors(struct hats_rns_factors *f, uint64_t *rows, uint64_t root, uint64_t q,
                         unsigned log_n) {
    size_t n = (size_t)1 << log_n;
    uint64_t power = 1;
    *f = (struct hats_rns_factors){rows, rows + n, rows + 2 * n, rows + 3 * n};
    for (size_t i = 0; i < n; i++, power = mul_mod(power, root, q)) {
        struct hats_rns_factor one = hats_rns_factor_of(power, q);
        size_t at = reverse_bits(i, log_n);
        f->w[at] = one.w;
        f->shoup[at] = one.shoup;
        f->upper[at] = one.upper;
        f->quotients[at] = one.quotients;
    }
}

static void prime_init(struct hats_rns_prime *p, uint64_t q, unsigned log_n, uint64_t *rows) {
    size_t n = (size_t)1 << log_n;
    unsigned bits = 64 - (unsigned)__builtin_clzll(q);
    uint64_t psi = root_of(q, log_n), inverse_n = hats_rns_invert(n, q);
    *p = (struct hats_rns_prime){
        .q = q,
        .psi = psi,
        .bits = bits,
        .log_n = log_n,
        .barrett = (uint64_t)(((rns_u128)1 << (2 * bits + 4)) / q),
        .barrett_small = (uint64_t)(((rns_u128)1 << (bits + 16)) / q),
        .one = hats_rns_factor_of(1, q),
        .inverse_n = hats_rns_factor_of(inverse_n, q),
    };
    fill_factors(&p->forward, rows, psi, q, log_n);
    fill_factors(&p->inverse, rows + 4 * n, hats_rns_invert(psi, q), q, log_n);
    p->inverse_last = hats_rns_factor_of(mul_mod(p->inverse.w[1], inverse_n, q), q);
}

hats_status hats_rns_new(struct hats_rns **out, unsigned log_n, const uint64_t *q,
                         unsigned n_primes, struct hats_error *err) {
    hats_status status = check(log_n, q, n_primes, err);
    if (status != HATS_OK)
        return status;
    size_t n = (size_t)1 << log_n;
    struct hats_rns *r = hats_alloc(sizeof *r);
    uint64_t *tables = hats_alloc_array(ROWS_PER_PRIME * n_primes * n, sizeof *tables);
    if (r == NULL || tables == NULL) {
        hats_free(r);
        hats_free(tables);
        return hats_fail(err, HATS_E_MEMORY, "no memory for transforms");
    }
    *r = (struct hats_rns){.log_n = log_n, .n_primes = n_primes, .n = n, .tables = tables};
    for (unsigned i = 0; i < n_primes; i++)
        prime_init(&r->prime[i], q[i], log_n, tables + ROWS_PER_PRIME * n * i);
    *out = r;
    return HATS_OK;
}

void hats_rns_free(struct hats_rns *r) {
    if (r == NULL)
        return;
    hats_free(r->tables);
    hats_free(r);
}

void hats_rns_from_i8(const struct hats_rns_prime *p, uint64_t *out, const int8_t *e) {
    for (size_t i = 0; i < (size_t)1 << p->log_n; i++) {
        int64_t v = e[i];
        out[i] = (uint64_t)v + (p->q & (uint64_t)(v >> 63));
    }
}

void hats_rns_from_i64(const struct hats_rns_prime *p, uint64_t *out, const int64_t *m) {
    /* a multiple of q that is at least 2^52, so that the sum is in [0, 2^54) */
    uint64_t shift = ((UINT64_C(1) << 52) / p->q + 1) * p->q;
    for (size_t i = 0; i < (size_t)1 << p->log_n; i++)
        out[i] = (uint64_t)m[i] + shift;
    hats_rns_kernels()->scale(p, out, out, &p->one);
}

void hats_rns_automorphism_map(uint32_t *map, unsigned log_n, uint64_t g) {
    size_t n = (size_t)1 << log_n;
    for (size_t j = 0; j < n; j++) {
        uint64_t exponent = g * (2 * reverse_bits(j, log_n) + 1) & (2 * n - 1);
        map[j] = (uint32_t)reverse_bits((size_t)(exponent >> 1), log_n);
    }
}

void hats_rns_permute(uint64_t *out, const uint64_t *in, const uint32_t *map, size_t n) {
    for (size_t j = 0; j < n; j++)
        out[j] = in[map[j]];
}

/* x + half in every row, half = (B-1)/2, is x + (q-1)/2 modulo each q that divides B. */
void hats_rns_extend_begin(const struct hats_rns *r, uint64_t *x, unsigned from, unsigned n_from) {
    assert(n_from >= 1 && n_from <= HATS_RNS_EXTEND_MAX && from + n_from <= r->n_primes);
    for (unsigned k = 0; k < n_from; k++) {
        uint64_t q = r->prime[from + k].q, *row = x + k * r->n;
        for (size_t i = 0; i < r->n; i++)
            row[i] = reduce_once(row[i] + q / 2, q);
    }
    if (n_from == 1)
        return;
    const struct hats_rns_prime *first = &r->prime[from], *second = &r->prime[from + 1];
    struct hats_rns_factor f =
        hats_rns_factor_of(hats_rns_invert(first->q % second->q, second->q), second->q);
    uint64_t shift = (first->q / second->q + 1) * second->q, *d0 = x, *d1 = x + r->n;
    for (size_t i = 0; i < r->n; i++)
        d1[i] += shift - d0[i];
    hats_rns_kernels()->scale(second, d1, d1, &f);
}

void hats_rns_extend(const struct hats_rns *r, uint64_t *out, unsigned to, const uint64_t *digits,
                     unsigned from, unsigned n_from) {
    const struct hats_rns_kernels *k = hats_rns_kernels();
    const struct hats_rns_prime *p = &r->prime[to];
    rns_u128 product = r->prime[from].q;
    if (n_from == 2)
        product *= r->prime[from + 1].q;
    uint64_t back = p->q - (uint64_t)(product / 2 % p->q);
    if (n_from == 1) {
        for (size_t i = 0; i < r->n; i++)
            out[i] = digits[i] + back;
    } else {
        struct hats_rns_factor f = hats_rns_factor_of(r->prime[from].q % p->q, p->q);
        k->scale(p, out, digits + r->n, &f);
        for (size_t i = 0; i < r->n; i++)
            out[i] += digits[i] + back;
    }
    k->scale(p, out, out, &p->one);
}

void hats_rns_divide_round(const struct hats_rns *r, uint64_t *out, const uint64_t *x,
                           unsigned n_to, uint64_t *dropped, unsigned from, unsigned n_from,
                           uint64_t *scratch) {
    const struct hats_rns_kernels *k = hats_rns_kernels();
    for (unsigned j = 0; j < n_from; j++)
        k->ntt_inverse(&r->prime[from + j], dropped + j * r->n);
    hats_rns_extend_begin(r, dropped, from, n_from);
    for (unsigned i = 0; i < n_to; i++) {
        const struct hats_rns_prime *p = &r->prime[i];
        uint64_t product = 1;
        for (unsigned j = 0; j < n_from; j++)
            product = mul_mod(product, r->prime[from + j].q, p->q);
        struct hats_rns_factor f = hats_rns_factor_of(hats_rns_invert(product, p->q), p->q);
        hats_rns_extend(r, scratch, i, dropped, from, n_from);
        k->ntt_forward(p, scratch);
        k->sub_scale(p, out + i * r->n, x + i * r->n, scratch, &f);
    }
}
