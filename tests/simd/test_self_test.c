/* The self-test of kernels: right tables pass, and a table with any one wrong kernel does not. */
#include "field/kernels.h"
#include "hash/kernels.h"
#include "ring/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The table k, right but for one kernel, fails; right again, it passes. */
#define NOTICED(folder, member, wrong)               \
    do {                                             \
        k.member = (wrong);                          \
        assert_false(hats_##folder##_self_test(&k)); \
        k = right;                                   \
        assert_true(hats_##folder##_self_test(&k));  \
    } while (0)

/* Each wrong kernel does what portable does and then errs in one place, the last it may. */
#define FIELD (&hats_field_portable)
#define HASH (hats_hash_kernels_of(HATS_PORTABLE))
#define RING (&hats_ring_portable)

static void wrong_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    FIELD->add(out, a, b, n);
    out[n - 1] ^= 1;
}
static void wrong_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    FIELD->sub(out, a, b, n);
    out[n - 1] ^= 1;
}
static void wrong_mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    FIELD->mul(out, a, b, n);
    out[n - 1] ^= 1;
}
static void wrong_mul_add(uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n) {
    FIELD->mul_add(acc, a, b, n);
    acc[n - 1] ^= 1;
}
static void wrong_scale(uint64_t *out, const uint64_t *a, uint64_t c, size_t n) {
    FIELD->scale(out, a, c, n);
    out[n - 1] ^= 1;
}
static void wrong_add_scaled(uint64_t *acc, const uint64_t *a, uint64_t c, size_t n) {
    FIELD->add_scaled(acc, a, c, n);
    acc[n - 1] ^= 1;
}
static void wrong_fp3_mul(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3_vec b,
                          size_t n) {
    FIELD->fp3_mul(out, a, b, n);
    out.c[2][n - 1] ^= 1;
}
static void wrong_fp3_mul_base(struct hats_fp3_vec out, struct hats_fp3_vec a, const uint64_t *b,
                               size_t n) {
    FIELD->fp3_mul_base(out, a, b, n);
    out.c[2][n - 1] ^= 1;
}
static void wrong_fp3_mul_add_base(struct hats_fp3_vec acc, struct hats_fp3_vec a,
                                   const uint64_t *b, size_t n) {
    FIELD->fp3_mul_add_base(acc, a, b, n);
    acc.c[2][n - 1] ^= 1;
}
static void wrong_fp3_scale(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3 c,
                            size_t n) {
    FIELD->fp3_scale(out, a, c, n);
    out.c[2][n - 1] ^= 1;
}
static void wrong_fp3_add_scaled(struct hats_fp3_vec acc, struct hats_fp3_vec a, struct hats_fp3 c,
                                 size_t n) {
    FIELD->fp3_add_scaled(acc, a, c, n);
    acc.c[2][n - 1] ^= 1;
}
static void wrong_fp3_add_scaled_base(struct hats_fp3_vec acc, const uint64_t *b, struct hats_fp3 c,
                                      size_t n) {
    FIELD->fp3_add_scaled_base(acc, b, c, n);
    acc.c[2][n - 1] ^= 1;
}
static void wrong_fp3_dot_base(struct hats_fp3_vec acc, const uint64_t *const *b,
                               const struct hats_fp3 *c, size_t n_terms, size_t n) {
    FIELD->fp3_dot_base(acc, b, c, n_terms, n);
    acc.c[2][n - 1] ^= 1;
}
/* Drops what comes after a number of terms that is a power of two. */
static void forgetful_fp3_dot_base(struct hats_fp3_vec acc, const uint64_t *const *b,
                                   const struct hats_fp3 *c, size_t n_terms, size_t n) {
    FIELD->fp3_dot_base(acc, b, c, n_terms > 32 ? 32 : n_terms, n);
}
static void wrong_forward(const struct hats_ntt *ntt, uint64_t *a) {
    FIELD->ntt_forward(ntt, a);
    a[((size_t)1 << ntt->log_n) - 1] ^= 1;
}
static void wrong_inverse(const struct hats_ntt *ntt, uint64_t *a) {
    FIELD->ntt_inverse(ntt, a);
    a[((size_t)1 << ntt->log_n) - 1] ^= 1;
}
/* Wrong with one kind of first pass, and in the middle with the other. */
static void wrong_forward_of_wide_passes(const struct hats_ntt *ntt, uint64_t *a) {
    FIELD->ntt_forward(ntt, a);
    a[0] ^= ntt->pass[0].log_radix == 4;
}
static void wrong_inverse_of_narrow_passes(const struct hats_ntt *ntt, uint64_t *a) {
    FIELD->ntt_inverse(ntt, a);
    a[0] ^= ntt->pass[0].log_radix == 3;
}

static void wrong_forward_of_pairs(const struct hats_ntt *ntt, uint64_t *a) {
    FIELD->ntt_forward(ntt, a);
    a[0] ^= ntt->pass[0].log_radix == 1;
}
static void wrong_inverse_of_quarters(const struct hats_ntt *ntt, uint64_t *a) {
    FIELD->ntt_inverse(ntt, a);
    a[0] ^= ntt->pass[0].log_radix == 2;
}

static void a_wrong_kernel_of_field_is_noticed(void **state) {
    (void)state;
    struct hats_field_kernels k = hats_field_portable;
    const struct hats_field_kernels right = k;
    NOTICED(field, add, wrong_add);
    NOTICED(field, sub, wrong_sub);
    NOTICED(field, mul, wrong_mul);
    NOTICED(field, mul_add, wrong_mul_add);
    NOTICED(field, scale, wrong_scale);
    NOTICED(field, ntt_forward, wrong_forward);
    NOTICED(field, ntt_inverse, wrong_inverse);
    NOTICED(field, ntt_forward, wrong_forward_of_wide_passes);
    NOTICED(field, ntt_inverse, wrong_inverse_of_narrow_passes);
    NOTICED(field, ntt_forward, wrong_forward_of_pairs);
    NOTICED(field, ntt_inverse, wrong_inverse_of_quarters);
    NOTICED(field, add_scaled, wrong_add_scaled);
    NOTICED(field, fp3_mul, wrong_fp3_mul);
    NOTICED(field, fp3_mul_base, wrong_fp3_mul_base);
    NOTICED(field, fp3_mul_add_base, wrong_fp3_mul_add_base);
    NOTICED(field, fp3_scale, wrong_fp3_scale);
    NOTICED(field, fp3_add_scaled, wrong_fp3_add_scaled);
    NOTICED(field, fp3_add_scaled_base, wrong_fp3_add_scaled_base);
    NOTICED(field, fp3_dot_base, wrong_fp3_dot_base);
    NOTICED(field, fp3_dot_base, forgetful_fp3_dot_base);
}

static void wrong_keccak(uint64_t s[25][HATS_SHAKE_LANES]) {
    HASH->keccak_x8(s);
    s[24][HATS_SHAKE_LANES - 1] ^= 1;
}
static void wrong_blocks(uint32_t h[8], const uint8_t *blocks, size_t n_blocks) {
    HASH->sha256_blocks(h, blocks, n_blocks);
    h[7] ^= 1;
}
static void wrong_lanes(uint32_t h[8][HATS_SHA256_LANES],
                        const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                        size_t n_lanes) {
    HASH->sha256_lanes(h, blocks, n_blocks, n_lanes);
    h[7][n_lanes - 1] ^= n_lanes == HATS_SHA256_LANES;
}
static void right_where_messages_are(uint32_t h[8][HATS_SHA256_LANES],
                                     const uint8_t *const blocks[HATS_SHA256_LANES],
                                     size_t n_blocks, size_t n_lanes) {
    HASH->sha256_lanes(h, blocks, n_blocks, n_lanes);
    for (size_t l = n_lanes; l < HATS_SHA256_LANES; l++)
        h[0][l] ^= 1;
}

static void a_wrong_kernel_of_hash_is_noticed(void **state) {
    (void)state;
    struct hats_hash_kernels k = *HASH;
    const struct hats_hash_kernels right = k;
    NOTICED(hash, keccak_x8, wrong_keccak);
    NOTICED(hash, sha256_blocks, wrong_blocks);
    NOTICED(hash, sha256_lanes, wrong_lanes);
    k.sha256_lanes = right_where_messages_are;
    assert_true(hats_hash_self_test(&k));
}

static void wrong_cbd21(int8_t *out, const uint64_t *words, size_t n) {
    RING->cbd21(out, words, n);
    out[n - 1] ^= 1;
}
static void wrong_ternary(int8_t *out, const uint8_t *bytes, size_t n) {
    RING->ternary(out, bytes, n);
    out[n - 1] ^= 1;
}
static size_t keeps_all(uint64_t *words, size_t n) {
    (void)words;
    return n;
}
static size_t keeps_none(uint64_t *words, size_t n) {
    (void)words;
    (void)n;
    return 0;
}
static void wrong_from_small(uint64_t *out, const int8_t *e, size_t n) {
    RING->from_small(out, e, n);
    out[n - 1] ^= 1;
}
static void wrong_add_small(uint64_t *out, const uint64_t *a, const int8_t *e, size_t n) {
    RING->add_small(out, a, e, n);
    out[n - 1] ^= 1;
}
static void wrong_split(int16_t *planes, const uint64_t *x, size_t n) {
    RING->split(planes, x, n);
    planes[4 * n - 1] ^= 1;
}
static uint64_t wrong_dot(const int16_t *w, const int16_t *planes, size_t n, size_t at,
                          size_t count, int w_max) {
    return RING->dot(w, planes, n, at, count - 1, w_max);
}
static uint64_t wrong_heavy_dot(const int16_t *w, const int16_t *planes, size_t n, size_t at,
                                size_t count, int w_max) {
    return RING->dot(w, planes, n, at, count, w_max) ^ (w_max == 32767);
}
static void wrong_mul_sum(uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
                          size_t n_terms, size_t n) {
    RING->mul_sum(out, a, b, n_terms, n);
    out[n - 1] ^= 1;
}
static bool wrong_load_be(uint64_t *out, const uint8_t *bytes, size_t n) {
    bool canonical = RING->load_be(out, bytes, n);
    out[n - 1] ^= 1;
    return canonical;
}
static bool trusting_load_be(uint64_t *out, const uint8_t *bytes, size_t n) {
    RING->load_be(out, bytes, n);
    return true;
}
static void wrong_store_be(uint8_t *bytes, const uint64_t *a, size_t n) {
    RING->store_be(bytes, a, n);
    bytes[8 * n - 1] ^= 1;
}

static void a_wrong_kernel_of_ring_is_noticed(void **state) {
    (void)state;
    struct hats_ring_kernels k = hats_ring_portable;
    const struct hats_ring_kernels right = k;
    NOTICED(ring, cbd21, wrong_cbd21);
    NOTICED(ring, ternary, wrong_ternary);
    NOTICED(ring, keep_canonical, keeps_all);
    NOTICED(ring, keep_canonical, keeps_none);
    NOTICED(ring, from_small, wrong_from_small);
    NOTICED(ring, add_small, wrong_add_small);
    NOTICED(ring, split, wrong_split);
    NOTICED(ring, dot, wrong_dot);
    NOTICED(ring, dot, wrong_heavy_dot);
    NOTICED(ring, mul_sum, wrong_mul_sum);
    NOTICED(ring, load_be, wrong_load_be);
    NOTICED(ring, load_be, trusting_load_be);
    NOTICED(ring, store_be, wrong_store_be);
}

static void every_backend_here_passes(void **state) {
    (void)state;
    char failed[160];
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        enum hats_backend b = (enum hats_backend)i;
        if (hats_field_kernels_of(b) == NULL)
            continue;
        assert_true(hats_field_self_test(hats_field_kernels_of(b)));
        assert_true(hats_hash_self_test(hats_hash_kernels_of(b)));
        assert_true(hats_hash_self_test(hats_hash_kernels_without_sha_ni(b)));
        assert_true(hats_ring_self_test(hats_ring_kernels_of(b)));
    }
    hats_field_kernels();
    hats_hash_kernels();
    hats_ring_kernels();
    assert_false(hats_cpu_self_test_failed(failed, sizeof failed));
    assert_string_equal(failed, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_kernel_of_field_is_noticed),
        cmocka_unit_test(a_wrong_kernel_of_hash_is_noticed),
        cmocka_unit_test(a_wrong_kernel_of_ring_is_noticed),
        cmocka_unit_test(every_backend_here_passes),
    };
    return cmocka_run_group_tests_name("self-test", tests, NULL, NULL);
}
