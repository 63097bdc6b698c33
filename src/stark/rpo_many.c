#include "stark/rpo_many.h"

#include "field/field.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define WIDTH HATS_STARK_RPO_WIDTH
#define RATE HATS_STARK_RPO_RATE
#define RATE_AT 4
#define DOMAIN_AT 1
#define LANES HATS_STARK_RPO_MANY
#define N (WIDTH * LANES)

/* Element i of message l stands at v[i LANES + l]. */
struct vector {
    _Alignas(HATS_ALIGN) uint64_t v[N];
};

typedef void multiply(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
typedef void permutation(uint64_t state[N]);

/* s <- M s + c. Halves of 32 bits: a row of M sums to 160, so sums of halves stay below 2^40. */
static void mix(struct vector *s, const uint64_t c[WIDTH]) {
    struct vector low, high;
    for (unsigned i = 0; i < N; i++) {
        low.v[i] = (uint32_t)s->v[i];
        high.v[i] = s->v[i] >> 32;
    }
    for (unsigned i = 0; i < WIDTH; i++) {
        uint64_t sum_low[LANES] = {0}, sum_high[LANES] = {0};
        for (unsigned j = 0; j < WIDTH; j++) {
            uint32_t m = (uint32_t)hats_stark_rpo_mds_row[(j + WIDTH - i) % WIDTH];
            for (unsigned l = 0; l < LANES; l++) {
                sum_low[l] += (uint64_t)(uint32_t)low.v[j * LANES + l] * m;
                sum_high[l] += (uint64_t)(uint32_t)high.v[j * LANES + l] * m;
            }
        }
        for (unsigned l = 0; l < LANES; l++)
            s->v[i * LANES + l] =
                hats_fp_reduce128(((hats_u128)sum_high[l] << 32) + sum_low[l] + c[i]);
    }
}

static void power_of_7(struct vector *s, multiply *mul) {
    struct vector square, cube;
    mul(square.v, s->v, s->v, N);
    mul(cube.v, square.v, s->v, N);
    mul(square.v, square.v, square.v, N);
    mul(s->v, square.v, cube.v, N);
}

/* out <- in^(2^n) tail; out is neither of them. */
static void square_times(struct vector *out, const struct vector *in, unsigned n,
                         const struct vector *tail, multiply *mul) {
    mul(out->v, in->v, in->v, N);
    for (unsigned k = 1; k < n; k++)
        mul(out->v, out->v, out->v, N);
    mul(out->v, out->v, tail->v, N);
}

/* s <- s^c(11), by the chain of rpo.c. */
static void power_of_c11(struct vector *s, multiply *mul) {
    struct vector c2, c4, c5;
    square_times(&c2, s, 3, s, mul);
    square_times(&c4, &c2, 6, &c2, mul);
    square_times(&c5, &c4, 3, s, mul);
    square_times(&c2, &c5, 15, &c5, mul);
    square_times(&c4, &c2, 3, s, mul);
    *s = c4;
}

static void permute_with_kernels(uint64_t state[N]) {
    multiply *mul = hats_field_kernels()->mul;
    struct vector *s = (struct vector *)state;
    for (unsigned r = 0; r < HATS_STARK_RPO_ROUNDS; r++) {
        mix(s, hats_stark_rpo_constants[r][0]);
        power_of_7(s, mul);
        mix(s, hats_stark_rpo_constants[r][1]);
        power_of_c11(s, mul);
        power_of_c11(s, mul);
        power_of_7(s, mul);
    }
}

#if defined(__x86_64__)
/* Against one at a time, on elements that include 0 and p - 1. */
static bool agrees(enum hats_backend backend) {
    struct vector s;
    uint64_t one[WIDTH], bad = 0;
    if (backend < HATS_AVX2)
        return false;
    for (uint64_t i = 0; i < N; i++)
        s.v[i] =
            i < LANES ? (i % 2 == 0 ? 0 : HATS_P - 1) : i * UINT64_C(0x123456789abcdef) % HATS_P;
    struct vector before = s;
    hats_stark_rpo_permute_avx2(s.v);
    for (size_t l = 0; l < LANES; l++) {
        for (size_t i = 0; i < WIDTH; i++)
            one[i] = before.v[i * LANES + l];
        hats_stark_rpo_permute(one);
        for (size_t i = 0; i < WIDTH; i++)
            bad |= one[i] ^ s.v[i * LANES + l];
    }
    return bad == 0;
}

static permutation *chosen = permute_with_kernels;

static void choose(void) {
    if (hats_cpu_backend() >= HATS_AVX2 && hats_cpu_tested("rpo", agrees) >= HATS_AVX2)
        chosen = hats_stark_rpo_permute_avx2;
}

static permutation *best_permutation(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, choose);
    return chosen;
}
#else
static permutation *best_permutation(void) { return permute_with_kernels; }
#endif

/* Lanes without a message do what the last one does. */
static void absorb(struct vector *s, const uint64_t *elements, size_t stride, size_t n,
                   size_t n_messages) {
    for (size_t l = 0; l < LANES; l++) {
        const uint64_t *message = elements + (l < n_messages ? l : n_messages - 1) * stride;
        for (size_t i = 0; i < RATE; i++)
            s->v[(RATE_AT + i) * LANES + l] = i < n ? message[i] : 0;
    }
}

void hats_stark_rpo_hash_many(uint64_t (*digests)[HATS_STARK_RPO_DIGEST], uint64_t domain,
                              const uint64_t *elements, size_t stride, size_t n,
                              size_t n_messages) {
    permutation *permute = best_permutation();
    struct vector s = {{0}};
    assert(n_messages >= 1 && n_messages <= LANES);
    for (size_t l = 0; l < LANES; l++) {
        s.v[l] = n % RATE;
        s.v[DOMAIN_AT * LANES + l] = domain;
    }
    for (size_t at = 0; at < n; at += RATE) {
        absorb(&s, elements + at, stride, n - at, n_messages);
        permute(s.v);
    }
    for (size_t l = 0; l < n_messages; l++)
        for (size_t i = 0; i < HATS_STARK_RPO_DIGEST; i++)
            digests[l][i] = s.v[(RATE_AT + i) * LANES + l];
    hats_wipe(&s, sizeof s);
}
