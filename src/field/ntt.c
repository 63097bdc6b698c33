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
    [7] = {3, 4},        [8] = {4, 4},        [9] = {2, 3, 4},     [10] = {3, 3, 4},
    [11] = {3, 4, 4},    [12] = {4, 4, 4},    [13] = {3, 3, 3, 4}, [14] = {3, 3, 4, 4},
    [15] = {3, 4, 4, 4}, [16] = {4, 4, 4, 4},
};

/* out = c a for n below 8, too. */
static void scale(const struct hats_field_kernels *kernels, uint64_t *out, const uint64_t *a,
                  uint64_t c, size_t n) {
    if (n % 8 == 0)
        kernels->scale(out, a, c, n);
    else
        for (size_t i = 0; i < n; i++)
            out[i] = hats_fp_mul(a[i], c);
}

/* root[k] = z^brv(k) for a primitive 2N-th root z: bit l of k is bit log_n - 1 - l of brv(k), so each
 * power of two doubles what there is. Then every level gets its power of t. */
static void fill_roots(const struct hats_field_kernels *kernels, uint64_t *root, uint64_t z,
                       uint64_t t, unsigned log_n) {
    uint64_t z_powers[HATS_NTT_LOG_MAX], t_powers[HATS_NTT_LOG_MAX]; /* to the 2^i */
    for (unsigned i = 0; i < log_n; i++) {
        z_powers[i] = i == 0 ? z : hats_fp_mul(z_powers[i - 1], z_powers[i - 1]);
        t_powers[i] = i == 0 ? t : hats_fp_mul(t_powers[i - 1], t_powers[i - 1]);
    }
    root[0] = 1;
    for (unsigned l = 0; l < log_n; l++)
        scale(kernels, root + ((size_t)1 << l), root, z_powers[log_n - 1 - l], (size_t)1 << l);
    for (unsigned l = 0; l < log_n && t != 1; l++)
        scale(kernels, root + ((size_t)1 << l), root + ((size_t)1 << l), t_powers[log_n - 1 - l],
              (size_t)1 << l);
}

/* Twists of a pass other than the last: [block][j - 1], r^j 2^64. */
static void fill_pass(uint64_t *out, const struct hats_ntt_pass *p, const uint64_t *root) {
    size_t radix = (size_t)1 << p->log_radix, n_blocks = (size_t)1 << p->log_n_blocks;
    for (size_t b = 0; b < n_blocks; b++) {
        uint64_t r = root[(n_blocks + b) * radix / 2], w = HATS_P_EPSILON;
        for (size_t j = 1; j < radix; j++)
            *out++ = w = hats_fp_mul(w, r);
    }
}

/* Twists of the last pass, of which each line of eight is the line before times the roots: [run][j][lane],
 * scale r^j 2^64, j from `from`. */
static void fill_last_pass(const struct hats_field_kernels *kernels, uint64_t *out,
                           const struct hats_ntt_pass *p, const uint64_t *root, size_t from,
                           uint64_t scale_by) {
    size_t n_blocks = (size_t)1 << p->log_n_blocks;
    _Alignas(64) uint64_t r[HATS_NTT_LANES], line[HATS_NTT_LANES];
    for (size_t b = 0; b < n_blocks; b += HATS_NTT_LANES) {
        for (size_t lane = 0; lane < HATS_NTT_LANES; lane++) {
            r[lane] = root[(n_blocks + b + lane) * HATS_NTT_LEAF / 2];
            line[lane] = hats_fp_mul(scale_by, HATS_P_EPSILON);
        }
        for (size_t j = 0; j < HATS_NTT_LEAF; j++) {
            if (j >= from) {
                memcpy(out, line, sizeof line);
                out += HATS_NTT_LANES;
            }
            kernels->mul(line, line, r, HATS_NTT_LANES);
        }
    }
}

/* Lay out all tables in `words`, or only count them when it is NULL. */
static size_t lay_out(struct hats_ntt *ntt, const struct hats_field_kernels *kernels, uint64_t t,
                      const uint8_t *plan, uint64_t *words) {
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
        size_t n_twists = ((size_t)1 << level) - ((size_t)1 << p->log_n_blocks);
        if (words != NULL) {
            uint64_t *twist = words + at, *twist_inv = words + at + n_twists;
            p->twist = twist;
            p->twist_inv = twist_inv;
            if (last) {
                fill_last_pass(kernels, twist, p, ntt->root, 1, 1);
                fill_last_pass(kernels, twist_inv, p, ntt->root_inv, 0, ntt->n_inv);
            } else {
                fill_pass(twist, p, ntt->root);
                fill_pass(twist_inv, p, ntt->root_inv);
            }
        }
        at +=
            last ? n_twists + n : (2 * n_twists + 7) / 8 * 8; /* the last pass reads whole lines */
    }
    return at + SLACK_WORDS;
}

size_t hats_ntt_init(struct hats_ntt *ntt, const struct hats_field_kernels *kernels, unsigned log_n,
                     uint64_t t, const uint8_t *plan, uint64_t *words) {
    assert(log_n >= HATS_NTT_LOG_MIN && log_n <= HATS_NTT_LOG_MAX && t != 0);
    size_t n = (size_t)1 << log_n;
    *ntt = (struct hats_ntt){.log_n = log_n, .words = words};
    if (words != NULL) {
        uint64_t psi = hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) >> (log_n + 1));
        ntt->n_inv = hats_fp_inv(n);
        fill_roots(kernels, words, psi, t, log_n);
        fill_roots(kernels, words + n, hats_fp_inv(psi), t == 1 ? 1 : hats_fp_inv(t), log_n);
        ntt->root = words;
        ntt->root_inv = words + n;
    }
    return lay_out(ntt, kernels, t, plan != NULL ? plan : plans[log_n], words);
}

struct hats_ntt *hats_ntt_new_scaled(unsigned log_n, uint64_t t) {
    struct hats_ntt *ntt = hats_alloc(sizeof *ntt);
    if (ntt == NULL)
        return NULL;
    const struct hats_field_kernels *kernels = hats_field_kernels();
    size_t n_words = hats_ntt_init(ntt, kernels, log_n, t, NULL, NULL);
    uint64_t *words = hats_alloc_array(n_words, sizeof *words);
    if (words == NULL) {
        hats_free(ntt);
        return NULL;
    }
    hats_ntt_init(ntt, kernels, log_n, t, NULL, words);
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
