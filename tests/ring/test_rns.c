/* Arithmetic modulo several primes: every backend against definitions written out here, and known answers of
 * tests/reference/rns.py. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "hash/sha256.h"
#include "hash/shake.h"
#include "ring/rns.h"
#include "ring/rns_kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LOG_N 6
#define N 64
#define N_PRIMES 4

__extension__ typedef unsigned __int128 u128;

/* of 27, 33, 47 and 48 bits, 1 modulo 2^14 at least */
static const uint64_t primes[N_PRIMES] = {133857281, 8589475841, 140737488273409, 281474976546817};
static struct hats_rns *rns;
static uint64_t random_state;

static uint64_t random_u64(void) {
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void random_row(uint64_t *a, size_t n, uint64_t q) {
    for (size_t i = 0; i < n; i++)
        a[i] = random_u64() % 4 == 0 ? q - 1 - random_u64() % 3 : random_u64() % q;
}

static int setup(void **state) {
    (void)state;
    const char *wish = getenv("HATS_TEST_SEED");
    random_state = wish != NULL ? strtoull(wish, NULL, 0) : hats_now_ms();
    printf("# HATS_TEST_SEED=%llu\n", (unsigned long long)random_state);
    return hats_rns_new(&rns, LOG_N, primes, N_PRIMES, NULL) == HATS_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    hats_rns_free(rns);
    return 0;
}

static void on_every_backend(void (*law)(const struct hats_rns_kernels *k,
                                         const struct hats_rns_prime *p)) {
    for (int b = 0; b < HATS_BACKEND_COUNT; b++)
        for (unsigned i = 0; hats_rns_kernels_of((enum hats_backend)b) != NULL && i < N_PRIMES; i++)
            law(hats_rns_kernels_of((enum hats_backend)b), &rns->prime[i]);
}

static void product_law(const struct hats_rns_kernels *k, const struct hats_rns_prime *p) {
    for (int turn = 0; turn < 50; turn++) {
        uint64_t a[N], b[N], c[N], expected[N] = {0};
        const uint64_t *const x[1] = {a}, *const y[1] = {b};
        random_row(a, N, p->q);
        random_row(b, N, p->q);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) {
                uint64_t v = (uint64_t)((u128)a[i] * b[j] % p->q), *e = &expected[(i + j) % N];
                *e = (i + j < N ? *e + v : *e + p->q - v) % p->q;
            }
        k->ntt_forward(p, a);
        k->ntt_forward(p, b);
        k->mul_sum(p, c, x, y, 1);
        k->ntt_inverse(p, c);
        assert_memory_equal(c, expected, sizeof c);
    }
}

static void transforms_turn_negacyclic_products_into_pointwise_ones(void **state) {
    (void)state;
    on_every_backend(product_law);
}

static void every_size_is_transformed_and_back_as_in_portable_c(void **state) {
    (void)state;
    for (unsigned log_n = HATS_RNS_LOG_N_MIN; log_n <= 14; log_n++) {
        struct hats_rns *r;
        unsigned n_primes = log_n < 14 ? N_PRIMES : 2; /* those that are 1 modulo 2N */
        assert_int_equal(hats_rns_new(&r, log_n, primes, n_primes, NULL), HATS_OK);
        size_t len = r->n * sizeof(uint64_t);
        uint64_t *a = hats_alloc(len), *portable = hats_alloc(len), *other = hats_alloc(len);
        assert_true(a != NULL && portable != NULL && other != NULL);
        for (unsigned i = 0; i < 2 * n_primes; i++) {
            const struct hats_rns_prime *p = &r->prime[i / 2];
            random_row(a, r->n, p->q);
            for (size_t j = 0; i % 2 == 1 && j < r->n; j++)
                a[j] = p->q - 1; /* sums at their largest */
            memcpy(portable, a, len);
            hats_rns_portable.ntt_forward(p, portable);
            for (int b = 0; b < HATS_BACKEND_COUNT; b++) {
                const struct hats_rns_kernels *k = hats_rns_kernels_of((enum hats_backend)b);
                if (k == NULL)
                    continue;
                memcpy(other, a, len);
                k->ntt_forward(p, other);
                assert_memory_equal(other, portable, len);
                k->ntt_inverse(p, other);
                assert_memory_equal(other, a, len);
            }
        }
        hats_free(a);
        hats_free(portable);
        hats_free(other);
        hats_rns_free(r);
    }
}

static void pointwise_law(const struct hats_rns_kernels *k, const struct hats_rns_prime *p) {
    for (int turn = 0; turn < 200; turn++) {
        uint64_t pool[4][N], out[N], w = turn == 0 ? p->q - 1 : random_u64() % p->q;
        struct hats_rns_factor f = hats_rns_factor_of(w, p->q);
        const uint64_t *a[HATS_RNS_TERMS_MAX], *b[HATS_RNS_TERMS_MAX];
        size_t n_terms = 1 + random_u64() % HATS_RNS_TERMS_MAX;
        for (size_t i = 0; i < 4; i++)
            random_row(pool[i], N, p->q);
        for (size_t i = 0; turn == 1 && i < N; i++)
            pool[0][i] = pool[1][i] = pool[2][i] = pool[3][i] = p->q - 1;
        for (size_t t = 0; t < n_terms; t++) {
            a[t] = pool[random_u64() % 4];
            b[t] = pool[random_u64() % 4];
        }
        k->mul_sum(p, out, a, b, n_terms);
        for (size_t i = 0; i < N; i++) {
            u128 sum = 0;
            for (size_t t = 0; t < n_terms; t++)
                sum += (u128)a[t][i] * b[t][i];
            assert_true(out[i] == (uint64_t)(sum % p->q));
        }
        k->add(p, out, pool[0], pool[1]);
        for (size_t i = 0; i < N; i++)
            assert_true(out[i] == (pool[0][i] + pool[1][i]) % p->q);
        k->sub(p, out, pool[0], pool[1]);
        for (size_t i = 0; i < N; i++)
            assert_true(out[i] == (pool[0][i] + p->q - pool[1][i]) % p->q);
        k->sub_scale(p, out, pool[0], pool[1], &f);
        for (size_t i = 0; i < N; i++)
            assert_true(out[i] == (u128)(pool[0][i] + p->q - pool[1][i]) * w % p->q);
        for (size_t i = 0; i < N; i++)
            pool[2][i] = i == 0 ? (UINT64_C(1) << 56) - 1 : random_u64() >> 8;
        k->scale(p, out, pool[2], &f);
        for (size_t i = 0; i < N; i++)
            assert_true(out[i] == (u128)pool[2][i] * w % p->q);
    }
}

static void sums_differences_and_products_are_canonical(void **state) {
    (void)state;
    on_every_backend(pointwise_law);
}

/* ---- known answers (tests/reference/rns.py) ---- */

static void known_rows(uint64_t rows[3][N]) {
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < N; i++)
            rows[r][i] = (i + 7) * UINT64_C(0x9e3779b97f4a7c15) % primes[r];
}

static void expect_digest(const uint64_t *rows, size_t n_words, const char *hex) {
    uint8_t bytes[3 * N * 8], found[HATS_SHA256_LEN];
    char text[2 * HATS_SHA256_LEN + 1];
    for (size_t i = 0; i < n_words; i++)
        hats_store_be64(bytes + 8 * i, rows[i]);
    hats_sha256(found, bytes, 8 * n_words);
    for (size_t i = 0; i < sizeof found; i++)
        snprintf(text + 2 * i, 3, "%02x", found[i]);
    assert_string_equal(text, hex);
}

static void transforms_are_the_known_ones(void **state) {
    (void)state;
    for (int b = 0; b < HATS_BACKEND_COUNT; b++) {
        uint64_t rows[3][N];
        if (hats_rns_kernels_of((enum hats_backend)b) == NULL)
            continue;
        known_rows(rows);
        for (unsigned i = 0; i < 3; i++)
            hats_rns_kernels_of((enum hats_backend)b)->ntt_forward(&rns->prime[i], rows[i]);
        expect_digest(rows[0], (size_t)3 * N,
                      "e59ba309177fd5053cd0768c70193a5f0e69efbb3f87be240d8e51cde2ead349");
    }
}

static void extensions_are_those_of_the_centred_integer(void **state) {
    (void)state;
    static const char *const hex[] = {
        "f42581ed4e22834b2523ab23d195d27f18aed98ee338ac00662cb0064d9909bd",
        "981951ed3d08caa43386630098794269197eead57fae14ecf89d27a55839ba16"};
    for (unsigned n_from = 1; n_from <= 2; n_from++) {
        uint64_t rows[3][N], out[2][N];
        unsigned n_to = 3 - n_from;
        known_rows(rows);
        hats_rns_extend_begin(rns, rows[n_to], n_to, n_from);
        for (unsigned i = 0; i < n_to; i++)
            hats_rns_extend(rns, out[i], i, rows[n_to], n_to, n_from);
        expect_digest(out[0], (size_t)n_to * N, hex[n_from - 1]);
    }
}

static void division_rounds_the_integer_to_the_nearest(void **state) {
    (void)state;
    static const char *const hex[] = {
        "558abd723e1531bb79d2ee6c89c0e38f32e7855308c8e6a7849fa7784012fae1",
        "076a27c79e5ace2a3d47f9dd2e83e4ff6ea8872b3c2218f66c92b89b55f36560"};
    const struct hats_rns_kernels *k = hats_rns_kernels();
    for (unsigned n_from = 1; n_from <= 2; n_from++) {
        uint64_t rows[3][N], scratch[N];
        unsigned n_to = 3 - n_from;
        known_rows(rows);
        for (unsigned i = 0; i < 3; i++)
            k->ntt_forward(&rns->prime[i], rows[i]);
        hats_rns_divide_round(rns, rows[0], rows[0], n_to, rows[n_to], n_to, n_from, scratch);
        for (unsigned i = 0; i < n_to; i++)
            k->ntt_inverse(&rns->prime[i], rows[i]);
        expect_digest(rows[0], (size_t)n_to * N, hex[n_from - 1]);
    }
}

/* ---- the rest ---- */

static void automorphisms_permute_transformed_words(void **state) {
    (void)state;
    const struct hats_rns_kernels *k = hats_rns_kernels();
    const struct hats_rns_prime *p = &rns->prime[1];
    for (uint64_t g = 1; g < 2 * N; g += 2) {
        uint64_t a[N], moved[N], out[N];
        uint32_t map[N];
        random_row(a, N, p->q);
        for (size_t i = 0; i < N; i++) { /* X^i becomes X^(g i), and X^N is -1 */
            size_t at = i * g % (2 * N);
            moved[at % N] = at < N ? a[i] : (p->q - a[i]) % p->q;
        }
        k->ntt_forward(p, a);
        k->ntt_forward(p, moved);
        hats_rns_automorphism_map(map, LOG_N, g);
        hats_rns_permute(out, a, map, N);
        assert_memory_equal(out, moved, sizeof out);
    }
}

static void small_and_signed_integers_have_their_residues(void **state) {
    (void)state;
    for (unsigned i = 0; i < N_PRIMES; i++) {
        const struct hats_rns_prime *p = &rns->prime[i];
        int8_t e[N];
        int64_t m[N];
        uint64_t out[N];
        for (size_t j = 0; j < N; j++) {
            e[j] = (int8_t)((int)(random_u64() % 256) - 128);
            m[j] = (int64_t)(random_u64() >> 11) - (INT64_C(1) << 52) + 1;
        }
        m[0] = (INT64_C(1) << 52) - 1;
        m[1] = 1 - (INT64_C(1) << 52);
        m[2] = -1;
        hats_rns_from_i8(p, out, e);
        for (size_t j = 0; j < N; j++)
            assert_true(out[j] == (uint64_t)(e[j] < 0 ? (int64_t)p->q + e[j] : e[j]));
        hats_rns_from_i64(p, out, m);
        for (size_t j = 0; j < N; j++) {
            int64_t r = m[j] % (int64_t)p->q;
            assert_true(out[j] == (uint64_t)(r < 0 ? r + (int64_t)p->q : r));
        }
    }
}

static void uniform_words_follow_their_format(void **state) {
    (void)state;
    struct hats_rns *r;
    static uint64_t out[1024];
    assert_int_equal(hats_rns_new(&r, 10, primes, N_PRIMES, NULL), HATS_OK);
    for (unsigned i = 0; i < N_PRIMES; i++) {
        const struct hats_rns_prime *p = &r->prime[i];
        hats_rns_uniform(p, out, "prefix", 6);
        for (unsigned l = 0; l < 8; l++) {
            struct hats_shake x;
            const uint8_t le16[2] = {(uint8_t)l, 0};
            hats_shake128_init(&x);
            hats_shake_absorb(&x, "prefix", 6);
            hats_shake_absorb(&x, le16, 2);
            for (size_t j = 0; j < 128; j++) {
                uint64_t v = p->q;
                while (v >= p->q) {
                    uint8_t word[8];
                    hats_shake_squeeze(&x, word, 8);
                    v = hats_load_le64(word) & ((UINT64_C(1) << p->bits) - 1);
                }
                assert_true(out[128 * l + j] == v);
            }
        }
    }
    hats_rns_free(r);
}

static void other_moduli_are_refused(void **state) {
    (void)state;
    static const uint64_t refused[] = {
        133857281 + 128,              /* composite */
        133857281 - 2,                /* not 1 modulo 2N */
        786433 / 2 + 1,               /* short */
        UINT64_C(0xffffffff00000001), /* long */
        0,
    };
    struct hats_rns *r = NULL;
    uint64_t twice[2] = {primes[0], primes[0]};
    for (size_t i = 0; i < HATS_COUNT_OF(refused); i++)
        assert_int_equal(hats_rns_new(&r, LOG_N, &refused[i], 1, NULL), HATS_E_RANGE);
    assert_int_equal(hats_rns_new(&r, LOG_N, twice, 2, NULL), HATS_E_RANGE);
    assert_int_equal(hats_rns_new(&r, 3, primes, 1, NULL), HATS_E_RANGE);
    assert_int_equal(hats_rns_new(&r, 16, primes, 1, NULL), HATS_E_RANGE);
    assert_int_equal(hats_rns_new(&r, LOG_N, primes, 0, NULL), HATS_E_RANGE);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        hats_alloc_fail_at(nth);
        assert_int_equal(hats_rns_new(&r, LOG_N, primes, 1, NULL), HATS_E_MEMORY);
    }
    hats_alloc_fail_at(0);
    assert_null(r);
}

static void wrong_kernels_fail_their_test(void **state) {
    (void)state;
    struct hats_rns_kernels wrong = hats_rns_portable;
    assert_true(hats_rns_self_test(&wrong));
    wrong.add = hats_rns_portable.sub;
    assert_false(hats_rns_self_test(&wrong));
    wrong = hats_rns_portable;
    wrong.ntt_forward = hats_rns_portable.ntt_inverse;
    assert_false(hats_rns_self_test(&wrong));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms_turn_negacyclic_products_into_pointwise_ones),
        cmocka_unit_test(every_size_is_transformed_and_back_as_in_portable_c),
        cmocka_unit_test(sums_differences_and_products_are_canonical),
        cmocka_unit_test(transforms_are_the_known_ones),
        cmocka_unit_test(extensions_are_those_of_the_centred_integer),
        cmocka_unit_test(division_rounds_the_integer_to_the_nearest),
        cmocka_unit_test(automorphisms_permute_transformed_words),
        cmocka_unit_test(small_and_signed_integers_have_their_residues),
        cmocka_unit_test(uniform_words_follow_their_format),
        cmocka_unit_test(other_moduli_are_refused),
        cmocka_unit_test(wrong_kernels_fail_their_test),
    };
    return cmocka_run_group_tests_name("ring over several primes", tests, setup, teardown);
}
