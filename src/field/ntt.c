/* Twiddle tables and the entry points of the transform. */
#include "base/arena.h"
#include "field/kernels.h"

#include <assert.h>
#include <pthread.h>

static size_t reverse_bits(size_t k, unsigned n_bits) {
    size_t r = 0;
    for (unsigned i = 0; i < n_bits; i++)
        r |= (k >> i & 1) << (n_bits - 1 - i);
    return r;
}

/* root[k] = z^brv(k) for a primitive 2N-th root z. */
static void fill_roots(uint64_t *root, uint64_t z, unsigned log_n) {
    uint64_t power = 1;
    for (size_t i = 0; i < (size_t)1 << log_n; i++) {
        root[reverse_bits(i, log_n)] = power;
        power = hats_fp_mul(power, z);
    }
}

struct hats_ntt *hats_ntt_new(unsigned log_n) {
    assert(log_n >= HATS_NTT_LOG_MIN && log_n <= HATS_NTT_LOG_MAX);
    size_t n = (size_t)1 << log_n;
    uint64_t psi = hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) >> (log_n + 1));
    struct hats_ntt *ntt = hats_alloc(sizeof *ntt);
    if (ntt == NULL)
        return NULL;
    ntt->log_n = log_n;
    ntt->n_inv = hats_fp_inv(n);
    ntt->root = hats_alloc_array(n, sizeof *ntt->root);
    ntt->root_inv = hats_alloc_array(n, sizeof *ntt->root_inv);
    if (ntt->root == NULL || ntt->root_inv == NULL) {
        hats_ntt_free(ntt);
        return NULL;
    }
    fill_roots(ntt->root, psi, log_n);
    fill_roots(ntt->root_inv, hats_fp_inv(psi), log_n);
    return ntt;
}

void hats_ntt_free(struct hats_ntt *ntt) {
    if (ntt == NULL)
        return;
    hats_free(ntt->root);
    hats_free(ntt->root_inv);
    hats_free(ntt);
}

const struct hats_ntt *hats_ntt_shared(unsigned log_n) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct hats_ntt *made[HATS_NTT_LOG_MAX + 1];
    assert(log_n >= HATS_NTT_LOG_MIN && log_n <= HATS_NTT_LOG_MAX);
    pthread_mutex_lock(&lock);
    if (made[log_n] == NULL)
        made[log_n] = hats_ntt_new(log_n);
    const struct hats_ntt *ntt = made[log_n];
    pthread_mutex_unlock(&lock);
    return ntt;
}

void hats_ntt_forward(const struct hats_ntt *ntt, uint64_t *a) {
    hats_field_kernels()->ntt_forward(ntt, a);
}

void hats_ntt_inverse(const struct hats_ntt *ntt, uint64_t *a) {
    hats_field_kernels()->ntt_inverse(ntt, a);
}
