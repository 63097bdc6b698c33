/* The bytes of key, ciphertext and answer for fixed randomness, against digests that the portable
 * backend printed: run once with each backend, the same bytes come out of all. */
#include "fixture.h"

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/random.h"
#include "base/text.h"
#include "hash/sha256.h"

#include <stdio.h>
#include <stdlib.h>

#define DIGEST_PUBLIC_KEY "8092bd8044c1d22d16e5dc45b5bd3493246e79895991a24cf804acdaac7f693c"
#define DIGEST_CIPHERTEXT "3af107706304d91163a9d10716027799531861965af9e262fd48272736679abe"
#define DIGEST_ANSWER "3d81f12968d45846870cc5f63c0c9693534050cbfa0e0e20a7476066d5d0ca71"

static void assert_digest(const char *what, const void *bytes, size_t len, const char *expected) {
    uint8_t digest[HATS_SHA256_LEN];
    char hex[2 * HATS_SHA256_LEN + 1];
    hats_sha256(digest, bytes, len);
    hats_hex_encode(hex, digest, sizeof digest);
    printf("# %s %s %s\n", hats_cpu_backend_name(hats_cpu_backend()), what, hex);
    assert_string_equal(hex, expected);
}

static void every_backend_makes_the_same_bytes(void **state) {
    (void)state;
    struct fixture_key key;
    struct hats_linear_shape shape;
    struct hats_linear_model *model = NULL;
    struct hats_fhe_params params;
    uint8_t seed[HATS_FHE_SEED_LEN] = "a seed for a known answer", ctx[32] = "and its context";
    uint8_t frozen = 0x2a;
    enum { D = 300, K = 40 };
    static int32_t w[K * D], x[D];
    static int64_t bias[K], y[K];
    for (int i = 0; i < K * D; i++)
        w[i] = i * 7919 % 127 - 63;
    for (int i = 0; i < D; i++)
        x[i] = i * 104729 % 31 - 15;
    for (int o = 0; o < K; o++)
        bias[o] = 1000 * o - 20000;
    struct hats_linear_weights weights = {.w = w, .bias = bias, .x_max = 15};
    fixture_key_make(&key, seed);
    assert_digest("public key", key.pk_bytes, key.pk_len, DIGEST_PUBLIC_KEY);
    assert_int_equal(hats_linear_shape_init(&shape, SET, D, K, 150, NULL), HATS_OK);
    assert_int_equal(hats_linear_model_new(&model, SET, 20, &shape, &weights, NULL), HATS_OK);
    params = *hats_linear_model_params(model);
    size_t ct_len = hats_linear_ciphertext_bytes(SET, &shape);
    size_t answer_len = hats_linear_answer_bytes(SET, &shape);
    uint8_t *ct = malloc(ct_len), *answer = malloc(answer_len);
    hats_random_set_source(fixture_frozen_random, &frozen);
    assert_int_equal(hats_linear_encrypt(ct, ct_len, key.sk, &params, &shape, ctx, x, NULL),
                     HATS_OK);
    hats_random_set_source(NULL, NULL);
    assert_digest("ciphertext", ct, ct_len, DIGEST_CIPHERTEXT);
    assert_int_equal(
        hats_linear_evaluate(answer, answer_len, model, key.pk, ctx, ct, ct_len, seed, NULL),
        HATS_OK);
    assert_digest("answer", answer, answer_len, DIGEST_ANSWER);
    assert_int_equal(hats_linear_decrypt(y, key.sk, &params, &shape, answer, answer_len, NULL),
                     HATS_OK);
    for (int o = 0; o < K; o++) {
        int64_t expected = bias[o];
        for (int i = 0; i < D; i++)
            expected += (int64_t)w[o * D + i] * x[i];
        assert_int_equal(y[o], expected);
    }
    hats_linear_model_free(model);
    free(ct);
    free(answer);
    fixture_key_clear(&key);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_backend_makes_the_same_bytes)};
    return cmocka_run_group_tests_name("known answer", tests, NULL, NULL);
}
