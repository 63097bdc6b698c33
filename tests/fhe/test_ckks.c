/* The network tiers: what integers ciphertexts hold after each operation, against integer arithmetic written
 * out here, with bounds of the noise that follow from the worst case or, where said, six deviations of it. */
#include "base/arena.h"
#include "base/random.h"
#include "fhe/ckks_secret.h"
#include "ring/rns_kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t set_ids[] = {HATS_SET_S8192, HATS_SET_M16384};
static const uint8_t key_seed[32] = {7}, ctx[32] = {9};

struct world {
    struct hats_ckks *p;
    struct hats_ckks_secret *sk;
    struct hats_ckks_ciphertext a, b, out;
    int64_t *m, *other, *found;
    uint64_t *scratch, *key, *plain;
};

static void *storage(size_t n_words) {
    void *p = hats_alloc_array(n_words, 8);
    assert_non_null(p);
    return p;
}

static void open_world(struct world *w, uint32_t set_id) {
    assert_int_equal(hats_ckks_new(&w->p, set_id, NULL), HATS_OK);
    assert_int_equal(hats_ckks_secret_new(&w->sk, w->p, key_seed, NULL), HATS_OK);
    struct hats_ckks_ciphertext *all[3] = {&w->a, &w->b, &w->out};
    for (unsigned i = 0; i < 6; i++)
        all[i / 2]->part[i % 2] = storage(hats_ckks_part_words(w->p));
    w->m = storage(w->p->n);
    w->other = storage(w->p->n);
    w->found = storage(w->p->n);
    w->plain = storage(hats_ckks_part_words(w->p));
    w->scratch = storage(hats_ckks_scratch_words(w->p));
    w->key = storage(hats_ckks_key_words(w->p));
}

static void close_world(struct world *w) {
    struct hats_ckks_ciphertext *all[3] = {&w->a, &w->b, &w->out};
    for (unsigned i = 0; i < 6; i++)
        hats_free(all[i / 2]->part[i % 2]);
    hats_free(w->m);
    hats_free(w->other);
    hats_free(w->found);
    hats_free(w->plain);
    hats_free(w->scratch);
    hats_free(w->key);
    hats_ckks_secret_free(w->sk);
    hats_ckks_free(w->p);
}

static void on_every_set(void (*law)(struct world *w)) {
    for (size_t i = 0; i < sizeof set_ids / sizeof set_ids[0]; i++) {
        struct world w = {0};
        open_world(&w, set_ids[i]);
        law(&w);
        close_world(&w);
    }
}

/* Integers up to `size`; density of one in `sparse`. */
static void integers(int64_t *m, size_t n, int64_t size, unsigned start, size_t sparse) {
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (i + start + 1) * UINT64_C(0x9e3779b97f4a7c15);
        m[i] = i % sparse != 0 ? 0 : (int64_t)((z >> 8) % (uint64_t)(2 * size + 1)) - size;
    }
}

static void encrypt(struct world *w, struct hats_ckks_ciphertext *c, const int64_t *m) {
    uint8_t seed[32];
    assert_int_equal(hats_ckks_encrypt(c, seed, w->sk, ctx, m, NULL), HATS_OK);
}

static void expect(struct world *w, const struct hats_ckks_ciphertext *c, const int64_t *expected,
                   int64_t noise) {
    int64_t worst = 0;
    assert_int_equal(hats_ckks_decrypt(w->found, w->sk, c, NULL), HATS_OK);
    for (size_t i = 0; i < w->p->n; i++) {
        int64_t d = w->found[i] - expected[i];
        worst = d > worst ? d : -d > worst ? -d : worst;
    }
    if (worst > noise)
        printf("# %s: noise %lld, allowed %lld\n", w->p->name, (long long)worst, (long long)noise);
    assert_true(worst <= noise);
}

/* out = m other, where only coefficients 0, sparse, 2 sparse, .. of other are not 0. */
static void product(int64_t *out, const int64_t *m, const int64_t *other, size_t n, size_t sparse) {
    memset(out, 0, n * sizeof *out);
    for (size_t j = 0; j < n; j += sparse)
        for (size_t i = 0; i < n; i++)
            out[(i + j) % n] += i + j < n ? m[i] * other[j] : -m[i] * other[j];
}

static void encryption_law(struct world *w) {
    integers(w->m, w->p->n, INT64_C(1) << 51, 1, 1);
    encrypt(w, &w->a, w->m);
    expect(w, &w->a, w->m, 21);
    uint8_t seed[32], other[32];
    assert_int_equal(hats_ckks_encrypt(&w->a, seed, w->sk, ctx, w->m, NULL), HATS_OK);
    hats_ckks_expand_a(w->p, w->b.part[1], seed);
    assert_memory_equal(w->a.part[1], w->b.part[1], 8 * hats_ckks_part_words(w->p));
    assert_int_equal(hats_ckks_encrypt(&w->b, other, w->sk, ctx, w->m, NULL), HATS_OK);
    assert_memory_not_equal(seed, other, 32);
}

static void decryption_returns_the_integers_and_the_noise(void **state) {
    (void)state;
    on_every_set(encryption_law);
}

static void linear_law(struct world *w) {
    size_t n = w->p->n;
    integers(w->m, n, 1000000, 1, 1);
    integers(w->other, n, 1000000, 77, 1);
    encrypt(w, &w->a, w->m);
    encrypt(w, &w->b, w->other);
    assert_int_equal(hats_ckks_add(w->p, &w->out, &w->a, &w->b, NULL), HATS_OK);
    for (size_t i = 0; i < n; i++)
        w->other[i] += w->m[i];
    expect(w, &w->out, w->other, 42);
    integers(w->other, n, 1000, 5, n / 8);
    hats_ckks_plaintext(w->p, w->plain, w->p->n_limbs, w->other);
    hats_ckks_mul_plain(w->p, &w->out, &w->a, w->plain);
    int64_t *expected = storage(n);
    product(expected, w->m, w->other, n, n / 8);
    expect(w, &w->out, expected, 21 * 8 * 1000);
    hats_free(expected);
}

static void sums_and_plain_products_are_those_of_the_integers(void **state) {
    (void)state;
    on_every_set(linear_law);
}

static void rescale_law(struct world *w) {
    size_t n = w->p->n;
    for (unsigned level = w->p->n_limbs; level >= 2; level--) {
        uint64_t q = w->p->rns->prime[level - 1].q;
        integers(w->m, n, 1000, level, 1);
        for (size_t i = 0; i < n; i++)
            w->other[i] = w->m[i] * (int64_t)q + (int64_t)(i % 1000);
        encrypt(w, &w->a, w->other);
        w->a.n_limbs = level; /* the first limbs are a ciphertext of that level */
        assert_int_equal(hats_ckks_rescale(w->p, &w->a, w->scratch, NULL), HATS_OK);
        assert_int_equal(w->a.n_limbs, level - 1);
        /* 1, and six deviations sqrt(N/18) of a rounding of c1 times s */
        expect(w, &w->a, w->m, 1 + 6 * (n == 8192 ? 22 : 31));
    }
    assert_int_equal(hats_ckks_rescale(w->p, &w->a, w->scratch, NULL), HATS_E_RANGE);
}

static void rescaling_divides_by_the_last_prime(void **state) {
    (void)state;
    on_every_set(rescale_law);
}

static void product_law(struct world *w) {
    size_t n = w->p->n;
    struct hats_ckks_key key = {0, w->key};
    int64_t *expected = storage(n);
    assert_int_equal(hats_ckks_key_make(w->key, w->sk, 0, NULL), HATS_OK);
    integers(w->m, n, 1 << 20, 3, 1);
    integers(w->other, n, 1 << 20, 4, n / 4);
    product(expected, w->m, w->other, n, n / 4);
    for (unsigned level = w->p->n_limbs; level >= 2; level--) {
        encrypt(w, &w->a, w->m);
        encrypt(w, &w->b, w->other);
        w->a.n_limbs = w->b.n_limbs = level;
        assert_int_equal(hats_ckks_mul(w->p, &w->out, &w->a, &w->b, &key, w->scratch, NULL),
                         HATS_OK);
        /* m e' + m' e + e e': 2^20 sqrt(10.5 N) six times and more */
        expect(w, &w->out, expected, INT64_C(1) << 33);
    }
    w->b.n_limbs = 1;
    assert_int_equal(hats_ckks_mul(w->p, &w->out, &w->a, &w->b, &key, w->scratch, NULL),
                     HATS_E_RANGE);
    w->b.n_limbs = w->a.n_limbs;
    key.g = 5;
    assert_int_equal(hats_ckks_mul(w->p, &w->out, &w->a, &w->b, &key, w->scratch, NULL),
                     HATS_E_RANGE);
    hats_free(expected);
}

static void products_are_those_of_the_integers(void **state) {
    (void)state;
    on_every_set(product_law);
}

static void rotation_law(struct world *w) {
    size_t n = w->p->n;
    const uint64_t gs[] = {5, 2 * n - 1};
    uint32_t *map = storage(n);
    for (unsigned turn = 0; turn < 2; turn++) {
        struct hats_ckks_key key = {gs[turn], w->key};
        assert_int_equal(hats_ckks_key_make(w->key, w->sk, gs[turn], NULL), HATS_OK);
        hats_rns_automorphism_map(map, w->p->log_n, gs[turn]);
        integers(w->m, n, INT64_C(1) << 40, 3, 1);
        for (size_t i = 0; i < n; i++) {
            size_t at = i * gs[turn] % (2 * n);
            w->other[at % n] = at < n ? w->m[i] : -w->m[i];
        }
        for (unsigned level = w->p->n_limbs; level >= 2; level--) {
            encrypt(w, &w->a, w->m);
            w->a.n_limbs = level;
            assert_int_equal(hats_ckks_rotate(w->p, &w->out, &w->a, &key, map, w->scratch, NULL),
                             HATS_OK);
            /* the noise, the rounding of rescale, and digits times noise, which P makes smaller than one */
            expect(w, &w->out, w->other, 21 + 2 + 6 * (n == 8192 ? 22 : 31));
        }
        key.g = 0;
        assert_int_equal(hats_ckks_rotate(w->p, &w->out, &w->a, &key, map, w->scratch, NULL),
                         HATS_E_RANGE);
    }
    hats_free(map);
}

static void rotations_are_automorphisms_of_the_integers(void **state) {
    (void)state;
    on_every_set(rotation_law);
}

static void refusal_law(struct world *w) {
    uint8_t seed[32];
    w->m[w->p->n - 1] = INT64_C(1) << 52;
    assert_int_equal(hats_ckks_encrypt(&w->a, seed, w->sk, ctx, w->m, NULL), HATS_E_RANGE);
    w->m[w->p->n - 1] = -(INT64_C(1) << 52);
    assert_int_equal(hats_ckks_encrypt(&w->a, seed, w->sk, ctx, w->m, NULL), HATS_E_RANGE);
    assert_int_equal(hats_ckks_key_make(w->key, w->sk, 2, NULL), HATS_E_RANGE);
    assert_int_equal(hats_ckks_key_make(w->key, w->sk, 2 * w->p->n + 1, NULL), HATS_E_RANGE);
    w->a.n_limbs = 3;
    w->b.n_limbs = 2;
    assert_int_equal(hats_ckks_add(w->p, &w->out, &w->a, &w->b, NULL), HATS_E_RANGE);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    struct hats_ckks *p = NULL;
    assert_int_equal(hats_ckks_new(&p, HATS_SET_L4096, NULL), HATS_E_VERSION);
    assert_null(p);
    on_every_set(refusal_law);
}

static void primes_fit_the_proof_of_encryption(struct world *w) {
    assert_true(w->p->log_qp == (w->p->n == 8192 ? 161 : 322));
    for (unsigned i = 0; i < w->p->rns->n_primes; i++) {
        uint64_t q = w->p->rns->prime[i].q;
        assert_true(q >> 48 == 0 && q % (2 * w->p->n) == 1);
    }
}

static void primes_have_at_most_48_bits(void **state) {
    (void)state;
    on_every_set(primes_fit_the_proof_of_encryption);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decryption_returns_the_integers_and_the_noise),
        cmocka_unit_test(sums_and_plain_products_are_those_of_the_integers),
        cmocka_unit_test(rescaling_divides_by_the_last_prime),
        cmocka_unit_test(products_are_those_of_the_integers),
        cmocka_unit_test(rotations_are_automorphisms_of_the_integers),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(primes_have_at_most_48_bits),
    };
    return cmocka_run_group_tests_name("network tiers", tests, NULL, NULL);
}
