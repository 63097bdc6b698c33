#include "ring/rns_kernels.h"

#include "base/bytes.h"

#include <pthread.h>
#include <string.h>

static const struct hats_rns_kernels *const tables[HATS_BACKEND_COUNT] = {
    [HATS_PORTABLE] = &hats_rns_portable,
#if defined(__x86_64__)
    [HATS_AVX2] = &hats_rns_avx2,
    [HATS_AVX512] = &hats_rns_avx2,
#endif
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct hats_rns_kernels *chosen;

static bool passes(enum hats_backend b) { return hats_rns_self_test(tables[b]); }

static void choose(void) { chosen = tables[hats_cpu_tested("rns", passes)]; }

const struct hats_rns_kernels *hats_rns_kernels(void) {
    pthread_once(&once, choose);
    return chosen;
}

const struct hats_rns_kernels *hats_rns_kernels_of(enum hats_backend b) {
    return hats_cpu_available(b) ? tables[b] : NULL;
}

_Static_assert(sizeof(struct hats_rns_kernels) == 7 * sizeof(void (*)(void)),
               "another kernel: it needs its test here");

#define LOG_N 5
#define N 32

static void fill(uint64_t *a, uint64_t start, uint64_t q) {
    for (size_t i = 0; i < N; i++)
        a[i] = i % 4 == 0 ? q - 1 : (i + start) * UINT64_C(0x9e3779b97f4a7c15) % q;
}

static void run(const struct hats_rns_kernels *k, const struct hats_rns_prime *p,
                uint64_t out[7][N]) {
    uint64_t a[N], b[N];
    const struct hats_rns_factor f = hats_rns_factor_of(p->q - 2, p->q);
    const uint64_t *const x[2] = {a, b}, *const y[2] = {b, a};
    fill(a, 1, p->q);
    fill(b, 99, p->q);
    memcpy(out[0], a, sizeof a);
    k->ntt_forward(p, out[0]);
    memcpy(out[1], b, sizeof b);
    k->ntt_inverse(p, out[1]);
    k->add(p, out[2], a, b);
    k->sub(p, out[3], a, b);
    k->mul_sum(p, out[4], x, y, 2);
    k->sub_scale(p, out[5], a, b, &f);
    for (size_t i = 0; i < N; i++)
        a[i] |= UINT64_C(1) << 55;
    k->scale(p, out[6], a, &f);
}

bool hats_rns_self_test(const struct hats_rns_kernels *k) {
    /* one prime of either width, and one between */
    static const uint64_t q[] = {133857281, 8589475841, 140737488273409};
    struct hats_rns *r;
    if (hats_rns_new(&r, LOG_N, q, HATS_COUNT_OF(q), NULL) != HATS_OK)
        return false;
    bool same = true;
    for (unsigned i = 0; i < r->n_primes; i++) {
        uint64_t ours[7][N], portable[7][N];
        run(k, &r->prime[i], ours);
        run(&hats_rns_portable, &r->prime[i], portable);
        same &= memcmp(ours, portable, sizeof ours) == 0;
    }
    hats_rns_free(r);
    return same;
}
