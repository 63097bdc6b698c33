/* What a backend must show before it is used (base/cpu.h). */
#include "field/kernels.h"

#include <assert.h>

_Static_assert(sizeof(struct hats_field_kernels) == 14 * sizeof(void (*)(void)),
               "another kernel: it needs its test here");

#define LOG_N 11
#define N ((size_t)1 << LOG_N)
#define N_PAIRS 64
/* Between them, passes of all kinds. */
static const uint8_t plans[2][HATS_NTT_MAX_PASSES] = {{3, 4, 4}, {4, 3, 4}};
/* roots; twists of the middle pass and of the last; the slack behind */
#define N_WORDS (2 * N + 2 * 128 + 2 * N + 8)

/* Not on the stack, which may be small, and not allocated, as that might fail. */
static _Alignas(64) uint64_t input[N], a[N], b[N], words[N_WORDS];

/* splitmix64 from 0, and every fourth word an element with long runs of equal bits, where carries are. */
static void fill_input(void) {
    static const uint64_t edges[8] = {
        0,
        1,
        HATS_P_EPSILON,
        HATS_P_EPSILON + 1,
        UINT64_C(1) << 63,
        HATS_P - (UINT64_C(1) << 32),
        HATS_P - 2,
        HATS_P - 1,
    };
    for (size_t i = 0; i < N; i++) {
        uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        z -= z >= HATS_P ? HATS_P : 0;
        input[i] = z % 4 == 0 ? edges[z >> 2 & 7] : z;
    }
}

/* The five element-wise kernels; out: their results, one after the other. */
static void elementwise(const struct hats_field_kernels *k, uint64_t *out) {
    const uint64_t *x = input, *y = input + N_PAIRS;
    memcpy(out + 3 * N_PAIRS, y + N_PAIRS, N_PAIRS * sizeof *out);
    k->add(out, x, y, N_PAIRS);
    k->sub(out + N_PAIRS, x, y, N_PAIRS);
    k->mul(out + 2 * N_PAIRS, x, y, N_PAIRS);
    k->mul_add(out + 3 * N_PAIRS, x, y, N_PAIRS);
    k->scale(out + 4 * N_PAIRS, x, HATS_P - 2, N_PAIRS);
}

static bool equal(const uint64_t *x, const uint64_t *y, size_t n) {
    return memcmp(x, y, n * sizeof *x) == 0;
}

/* How the passes are cut makes no difference to the result. */
static bool transforms_agree(const struct hats_field_kernels *k, const uint8_t *plan) {
    struct hats_ntt ntt;
    assert(hats_ntt_init(&ntt, LOG_N, 1, plan, NULL) <= N_WORDS);
    hats_ntt_init(&ntt, LOG_N, 1, plan, words);
    if (plan == plans[0]) {
        memcpy(b, input, sizeof b);
        hats_field_portable.ntt_forward(&ntt, b);
    }
    memcpy(a, input, sizeof a);
    k->ntt_forward(&ntt, a);
    if (!equal(a, b, N))
        return false;
    k->ntt_inverse(&ntt, a);
    return equal(a, input, N);
}

bool hats_field_self_test(const struct hats_field_kernels *k) {
    fill_input();
    elementwise(k, a);
    elementwise(&hats_field_portable, b);
    return equal(a, b, (size_t)5 * N_PAIRS) && transforms_agree(k, plans[0]) &&
           transforms_agree(k, plans[1]);
}
