/* Field elements to test with: the edges of the representation, and random ones from a printed seed. */
#ifndef HATS_TESTS_FIELD_VALUES_H
#define HATS_TESTS_FIELD_VALUES_H

#include "base/random.h"
#include "field/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t edges[] = {
    0,
    1,
    2,
    UINT64_C(0x7fffffff),
    UINT64_C(0x80000000),
    UINT64_C(0xfffffffe),
    UINT64_C(0xffffffff),
    UINT64_C(0x100000000),
    UINT64_C(0x100000001),
    UINT64_C(0x1ffffffff),
    UINT64_C(0x7fffffffffffffff),
    UINT64_C(0x8000000000000000),
    UINT64_C(0x8000000000000001),
    UINT64_C(0xfffffffe00000000),
    UINT64_C(0xfffffffe00000001),
    UINT64_C(0xfffffffeffffffff),
    UINT64_C(0xffff000000000000),
    HATS_P - UINT64_C(0x100000000),
    HATS_P - 2,
    HATS_P - 1,
};
#define N_EDGES HATS_COUNT_OF(edges)

/* splitmix64: the seed is all there is to it. HATS_SEED in the environment repeats a run. */
struct values {
    uint64_t seed, state;
};

static inline struct values values_from_seed(void) {
    struct values v = {0, 0};
    const char *wish = getenv("HATS_SEED");
    if (wish != NULL)
        v.seed = strtoull(wish, NULL, 0);
    else if (hats_random(&v.seed, sizeof v.seed) != HATS_OK)
        abort();
    v.state = v.seed;
    fprintf(stderr, "# HATS_SEED=0x%016" PRIx64 "\n", v.seed);
    return v;
}

static inline uint64_t values_word(struct values *v) {
    uint64_t z = v->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* One element in four is an edge: carries and borrows at the ends of the range are the danger. */
static inline uint64_t values_element(struct values *v) {
    uint64_t w = values_word(v);
    return w % 4 == 0 ? edges[w / 4 % N_EDGES] : values_word(v) % HATS_P;
}

static inline void values_fill(struct values *v, uint64_t *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        a[i] = values_element(v);
}

#endif
