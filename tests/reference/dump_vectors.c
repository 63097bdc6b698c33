/* One JSON object a line: the inputs of a call to a linear model, and every object that the library
 * makes of them. check_linear.py recomputes the objects from the inputs alone and compares.
 *
 * Inputs come from a counter (splitmix64), "fresh" randomness from a fixed pattern. */
#include "base/random.h"
#include "fhe/secret.h"
#include "hash/sha256.h"
#include "wire/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET HATS_SET_L4096

static uint64_t state;

static uint64_t next_u64(void) {
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t next_within(int64_t bound) {
    return (int64_t)(next_u64() % (uint64_t)(2 * bound + 1)) - bound;
}

static void next_32(uint8_t out[32]) {
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)next_u64();
}

/* What the library takes for fresh randomness. */
static bool fixed_randomness(void *ctx, void *out, size_t len_bytes) {
    for (size_t i = 0; i < len_bytes; i++)
        ((uint8_t *)out)[i] = ((const uint8_t *)ctx)[i % 32];
    return true;
}

static void must(hats_status s, const struct hats_error *err) {
    if (s == HATS_OK)
        return;
    fprintf(stderr, "dump_vectors: %s: %s\n", hats_status_name(s), err->text);
    exit(1);
}

static void *room(size_t len_bytes) {
    void *p = calloc(1, len_bytes);
    if (p == NULL)
        exit(1);
    return p;
}

static void print_hex(const char *name, const uint8_t *bytes, size_t len_bytes) {
    printf("\"%s\": \"", name);
    for (size_t i = 0; i < len_bytes; i++)
        printf("%02x", bytes[i]);
    printf("\", ");
}

static void print_int32s(const char *name, const int32_t *v, size_t n) {
    printf("\"%s\": [", name);
    for (size_t i = 0; i < n; i++)
        printf("%s%" PRId32, i == 0 ? "" : ",", v[i]);
    printf("], ");
}

static void print_int64s(const char *name, const int64_t *v, size_t n) {
    printf("\"%s\": [", name);
    for (size_t i = 0; i < n; i++)
        printf("%s%" PRId64, i == 0 ? "" : ",", v[i]);
    printf("], ");
}

struct vector_case {
    uint32_t d, k, block;
    unsigned log_t;
    int32_t x_max, w_max;
};

/* Everything a case starts from, printed before anything is made of it. */
struct inputs {
    struct hats_linear_shape shape;
    uint8_t seed[32], os32[32], flood_seed[32];
    struct hats_core core;
    struct hats_call_parameters parameters;
    int32_t *x, *w;
    int64_t *bias;
};

static void make_inputs(struct inputs *in, const struct vector_case *c) {
    struct hats_error err = {0};
    must(hats_linear_shape_init(&in->shape, SET, c->d, c->k, c->block, &err), &err);
    next_32(in->seed);
    next_32(in->os32);
    next_32(in->flood_seed);
    next_32(in->core.sid);
    next_32(in->core.model_commitment);
    next_32(in->parameters.bounds_digest);
    next_32(in->parameters.transform_digest);
    in->core.i = (uint32_t)next_u64() & HATS_CALL_INDEX_MAX;
    in->core.op = HATS_OP_INFER;
    in->core.unix_ms = next_u64() >> 22;
    in->core.purpose = (uint32_t)next_u64();
    in->parameters.set_id = SET;
    in->parameters.d = c->d;
    in->parameters.log_t = c->log_t;
    in->parameters.k = c->k;
    in->parameters.block = c->block;
    in->parameters.n_in = in->shape.n_in;
    in->parameters.purpose = in->core.purpose;
    in->x = room(c->d * sizeof *in->x);
    in->w = room((size_t)c->d * c->k * sizeof *in->w);
    in->bias = room(c->k * sizeof *in->bias);
    for (uint32_t j = 0; j < c->d; j++)
        in->x[j] = (int32_t)next_within(c->x_max);
    for (size_t j = 0; j < (size_t)c->d * c->k; j++)
        in->w[j] = (int32_t)next_within(c->w_max);
    for (uint32_t o = 0; o < c->k; o++)
        in->bias[o] = next_within((int64_t)1 << (c->log_t - 3));
}

static void print_inputs(const struct inputs *in, const struct vector_case *c) {
    printf("{\"set\": %u, \"log_t\": %u, \"d\": %" PRIu32 ", \"k\": %" PRIu32 ", \"B\": %" PRIu32
           ", ",
           SET, c->log_t, c->d, c->k, c->block);
    print_hex("seed", in->seed, 32);
    print_hex("os32", in->os32, 32);
    print_hex("flood_seed", in->flood_seed, 32);
    print_hex("sid", in->core.sid, 32);
    print_hex("model_commitment", in->core.model_commitment, 32);
    print_hex("box_digest", in->parameters.bounds_digest, 32);
    print_hex("plan_digest", in->parameters.transform_digest, 32);
    printf("\"i\": %" PRIu32 ", \"unix_ms\": %" PRIu64 ", \"purpose\": %" PRIu32 ", ", in->core.i,
           in->core.unix_ms, in->core.purpose);
    print_int32s("x", in->x, c->d);
    print_int32s("w", in->w, (size_t)c->d * c->k);
    print_int64s("bias", in->bias, c->k);
}

static struct hats_fhe_secret *make_key(struct hats_fhe_public **pk, struct inputs *in) {
    struct hats_error err = {0};
    struct hats_fhe_secret *sk = NULL;
    must(hats_fhe_secret_new(&sk, SET, in->seed, &err), &err);
    size_t len = hats_fhe_public_key_bytes(SET);
    uint8_t *bytes = room(len);
    must(hats_fhe_public_key_of(bytes, len, sk, &err), &err);
    must(hats_fhe_public_decode(pk, bytes, len, &err), &err);
    must(hats_fhe_kid(in->core.kid, bytes, len, &err), &err);
    print_hex("public_key", bytes, len);
    print_hex("kid", in->core.kid, 32);
    free(bytes);
    return sk;
}

static uint8_t *make_ciphertext(size_t *len, uint8_t ctx[32], struct inputs *in,
                                const struct hats_fhe_secret *sk, const struct vector_case *c) {
    struct hats_error err = {0};
    struct hats_fhe_params params;
    must(hats_fhe_params_init(&params, SET, c->log_t, &err), &err);
    hats_call_parameters_digest(in->core.parameters_digest, &in->parameters);
    hats_core_context(ctx, &in->core);
    *len = hats_linear_ciphertext_bytes(SET, &in->shape);
    uint8_t *bytes = room(*len);
    hats_random_set_source(fixed_randomness, in->os32);
    must(hats_linear_encrypt(bytes, *len, sk, &params, &in->shape, ctx, in->x, &err), &err);
    hats_random_set_source(NULL, NULL);
    hats_sha256(in->core.ciphertext_digest, bytes, *len);
    print_hex("parameters_digest", in->core.parameters_digest, 32);
    print_hex("ctx", ctx, 32);
    print_hex("ciphertext", bytes, *len);
    return bytes;
}

static void print_core(const struct hats_core *core) {
    uint8_t bytes[HATS_CORE_MAX_BYTES], r[32];
    size_t len = 0;
    hats_core_encode(bytes, &len, core);
    hats_core_request_digest(r, bytes, len);
    print_hex("core", bytes, len);
    print_hex("R", r, 32);
}

static void print_answer(const struct inputs *in, const struct hats_fhe_secret *sk,
                         const struct hats_fhe_public *pk, const uint8_t ctx[32],
                         const uint8_t *ciphertext, size_t ciphertext_len,
                         const struct vector_case *c) {
    struct hats_error err = {0};
    const struct hats_linear_weights weights = {
        .w = in->w, .bias = in->bias, .x_max = (uint32_t)c->x_max};
    struct hats_linear_model *model = NULL;
    must(hats_linear_model_new(&model, SET, c->log_t, &in->shape, &weights, &err), &err);
    size_t len = hats_linear_answer_bytes(SET, &in->shape);
    uint8_t *answer = room(len);
    must(hats_linear_evaluate(answer, len, model, pk, ctx, ciphertext, ciphertext_len,
                              in->flood_seed, &err),
         &err);
    int64_t *y = room(c->k * sizeof *y);
    must(hats_linear_decrypt(y, sk, hats_linear_model_params(model), &in->shape, answer, len, &err),
         &err);
    print_int64s("y", y, c->k);
    print_hex("answer", answer, len);
    printf("\"end\": true}\n");
    hats_linear_model_free(model);
    free(answer);
    free(y);
}

static void dump(const struct vector_case *c) {
    struct inputs in = {0};
    struct hats_fhe_public *pk = NULL;
    uint8_t ctx[32];
    size_t ciphertext_len = 0;
    make_inputs(&in, c);
    print_inputs(&in, c);
    struct hats_fhe_secret *sk = make_key(&pk, &in);
    uint8_t *ciphertext = make_ciphertext(&ciphertext_len, ctx, &in, sk, c);
    print_core(&in.core);
    print_answer(&in, sk, pk, ctx, ciphertext, ciphertext_len, c);
    free(ciphertext);
    hats_fhe_secret_free(sk);
    hats_fhe_public_free(pk);
    free(in.x);
    free(in.w);
    free(in.bias);
}

int main(void) {
    static const struct vector_case cases[] = {
        {.d = 30, .k = 1, .block = 30, .log_t = 24, .x_max = 511, .w_max = 511},
        {.d = 128, .k = 32, .block = 128, .log_t = 20, .x_max = 31, .w_max = 127},
        {.d = 300, .k = 20, .block = 128, .log_t = 16, .x_max = 7, .w_max = 9},
        {.d = 1024, .k = 77, .block = 256, .log_t = 26, .x_max = 127, .w_max = 255},
        {.d = 1, .k = 1, .block = 1, .log_t = 16, .x_max = 127, .w_max = 127},
        {.d = 5, .k = 3, .block = 4096, .log_t = 17, .x_max = 127, .w_max = 63},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        state = i;
        dump(&cases[i]);
    }
    return 0;
}
