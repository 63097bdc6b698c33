/* Twiddle tables and the entry points of the transform. */
#include "base/arena.h"
#include "field/kernels.h"

#include <assert.h>
#include <pthread.h>

/* Backends read the upper half of a twist through a load that begins four bytes later. */
#define SLACK_WORDS 8

/* Levels of each pass. The narrow passes come first: at large N a first pass of sixteen slices reads
 * sixteen cache lines of one set. */
static const uint8_t plans[HATS_NTT_LOG_MAX + 1][HATS_NTT_MAX_PASSES] = {
    [7] = {3, 4},        [8] = {4, 4},        [9] = {1, 4, 4},     [10] = {3, 3, 4},
    [11] = {3, 4, 4},    [12] = {4, 4, 4},    [13] = {3, 3, 3, 4}, [14] = {3, 3, 4, 4},
    [15] = {3, 4, 4, 4}, [16] = {4, 4, 4, 4},
};

/* root[k] = z^brv(k) for a primitive 2N-th root z: bit l of k is bit log_n - 1 - l of brv(k), so each
 * power of two doubles what there is. Then every level gets its power of t. */
static void fill_roots(uint64_t *root, uint64_t z, uint64_t t, unsigned log_n) {
    root[0] = 1;
    for (unsigned l = 0; l < log_n; l++) {
        size_t half = (size_t)1 << l;
        uint64_t step = hats_fp_pow(z, (uint64_t)1 << (log_n - 1 - l));
        for (size_t k = 0; k < half; k++)
            root[half + k] = hats_fp_mul(root[k], step);
    }
    for (unsigned l = 0; l < log_n && t != 1; l++) {
        uint64_t factor = hats_fp_pow(t, (uint64_t)1 << (log_n - 1 - l));
        for (size_t k = (size_t)1 << l; k < (size_t)2 << l; k++)
            root[k] = hats_fp_mul(root[k], factor);
    }
}

/* Twists of a pass from one table of roots: out[j] = scale * r^j for j = from .. R - 1, step apart. */
static void fill_block(uint64_t *out, size_t step, size_t from, size_t radix, uint64_t r,
                       uint64_t scale) {
    uint64_t w = hats_fp_mul(scale, HATS_P_EPSILON);
    for (size_t j = 0; j < radix; j++) {
        if (j >= from)
            out[(j - from) * step] = w;
        w = hats_fp_mul(w, r);
    }
}

static uint64_t *fill_pass(uint64_t *out, const struct hats_ntt_pass *p, const uint64_t *root,
                           size_t from, uint64_t scale, bool last) {
    size_t radix = (size_t)1 << p->log_radix, n_blocks = (size_t)1 << p->log_n_blocks;
    size_t lanes = last ? HATS_NTT_LANES : 1;
    for (size_t b = 0; b < n_blocks; b++) {
        uint64_t *first = out + b / lanes * lanes * (radix - from) + b % lanes;
        fill_block(first, lanes, from, radix, root[(n_blocks + b) * radix / 2], scale);
    }
    return out + n_blocks * (radix - from);
}

/* Lay out all tables in `words`, or only count them when it is NULL. */
static size_t lay_out(struct hats_ntt *ntt, uint64_t t, const uint8_t *plan, uint64_t *words) {
    size_t n = (size_t)1 << ntt->log_n, at = 2 * n;
    unsigned level = 0;
    ntt->n_passes = 0;
    for (; n >= HATS_NTT_RUN && level < ntt->log_n; ntt->n_passes++) {
        struct hats_ntt_pass *p = &ntt->pass[ntt->n_passes];
        p->log_radix = plan[ntt->n_passes];
        p->log_n_blocks = level;
        level += p->log_radix;
        if (p->log_n_blocks == 0 && t == 1)
            continue;
        bool last = level == ntt->log_n;
        size_t n_twists = (size_t)1 << level, n_blocks = (size_t)1 << p->log_n_blocks;
        if (words != NULL) {
            p->twist = words + at;
            p->twist_inv = fill_pass(words + at, p, ntt->root, 1, 1, last);
            fill_pass(words + at + n_twists - n_blocks, p, ntt->root_inv, last ? 0 : 1,
                      last ? ntt->n_inv : 1, last);
        }
        at += (2 * n_twists + 7) / 8 * 8; /* so that the last pass finds lines whole */
    }
    return at + SLACK_WORDS;
}

size_t hats_ntt_init(struct hats_ntt *ntt, unsigned log_n, uint64_t t, const uint8_t *plan,
                     uint64_t *words) {
    assert(log_n >= HATS_NTT_LOG_MIN && log_n <= HATS_NTT_LOG_MAX && t != 0);
    size_t n = (size_t)1 << log_n;
    uint64_t psi = hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) >> (log_n + 1));
    *ntt = (struct hats_ntt){.log_n = log_n, .n_inv = hats_fp_inv(n), .words = words};
    if (words != NULL) {
        fill_roots(words, psi, t, log_n);
        fill_roots(words + n, hats_fp_inv(psi), t == 1 ? 1 : hats_fp_inv(t), log_n);
        ntt->root = words;
        ntt->root_inv = words + n;
    }
    return lay_out(ntt, t, plan != NULL ? plan : plans[log_n], words);
}

struct hats_ntt *hats_ntt_new_scaled(unsigned log_n, uint64_t t) {
    struct hats_ntt *ntt = hats_alloc(sizeof *ntt);
    if (ntt == NULL)
        return NULL;
    uint64_t *words = hats_alloc_array(hats_ntt_init(ntt, log_n, t, NULL, NULL), sizeof *words);
    if (words == NULL) {
        hats_free(ntt);
        return NULL;
    }
    hats_ntt_init(ntt, log_n, t, NULL, words);
    return ntt;
}

struct hats_ntt *hats_ntt_new(unsigned log_n) {
    return hats_ntt_new_scaled(log_n, 1);
}

void hats_ntt_free(struct hats_ntt *ntt) {
    if (ntt == NULL)
        return;
    hats_free(ntt->words);
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

/* Leaf brv(k) of the tree, in storage. */
uint32_t hats_ntt_position(const struct hats_ntt *ntt, uint32_t k) {
    assert(k >> ntt->log_n == 0);
    uint32_t leaf = 0;
    for (unsigned bit = 0; bit < ntt->log_n; bit++)
        leaf |= (k >> bit & 1) << (ntt->log_n - 1 - bit);
    if (ntt->n_passes == 0)
        return leaf;
    uint32_t in_run = leaf % HATS_NTT_RUN;
    return leaf - in_run + HATS_NTT_LANES * (in_run % HATS_NTT_LEAF) + in_run / HATS_NTT_LEAF;
}
