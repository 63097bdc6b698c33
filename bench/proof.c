/* Proofs of encryption and of keys: time to make and to check one, and its bytes. The floor of a proof is
 * counted, not guessed: transforms and blocks of SHA-256 of its setup, times their own cost as measured in the
 * same run, plus the expected grinding. */
#include "bench.h"

#include "base/arena.h"
#include "base/random.h"
#include "fhe/params.h"
#include "field/lde.h"
#include "hash/sha256_many.h"
#include "ring/kernels.h"
#include "ring/sample.h"
#include "statements/encryption_prove.h"
#include "statements/key_prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 4096
#define MAX_CT 16
#define MAX_UNITS 1024

static void must(hats_status status, const struct hats_error *err) {
    if (status != HATS_OK) {
        fprintf(stderr, "proof: %s\n", err->text);
        exit(5);
    }
}

static void *storage(size_t n, size_t size) {
    struct hats_error err = {.text = "no memory"};
    void *p = hats_alloc_array(n, size);
    must(p != NULL ? HATS_OK : HATS_E_MEMORY, &err);
    return p;
}

/* ---- unit costs, microseconds ---- */

struct units {
    double ntt, block; /* N elements onto one coset; one block of SHA-256 among many */
};

struct unit_work {
    struct hats_lde_coset coset;
    uint64_t *a;
    uint8_t *messages, *digests;
};
#define N_MESSAGES 1024

static void one_ntt(void *arg) {
    struct unit_work *w = arg;
    hats_lde_evaluate(&w->coset, w->a, w->a, N);
}
static void many_blocks(void *arg) {
    struct unit_work *w = arg;
    hats_sha256_whole(w->digests, w->messages, 64, N_MESSAGES);
}

static struct units measure_units(struct bench *b) {
    struct unit_work w = {.a = storage(N, 8), .messages = storage(N_MESSAGES, 64)};
    struct units u;
    struct hats_error err = {0};
    w.digests = storage(N_MESSAGES, 32);
    must(hats_lde_coset_init(&w.coset, 12, HATS_P_GENERATOR, &err), &err);
    for (size_t i = 0; i < N_MESSAGES; i++)
        hats_sha256_pad(w.messages + 64 * i, 55);
    u.ntt =
        bench_run(b, &(struct bench_figure){.name = "proof.part.ntt", .unit = "us"}, one_ntt, &w);
    u.block = bench_run(
        b, &(struct bench_figure){.name = "proof.part.block", .unit = "us", .n_ops = N_MESSAGES},
        many_blocks, &w);
    hats_lde_coset_clear(&w.coset);
    hats_free(w.digests);
    hats_free(w.messages);
    hats_free(w.a);
    return u;
}

/* Milliseconds. Each column: to coefficients (not for chunks, which come as such) and onto every coset of the
 * domain; weights and the quotient: onto as many cosets as the quotient needs, and back. */
static double floor_of(const struct hats_stark_setup *s, const struct units *u) {
    double n_cosets = (double)(1u << (s->log_domain - s->log_n)), n = n_cosets * N;
    double columns = s->width[0] + s->width[1];
    double few = (double)((s->quotient_len + N - 1) / N);
    double public_columns = 3.0 * (s->table[0].air->n_weights + 1);
    double transforms =
        columns * (1 + n_cosets) + s->width[2] * n_cosets + public_columns * (1 + few) + 3 * few;
    double blocks = 0;
    for (unsigned t = 0; t < HATS_STARK_MAX_TREES; t++)
        if (s->width[t] > 0)
            blocks += n * (HATS_SHA256_PADDED(1 + 8 * s->width[t]) / 64.0 + 2);
    blocks += n / 8 * (4 + 2) * 8 / 7; /* leaves of eight elements of K, and the layers above */
    blocks += (double)(1u << s->grinding);
    return (transforms * u->ntt + blocks * u->block) / 1000;
}

/* ---- a call ---- */

struct call {
    struct hats_encryption_setup *setup;
    struct hats_encryption_public pub;
    struct hats_encryption_witness witness;
    struct hats_ciphertext_part ciphertexts[MAX_CT];
    uint64_t (*commitments)[HATS_STARK_RPO_DIGEST];
    int8_t *s, *e0, *e;
    uint8_t *b0, *c0;
    struct hats_key_setup *key_setup;
    struct hats_key_public key_pub;
    struct hats_stark_workspace *workspace;
    struct hats_buffer proof;
    void *scratch;
    size_t scratch_len;
};

static void random_noise(int8_t *out, bool is_noise) {
    uint8_t seed[32];
    struct hats_error err = {.text = "no randomness"};
    must(hats_random(seed, sizeof seed), &err);
    if (is_noise)
        hats_ring_cbd21(out, N, seed, sizeof seed);
    else
        hats_ring_ternary(out, N, seed, sizeof seed);
}

/* words = e - a s + delta x on the first d coefficients */
static void encrypt(uint8_t *words, uint64_t *a, const int8_t *s, const int8_t *e, const int32_t *x,
                    uint32_t d, uint64_t delta) {
    const struct hats_ntt *ntt = hats_ntt_shared(12);
    uint64_t *b = storage(N, 8);
    hats_ring_kernels()->from_small(b, s, N);
    hats_ntt_forward(ntt, a);
    hats_ntt_forward(ntt, b);
    hats_field_kernels()->mul(a, a, b, N);
    hats_ntt_inverse(ntt, a);
    hats_ring_kernels()->from_small(b, e, N);
    hats_field_kernels()->sub(b, b, a, N);
    for (uint32_t i = 0; i < d; i++)
        b[i] = hats_fp_add(b[i], hats_fp_mul(delta, hats_fp_from_i64(x[i])));
    hats_ring_kernels()->store_be(words, b, N);
    hats_free(b);
}

static void expand(uint64_t *a, const char *tag, const void *seed, size_t len) {
    uint8_t prefix[64] = {0};
    size_t tag_len = strlen(tag);
    memcpy(prefix, tag, tag_len);
    memcpy(prefix + tag_len, seed, len);
    hats_ring_uniform(a, N, prefix, tag_len + len + 2);
}

static void make_key(struct call *c) {
    uint64_t *a = storage(N, 8);
    uint8_t n_le[4] = {N & 0xff, N >> 8};
    c->s = storage(N, 1);
    c->e0 = storage(N, 1);
    c->b0 = storage(N, 8);
    random_noise(c->s, false);
    random_noise(c->e0, true);
    expand(a, "HATS-a0", n_le, sizeof n_le);
    encrypt(c->b0, a, c->s, c->e0, NULL, 0, 0);
    hats_free(a);
}

static void make_call(struct call *c, unsigned suite, const struct hats_encryption_input *input,
                      uint32_t n_records) {
    struct hats_error err = {0};
    memset(c, 0, sizeof *c);
    must(hats_encryption_setup_new(&c->setup, suite, input, n_records, &err), &err);
    make_key(c);
    uint32_t n_ct = hats_encryption_n_ciphertexts(c->setup), n_in = n_ct / n_records;
    int64_t *fields = storage((size_t)n_records * (input->n_fields + 1), sizeof *fields);
    int32_t *x = storage((size_t)n_records * input->d, sizeof *x);
    uint64_t(*salts)[HATS_ENCRYPTION_SALT] = storage(n_records, sizeof *salts);
    uint64_t *a = storage(N, 8);
    c->commitments = storage(n_records, sizeof *c->commitments);
    c->e = storage(n_ct, N);
    c->c0 = storage(n_ct, (size_t)N * 8);
    for (uint32_t r = 0; r < n_records; r++) {
        int64_t *f = fields + (size_t)r * input->n_fields;
        for (uint32_t i = 0; i < input->n_fields; i++)
            f[i] = (int64_t)(997 * (r + i)) % 9001 - 4000;
        if (input->source == HATS_SOURCE_FIELDS)
            must(hats_encryption_apply(x + (size_t)r * input->d, c->setup, f, &err), &err);
        if (input->source != HATS_SOURCE_NONE)
            hats_encryption_commit(c->commitments[r], c->setup, f, x + (size_t)r * input->d,
                                   salts[r]);
    }
    for (uint32_t k = 0; k < n_ct; k++) {
        uint32_t first = k % n_in * input->block;
        uint32_t d = input->d - first < input->block ? input->d - first : input->block;
        must(hats_random(c->ciphertexts[k].seed, 32), &err);
        random_noise(c->e + (size_t)k * N, true);
        expand(a, "HATS-a", c->ciphertexts[k].seed, 32);
        encrypt(c->c0 + (size_t)k * N * 8, a, c->s, c->e + (size_t)k * N,
                x + (size_t)(k / n_in) * input->d + first, d, (HATS_P - 1) >> input->log_t);
        c->ciphertexts[k].c0 = c->c0 + (size_t)k * N * 8;
    }
    hats_free(a);
    c->pub = (struct hats_encryption_public){
        .setup = c->setup,
        .b0 = c->b0,
        .ciphertexts = c->ciphertexts,
        .commitments = (const uint64_t(*)[HATS_STARK_RPO_DIGEST])c->commitments,
    };
    c->witness = (struct hats_encryption_witness){
        .s = c->s,
        .e0 = c->e0,
        .e = c->e,
        .x = x,
        .fields = fields,
        .salts = (const uint64_t(*)[HATS_ENCRYPTION_SALT])salts,
    };
}

static void clear_call(struct call *c) {
    hats_encryption_setup_free(c->setup);
    hats_key_setup_free(c->key_setup);
    hats_stark_workspace_free(c->workspace);
    hats_buffer_clear(&c->proof);
    hats_free(c->scratch);
    hats_free((void *)c->witness.x);
    hats_free((void *)c->witness.fields);
    hats_free((void *)c->witness.salts);
    hats_free(c->commitments);
    hats_free(c->s);
    hats_free(c->e0);
    hats_free(c->e);
    hats_free(c->b0);
    hats_free(c->c0);
}

/* ---- figures ---- */

static void prove(void *arg) {
    struct call *c = arg;
    struct hats_error err = {0};
    uint8_t coins[HATS_STARK_COINS_LEN];
    const struct hats_stark_options options = {.workspace = c->workspace};
    must(hats_random(coins, sizeof coins), &err);
    c->proof.len = 0;
    must(c->setup != NULL
             ? hats_encryption_prove(&c->proof, &c->pub, &c->witness, coins, &options, &err)
             : hats_key_prove(&c->proof, &c->key_pub, c->s, c->e0, coins, &options, &err),
         &err);
}

static void verify(void *arg) {
    struct call *c = arg;
    struct hats_error err = {0};
    struct hats_arena arena;
    hats_arena_init(&arena, c->scratch, c->scratch_len);
    must(c->setup != NULL
             ? hats_encryption_verify(&c->pub, c->proof.data, c->proof.len, &arena, NULL, &err)
             : hats_key_verify(&c->key_pub, c->proof.data, c->proof.len, &arena, NULL, &err),
         &err);
}

/* prove, verify and bytes of one statement; bytes: the mean of 16 proofs, as paths share more or less. */
static void figures(struct bench *b, struct call *c, const struct units *u, const char *name) {
    const struct hats_stark_setup *s = c->setup != NULL ? hats_encryption_setup_stark(c->setup)
                                                        : hats_key_setup_stark(c->key_setup);
    char full[80], params[160];
    double bytes = 0;
    struct bench_figure figure = {.name = full, .unit = "ms", .params = params};
    figure.security.proven = s->soundness.proven / 1000.0;
    (void)snprintf(params, sizeof params,
                   "{\"suite\": \"%s\", \"queries\": %u, \"columns\": [%u, %u, %u], \"rows\": %u}",
                   hats_stark_suite_name(s->suite), s->n_queries, s->width[0], s->width[1],
                   s->width[2], 1u << s->log_n);
    c->workspace = hats_stark_workspace_new(1);
    hats_buffer_init(&c->proof, s->proof_max_bytes);
    c->scratch_len = c->setup != NULL ? hats_encryption_scratch_bytes(c->setup)
                                      : hats_key_scratch_bytes(c->key_setup);
    c->scratch = storage(c->scratch_len, 1);
    (void)snprintf(full, sizeof full, "%s.prove", name);
    figure.floor = floor_of(s, u);
    bench_run(b, &figure, prove, c);
    figure.floor = 0;
    (void)snprintf(full, sizeof full, "%s.verify", name);
    if (bench_wanted(b, full)) {
        prove(c);
        bench_run(b, &figure, verify, c);
    }
    (void)snprintf(full, sizeof full, "%s.bytes", name);
    if (!bench_wanted(b, full))
        return;
    for (int i = 0; i < 16; i++) {
        prove(c);
        bytes += (double)c->proof.len / 16;
    }
    figure.unit = "bytes";
    bench_value(b, &figure, bytes);
}

static void statement(struct bench *b, const struct units *u, const char *name, unsigned suite,
                      const struct hats_encryption_input *input, uint32_t n_records) {
    struct call c;
    make_call(&c, suite, input, n_records);
    figures(b, &c, u, name);
    clear_call(&c);
}

static void key(struct bench *b, const struct units *u) {
    struct call c = {0};
    struct hats_error err = {0};
    must(hats_key_setup_new(&c.key_setup, HATS_STARK_S128, HATS_SET_L4096, &err), &err);
    make_key(&c);
    c.key_pub = (struct hats_key_public){.setup = c.key_setup, .b0 = c.b0};
    figures(b, &c, u, "proof.key");
    clear_call(&c);
}

int main(int argc, char **argv) {
    static struct hats_encryption_unit units[MAX_UNITS];
    struct bench b;
    if (!bench_open(&b, argc, argv, "proof"))
        return 2;
    struct units u = measure_units(&b);
    for (uint32_t k = 0; k < MAX_UNITS; k++)
        units[k] = (struct hats_encryption_unit){-511, 511, true, k, 40000001 + 2 * k, 1 << 27};
    /* A clinical record: 30 numbers, ten bits, clipped, from fields that a source committed to. */
    struct hats_encryption_input input = {
        .set_id = HATS_SET_L4096,
        .log_t = 24,
        .d = 30,
        .block = 30,
        .source = HATS_SOURCE_FIELDS,
        .n_fields = 30,
        .n_units = 30,
        .units = units,
    };
    statement(&b, &u, "proof.encryption.linear", HATS_STARK_S128, &input, 1);
    statement(&b, &u, "proof.encryption.linear.small", HATS_STARK_S128_SMALL, &input, 1);
    statement(&b, &u, "proof.encryption.linear.udr", HATS_STARK_UDR128, &input, 1);
    statement(&b, &u, "proof.encryption.linear.batch4", HATS_STARK_S128, &input, 4);
    statement(&b, &u, "proof.encryption.linear.batch16", HATS_STARK_S128, &input, 16);
    /* A text: 1,024 features in four ciphertexts, from a commitment to the features. */
    for (uint32_t k = 0; k < MAX_UNITS; k++)
        units[k] = (struct hats_encryption_unit){.lo = -15, .hi = 15};
    input = (struct hats_encryption_input){
        .set_id = HATS_SET_L4096,
        .log_t = 18,
        .d = 1024,
        .block = 256,
        .source = HATS_SOURCE_FEATURES,
        .n_units = 1024,
        .units = units,
    };
    statement(&b, &u, "proof.encryption.text1024", HATS_STARK_S128, &input, 1);
    key(&b, &u);
    return bench_close(&b);
}
