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
#include "statements/rns_prove.h"

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

/* Milliseconds; a transform of N' points is taken for N' log N' / N log N of one of N. Each column: to coefficients (not for chunks, which come as such) and onto every coset of the
 * domain; weights and the quotient: onto as many cosets as the quotient needs, and back. */
static double floor_of(const struct hats_stark_setup *s, const struct units *u) {
    double rows = (double)(1u << s->log_n), ntt = u->ntt * rows / N * s->log_n / 12;
    double n_cosets = (double)(1u << (s->log_domain - s->log_n)), n = n_cosets * rows;
    double columns = s->width[0] + s->width[1];
    double few = (double)((s->quotient_len >> s->log_n) + 1);
    double public_columns = 3.0 * (s->table[0].air->n_weights + 1);
    double transforms =
        columns * (1 + n_cosets) + s->width[2] * n_cosets + public_columns * (1 + few) + 3 * few;
    double blocks = 0;
    for (unsigned t = 0; t < HATS_STARK_MAX_TREES; t++)
        if (s->width[t] > 0)
            blocks += n * (HATS_SHA256_PADDED(1 + 8 * s->width[t]) / 64.0 + 2);
    blocks += n / 8 * (4 + 2) * 8 / 7; /* leaves of eight elements of K, and the layers above */
    blocks += (double)(1u << s->grinding);
    return (transforms * ntt + blocks * u->block) / 1000;
}

/* ---- what is proven and checked ---- */

struct statement {
    const struct hats_stark_setup *stark;
    size_t scratch_len;
    hats_status (*prove)(void *of, struct hats_buffer *proof, const uint8_t *coins,
                         const struct hats_stark_options *options, struct hats_error *err);
    hats_status (*verify)(void *of, const struct hats_buffer *proof, struct hats_arena *scratch,
                          struct hats_error *err);
    void *of;
    struct hats_stark_workspace *workspace;
    struct hats_buffer proof;
    void *scratch;
};

static void prove(void *arg) {
    struct statement *s = arg;
    struct hats_error err = {0};
    uint8_t coins[HATS_STARK_COINS_LEN];
    const struct hats_stark_options options = {.workspace = s->workspace};
    must(hats_random(coins, sizeof coins), &err);
    s->proof.len = 0;
    must(s->prove(s->of, &s->proof, coins, &options, &err), &err);
}

static void verify(void *arg) {
    struct statement *s = arg;
    struct hats_error err = {0};
    struct hats_arena arena;
    hats_arena_init(&arena, s->scratch, s->scratch_len);
    must(s->verify(s->of, &s->proof, &arena, &err), &err);
}

/* prove, verify and bytes of one statement; bytes: the mean of 16 proofs, as paths share more or less. */
static void figures(struct bench *b, struct statement *of, const struct units *u,
                    const char *name) {
    const struct hats_stark_setup *s = of->stark;
    char full[80], params[160];
    double bytes = 0;
    struct bench_figure figure = {.name = full, .unit = "ms", .params = params};
    figure.security.proven = s->soundness.proven / 1000.0;
    (void)snprintf(params, sizeof params,
                   "{\"suite\": \"%s\", \"queries\": %u, \"columns\": [%u, %u, %u], \"rows\": %u}",
                   hats_stark_suite_name(s->suite), s->n_queries, s->width[0], s->width[1],
                   s->width[2], 1u << s->log_n);
    of->workspace = hats_stark_workspace_new(1);
    hats_buffer_init(&of->proof, s->proof_max_bytes);
    of->scratch = storage(of->scratch_len, 1);
    (void)snprintf(full, sizeof full, "%s.prove", name);
    figure.floor = floor_of(s, u);
    bench_run(b, &figure, prove, of);
    figure.floor = 0;
    (void)snprintf(full, sizeof full, "%s.verify", name);
    if (bench_wanted(b, full)) {
        prove(of);
        bench_run(b, &figure, verify, of);
    }
    (void)snprintf(full, sizeof full, "%s.bytes", name);
    for (int i = 0; bench_wanted(b, full) && i < 16; i++) {
        prove(of);
        bytes += (double)of->proof.len / 16;
    }
    figure.unit = "bytes";
    bench_value(b, &figure, bytes);
    hats_free(of->scratch);
    hats_buffer_clear(&of->proof);
    hats_stark_workspace_free(of->workspace);
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
};

static void random_noise(int8_t *out, size_t n, bool is_noise) {
    uint8_t seed[32];
    struct hats_error err = {.text = "no randomness"};
    must(hats_random(seed, sizeof seed), &err);
    if (is_noise)
        hats_ring_cbd21(out, n, seed, sizeof seed);
    else
        hats_ring_ternary(out, n, seed, sizeof seed);
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

static void expand(uint64_t *a, size_t n, const char *tag, const void *seed, size_t len) {
    uint8_t prefix[64] = {0};
    size_t tag_len = strlen(tag);
    memcpy(prefix, tag, tag_len);
    memcpy(prefix + tag_len, seed, len);
    hats_ring_uniform(a, n, prefix, tag_len + len + 2);
}

static void make_key(struct call *c) {
    uint64_t *a = storage(N, 8);
    uint8_t n_le[4] = {N & 0xff, N >> 8};
    c->s = storage(N, 1);
    c->e0 = storage(N, 1);
    c->b0 = storage(N, 8);
    random_noise(c->s, N, false);
    random_noise(c->e0, N, true);
    expand(a, N, "HATS-a0", n_le, sizeof n_le);
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
        random_noise(c->e + (size_t)k * N, N, true);
        expand(a, N, "HATS-a", c->ciphertexts[k].seed, 32);
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

static hats_status prove_call(void *of, struct hats_buffer *proof, const uint8_t *coins,
                              const struct hats_stark_options *options, struct hats_error *err) {
    struct call *c = of;
    return hats_encryption_prove(proof, &c->pub, &c->witness, coins, options, err);
}
static hats_status verify_call(void *of, const struct hats_buffer *proof,
                               struct hats_arena *scratch, struct hats_error *err) {
    struct call *c = of;
    return hats_encryption_verify(&c->pub, proof->data, proof->len, scratch, NULL, err);
}

static void call(struct bench *b, const struct units *u, const char *name, unsigned suite,
                 const struct hats_encryption_input *input, uint32_t n_records) {
    struct call c;
    make_call(&c, suite, input, n_records);
    struct statement s = {
        .stark = hats_encryption_setup_stark(c.setup),
        .scratch_len = hats_encryption_scratch_bytes(c.setup),
        .prove = prove_call,
        .verify = verify_call,
        .of = &c,
    };
    figures(b, &s, u, name);
    clear_call(&c);
}

/* ---- a key ---- */

struct key {
    struct call call; /* its key */
    struct hats_key_public pub;
};

static hats_status prove_key(void *of, struct hats_buffer *proof, const uint8_t *coins,
                             const struct hats_stark_options *options, struct hats_error *err) {
    struct key *k = of;
    return hats_key_prove(proof, &k->pub, k->call.s, k->call.e0, coins, options, err);
}
static hats_status verify_key(void *of, const struct hats_buffer *proof, struct hats_arena *scratch,
                              struct hats_error *err) {
    struct key *k = of;
    return hats_key_verify(&k->pub, proof->data, proof->len, scratch, NULL, err);
}

static void key(struct bench *b, const struct units *u) {
    struct key k = {0};
    struct hats_key_setup *setup;
    struct hats_error err = {0};
    must(hats_key_setup_new(&setup, HATS_STARK_S128, HATS_SET_L4096, &err), &err);
    make_key(&k.call);
    k.pub = (struct hats_key_public){.setup = setup, .b0 = k.call.b0};
    struct statement s = {
        .stark = hats_key_setup_stark(setup),
        .scratch_len = hats_key_scratch_bytes(setup),
        .prove = prove_key,
        .verify = verify_key,
        .of = &k,
    };
    figures(b, &s, u, "proof.key");
    hats_key_setup_free(setup);
    clear_call(&k.call);
}

/* ---- several moduli, on ciphertexts made here ---- */

#define RNS_LOG_N 13
#define RNS_N (1 << RNS_LOG_N)

struct rns {
    struct hats_rns_public pub;
    struct hats_rns_witness witness;
};

static hats_status prove_rns(void *of, struct hats_buffer *proof, const uint8_t *coins,
                             const struct hats_stark_options *options, struct hats_error *err) {
    struct rns *r = of;
    return hats_rns_prove(proof, &r->pub, &r->witness, coins, options, err);
}
static hats_status verify_rns(void *of, const struct hats_buffer *proof, struct hats_arena *scratch,
                              struct hats_error *err) {
    struct rns *r = of;
    return hats_rns_verify(&r->pub, proof->data, proof->len, scratch, NULL, err);
}

/* out = small - a s modulo q, over the integers modulo p first: |a s| < p/2. */
static void encrypt_limb(uint64_t *out, const uint64_t *a, const int8_t *s, const int64_t *small,
                         uint64_t q) {
    const struct hats_ntt *ntt = hats_ntt_shared(RNS_LOG_N);
    uint64_t *x = storage(RNS_N, 8), *y = storage(RNS_N, 8);
    hats_ring_kernels()->from_small(y, s, RNS_N);
    for (size_t j = 0; j < RNS_N; j++)
        x[j] = a[j] > q / 2 ? hats_fp_sub(a[j], q) : a[j];
    hats_ntt_forward(ntt, x);
    hats_ntt_forward(ntt, y);
    hats_field_kernels()->mul(x, x, y, RNS_N);
    hats_ntt_inverse(ntt, x);
    for (size_t j = 0; j < RNS_N; j++) {
        int64_t as = x[j] > HATS_P / 2 ? -(int64_t)(HATS_P - x[j]) : (int64_t)x[j];
        int64_t c = (small[j] - as % (int64_t)q) % (int64_t)q;
        out[j] = (uint64_t)(c < 0 ? c + (int64_t)q : c);
    }
    hats_free(y);
    hats_free(x);
}

/* CKKS: four limbs of 48 bits, plaintexts of 45. */
static void several_moduli(struct bench *b, const struct units *u) {
    static const struct hats_rns_shape shape = {
        .log_n = RNS_LOG_N,
        .n_limbs = 4,
        .q = {281474976317441, 281474975662081, 281474974482433, 281474966880257},
        .tau = 1,
        .plain_bits = 45,
        .n_ct = 1,
    };
    struct hats_rns_setup *setup;
    struct hats_error err = {0};
    int8_t *s = storage(RNS_N, 1), *e0 = storage(RNS_N, 1), *e = storage(RNS_N, 1);
    int64_t *m = storage(RNS_N, 8), *small = storage(RNS_N, 8);
    uint64_t *a = storage(4 * RNS_N, 8), *c = storage(4 * RNS_N, 8), *b0 = storage(RNS_N, 8);
    uint8_t n_le[4] = {RNS_N & 0xff, RNS_N >> 8};
    must(hats_rns_setup_new(&setup, HATS_STARK_S128, &shape, &err), &err);
    random_noise(s, RNS_N, false);
    random_noise(e0, RNS_N, true);
    random_noise(e, RNS_N, true);
    for (size_t j = 0; j < RNS_N; j++) {
        m[j] = (int64_t)(j * 0x9e3779b97f4a7c15 >> 19) - ((int64_t)1 << 44);
        small[j] = e[j] + m[j];
    }
    must(hats_random(a, 4 * RNS_N * sizeof *a), &err);
    for (unsigned i = 0; i < 4; i++) {
        for (size_t j = 0; j < RNS_N; j++)
            a[i * RNS_N + j] %= shape.q[i];
        encrypt_limb(c + i * RNS_N, a + i * RNS_N, s, small, shape.q[i]);
    }
    /* b0 = e0 - a0 s modulo p */
    uint64_t *product = storage(RNS_N, 8);
    expand(b0, RNS_N, "HATS-a0", n_le, sizeof n_le);
    hats_ring_kernels()->from_small(product, s, RNS_N);
    hats_ntt_forward(hats_ntt_shared(RNS_LOG_N), b0);
    hats_ntt_forward(hats_ntt_shared(RNS_LOG_N), product);
    hats_field_kernels()->mul(product, product, b0, RNS_N);
    hats_ntt_inverse(hats_ntt_shared(RNS_LOG_N), product);
    hats_ring_kernels()->from_small(b0, e0, RNS_N);
    hats_field_kernels()->sub(b0, b0, product, RNS_N);
    hats_free(product);
    struct rns r = {
        .pub = {.setup = setup, .b0 = b0, .a = a, .c = c},
        .witness = {.s = s, .e0 = e0, .e = e, .m = m},
    };
    struct statement statement = {
        .stark = hats_rns_setup_stark(setup),
        .scratch_len = hats_rns_scratch_bytes(setup),
        .prove = prove_rns,
        .verify = verify_rns,
        .of = &r,
    };
    figures(b, &statement, u, "proof.encryption.8192x4");
    hats_rns_setup_free(setup);
    hats_free(b0);
    hats_free(c);
    hats_free(a);
    hats_free(small);
    hats_free(m);
    hats_free(e);
    hats_free(e0);
    hats_free(s);
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
    call(&b, &u, "proof.encryption.linear", HATS_STARK_S128, &input, 1);
    call(&b, &u, "proof.encryption.linear.small", HATS_STARK_S128_SMALL, &input, 1);
    call(&b, &u, "proof.encryption.linear.udr", HATS_STARK_UDR128, &input, 1);
    call(&b, &u, "proof.encryption.linear.batch4", HATS_STARK_S128, &input, 4);
    call(&b, &u, "proof.encryption.linear.batch16", HATS_STARK_S128, &input, 16);
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
    call(&b, &u, "proof.encryption.text1024", HATS_STARK_S128, &input, 1);
    key(&b, &u);
    several_moduli(&b, &u);
    return bench_close(&b);
}
