/* Randomness: what a request derives, what happens when the operating system repeats itself or
 * gives nothing, and what happens when memory runs out. */
#include "fixture.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "fhe/internal.h"
#include "field/field.h"
#include "hash/sha256.h"
#include "hash/shake.h"
#include "ring/sample.h"

#include <stdlib.h>

#define D 40
#define CT_HEAD 56 /* tag, set, count, salt */

static struct fixture_key key;
static struct fixture_model model;
static const struct hats_fhe_params *params;
static const uint8_t ctx[32] = "a context of thirty-two bytes..";

static int make(void **state) {
    uint8_t seed[HATS_FHE_SEED_LEN] = {1, 2, 3};
    (void)state;
    fixture_key_make(&key, seed);
    fixture_model_make(&model, D, 3, D, 7, 20, 5, 0);
    params = hats_linear_model_params(model.model);
    return 0;
}

static int clear(void **state) {
    (void)state;
    hats_random_set_source(NULL, NULL);
    fixture_model_clear(&model);
    fixture_key_clear(&key);
    return 0;
}

static uint8_t *encrypt(const int32_t *x, const uint8_t *under) {
    size_t len = hats_linear_ciphertext_bytes(SET, &model.shape);
    uint8_t *out = malloc(len);
    assert_int_equal(hats_linear_encrypt(out, len, key.sk, params, &model.shape, under, x, NULL),
                     HATS_OK);
    return out;
}

/* A key of its own stays: "tag | seed | LE32(set)". */
static size_t key_prefix(uint8_t *out, const char *tag) {
    size_t len = strlen(tag);
    memcpy(out, tag, len);
    memcpy(out + len, key.seed, 32);
    hats_store_le32(out + len + 32, SET);
    return len + 36;
}

static void shake_of(uint8_t out[32], const void *a, size_t a_len, const void *b, size_t b_len,
                     const void *c, size_t c_len, const void *d, size_t d_len, const void *last,
                     size_t last_len) {
    struct hats_shake x;
    hats_shake256_init(&x);
    hats_shake_absorb(&x, a, a_len);
    hats_shake_absorb(&x, b, b_len);
    hats_shake_absorb(&x, c, c_len);
    hats_shake_absorb(&x, d, d_len);
    hats_shake_absorb(&x, last, last_len);
    hats_shake_squeeze(&x, out, 32);
}

/* Every derivation of secret.h, written out again, gives the ciphertext word for word. */
static void keys_and_ciphertexts_follow_their_pinned_derivations(void **state) {
    (void)state;
    static uint64_t a0[N], a[N], product[N];
    static int8_t s[N], e[N];
    uint8_t prefix[160], digits[N], k_s[32], os32[32], digest[32], salt[32], seed[32];
    uint8_t frozen = 0x37, message[32 + 4 * D] = "HATS-MSG-1";
    int32_t x[D] = {1, -2, 3, -4, 5};

    hats_ring_ternary(s, N, prefix, key_prefix(prefix, "HATS-S-1"));
    hats_ring_cbd21(e, N, prefix, key_prefix(prefix, "HATS-E0-1"));
    hats_ring_uniform(a0, N, "HATS-a0\0\x10\0\0\0\0", 13); /* LE32(4096), LE16(0) */
    fixture_product_i8(product, a0, s);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(hats_load_be64(key.pk_bytes + 20 + 8 * i),
                         hats_fp_sub(hats_fp_from_i64(e[i]), product[i]));

    for (size_t i = 0; i < N; i++)
        digits[i] = (uint8_t)(s[i] + 1);
    shake_of(k_s, "HATS-KS-1", 9, digits, N, "", 0, "", 0, "", 0);
    memset(os32, frozen, sizeof os32);
    hats_store_be32(message + 16, SET);
    hats_store_be32(message + 20, params->log_t);
    hats_store_be32(message + 24, D);
    hats_store_be32(message + 28, D);
    for (size_t i = 0; i < D; i++)
        hats_store_be32(message + 32 + 4 * i, (uint32_t)x[i]);
    hats_sha256(digest, message, sizeof message);
    hats_random_set_source(fixture_frozen_random, &frozen);
    uint8_t *ct = encrypt(x, ctx);

    struct hats_shake h;
    hats_shake256_init(&h);
    hats_shake_absorb(&h, "HATS-SALT", 9);
    hats_shake_absorb(&h, k_s, 32);
    hats_shake_absorb(&h, os32, 32);
    hats_shake_absorb(&h, ctx, 32);
    hats_shake_absorb(&h, digest, 32);
    hats_shake_squeeze(&h, salt, 32);
    assert_memory_equal(ct + 24, salt, 32);
    shake_of(seed, "\x0cHATS-SEED-v1", 13, ctx, 32, salt, 32, "\0\0\0\0\0\x10\0\0\x01\0\0\0", 12,
             "", 0);
    memcpy(prefix, "HATS-a", 6);
    memcpy(prefix + 6, seed, 32);
    memset(prefix + 38, 0, 2);
    hats_ring_uniform(a, N, prefix, 40);
    memcpy(prefix, "HATS-E", 6);
    memcpy(prefix + 6, k_s, 32);
    memcpy(prefix + 38, os32, 32);
    memcpy(prefix + 70, seed, 32);
    memcpy(prefix + 102, digest, 32);
    hats_ring_cbd21(e, N, prefix, 134);
    fixture_product_i8(product, a, s);
    for (size_t i = 0; i < N; i++) {
        uint64_t m = hats_fp_mul(params->delta, hats_fp_from_i64(i < D ? x[i] : 0));
        uint64_t c0 = hats_fp_sub(hats_fp_add(hats_fp_from_i64(e[i]), m), product[i]);
        assert_int_equal(hats_load_be64(ct + CT_HEAD + 8 * i), c0);
    }
    hats_random_set_source(NULL, NULL);
    free(ct);
}

static void a_frozen_generator_repeats_a_message_exactly_and_nothing_else(void **state) {
    (void)state;
    uint8_t frozen = 0, other_ctx[32];
    int32_t x[D] = {1, 2, 3};
    size_t len = hats_linear_ciphertext_bytes(SET, &model.shape);
    hats_random_set_source(fixture_frozen_random, &frozen);
    uint8_t *first = encrypt(x, ctx), *again = encrypt(x, ctx);
    assert_memory_equal(first, again, len);
    free(again);

    x[D - 1] = 1; /* another message: another salt, so another a and another e */
    again = encrypt(x, ctx);
    assert_memory_not_equal(first + 24, again + 24, 32);
    size_t same = 0;
    for (size_t i = 0; i < N; i++)
        same += memcmp(first + CT_HEAD + 8 * i, again + CT_HEAD + 8 * i, 8) == 0;
    assert_int_equal(same, 0);
    uint8_t seeds[2][32];
    hats_fhe_stream_seed(seeds[0], ctx, first + 24, 0, N);
    hats_fhe_stream_seed(seeds[1], ctx, again + 24, 0, N);
    assert_memory_not_equal(seeds[0], seeds[1], 32);
    free(again);

    x[D - 1] = 0; /* another context */
    memcpy(other_ctx, ctx, 32);
    other_ctx[31] ^= 1;
    again = encrypt(x, other_ctx);
    assert_memory_not_equal(first + 24, again + 24, 32);
    free(again);

    frozen = 1; /* other randomness */
    again = encrypt(x, ctx);
    assert_memory_not_equal(first + 24, again + 24, 32);
    free(again);
    hats_random_set_source(NULL, NULL);
    free(first);
}

static void the_ciphertexts_of_one_request_have_different_seeds(void **state) {
    (void)state;
    uint8_t seeds[2][32], salt[32] = {0};
    hats_fhe_stream_seed(seeds[0], ctx, salt, 0, N);
    hats_fhe_stream_seed(seeds[1], ctx, salt, 1, N);
    assert_memory_not_equal(seeds[0], seeds[1], 32);
}

static bool no_random(void *context, void *out, size_t len_bytes) {
    (void)context;
    (void)out;
    (void)len_bytes;
    return false;
}

static void without_randomness_nothing_is_encrypted(void **state) {
    (void)state;
    int32_t x[D] = {1};
    size_t len = hats_linear_ciphertext_bytes(SET, &model.shape);
    uint8_t *out = calloc(1, len), *zero = calloc(1, len);
    struct hats_error err = {0};
    hats_random_set_source(no_random, NULL);
    assert_int_equal(hats_linear_encrypt(out, len, key.sk, params, &model.shape, ctx, x, &err),
                     HATS_E_RANDOM);
    assert_int_equal(err.status, HATS_E_RANDOM);
    assert_memory_equal(out, zero, len);
    hats_random_set_source(NULL, NULL);
    free(out);
    free(zero);
}

/* One whole call, from key to answer, freeing what it made. */
static hats_status whole_call(void) {
    struct hats_fhe_secret *sk = NULL;
    struct hats_fhe_public *pk = NULL;
    struct hats_linear_model *m = NULL;
    static uint8_t pk_bytes[40000], ct[40000], answer[40000];
    const int32_t x[D] = {1, 2, 3};
    int64_t y[3];
    size_t pk_len = hats_fhe_public_key_bytes(SET);
    size_t ct_len = hats_linear_ciphertext_bytes(SET, &model.shape);
    size_t answer_len = hats_linear_answer_bytes(SET, &model.shape);
    hats_status status = hats_fhe_secret_new(&sk, SET, key.seed, NULL);
    if (status == HATS_OK)
        status = hats_fhe_public_key_of(pk_bytes, pk_len, sk, NULL);
    if (status == HATS_OK)
        status = hats_fhe_public_decode(&pk, pk_bytes, pk_len, NULL);
    if (status == HATS_OK)
        status = hats_linear_model_new(&m, SET, 0, &model.shape, &model.weights, NULL);
    if (status == HATS_OK)
        status = hats_linear_encrypt(ct, ct_len, sk, params, &model.shape, ctx, x, NULL);
    if (status == HATS_OK)
        status = hats_linear_evaluate(answer, answer_len, m, pk, ctx, ct, ct_len, key.seed, NULL);
    if (status == HATS_OK)
        status = hats_linear_decrypt(y, sk, params, &model.shape, answer, answer_len, NULL);
    for (uint32_t o = 0; status == HATS_OK && o < 3; o++)
        assert_int_equal(y[o], fixture_plain_answer(&model, x, o));
    hats_linear_model_free(m);
    hats_fhe_public_free(pk);
    hats_fhe_secret_free(sk);
    return status;
}

/* Leaks are found by the sanitizer build of the same test. */
static void whichever_allocation_fails_the_call_says_so(void **state) {
    (void)state;
    hats_alloc_fail_at(0);
    assert_int_equal(whole_call(), HATS_OK);
    uint64_t total = hats_alloc_count();
    assert_true(total >= 8);
    for (uint64_t n = 1; n <= total; n++) {
        hats_alloc_fail_at(n);
        assert_int_equal(whole_call(), HATS_E_MEMORY);
    }
    hats_alloc_fail_at(0);
    assert_int_equal(whole_call(), HATS_OK);
}

/* c0 + a s - e = Delta x and b0 + a0 s - e0 = 0, with what is opened. */
static void what_is_opened_is_what_it_was_made_with(void **state) {
    (void)state;
    static uint64_t a[N], product[N], words[N];
    static int8_t s[N], e0[N], e[N];
    struct hats_ciphertext_part part;
    const uint8_t *b0;
    uint32_t set_id;
    int32_t x[D];
    size_t len = hats_linear_ciphertext_bytes(SET, &model.shape);
    uint8_t *object = malloc(len);
    assert_non_null(object);
    for (int j = 0; j < D; j++)
        x[j] = (int32_t)fixture_between(-5, 5);
    assert_int_equal(
        hats_linear_encrypt_open(object, len, e, key.sk, params, &model.shape, ctx, x, NULL),
        HATS_OK);
    assert_int_equal(hats_fhe_secret_open(s, e0, key.sk, NULL), HATS_OK);
    assert_int_equal(hats_linear_ciphertext_parts(&part, SET, &model.shape, ctx, object, len, NULL),
                     HATS_OK);
    assert_ptr_equal(part.c0, object + CT_HEAD);
    hats_fhe_expand_a(a, N, part.seed);
    fixture_product_i8(product, a, s);
    assert_int_equal(hats_fhe_words(words, part.c0, N, NULL), HATS_OK);
    for (size_t i = 0; i < N; i++) {
        uint64_t plain = hats_fp_sub(hats_fp_add(words[i], product[i]), hats_fp_from_i64(e[i]));
        assert_int_equal(plain, i < D ? hats_fp_mul(params->delta, hats_fp_from_i64(x[i])) : 0);
    }
    uint8_t prefix[13] = "HATS-a0";
    hats_store_le32(prefix + 7, N);
    hats_ring_uniform(a, N, prefix, sizeof prefix);
    fixture_product_i8(product, a, s);
    assert_int_equal(hats_fhe_public_key_open(&b0, &set_id, key.pk_bytes, key.pk_len, NULL),
                     HATS_OK);
    assert_int_equal(hats_fhe_words(words, b0, N, NULL), HATS_OK);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(hats_fp_add(words[i], product[i]), hats_fp_from_i64(e0[i]));
    hats_alloc_fail_at(1);
    assert_int_equal(hats_fhe_secret_open(s, e0, key.sk, NULL), HATS_E_MEMORY);
    hats_alloc_fail_at(0);
    free(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_ciphertexts_follow_their_pinned_derivations),
        cmocka_unit_test(a_frozen_generator_repeats_a_message_exactly_and_nothing_else),
        cmocka_unit_test(the_ciphertexts_of_one_request_have_different_seeds),
        cmocka_unit_test(without_randomness_nothing_is_encrypted),
        cmocka_unit_test(whichever_allocation_fails_the_call_says_so),
        cmocka_unit_test(what_is_opened_is_what_it_was_made_with),
    };
    return cmocka_run_group_tests_name("hedged randomness", tests, make, clear);
}
