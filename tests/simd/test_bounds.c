/* No kernel of any backend touches memory beyond its buffers: each one ends at a page that cannot be
 * accessed, at every length up to a few steps. */
#include "field/kernels.h"
#include "field/lde.h"
#include "hash/kernels.h"
#include "ring/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define N_MAX 200
#define N_BUFFERS 9
#define BUFFER_BYTES ((size_t)1 << 16) /* a multiple of any page */

static uint8_t *ends[N_BUFFERS];

static int map_buffers(void **state) {
    (void)state;
    for (int i = 0; i < N_BUFFERS; i++) {
        uint8_t *p = mmap(NULL, 2 * BUFFER_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p, BUFFER_BYTES, PROT_READ | PROT_WRITE) != 0)
            return -1;
        ends[i] = p + BUFFER_BYTES;
    }
    return 0;
}

/* The last len_bytes of a buffer, zero: small in every sense a kernel wants. */
static void *last(int buffer, size_t len_bytes) {
    return memset(ends[buffer] - len_bytes, 0, len_bytes);
}

static void at_every_length(const struct hats_ring_kernels *k) {
    for (size_t n = 0; n <= N_MAX; n++) {
        k->cbd21(last(0, n), last(1, 16 * ((n + 2) / 3)), n);
        k->ternary(last(0, n), last(1, (n + 4) / 5), n);
        assert_int_equal(k->keep_canonical(last(0, 8 * n), n), n);
        k->store_be(last(0, 8 * n), last(1, 8 * n), n);
        assert_true(k->load_be(last(0, 8 * n), last(1, 8 * n), n));
        assert_int_equal(k->dot(last(0, 2 * n), last(1, 8 * n), n, 0, n, 1), 0);
    }
}

static void in_steps(const struct hats_ring_kernels *k) {
    for (size_t n = 8; n <= N_MAX; n += 8) {
        const uint64_t *a[2] = {last(0, 8 * n), last(1, 8 * n)};
        const uint64_t *b[2] = {last(2, 8 * n), last(3, 8 * n)};
        k->from_small(last(4, 8 * n), last(5, n), n);
        k->add_small(last(4, 8 * n), a[0], last(5, n), n);
        k->mul_sum(last(4, 8 * n), a, b, 2, n);
        if (n % 16 == 0)
            k->split(last(4, 8 * n), a[0], n);
    }
}

static void ring_kernels_stay_within_their_buffers(void **state) {
    (void)state;
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_ring_kernels *k = hats_ring_kernels_of((enum hats_backend)i);
        if (k == NULL)
            continue;
        at_every_length(k);
        in_steps(k);
    }
}

static void field_kernels_at(const struct hats_field_kernels *k, size_t n) {
    const uint64_t *a = last(0, 8 * n), *b = last(1, 8 * n);
    uint64_t *out = last(2, 8 * n);
    k->add(out, a, b, n);
    k->sub(out, a, b, n);
    k->mul(out, a, b, n);
    k->mul_add(out, a, b, n);
    k->scale(out, a, 1, n);
    k->add_scaled(out, a, 1, n);
}

static struct hats_fp3_vec last_vec(int first_buffer, size_t n) {
    return (struct hats_fp3_vec){
        {last(first_buffer, 8 * n), last(first_buffer + 1, 8 * n), last(first_buffer + 2, 8 * n)}};
}

static void extension_kernels_at(const struct hats_field_kernels *k, size_t n) {
    struct hats_fp3_vec a = last_vec(0, n), b = last_vec(3, n), out = last_vec(6, n);
    struct hats_fp3 c = {{1, 2, 3}};
    k->fp3_mul(out, a, b, n);
    k->fp3_mul_base(out, a, b.c[0], n);
    k->fp3_mul_add_base(out, a, b.c[0], n);
    k->fp3_scale(out, a, c, n);
    k->fp3_add_scaled(out, a, c, n);
    k->fp3_add_scaled_base(out, b.c[0], c, n);
    k->fp3_dot_base(out, (const uint64_t *const *)b.c, (struct hats_fp3[3]){c, c, c}, 3, n);
}

static void field_kernels_stay_within_their_buffers(void **state) {
    (void)state;
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
        if (k == NULL)
            continue;
        for (size_t n = 0; n <= N_MAX; n += 8) {
            field_kernels_at(k, n);
            extension_kernels_at(k, n);
        }
        for (unsigned log_n = HATS_NTT_LOG_MIN; log_n <= 13; log_n++) {
            uint64_t *a = last(0, (size_t)8 << log_n);
            assert_non_null(hats_ntt_shared(log_n));
            k->ntt_forward(hats_ntt_shared(log_n), a);
            k->ntt_inverse(hats_ntt_shared(log_n), a);
        }
    }
}

/* t = 1 has no twists in the first pass, t = 7 has. */
static void transforms_stay_within_their_tables(void **state) {
    (void)state;
    static _Alignas(64) uint64_t a[1024];
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
        if (k == NULL)
            continue;
        for (unsigned log_n = HATS_NTT_LOG_MIN; log_n <= 10; log_n++)
            for (uint64_t t = 1; t <= 7; t += 6) {
                struct hats_ntt ntt;
                size_t n_words = hats_ntt_init(&ntt, &hats_field_portable, log_n, t, NULL, NULL);
                hats_ntt_init(&ntt, &hats_field_portable, log_n, t, NULL, last(0, 8 * n_words));
                k->ntt_forward(&ntt, a);
                k->ntt_inverse(&ntt, a);
            }
    }
}

static void polynomials_of_any_length_are_read_to_their_end(void **state) {
    (void)state;
    struct hats_lde_coset c;
    assert_int_equal(hats_lde_coset_init(&c, 4, 7, NULL), HATS_OK);
    for (size_t n_coeffs = 0; n_coeffs <= 64; n_coeffs++) {
        size_t padded = (n_coeffs + 7) / 8 * 8;
        hats_lde_evaluate(&c, last(0, 8 * 16), last(1, 8 * padded), n_coeffs);
    }
    hats_lde_coset_clear(&c);
}

static void hash_kernels_stay_within_their_buffers(void **state) {
    (void)state;
    for (int i = 0; i < 2 * HATS_BACKEND_COUNT; i++) {
        enum hats_backend b = (enum hats_backend)(i / 2);
        const struct hats_hash_kernels *k =
            i % 2 == 0 ? hats_hash_kernels_of(b) : hats_hash_kernels_without_sha_ni(b);
        if (k == NULL)
            continue;
        k->keccak_x8(last(0, 25 * HATS_SHAKE_LANES * sizeof(uint64_t)));
        for (size_t n_blocks = 0; n_blocks < 4; n_blocks++) {
            const uint8_t *messages[HATS_SHA256_LANES];
            for (size_t l = 0; l < HATS_SHA256_LANES; l++)
                messages[l] = last(1, 64 * n_blocks);
            k->sha256_blocks(last(0, 32), messages[0], n_blocks);
            for (size_t n_lanes = 1; n_lanes <= HATS_SHA256_LANES; n_lanes++)
                k->sha256_lanes(last(0, sizeof(uint32_t[8][HATS_SHA256_LANES])), messages, n_blocks,
                                n_lanes);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_kernels_stay_within_their_buffers),
        cmocka_unit_test(field_kernels_stay_within_their_buffers),
        cmocka_unit_test(transforms_stay_within_their_tables),
        cmocka_unit_test(polynomials_of_any_length_are_read_to_their_end),
        cmocka_unit_test(hash_kernels_stay_within_their_buffers),
    };
    return cmocka_run_group_tests_name("bounds", tests, map_buffers, NULL);
}
