/* The linear tier: what a server does for one call, what a client does before and after it, and the
 * parts both are made of. Floors are counted, not guessed: transforms, Keccak permutations,
 * products and dot products of each figure, times their own cost as measured in the same run. */
#include "bench.h"

#include "base/arena.h"
#include "base/random.h"
#include "fhe/secret.h"
#include "field/field.h"
#include "hash/shake.h"
#include "ring/kernels.h"
#include "ring/sample.h"

#include <stdio.h>
#include <stdlib.h>

#define SET HATS_SET_L4096
#define N 4096

/* Permutations of eight lanes: a uniform element (512 words of 168-byte blocks), a binomial one
 * (171 groups of 16 bytes from 136-byte blocks), a ternary one (103 bytes and the rejected). */
#define PERMUTATIONS_UNIFORM 25
#define PERMUTATIONS_CBD 21
#define PERMUTATIONS_TERNARY 1

/* Median costs in microseconds. */
struct units {
    double ntt, permutation, product, dot, split, load, store;
};

struct parts {
    uint64_t *a, *b, *out;
    int8_t *small;
    int16_t *weights, *planes;
    uint8_t *bytes;
    struct hats_shake_x8 x8;
    const struct hats_ntt *ntt;
    const uint64_t *terms[2][8];
};

struct call {
    struct hats_linear_shape shape;
    struct hats_linear_model *model;
    struct hats_fhe_secret *sk;
    struct hats_fhe_public *pk;
    uint8_t ctx[32], flood_seed[32];
    uint8_t *ciphertext, *answer;
    size_t ciphertext_len, answer_len;
    int32_t *x;
    int64_t *y;
};

static void must(hats_status status) {
    if (status != HATS_OK) {
        fprintf(stderr, "linear: %s\n", hats_status_name(status));
        exit(5);
    }
}

static void *storage(size_t len_bytes) {
    void *p = hats_alloc(len_bytes);
    must(p != NULL ? HATS_OK : HATS_E_MEMORY);
    return p;
}

/* ---- the parts ---- */

static void ntt_forward(void *arg) {
    struct parts *p = arg;
    hats_ntt_forward(p->ntt, p->a);
}
static void permutation(void *arg) {
    struct parts *p = arg;
    hats_hash_kernels()->keccak_x8(p->x8.s);
}
static void products(void *arg) {
    struct parts *p = arg;
    hats_ring_kernels()->mul_sum(p->out, p->terms[0], p->terms[1], 8, N);
}
static void dot(void *arg) {
    struct parts *p = arg;
    p->out[0] = hats_ring_kernels()->dot(p->weights, p->planes, N, 0, N, 1);
}
static void load(void *arg) {
    struct parts *p = arg;
    bool canonical = hats_ring_kernels()->load_be(p->out, p->bytes, N);
    bench_use(&canonical);
}
static void store(void *arg) {
    struct parts *p = arg;
    hats_ring_kernels()->store_be(p->bytes, p->a, N);
}
static void split(void *arg) {
    struct parts *p = arg;
    hats_ring_kernels()->split(p->planes, p->a, N);
}
static void uniform(void *arg) {
    struct parts *p = arg;
    hats_ring_uniform(p->out, N, "bench", 5);
}
static void cbd(void *arg) {
    struct parts *p = arg;
    hats_ring_cbd21(p->small, N, "bench", 5);
}
static void ternary(void *arg) {
    struct parts *p = arg;
    hats_ring_ternary(p->small, N, "bench", 5);
}
static void flood(void *arg) {
    struct parts *p = arg;
    hats_ring_flood((int64_t *)(void *)p->out, 1, UINT64_C(1) << 39, "bench", 5);
}

static double part(struct bench *b, const char *name, uint64_t n_ops, void (*f)(void *),
                   struct parts *p, double floor) {
    return bench_run(
        b, &(struct bench_figure){.name = name, .unit = "us", .n_ops = n_ops, .floor = floor}, f,
        p);
}

static struct units measure_parts(struct bench *b) {
    struct parts p = {.ntt = hats_ntt_shared(12)};
    struct units u;
    p.a = storage(N * 8);
    p.b = storage(N * 8);
    p.out = storage(N * 8);
    p.small = storage(N);
    p.bytes = storage(N * 8);
    p.weights = storage(N * 2);
    p.planes = storage(4 * N * 2);
    hats_ring_uniform(p.a, N, "a", 1);
    hats_ring_uniform(p.b, N, "b", 1);
    for (int i = 0; i < N; i++)
        p.weights[i] = (int16_t)(i % 3 - 1);
    hats_ring_kernels()->split(p.planes, p.a, N);
    for (int t = 0; t < 8; t++) {
        p.terms[0][t] = p.a;
        p.terms[1][t] = p.b;
    }
    u.ntt = part(b, "linear.part.ntt", 0, ntt_forward, &p, 0);
    u.permutation = part(b, "linear.part.permutation", 0, permutation, &p, 0);
    u.product = part(b, "linear.part.product", 8, products, &p, 0);
    u.dot = part(b, "linear.part.dot", 0, dot, &p, 0);
    u.split = part(b, "linear.part.split", 0, split, &p, 0);
    u.load = part(b, "linear.part.load", 0, load, &p, 0);
    u.store = part(b, "linear.part.store", 0, store, &p, 0);
    part(b, "linear.part.uniform", 0, uniform, &p, PERMUTATIONS_UNIFORM * u.permutation);
    part(b, "linear.part.cbd21", 0, cbd, &p, PERMUTATIONS_CBD * u.permutation);
    part(b, "linear.part.ternary", 0, ternary, &p, PERMUTATIONS_TERNARY * u.permutation);
    part(b, "linear.part.flood", 0, flood, &p, u.permutation);
    hats_free(p.a);
    hats_free(p.b);
    hats_free(p.out);
    hats_free(p.small);
    hats_free(p.bytes);
    hats_free(p.weights);
    hats_free(p.planes);
    return u;
}

/* ---- whole calls ---- */

static void call_make(struct call *c, uint32_t d, uint32_t k) {
    uint8_t seed[HATS_FHE_SEED_LEN];
    uint8_t *pk = storage(hats_fhe_public_key_bytes(SET));
    int32_t *w = storage((size_t)d * k * sizeof *w);
    int64_t *bias = storage(k * sizeof *bias);
    for (size_t i = 0; i < (size_t)d * k; i++)
        w[i] = (int32_t)(i * 7919 % 31) - 15;
    struct hats_linear_weights weights = {.w = w, .bias = bias, .x_max = 15};
    must(hats_linear_shape_init(&c->shape, SET, d, k, hats_linear_best_block(SET, d, k), NULL));
    must(hats_linear_model_new(&c->model, SET, 20, &c->shape, &weights, NULL));
    must(hats_random(seed, sizeof seed));
    must(hats_random(c->flood_seed, sizeof c->flood_seed));
    must(hats_fhe_secret_new(&c->sk, SET, seed, NULL));
    must(hats_fhe_public_key_of(pk, hats_fhe_public_key_bytes(SET), c->sk, NULL));
    must(hats_fhe_public_decode(&c->pk, pk, hats_fhe_public_key_bytes(SET), NULL));
    c->ciphertext_len = hats_linear_ciphertext_bytes(SET, &c->shape);
    c->answer_len = hats_linear_answer_bytes(SET, &c->shape);
    c->ciphertext = storage(c->ciphertext_len);
    c->answer = storage(c->answer_len);
    c->x = storage(d * sizeof *c->x);
    c->y = storage(k * sizeof *c->y);
    hats_free(pk);
    hats_free(w);
    hats_free(bias);
}

static void call_clear(struct call *c) {
    hats_linear_model_free(c->model);
    hats_fhe_secret_free(c->sk);
    hats_fhe_public_free(c->pk);
    hats_free(c->ciphertext);
    hats_free(c->answer);
    hats_free(c->x);
    hats_free(c->y);
}

static void encrypt(void *arg) {
    struct call *c = arg;
    must(hats_linear_encrypt(c->ciphertext, c->ciphertext_len, c->sk,
                             hats_linear_model_params(c->model), &c->shape, c->ctx, c->x, NULL));
}

static void evaluate(void *arg) {
    struct call *c = arg;
    must(hats_linear_evaluate(c->answer, c->answer_len, c->model, c->pk, c->ctx, c->ciphertext,
                              c->ciphertext_len, c->flood_seed, NULL));
}

static void decrypt(void *arg) {
    struct call *c = arg;
    must(hats_linear_decrypt(c->y, c->sk, hats_linear_model_params(c->model), &c->shape, c->answer,
                             c->answer_len, NULL));
}

/* What one evaluation cannot do without, on the cheaper way to the kept coefficients. */
static double server_floor(const struct hats_linear_shape *s, const struct units *u) {
    double span = (double)s->outs_per_ct * s->block / N;
    double direct = s->n_in * u->split + s->k * (1 + s->n_in * span) * u->dot;
    double transforms = (s->n_in + s->n_out) * u->ntt + s->n_out * (s->n_in + 1) * u->product;
    double up = u->load + PERMUTATIONS_UNIFORM * u->permutation + u->ntt;
    double flood_permutations = (s->outs_per_ct + 7) / 8; /* 12 of 17 words at the least */
    double down =
        (PERMUTATIONS_TERNARY + PERMUTATIONS_CBD + 1 + flood_permutations) * u->permutation +
        2 * u->ntt + (s->n_in + 1) * u->product + u->store;
    return s->n_in * up + s->n_out * down + (direct < transforms ? direct : transforms);
}

static void server(struct bench *b, const struct units *u, const char *name, uint32_t d,
                   uint32_t k) {
    struct call c = {0};
    char params[160];
    struct hats_fhe_security bits = hats_fhe_security_of(SET);
    if (!bench_wanted(b, name))
        return;
    call_make(&c, d, k);
    encrypt(&c);
    snprintf(params, sizeof params,
             "{\"set\": \"%s\", \"d\": %u, \"k\": %u, \"log_t\": 20, \"block\": %u, \"up\": %u, "
             "\"down\": %u}",
             hats_fhe_set_name(SET), (unsigned)d, (unsigned)k, (unsigned)c.shape.block,
             (unsigned)c.shape.n_in, (unsigned)c.shape.n_out);
    bench_run(
        b,
        &(struct bench_figure){.name = name,
                               .unit = "ms",
                               .params = params,
                               .floor = server_floor(&c.shape, u) / 1000,
                               .security = {.classical = bits.classical, .quantum = bits.quantum}},
        evaluate, &c);
    call_clear(&c);
}

static void client(struct bench *b, const struct units *u) {
    struct call c = {0};
    struct hats_fhe_security bits = hats_fhe_security_of(SET);
    struct bench_figure figure = {
        .unit = "ms",
        .params = "{\"set\": \"L4096\", \"d\": 30, \"k\": 1, \"log_t\": 20}",
        .security = {.classical = bits.classical, .quantum = bits.quantum},
    };
    call_make(&c, 30, 1);
    encrypt(&c);
    evaluate(&c);
    figure.name = "linear.encrypt";
    figure.floor = ((PERMUTATIONS_UNIFORM + PERMUTATIONS_CBD) * u->permutation + 2 * u->ntt +
                    u->product + u->store) /
                   1000;
    bench_run(b, &figure, encrypt, &c);
    figure.name = "linear.decrypt";
    figure.floor = (u->load + u->split + u->dot) / 1000;
    bench_run(b, &figure, decrypt, &c);
    call_clear(&c);
}

int main(int argc, char **argv) {
    struct bench b;
    if (!bench_open(&b, argc, argv, "linear"))
        return 2;
    struct units u = measure_parts(&b);
    server(&b, &u, "linear.logreg30.server", 30, 1);
    server(&b, &u, "linear.match32x128.server", 128, 32);
    server(&b, &u, "linear.text1024x77.server", 1024, 77);
    server(&b, &u, "linear.text4096x77.server", 4096, 77);
    client(&b, &u);
    return bench_close(&b);
}
