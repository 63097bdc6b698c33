/* Every backend against definitions written out here, one element at a time. */
#include "base/arena.h"
#include "base/random.h"
#include "field/field.h"
#include "ring/kernels.h"
#include "ring/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 1000

static uint64_t random_state;

static uint64_t random_u64(void) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t random_element(void) {
    uint64_t v = random_u64();
    switch (random_u64() % 8) { /* the edges of carries and of the reduction, often */
    case 0: return v % 3;
    case 1: return HATS_P - 1 - v % 3;
    case 2: return HATS_P_EPSILON - 1 + v % 3;
    case 3: return (UINT64_C(1) << 63) - 1 + v % 3;
    default: return v % HATS_P;
    }
}

static int seed_random(void **state) {
    (void)state;
    const char *wish = getenv("HATS_TEST_SEED");
    random_state = wish != NULL ? strtoull(wish, NULL, 0) : hats_now_ms();
    printf("# HATS_TEST_SEED=%llu\n", (unsigned long long)random_state);
    return 0;
}

/* Runs `law` on the table of every backend that this processor has. */
static void on_every_backend(void (*law)(const struct hats_ring_kernels *k)) {
    for (int b = 0; b < HATS_BACKEND_COUNT; b++)
        if (hats_ring_kernels_of((enum hats_backend)b) != NULL)
            law(hats_ring_kernels_of((enum hats_backend)b));
}

static int bit_of_group(const uint64_t group[2], unsigned bit) {
    return (int)(group[bit / 64] >> bit % 64 & 1);
}

static void cbd_law(const struct hats_ring_kernels *k) {
    for (size_t n = 0; n <= 200; n++) {
        uint64_t words[2 * 67];
        int8_t out[201];
        for (size_t i = 0; i < HATS_COUNT_OF(words); i++)
            words[i] = random_u64();
        out[n] = 99;
        k->cbd21(out, words, n);
        assert_int_equal(out[n], 99);
        for (size_t i = 0; i < n; i++) {
            int expected = 0;
            for (unsigned bit = 0; bit < 21; bit++)
                expected += bit_of_group(words + i / 3 * 2, (unsigned)(i % 3) * 42 + bit) -
                            bit_of_group(words + i / 3 * 2, (unsigned)(i % 3) * 42 + 21 + bit);
            assert_int_equal(out[i], expected);
        }
    }
}

static void binomial_coefficients_count_the_pinned_bits(void **state) {
    (void)state;
    on_every_backend(cbd_law);
}

static void cbd_edges(const struct hats_ring_kernels *k) {
    /* bits 0..20, 63..83, 84..104 set: +21, -21, +21; and the two unused bits */
    const uint64_t group[2] = {0x1fffff | UINT64_C(1) << 63,
                               0xfffff | UINT64_C(0x1fffff) << 20 | UINT64_C(3) << 62};
    uint64_t words[16];
    int8_t out[24];
    for (size_t i = 0; i < 16; i++)
        words[i] = group[i % 2];
    k->cbd21(out, words, 24);
    for (size_t i = 0; i < 24; i++)
        assert_int_equal(out[i], i % 3 == 1 ? -21 : 21);
}

static void binomial_coefficients_reach_21_both_ways(void **state) {
    (void)state;
    on_every_backend(cbd_edges);
}

static void ternary_law(const struct hats_ring_kernels *k) {
    uint8_t bytes[243];
    int8_t out[243 * 5 + 1];
    for (unsigned i = 0; i < 243; i++)
        bytes[i] = (uint8_t)i;
    for (size_t n = 0; n <= 243 * 5; n += n < 100 ? 1 : 37) {
        out[n] = 99;
        k->ternary(out, bytes, n);
        assert_int_equal(out[n], 99);
        for (size_t i = 0; i < n; i++) {
            unsigned v = bytes[i / 5];
            for (size_t r = 0; r < i % 5; r++)
                v /= 3;
            assert_int_equal(out[i], (int)(v % 3) - 1);
        }
    }
}

static void ternary_digits_are_base_3_least_significant_first(void **state) {
    (void)state;
    on_every_backend(ternary_law);
}

static void keep_law(const struct hats_ring_kernels *k) {
    for (size_t n = 0; n < 60; n++) {
        for (unsigned rate = 0; rate < 3; rate++) {
            uint64_t words[60], expected[60];
            size_t kept = 0;
            for (size_t i = 0; i < n; i++) {
                words[i] = random_element();
                if (random_u64() % 4 < rate)
                    words[i] = random_u64() % 2 ? HATS_P : UINT64_MAX - random_u64() % 5;
                if (words[i] < HATS_P)
                    expected[kept++] = words[i];
            }
            assert_int_equal(k->keep_canonical(words, n), kept);
            assert_memory_equal(words, expected, kept * sizeof words[0]);
        }
    }
}

static void words_from_p_on_are_dropped_in_order(void **state) {
    (void)state;
    on_every_backend(keep_law);
}

static void small_law(const struct hats_ring_kernels *k) {
    uint64_t a[256], out[256];
    int8_t e[256];
    for (int turn = 0; turn < MANY; turn++) {
        for (size_t i = 0; i < 256; i++) {
            a[i] = random_element();
            e[i] = (int8_t)((int)i - 128);
        }
        k->add_small(out, a, e, 256);
        for (size_t i = 0; i < 256; i++)
            assert_int_equal(out[i], hats_fp_add(a[i], hats_fp_from_i64(e[i])));
        k->from_small(out, e, 256);
        for (size_t i = 0; i < 256; i++)
            assert_int_equal(out[i], hats_fp_from_i64(e[i]));
    }
}

static void small_elements_add_like_field_elements(void **state) {
    (void)state;
    on_every_backend(small_law);
}

static uint64_t dot_by_definition(const int16_t *w, const uint64_t *x, size_t n) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = hats_fp_add(sum,
                          hats_fp_mul(hats_fp_from_i64(w[i]), hats_fp_reduce128((hats_u128)x[i])));
    return sum;
}

static void split_law(const struct hats_ring_kernels *k) {
    static uint64_t x[256];
    static int16_t planes[4 * 256];
    for (size_t n = 16; n <= 256; n *= 2) {
        for (size_t i = 0; i < n; i++)
            x[i] = random_u64() % 4 == 0 ? UINT64_MAX - random_u64() % 2 : random_element();
        k->split(planes, x, n);
        for (size_t i = 0; i < n; i++) {
            uint64_t joined = 0;
            for (size_t l = 0; l < 4; l++)
                joined += (uint64_t)(planes[l * n + i] + 32768) << 16 * l;
            assert_int_equal(joined, x[i]);
        }
    }
}

static void words_are_split_into_centred_limbs(void **state) {
    (void)state;
    on_every_backend(split_law);
}

static void dot_law(const struct hats_ring_kernels *k) {
    enum { N = 512 };
    static uint64_t x[N];
    static int16_t planes[4 * N], w[N];
    static const int w_maxima[] = {1, 2, 127, 255, 4000, 16384, 32767};
    for (int turn = 0; turn < MANY; turn++) {
        int w_max = w_maxima[turn % (int)HATS_COUNT_OF(w_maxima)];
        size_t at = random_u64() % 100, count = random_u64() % (N - at + 1);
        for (size_t i = 0; i < N; i++) {
            x[i] = random_element();
            w[i] = (int16_t)((int)(random_u64() % (2 * (unsigned)w_max + 1)) - w_max);
        }
        k->split(planes, x, N);
        assert_int_equal(k->dot(w, planes, N, at, count, w_max),
                         dot_by_definition(w, x + at, count));
    }
}

static void dot_products_are_exact(void **state) {
    (void)state;
    on_every_backend(dot_law);
}

/* All weights and all limbs at their bounds, with equal signs: accumulators at their fullest. */
static void dot_edges(const struct hats_ring_kernels *k) {
    enum { N = 65536 };
    uint64_t *x = hats_alloc_array(N, sizeof *x);
    int16_t *planes = hats_alloc_array((size_t)4 * N, sizeof *planes);
    int16_t *w = hats_alloc_array(N, sizeof *w);
    static const int w_maxima[] = {1, 127, 128, 32767};
    assert_true(x != NULL && planes != NULL && w != NULL);
    for (int high = 0; high < 2; high++) {
        for (size_t i = 0; i < N; i++)
            x[i] = high ? UINT64_MAX : 0;
        k->split(planes, x, N);
        for (size_t m = 0; m < HATS_COUNT_OF(w_maxima); m++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                for (size_t i = 0; i < N; i++)
                    w[i] = (int16_t)(sign * w_maxima[m]);
                assert_int_equal(k->dot(w, planes, N, 0, N, w_maxima[m]),
                                 dot_by_definition(w, x, N));
            }
        }
    }
    hats_free(x);
    hats_free(planes);
    hats_free(w);
}

static void dot_products_are_exact_where_accumulators_are_fullest(void **state) {
    (void)state;
    on_every_backend(dot_edges);
}

static void mul_sum_law(const struct hats_ring_kernels *k) {
    static uint64_t pool[8][64];
    static const size_t counts[] = {1, 2, 3, 9, 65, 128};
    const uint64_t *a[128], *b[128];
    uint64_t out[64];
    for (int turn = 0; turn < 50; turn++) {
        for (size_t t = 0; t < 8; t++)
            for (size_t i = 0; i < 64; i++)
                pool[t][i] = turn == 0 ? HATS_P - 1 : turn == 1 ? 0 : random_element();
        for (size_t c = 0; c < HATS_COUNT_OF(counts); c++) {
            for (size_t t = 0; t < counts[c]; t++) {
                a[t] = pool[random_u64() % 8];
                b[t] = pool[random_u64() % 8];
            }
            k->mul_sum(out, a, b, counts[c], 64);
            for (size_t i = 0; i < 64; i++) {
                uint64_t sum = 0;
                for (size_t t = 0; t < counts[c]; t++)
                    sum = hats_fp_add(sum, hats_fp_mul(a[t][i], b[t][i]));
                assert_int_equal(out[i], sum);
            }
        }
    }
}

static void sums_of_products_are_canonical(void **state) {
    (void)state;
    on_every_backend(mul_sum_law);
}

static void words_law(const struct hats_ring_kernels *k) {
    for (size_t n = 0; n < 40; n++) {
        uint64_t a[40] = {0}, back[40];
        uint8_t bytes[40 * 8 + 1];
        for (size_t i = 0; i < n; i++)
            a[i] = random_element();
        bytes[8 * n] = 0x5a;
        k->store_be(bytes, a, n);
        assert_int_equal(bytes[8 * n], 0x5a);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(hats_load_be64(bytes + 8 * i), a[i]);
        assert_true(k->load_be(back, bytes, n));
        assert_memory_equal(back, a, n * sizeof a[0]);
        for (size_t i = 0; i < n; i++) {
            hats_store_be64(bytes + 8 * i, random_u64() % 2 ? HATS_P : UINT64_MAX);
            assert_false(k->load_be(back, bytes, n));
            hats_store_be64(bytes + 8 * i, HATS_P - 1);
            assert_true(k->load_be(back, bytes, n));
        }
    }
}

static void words_are_big_endian_and_below_p(void **state) {
    (void)state;
    on_every_backend(words_law);
}

/* The negacyclic product by its definition. */
static uint64_t product_coefficient(const uint64_t *c, const int32_t *w, size_t n, size_t index) {
    uint64_t sum = 0;
    for (size_t j = 0; j < n; j++) {
        uint64_t term = hats_fp_mul(hats_fp_from_i64(w[j]), c[(n + index - j) % n]);
        sum = j <= index ? hats_fp_add(sum, term) : hats_fp_sub(sum, term);
    }
    return sum;
}

static void single_coefficients_are_those_of_the_negacyclic_product(void **state) {
    (void)state;
    enum { N = 64 };
    for (int turn = 0; turn < 200; turn++) {
        size_t span = 1 + random_u64() % N;
        uint64_t c[N];
        int32_t w[N] = {0};
        int16_t w_rev[N] = {0}, planes[4 * N];
        for (size_t i = 0; i < N; i++)
            c[i] = random_element();
        hats_ring_kernels()->split(planes, c, N);
        for (size_t j = 0; j < span; j++) {
            w[j] = (int32_t)(random_u64() % 65535) - 32767;
            w_rev[span - 1 - j] = (int16_t)w[j];
        }
        for (size_t index = 0; index < N; index++)
            assert_int_equal(hats_ring_coefficient(planes, N, w_rev, span, 32767, index),
                             product_coefficient(c, w, N, index));
    }
}

static void the_transform_finds_the_same_coefficients(void **state) {
    (void)state;
    const size_t n = 1024;
    struct hats_ntt *ntt = hats_ntt_new(10);
    uint64_t *product = hats_alloc_array(n, 8), *w_hat = hats_alloc_array(n, 8);
    int16_t *w_rev = hats_alloc_array(n, 2), *planes = hats_alloc_array(4 * n, 2);
    assert_true(ntt != NULL && product != NULL && w_hat != NULL && w_rev != NULL && planes != NULL);
    for (size_t i = 0; i < n; i++) {
        int16_t w = (int16_t)((int)(random_u64() % 2001) - 1000);
        product[i] = random_element();
        w_hat[i] = hats_fp_from_i64(w);
        w_rev[n - 1 - i] = w;
    }
    hats_ring_kernels()->split(planes, product, n);
    hats_ntt_forward(ntt, product);
    hats_ntt_forward(ntt, w_hat);
    hats_field_kernels()->mul(product, product, w_hat, n);
    hats_ntt_inverse(ntt, product);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(hats_ring_coefficient(planes, n, w_rev, n, 1000, i), product[i]);
    hats_free(product);
    hats_free(w_hat);
    hats_free(w_rev);
    hats_free(planes);
    hats_ntt_free(ntt);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binomial_coefficients_count_the_pinned_bits),
        cmocka_unit_test(binomial_coefficients_reach_21_both_ways),
        cmocka_unit_test(ternary_digits_are_base_3_least_significant_first),
        cmocka_unit_test(words_from_p_on_are_dropped_in_order),
        cmocka_unit_test(small_elements_add_like_field_elements),
        cmocka_unit_test(words_are_split_into_centred_limbs),
        cmocka_unit_test(dot_products_are_exact),
        cmocka_unit_test(dot_products_are_exact_where_accumulators_are_fullest),
        cmocka_unit_test(sums_of_products_are_canonical),
        cmocka_unit_test(words_are_big_endian_and_below_p),
        cmocka_unit_test(single_coefficients_are_those_of_the_negacyclic_product),
        cmocka_unit_test(the_transform_finds_the_same_coefficients),
    };
    return cmocka_run_group_tests_name("ring kernels", tests, seed_random, NULL);
}
