/* The samplers against their pinned formats, read here from one-lane SHAKE streams, and the laws of
 * the distributions. The distribution bounds are six standard deviations of fixed seeds: they
 * cannot flake. */
#include "base/arena.h"
#include "field/field.h"
#include "hash/shake.h"
#include "ring/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char prefix[] = "a prefix of the test";
#define PREFIX prefix, sizeof prefix - 1

static void open_stream(struct hats_shake *x, void (*init)(struct hats_shake *), unsigned l) {
    uint8_t le16[2] = {(uint8_t)l, (uint8_t)(l >> 8)};
    init(x);
    hats_shake_absorb(x, PREFIX);
    hats_shake_absorb(x, le16, 2);
}

static uint64_t next_word(struct hats_shake *x) {
    uint8_t word[8];
    hats_shake_squeeze(x, word, 8);
    return hats_load_le64(word);
}

/* Coefficient k = 0, 1, 2 of the 16 bytes of a group, bit by bit. */
static int group_coefficient(const uint8_t group[16], unsigned k) {
    int c = 0;
    for (unsigned bit = 0; bit < 42; bit++) {
        unsigned at = 42 * k + bit;
        int set = group[at / 8] >> at % 8 & 1;
        c += bit < 21 ? set : -set;
    }
    return c;
}

static void uniform_elements_follow_their_pinned_format(void **state) {
    (void)state;
    for (size_t n = 1024; n <= 16384; n *= 2) {
        uint64_t *a = hats_alloc_array(n, sizeof *a);
        assert_non_null(a);
        hats_ring_uniform(a, n, PREFIX);
        for (unsigned l = 0; l < 8; l++) {
            struct hats_shake x;
            open_stream(&x, hats_shake128_init, l);
            for (size_t i = 0; i < n / 8; i++) {
                uint64_t w = next_word(&x);
                while (w >= HATS_P)
                    w = next_word(&x);
                assert_int_equal(a[l * n / 8 + i], w);
            }
        }
        hats_free(a);
    }
}

static void binomial_elements_follow_their_pinned_format(void **state) {
    (void)state;
    for (size_t n = 1024; n <= 16384; n *= 2) {
        int8_t *e = hats_alloc(n);
        assert_non_null(e);
        hats_ring_cbd21(e, n, PREFIX);
        for (unsigned l = 0; l < 8; l++) {
            struct hats_shake x;
            uint8_t group[16] = {0};
            open_stream(&x, hats_shake256_init, l);
            for (size_t i = 0; i < n / 8; i++) {
                if (i % 3 == 0)
                    hats_shake_squeeze(&x, group, 16);
                assert_int_equal(e[l * n / 8 + i], group_coefficient(group, i % 3));
            }
        }
        hats_free(e);
    }
}

static void a_few_binomial_values_are_dealt_over_the_streams(void **state) {
    (void)state;
    for (size_t count = 0; count < 4096; count += count < 40 ? 1 : 611) {
        int8_t *e = hats_alloc(count + 1);
        struct hats_shake x[8];
        uint8_t group[8][16];
        assert_non_null(e);
        e[count] = 99;
        hats_ring_cbd21_few(e, count, PREFIX);
        assert_int_equal(e[count], 99);
        for (unsigned l = 0; l < 8; l++)
            open_stream(&x[l], hats_shake256_init, l);
        for (size_t i = 0; i < count; i++) {
            if (i / 8 % 3 == 0)
                hats_shake_squeeze(&x[i % 8], group[i % 8], 16);
            assert_int_equal(e[i], group_coefficient(group[i % 8], i / 8 % 3));
        }
        hats_free(e);
    }
}

static void ternary_elements_follow_their_pinned_format(void **state) {
    (void)state;
    for (size_t n = 1024; n <= HATS_RING_N_MAX; n *= 2) {
        int8_t *s = hats_alloc(n);
        assert_non_null(s);
        hats_ring_ternary(s, n, PREFIX);
        for (unsigned l = 0; l < 8; l++) {
            struct hats_shake x;
            unsigned v = 0;
            open_stream(&x, hats_shake256_init, l);
            for (size_t i = 0; i < n / 8; i++) {
                uint8_t byte = 255;
                while (i % 5 == 0 && byte >= 243)
                    hats_shake_squeeze(&x, &byte, 1);
                v = i % 5 == 0 ? byte : v / 3;
                assert_int_equal(s[l * n / 8 + i], (int)(v % 3) - 1);
            }
        }
        hats_free(s);
    }
}

static int64_t next_uniform(struct hats_shake *x, uint64_t g) {
    uint64_t mask = 1, v;
    while (mask < 2 * g)
        mask = 2 * mask + 1;
    do
        v = next_word(x) & mask;
    while (v > 2 * g);
    return (int64_t)v - (int64_t)g;
}

static void floods_follow_their_pinned_format(void **state) {
    (void)state;
    static const uint64_t widths[] = {1, 2, 3, 4, 1000, UINT64_C(1) << 39, (UINT64_C(1) << 44) - 7};
    static const size_t counts[] = {0, 1, 7, 8, 9, 33, 100};
    for (size_t c = 0; c < HATS_COUNT_OF(counts); c++) {
        for (size_t g = 0; g < HATS_COUNT_OF(widths); g++) {
            int64_t out[101];
            struct hats_shake x[8];
            out[counts[c]] = 99;
            hats_ring_flood(out, counts[c], widths[g], PREFIX);
            assert_int_equal(out[counts[c]], 99);
            for (unsigned l = 0; l < 8; l++)
                open_stream(&x[l], hats_shake256_init, l);
            for (size_t i = 0; i < counts[c]; i++) {
                int64_t sum = 0;
                for (int term = 0; term < 12; term++)
                    sum += next_uniform(&x[i % 8], widths[g]);
                assert_int_equal(out[i], sum);
            }
        }
    }
}

static void noise_has_variance_10_5_and_mean_0(void **state) {
    (void)state;
    enum { N = HATS_RING_N_MAX };
    int8_t *e = hats_alloc(N);
    int64_t sum = 0, squares = 0;
    assert_non_null(e);
    hats_ring_cbd21(e, N, PREFIX);
    for (size_t i = 0; i < N; i++) {
        assert_in_range(e[i] + HATS_RING_CBD_MAX, 0, 2 * HATS_RING_CBD_MAX);
        sum += e[i];
        squares += (int64_t)e[i] * e[i];
    }
    /* sd of the sum: sqrt(10.5 N) = 830; of the squares: about sqrt(2) 10.5 sqrt(N) = 3800 */
    assert_in_range(sum + 6 * 830, 0, 12 * 830);
    assert_in_range(squares - (21 * N / 2 - 6 * 3800), 0, 12 * 3800);
    hats_free(e);
}

static void ternary_values_are_equally_frequent(void **state) {
    (void)state;
    enum { N = HATS_RING_N_MAX };
    int8_t *s = hats_alloc(N);
    size_t count[3] = {0};
    assert_non_null(s);
    hats_ring_ternary(s, N, PREFIX);
    for (size_t i = 0; i < N; i++)
        count[s[i] + 1]++;
    for (int v = 0; v < 3; v++) /* sd sqrt(N 2/9) = 121 */
        assert_in_range(count[v], N / 3 - 6 * 121, N / 3 + 6 * 121);
    hats_free(s);
}

static void floods_stay_within_twelve_widths_and_have_the_right_spread(void **state) {
    (void)state;
    enum { COUNT = 4096 };
    const uint64_t g = 1000000;
    int64_t *v = hats_alloc_array(COUNT, sizeof *v);
    double sum = 0, squares = 0;
    assert_non_null(v);
    hats_ring_flood(v, COUNT, g, PREFIX);
    for (size_t i = 0; i < COUNT; i++) {
        assert_in_range(v[i] + 12 * (int64_t)g, 0, 24 * g);
        sum += (double)v[i];
        squares += (double)v[i] * (double)v[i];
    }
    /* variance 4 g (g + 1): sd 2 g */
    assert_true(sum > -6 * 64 * 2e6 && sum < 6 * 64 * 2e6);
    assert_true(squares / COUNT > 0.8 * 4e12 && squares / COUNT < 1.2 * 4e12);
    hats_free(v);
}

static void other_prefixes_give_other_elements(void **state) {
    (void)state;
    int8_t e[1024], other[1024];
    hats_ring_cbd21(e, 1024, PREFIX);
    hats_ring_cbd21(other, 1024, prefix, sizeof prefix - 2);
    assert_memory_not_equal(e, other, sizeof e);
    hats_ring_ternary(e, 1024, PREFIX);
    hats_ring_ternary(other, 1024, prefix, sizeof prefix - 2);
    assert_memory_not_equal(e, other, sizeof e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_elements_follow_their_pinned_format),
        cmocka_unit_test(binomial_elements_follow_their_pinned_format),
        cmocka_unit_test(a_few_binomial_values_are_dealt_over_the_streams),
        cmocka_unit_test(ternary_elements_follow_their_pinned_format),
        cmocka_unit_test(floods_follow_their_pinned_format),
        cmocka_unit_test(noise_has_variance_10_5_and_mean_0),
        cmocka_unit_test(ternary_values_are_equally_frequent),
        cmocka_unit_test(floods_stay_within_twelve_widths_and_have_the_right_spread),
        cmocka_unit_test(other_prefixes_give_other_elements),
    };
    return cmocka_run_group_tests_name("ring samplers", tests, NULL, NULL);
}
