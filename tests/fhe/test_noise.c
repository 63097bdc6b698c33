/* The noise of an answer: derived as pinned, bounded as claimed even for a client that cheats, and
 * the reason why a fresh encryption of zero is part of every answer. */
#include "fixture.h"

#include "base/bytes.h"
#include "fhe/internal.h"
#include "field/field.h"
#include "ring/sample.h"

#include <stdlib.h>

#define D 60
#define K 9
#define BLOCK 30 /* two ciphertexts up, one down */
#define CT_HEAD 56
#define ANSWER_HEAD 24

static struct fixture_key key;
static struct fixture_model model;
static int8_t s[N];
static uint64_t a0[N];

static int make(void **state) {
    uint8_t prefix[64] = "HATS-S-1";
    (void)state;
    fixture_bytes(key.seed, sizeof key.seed);
    fixture_key_make(&key, key.seed);
    fixture_model_make(&model, D, K, BLOCK, 50, 100, 31, 0);
    memcpy(prefix + 8, key.seed, 32);
    hats_store_le32(prefix + 40, SET);
    hats_ring_ternary(s, N, prefix, 44);
    hats_ring_uniform(a0, N, "HATS-a0\0\x10\0\0\0\0", 13);
    return 0;
}

static int clear(void **state) {
    (void)state;
    fixture_model_clear(&model);
    fixture_key_clear(&key);
    return 0;
}

static void add_product_i32(uint64_t *out, const uint64_t *c, const int32_t *w) {
    static uint64_t product[N];
    fixture_product(product, c, w);
    for (size_t i = 0; i < N; i++)
        out[i] = hats_fp_add(out[i], product[i]);
}

static void add_product_i8(uint64_t *out, const uint64_t *c, const int8_t *w) {
    static uint64_t product[N];
    fixture_product_i8(product, c, w);
    for (size_t i = 0; i < N; i++)
        out[i] = hats_fp_add(out[i], product[i]);
}

/* W_{0,k} by the formula of linear.h. */
static void weight_polynomial(int32_t *w, uint32_t k) {
    memset(w, 0, N * sizeof *w);
    for (uint32_t o = 0; o < K; o++)
        for (uint32_t i = 0; i < BLOCK; i++)
            w[o * BLOCK + (BLOCK - 1 - i)] = model.w[o * D + k * BLOCK + i];
}

static void stream_of_a(uint64_t *a, const struct fixture_call *call, uint32_t k) {
    uint8_t seed[32];
    hats_fhe_stream_seed(seed, call->ctx, call->ciphertext + 24, k, N);
    hats_fhe_expand_a(a, N, seed);
}

static size_t server_prefix(uint8_t *out, const char *tag, const struct fixture_call *call) {
    size_t len = strlen(tag);
    memcpy(out, tag, len);
    memcpy(out + len, call->flood_seed, 32);
    hats_store_le32(out + len + 32, 0);
    return len + 36;
}

struct fresh {
    int8_t u[N], e2[N], e1[K];
    int64_t flood[K];
};

static void fresh_of(struct fresh *f, const struct fixture_call *call) {
    uint8_t p[64];
    uint64_t g = hats_linear_model_budget(model.model)->flood / 12;
    hats_ring_ternary(f->u, N, p, server_prefix(p, "HATS-U", call));
    hats_ring_cbd21(f->e2, N, p, server_prefix(p, "HATS-E2", call));
    hats_ring_cbd21_few(f->e1, K, p, server_prefix(p, "HATS-E1", call));
    hats_ring_flood(f->flood, K, g, p, server_prefix(p, "HATS-FLD", call));
}

static void random_input(int32_t *x) {
    for (int i = 0; i < D; i++)
        x[i] = (int32_t)fixture_between(-31, 31);
}

/* Every formula of linear.h, written out again, gives the answer word for word. */
static void answers_follow_their_pinned_derivation(void **state) {
    (void)state;
    static uint64_t a[N], c0[N], b0[N], c1_sum[N], c0_sum[N];
    static int32_t w[N];
    static struct fresh f;
    struct fixture_call call;
    uint64_t delta = hats_linear_model_params(model.model)->delta;
    int32_t x[D];
    random_input(x);
    fixture_call_make(&call, &key, &model, x);
    fresh_of(&f, &call);
    memset(c1_sum, 0, sizeof c1_sum);
    memset(c0_sum, 0, sizeof c0_sum);
    for (uint32_t k = 0; k < 2; k++) {
        stream_of_a(a, &call, k);
        weight_polynomial(w, k);
        for (size_t i = 0; i < N; i++)
            c0[i] = hats_load_be64(call.ciphertext + CT_HEAD + 8 * (k * N + i));
        add_product_i32(c1_sum, a, w);
        add_product_i32(c0_sum, c0, w);
    }
    for (size_t i = 0; i < N; i++)
        b0[i] = hats_load_be64(key.pk_bytes + 20 + 8 * i);
    add_product_i8(c1_sum, a0, f.u);
    add_product_i8(c0_sum, b0, f.u);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(hats_load_be64(call.answer + ANSWER_HEAD + 8 * i),
                         hats_fp_add(c1_sum[i], hats_fp_from_i64(f.e2[i])));
    for (uint32_t o = 0; o < K; o++) {
        uint64_t expected = hats_fp_add(
            c0_sum[(o + 1) * BLOCK - 1],
            hats_fp_add(hats_fp_mul(delta, hats_fp_from_i64(model.bias[o])),
                        hats_fp_add(hats_fp_from_i64(f.e1[o]), hats_fp_from_i64(f.flood[o]))));
        assert_int_equal(hats_load_be64(call.answer + ANSWER_HEAD + 8 * (N + o)), expected);
    }
    fixture_call_clear(&call);
}

/* c0 + c1 s - Delta y of output o, as a signed integer: noise and flood together. */
static int64_t total_noise(const struct fixture_call *call, uint32_t o, int64_t y) {
    static uint64_t c1[N], product[N];
    uint64_t delta = hats_linear_model_params(model.model)->delta;
    for (size_t i = 0; i < N; i++)
        c1[i] = hats_load_be64(call->answer + ANSWER_HEAD + 8 * i);
    fixture_product_i8(product, c1, s);
    uint64_t phase = hats_fp_add(hats_load_be64(call->answer + ANSWER_HEAD + 8 * (N + o)),
                                 product[(o + 1) * BLOCK - 1]);
    uint64_t v = hats_fp_sub(phase, hats_fp_mul(delta, hats_fp_from_i64(y)));
    return v > HATS_P / 2 ? -(int64_t)(HATS_P - v) : (int64_t)v;
}

static void noise_and_flood_stay_within_their_bounds(void **state) {
    (void)state;
    const struct hats_linear_budget *b = hats_linear_model_budget(model.model);
    static struct fresh f;
    int64_t noise_bound = (int64_t)b->noise, flood_bound = (int64_t)b->flood;
    for (int turn = 0; turn < 10; turn++) {
        struct fixture_call call;
        int32_t x[D];
        bool flooded = false;
        random_input(x);
        fixture_call_make(&call, &key, &model, x);
        fresh_of(&f, &call);
        for (uint32_t o = 0; o < K; o++) {
            int64_t noise = total_noise(&call, o, fixture_plain_answer(&model, x, o)) - f.flood[o];
            assert_true(noise >= -noise_bound && noise <= noise_bound);
            assert_true(f.flood[o] >= -flood_bound && f.flood[o] <= flood_bound);
            flooded |= f.flood[o] > flood_bound / 100 || f.flood[o] < -flood_bound / 100;
        }
        assert_true(flooded);
        fixture_call_clear(&call);
    }
}

/* A client may prove no more than |e|, |e0| <= 40. It takes all of it, with signs chosen against
 * the first output; answers must still be exact. */
static void the_worst_admissible_noise_of_a_client_does_not_change_the_answer(void **state) {
    (void)state;
    static uint64_t a[N], c0[N];
    static int32_t w[N];
    struct fixture_call call;
    struct hats_fhe_public *cheating = NULL;
    const struct hats_fhe_params *params = hats_linear_model_params(model.model);
    int32_t x[D];
    random_input(x);
    fixture_call_make(&call, &key, &model, x);
    for (uint32_t k = 0; k < 2; k++) {
        stream_of_a(a, &call, k);
        weight_polynomial(w, k);
        memset(c0, 0, sizeof c0);
        add_product_i8(c0, a, s);
        for (size_t i = 0; i < N; i++) {
            /* coefficient BLOCK - 1 of e W is sum_j w_j e_{BLOCK-1-j}, negated where it wraps */
            size_t j = (N + BLOCK - 1 - i) % N;
            int32_t e = (w[j] < 0) == (j <= BLOCK - 1) ? -40 : 40;
            int32_t m = i < BLOCK ? x[k * BLOCK + i] : 0;
            uint64_t v =
                hats_fp_add(hats_fp_mul(params->delta, hats_fp_from_i64(m)), hats_fp_from_i64(e));
            hats_store_be64(call.ciphertext + CT_HEAD + 8 * (k * N + i), hats_fp_sub(v, c0[i]));
        }
    }
    uint8_t *pk = malloc(key.pk_len);
    memcpy(pk, key.pk_bytes, key.pk_len);
    memset(c0, 0, sizeof c0);
    add_product_i8(c0, a0, s);
    for (size_t i = 0; i < N; i++)
        hats_store_be64(pk + 20 + 8 * i, hats_fp_sub(i % 2 == 0 ? 40 : HATS_P - 40, c0[i]));
    assert_int_equal(hats_fhe_public_decode(&cheating, pk, key.pk_len, NULL), HATS_OK);
    for (int turn = 0; turn < 20; turn++) {
        fixture_bytes(call.flood_seed, 32);
        assert_int_equal(hats_linear_evaluate(call.answer, call.answer_len, model.model, cheating,
                                              call.ctx, call.ciphertext, call.ciphertext_len,
                                              call.flood_seed, NULL),
                         HATS_OK);
        assert_int_equal(hats_linear_decrypt(call.y, key.sk, params, &model.shape, call.answer,
                                             call.answer_len, NULL),
                         HATS_OK);
        for (uint32_t o = 0; o < K; o++)
            assert_int_equal(call.y[o], fixture_plain_answer(&model, x, o));
    }
    hats_fhe_public_free(cheating);
    free(pk);
    fixture_call_clear(&call);
}

/* c1 / a, for a model of one input ciphertext: the weights themselves, if c1 were W a. */
static void quotient(uint64_t *out, const uint64_t *c1, const uint64_t *a) {
    static _Alignas(64) uint64_t a_hat[N];
    const struct hats_ntt *ntt = hats_ntt_shared(12);
    memcpy(a_hat, a, sizeof a_hat);
    memcpy(out, c1, sizeof a_hat);
    hats_ntt_forward(ntt, a_hat);
    hats_ntt_forward(ntt, out);
    for (size_t i = 0; i < N; i++)
        out[i] = hats_fp_mul(out[i], hats_fp_inv(a_hat[i]));
    hats_ntt_inverse(ntt, out);
}

static void without_the_fresh_encryption_of_zero_one_answer_shows_the_model(void **state) {
    (void)state;
    static _Alignas(64) uint64_t a[N], c1[N], masked[N], shown[N];
    static int8_t u[N], e2[N];
    struct fixture_model m;
    struct fixture_call call;
    int32_t x[20] = {1, 2, 3};
    uint8_t p[64];
    size_t equal = 0;
    fixture_model_make(&m, 20, 1, 20, 50, 100, 31, 0);
    fixture_call_make(&call, &key, &m, x);
    stream_of_a(a, &call, 0);
    for (size_t i = 0; i < N; i++)
        masked[i] = hats_load_be64(call.answer + ANSWER_HEAD + 8 * i);
    /* take the fresh encryption away again, knowing the server's seed */
    hats_ring_ternary(u, N, p, server_prefix(p, "HATS-U", &call));
    hats_ring_cbd21(e2, N, p, server_prefix(p, "HATS-E2", &call));
    memset(c1, 0, sizeof c1);
    add_product_i8(c1, a0, u);
    for (size_t i = 0; i < N; i++)
        c1[i] = hats_fp_sub(hats_fp_sub(masked[i], c1[i]), hats_fp_from_i64(e2[i]));
    quotient(shown, c1, a);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(shown[19 - i], hats_fp_from_i64(m.w[i]));
    quotient(shown, masked, a);
    for (size_t i = 0; i < 20; i++)
        equal += shown[19 - i] == hats_fp_from_i64(m.w[i]);
    assert_int_equal(equal, 0);
    fixture_call_clear(&call);
    fixture_model_clear(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_follow_their_pinned_derivation),
        cmocka_unit_test(noise_and_flood_stay_within_their_bounds),
        cmocka_unit_test(the_worst_admissible_noise_of_a_client_does_not_change_the_answer),
        cmocka_unit_test(without_the_fresh_encryption_of_zero_one_answer_shows_the_model),
    };
    return cmocka_run_group_tests_name("noise", tests, make, clear);
}
