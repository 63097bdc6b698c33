/* What a backend must show before it is used (base/cpu.h). */
#include "field/kernels.h"

#include <assert.h>

_Static_assert(sizeof(struct hats_field_kernels) == 15 * sizeof(void (*)(void)),
               "another kernel: it needs its test here");

#define LOG_N 11
#define N ((size_t)1 << LOG_N)
#define N_PAIRS 64
#define N_TERMS 40
/* Between them, passes of all kinds: each radix with a twist and without. */
static const uint8_t plans[][HATS_NTT_MAX_PASSES] = {
    {3, 4, 4},
    {4, 3, 4},
    {1, 2, 4, 4},
    {2, 1, 4, 4},
};
/* roots; twists of the middle passes and of the last; the slack behind */
#define N_WORDS (2 * N + 2 * (8 + 128) + 2 * N + 8)

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

/* The kernels over F_p; out: their results, one after the other. Returns its end. */
static uint64_t *over_base(const struct hats_field_kernels *k, uint64_t *out) {
    const uint64_t *x = input, *y = input + N_PAIRS;
    memcpy(out + 3 * N_PAIRS, y + N_PAIRS, N_PAIRS * sizeof *out);
    memcpy(out + 5 * N_PAIRS, y + N_PAIRS, N_PAIRS * sizeof *out);
    k->add(out, x, y, N_PAIRS);
    k->sub(out + N_PAIRS, x, y, N_PAIRS);
    k->mul(out + 2 * N_PAIRS, x, y, N_PAIRS);
    k->mul_add(out + 3 * N_PAIRS, x, y, N_PAIRS);
    k->scale(out + 4 * N_PAIRS, x, HATS_P - 2, N_PAIRS);
    k->add_scaled(out + 5 * N_PAIRS, x, HATS_P - 2, N_PAIRS);
    return out + 6 * N_PAIRS;
}

static struct hats_fp3_vec vec(uint64_t *words_of_vec) {
    return (struct hats_fp3_vec){
        {words_of_vec, words_of_vec + N_PAIRS, words_of_vec + 2 * N_PAIRS}};
}

/* The kernels over K, likewise; each result is 3 N_PAIRS words. */
static void over_extension(const struct hats_field_kernels *k, uint64_t *out) {
    struct hats_fp3_vec x = vec(input), y = vec(input + 3 * N_PAIRS);
    const uint64_t *z = input + 6 * N_PAIRS;
    struct hats_fp3 c = {{HATS_P - 1, HATS_P_EPSILON, HATS_P - 2}};
    memcpy(out, input + 7 * N_PAIRS, (size_t)9 * N_PAIRS * sizeof *out);
    k->fp3_mul_add_base(vec(out), x, z, N_PAIRS);
    k->fp3_add_scaled(vec(out + 3 * N_PAIRS), x, c, N_PAIRS);
    k->fp3_add_scaled_base(vec(out + 6 * N_PAIRS), z, c, N_PAIRS);
    k->fp3_mul(vec(out + 9 * N_PAIRS), x, y, N_PAIRS);
    k->fp3_mul_base(vec(out + 12 * N_PAIRS), x, z, N_PAIRS);
    k->fp3_scale(vec(out + 15 * N_PAIRS), x, c, N_PAIRS);
    const uint64_t *terms[N_TERMS];
    struct hats_fp3 factors[N_TERMS];
    for (size_t t = 0; t < N_TERMS; t++) {
        terms[t] = input + 8 * t;
        factors[t] = (struct hats_fp3){{input[t], input[t + 1], input[t + 2]}};
    }
    memcpy(out + 18 * N_PAIRS, input, (size_t)3 * N_PAIRS * sizeof *out);
    k->fp3_dot_base(vec(out + 18 * N_PAIRS), terms, factors, N_TERMS, N_PAIRS);
}
#define N_RESULTS ((6 + 21) * (size_t)N_PAIRS)
_Static_assert(N_RESULTS <= N, "results lie in the buffers of the transform");

static bool equal(const uint64_t *x, const uint64_t *y, size_t n) {
    return memcmp(x, y, n * sizeof *x) == 0;
}

/* How the passes are cut makes no difference to the result. */
static bool transforms_agree(const struct hats_field_kernels *k, const uint8_t *plan) {
    struct hats_ntt ntt;
    assert(hats_ntt_init(&ntt, &hats_field_portable, LOG_N, 1, plan, NULL) <= N_WORDS);
    hats_ntt_init(&ntt, &hats_field_portable, LOG_N, 1, plan, words);
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
    over_extension(k, over_base(k, a));
    over_extension(&hats_field_portable, over_base(&hats_field_portable, b));
    bool passes = equal(a, b, N_RESULTS);
    for (size_t i = 0; passes && i < HATS_COUNT_OF(plans); i++)
        passes = transforms_agree(k, plans[i]);
    return passes;
}
