/* The functional is what its header says, against products in the ring. */
#include "world.h"

#include "base/arena.h"
#include "statements/functional.h"

static struct hats_fp3 random_k(void) {
    return (struct hats_fp3){{world_u64() % HATS_P, world_u64() % HATS_P, world_u64() % HATS_P}};
}

static struct hats_fp3_vec vector(size_t n) {
    struct hats_fp3_vec v;
    for (int i = 0; i < 3; i++) {
        v.c[i] = hats_alloc_array(n, sizeof(uint64_t));
        assert_non_null(v.c[i]);
    }
    return v;
}

static void drop(struct hats_fp3_vec v) {
    for (int i = 0; i < 3; i++)
        hats_free(v.c[i]);
}

static void assert_equal(struct hats_fp3 a, struct hats_fp3 b) {
    assert_int_equal(hats_fp3_equal(a, b), 1);
}

static void powers_are_powers(void **state) {
    (void)state;
    for (size_t n = 1024; n <= 8192; n *= 2) {
        struct hats_fp3_vec powers = vector(n);
        struct hats_fp3 x = random_k(), power = hats_fp3_from_fp(1);
        hats_functional_powers(powers, x, n);
        for (size_t i = 0; i < n; i++) {
            assert_equal(hats_fp3_vec_at(powers, i), power);
            power = hats_fp3_mul(power, x);
        }
        drop(powers);
    }
}

/* v_{k+1} = gamma v_k - (1 + gamma^n) a_{n-1-k}, from v_0 = phi(a). */
static void the_vector_is_the_recurrence(void **state) {
    (void)state;
    for (size_t n = 1024; n <= 8192; n *= 2) {
        struct hats_fp3_vec a = vector(n), room = vector(n), powers = vector(n);
        struct hats_fp3 *v = hats_alloc_array(n, sizeof *v), *copy = hats_alloc_array(n, sizeof *v);
        struct hats_fp3 gamma = random_k(), expected = {0}, wrap;
        assert_true(v != NULL && copy != NULL);
        hats_functional_powers(powers, gamma, n);
        for (size_t i = 0; i < n; i++) {
            copy[i] = random_k();
            hats_fp3_vec_set(a, i, copy[i]);
        }
        for (size_t i = n; i-- > 0;)
            expected = hats_fp3_add(hats_fp3_mul(expected, gamma), copy[i]);
        wrap =
            hats_fp3_add(hats_fp3_mul(hats_fp3_vec_at(powers, n - 1), gamma), hats_fp3_from_fp(1));
        hats_functional_vector(v, a, room, powers, n);
        for (size_t k = 0; k < n; k++) {
            assert_equal(v[k], expected);
            expected =
                hats_fp3_sub(hats_fp3_mul(gamma, expected), hats_fp3_mul(wrap, copy[n - 1 - k]));
        }
        hats_free(copy);
        hats_free(v);
        drop(powers);
        drop(room);
        drop(a);
    }
}

static void it_is_linear_in_the_secret(void **state) {
    (void)state;
    static uint64_t a[N], product[N];
    static int8_t s[N];
    static struct hats_fp3 v[N];
    struct hats_fp3_vec batch = vector(N), room = vector(N), powers = vector(N);
    uint8_t seed[32];
    world_bytes(seed, sizeof seed);
    world_expand(a, seed);
    world_ternary(s);
    world_product(product, a, s);
    hats_functional_powers(powers, random_k(), N);
    for (size_t i = 0; i < N; i++)
        hats_fp3_vec_set(batch, i, hats_fp3_from_fp(product[i]));
    struct hats_fp3 of_product = hats_functional_of(batch, powers, N), sum = {0};
    for (size_t i = 0; i < N; i++)
        hats_fp3_vec_set(batch, i, hats_fp3_from_fp(a[i]));
    hats_functional_vector(v, batch, room, powers, N);
    for (size_t k = 0; k < N; k++)
        sum = hats_fp3_add(sum, hats_fp3_scale(v[k], hats_fp_from_i64(s[k])));
    assert_equal(sum, of_product);
    drop(powers);
    drop(room);
    drop(batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_are_powers),
        cmocka_unit_test(the_vector_is_the_recurrence),
        cmocka_unit_test(it_is_linear_in_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
