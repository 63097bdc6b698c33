#include "fixture.h"

#include "base/random.h"
#include "field/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;
static uint64_t seed_in_use;

uint64_t fixture_seed(void) {
    if (seed_in_use == 0) {
        const char *wish = getenv("HATS_TEST_SEED");
        seed_in_use = wish != NULL ? strtoull(wish, NULL, 0) : hats_now_ms();
        state = seed_in_use;
        printf("# HATS_TEST_SEED=%llu\n", (unsigned long long)seed_in_use);
    }
    return seed_in_use;
}

uint64_t fixture_u64(void) {
    fixture_seed();
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t fixture_between(int64_t lo, int64_t hi) {
    return lo + (int64_t)(fixture_u64() % (uint64_t)(hi - lo + 1));
}

void fixture_bytes(void *out, size_t len_bytes) {
    for (size_t i = 0; i < len_bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)fixture_u64();
}

bool fixture_frozen_random(void *ctx, void *out, size_t len_bytes) {
    memset(out, *(const uint8_t *)ctx, len_bytes);
    return true;
}

void fixture_product(uint64_t out[N], const uint64_t c[N], const int32_t w[N]) {
    static _Alignas(64) uint64_t c_hat[N], w_hat[N];
    const struct hats_ntt *ntt = hats_ntt_shared(12);
    memcpy(c_hat, c, sizeof c_hat);
    for (size_t i = 0; i < N; i++)
        w_hat[i] = hats_fp_from_i64(w[i]);
    hats_ntt_forward(ntt, c_hat);
    hats_ntt_forward(ntt, w_hat);
    hats_field_kernels()->mul(c_hat, c_hat, w_hat, N);
    hats_ntt_inverse(ntt, c_hat);
    memcpy(out, c_hat, sizeof c_hat);
}

void fixture_product_i8(uint64_t out[N], const uint64_t c[N], const int8_t w[N]) {
    static int32_t wide[N];
    for (size_t i = 0; i < N; i++)
        wide[i] = w[i];
    fixture_product(out, c, wide);
}

void fixture_key_make(struct fixture_key *key, const uint8_t seed[HATS_FHE_SEED_LEN]) {
    memcpy(key->seed, seed, HATS_FHE_SEED_LEN);
    assert_int_equal(hats_fhe_secret_new(&key->sk, SET, seed, NULL), HATS_OK);
    key->pk_len = hats_fhe_public_key_bytes(SET);
    key->pk_bytes = malloc(key->pk_len);
    assert_non_null(key->pk_bytes);
    assert_int_equal(hats_fhe_public_key_of(key->pk_bytes, key->pk_len, key->sk, NULL), HATS_OK);
    assert_int_equal(hats_fhe_public_decode(&key->pk, key->pk_bytes, key->pk_len, NULL), HATS_OK);
}

void fixture_key_clear(struct fixture_key *key) {
    hats_fhe_secret_free(key->sk);
    hats_fhe_public_free(key->pk);
    free(key->pk_bytes);
}

void fixture_model_make(struct fixture_model *m, uint32_t d, uint32_t k, uint32_t block,
                        int32_t w_max, int64_t b_max, uint32_t x_max, unsigned log_t) {
    struct hats_error err = {0};
    memset(m, 0, sizeof *m);
    assert_int_equal(hats_linear_shape_init(&m->shape, SET, d, k, block, NULL), HATS_OK);
    m->w = malloc((size_t)k * d * sizeof *m->w);
    m->bias = malloc(k * sizeof *m->bias);
    assert_non_null(m->w);
    assert_non_null(m->bias);
    for (size_t i = 0; i < (size_t)k * d; i++)
        m->w[i] = (int32_t)fixture_between(-w_max, w_max);
    for (uint32_t o = 0; o < k; o++)
        m->bias[o] = fixture_between(-b_max, b_max);
    m->weights = (struct hats_linear_weights){.w = m->w, .bias = m->bias, .x_max = x_max};
    if (hats_linear_model_new(&m->model, SET, log_t, &m->shape, &m->weights, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

void fixture_model_clear(struct fixture_model *m) {
    hats_linear_model_free(m->model);
    free(m->w);
    free(m->bias);
}

int64_t fixture_plain_answer(const struct fixture_model *m, const int32_t *x, uint32_t o) {
    int64_t y = m->bias[o];
    for (uint32_t i = 0; i < m->shape.d; i++)
        y += (int64_t)m->w[(size_t)o * m->shape.d + i] * x[i];
    return y;
}

void fixture_call_make(struct fixture_call *c, const struct fixture_key *key,
                       const struct fixture_model *m, const int32_t *x) {
    const struct hats_fhe_params *params = hats_linear_model_params(m->model);
    fixture_bytes(c->ctx, sizeof c->ctx);
    fixture_bytes(c->flood_seed, sizeof c->flood_seed);
    c->ciphertext_len = hats_linear_ciphertext_bytes(SET, &m->shape);
    c->answer_len = hats_linear_answer_bytes(SET, &m->shape);
    c->ciphertext = malloc(c->ciphertext_len);
    c->answer = malloc(c->answer_len);
    c->y = malloc(m->shape.k * sizeof *c->y);
    assert_non_null(c->ciphertext);
    assert_non_null(c->answer);
    assert_non_null(c->y);
    assert_int_equal(hats_linear_encrypt(c->ciphertext, c->ciphertext_len, key->sk, params,
                                         &m->shape, c->ctx, x, NULL),
                     HATS_OK);
    assert_int_equal(hats_linear_evaluate(c->answer, c->answer_len, m->model, key->pk, c->ctx,
                                          c->ciphertext, c->ciphertext_len, c->flood_seed, NULL),
                     HATS_OK);
    assert_int_equal(
        hats_linear_decrypt(c->y, key->sk, params, &m->shape, c->answer, c->answer_len, NULL),
        HATS_OK);
}

void fixture_call_clear(struct fixture_call *c) {
    free(c->ciphertext);
    free(c->answer);
    free(c->y);
}
